// SPDX-License-Identifier: MIT
#include "usb/probe.h"

static const uint8_t slow_set[] = {18, 1, 0, 2, 0, 0, 0, 8, 1, 0, 2, 0,    0, 0,
				   0,  0, 0, 1, 9, 2, 9, 0, 0, 1, 0, 0x80, 50};

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	*ret_len = speed == USB_SPEED_FULL ? sizeof(slow_set) : sizeof(probe_set);
	return speed == USB_SPEED_FULL ? slow_set : probe_set;
}

static void start(struct probe_bench *b, struct usb_device_ops *ops, enum usb_speed speed)
{
	bench_open(b, (uint8_t)(1 << speed));
	b->probe = probe_new(&b->log, probe_set, sizeof(probe_set));
	b->probe->usb.ops = ops;
	b->probe->control_answer = -USB_STALL;
	assert_int_equal(usb_plug(&b->port, &b->probe->usb), 0);
	usb_device_reset(&b->probe->usb);
}

static int get(struct probe_bench *b, uint16_t value, uint8_t *data)
{
	uint32_t n = 0;
	enum usb_status status = bench_control(b, 0x80, 6, value, 0, 255, data, &n);

	return status == USB_OK ? (int)n : -(int)status;
}

static void the_other_speed_s_configuration_is_known(void **state)
{
	struct usb_device_ops ops = probe_ops;
	struct probe_bench b;
	uint8_t data[255];

	(void)state;
	ops.describe = describe;
	start(&b, &ops, USB_SPEED_HIGH);
	assert_int_equal(get(&b, 0x0700, data), 9);
	assert_int_equal(data[1], 7);
	assert_int_equal(get(&b, 0x0701, data), -USB_STALL);
	bench_close(&b);
	start(&b, &ops, USB_SPEED_FULL);
	assert_int_equal(get(&b, 0x0700, data), 55);
	bench_close(&b);
	start(&b, &ops, USB_SPEED_SUPER);
	assert_int_equal(get(&b, 0x0700, data), -USB_STALL);
	bench_close(&b);
	ops.speed_mask = 1 << USB_SPEED_HIGH;
	start(&b, &ops, USB_SPEED_HIGH);
	assert_int_equal(get(&b, 0x0700, data), -USB_STALL);
	bench_close(&b);
}

static void os_descriptors_name_the_driver(void **state)
{
	struct usb_device_ops ops = probe_ops;
	struct probe_bench b;
	uint8_t data[255];
	uint32_t n;

	(void)state;
	ops.ms_compat = "MTP\0\0\0\0\0\0\0\0\0\0\0\0";
	start(&b, &ops, USB_SPEED_HIGH);
	assert_int_equal(get(&b, 0x03ee, data), 18);
	assert_int_equal(data[16], 'Q');
	assert_int_equal(bench_control(&b, 0xc0, 'Q', 0, 4, 255, data, &n), USB_OK);
	assert_int_equal(n, 40);
	assert_int_equal(get_le32(data), 40);
	assert_memory_equal(data + 18, "MTP", 4);
	assert_int_equal(get(&b, 0x0f00, data), 33);
	assert_int_equal(get_le16(data + 2), 33);
	assert_int_equal(bench_control(&b, 0xc0, 'Q', 0, 7, 255, data, &n), USB_OK);
	assert_int_equal(n, get_le16(data + 8));
	assert_memory_equal(data + 14, "MTP", 4);
	assert_int_equal(bench_control(&b, 0xc0, 'Q', 0, 5, 255, data, &n), USB_STALL);
	bench_close(&b);
}

static void who_names_no_driver_has_none_of_that(void **state)
{
	struct usb_device_ops ops = probe_ops;
	struct probe_bench b;
	uint8_t data[255];

	(void)state;
	start(&b, &ops, USB_SPEED_HIGH);
	assert_int_equal(get(&b, 0x03ee, data), -USB_STALL);
	assert_int_equal(get(&b, 0x0f00, data), -USB_STALL);
	assert_int_equal(bench_control(&b, 0xc0, 'Q', 0, 4, 255, data, NULL), USB_STALL);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_speed_s_configuration_is_known),
		cmocka_unit_test(os_descriptors_name_the_driver),
		cmocka_unit_test(who_names_no_driver_has_none_of_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
