// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

static void long_ways_take_several_reports(void **state)
{
	struct bed bed;
	uint8_t report[4];
	int x = 0, y = 0, wheel = 0;
	uint32_t actual;

	(void)state;
	bed_plug(&bed, mouse_new(), USB_SPEED_LOW);
	bed_configure(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, report, 4, NULL), USB_NAK);
	assert_int_equal(mouse_move(bed.port.dev, 300, -500, 0xff, -1), 0);
	assert_int_equal(bed.last_wakeup, 0x81);
	while (bed_packet(&bed, USB_IN, 1, report, 4, &actual) == USB_OK) {
		assert_int_equal(actual, 4);
		assert_int_equal(report[0], 0x1f);
		x += (int8_t)report[1];
		y += (int8_t)report[2];
		wheel += (int8_t)report[3];
	}
	assert_int_equal(x, 300);
	assert_int_equal(y, -500);
	assert_int_equal(wheel, -1);
	bed_end(&bed);
}

static void the_boot_protocol_has_no_wheel(void **state)
{
	struct bed bed;
	uint8_t report[4];
	uint32_t actual;

	(void)state;
	bed_plug(&bed, mouse_new(), USB_SPEED_FULL);
	bed_configure(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 0x0b, 0, 0, 0, NULL), 0);
	mouse_move(bed.port.dev, 1, 2, 1, 3);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, report, 4, &actual), USB_OK);
	assert_int_equal(actual, 3);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0100, 0, 4, report), 3);
	bed_end(&bed);
}

static void a_host_that_does_not_look_costs_nothing(void **state)
{
	struct usb_device *other = tablet_new();
	struct bed bed;
	uint8_t report[4];
	unsigned count = 0;

	(void)state;
	assert_int_equal(mouse_move(other, 1, 1, 0, 0), -ENODEV);
	dev_free(other);
	bed_plug(&bed, mouse_new(), USB_SPEED_HIGH);
	bed_configure(&bed);
	for (int i = 0; i < 1000; i++)
		mouse_move(bed.port.dev, INT16_MIN, INT16_MAX, 1, INT8_MIN);
	mouse_move(bed.port.dev, 0, 0, 0, 0);
	while (bed_packet(&bed, USB_IN, 1, report, 4, NULL) == USB_OK)
		count++;
	assert_true(count <= 16);
	assert_int_equal(report[0], 0); /* no button stays down */
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_ways_take_several_reports),
		cmocka_unit_test(the_boot_protocol_has_no_wheel),
		cmocka_unit_test(a_host_that_does_not_look_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
