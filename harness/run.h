// SPDX-License-Identifier: MIT
/*
 * run.h -- the inside of the front door, for the files that are it: run.c plays, fuzz.c serves an engine,
 * saves.c judges saved state.
 */
#ifndef RUN_H
#define RUN_H

#include "backend/backend.h"
#include "harness.h"
#include "op/chain.h"
#include "op/drive.h"
#include "warm.h"

struct harness {
	struct harness_options options;
	struct trace trace;
	struct backend *backend;
	struct drive *drive;
	struct oracle_set *oracles;
	struct warm *warm;         /* NULL: every program starts cold */
	struct op_program program; /* harness_fuzz_one's, kept for its storage */
	struct op_chain chain;     /* harness_mutate's */
	uint64_t power_on_blocks;  /* of memory in use at power-on */
	uint8_t *counted;          /* look_closer's copy of the coverage counters */
	uint64_t *marks;           /* the hash after each op goes here, NULL = nowhere */
	unsigned current_op;
	uint64_t inputs, ops;
	bool fuzzing;
};

/*
 * From op number first on; places to start from are kept in warm, unless NULL. Who starts at 0 begins
 * at power-on (harness_run).
 */
void harness_play_from(struct harness *h, const struct op_program *p, unsigned first,
		       struct warm *warm, struct harness_result *ret);
/* Back to power-on; it is a finding if more memory is in use than at the first. */
void harness_count_memory(struct harness *h, struct harness_result *ret);
/* A finding while fuzzing: the engine keeps the input of a program that dies. */
_Noreturn void harness_report(const struct finding *finding);

#endif
