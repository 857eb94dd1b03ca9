// SPDX-License-Identifier: MIT
/* packet_test.c -- the life of a packet, in every order. */
#include "usb/probe.h"

static void in_packet_keeps_the_marker_where_nothing_was_written(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	p = bench_packet(&b, USB_IN, 2, 8);
	assert_int_equal(usb_packet_submit(p), USB_OK);
	assert_int_equal(p->state, USB_PACKET_DONE);
	assert_int_equal(p->actual, 4);
	assert_memory_equal(p->data, "pong\xa5\xa5\xa5\xa5", 8);
	assert_int_equal(b.completed, 0); /* synchronous: no callback */
	usb_packet_free(p);
	bench_close(&b);
}

static void acknowledged_out_packet_is_moved_whole(void **state)
{
	uint8_t data[100] = {1, 2, 3};
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_token(&b, USB_OUT, 2, data, 100, &actual), USB_OK);
	assert_int_equal(actual, 100);
	b.probe->answer = USB_XACT;
	assert_int_equal(bench_token(&b, USB_OUT, 2, data, 100, &actual), USB_XACT);
	assert_int_equal(actual, 0);
	bench_close(&b);
}

static void nak_leaves_the_packet_ready_for_another_try(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	p = bench_packet(&b, USB_IN, 2, 4);
	b.probe->answer = USB_NAK;
	assert_int_equal(usb_packet_submit(p), USB_NAK);
	assert_int_equal(p->state, USB_PACKET_IDLE);
	assert_int_equal(p->actual, 0);
	b.probe->answer = USB_OK;
	assert_int_equal(usb_packet_submit(p), USB_OK);
	assert_int_equal(p->actual, 4);
	usb_packet_free(p);
	bench_close(&b);
}

static void too_much_data_is_babble_and_as_much_as_fits_is_kept(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 2, 4);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_true(usb_packet_put(p, "abc", 3));
	assert_false(usb_packet_put(p, "def", 3));
	usb_packet_complete(p, USB_BABBLE);
	assert_int_equal(p->status, USB_BABBLE);
	assert_int_equal(p->actual, 4);
	assert_memory_equal(p->data, "abcd", 4);
	usb_packet_free(p);
	bench_close(&b);
}

static void count_beyond_the_buffer_is_cut(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 2, 4);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	p->actual = 0xffffffff; /* a device that claims what it likes */
	usb_packet_complete(p, USB_OK);
	assert_int_equal(p->status, USB_BABBLE);
	assert_int_equal(p->actual, 4);
	usb_packet_free(p);
	bench_close(&b);
}

static void status_that_does_not_exist_is_a_transaction_error(void **state)
{
	static const int bad[] = {USB_STATUSES, 99, -1, -2147483647 - 1};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct usb_packet *p = bench_packet(&b, USB_IN, 2, 4);

		b.probe->answer = (enum usb_status)bad[i];
		assert_int_equal(bench_token(&b, USB_IN, 2, NULL, 4, NULL), USB_XACT);
		b.probe->answer = USB_ASYNC;
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
		usb_packet_complete(p, (enum usb_status)bad[i]);
		assert_int_equal(p->status, USB_XACT);
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
		usb_packet_complete(p, USB_ASYNC);
		assert_int_equal(p->status, USB_XACT);
		usb_packet_free(p);
	}
	bench_close(&b);
}

static void completion_may_come_in_any_order(void **state)
{
	static const unsigned order[] = {2, 0, 4, 3, 1};
	struct usb_packet *p[5];
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	for (unsigned i = 0; i < 5; i++) {
		p[i] = bench_packet(&b, USB_OUT, 2, 16);
		assert_int_equal(usb_packet_submit(p[i]), USB_ASYNC);
	}
	for (unsigned i = 0; i < 5; i++) {
		usb_packet_complete(p[order[i]], USB_OK);
		assert_ptr_equal(b.last_completed, p[order[i]]);
		usb_packet_complete(p[order[i]], USB_STALL); /* twice: nothing */
		assert_int_equal(b.completed, i + 1);
		assert_int_equal(p[order[i]]->status, USB_OK);
	}
	assert_null(b.probe->usb.ep_out[2].first);
	assert_null(b.probe->usb.ep_out[2].last);
	for (unsigned i = 0; i < 5; i++)
		usb_packet_free(p[i]);
	bench_close(&b);
}

