// SPDX-License-Identifier: MIT
/* The whole machine as saved state: programs that save it, and what becomes of lies. */
#include "harness.h"
#include "op/names.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIES 8u
#define IMOD_7 0x1104u /* of qemu-xhci */

static struct op_program *program(const char *text)
{
	struct op_program *p = alloc_zero(sizeof(*p));
	struct op_error error;

	op_program_init(p);
	assert_int_equal(op_parse(p, text, strlen(text), &error), 0);
	return p;
}

static void free_program(struct op_program *p)
{
	op_program_fini(p);
	free(p);
}

struct seen {
	unsigned refused, lied, cancelled, submitted;
	uint64_t imod_7; /* as software read it last */
	uint64_t bytes;
	bool saved;
};

static void look(void *opaque, const struct trace_row *row)
{
	struct seen *seen = opaque;

	if (row->kind == TRACE_STATE) {
		seen->refused += row->what == STATE_REFUSED;
		seen->lied += row->what == STATE_LIED;
		seen->saved = true;
	} else if (row->kind == TRACE_PACKET) {
		seen->cancelled += row->what == PACKET_CANCEL;
		seen->submitted += seen->saved && row->what == PACKET_SUBMIT;
		if (seen->saved && row->what == PACKET_COMPLETE)
			seen->bytes += row->len;
	} else if (row->kind == TRACE_MMIO && row->addr == IMOD_7 && !(row->flags & TRACE_WRITE)) {
		seen->imod_7 = row->value;
	}
}

static void play(const struct op_program *p, struct seen *seen, struct harness_result *ret)
{
	struct harness_options options = {.also = look, .also_opaque = seen};
	struct harness *h = harness_new(&options);

	harness_run(h, p, ret);
	harness_free(h);
}

static struct op *snapshot_of(struct op_program *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->op[i].id == OP_SNAPSHOT)
			return &p->op[i];
	fail();
	return NULL;
}

/* Every number of a machine with a hub, a disk, streams and a control transfer in the middle. */
static void each_lie_is_refused_or_harmless(void **state)
{
	struct op_program *p = program("profile name=conformant\n"
				       "enumerate port=1 model=hub\n"
				       "enumerate port=1 model=keyboard route=2\n"
				       "key qnum=30\n"
				       "enumerate port=2 model=storage\n"
				       "read-sector\n"
				       "plug port=3 model=scripted speed=super\n"
				       "enumerate port=3\n"
				       "streams ring=ep1out\n"
				       "answer port=3 ep=1 pid=out status=async\n"
				       "stream ring=ep1out stream=1 length=1024\n"
				       "control flags=no-status\n"
				       "snapshot how=lie\n"
				       "doorbell slot=4 target=2 stream=1\n"
				       "control\n"
				       "read-sector slot=3\n"
				       "unplug port=1\n"
				       "step usec=20000\n");
	struct harness_result r;
	struct seen seen = {0};

	(void)state;
	for (unsigned nth = 0; nth < 900; nth++) {
		struct op *op = snapshot_of(p);

		op->v[1] = nth;
		op->v[2] = nth % LIES;
		op->v[3] = nth * UINT64_C(0x9e3779b97f4a7c15);
		play(p, &seen, &r);
		assert_null(r.finding.oracle);
	}
	assert_int_equal(seen.refused + seen.lied, 900);
	assert_true(seen.refused > 100 && seen.lied > 100);
	free_program(p);
}

static void a_state_that_is_cut_is_refused(void **state)
{
	struct op_program *p = program("enumerate port=1 model=storage\nsnapshot how=cut\n");
	struct harness_result r;
	struct seen seen = {0};

	(void)state;
	for (unsigned missing = 1; missing < 600; missing++) {
		snapshot_of(p)->v[3] = missing;
		play(p, &seen, &r);
		assert_null(r.finding.oracle);
	}
	assert_int_equal(seen.refused, 599);
	free_program(p);
}

static void what_a_device_has_is_taken_back_and_asked_for_again(void **state)
{
	struct op_program *p = program("enumerate port=1 model=scripted\n"
				       "answer ep=1 pid=in status=async\n"
				       "transfer ring=ep1in length=512\n"
				       "answer ep=1 pid=in data=\"again\"\n"
				       "snapshot\n");
	struct harness_result r;
	struct seen seen = {0};

	(void)state;
	play(p, &seen, &r);
	assert_null(r.finding.oracle);
	assert_int_equal(seen.cancelled, 1);
	assert_int_equal(seen.submitted, 1);
	assert_int_equal(seen.bytes, 5);
	free_program(p);
}

/* Nothing else of that interrupter is in use, and no time has passed. */
static void one_register_of_an_interrupter_is_state_enough(void **state)
{
	struct op_program *p = program("start\n"
				       "write reg=IMOD index=7 value=0x20\n"
				       "snapshot\n"
				       "read reg=IMOD index=7\n");
	struct harness_result r;
	struct seen seen = {0};

	(void)state;
	play(p, &seen, &r);
	assert_null(r.finding.oracle);
	assert_int_equal(seen.imod_7, 0x20);
	free_program(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_is_refused_or_harmless),
		cmocka_unit_test(a_state_that_is_cut_is_refused),
		cmocka_unit_test(what_a_device_has_is_taken_back_and_asked_for_again),
		cmocka_unit_test(one_register_of_an_interrupter_is_state_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
