// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void a_transfer_with_its_event_is_fine(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_move(b, BED_DATA, 512);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_clean(b);
}

static void a_short_packet_reports_on_the_isp_trb_and_the_ioc_trb(void **state)
{
	struct bed *b = *state;
	uint64_t first, second;

	bed_bulk_in(b);
	first = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_ISP | TRB_CH);
	second = bed_fetch(b, 3, TRB_NORMAL, 64, TRB_IOC);
	bed_move(b, BED_DATA, 100);
	bed_transfer_event(b, 3, first, CC_SHORT_PACKET, 412);
	bed_transfer_event(b, 3, second, CC_SHORT_PACKET, 412);
	assert_clean(b);
}

static void the_same_trb_reported_twice_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_fired(b, oracle_transfer);
}

static void a_trb_fetched_twice_may_be_reported_twice(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	b->trb[3] = trb;
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_clean(b);
}

static void a_trb_left_out_fires(void **state)
{
	struct bed *b = *state;
	uint64_t second;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	second = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, second, CC_SUCCESS, 0);
	assert_fired(b, oracle_transfer);
}

static void trbs_before_an_error_need_no_event(void **state)
{
	struct bed *b = *state;
	uint64_t second;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	second = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, second, CC_STALL, 0);
	bed_transfer_event(b, 3, second, CC_SUCCESS, 0);
	assert_clean(b);
}

static void a_trb_never_fetched_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, b->trb[3], CC_SUCCESS, 0);
	assert_fired(b, oracle_transfer);
}

static void a_stall_names_a_fetched_trb(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_transfer_event(b, 3, BED_RING + 0x3000, CC_STALL, 0);
	assert_fired(b, oracle_transfer);
}

static void success_that_nobody_asked_for_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_ISP);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_fired(b, oracle_transfer);
}

static void more_left_than_there_was_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_STALL, 513);
	assert_fired(b, oracle_transfer);
}

static void success_with_bytes_left_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 12);
	assert_fired(b, oracle_transfer);
}

static void event_data_is_matched_by_its_parameter(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_CH);
	bed_fetch(b, 3, TRB_EVENT_DATA, 0, TRB_IOC);
	bed_event(b,
		  (struct trb){BED_DATA, 512 | CC_SUCCESS << 24,
			       trb_type_bits(TRB_EV_TRANSFER) | 1u << 24 | 3u << 16 | TRB_EV_ED});
	assert_clean(b);
	bed_event(b,
		  (struct trb){BED_DATA + 1, 512 | CC_SUCCESS << 24,
			       trb_type_bits(TRB_EV_TRANSFER) | 1u << 24 | 3u << 16 | TRB_EV_ED});
	assert_fired(b, oracle_transfer);
}

static void stopped_without_a_stop_command_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_STOPPED, 512);
	assert_fired(b, oracle_transfer);
}

static void stop_reports_and_then_completes(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_transfer_event(b, 3, trb, CC_STOPPED, 512);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_fired(b, oracle_silence);
}

static void a_command_code_in_a_transfer_event_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_transfer_event(b, 3, trb, CC_COMMAND_ABORTED, 0);
	assert_fired(b, oracle_transfer);
}

static void an_event_of_a_disabled_slot_fires(void **state)
{
	struct bed *b = *state;
	uint64_t trb;

	bed_bulk_in(b);
	trb = bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_command(b, TRB_DISABLE_SLOT, 0, 1u << 24);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_transfer_event(b, 3, trb, CC_SUCCESS, 0);
	assert_fired(b, oracle_silence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_transfer_with_its_event_is_fine),
		bed_test(a_short_packet_reports_on_the_isp_trb_and_the_ioc_trb),
		bed_test(the_same_trb_reported_twice_fires),
		bed_test(a_trb_fetched_twice_may_be_reported_twice),
		bed_test(a_trb_left_out_fires),
		bed_test(trbs_before_an_error_need_no_event),
		bed_test(a_trb_never_fetched_fires),
		bed_test(a_stall_names_a_fetched_trb),
		bed_test(success_that_nobody_asked_for_fires),
		bed_test(more_left_than_there_was_fires),
		bed_test(success_with_bytes_left_fires),
		bed_test(event_data_is_matched_by_its_parameter),
		bed_test(stopped_without_a_stop_command_fires),
		bed_test(stop_reports_and_then_completes),
		bed_test(a_command_code_in_a_transfer_event_fires),
		bed_test(an_event_of_a_disabled_slot_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
