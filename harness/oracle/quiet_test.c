// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void dma_after_hcrst_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_ep_context(b, 1, 3, EP_DISABLED, EP_BULK_IN);
	assert_fired(b, oracle_halted);
}

static void sixteen_milliseconds_are_left_to_halt(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	b->time_ns += 15999999;
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_clean(b);
	b->time_ns += 1;
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_halted);
}

static void dma_after_hch_was_read_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_read(b, BED_OPER + XHCI_USBSTS, USBSTS_HCH, 4);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_fired(b, oracle_halted);
}

static void running_again_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_read(b, BED_OPER + XHCI_USBSTS, USBSTS_HCH, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_fetch(b, 3, TRB_NORMAL, 0, 0);
	assert_clean(b);
}

static void dma_that_was_refused_did_not_happen(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_dma(b, TRACE_BLOCKED, DMA_CMD_TRB, 0, 0, 0, NULL, 16);
	assert_clean(b);
}

static void dma_without_bus_master_enable_fires(void **state)
{
	struct bed *b = *state;

	bed_row(b,
		(struct trace_row){.kind = TRACE_CONFIG,
				   .flags = TRACE_WRITE,
				   .addr = 4,
				   .len = 1,
				   .value = 2});
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	assert_fired(b, oracle_master);
}

/* Catalogue A09: a ring that leads to itself, walked without an end. */
static void work(struct bed *b, unsigned rows)
{
	struct trb link = {BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE};

	for (unsigned i = 0; i < rows; i++)
		bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS, link);
}

static void work_without_an_end_fires(void **state)
{
	struct bed *b = *state;

	work(b, 199000);
	assert_clean(b);
	assert_false(oracle_set_endless(b->set));
	work(b, 2000);
	assert_fired(b, oracle_work);
	assert_true(oracle_set_endless(b->set));
}

static void work_in_pieces_is_fine(void **state)
{
	struct bed *b = *state;

	work(b, 199000);
	bed_doorbell(b, 0, 0);
	work(b, 199000);
	b->time_ns++;
	work(b, 199000);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(dma_after_hcrst_fires),
		bed_test(sixteen_milliseconds_are_left_to_halt),
		bed_test(dma_after_hch_was_read_fires),
		bed_test(running_again_is_fine),
		bed_test(dma_that_was_refused_did_not_happen),
		bed_test(dma_without_bus_master_enable_fires),
		bed_test(work_without_an_end_fires),
		bed_test(work_in_pieces_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
