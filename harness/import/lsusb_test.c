// SPDX-License-Identifier: MIT
/*
 * Whole dumps: real ones, damaged ones, hostile ones. The hex beside a dump is what the device
 * answers.
 */
#include "import/lsusb_check.h"

static const char keyboard[] =
	"\nBus 003 Device 004: ID 046a:0001 Cherry GmbH Keyboard\nDevice Descriptor:\n"
	"  bLength                18\n  bDescriptorType         1\n  bcdUSB               1.10\n"
	"  bDeviceClass            0 (Defined at Interface level)\n  bDeviceSubClass         0 \n"
	"  bDeviceProtocol         0 \n  bMaxPacketSize0         8\n"
	"  idVendor           0x046a Cherry GmbH\n  idProduct          0x0001 Keyboard\n"
	"  bcdDevice            4.06\n  iManufacturer           0 \n  iProduct                0 \n"
	"  iSerial                 0 \n  bNumConfigurations      1\n  Configuration Descriptor:\n"
	"    bLength                 9\n    bDescriptorType         2\n    wTotalLength           34\n"
	"    bNumInterfaces          1\n    bConfigurationValue     1\n    iConfiguration          0 \n"
	"    bmAttributes         0xa0\n      (Bus Powered)\n      Remote Wakeup\n"
	"    MaxPower              100mA\n    Interface Descriptor:\n      bLength                 9\n"
	"      bDescriptorType         4\n      bInterfaceNumber        0\n"
	"      bAlternateSetting       0\n      bNumEndpoints           1\n"
	"      bInterfaceClass         3 Human Interface Device\n"
	"      bInterfaceSubClass      1 Boot Interface Subclass\n"
	"      bInterfaceProtocol      1 Keyboard\n      iInterface              0 \n"
	"        HID Device Descriptor:\n          bLength                 9\n"
	"          bDescriptorType        33\n          bcdHID               1.00\n"
	"          bCountryCode            0 Not supported\n          bNumDescriptors         1\n"
	"          bDescriptorType        34 Report\n          wDescriptorLength      64\n"
	"         Report Descriptors: \n           ** UNAVAILABLE **\n      Endpoint Descriptor:\n"
	"        bLength                 7\n        bDescriptorType         5\n"
	"        bEndpointAddress     0x81  EP 1 IN\n        bmAttributes            3\n"
	"          Transfer Type            Interrupt\n          Synch Type               None\n"
	"          Usage Type               Data\n        wMaxPacketSize     0x0008  1x 8 bytes\n"
	"        bInterval              10\nDevice Status:     0x0000\n  (Bus Powered)\n";

#define KEYBOARD_HEX                                                                               \
	"12011001000000086a04010006040000000109022200010100a032090400000103010100"                 \
	"0921000100012240000705810308000a"

static void a_keyboard_becomes_the_bytes_it_answers(void **state)
{
	(void)state;
	assert_complete(assert_set(keyboard, 0, KEYBOARD_HEX));
}

static void indents_and_quoting_do_not_matter(void **state)
{
	char quoted[2 * sizeof(keyboard)], flat[sizeof(keyboard)];
	size_t q = 0, f = 0;

	(void)state;
	for (const char *at = keyboard; *at; at++) {
		quoted[q++] = *at;
		if (*at == '\n') {
			quoted[q++] = '>';
			quoted[q++] = ' ';
		}
		if (*at != ' ' || (at > keyboard && at[-1] != ' ' && at[-1] != '\n'))
			flat[f++] = *at;
	}
	quoted[q] = '\0';
	flat[f] = '\0';
	assert_complete(assert_set(quoted, 0, KEYBOARD_HEX));
	assert_complete(assert_set(flat, 0, KEYBOARD_HEX));
}