static void cancel_takes_back_any_of_the_queue(void **state)
{
	struct usb_packet *p[3];
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	for (unsigned i = 0; i < 3; i++) {
		p[i] = bench_packet(&b, USB_IN, 2, 16);
		assert_int_equal(usb_packet_submit(p[i]), USB_ASYNC);
	}
	usb_packet_put(p[1], "ab", 2);
	usb_packet_cancel(p[1]);
	assert_int_equal(p[1]->state, USB_PACKET_IDLE);
	assert_int_equal(p[1]->actual, 2);
	usb_packet_complete(p[1], USB_OK); /* too late */
	assert_int_equal(b.completed, 0);
	assert_int_equal(b.log.cancelled, 1);
	usb_packet_cancel(p[1]);
	assert_int_equal(b.log.cancelled, 1);
	usb_packet_free(p[2]); /* cancels */
	assert_int_equal(b.log.cancelled, 2);
	assert_ptr_equal(b.probe->usb.ep_in[2].last, p[0]);
	usb_packet_complete(p[0], USB_OK);
	assert_int_equal(usb_packet_submit(p[1]), USB_ASYNC);
	assert_int_equal(p[1]->actual, 0);
	assert_int_equal(p[1]->data[0], 0xa5);
	usb_packet_free(p[0]);
	usb_packet_free(p[1]);
	bench_close(&b);
}

static void pipelining_has_its_rules_and_caps(void **state)
{
	struct usb_packet *p[USB_PIPELINE_PACKETS + 1];
	struct usb_packet *large;
	struct usb_endpoint *ep;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	ep = &b.probe->usb.ep_in[2];
	assert_true(ep->pipeline);
	b.probe->answer = USB_ASYNC;
	large = bench_packet(&b, USB_IN, 2, USB_PIPELINE_BYTES);
	for (unsigned i = 0; i <= USB_PIPELINE_PACKETS; i++)
		p[i] = bench_packet(&b, USB_IN, 2, 16);
	p[1]->short_not_ok = true;
	assert_int_equal(usb_packet_submit(p[0]), USB_ASYNC);
	assert_int_equal(usb_packet_submit(large), USB_NAK); /* too many bytes */
	assert_int_equal(usb_packet_submit(p[1]), USB_ASYNC);
	assert_int_equal(usb_packet_submit(p[2]), USB_NAK); /* the transfer goes on */
	assert_int_equal(b.log.asked, 2);
	p[1]->short_not_ok = false;
	for (unsigned i = 2; i < USB_PIPELINE_PACKETS; i++)
		assert_int_equal(usb_packet_submit(p[i]), USB_ASYNC);
	assert_int_equal(usb_packet_submit(p[USB_PIPELINE_PACKETS]), USB_NAK);
	usb_packet_complete(p[0], USB_OK);
	assert_int_equal(usb_packet_submit(p[USB_PIPELINE_PACKETS]), USB_ASYNC);
	usb_packet_cancel(p[1]);
	ep->pipeline = false;
	assert_int_equal(usb_packet_submit(p[1]), USB_NAK); /* one at a time */
	for (unsigned i = 0; i <= USB_PIPELINE_PACKETS; i++)
		usb_packet_free(p[i]);
	assert_int_equal(ep->count, 0);
	assert_int_equal(ep->bytes, 0);
	assert_int_equal(usb_packet_submit(large), USB_ASYNC);
	usb_packet_free(large);
	bench_close(&b);
}

static void stall_halts_bulk_and_interrupt_until_it_is_cleared(void **state)
{
	static const uint8_t in[] = {1, 2};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		unsigned asked = b.log.asked;

		b.probe->answer = USB_STALL;
		assert_int_equal(bench_token(&b, USB_IN, in[i], NULL, 8, NULL), USB_STALL);
		b.probe->answer = USB_OK;
		assert_int_equal(bench_token(&b, USB_IN, in[i], NULL, 8, NULL), USB_STALL);
		assert_int_equal(b.log.asked, asked + 1);
		assert_int_equal(bench_control(&b, 2, 1, 0, 0x80 | in[i], 0, NULL, NULL), USB_OK);
		assert_int_equal(bench_token(&b, USB_IN, in[i], NULL, 8, NULL), USB_OK);
	}
	assert_int_equal(b.log.halt_cleared, 2);
	/* The other direction of the number is another endpoint. */
	assert_int_equal(bench_token(&b, USB_OUT, 2, NULL, 0, NULL), USB_OK);
	bench_close(&b);
}

