// SPDX-License-Identifier: MIT
/* control_test.c -- the control pipe with hosts and devices of every temper. */
#include "heap.h"
#include "usb/probe.h"

#define VENDOR_IN 0xc0
#define VENDOR_OUT 0x40

static void answer_is_cut_to_what_the_host_asked_for(void **state)
{
	uint8_t data[64];
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = 1 << 30; /* more than there is room for */
	assert_int_equal(bench_control(&b, VENDOR_IN, 1, 2, 3, 64, data, &actual), USB_OK);
	assert_int_equal(actual, 64);
	assert_int_equal(b.probe->asked.value, 2);
	assert_int_equal(b.probe->asked.index, 3);
	bench_close(&b);
}

static void data_stage_may_come_in_pieces_of_any_size(void **state)
{
	struct probe_bench b;
	uint8_t data[64];
	uint32_t actual;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = 20;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 64), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 8, &actual), USB_OK);
	assert_int_equal(actual, 8);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 64, &actual), USB_OK);
	assert_int_equal(actual, 12);
	assert_int_equal(data[0], 8);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 64, &actual), USB_OK);
	assert_int_equal(actual, 0);
	assert_int_equal(bench_token(&b, USB_OUT, 0, NULL, 0, NULL), USB_OK);
	/* ... and now there is no transfer any more. */
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 64, NULL), USB_STALL);
	bench_close(&b);
}

static void longest_request_moves_65535_bytes(void **state)
{
	uint8_t *data = heap_zero(65535);
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = 65535;
	assert_int_equal(bench_control(&b, VENDOR_IN, 1, 0, 0, 65535, data, &actual), USB_OK);
	assert_int_equal(actual, 65535);
	assert_int_equal(data[65534], 65534 & 0xff);
	assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 65535, data, &actual), USB_OK);
	bench_close(&b);
	heap_free(data);
}

static void data_beyond_wlength_stalls(void **state)
{
	uint8_t data[65] = {0};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 64), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 65, NULL), USB_STALL);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 8, NULL), USB_STALL);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 64), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 64, NULL), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 1, NULL), USB_STALL);
	bench_close(&b);
}

/* The shape of CVE-2020-14364: a large wLength must not outlive the request it came with. */
static void stale_length_is_never_used(void **state)
{
	uint8_t data[4096] = {0};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 65535), USB_OK);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 4096, NULL), USB_STALL);
	assert_null(b.probe->usb.control.buf);
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 65535), USB_OK);
	/* A damaged SETUP leaves nothing of the one before. */
	assert_int_equal(bench_token(&b, USB_SETUP, 0, data, 7, NULL), USB_XACT);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 4096, NULL), USB_STALL);
	bench_close(&b);
}

static void incomplete_out_data_is_not_given_to_the_device(void **state)
{
	uint8_t data[64] = {0};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 0x77, 0, 0, 64), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 63, NULL), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_STALL);
	assert_int_not_equal(b.probe->asked.request, 0x77);
	bench_close(&b);
}

static void tokens_out_of_order_stall(void **state)
{
	uint8_t data[8] = {0};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 8, NULL), USB_STALL);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 8, NULL), USB_STALL);
	/* OUT where a request without data wants its status */
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 0), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, NULL, 0, NULL), USB_STALL);
	/* data instead of the status of an IN request */
	b.probe->control_answer = 8;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 8, NULL), USB_STALL);
	bench_close(&b);
}

static void refusal_comes_in_the_stage_after_the_request(void **state)
{
	uint8_t data[8] = {0};
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = -USB_STALL;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, data, 8, NULL), USB_STALL);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_token(&b, USB_OUT, 0, data, 8, NULL), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_STALL);
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 0), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_STALL);
	/* Endpoint 0 does not stay halted (USB2 8.5.3.4). */
	b.probe->control_answer = 0;
	assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 0, NULL, NULL), USB_OK);
	bench_close(&b);
}

static void odd_results_of_a_device_become_statuses(void **state)
{
	static const struct {
		int result;
		enum usb_status status;
	} odd[] = {
		{-USB_BABBLE, USB_BABBLE}, {-USB_XACT, USB_XACT}, {-USB_NODEV, USB_NODEV},
		{-USB_ASYNC, USB_XACT},    {-77, USB_XACT},       {-2147483647 - 1, USB_XACT},
		{-1001, USB_XACT},         {2147483647, USB_OK},
	};
	uint8_t data[8];
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		b.probe->control_answer = odd[i].result;
		assert_int_equal(bench_control(&b, VENDOR_IN, 1, 0, 0, 8, data, NULL),
				 odd[i].status);
		assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 0, NULL, NULL),
				 odd[i].status);
	}
	bench_close(&b);
}

static void request_is_asked_again_after_a_nak(void **state)
{
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = -USB_NAK;
	assert_int_equal(bench_setup(&b, VENDOR_IN, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 8, NULL), USB_NAK);
	b.probe->control_answer = 3;
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 8, &actual), USB_OK);
	assert_int_equal(actual, 3);
	b.probe->control_answer = -USB_NAK;
	assert_int_equal(bench_setup(&b, VENDOR_OUT, 1, 0, 0, 0), USB_OK);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_NAK);
	b.probe->control_answer = 0;
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_OK);
	bench_close(&b);
}

static void address_changes_after_the_status_stage(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_HIGH);
	bench_plug(&b, probe_set, sizeof(probe_set));
	assert_int_equal(bench_setup(&b, 0, 5, 9, 0, 0), USB_OK);
	assert_int_equal(b.probe->usb.address, 0);
	/* A host that never asks for the status has not set it. */
	assert_int_equal(bench_control(&b, VENDOR_OUT, 1, 0, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(b.probe->usb.address, 0);
	assert_int_equal(bench_setup(&b, 0, 5, 9, 0, 0), USB_OK);
	assert_int_equal(b.probe->usb.state, USB_DEFAULT);
	assert_int_equal(bench_token(&b, USB_IN, 0, NULL, 0, NULL), USB_OK);
	assert_int_equal(b.probe->usb.address, 9);
	assert_int_equal(b.probe->usb.state, USB_ADDRESSED);
	bench_close(&b);
}

static void a_setup_of_zeros_is_a_request_like_any_other(void **state)
{
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	memset(&b.probe->asked, 0xff, sizeof(b.probe->asked));
	assert_int_equal(bench_control(&b, 0, 0, 0, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(b.probe->asked.type | b.probe->asked.request | b.probe->asked.value |
				 b.probe->asked.index | b.probe->asked.length,
			 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_cut_to_what_the_host_asked_for),
		cmocka_unit_test(data_stage_may_come_in_pieces_of_any_size),
		cmocka_unit_test(longest_request_moves_65535_bytes),
		cmocka_unit_test(data_beyond_wlength_stalls),
		cmocka_unit_test(stale_length_is_never_used),
		cmocka_unit_test(incomplete_out_data_is_not_given_to_the_device),
		cmocka_unit_test(tokens_out_of_order_stall),
		cmocka_unit_test(refusal_comes_in_the_stage_after_the_request),
		cmocka_unit_test(odd_results_of_a_device_become_statuses),
		cmocka_unit_test(request_is_asked_again_after_a_nak),
		cmocka_unit_test(address_changes_after_the_status_stage),
		cmocka_unit_test(a_setup_of_zeros_is_a_request_like_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
