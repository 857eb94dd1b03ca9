// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void enumeration_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_command(b, TRB_RESET_DEVICE, 0, 1u << 24);
	bed_ep_context(b, 1, 3, EP_DISABLED, EP_NOT_VALID);
	bed_slot_context(b, 1, SLOT_DEFAULT);
	bed_complete(b, CC_SUCCESS, 1);
	bed_address(b, 1);
	bed_command(b, TRB_DISABLE_SLOT, 0, 1u << 24);
	bed_complete(b, CC_SUCCESS, 1);
	bed_enable_slot(b, 1);
	assert_clean(b);
}

static void a_slot_handed_out_twice_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_enable_slot(b, 1);
	assert_fired(b, oracle_slot_state);
}

static void addressing_a_slot_never_enabled_fires(void **state)
{
	struct bed *b = *state;

	bed_address(b, 2);
	assert_fired(b, oracle_slot_state);
}

static void addressing_an_addressed_slot_again_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	assert_clean(b);
	bed_address(b, 1);
	assert_fired(b, oracle_slot_state);
}

static void configuring_a_slot_without_an_address_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_command(b, TRB_CONFIGURE_ENDPOINT, BED_INPUT, 1u << 24);
	bed_complete(b, CC_SUCCESS, 1);
	assert_fired(b, oracle_slot_state);
}

static void a_context_state_without_a_command_fires(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_slot_context(b, 1, SLOT_CONFIGURED);
	assert_fired(b, oracle_slot_state);
}

static void a_context_state_that_differs_from_the_slot_fires(void **state)
{
	struct bed *b = *state;
	uint8_t entry[8];

	bed_enable_slot(b, 1);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_input(b, 1, 3, 1);
	put_le64(entry, BED_CONTEXT + 0x1000);
	bed_dma(b, 0, DMA_DCBAA, 1, 0, BED_DCBAA + 8, entry, sizeof(entry));
	bed_ep_context(b, 1, 1, EP_RUNNING, EP_CONTROL);
	bed_complete(b, CC_SUCCESS, 1); /* the slot context was forgotten */
	assert_fired(b, oracle_slot_state);
}

static void a_failed_address_command_leaves_the_slot_unjudged(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_input(b, 1, 3, 1);
	bed_complete(b, CC_TRANSACTION, 1);
	bed_take_events(b);
	bed_address(b, 1);
	assert_clean(b);
}

static void after_hcrst_all_slots_are_free(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_start(b);
	bed_bulk_in(b);
	assert_clean(b);
}

static void enabling_after_an_unseen_completion_is_not_judged(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_command(b, TRB_ENABLE_SLOT, 0, 0);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_command(b, TRB_DISABLE_SLOT, 0, 2u << 24);
	bed_complete(b, CC_SUCCESS, 2);
	assert_clean(b);
}

static void commands_whose_events_are_lost_still_are_causes(void **state)
{
	struct bed *b = *state;
	uint8_t entry[8];

	bed_enable_slot(b, 1);
	bed_intr(b, 0, XHCI_ERSTSZ, 0, 4);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24 | TRB_BSR);
	bed_input(b, 1, 3, 1);
	put_le64(entry, BED_CONTEXT + 0x1000);
	bed_dma(b, 0, DMA_DCBAA, 1, 0, BED_DCBAA + 8, entry, sizeof(entry));
	bed_slot_context(b, 1, SLOT_DEFAULT);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_input(b, 1, 3, 1);
	bed_slot_context(b, 1, SLOT_ADDRESSED);
	assert_clean(b);
}

/* The command ring is a circle of one command, and no event can tell how often it was done. */
static void go_round(struct bed *b, unsigned type, unsigned laps)
{
	bed_intr(b, 0, XHCI_ERSTSZ, 0, 4);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	for (unsigned i = 0; i < laps; i++) {
		bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS,
			(struct trb){0, 0, trb_type_bits(type) | TRB_CYCLE});
		bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS + TRB_SIZE,
			(struct trb){BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
	}
	bed_address(b, 1);
}

static void slots_may_have_been_enabled_in_a_circle(void **state)
{
	struct bed *b = *state;

	go_round(b, TRB_ENABLE_SLOT, 3);
	assert_clean(b);
}

static void not_by_a_circle_of_another_command(void **state)
{
	struct bed *b = *state;

	go_round(b, TRB_NO_OP_COMMAND, 3);
	assert_fired(b, oracle_slot_state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(enumeration_is_fine),
		bed_test(a_slot_handed_out_twice_fires),
		bed_test(addressing_a_slot_never_enabled_fires),
		bed_test(addressing_an_addressed_slot_again_fires),
		bed_test(configuring_a_slot_without_an_address_fires),
		bed_test(a_context_state_without_a_command_fires),
		bed_test(a_context_state_that_differs_from_the_slot_fires),
		bed_test(a_failed_address_command_leaves_the_slot_unjudged),
		bed_test(after_hcrst_all_slots_are_free),
		bed_test(enabling_after_an_unseen_completion_is_not_judged),
		bed_test(commands_whose_events_are_lost_still_are_causes),
		bed_test(slots_may_have_been_enabled_in_a_circle),
		bed_test(not_by_a_circle_of_another_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
