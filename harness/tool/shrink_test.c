// SPDX-License-Identifier: MIT
/* shrink_test.c -- what is left is smaller and ends as it did; real children die of it. */
#include <signal.h>
#include <unistd.h>

#include "tool/testbed.h"

/* In the child: it dies of any op "unplug". */
static void dies_of_an_unplug(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	if (row->kind != TRACE_OP || row->value != OP_UNPLUG)
		return;
	fprintf(stderr, "REQUIRE failed: a test\n");
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static struct tool_verdict verdict_of(struct tool_case *c)
{
	struct tool_play p = {.also = dies_of_an_unplug, .quiet_child = true};

	assert_int_equal(tool_play(&p, c), 0);
	tool_play_free(&p);
	assert_int_equal(p.verdict.kind, VERDICT_CRASH);
	return p.verdict;
}

static void only_what_it_takes_is_left(void **state)
{
	struct tool_case c = bed_case("plug\nstep usec=7\nenumerate\nunplug port=3\nstep usec=1\n");
	struct tool_shrink s = {.verdict = verdict_of(&c), .also = dies_of_an_unplug};
	struct tool_verdict after;
	char *text;

	(void)state;
	assert_int_equal(tool_shrink(&s, &c), 0);
	after = verdict_of(&c);
	text = tool_case_text(&c);
	assert_string_equal(text, "unplug\n");
	assert_true(after.bucket == s.verdict.bucket);
	assert_in_range(s.tries, 2, 50);
	assert_false(s.out_of_time);
	free(text);
	tool_case_free(&c);
}

static void when_time_is_up_nothing_is_tried(void **state)
{
	struct tool_case c = bed_case("plug\nunplug\n");
	struct tool_shrink s = {
		.verdict = verdict_of(&c), .end_msec = 1, .also = dies_of_an_unplug};

	(void)state;
	assert_int_equal(tool_shrink(&s, &c), 0);
	assert_true(s.out_of_time);
	assert_int_equal(s.tries, 0);
	assert_int_equal(c.program.count, 2);
	tool_case_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_it_takes_is_left),
		cmocka_unit_test(when_time_is_up_nothing_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