static void text_without_a_device_is_refused(void **state)
{
	static const char *const texts[] = {"", "\n", "hello", "Bus 001 Device 002: ID 1234:5678\n",
					    "  HID Device Descriptor:\n bLength 9\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(import(texts[i], strlen(texts[i]), 0).ret, -EINVAL);
}

static void the_nth_device_of_a_dump_is_picked(void **state)
{
	static const char two[] =
		DEVICE("2.00") "Bus 001 Device 003: ID 0001:0002 other\n"
			       "  iProduct 7 not part of any device\n" DEVICE("1.10");
	struct result first = import(two, sizeof(two) - 1, 0);
	struct result second = import(two, sizeof(two) - 1, 1);

	(void)state;
	assert_int_equal(first.len, 18);
	assert_int_equal(get_le16(first.bytes + 2), 0x0200);
	assert_int_equal(second.len, 18);
	assert_int_equal(get_le16(second.bytes + 2), 0x0110);
	assert_int_equal(import(two, sizeof(two) - 1, 2).ret, -ENOENT);
	free(first.bytes);
	free(second.bytes);
}

// Removes each line in turn, as publishers of dumps do with lines they do not like.
static void a_blanked_line_does_not_shift_its_neighbours(void **state)
{
	const char *gap = strstr(keyboard, "  bDeviceSubClass");
	const char *after = strchr(gap, '\n') + 1;
	char text[sizeof(keyboard)];
	struct result r;

	(void)state;
	memcpy(text, keyboard, (size_t)(gap - keyboard));
	strcpy(text + (gap - keyboard), after);
	r = import(text, strlen(text), 0);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.len, 52);
	assert_int_equal(get_le16(r.bytes + 8), 0x046a);
	assert_int_equal(r.bytes[17], 1);
	assert_int_equal(r.note.padded, 1);
	assert_int_equal(r.note.last_line, 3); // where the device descriptor begins
	free(r.bytes);
}

static void a_missing_length_line_is_known_from_the_heading(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"25") "Interface Descriptor:\n"
		      "bInterfaceNumber 0\nbAlternateSetting 0\nbNumEndpoints 1\nbInterfaceClass 255\n"
		      "bInterfaceSubClass 0\nbInterfaceProtocol 0\niInterface 0\nEndpoint Descriptor:\n"
		      "bEndpointAddress 0x81\nbmAttributes 2\nwMaxPacketSize 0x0200\nbInterval 0\n";

	(void)state;
	assert_complete(
		assert_set(text, 18, "090219000101008032 0904000001ff000000 07058102000200"));
}

static void complaints_in_the_middle_of_a_line_are_taken_out(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"16") "Endpoint Descriptor:\nbLength 7\nbDescriptorType         can't get debug descriptor: "
		      "Resource temporarily unavailable\n5\nbEndpointAddress 0x81\nbmAtcan't get debug "
		      "descriptor: x\ncan't get device qualifier: y\ntributes 2\nwMaxPacketSize 0x0200\n"
		      "bInterval Couldn't open device, some information will be missing\n1\nbFoo zz\n";
	const struct import_note note = assert_set(text, 18, "090210000101008032 07058102000201");

	(void)state;
	assert_int_equal(note.skipped, 1);
	assert_int_equal(note.last_line, 37); // bFoo, counted with the lines taken out
}

static void the_length_is_the_truth(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"14") "Endpoint Descriptor:\nbLength 5\nbDescriptorType 5\nbEndpointAddress 0x81\n"
		      "bmAttributes 2\nwMaxPacketSize 0x0200\nbInterval 1\n"
		      "AudioControl Interface Descriptor:\nbLength 6\nbDescriptorType 36\n"
		      "bDescriptorSubtype 1\n";
	const struct import_note note =
		assert_set(text, 18, "090214000101008032 0505810200 062401000000");

	(void)state;
	assert_int_equal(note.cut, 2);
	assert_int_equal(note.padded, 3);
	assert_int_equal(note.totals_rewritten, 1);
}

static void raw_bytes_are_taken_as_they_are(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"26") "** UNRECOGNIZED:  05 24 00 10 01\n** UNRECOGNIZED:  00 01\n** UNRECOGNIZED: zz\n"
		      "AudioControl Interface Descriptor:\nbLength 8\nbDescriptorType 36\n"
		      "bDescriptorSubtype 77 (unknown)\nInvalid desc subtype: aa bb cc\n"
		      "junk at descriptor end: dd ee\nINTERFACE CLASS:  04 21 0a 0b\n";
	const struct import_note note =
		assert_set(text, 18, "09021a000101008032 0524001001 08244daabbccddee 04210a0b");

	(void)state;
	assert_int_equal(note.skipped, 2);
	assert_int_equal(note.totals_rewritten, 0);
}

// The importer must return, whatever the text; what it returns must be freed.
static void feed(const char *text, size_t len)
{
	for (unsigned device = 0; device < 3; device++) {
		struct result r = import(text, len, device);

		if (r.ret == 0) {
			assert_true(r.len > 0);
			free(r.bytes);
		} else {
			assert_true(r.ret == -EINVAL || r.ret == -ENOENT);
		}
	}
}

static void a_dump_cut_anywhere_is_survived(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(keyboard); len++)
		feed(keyboard, len);
}

