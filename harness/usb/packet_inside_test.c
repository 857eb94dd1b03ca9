// SPDX-License-Identifier: MIT
/* packet_inside_test.c -- what may happen to a packet while its submit is on the stack. */
#include "usb/probe.h"

static struct usb_packet *own;

static void complete_own(struct probe *probe)
{
	usb_packet_complete(probe->packet, USB_BABBLE);
}

static void cancel_own(struct probe *probe)
{
	(void)probe;
	usb_packet_cancel(own);
}

static void packet_may_be_completed_inside_its_submit(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->inside = complete_own;
	b.probe->answer = USB_ASYNC;
	own = bench_packet(&b, USB_IN, 2, 8);
	assert_int_equal(usb_packet_submit(own), USB_BABBLE);
	assert_int_equal(b.completed, 0);
	assert_int_equal(b.log.cancelled, 0);
	assert_null(b.probe->usb.ep_in[2].first);
	usb_packet_free(own);
	bench_close(&b);
}

static void packet_may_be_cancelled_inside_its_submit(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->inside = cancel_own;
	b.probe->answer = USB_ASYNC;
	own = bench_packet(&b, USB_IN, 2, 8);
	assert_int_not_equal(usb_packet_submit(own), USB_ASYNC);
	assert_int_equal(own->state, USB_PACKET_IDLE);
	assert_int_equal(b.log.cancelled, 1); /* the device had kept it */
	assert_null(b.probe->usb.ep_in[2].first);
	usb_packet_free(own);
	bench_close(&b);
}

static void reset_own(struct probe *probe)
{
	usb_device_reset(&probe->usb);
}

static void device_may_be_reset_inside_a_submit(void **state)
{
	struct probe_bench b;

	(void)state;
	for (int asynchronous = 0; asynchronous < 2; asynchronous++) {
		bench_start(&b);
		b.probe->inside = reset_own;
		b.probe->answer = asynchronous ? USB_ASYNC : USB_OK;
		assert_int_equal(bench_token(&b, USB_IN, 2, NULL, 8, NULL), USB_XACT);
		assert_int_equal(b.log.cancelled, asynchronous);
		assert_int_equal(b.probe->usb.state, USB_DEFAULT);
		bench_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_may_be_completed_inside_its_submit),
		cmocka_unit_test(packet_may_be_cancelled_inside_its_submit),
		cmocka_unit_test(device_may_be_reset_inside_a_submit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
