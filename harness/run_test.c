// SPDX-License-Identifier: MIT
/*
 * Tests of the front door: programs played on the built-in machine with every oracle on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness.h"
#include "heap.h"
#include "op/args.h"
#include "op/names.h"

#define RANDOM_PROGRAMS 1500u

struct bed {
	struct harness *h;
	struct op_program p;
	unsigned rows, last_op;
};

static void count_row(void *opaque, const struct trace_row *row)
{
	(void)row;
	((struct bed *)opaque)->rows++;
}

static void note_op(void *opaque, unsigned index, const struct op *op)
{
	(void)op;
	((struct bed *)opaque)->last_op = index;
}

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));
	struct harness_options options = {count_row, bed, note_op, bed, false, false};

	bed->h = harness_new(&options);
	op_program_init(&bed->p);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	harness_free(bed->h);
	op_program_fini(&bed->p);
	free(bed);
	return 0;
}

static void run_text(struct bed *bed, const char *text, struct harness_result *ret)
{
	struct op_error error = {0};

	op_program_clear(&bed->p);
	if (op_parse(&bed->p, text, strlen(text), &error))
		fail_msg("line %u: %s", error.line, error.message);
	harness_run(bed->h, &bed->p, ret);
}

static void must_be_clean(const struct harness_result *r, const char *what)
{
	if (r->finding.oracle)
		fail_msg("%s: %s %s at op %u: %s", what, r->finding.oracle->clause,
			 r->finding.oracle->name, (unsigned)r->finding.op, r->finding.detail);
}

static void an_empty_input_is_a_clean_enumeration(void **state)
{
	struct bed *bed = *state;
	struct harness_result r;

	op_decode(&bed->p, NULL, 0);
	harness_run(bed->h, &bed->p, &r);
	must_be_clean(&r, "empty input");
	assert_int_equal(r.ops, 1);
	assert_true(bed->rows > 100);
	harness_fuzz_one(bed->h, NULL, 0); /* would abort */
}

static void callers_see_every_op_and_every_row(void **state)
{
	struct bed *bed = *state;
	struct harness_result r;

	run_text(bed, "start\nstep usec=1\nread\nread", &r);
	assert_int_equal(r.ops, 4);
	assert_int_equal(bed->last_op, 3);
	assert_int_equal(harness_current_op(bed->h), 3);
	assert_int_equal(harness_ops_played(bed->h), 4);
}

/* What an op does on each controller when it comes first, and when a device is configured. */
static void every_op_plays_on_every_profile(void **state)
{
	static const char *const before[] = {"", "enumerate model=scripted\n",
					     "enumerate model=storage\nenumerate\n"};
	struct bed *bed = *state;
	struct harness_result r;
	char text[160];

	for (unsigned profile = 0; profile < names_profile.count; profile++) {
		for (unsigned id = 0; id < OP_COUNT; id++) {
			for (unsigned i = 0; i < ARRAY_SIZE(before); i++) {
				snprintf(text, sizeof(text),
					 "profile name=%s\n%s%s\nstep usec=1000",
					 names_profile.name[profile], before[i], op_table[id].name);
				run_text(bed, text, &r);
				must_be_clean(&r, text);
			}
		}
	}
}

static void each_driver_enumerates_each_model_cleanly_on_each_profile(void **state)
{
	struct bed *bed = *state;
	struct harness_result r;
	char text[160];

	for (unsigned i = 0; i < names_profile.count * names_driver.count * names_model.count;
	     i++) {
		unsigned model = i % names_model.count, rest = i / names_model.count;

		snprintf(text, sizeof(text),
			 "profile name=%s\nstart driver=%s intrs=2\nenumerate model=%s\n"
			 "step usec=100000\nunplug\nstep usec=1000",
			 names_profile.name[rest / names_driver.count],
			 names_driver.name[rest % names_driver.count], names_model.name[model]);
		run_text(bed, text, &r);
		must_be_clean(&r, text);
		assert_int_equal(r.ops, 6);
	}
}

static void the_first_run_on_a_profile_is_like_every_other(void **state)
{
	struct bed *bed = *state;
	struct harness_result first, again;

	run_text(bed, "profile name=nec-usb-xhci\nenumerate", &first);
	run_text(bed, "profile name=nec-usb-xhci\nenumerate", &again);
	assert_true(first.hash == again.hash);
}

