// SPDX-License-Identifier: MIT
/*
 * warm.h -- warm starts: the machine after the first ops of a program, kept as an image. Programs
 * that begin alike (most of a fuzzer's do) are played from there on instead of from power-on.
 */
#ifndef WARM_H
#define WARM_H

#include "heap.h"
#include "op/op.h"
#include "trace.h"

struct warm; /* a bounded number of images, by the ops that led there */

/*
 * The machine is at power-on now, with this trace. NULL where there is no arena: then every program
 * starts cold.
 */
struct warm *warm_new(const struct trace *trace);
void warm_free(struct warm *w);

/*
 * Bring the machine to power-on or, better, to where the first ops of p have been played, and *trace
 * with it (but for who listens). Returns how many ops that are. The next programs are expected to have so
 * many first ops in common with p (0: unknown).
 */
unsigned warm_start(struct warm *w, const struct op_program *p, unsigned expect,
		    struct trace *trace);

/* So many ops of that program have been played, without a finding: a place to start from, maybe. */
void warm_played(struct warm *w, unsigned count, const struct trace *trace);

#endif
