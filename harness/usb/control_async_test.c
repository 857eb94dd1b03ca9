// SPDX-License-Identifier: MIT
/* control_async_test.c -- control requests whose answer comes later, never, or at a bad moment. */
#include "usb/probe.h"

#define VENDOR_IN 0xc0
#define VENDOR_OUT 0x40

static void start(struct probe_bench *b)
{
	bench_start(b);
	b->probe->control_answer = USB_CONTROL_ASYNC;
}

static void data_stage_waits_for_the_answer(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
	p = bench_packet(&b, USB_IN, 0, 16);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_control_complete(&b.probe->usb, USB_OK, 10);
	assert_int_equal(b.completed, 1);
	assert_int_equal(p->status, USB_OK);
	assert_int_equal(p->actual, 10);
	assert_int_equal(p->data[9], 9);
	usb_packet_free(p);
	assert_int_equal(bench_token(&b, USB_OUT, 0, NULL, 0, NULL), USB_OK);
	bench_close(&b);
}

static void status_stage_waits_for_the_answer(void **state)
{
	uint8_t data[4] = {0};
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	start(&b);
	for (uint16_t length = 0; length <= 4; length += 4) {
		assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, length), USB_OK);
		if (length)
			assert_int_equal(bench_token(&b, USB_OUT, 0, data, 4, NULL), USB_OK);
		p = bench_packet(&b, USB_IN, 0, 0);
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
		usb_control_complete(&b.probe->usb, length ? USB_STALL : USB_OK, 0xffffffff);
		assert_int_equal(p->status, length ? USB_STALL : USB_OK);
		usb_packet_free(p);
	}
	assert_int_equal(b.completed, 2);
	bench_close(&b);
}

static void answer_may_come_before_anybody_waits(void **state)
{
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
	usb_control_complete(&b.probe->usb, USB_OK, 16);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 16, &actual), USB_OK);
	assert_int_equal(actual, 16);
	bench_close(&b);
}

static void answer_inside(struct probe *probe)
{
	usb_control_complete(&probe->usb, USB_OK, 5);
}

static void answer_may_come_inside_the_request(void **state)
{
	struct probe_bench b;
	uint32_t actual;
	uint8_t data[16];

	(void)state;
	start(&b);
	b.probe->inside = answer_inside;
	assert_int_equal(bench_control(&b, VENDOR_IN, 1, 0, 0, 16, data, &actual), USB_OK);
	assert_int_equal(actual, 5);
	assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 0, NULL, NULL), USB_OK);
	bench_close(&b);
}

static void answer_nobody_waits_for_is_ignored(void **state)
{
	uint8_t data[16];
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	usb_control_complete(&b.probe->usb, USB_OK, 100);
	b.probe->control_answer = 4;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 4), USB_OK);
	usb_control_complete(&b.probe->usb, USB_STALL, 0xffffffff);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 4, NULL), USB_OK);
	bench_close(&b);
}

static void cancelled_wait_can_be_taken_up_again(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
	p = bench_packet(&b, USB_IN, 0, 16);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_packet_cancel(p);
	assert_int_equal(b.log.cancelled, 0); /* the device never saw the packet */
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_packet_free(p);
	usb_control_complete(&b.probe->usb, USB_OK, 3);
	assert_int_equal(b.completed, 0);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 16, NULL), USB_OK);
	bench_close(&b);
}

static void second_packet_on_one_answer_gets_nak(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
	p = bench_packet(&b, USB_IN, 0, 16);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 16, NULL), USB_NAK);
	usb_control_complete(&b.probe->usb, USB_NAK, 0);
	assert_int_equal(p->status, USB_NAK);
	assert_int_equal(p->state, USB_PACKET_IDLE);
	usb_packet_free(p);
	bench_close(&b);
}

static void new_setup_abandons_the_old_request(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;
	uint8_t data[4];

	(void)state;
	start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
	p = bench_packet(&b, USB_IN, 0, 16);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	b.probe->control_answer = 4;
	assert_int_equal(bench_control(&b, VENDOR_IN, 2, 0, 0, 4, data, NULL), USB_OK);
	assert_int_equal(p->status, USB_STALL);
	assert_int_equal(b.completed, 1);
	assert_int_equal(b.log.control_cancelled, 1);
	usb_packet_free(p);
	bench_close(&b);
}

static void reset_and_unplug_abandon_the_request(void **state)
{
	for (int unplug = 0; unplug < 2; unplug++) {
		struct usb_packet *p;
		struct probe_bench b;

		(void)state;
		start(&b);
		assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_OK);
		p = bench_packet(&b, USB_IN, 0, 16);
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
		if (unplug)
			usb_unplug(&b.port);
		else
			usb_device_reset(&b.probe->usb);
		assert_int_equal(p->state, USB_PACKET_DONE);
		assert_int_not_equal(p->status, USB_OK);
		assert_int_equal(b.completed, 1);
		assert_int_equal(b.log.control_cancelled, 1);
		usb_packet_free(p);
		bench_close(&b);
	}
}

static void reset_inside(struct probe *probe)
{
	usb_device_reset(&probe->usb);
}

static void reset_inside_the_request_keeps_its_buffer(void **state)
{
	static const int answers[] = {16, USB_CONTROL_ASYNC, -USB_STALL};
	uint8_t data[16] = {0};
	struct probe_bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		bench_start(&b);
		b.probe->control_answer = answers[i];
		b.probe->inside = reset_inside;
		assert_int_equal(bench_control(&b, VENDOR_IN, 1, 0, 0, 16, data, NULL), USB_XACT);
		b.probe->inside = NULL;
		b.probe->control_answer = 0;
		assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 16, data, NULL), USB_OK);
		bench_close(&b);
		assert_int_equal(b.log.control_cancelled, answers[i] == USB_CONTROL_ASYNC);
	}
}

static struct probe_bench *outer_bench;

static void setup_inside(struct probe *probe)
{
	probe->inside = NULL;
	assert_int_equal(bench_setup(outer_bench, VENDOR_IN, 9, 0, 0, 32), USB_OK);
}

static void setup_inside_a_request_replaces_it(void **state)
{
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	outer_bench = &b;
	b.probe->control_answer = 8;
	b.probe->inside = setup_inside;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 16), USB_XACT);
	assert_int_equal(b.probe->asked.request, 9);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 32, &actual), USB_OK);
	assert_int_equal(actual, 8);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_stage_waits_for_the_answer),
		cmocka_unit_test(status_stage_waits_for_the_answer),
		cmocka_unit_test(answer_may_come_before_anybody_waits),
		cmocka_unit_test(answer_may_come_inside_the_request),
		cmocka_unit_test(answer_nobody_waits_for_is_ignored),
		cmocka_unit_test(cancelled_wait_can_be_taken_up_again),
		cmocka_unit_test(second_packet_on_one_answer_gets_nak),
		cmocka_unit_test(new_setup_abandons_the_old_request),
		cmocka_unit_test(reset_and_unplug_abandon_the_request),
		cmocka_unit_test(reset_inside_the_request_keeps_its_buffer),
		cmocka_unit_test(setup_inside_a_request_replaces_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
