// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

/* Time moves by 6 ms: three moves, of which the first starts the count, are late. */
static void pass(struct bed *b, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		b->time_ns += 6000000;
		bed_row(b, (struct trace_row){.kind = TRACE_STEP, .value = b->time_ns});
	}
}

/* The device with address 1 has a packet on endpoint 1 IN. */
static void packet(struct bed *b, unsigned what)
{
	bed_row(b,
		(struct trace_row){.kind = TRACE_PACKET,
				   .what = (uint8_t)what,
				   .slot = 1,
				   .dci = 0x81,
				   .pid = 1,
				   .len = what == PACKET_SUBMIT ? 512 : 0,
				   .value = what == PACKET_SUBMIT ? ++b->packet : b->packet});
}

static void empty(struct bed *b, unsigned dci)
{
	bed_trb(b, DMA_XFER_TRB, 1, dci, b->trb[dci], (struct trb){0});
}

/* Slot 1 has endpoint 1 IN, which nobody has rung, and nothing is under way. */
static void bring_up(struct bed *b)
{
	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 3, EP_BULK_IN);
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command, (struct trb){0});
	pass(b, 9);
	assert_clean(b);
}

static void a_doorbell_that_is_dropped_fires(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	pass(b, 2);
	assert_clean(b);
	pass(b, 1);
	assert_fired(b, oracle_progress);
}

static void a_ring_that_is_looked_at_is_enough(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	pass(b, 2);
	empty(b, 3);
	pass(b, 9);
	assert_clean(b);
}

static void moves_that_are_too_short_do_not_count(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	for (unsigned i = 0; i < 9; i++) {
		b->time_ns -= 5000000;
		pass(b, 1);
	}
	assert_clean(b);
	pass(b, 1);
	assert_fired(b, oracle_progress);
}

static void steps_of_no_time_do_not_count(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	pass(b, 1);
	for (unsigned i = 0; i < 9; i++) {
		b->time_ns -= 6000000;
		pass(b, 1);
	}
	pass(b, 1);
	assert_clean(b);
	pass(b, 1);
	assert_fired(b, oracle_progress);
}

static void a_trb_that_was_taken_and_left_alone_fires(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	pass(b, 2);
	assert_clean(b);
	pass(b, 1);
	assert_fired(b, oracle_progress);
}

static void a_packet_with_its_device_may_take_for_ever(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	packet(b, PACKET_SUBMIT);
	pass(b, 99);
	assert_clean(b);
}

static void a_packet_asked_again_and_again_is_progress(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	for (unsigned i = 0; i < 99; i++) {
		packet(b, PACKET_SUBMIT);
		packet(b, PACKET_COMPLETE); /* NAK */
		pass(b, 1);
	}
	assert_clean(b);
	pass(b, 3); /* not asked any more */
	assert_fired(b, oracle_progress);
}

static void an_answer_that_nobody_looks_at_fires(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	packet(b, PACKET_SUBMIT);
	empty(b, 3);
	pass(b, 9);
	assert_clean(b);
	packet(b, PACKET_COMPLETE);
	pass(b, 4);
	assert_fired(b, oracle_progress);
}

static void a_stopped_endpoint_owes_nothing(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command, (struct trb){0});
	pass(b, 9);
	assert_clean(b);
	bed_doorbell(b, 1, 3);
	pass(b, 3);
	assert_fired(b, oracle_progress);
}

/* Endpoint 1 IN is rung, and a slot may be disabled while no event can tell. */
static void disable_unseen(struct bed *b, unsigned slot)
{
	uint8_t entry[16] = {0};

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_intr(b, 0, XHCI_ERSTSZ, 0, 4);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	bed_command(b, TRB_DISABLE_SLOT, 0, slot << 24);
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command, (struct trb){0});
	bed_intr(b, 0, XHCI_ERSTSZ, 1, 4);
	bed_intr(b, 0, XHCI_ERDP, BED_EVENTS, 8);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	put_le64(entry, BED_EVENTS);
	put_le32(entry + 8, BED_EVENT_TRBS);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST, entry, sizeof(entry));
	pass(b, 9);
}

static void a_slot_that_may_be_disabled_owes_nothing(void **state)
{
	struct bed *b = *state;

	disable_unseen(b, 1);
	assert_clean(b);
}

static void it_does_if_another_one_is(void **state)
{
	struct bed *b = *state;

	disable_unseen(b, 2);
	assert_fired(b, oracle_progress);
}

static void an_interval_is_waited_for(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bring_up(b);
	put_le32(raw, 8 << 16 | EP_RUNNING); /* 32 ms */
	put_le32(raw + 4, EP_INTERRUPT_IN << 3);
	bed_dma(b, TRACE_WRITE, DMA_OUT_CTX, 1, 3, BED_CONTEXT + 0x1000 + 96, raw, sizeof(raw));
	bed_doorbell(b, 1, 3);
	pass(b, 7);
	assert_clean(b);
	pass(b, 2);
	assert_fired(b, oracle_progress);
}

static void a_halted_controller_owes_nothing(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	pass(b, 9);
	assert_clean(b);
}

static void without_bus_master_enable_nothing_is_owed(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	bed_row(b,
		(struct trace_row){.kind = TRACE_CONFIG,
				   .flags = TRACE_WRITE,
				   .addr = 4,
				   .len = 2,
				   .value = 2});
	bed_read(b, BED_OPER + XHCI_USBSTS, 0, 4);
	pass(b, 9);
	assert_clean(b);
}

static void other_rings_that_never_end_are_an_excuse(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 1, 3);
	for (unsigned i = 0; i < 9; i++) {
		for (unsigned links = 0; links < 8; links++)
			bed_trb(b, DMA_CMD_TRB, 0, 0, b->command,
				(struct trb){b->command, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
		pass(b, 1);
	}
	assert_clean(b);
}

static void a_command_doorbell_that_is_dropped_fires(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 0, 0);
	pass(b, 2);
	assert_clean(b);
	pass(b, 1);
	assert_fired(b, oracle_progress);
}

static void a_command_ring_that_is_looked_at_is_enough(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 0, 0);
	pass(b, 2);
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command, (struct trb){0});
	pass(b, 9);
	assert_clean(b);
}

static void a_command_ring_that_was_stopped_owes_nothing(void **state)
{
	struct bed *b = *state;

	bring_up(b);
	bed_doorbell(b, 0, 0);
	bed_oper(b, XHCI_CRCR, CRCR_CS, 8);
	pass(b, 9);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_doorbell_that_is_dropped_fires),
		bed_test(a_ring_that_is_looked_at_is_enough),
		bed_test(moves_that_are_too_short_do_not_count),
		bed_test(steps_of_no_time_do_not_count),
		bed_test(a_trb_that_was_taken_and_left_alone_fires),
		bed_test(a_packet_with_its_device_may_take_for_ever),
		bed_test(a_packet_asked_again_and_again_is_progress),
		bed_test(an_answer_that_nobody_looks_at_fires),
		bed_test(a_stopped_endpoint_owes_nothing),
		bed_test(a_slot_that_may_be_disabled_owes_nothing),
		bed_test(it_does_if_another_one_is),
		bed_test(an_interval_is_waited_for),
		bed_test(a_halted_controller_owes_nothing),
		bed_test(without_bus_master_enable_nothing_is_owed),
		bed_test(other_rings_that_never_end_are_an_excuse),
		bed_test(a_command_doorbell_that_is_dropped_fires),
		bed_test(a_command_ring_that_is_looked_at_is_enough),
		bed_test(a_command_ring_that_was_stopped_owes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
