// SPDX-License-Identifier: MIT
/*
 * Tests of warm starts: less is played, and nothing else is different.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness.h"
#include "heap.h"

#define LONG "profile name=nec-usb-xhci\nplug model=storage\nenumerate\nread-sector\nwrite-sector\n"

/* Eight hundred rows, and then an op that makes more than fourteen hundred. */
#define CIRCLE                                                                                      \
	"plug model=scripted\nstart\nenumerate\nplug model=storage port=3\nenumerate port=3\n"      \
	"plug model=keyboard port=4\nenumerate port=4\nplug model=mouse port=5\nenumerate port=5\n" \
	"plug model=uas port=6\nenumerate port=6\nplug model=tablet port=7\nenumerate port=7\n"     \
	"control slot=2\ncontrol slot=2\ncontrol slot=2\nplug model=hub port=2\n"                   \
	"trb slot=1 ring=ep1out\ntrb slot=1 ring=ep1out type=link\n"                                \
	"doorbell slot=1 target=2\nenumerate port=2\n"

static unsigned played, rows;
static struct harness *harness;

static void count_op(void *opaque, unsigned index, const struct op *op)
{
	(void)opaque;
	(void)index;
	(void)op;
	played++;
}

static void count_row(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	(void)row;
	rows++;
}

static int setup(void **state)
{
	struct harness_options options = {.on_op = count_op, .also = count_row};

	(void)state;
	heap_arena_open();
	harness = harness_new(&options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_free(harness);
	return 0;
}

/* Fuzz it often; returns the fewest ops that one go took. Every 64th go compares the hashes. */
static unsigned fewest(const char *text, unsigned times)
{
	struct op_program p;
	struct op_error error;
	uint8_t bytes[4096];
	unsigned least = UINT32_MAX;
	size_t len;

	op_program_init(&p);
	if (op_parse(&p, text, strlen(text), &error))
		fail_msg("%s", error.message);
	len = op_encode(&p, bytes, sizeof(bytes));
	op_program_fini(&p);
	while (times--) {
		played = rows = 0;
		harness_fuzz_one(harness, bytes, len);
		least = (unsigned)min_u64(least, played);
	}
	return least;
}

static void what_was_played_is_not_played_again(void **state)
{
	(void)state;
	assert_int_equal(fewest(LONG, 1), 2 * 5); /* the first input is played twice */
	/* where there is no arena, all starts are cold */
	assert_true(fewest(LONG, 3) < 5 || !heap_has_arena());
	assert_true(fewest(LONG, 3) == 5 || heap_has_arena());
}

static void an_op_that_differs_is_played(void **state)
{
	(void)state;
	fewest(LONG, 3);
	assert_int_equal(fewest("profile name=nec-usb-xhci\nplug model=keyboard\nenumerate\n", 1),
			 3);
	assert_int_equal(fewest("profile name=qemu-xhci\nplug model=storage\nenumerate\n", 1), 3);
	assert_true(fewest(LONG "transfer length=9\n", 1) < 6 || !heap_has_arena());
}

/* Many programs with much in common, each judged against a cold run now and then. */
static void warm_and_cold_runs_have_one_hash(void **state)
{
	char text[sizeof(LONG) + 200];

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		snprintf(text, sizeof(text),
			 LONG "read-sector lba=%u\nkey qnum=%u\nenumerate\nstep usec=%u\n", i % 7,
			 i % 5, i % 3);
		fewest(text, 1);
	}
}

/* In the middle of an op, where it goes round in circles; replay, which is cold, plays all of it. */
static void a_long_op_is_cut_while_fuzzing(void **state)
{
	(void)state;
	fewest(LONG, 1);
	fewest(CIRCLE, 1);
	if (heap_has_arena())
		assert_in_range(rows, 2000, 2100);
	else
		assert_true(rows > 2200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_played_is_not_played_again),
		cmocka_unit_test(an_op_that_differs_is_played),
		cmocka_unit_test(warm_and_cold_runs_have_one_hash),
		cmocka_unit_test(a_long_op_is_cut_while_fuzzing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
