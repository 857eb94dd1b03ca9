// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void packet(struct bed *b, unsigned what, unsigned pid, uint64_t id, uint32_t len)
{
	bed_row(b,
		(struct trace_row){.kind = TRACE_PACKET,
				   .what = (uint8_t)what,
				   .pid = (uint8_t)pid,
				   .value = id,
				   .len = len});
}

static void submit_and_finish_or_cancel_is_fine(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 200; i++) {
		packet(b, PACKET_SUBMIT, 1, i, 64);
		packet(b, PACKET_SUBMIT, 0, 1000 + i, 64);
		packet(b, PACKET_COMPLETE, 1, i, 64);
		packet(b, PACKET_CANCEL, 0, 1000 + i, 0);
	}
	assert_clean(b);
}

static void a_packet_refused_may_come_again(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_COMPLETE, 1, 7, 0);
	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_COMPLETE, 1, 7, 64);
	assert_clean(b);
}

static void a_second_completion_fires(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_COMPLETE, 1, 7, 64);
	packet(b, PACKET_COMPLETE, 1, 7, 64);
	assert_fired(b, oracle_packet);
}

static void a_completion_after_a_cancel_fires(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_CANCEL, 1, 7, 0);
	packet(b, PACKET_COMPLETE, 1, 7, 64);
	assert_fired(b, oracle_packet);
}

static void submitting_what_is_under_way_fires(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_SUBMIT, 1, 7, 64);
	assert_fired(b, oracle_packet);
}

static void more_bytes_than_there_is_room_for_fires(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 1, 7, 64);
	packet(b, PACKET_COMPLETE, 1, 7, 65);
	assert_fired(b, oracle_packet);
}

static void a_setup_that_is_not_8_bytes_fires(void **state)
{
	struct bed *b = *state;

	packet(b, PACKET_SUBMIT, 2, 7, 9);
	assert_fired(b, oracle_packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(submit_and_finish_or_cancel_is_fine),
		bed_test(a_packet_refused_may_come_again),
		bed_test(a_second_completion_fires),
		bed_test(a_completion_after_a_cancel_fires),
		bed_test(submitting_what_is_under_way_fires),
		bed_test(more_bytes_than_there_is_room_for_fires),
		bed_test(a_setup_that_is_not_8_bytes_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
