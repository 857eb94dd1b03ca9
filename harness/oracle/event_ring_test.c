// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static struct trb full_event(void)
{
	return (struct trb){0, (uint32_t)CC_EVENT_RING_FULL << 24, trb_type_bits(TRB_EV_HOST)};
}

static void events_in_order_with_wrap_are_fine(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 5 * BED_EVENT_TRBS; i++) {
		bed_event(b, bed_port_event());
		bed_take_events(b);
	}
	assert_clean(b);
}

static void ring_full_event_in_the_last_free_trb_but_one_is_fine(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < BED_EVENT_TRBS - 2; i++)
		bed_event(b, bed_port_event());
	bed_event(b, full_event());
	bed_take_events(b);
	bed_event(b, bed_port_event());
	assert_clean(b);
}

static void an_event_over_one_that_erdp_has_not_passed_fires(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < BED_EVENT_TRBS - 2; i++)
		bed_event(b, bed_port_event());
	bed_event(b, full_event());
	assert_clean(b);
	bed_event(b, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void an_event_in_the_reserved_trb_fires(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < BED_EVENT_TRBS - 1; i++)
		bed_event(b, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void ring_full_event_while_there_is_room_fires(void **state)
{
	struct bed *b = *state;

	bed_event(b, full_event());
	assert_fired(b, oracle_event_ring);
}

static void a_skipped_trb_fires(void **state)
{
	struct bed *b = *state;

	bed_event_at(b, 1, 1, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void a_wrong_cycle_bit_fires(void **state)
{
	struct bed *b = *state;

	bed_event_at(b, 0, 0, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void an_event_outside_the_segments_fires(void **state)
{
	struct bed *b = *state;

	bed_trb(b, DMA_EVENT_TRB, 0, 0, BED_EVENTS + BED_EVENT_TRBS * TRB_SIZE, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void an_event_before_the_table_was_read_fires(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_event_at(b, 0, 1, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void erdp_outside_the_ring_is_not_judged(void **state)
{
	struct bed *b = *state;

	bed_intr(b, 0, XHCI_ERDP, 0xdead0000, 8);
	for (unsigned i = 0; i < 3 * BED_EVENT_TRBS; i++)
		bed_event(b, bed_port_event());
	assert_clean(b);
}

static void a_new_table_starts_the_ring_again(void **state)
{
	struct bed *b = *state;
	uint8_t entry[16] = {0};

	bed_event(b, bed_port_event());
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	put_le64(entry, BED_EVENTS);
	put_le32(entry + 8, BED_EVENT_TRBS);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST, entry, sizeof(entry));
	bed_event_at(b, 0, 1, bed_port_event());
	assert_clean(b);
}

static void two_segments_are_filled_one_after_the_other(void **state)
{
	struct bed *b = *state;
	uint8_t entry[32] = {0};

	put_le64(entry, BED_EVENTS + 0x800);
	put_le32(entry + 8, 16);
	put_le64(entry + 16, BED_EVENTS);
	put_le32(entry + 24, 16);
	bed_intr(b, 0, XHCI_ERSTSZ, 2, 4);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	bed_intr(b, 0, XHCI_ERDP, BED_EVENTS + 0x800, 8);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST, entry, 16);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST + 16, entry + 16, 16);
	for (unsigned i = 0; i < 16; i++)
		bed_event_at(b, 128 + i, 1, bed_port_event());
	bed_event_at(b, 0, 1, bed_port_event());
	assert_clean(b);
	bed_event_at(b, 129, 0, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void rings_that_share_memory_are_not_judged(void **state)
{
	struct bed *b = *state;
	uint8_t entry[16] = {0};

	put_le64(entry, BED_EVENTS);
	put_le32(entry + 8, 32);
	bed_intr(b, 1, XHCI_ERSTSZ, 1, 4);
	bed_intr(b, 1, XHCI_ERSTBA, BED_ERST + 64, 8);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST + 64, entry, sizeof(entry));
	bed_event_at(b, 7, 0, bed_port_event());
	assert_clean(b);
}

static void a_command_completion_on_a_secondary_ring_fires(void **state)
{
	struct bed *b = *state;
	uint8_t entry[16] = {0};

	put_le64(entry, BED_EVENTS + 0x800);
	put_le32(entry + 8, 16);
	bed_intr(b, 1, XHCI_ERSTSZ, 1, 4);
	bed_intr(b, 1, XHCI_ERSTBA, BED_ERST + 64, 8);
	bed_intr(b, 1, XHCI_ERDP, BED_EVENTS + 0x800, 8);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST + 64, entry, sizeof(entry));
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_event_at(
		b, 128, 1,
		(struct trb){b->last_command, CC_SUCCESS << 24, trb_type_bits(TRB_EV_COMMAND)});
	assert_fired(b, oracle_event_ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(events_in_order_with_wrap_are_fine),
		bed_test(ring_full_event_in_the_last_free_trb_but_one_is_fine),
		bed_test(an_event_over_one_that_erdp_has_not_passed_fires),
		bed_test(an_event_in_the_reserved_trb_fires),
		bed_test(ring_full_event_while_there_is_room_fires),
		bed_test(a_skipped_trb_fires),
		bed_test(a_wrong_cycle_bit_fires),
		bed_test(an_event_outside_the_segments_fires),
		bed_test(an_event_before_the_table_was_read_fires),
		bed_test(erdp_outside_the_ring_is_not_judged),
		bed_test(a_new_table_starts_the_ring_again),
		bed_test(two_segments_are_filled_one_after_the_other),
		bed_test(rings_that_share_memory_are_not_judged),
		bed_test(a_command_completion_on_a_secondary_ring_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
