// SPDX-License-Identifier: MIT
/* bus_test.c -- plugging, speeds, unplugging at bad moments. */
#include <errno.h>

#include "usb/probe.h"

static void fastest_common_speed_is_taken(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_FULL | 1 << USB_SPEED_LOW | 1 << USB_SPEED_HIGH);
	bench_plug(&b, probe_set, sizeof(probe_set));
	assert_int_equal(b.probe->usb.speed, USB_SPEED_HIGH);
	assert_int_equal(b.attached, 1);
	assert_int_equal(b.bus.live_devices, 1);
	bench_close(&b);
	assert_int_equal(b.detached, 1);
	assert_int_equal(b.log.freed, 1);
}

static void no_common_speed_leaves_the_device_with_the_caller(void **state)
{
	struct probe_bench b;
	struct probe *probe;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_LOW);
	probe = probe_new(&b.log, probe_set, sizeof(probe_set));
	assert_int_equal(usb_plug(&b.port, &probe->usb), -EINVAL);
	assert_int_equal(b.log.freed, 0);
	probe->usb.ops->free(&probe->usb);
	bench_close(&b);
}

static void taken_port_refuses_a_second_device(void **state)
{
	struct probe_bench b;
	struct probe *second;

	(void)state;
	bench_start(&b);
	second = probe_new(&b.log, probe_set, sizeof(probe_set));
	assert_int_equal(usb_plug(&b.port, &second->usb), -EBUSY);
	assert_ptr_equal(b.port.dev, &b.probe->usb);
	second->usb.ops->free(&second->usb);
	bench_close(&b);
	assert_int_equal(b.log.freed, 2);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	static const uint8_t slow[] = {18, 1, 0x10, 1, 0, 0, 0, 8, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0};

	(void)dev;
	*ret_len = sizeof(slow);
	return speed == USB_SPEED_FULL ? slow : NULL;
}

static void each_speed_may_have_its_own_descriptors(void **state)
{
	struct usb_device_ops ops = probe_ops;
	struct probe_bench b;

	(void)state;
	ops.describe = describe;
	for (int full = 0; full < 2; full++) {
		bench_open(&b, full ? 1 << USB_SPEED_FULL : 1 << USB_SPEED_HIGH);
		b.probe = probe_new(&b.log, probe_set, sizeof(probe_set));
		b.probe->usb.ops = &ops;
		assert_int_equal(usb_plug(&b.port, &b.probe->usb), 0);
		assert_int_equal(b.probe->usb.ep0.max_packet, full ? 8 : 64);
		assert_int_equal(b.probe->usb.desc->device->vendor, full ? 1 : 0x1234);
		bench_close(&b);
	}
}

static void unplug_completes_what_is_with_the_device(void **state)
{
	struct usb_packet *p, *idle;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 1, 8);
	idle = bench_packet(&b, USB_IN, 2, 8);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_unplug(&b.port);
	assert_int_equal(b.completed, 1);
	assert_int_equal(p->status, USB_NODEV);
	assert_int_equal(b.log.cancelled, 1);
	assert_int_equal(b.log.freed, 1);
	/* Packets may outlive the device. */
	assert_null(idle->dev);
	assert_int_equal(usb_packet_submit(idle), USB_NODEV);
	assert_int_equal(usb_packet_submit(p), USB_NODEV);
	assert_int_equal(b.bus.live_packets, 2);
	usb_packet_free(p);
	usb_packet_free(idle);
	bench_close(&b);
}

static void unplug_self(struct probe *probe)
{
	struct probe_log *log = probe->log;

	usb_unplug(probe->usb.port);
	assert_int_equal(log->freed, 0); /* we are still in its handler */
}