static void hostile_lines_are_survived(void **state)
{
	static const char *const lines[] = {
		"bLength 99999999999999999999999999",
		"bLength 255",
		"bLength 0",
		"bLength 1",
		"bLength -1",
		"bLength 0x",
		"bDescriptorType 300",
		"bControlSize 255",
		"bmControls 0xffffffffffffffffffffffffffffffffffffffffffff",
		"bmControls( 0",
		"b",
		"dwFrameInterval(99999999999) 1",
		"bcdUSB 99999.99999",
		"bcdUSB .",
		"guidFormat {",
		"guidFormat {0-0-0-0}",
		"{00112233-4455-6677-8899-aabbccddeeff}",
		"iProduct 4294967295 x",
		"iProduct 255 \xff\xfe\xc3",
		"iSerial 255",
		"MaxPower 99999mA",
		"MaxStreams 18446744073709551615",
		"bMaxBurst 255",
		"Mult 9",
		" pipe (0x",
		"wX(]",
		"Data-in pipe (0xzz)",
		"Alternate Mode 4000000000 : x",
		"Alternate Mode 127 : successful",
		"Billboard Capability:",
		"** UNRECOGNIZED: ff 24",
		"junk at descriptor end: 01 02 03",
		"BOS",
		"Binary Object Store Descriptor:",
		"Hub Descriptor:",
		"CDC Union:",
		"bSlaveInterface 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
		"DeviceRemovable 0x00 0x00 0x00",
		"Configuration Descriptor:",
		"> > > >",
		"\xc2\xa0",
	};
	const size_t count = ARRAY_SIZE(lines);

	(void)state;
	for (size_t i = 0; i < count * count; i++) {
		char text[1024];
		int len =
			snprintf(text, sizeof(text), "%s%s%s\n%s\n%s", DEVICE("2.00"), CONFIG("9"),
				 lines[i / count], lines[i % count], lines[i / count]);

		assert_in_range(len, 1, sizeof(text) - 1);
		feed(text, (size_t)len);
	}
}

static void nul_bytes_and_long_lines_are_survived(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len);
	const size_t head = strlen(DEVICE("2.00") CONFIG("9"));

	(void)state;
	assert_non_null(text);
	memcpy(text, DEVICE("2.00") CONFIG("9"), head);
	memset(text + head, '\0', len - head);
	feed(text, len);
	memset(text + head, '0', len - head);
	memcpy(text + head, "bLength ", 8);
	feed(text, len);
	memset(text + head, ' ', len - head);
	memcpy(text + head, "iProduct 1", 10);
	text[len - 1] = 'x';
	feed(text, len);
	memset(text + head, 'a', len - head);
	memcpy(text + head, "** UNRECOGNIZED: ", 17);
	feed(text, len);
	free(text);
}

static void a_configuration_does_not_grow_past_its_total(void **state)
{
	static const char one[] = "bLength 255\nbDescriptorType 36\n";
	const size_t head = strlen(DEVICE("2.00") CONFIG("9")), count = 400;
	char *text = malloc(head + count * (sizeof(one) - 1));
	struct result r;

	(void)state;
	assert_non_null(text);
	memcpy(text, DEVICE("2.00") CONFIG("9"), head);
	for (size_t i = 0; i < count; i++)
		memcpy(text + head + i * (sizeof(one) - 1), one, sizeof(one) - 1);
	r = import(text, head + count * (sizeof(one) - 1), 0);
	assert_int_equal(r.ret, 0);
	assert_in_range(r.len, 65000, 18 + 65535);
	assert_int_equal(get_le16(r.bytes + 18 + 2), r.len - 18);
	assert_true(r.note.skipped > 0);
	free(r.bytes);
	free(text);
}

static void random_damage_is_survived(void **state)
{
	char text[sizeof(keyboard)];
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		memcpy(text, keyboard, sizeof(keyboard));
		for (unsigned i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % (sizeof(keyboard) - 1)] = (char)(seed >> 24);
		}
		feed(text, sizeof(keyboard) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keyboard_becomes_the_bytes_it_answers),
		cmocka_unit_test(indents_and_quoting_do_not_matter),
		cmocka_unit_test(text_without_a_device_is_refused),
		cmocka_unit_test(the_nth_device_of_a_dump_is_picked),
		cmocka_unit_test(a_blanked_line_does_not_shift_its_neighbours),
		cmocka_unit_test(a_missing_length_line_is_known_from_the_heading),
		cmocka_unit_test(complaints_in_the_middle_of_a_line_are_taken_out),
		cmocka_unit_test(the_length_is_the_truth),
		cmocka_unit_test(raw_bytes_are_taken_as_they_are),
		cmocka_unit_test(a_dump_cut_anywhere_is_survived),
		cmocka_unit_test(hostile_lines_are_survived),
		cmocka_unit_test(nul_bytes_and_long_lines_are_survived),
		cmocka_unit_test(a_configuration_does_not_grow_past_its_total),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
