// SPDX-License-Identifier: MIT
/*
 * Tests of recordings: a guest that we know (the driver of a program) is recorded, and what becomes of that is
 * the same when it is played.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"
#include "op/args.h"
#include "op/names.h"
#include "tool/record.h"

struct place {
	char folder[40], path[60];
	struct record_file *file;
	struct recording recording;
	struct record_cutter cutter;
	struct record_life life;
	uint64_t now_ns;
	unsigned mmio;
};

static int setup(void **state)
{
	struct place *p = alloc_zero(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/recording", p->folder);
	op_program_init(&p->life.program);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	record_life_free(&p->life);
	record_cutter_fini(&p->cutter);
	recording_free(&p->recording);
	unlink(p->path);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void row_written(void *opaque, const struct trace_row *row)
{
	struct place *p = opaque;

	p->now_ns = row->time_ns;
	p->mmio += row->kind == TRACE_MMIO;
	record_file_row(p->file, row);
}

/* What a served machine says of its control socket. */
static void op_begins(void *opaque, unsigned index, const struct op *op)
{
	struct place *p = opaque;
	char text[200];

	(void)index;
	if (op_table[op->id].side != SIDE_DEVICE)
		return;
	op_print(op, text, sizeof(text));
	record_file_note(p->file, p->now_ns, text);
}

/* Play text on the first profile and open what was recorded. */
static void record(struct place *p, const char *text)
{
	const struct record_head head = {"qemu-xhci", 0x40, 0x1000, 0x2000};
	struct harness_options options = {row_written, p, op_begins, p, false, false};
	struct harness *h = harness_new(&options);
	struct harness_result result;
	struct op_program program;
	struct op_error error;

	op_program_init(&program);
	assert_int_equal(op_parse(&program, text, strlen(text), &error), 0);
	assert_int_equal(record_file_open(p->path, &head, &p->file), 0);
	harness_run(h, &program, &result);
	assert_null(result.finding.oracle);
	assert_int_equal(record_file_close(p->file), 0);
	harness_free(h);
	op_program_fini(&program);
	assert_int_equal(recording_read(p->path, &p->recording), 0);
	assert_string_equal(p->recording.head.profile, "qemu-xhci");
	assert_int_equal(p->recording.head.doorbell, 0x2000);
	record_cutter_init(&p->cutter, &p->recording, OP_MAX_OPS);
}

/* The first life, made and compared. */
static void make(struct place *p, struct record_result *ret)
{
	record_life_free(&p->life);
	assert_true(record_life_next(&p->cutter, &p->life));
	record_life_make(&p->cutter, &p->life, 8000);
	record_check(&p->recording, &p->life, ret);
}

static unsigned count_ops(const struct op_program *p, unsigned id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->count; i++)
		n += p->op[i].id == id;
	return n;
}

static void an_enumeration_and_a_key_are_the_same_when_played(void **state)
{
	struct record_result result;
	struct place *p = *state;

	record(p,
	       "plug port=1 model=keyboard\nenumerate port=1\nstep usec=1000\nkey qnum=30\n"
	       "step usec=20000\nstep usec=1000\n");
	make(p, &result);
	assert_string_equal(result.why, "");
	assert_true(result.clean);
	assert_true(result.requests >= 4);
	assert_true(result.events > 8);
	assert_int_equal(count_ops(&p->life.program, OP_KEY), 1);
	assert_int_equal(count_ops(&p->life.program, OP_PLUG), 1);
	assert_true(count_ops(&p->life.program, OP_MEMORY) > 4);
	assert_int_equal(count_ops(&p->life.program, OP_ENUMERATE), 0);
}

static void sectors_that_are_read_and_written_are_the_same_when_played(void **state)
{
	struct record_result result;
	struct place *p = *state;

	record(p,
	       "plug port=1 model=storage\nenumerate port=1\nread-sector lba=1 count=2\n"
	       "write-sector lba=7 count=1\nread-sector lba=7 count=64\nunplug port=1\nstep usec=1000\n");
	make(p, &result);
	assert_string_equal(result.why, "");
	assert_true(result.clean);
	assert_true(result.events > 12);
}

