// SPDX-License-Identifier: MIT
/* device_test.c -- reset, timer, wake-up, holding. */
#include "usb/probe.h"

static void setup_is_decoded_little_endian(void **state)
{
	const uint8_t raw[8] = {0x80, 6, 0x02, 0x01, 0x04, 0x03, 0x06, 0x05};
	struct usb_setup s;

	(void)state;
	usb_setup_decode(&s, raw);
	assert_int_equal(s.type, 0x80);
	assert_int_equal(s.request, 6);
	assert_int_equal(s.value, 0x0102);
	assert_int_equal(s.index, 0x0304);
	assert_int_equal(s.length, 0x0506);
}

static void reset_brings_back_the_default_state(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(b.log.reset, 1);
	assert_int_equal(b.probe->usb.state, USB_CONFIGURED);
	assert_int_equal(bench_control(&b, 0, 3, 1, 0, 0, NULL, NULL), USB_OK);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 1, 8);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_device_reset(&b.probe->usb);
	assert_int_equal(p->status, USB_XACT);
	assert_int_equal(b.completed, 1);
	assert_int_equal(b.log.cancelled, 1);
	assert_int_equal(b.log.reset, 2);
	assert_int_equal(b.probe->usb.state, USB_DEFAULT);
	assert_int_equal(b.probe->usb.address, 0);
	assert_int_equal(b.probe->usb.configuration, 0);
	assert_false(b.probe->usb.remote_wakeup);
	usb_packet_free(p);
	bench_close(&b);
}

static void a_device_goes_through_the_states_of_chapter_9(void **state)
{
	struct usb_device *dev;
	struct probe_bench b;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_HIGH);
	b.probe = probe_new(&b.log, probe_set, sizeof(probe_set));
	dev = &b.probe->usb;
	assert_int_equal(dev->state, USB_DETACHED);
	assert_int_equal(usb_plug(&b.port, dev), 0);
	assert_int_equal(dev->state, USB_ATTACHED);
	usb_device_suspend(dev, true); /* without power there is nothing to suspend */
	assert_false(dev->suspended);
	usb_device_power(dev, true);
	assert_int_equal(dev->state, USB_POWERED);
	assert_int_equal(bench_setup(&b, 0, 5, 9, 0, 0), USB_XACT);
	usb_device_reset(dev);
	assert_int_equal(dev->state, USB_DEFAULT);
	assert_int_equal(bench_control(&b, 0, 5, 9, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(dev->state, USB_ADDRESSED);
	assert_int_equal(bench_control(&b, 0, 9, 1, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(dev->state, USB_CONFIGURED);
	usb_device_suspend(dev, true);
	assert_int_equal(bench_control(&b, 0, 9, 0, 0, 0, NULL, NULL), USB_XACT);
	usb_device_suspend(dev, false); /* it comes back to where it was */
	assert_int_equal(dev->state, USB_CONFIGURED);
	assert_int_equal(bench_control(&b, 0, 9, 0, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(dev->state, USB_ADDRESSED);
	usb_device_suspend(dev, true);
	usb_device_reset(dev); /* also out of Suspended */
	assert_int_equal(dev->state, USB_DEFAULT);
	assert_false(dev->suspended);
	assert_int_equal(dev->address, 0);
	usb_device_power(dev, false);
	assert_int_equal(dev->state, USB_ATTACHED);
	usb_device_hold(dev);
	usb_unplug(&b.port);
	assert_int_equal(dev->state, USB_DETACHED);
	usb_device_release(dev);
	bench_close(&b);
}

static void wakeup_reaches_the_owner_of_the_port(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	usb_wakeup(&b.probe->usb.ep_in[1]);
	assert_int_equal(b.wakeups, 1);
	bench_close(&b);
}

static void remote_wakeup_needs_the_host_s_leave(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	usb_device_resume(&b.probe->usb);
	assert_int_equal(b.resumes, 0);
	assert_int_equal(bench_control(&b, 0, 3, 1, 0, 0, NULL, NULL), USB_OK);
	usb_device_resume(&b.probe->usb);
	assert_int_equal(b.resumes, 1);
	bench_close(&b);
}

static uint64_t armed_ns;

static void arm(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	(void)opaque;
	(void)dev;
	armed_ns = delay_ns;
}

static void unplug_disarms_the_timer(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.bus.arm_timer = arm;
	usb_device_arm(&b.probe->usb, 1000);
	assert_int_equal(armed_ns, 1000);
	usb_device_timer(&b.probe->usb);
	assert_int_equal(b.log.timer, 1);
	usb_unplug(&b.port);
	assert_true(armed_ns == UINT64_MAX);
	bench_close(&b);
}

static void device_that_is_held_outlives_its_unplug(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	usb_device_hold(&b.probe->usb);
	usb_unplug(&b.port);
	assert_int_equal(b.log.freed, 0);
	assert_null(b.port.dev);
	usb_wakeup(&b.probe->usb.ep_in[1]);
	usb_device_reset(&b.probe->usb);
	usb_device_timer(&b.probe->usb);
	usb_device_resume(&b.probe->usb);
	assert_int_equal(b.wakeups, 0);
	assert_int_equal(b.log.reset, 1);
	assert_int_equal(b.log.timer, 0);
	assert_int_equal(bench_token(&b, USB_IN, 1, NULL, 8, NULL), USB_NODEV);
	usb_device_release(&b.probe->usb);
	assert_int_equal(b.log.freed, 1);
	bench_close(&b);
}

static void device_without_any_descriptor_can_be_plugged(void **state)
{
	struct probe_bench b;
	uint8_t data[18];

	(void)state;
	bench_open(&b, 1 << USB_SPEED_FULL);
	bench_plug(&b, NULL, 0);
	b.probe->control_answer = -USB_STALL;
	assert_int_equal(bench_control(&b, 0x80, 6, 0x0100, 0, 18, data, NULL), USB_STALL);
	assert_int_equal(bench_control(&b, 0, 5, 1, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(bench_control(&b, 0, 9, 1, 0, 0, NULL, NULL), USB_STALL);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup_is_decoded_little_endian),
		cmocka_unit_test(reset_brings_back_the_default_state),
		cmocka_unit_test(a_device_goes_through_the_states_of_chapter_9),
		cmocka_unit_test(wakeup_reaches_the_owner_of_the_port),
		cmocka_unit_test(remote_wakeup_needs_the_host_s_leave),
		cmocka_unit_test(unplug_disarms_the_timer),
		cmocka_unit_test(device_that_is_held_outlives_its_unplug),
		cmocka_unit_test(device_without_any_descriptor_can_be_plugged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