/* The hash of a program does not depend on what ran before it. */
static void random_programs_play_the_same_in_any_order(void **state)
{
	struct bed *bed = *state;
	struct harness_result first, again, other;
	uint8_t bytes[2048];

	for (unsigned i = 0; i < RANDOM_PROGRAMS; i++) {
		size_t len = 0;

		for (unsigned k = 0; k < 1 + i % 5; k++)
			len = op_mutate(bytes, len, sizeof(bytes), i * 8 + k, OP_SCOPE_ALL);
		op_decode(&bed->p, bytes, len);
		harness_run(bed->h, &bed->p, &first);
		if (i % 8)
			continue;
		run_text(bed, "profile name=conformant\nenumerate model=storage\nread-sector",
			 &other);
		op_program_clear(&bed->p);
		op_decode(&bed->p, bytes, len);
		harness_run(bed->h, &bed->p, &again);
		assert_true(first.hash == again.hash);
		assert_int_equal(first.ops, again.ops);
	}
}

static void the_verdict_is_one_line(void **state)
{
	static const struct oracle oracle = {"event ring overwrite", "xHCI 4.9.4"};
	struct harness_result r = {.finding = {&oracle, 17, "TRB 3"}};
	char text[100] = {0};
	FILE *out;

	(void)state;
	out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	harness_print_verdict(&r, out);
	fclose(out);
	assert_string_equal(text, "VIOLATED xHCI 4.9.4 event ring overwrite at op 17: TRB 3\n");
	r.finding.oracle = NULL;
	out = fmemopen(text, sizeof(text), "w");
	harness_print_verdict(&r, out);
	fclose(out);
	assert_string_equal(text, "CLEAN\n");
}

static void leave_a_block(void *opaque, unsigned index, const struct op *op)
{
	(void)op;
	if (!index)
		*(void **)opaque = heap_zero(1);
}

static void a_block_that_nobody_frees_is_a_finding(void **state)
{
	void *block = NULL;
	struct harness_options options = {.on_op = leave_a_block, .on_op_opaque = &block};
	struct harness *h = harness_new(&options);
	struct harness_result result;
	struct bed *bed = *state;

	op_program_clear(&bed->p);
	op_program_append(&bed->p, &(struct op){.id = OP_ENUMERATE});
	harness_run(h, &bed->p, &result);
	assert_ptr_equal(result.finding.oracle, &oracle_balance);
	assert_non_null(strstr(result.finding.detail, "1 blocks of memory"));
	heap_free(block);
	harness_free(h);
}

/* As if loading had changed what comes next: time moves by something else. */
static void forget(void *opaque, unsigned index, const struct op *op)
{
	bool *forgetful = opaque;
	struct op *next = (struct op *)op + 1;

	(void)index;
	if (*forgetful && op->id == OP_SNAPSHOT && next->id == OP_STEP)
		next->v[ARG_INDEX(STEP, usec)] = 5 + ARG(op, SNAPSHOT, how);
}

static void a_machine_that_goes_on_otherwise_is_a_finding(void **state)
{
	bool forgetful = false;
	struct harness_options options = {.on_op = forget, .on_op_opaque = &forgetful};
	struct bed *bed = *state;
	struct harness_result r;

	harness_free(bed->h);
	bed->h = harness_new(&options);
	run_text(bed, "enumerate\nsnapshot\nstep\nread", &r);
	harness_judge_saves(bed->h, &bed->p, &r);
	must_be_clean(&r, "nothing is forgotten");
	forgetful = true;
	harness_judge_saves(bed->h, &bed->p, &r);
	assert_non_null(r.finding.oracle);
	assert_string_equal(r.finding.oracle->name, "goes on as saved");
	assert_int_equal(r.finding.op, 2);

	/* Without a load there is nothing to judge, after a lie nothing that can be. */
	run_text(bed, "enumerate\nsnapshot how=keep\nstep\nread", &r);
	harness_judge_saves(bed->h, &bed->p, &r);
	must_be_clean(&r, "it is not loaded");
	run_text(bed, "enumerate\nsnapshot how=lie\nsnapshot\nstep\nread", &r);
	harness_judge_saves(bed->h, &bed->p, &r);
	must_be_clean(&r, "it was lied to");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_empty_input_is_a_clean_enumeration),
		T(callers_see_every_op_and_every_row),
		T(every_op_plays_on_every_profile),
		T(each_driver_enumerates_each_model_cleanly_on_each_profile),
		T(the_first_run_on_a_profile_is_like_every_other),
		T(random_programs_play_the_same_in_any_order),
		T(the_verdict_is_one_line),
		T(a_block_that_nobody_frees_is_a_finding),
		T(a_machine_that_goes_on_otherwise_is_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
