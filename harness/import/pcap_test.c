// SPDX-License-Identifier: MIT
/*
 * Tests of captures as a source: what our own capture of a device says is what the device is, and a record of
 * USBPcap says the same. Cut and damaged ones end, and no more.
 */
#include <pcap/pcap.h>

#include "dev/dev.h"
#include "import/testbed.h"

/* What the model serves at that speed. */
static const uint8_t *served(enum dev_model_index model, enum usb_speed speed, size_t *len)
{
	const struct dev_context none = {0};
	struct usb_device *dev = dev_models[model].create(&none);
	const uint8_t *bytes = dev->ops->describe(dev, speed, len);

	dev_free(dev);
	return bytes; // cppcheck-suppress returnDanglingLifetime ; it is the model's own table
}

static void a_captured_device_becomes_the_set_it_serves(void **state)
{
	struct import_bed *p = *state;
	const uint8_t *want;
	uint8_t *none;
	size_t len;

	import_bed_capture(
		p,
		"plug port=1 model=tablet speed=full\nplug port=2 model=keyboard speed=full\n"
		"enumerate port=1\nenumerate port=2\n"
		"control type=0x80 request=6 value=0x300 length=255\n"
		"control type=0x80 request=6 value=0x301 index=0x409 length=255\n"
		"control type=0x80 request=6 value=0x302 index=0x409 length=255\n");
	assert_int_equal(import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)), 0);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 1, &p->bytes, &p->len), 0);
	want = served(DEV_KEYBOARD, USB_SPEED_FULL, &len);
	assert_true(p->len > 18 + 34 + 4);
	assert_memory_equal(p->bytes, want, 18 + 34);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 2, &none, &len), -ENOENT);
	assert_null(none);
}

static void dump(pcap_dumper_t *out, const uint8_t *bytes, uint32_t len)
{
	struct pcap_pkthdr head = {.caplen = len, .len = len};

	pcap_dump((u_char *)out, &head, bytes);
}

/* A record of USBPcap for a control transfer of device 5 on bus 2. */
static void put_usbpcap(pcap_dumper_t *out, bool back, uint8_t endpoint, uint8_t stage,
			const void *data, uint32_t len)
{
	uint8_t b[128] = {28};

	b[2] = 77; /* the IRP */
	b[16] = back;
	put_le16(b + 17, 2);
	put_le16(b + 19, 5);
	b[21] = endpoint;
	b[22] = IMPORT_CONTROL;
	put_le32(b + 23, len);
	b[27] = stage;
	memcpy(b + 28, data, len);
	dump(out, b, 28 + len);
}

static void a_capture_of_usbpcap_is_understood(void **state)
{
	static const uint8_t device[18] = {18,   1, 0, 2, 0, 0, 0, 8, 9,
					   0x12, 3, 0, 0, 1, 1, 2, 3, 1};
	static const uint8_t serial[] = {6, 3, 'S', 0, 'N', 0};
	static const uint8_t ask_device[] = {0x80, 6, 0, 1, 0, 0, 18, 0};
	static const uint8_t ask_serial[] = {0x80, 6, 3, 3, 9, 4, 255, 0};
	struct import_bed *p = *state;
	pcap_t *link = pcap_open_dead(249, 65535);
	pcap_dumper_t *out = pcap_dump_open(link, p->path);

	assert_non_null(out);
	put_usbpcap(out, false, 0x80, 0, ask_device, 8);
	put_usbpcap(out, true, 0x80, 3, device, 18);
	put_usbpcap(out, false, 0, 0, ask_serial, 8);
	put_usbpcap(out, true, 0, 3, serial, 6);
	dump(out, device, 18); /* too short for its own head */
	pcap_dump_close(out);
	pcap_close(link);
	assert_int_equal(import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)), 0);
	assert_int_equal(import_traffic_device(&p->traffic, 0)->device, 5);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len), 0);
	assert_int_equal(p->len, 18 + 4 + 2 + 2 + 10);
	assert_memory_equal(p->bytes, device, 18);
	assert_memory_equal(p->bytes + 18,
			    "\4\3\x09\4\2\3\2\3\x0a\3"
			    "0\0"
			    "1\0",
			    14);
}

static void what_is_no_usb_traffic_is_refused(void **state)
{
	struct import_bed *p = *state;
	pcap_t *link = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *out = pcap_dump_open(link, p->path);

	pcap_dump_close(out);
	pcap_close(link);
	assert_int_equal(import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)), -EINVAL);
	assert_non_null(strstr(p->why, "EN10MB"));
	assert_int_equal(import_pcap("/dev/null", &p->traffic, p->why, sizeof(p->why)), -EINVAL);
	assert_int_equal(import_pcap("/no/such/file", &p->traffic, p->why, sizeof(p->why)),
			 -EINVAL);
	assert_non_null(strstr(p->why, "/no/such/file"));
}

/* Each length a file can be cut to, and each byte of its first records changed. */
static void damaged_captures_end(void **state)
{
	struct import_bed *p = *state;
	uint8_t all[2000];
	size_t len;
	FILE *f;

	import_bed_capture(p, "plug port=1 model=keyboard\nenumerate port=1\n");
	f = fopen(p->path, "re");
	len = fread(all, 1, sizeof(all), f);
	fclose(f);
	assert_true(len > 500);
	for (size_t cut = 0; cut < len; cut += 7) {
		f = fopen(p->path, "we");
		fwrite(all, 1, cut, f);
		fclose(f);
		if (!import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)))
			(void)import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len);
		free(p->bytes);
		p->bytes = NULL;
		import_traffic_free(&p->traffic);
	}
	for (size_t at = 24; at < 500; at++) {
		all[at] ^= 0x81;
		f = fopen(p->path, "we");
		fwrite(all, 1, len, f);
		fclose(f);
		all[at] ^= 0x81;
		if (!import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)))
			(void)import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len);
		free(p->bytes);
		p->bytes = NULL;
		import_traffic_free(&p->traffic);
	}
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, import_bed_new, import_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(a_captured_device_becomes_the_set_it_serves),
		place_test(a_capture_of_usbpcap_is_understood),
		place_test(what_is_no_usb_traffic_is_refused),
		place_test(damaged_captures_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
