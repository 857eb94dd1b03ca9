// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

static void the_source_gives_as_many_zeroes_as_are_asked_for(void **state)
{
	struct bed bed;
	uint8_t got[3000];
	uint32_t actual;

	(void)state;
	bed_plug(&bed, zero_new(), USB_SPEED_HIGH);
	bed_configure(&bed);
	memset(got, 1, sizeof(got));
	assert_int_equal(bed_packet(&bed, USB_IN, 1, got, sizeof(got), &actual), USB_OK);
	assert_int_equal(actual, sizeof(got));
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], 0);
	bed_end(&bed);
}

static void the_sink_stalls_at_anything_but_zeroes(void **state)
{
	struct bed bed;
	uint8_t bytes[3000] = {0};

	(void)state;
	bed_plug(&bed, zero_new(), USB_SPEED_SUPER);
	bed_configure(&bed);
	assert_int_equal(bed_packet(&bed, USB_OUT, 1, bytes, sizeof(bytes), NULL), USB_OK);
	bytes[sizeof(bytes) - 1] = 1;
	assert_int_equal(bed_packet(&bed, USB_OUT, 1, bytes, sizeof(bytes), NULL), USB_STALL);
	bed_end(&bed);
}

static void all_transfer_types_are_in_setting_1(void **state)
{
	struct bed bed;
	uint8_t bytes[192] = {0};

	(void)state;
	bed_plug(&bed, zero_new(), USB_SPEED_FULL);
	bed_configure(&bed);
	assert_null(usb_endpoint_get(bed.port.dev, USB_IN, 2));
	assert_int_equal(bed_control(&bed, 1, 11, 1, 0, 0, NULL), 0);
	assert_int_equal(usb_endpoint_get(bed.port.dev, USB_IN, 2)->type, USB_EP_INTERRUPT);
	assert_int_equal(usb_endpoint_get(bed.port.dev, USB_OUT, 3)->type, USB_EP_ISOCH);
	assert_int_equal(bed_packet(&bed, USB_OUT, 3, bytes, sizeof(bytes), NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, bytes, 64, NULL), USB_OK);
	bed_end(&bed);
}

static void what_one_request_writes_the_other_reads(void **state)
{
	struct bed bed;
	uint8_t out[100], in[200];

	(void)state;
	bed_plug(&bed, zero_new(), USB_SPEED_HIGH);
	bed_configure(&bed);
	assert_int_equal(bed_control(&bed, 0xc0, 0x5c, 0, 0, sizeof(in), in), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)i;
	assert_int_equal(bed_control(&bed, 0x40, 0x5b, 0, 0, sizeof(out), out), sizeof(out));
	assert_int_equal(bed_control(&bed, 0xc0, 0x5c, 0, 0, 10, in), 10);
	assert_int_equal(bed_control(&bed, 0xc0, 0x5c, 0, 0, sizeof(in), in), sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(bed_control(&bed, 0x40, 0x5b, 0, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0xc0, 0x5c, 0, 0, sizeof(in), in), 0);
	assert_int_equal(bed_control(&bed, 0xc0, 0x5c, 1, 0, sizeof(in), in), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x40, 0x5b, 0, 1, 0, NULL), -USB_STALL);
	bed_end(&bed);
}

static void each_speed_tells_of_the_other(void **state)
{
	struct bed bed;
	uint8_t config[200];

	(void)state;
	bed_plug(&bed, zero_new(), USB_SPEED_HIGH);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0700, 0, sizeof(config), config), 83);
	assert_int_equal(config[1], 7);
	assert_int_equal(get_le16(config + 18 + 4), 64);
	bed_end(&bed);
	bed_plug(&bed, zero_new(), USB_SPEED_FULL);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0700, 0, sizeof(config), config), 83);
	assert_int_equal(get_le16(config + 18 + 4), 512);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_source_gives_as_many_zeroes_as_are_asked_for),
		cmocka_unit_test(the_sink_stalls_at_anything_but_zeroes),
		cmocka_unit_test(all_transfer_types_are_in_setting_1),
		cmocka_unit_test(each_speed_tells_of_the_other),
		cmocka_unit_test(what_one_request_writes_the_other_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
