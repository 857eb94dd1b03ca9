// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

static void reports_position_buttons_and_wheel(void **state)
{
	struct bed bed;
	uint8_t report[8];
	uint32_t actual;

	(void)state;
	bed_plug(&bed, tablet_new(), USB_SPEED_FULL);
	bed_configure(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, report, 8, NULL), USB_NAK);
	assert_int_equal(tablet_move(bed.port.dev, 0x1234, 65535, 0xff, -128), 0);
	assert_int_equal(tablet_move(bed.port.dev, 1, 2, 1, 0), 0);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, report, 8, &actual), USB_OK);
	assert_int_equal(actual, 6);
	assert_int_equal(report[0], 0x1f);
	assert_int_equal(get_le16(report + 1), 0x1234);
	assert_int_equal(get_le16(report + 3), TABLET_MAX);
	assert_int_equal((int8_t)report[5], -127);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, report, 8, &actual), USB_OK);
	assert_int_equal(report[0], 1);
	assert_int_equal(report[5], 0); /* the wheel is relative */
	bed_end(&bed);
}

static void has_no_boot_protocol_and_no_leds(void **state)
{
	struct bed bed;
	uint8_t byte = 1;

	(void)state;
	bed_plug(&bed, tablet_new(), USB_SPEED_HIGH);
	bed_configure(&bed);
	assert_int_equal(bed_control(&bed, 0xa1, 3, 0, 0, 1, &byte), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 0x0b, 0, 0, 0, NULL), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0200, 0, 1, &byte), -USB_STALL);
	assert_int_equal(keyboard_leds(bed.port.dev), 0);
	bed_end(&bed);
}

static void report_descriptor_has_the_announced_length(void **state)
{
	struct bed bed;
	uint8_t hid[9], report[255];

	(void)state;
	bed_plug(&bed, tablet_new(), USB_SPEED_HIGH);
	bed_configure(&bed);
	assert_int_equal(bed_control(&bed, 0x81, 6, 0x2100, 0, 9, hid), 9);
	assert_int_equal(bed_control(&bed, 0x81, 6, 0x2200, 0, 255, report), get_le16(hid + 7));
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_position_buttons_and_wheel),
		cmocka_unit_test(has_no_boot_protocol_and_no_leds),
		cmocka_unit_test(report_descriptor_has_the_announced_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
