// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

#define ARRAY 0x20000u
#define PAGE 0x21000u

static void usbsts(struct bed *b, uint32_t value)
{
	bed_read(b, BED_OPER + XHCI_USBSTS, value, 4);
}

static void scratch(struct bed *b, unsigned flags, uint64_t addr, const char *bytes)
{
	uint8_t entry[8];

	put_le64(entry, ARRAY);
	bed_dma(b, 0, DMA_DCBAA, 0, 0, BED_DCBAA, entry, 8);
	put_le64(entry, PAGE);
	bed_dma(b, 0, DMA_SCRATCH, 0, 0, ARRAY, entry, 8);
	bed_dma(b, flags, DMA_SCRATCH, 0, 0, addr, bytes, (uint32_t)strlen(bytes));
}

static void save(struct bed *b)
{
	bed_oper(b, XHCI_USBCMD, 0, 4);
	usbsts(b, USBSTS_HCH);
	bed_oper(b, XHCI_USBCMD, USBCMD_CSS, 4);
	scratch(b, TRACE_WRITE, PAGE, "state");
	usbsts(b, USBSTS_HCH);
}

/* Registers are lost and written back. */
static void lose_power(struct bed *b)
{
	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	usbsts(b, USBSTS_HCH);
	bed_oper(b, XHCI_DCBAAP, BED_DCBAA, 8);
	bed_oper(b, XHCI_CRCR, BED_COMMANDS | CRCR_RCS, 8);
	bed_intr(b, 0, XHCI_ERSTSZ, 1, 4);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	bed_take_events(b);
	b->command = BED_COMMANDS;
}

static void restore(struct bed *b, const char *read, uint32_t status)
{
	bed_oper(b, XHCI_USBCMD, USBCMD_CRS, 4);
	scratch(b, 0, PAGE, read);
	usbsts(b, USBSTS_HCH | status);
}

static void run(struct bed *b)
{
	uint8_t entry[16] = {0};

	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	put_le64(entry, BED_EVENTS);
	put_le32(entry + 8, BED_EVENT_TRBS);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST, entry, sizeof(entry));
}

static void what_was_saved_counts_again(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	save(b);
	lose_power(b);
	restore(b, "state", 0);
	run(b);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN); /* it was Running, and the slot is there */
	bed_complete(b, CC_SUCCESS, 1);                  /* where the event ring stood */
	assert_clean(b);
}

/* Its event found no room before the state was saved. */
static void a_command_completes_after_the_loss_of_power(void **state)
{
	struct bed *b = *state;
	uint64_t command;

	bed_bulk_in(b);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	command = b->last_command;
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	save(b);
	lose_power(b);
	restore(b, "state", 0);
	run(b);
	bed_complete_at(b, command, CC_SUCCESS, 1);
	assert_clean(b);
	bed_complete_at(b, command, CC_SUCCESS, 1);
	assert_fired(b, oracle_command);
}

static void a_slot_that_is_enabled_twice_over_the_loss_of_power_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	save(b);
	lose_power(b);
	restore(b, "state", 0);
	run(b);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_ENABLE_SLOT, 0, 0);
	bed_complete(b, CC_SUCCESS, 1);
	assert_fired(b, oracle_slot_state);
}

static void an_event_ring_that_starts_anew_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	save(b);
	lose_power(b);
	restore(b, "state", 0);
	run(b);
	b->event = 0;
	bed_event(b, bed_port_event());
	assert_fired(b, oracle_event_ring);
}

static void damage_that_is_taken_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	save(b);
	lose_power(b);
	restore(b, "stale", USBSTS_SRE);
	assert_clean(b);
	restore(b, "stale", 0);
	assert_fired(b, oracle_save);
}

static void a_whole_state_that_is_refused_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	save(b);
	lose_power(b);
	restore(b, "state", USBSTS_SRE);
	assert_fired(b, oracle_save);
}

static void less_than_was_saved_fires(void **state)
{
	struct bed *b = *state;

	save(b);
	restore(b, "stat", 0);
	assert_fired(b, oracle_save);
}

static void success_with_nothing_saved_fires(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, 0, 4);
	usbsts(b, USBSTS_HCH);
	bed_oper(b, XHCI_USBCMD, USBCMD_CRS, 4);
	usbsts(b, USBSTS_HCH | USBSTS_SRE);
	bed_oper(b, XHCI_USBSTS, USBSTS_SRE, 4); /* cleared by software: nothing to say */
	usbsts(b, USBSTS_HCH);
	assert_clean(b);
	bed_oper(b, XHCI_USBCMD, USBCMD_CRS, 4);
	usbsts(b, USBSTS_HCH);
	assert_fired(b, oracle_save);
}

static void a_scratchpad_beside_the_buffer_fires(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, 0, 4);
	usbsts(b, USBSTS_HCH);
	bed_oper(b, XHCI_USBCMD, USBCMD_CSS, 4);
	scratch(b, TRACE_WRITE, PAGE + 4095, "s");
	assert_clean(b);
	scratch(b, TRACE_WRITE, PAGE + 4095, "st");
	assert_fired(b, oracle_save);
}

static void a_scratchpad_without_save_or_restore_fires(void **state)
{
	struct bed *b = *state;

	save(b);
	assert_clean(b);
	bed_dma(b, TRACE_WRITE, DMA_SCRATCH, 0, 0, PAGE, "more", 4);
	assert_fired(b, oracle_save);
}

static void contexts_are_written_while_halted_by_save_state_only(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	usbsts(b, USBSTS_HCH);
	bed_oper(b, XHCI_USBCMD, USBCMD_CSS, 4);
	bed_ep_context(b, 1, 3, EP_RUNNING, EP_BULK_IN);
	assert_clean(b);
	usbsts(b, USBSTS_HCH);
	bed_ep_context(b, 1, 3, EP_RUNNING, EP_BULK_IN);
	assert_fired(b, oracle_halted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(what_was_saved_counts_again),
		bed_test(a_command_completes_after_the_loss_of_power),
		bed_test(a_slot_that_is_enabled_twice_over_the_loss_of_power_fires),
		bed_test(an_event_ring_that_starts_anew_fires),
		bed_test(damage_that_is_taken_fires),
		bed_test(a_whole_state_that_is_refused_fires),
		bed_test(less_than_was_saved_fires),
		bed_test(success_with_nothing_saved_fires),
		bed_test(a_scratchpad_beside_the_buffer_fires),
		bed_test(a_scratchpad_without_save_or_restore_fires),
		bed_test(contexts_are_written_while_halted_by_save_state_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
