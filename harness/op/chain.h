// SPDX-License-Identifier: MIT
/*
 * chain.h -- what an engine's mutators are: LLVMFuzzerCustomMutator and CustomCrossOver, with a memory.
 *
 * An engine takes an input from its corpus and mutates it some times in a row, each result from the one
 * before: a chain. Here the inputs of a chain have their first ops in common, so that the machine plays
 * these once (warm.h) and not each time.
 */
#ifndef OP_CHAIN_H
#define OP_CHAIN_H

#include "op/op.h"

#define OP_CHAIN_MAX 4096u /* bytes of an input that a chain can come back to */

/* Zeroes are a chain that has not begun. Deterministic in the calls made so far. */
struct op_chain {
	bool polite;           /* the owner's choice: what is made is polite */
	struct op_scope scope; /* of this chain's changes */
	struct op_scratch scratch;
	uint64_t last;               /* what was made last, as a hash */
	size_t size;                 /* of first; 0 = too long to be kept */
	uint8_t first[OP_CHAIN_MAX]; /* what the chain began with */
};

/* Frees what a chain holds. */
void op_chain_fini(struct op_chain *c);

/* As op_mutate and op_crossover, on a chain. */
size_t op_chain_mutate(struct op_chain *c, uint8_t *data, size_t size, size_t max_size,
		       unsigned seed);
size_t op_chain_crossover(struct op_chain *c, const uint8_t *a, size_t a_size, const uint8_t *b,
			  size_t b_size, uint8_t *out, size_t max_size, unsigned seed);

/* What was made last was played for so many ops only: there is no use in changing later ones. */
void op_chain_cut(struct op_chain *c, unsigned ops);

#endif
