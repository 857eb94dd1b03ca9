// SPDX-License-Identifier: MIT
/* child_test.c -- whatever a case does in its child, the parent tells what it was. */
#include <signal.h>
#include <unistd.h>

#include "tool/testbed.h"

/* Plays in the child when op 1 begins. */
static void at_op_1(const struct trace_row *row, void (*act)(void))
{
	if (row->kind == TRACE_OP && row->addr == 1)
		act();
}

static void die(void)
{
	fprintf(stderr, "REQUIRE failed: a test\n");
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static void hang(void)
{
	for (;;)
		pause();
}

static void leave(void)
{
	_exit(7);
}

static void dying(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	at_op_1(row, die);
}

static void hanging(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	at_op_1(row, hang);
}

static void leaving(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	at_op_1(row, leave);
}

static struct tool_verdict verdict_with(trace_sink *sink)
{
	struct tool_play p = {.also = sink, .timeout_sec = 1, .quiet_child = true};
	struct tool_case c = bed_case("plug\nstep usec=1\nunplug\n");

	assert_int_equal(tool_play(&p, &c), 0);
	tool_play_free(&p);
	tool_case_free(&c);
	return p.verdict;
}

static void clean_case_has_the_hash_it_has_here(void **state)
{
	struct tool_play p = {.quiet_child = true};
	struct tool_case c = bed_case("enumerate\nstep usec=1000\n");
	struct harness *h = harness_new(NULL);
	struct harness_result r;

	(void)state;
	tool_case_play(h, &c, &r);
	harness_free(h);
	assert_int_equal(tool_play(&p, &c), 0);
	assert_int_equal(p.verdict.kind, VERDICT_CLEAN);
	assert_int_equal(p.ops, 2);
	assert_true(p.hash == r.hash);
	tool_play_free(&p);
	tool_case_free(&c);
}

static void death_is_a_crash_at_its_op(void **state)
{
	struct tool_verdict v = verdict_with(dying);

	(void)state;
	assert_int_equal(v.kind, VERDICT_CRASH);
	assert_int_equal(v.op, 1);
	assert_string_equal(v.what, "REQUIRE");
}

static void endless_case_is_a_hang(void **state)
{
	struct tool_verdict v = verdict_with(hanging);

	(void)state;
	assert_int_equal(v.kind, VERDICT_HANG);
	assert_int_equal(v.op, 1);
}

static void leaving_early_is_a_crash(void **state)
{
	struct tool_verdict v = verdict_with(leaving);

	(void)state;
	assert_int_equal(v.kind, VERDICT_CRASH);
	assert_string_equal(v.what, "exit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_case_has_the_hash_it_has_here),
		cmocka_unit_test(death_is_a_crash_at_its_op),
		cmocka_unit_test(endless_case_is_a_hang),
		cmocka_unit_test(leaving_early_is_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