static void unplug_inside_a_handler_frees_after_it(void **state)
{
	static const enum usb_status answers[] = {USB_OK, USB_NAK, USB_STALL, USB_ASYNC, 99};
	struct probe_bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct usb_packet *p;

		bench_start(&b);
		b.probe->answer = answers[i];
		b.probe->inside = unplug_self;
		p = bench_packet(&b, USB_IN, 2, 8);
		assert_int_equal(usb_packet_submit(p), USB_NODEV);
		assert_int_equal(b.log.freed, 1);
		assert_int_equal(b.log.cancelled, answers[i] == USB_ASYNC);
		assert_int_equal(b.completed, 0);
		usb_packet_free(p);
		bench_close(&b);
	}
}

static void unplug_inside_a_request_frees_after_it(void **state)
{
	static const int answers[] = {0, 100, -USB_STALL, -USB_NAK, USB_CONTROL_ASYNC};
	struct probe_bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers) * 2; i++) {
		bool in = i & 1;
		uint8_t data[100] = {0};

		bench_start(&b);
		b.probe->control_answer = answers[i / 2];
		b.probe->inside = unplug_self;
		assert_int_equal(bench_control(&b, in ? 0xc0 : 0x40, 1, 0, 0, 100, data, NULL),
				 USB_NODEV);
		assert_int_equal(b.log.freed, 1);
		bench_close(&b);
	}
}

static void unplug_inside_the_timer_frees_after_it(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->inside = unplug_self;
	usb_device_timer(&b.probe->usb);
	assert_int_equal(b.log.timer, 1);
	assert_int_equal(b.log.freed, 1);
	bench_close(&b);
}

static struct usb_packet *to_free;

static void free_packet_and_unplug(struct usb_port *port)
{
	bench_detached(port);
	usb_packet_free(to_free);
}

static void owner_may_free_the_packet_that_is_being_handled(void **state)
{
	struct usb_port_ops ops = bench_port_ops;
	struct probe_bench b;

	(void)state;
	ops.detached = free_packet_and_unplug;
	for (enum usb_status answer = USB_OK; answer <= USB_STATUSES; answer++) {
		bench_start(&b);
		b.port.ops = &ops;
		b.probe->answer = answer;
		b.probe->inside = unplug_self;
		to_free = bench_packet(&b, USB_IN, 2, 8);
		assert_int_equal(usb_packet_submit(to_free), USB_NODEV);
		assert_int_equal(b.bus.live_packets, 0);
		bench_close(&b);
	}
}

static unsigned rearm_count;

static void submit_again(struct usb_packet *p)
{
	bench_complete(p);
	rearm_count++;
	assert_int_equal(usb_packet_submit(p), USB_NODEV);
	usb_unplug(p->bus->port[0]); /* a second unplug inside the first is no event */
	usb_packet_free(p);
}

static void callbacks_of_an_unplug_may_do_anything(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	rearm_count = 0;
	b.probe->answer = USB_ASYNC;
	for (unsigned i = 0; i < 20; i++) {
		struct usb_packet *p = bench_packet(&b, i & 1 ? USB_IN : USB_OUT, 2, i);

		p->complete = submit_again;
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	}
	usb_unplug(&b.port);
	assert_int_equal(rearm_count, 20);
	assert_int_equal(b.detached, 1);
	assert_int_equal(b.bus.live_packets, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fastest_common_speed_is_taken),
		cmocka_unit_test(no_common_speed_leaves_the_device_with_the_caller),
		cmocka_unit_test(taken_port_refuses_a_second_device),
		cmocka_unit_test(each_speed_may_have_its_own_descriptors),
		cmocka_unit_test(unplug_completes_what_is_with_the_device),
		cmocka_unit_test(unplug_inside_a_handler_frees_after_it),
		cmocka_unit_test(unplug_inside_a_request_frees_after_it),
		cmocka_unit_test(unplug_inside_the_timer_frees_after_it),
		cmocka_unit_test(owner_may_free_the_packet_that_is_being_handled),
		cmocka_unit_test(callbacks_of_an_unplug_may_do_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
