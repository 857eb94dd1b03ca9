// SPDX-License-Identifier: MIT
/*
 * saves.c -- a machine that is saved and loaded goes on as one that was only saved: whatever a table of
 * fields has forgotten, the trace shows sooner or later. No oracle on one trace can see it.
 */
#include "op/args.h"
#include "op/names.h"
#include "run.h"

static const struct oracle goes_on = {"goes on as saved", "xHCI 4.23.2"};

/* The program with the op `snapshot` doing less: true where it loads, and nothing but the truth. */
static bool keep_only(struct op_program *keeping, const struct op_program *p)
{
	bool loads = false, lies = false;

	for (unsigned i = 0; i < p->count; i++) {
		struct op op = p->op[i];

		if (op.id == OP_SNAPSHOT) {
			loads |= ARG(&op, SNAPSHOT, how) == SNAPSHOT_LOAD;
			lies |= ARG(&op, SNAPSHOT, how) > SNAPSHOT_KEEP;
			op.v[ARG_INDEX(SNAPSHOT, how)] = SNAPSHOT_KEEP;
		}
		op_program_append(keeping, &op);
	}
	return loads && !lies;
}

/* marks: room for the hash after each op */
static void run_marked(struct harness *h, const struct op_program *p, uint64_t *marks,
		       struct harness_result *ret)
{
	trace_sink *also = h->options.also;

	h->options.also = NULL; /* who listens has heard it */
	h->marks = marks;
	harness_run(h, p, ret);
	h->marks = NULL;
	h->options.also = also;
}

static void compare(struct harness *h, const struct op_program *loading,
		    const struct op_program *keeping, struct harness_result *ret)
{
	struct harness_result loaded, kept;
	unsigned op = 0, count = loading->count;
	uint64_t *marks = alloc_zero(2ul * count * sizeof(*marks));

	run_marked(h, loading, marks, &loaded);
	run_marked(h, keeping, marks + count, &kept);
	while (op < count && marks[op] == marks[count + op])
		op++;
	free(marks);
	if (loaded.hash == kept.hash)
		return;
	ret->finding.oracle = &goes_on;
	ret->finding.op = op;
	snprintf(
		ret->finding.detail, sizeof(ret->finding.detail),
		"where the machine is only saved (snapshot how=keep) the trace is another one here");
}

void harness_judge_saves(struct harness *h, const struct op_program *p, struct harness_result *ret)
{
	struct op_program keeping;

	if (ret->finding.oracle)
		return;
	op_program_init(&keeping);
	if (keep_only(&keeping, p))
		compare(h, p, &keeping, ret);
	op_program_fini(&keeping);
}
