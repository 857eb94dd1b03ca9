// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void nothing_left_is_fine(void **state)
{
	struct bed *b = *state;

	oracle_set_end(b->set, &(struct oracle_balance){0, 0, 0, 0});
	assert_clean(b);
}

static void anything_left_fires(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 4; i++) {
		oracle_set_reset(b->set);
		oracle_set_end(b->set, &(struct oracle_balance){i == 0, i == 1, i == 2, i == 3});
		assert_fired(b, oracle_balance);
	}
}

static void the_first_finding_is_kept_with_its_op(void **state)
{
	struct bed *b = *state;

	bed_row(b,
		(struct trace_row){
			.kind = TRACE_PACKET, .what = PACKET_COMPLETE, .op = 17, .value = 1});
	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_ep_context(b, 1, 3, EP_DISABLED, EP_BULK_IN);
	assert_fired(b, oracle_packet);
	assert_int_equal(oracle_set_finding(b->set)->op, 17);
}

static void a_reset_set_is_like_a_new_one(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 3; i++) {
		bed_bulk_in(b);
		bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
		bed_move(b, BED_DATA, 512);
		assert_clean(b);
		oracle_set_reset(b->set);
		b->time_ns = 0;
		b->packet = 0;
		bed_start(b);
	}
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	assert_fired(b, oracle_ring_walk);
}

static void every_oracle_has_a_name_and_a_clause(void **state)
{
	unsigned count = 0;

	(void)state;
	for (; oracle_list[count]; count++) {
		assert_true(strlen(oracle_list[count]->name) > 0);
		assert_true(strlen(oracle_list[count]->clause) > 0);
	}
	assert_int_equal(count, 19);
}

static void narrow_accesses_blind_the_model_until_the_end(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_CRCR + 1, 0x77, 1);
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	bed_complete_at(b, 0x123450, CC_SUCCESS, 0);
	assert_clean(b);
}

static void geometry_is_learnt_from_what_the_guest_reads(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_read(b, XHCI_CAPLENGTH, 0x01000080, 4);
	bed_write(b, 0x80 + XHCI_USBCMD, USBCMD_RS, 4);
	bed_write(b, 0x80 + XHCI_CRCR, 0x5000 | CRCR_RCS, 8);
	b->command = 0x5000;
	bed_command(b, TRB_NO_OP_COMMAND, 0, 0);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(nothing_left_is_fine),
		bed_test(anything_left_fires),
		bed_test(the_first_finding_is_kept_with_its_op),
		bed_test(a_reset_set_is_like_a_new_one),
		bed_test(every_oracle_has_a_name_and_a_clause),
		bed_test(narrow_accesses_blind_the_model_until_the_end),
		bed_test(geometry_is_learnt_from_what_the_guest_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
