// SPDX-License-Identifier: MIT
/* desc_print_test.c -- what people read says what the bytes say. */
#include "heap.h"
#include "usb/probe.h"

static char *print(const uint8_t *set, size_t len)
{
	struct usb_desc *d = usb_desc_parse(set, len);
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	usb_desc_print(d, out);
	fclose(out);
	usb_desc_free(d);
	return text;
}

static void assert_prints(const uint8_t *set, size_t len, const char *const *want, size_t n)
{
	char *text = print(set, len);

	for (size_t i = 0; i < n; i++)
		if (!strstr(text, want[i]))
			fail_msg("\"%s\" is missing in:\n%s", want[i], text);
	heap_free(text);
}

static void fields_and_strings_are_named(void **state)
{
	static const char *const want[] = {
		"bcdUSB                   2.00\n",
		"idVendor               0x1234\n",
		"iProduct                    1 hi\n",
		"bEndpointAddress         0x81 EP 1 IN\n",
		"bmAttributes                3 Interrupt\n",
		"Synch Type             None\n",
		"wMaxPacketSize         0x0200 1x 512 bytes\n",
		"MaxPower                100mA\n",
		"255 Vendor Specific\n",
	};
	uint8_t set[sizeof(probe_set)];

	(void)state;
	memcpy(set, probe_set, sizeof(set));
	set[15] = 1;
	assert_prints(set, sizeof(set), want, ARRAY_SIZE(want));
}

static void class_descriptors_have_names_and_bytes(void **state)
{
	static const struct {
		uint8_t class, subclass, protocol;
		uint8_t bytes[4];
		const char *text;
	} want[] = {
		{3, 1, 1, {4, 0x21, 0x11, 1}, "HID descriptor (type 0x21): 04 21 11 01\n"},
		{2, 2, 1, {4, 0x24, 0x02, 2}, "CDC ACM descriptor"},
		{1, 1, 0, {4, 0x24, 0x01, 0}, "AudioControl Header descriptor"},
		{1, 2, 0, {4, 0x24, 0x02, 1}, "AudioStreaming Format Type descriptor"},
		{1, 3, 0, {4, 0x24, 0x02, 1}, "MIDIStreaming In Jack descriptor"},
		{14, 1, 0, {4, 0x24, 0x05, 1}, "VideoControl Processing Unit descriptor"},
		{14, 2, 0, {4, 0x24, 0x07, 1}, "VideoStreaming MJPEG Frame descriptor"},
		{8, 6, 0x62, {4, 0x24, 0x01, 0}, "UAS Pipe Usage descriptor"},
		{11, 0, 0, {4, 0x21, 0x10, 1}, "CCID descriptor"},
		{0xfe, 1, 0, {4, 0x21, 0x0b, 0}, "DFU Functional descriptor"},
		{0xff, 0, 0, {4, 0x24, 0x0b, 0}, "Unknown descriptor (type 0x24): 04 24 0b 00"},
		{1, 2, 0, {4, 0x25, 0x01, 0}, "Audio Endpoint descriptor"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		uint8_t set[] = {9,
				 2,
				 22,
				 0,
				 1,
				 1,
				 0,
				 0x80,
				 50,
				 9,
				 4,
				 0,
				 0,
				 0,
				 want[i].class,
				 want[i].subclass,
				 want[i].protocol,
				 0,
				 0,
				 0,
				 0,
				 0};
		const char *text = want[i].text;

		memcpy(set + 18, want[i].bytes, 4);
		assert_prints(set, sizeof(set), &text, 1);
	}
}

static void superspeed_and_bos_are_shown(void **state)
{
	static const uint8_t set[] = {
		9, 2, 41, 0, 1,    1, 0,    0x80, 50, 8, 11,   0,  1, 3, 0, 0, 0,    9,
		4, 0, 0,  1, 8,    6, 0x62, 0,    7,  5, 0x81, 2,  0, 4, 0, 6, 0x30, 15,
		5, 0, 0,  2, 0x77, 5, 15,   12,   0,  1, 7,    16, 2, 2, 0, 0, 0,
	};
	static const char *const want[] = {
		"Interface Association:",
		"bMaxBurst                  15",
		"MaxStreams                 32",
		"MaxPower                400mA",
		"USB 2.0 Extension Capability (2): 07 10 02 02",
		"Findings (",
		"no device descriptor",
		"USB2 9.6.1",
	};

	(void)state;
	assert_prints(set, sizeof(set), want, ARRAY_SIZE(want));
}

static void any_cut_and_any_byte_can_be_printed(void **state)
{
	uint8_t set[sizeof(probe_set)];

	(void)state;
	for (size_t len = 0; len <= sizeof(set); len++) {
		char *text = print(probe_set, len);

		assert_non_null(text);
		heap_free(text);
	}
	for (size_t i = 0; i < sizeof(set); i++) {
		char *text;

		memcpy(set, probe_set, sizeof(set));
		set[i] ^= 0xff;
		text = print(set, sizeof(set));
		assert_non_null(strstr(text, "escriptor"));
		heap_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_strings_are_named),
		cmocka_unit_test(class_descriptors_have_names_and_bytes),
		cmocka_unit_test(superspeed_and_bos_are_shown),
		cmocka_unit_test(any_cut_and_any_byte_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
