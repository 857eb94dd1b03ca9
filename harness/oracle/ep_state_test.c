// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void endpoint_command(struct bed *b, unsigned type, uint64_t parameter)
{
	bed_command(b, type, parameter, 1u << 24 | 3u << 16);
}

static void halt_reset_move_and_run_again(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, EP_HALTED, EP_BULK_IN);
	endpoint_command(b, TRB_RESET_ENDPOINT, 0);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	endpoint_command(b, TRB_SET_TR_DEQUEUE, 0x60001);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_doorbell(b, 1, 3);
	b->trb[3] = 0x60000;
	bed_fetch(b, 3, TRB_NORMAL, 8, 0);
	bed_ep_context(b, 1, 3, EP_HALTED, EP_BULK_IN);
	assert_clean(b);
}

static void stopped_without_a_command_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void halted_to_running_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, EP_HALTED, EP_BULK_IN);
	bed_doorbell(b, 1, 3);
	bed_ep_context(b, 1, 3, EP_RUNNING, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void stopped_to_halted_without_a_doorbell_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	endpoint_command(b, TRB_STOP_ENDPOINT, 0);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_ep_context(b, 1, 3, EP_HALTED, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void an_isochronous_endpoint_that_halts_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 3, EP_ISOCH_IN);
	bed_doorbell(b, 1, 3);
	bed_ep_context(b, 1, 3, EP_HALTED, EP_ISOCH_IN);
	assert_fired(b, oracle_ep_state);
}

static void error_is_left_by_set_tr_dequeue_only(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, EP_ERROR, EP_BULK_IN);
	endpoint_command(b, TRB_RESET_ENDPOINT, 0);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void a_reset_that_succeeds_on_a_running_endpoint_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	endpoint_command(b, TRB_RESET_ENDPOINT, 0);
	bed_complete(b, CC_SUCCESS, 1);
	assert_fired(b, oracle_ep_state);
}

static void disabled_without_a_command_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, EP_DISABLED, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void a_reserved_state_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_ep_context(b, 1, 3, 5, EP_BULK_IN);
	assert_fired(b, oracle_ep_state);
}

static void a_dropped_endpoint_is_disabled(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_command(b, TRB_CONFIGURE_ENDPOINT, 0, 1u << 24 | TRB_DC);
	bed_slot_context(b, 1, SLOT_ADDRESSED);
	bed_complete(b, CC_SUCCESS, 1); /* its context still says Running */
	assert_fired(b, oracle_ep_state);
}

static void a_context_that_could_not_be_written_is_unknown(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	endpoint_command(b, TRB_STOP_ENDPOINT, 0);
	bed_dma(b, TRACE_WRITE | TRACE_FAULT, DMA_OUT_CTX, 1, 3, BED_CONTEXT + 0x1000 + 96, NULL,
		32);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(halt_reset_move_and_run_again),
		bed_test(stopped_without_a_command_fires),
		bed_test(halted_to_running_fires),
		bed_test(stopped_to_halted_without_a_doorbell_fires),
		bed_test(an_isochronous_endpoint_that_halts_fires),
		bed_test(error_is_left_by_set_tr_dequeue_only),
		bed_test(a_reset_that_succeeds_on_a_running_endpoint_fires),
		bed_test(disabled_without_a_command_fires),
		bed_test(a_reserved_state_fires),
		bed_test(a_dropped_endpoint_is_disabled),
		bed_test(a_context_that_could_not_be_written_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
