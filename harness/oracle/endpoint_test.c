// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void a_walk_through_a_link_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	for (unsigned i = 0; i < 300; i++)
		bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	bed_trb(b, DMA_XFER_TRB, 1, 3, b->trb[3],
		(struct trb){BED_RING, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
	b->trb[3] = BED_RING;
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_clean(b);
}

static void a_jump_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	b->trb[3] += 16;
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void walking_past_a_trb_of_software_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_trb(b, DMA_XFER_TRB, 1, 3, b->trb[3],
		(struct trb){BED_DATA, 8, trb_type_bits(TRB_NORMAL)});
	b->trb[3] += 16;
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void looking_again_at_a_trb_of_software_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_trb(b, DMA_XFER_TRB, 1, 3, b->trb[3], (struct trb){0, 0, 0});
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_clean(b);
}

static void an_endpoint_never_configured_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_doorbell(b, 1, 7);
	b->trb[7] = 0;
	bed_fetch(b, 7, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void fetching_without_a_doorbell_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_silence);
}

static void after_set_tr_dequeue_the_old_place_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_command(b, TRB_SET_TR_DEQUEUE, 0x60001, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_doorbell(b, 1, 3);
	assert_clean(b);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void a_stopped_ring_may_go_back_to_the_td_under_way(void **state)
{
	struct bed *b = *state;
	uint64_t first;

	bed_bulk_in(b);
	first = bed_fetch(b, 3, TRB_NORMAL, 8, TRB_CH);
	bed_fetch(b, 3, TRB_NORMAL, 8, 0);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_doorbell(b, 1, 3);
	b->trb[3] = first;
	bed_fetch(b, 3, TRB_NORMAL, 8, TRB_CH);
	bed_fetch(b, 3, TRB_NORMAL, 8, 0);
	assert_clean(b);
}

static void running_again_starts_endpoints_that_were_not_stopped(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 3, EP_BULK_IN);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_walk_through_a_link_is_fine),
		bed_test(a_jump_fires),
		bed_test(walking_past_a_trb_of_software_fires),
		bed_test(looking_again_at_a_trb_of_software_is_fine),
		bed_test(an_endpoint_never_configured_fires),
		bed_test(fetching_without_a_doorbell_fires),
		bed_test(after_set_tr_dequeue_the_old_place_fires),
		bed_test(a_stopped_ring_may_go_back_to_the_td_under_way),
		bed_test(running_again_starts_endpoints_that_were_not_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