static void isochronous_never_halts(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_control(&b, 1, 11, 1, 0, 0, NULL, NULL), USB_OK);
	b.probe->answer = USB_STALL;
	assert_int_equal(bench_token(&b, USB_IN, 3, NULL, 8, NULL), USB_STALL);
	b.probe->answer = USB_OK;
	assert_int_equal(bench_token(&b, USB_IN, 3, NULL, 8, NULL), USB_OK);
	bench_close(&b);
}

static void endpoint_that_does_not_exist_does_not_answer(void **state)
{
	static const unsigned numbers[] = {3, 15, 16, 128, 255};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (int pid = USB_OUT; pid <= USB_SETUP; pid++)
			assert_int_equal(bench_token(&b, (enum usb_pid)pid, numbers[i],
						     (uint8_t[8]){0}, 8, NULL),
					 USB_XACT);
	/* SETUP belongs to endpoint 0 alone. */
	assert_int_equal(bench_token(&b, USB_SETUP, 2, (uint8_t[8]){0}, 8, NULL), USB_XACT);
	assert_int_equal(b.log.asked, 0);
	bench_close(&b);
}

static void packet_on_no_endpoint_may_still_be_held_by_the_device(void **state)
{
	struct usb_packet *p, *q;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->intercepts = true;
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 9, 8);
	q = bench_packet(&b, USB_OUT, 0, 8);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_int_equal(usb_packet_submit(q), USB_ASYNC);
	usb_packet_complete(p, USB_STALL);
	assert_int_equal(p->status, USB_STALL);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_device_reset(&b.probe->usb);
	assert_int_equal(p->status, USB_XACT);
	assert_int_equal(q->status, USB_XACT);
	assert_int_equal(b.completed, 3);
	usb_packet_free(p);
	usb_packet_free(q);
	bench_close(&b);
}

struct packet_rows {
	unsigned submits, ends, with_data;
	struct trace_row last;
};

static void count_row(void *opaque, const struct trace_row *row)
{
	struct packet_rows *rows = opaque;

	if (row->kind != TRACE_PACKET)
		return;
	rows->submits += row->what == PACKET_SUBMIT;
	rows->ends += row->what != PACKET_SUBMIT;
	rows->with_data += row->data != NULL;
	rows->last = *row;
}

static void every_submit_has_one_end_in_the_trace(void **state)
{
	struct packet_rows rows = {0};
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.trace.sink = count_row;
	b.trace.sink_opaque = &rows;
	bench_token(&b, USB_IN, 2, NULL, 8, NULL);
	assert_int_equal(rows.submits, 1);
	assert_int_equal(rows.ends, 1);
	assert_int_equal(rows.with_data, 1);
	assert_int_equal(rows.last.dci, 0x82);
	assert_int_equal(rows.last.slot, 5);
	assert_int_equal(rows.last.port, 1);
	assert_int_equal(rows.last.len, 4);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_OUT, 2, 8);
	usb_packet_submit(p);
	assert_int_equal(rows.ends, 1);
	usb_packet_cancel(p);
	assert_int_equal(rows.last.what, PACKET_CANCEL);
	usb_packet_submit(p);
	usb_unplug(&b.port);
	assert_int_equal(rows.last.status, USB_NODEV);
	usb_packet_submit(p);
	assert_int_equal(rows.submits, 4);
	assert_int_equal(rows.ends, 4);
	usb_packet_free(p);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_packet_keeps_the_marker_where_nothing_was_written),
		cmocka_unit_test(acknowledged_out_packet_is_moved_whole),
		cmocka_unit_test(nak_leaves_the_packet_ready_for_another_try),
		cmocka_unit_test(too_much_data_is_babble_and_as_much_as_fits_is_kept),
		cmocka_unit_test(count_beyond_the_buffer_is_cut),
		cmocka_unit_test(status_that_does_not_exist_is_a_transaction_error),
		cmocka_unit_test(completion_may_come_in_any_order),
		cmocka_unit_test(cancel_takes_back_any_of_the_queue),
		cmocka_unit_test(pipelining_has_its_rules_and_caps),
		cmocka_unit_test(stall_halts_bulk_and_interrupt_until_it_is_cleared),
		cmocka_unit_test(isochronous_never_halts),
		cmocka_unit_test(endpoint_that_does_not_exist_does_not_answer),
		cmocka_unit_test(packet_on_no_endpoint_may_still_be_held_by_the_device),
		cmocka_unit_test(every_submit_has_one_end_in_the_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
