// SPDX-License-Identifier: MIT
/*
 * harness.h -- the front door: play a program on a backend and judge it.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "base.h"
#include "op/op.h"
#include "oracle/oracle.h"
#include "trace.h"

struct harness; /* a backend, its driver, the oracles, the trace */

struct harness_options {
	trace_sink *also; /* every row goes here too (a printer), NULL = none */
	void *also_opaque;
	/* called before each op runs, NULL = none */
	void (*on_op)(void *opaque, unsigned index, const struct op *op);
	void *on_op_opaque;
	bool polite; /* fuzzing: inputs are made polite (op_program_polite) */
	bool lies;   /* fuzzing: saved state is hostile, else inputs are made honest */
};

struct harness_result {
	struct finding finding; /* finding.oracle == NULL: clean */
	uint64_t hash;          /* of the whole trace */
	unsigned ops;           /* ops played */
};

struct harness *harness_new(const struct harness_options *options);
void harness_free(struct harness *h);

/* Play from power-on to power-off. Deterministic: same program, same hash, whatever ran before. */
void harness_run(struct harness *h, const struct op_program *p, struct harness_result *ret);

/*
 * To a clean run of p (ret): where the op `snapshot` loads what it saved, p is played twice more, once
 * with the machine only saved. If the traces differ, that is ret's finding, at the first op where they do.
 */
void harness_judge_saves(struct harness *h, const struct op_program *p, struct harness_result *ret);

/*
 * What a fuzz target calls: decode, run (every 64th input twice: the hashes must be equal; there saves
 * are judged too); on a finding prints the verdict line to stderr and aborts.
 */
void harness_fuzz_one(struct harness *h, const uint8_t *data, size_t len);
/* LLVMFuzzerCustomMutator and CustomCrossOver for these inputs (op/chain.h). */
size_t harness_mutate(struct harness *h, uint8_t *data, size_t size, size_t max_size,
		      unsigned seed);
size_t harness_crossover(struct harness *h, const uint8_t *a, size_t a_size, const uint8_t *b,
			 size_t b_size, uint8_t *out, size_t max_size, unsigned seed);

/* The verdict line, the same everywhere: `CLEAN`, or `VIOLATED <clause> <name> at op <n>: ...`. */
void harness_print_verdict(const struct harness_result *r, FILE *out);

/* Index of the op being played (or played last): for a crash handler. */
unsigned harness_current_op(const struct harness *h);

/* Ops played since harness_new: for `stat::ops_executed`. */
uint64_t harness_ops_played(const struct harness *h);

#endif
