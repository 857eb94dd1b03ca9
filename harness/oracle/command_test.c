// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void commands_completed_in_order_are_fine(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 40; i++) {
		bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
		bed_complete(b, CC_SUCCESS, 0);
		bed_take_events(b);
	}
	assert_clean(b);
}

static void two_under_way_complete_in_ring_order(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete_at(b, BED_COMMANDS, CC_SUCCESS, 0);
	bed_complete_at(b, BED_COMMANDS + 16, CC_SUCCESS, 0);
	assert_clean(b);
}

static void completion_out_of_order_fires(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_fired(b, oracle_command);
}

static void a_second_completion_fires(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
	bed_complete(b, CC_SUCCESS, 0);
	assert_fired(b, oracle_command);
}

static void a_completion_for_a_trb_never_fetched_fires(void **state)
{
	struct bed *b = *state;

	bed_complete_at(b, BED_COMMANDS, CC_SUCCESS, 0);
	assert_fired(b, oracle_command);
}

static void a_completion_for_a_trb_with_the_wrong_cycle_fires(void **state)
{
	struct bed *b = *state;

	bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS,
		(struct trb){0, 0, trb_type_bits(TRB_NO_OP_COMMAND)});
	bed_complete_at(b, BED_COMMANDS, CC_SUCCESS, 0);
	assert_fired(b, oracle_command);
}

static void a_completion_for_a_link_fires(void **state)
{
	struct bed *b = *state;

	bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS,
		(struct trb){BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_TC | TRB_CYCLE});
	bed_complete_at(b, BED_COMMANDS, CC_SUCCESS, 0);
	assert_fired(b, oracle_command);
}

static void a_transfer_code_in_a_command_completion_fires(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_STOPPED, 0);
	assert_fired(b, oracle_command);
}

static void command_ring_stopped_names_no_command(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	bed_oper(b, XHCI_CRCR, CRCR_CS, 8);
	bed_complete_at(b, b->command, CC_COMMAND_STOPPED, 0);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
}

static void halting_may_lose_a_command(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
}

/* The ring went round and names the same place again: whose event it is, is unknown, not wrong. */
static void an_event_of_one_of_two_in_a_place_says_nothing(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_RESET_DEVICE, 0, 1u << 24);
	bed_oper(b, XHCI_USBCMD, 0, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	bed_doorbell(b, 0, 0);
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command,
		(struct trb){BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
	b->command = BED_COMMANDS;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS,
		     0); /* a Reset Device of slot 1 must not succeed: it is disabled */
	assert_clean(b);
}

static void a_link_leads_to_its_target_and_toggles(void **state)
{
	struct bed *b = *state;

	bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS,
		(struct trb){BED_COMMANDS + 0x100, 0,
			     trb_type_bits(TRB_LINK) | TRB_TC | TRB_CYCLE});
	bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS + 0x100,
		(struct trb){0, 0, trb_type_bits(TRB_NO_OP_COMMAND)});
	bed_complete_at(b, BED_COMMANDS + 0x100, CC_SUCCESS, 0);
	assert_clean(b);
}

static void a_jump_fires(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	b->command += 16;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void walking_past_a_trb_of_software_fires(void **state)
{
	struct bed *b = *state;

	bed_trb(b, DMA_CMD_TRB, 0, 0, BED_COMMANDS,
		(struct trb){0, 0, trb_type_bits(TRB_NO_OP_COMMAND)});
	b->command += 16;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	assert_fired(b, oracle_ring_walk);
}

static void a_pointer_written_while_running_may_be_ignored(void **state)
{
	struct bed *b = *state;

	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	bed_oper(b, XHCI_CRCR, 0x77000 | CRCR_RCS, 8);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	b->command = 0x77000;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
}

static void let_time_pass(struct bed *b, uint64_t ns)
{
	b->time_ns += ns;
	bed_row(b, (struct trace_row){.kind = TRACE_STEP, .value = b->time_ns});
}

static void a_command_that_never_completes_fires(void **state)
{
	struct bed *b = *state;

	bed_event(b, bed_port_event());
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	let_time_pass(b, 50000000);
	assert_clean(b);
	let_time_pass(b, 50000000);
	assert_fired(b, oracle_command);
}

static void address_device_may_wait_for_its_device(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_input(b, 1, 3, 1);
	let_time_pass(b, 5000000000);
	assert_clean(b);
}

static void a_jump_back_to_an_old_pointer_is_unknown_not_wrong(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 6; i++)
		bed_oper(b, XHCI_CRCR, 0x5000 + 64 * i + (i & 1), 8);
	b->command = 0x5000 + 64 * 5;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(commands_completed_in_order_are_fine),
		bed_test(two_under_way_complete_in_ring_order),
		bed_test(completion_out_of_order_fires),
		bed_test(a_second_completion_fires),
		bed_test(a_completion_for_a_trb_never_fetched_fires),
		bed_test(a_completion_for_a_trb_with_the_wrong_cycle_fires),
		bed_test(a_completion_for_a_link_fires),
		bed_test(a_transfer_code_in_a_command_completion_fires),
		bed_test(command_ring_stopped_names_no_command),
		bed_test(halting_may_lose_a_command),
		bed_test(an_event_of_one_of_two_in_a_place_says_nothing),
		bed_test(a_link_leads_to_its_target_and_toggles),
		bed_test(a_jump_fires),
		bed_test(walking_past_a_trb_of_software_fires),
		bed_test(a_pointer_written_while_running_may_be_ignored),
		bed_test(a_command_that_never_completes_fires),
		bed_test(address_device_may_wait_for_its_device),
		bed_test(a_jump_back_to_an_old_pointer_is_unknown_not_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