static void what_only_repeats_is_cut_off(void **state)
{
	struct record_result result;
	struct place *p = *state;
	char text[2000] = "plug port=1 model=storage\nenumerate port=1\n";

	for (unsigned i = 0; i < 40; i++)
		strcat(text, "read-sector lba=1 count=1\n");
	record(p, text);
	make(p, &result);
	assert_string_equal(result.why, "");
	assert_true(p->life.ops_cut > 40);
	assert_true(p->life.end_row < p->life.next_row);
	assert_true(p->life.program.count + p->life.ops_cut < p->mmio * 2);
}

static void each_reset_after_use_begins_a_life_with_what_is_there(void **state)
{
	struct record_result result;
	struct place *p = *state;

	record(p,
	       "plug port=2 model=keyboard\nplug port=3 model=tablet\nenumerate port=2\nunplug port=3\n"
	       "start\nenumerate port=2\n");
	make(p, &result);
	assert_string_equal(result.why, "");
	record_life_pass(&p->cutter, &p->life);
	assert_true(p->life.new_shapes > 10);
	make(p, &result);
	assert_string_equal(result.why, "");
	assert_true(result.requests >= 4);
	assert_int_equal(count_ops(&p->life.program, OP_PLUG), 1);
	record_life_pass(&p->cutter, &p->life);
	assert_true(p->life.new_shapes < 10); /* the same once more */
	record_life_free(&p->life);
	assert_false(record_life_next(&p->cutter, &p->life));
}

static void a_program_that_is_too_long_ends_at_an_action(void **state)
{
	struct record_result result;
	struct place *p = *state;

	record(p, "plug port=1 model=keyboard\nenumerate port=1\n");
	p->cutter.ops_max = 60;
	make(p, &result);
	assert_true(p->life.program.count <= 60);
	assert_true(p->life.ops_cut > 0);
	assert_string_equal(result.why, "");
	assert_true(result.events > 0);
}

static void a_difference_is_seen(void **state)
{
	struct record_result result;
	struct place *p = *state;

	record(p, "plug port=1 model=keyboard\nenumerate port=1\n");
	make(p, &result);
	assert_string_equal(result.why, "");
	for (unsigned i = 0; i < p->life.program.count; i++)
		if (p->life.program.op[i].id == OP_PLUG)
			p->life.program.op[i].v[ARG_INDEX(PLUG, model)] =
				(uint64_t)op_names_find_value(&names_model, MODEL_TABLET);
	record_check(&p->recording, &p->life, &result);
	assert_non_null(strstr(result.why, "now "));
}

static void what_is_no_recording_is_refused(void **state)
{
	struct place *p = *state;
	struct recording r;
	FILE *out;

	assert_int_equal(recording_read("/no/such/file", &r), -ENOENT);
	assert_int_equal(recording_read("/dev/null", &r), -EINVAL);
	out = fopen(p->path, "w");
	assert_non_null(out);
	for (unsigned i = 0; i < 100; i++)
		fputs("plug port=1\n", out);
	fclose(out);
	assert_int_equal(recording_read(p->path, &r), -EINVAL);
	assert_int_equal(r.count, 0);
}

static void a_recording_that_breaks_off_keeps_its_whole_rows(void **state)
{
	struct place *p = *state;
	size_t count;

	record(p, "plug port=1 model=keyboard\nenumerate port=1\n");
	count = p->recording.count;
	recording_free(&p->recording);
	assert_int_equal(truncate(p->path, 64 + 40 + 40 + 39), 0);
	assert_int_equal(recording_read(p->path, &p->recording), 0);
	assert_true(p->recording.count >= 1 && p->recording.count <= 2);
	assert_true(p->recording.count < count);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(an_enumeration_and_a_key_are_the_same_when_played),
		place_test(sectors_that_are_read_and_written_are_the_same_when_played),
		place_test(what_only_repeats_is_cut_off),
		place_test(each_reset_after_use_begins_a_life_with_what_is_there),
		place_test(a_program_that_is_too_long_ends_at_an_action),
		place_test(a_difference_is_seen),
		place_test(what_is_no_recording_is_refused),
		place_test(a_recording_that_breaks_off_keeps_its_whole_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
