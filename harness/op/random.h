// SPDX-License-Identifier: MIT
/*
 * random.h -- numbers for the mutator: deterministic in the seed, cheap, no state of their own.
 * splitmix64 (public domain, S. Vigna).
 */
#ifndef OP_RANDOM_H
#define OP_RANDOM_H

#include "base.h"

struct op_random {
	uint64_t state;
};

static inline uint64_t op_random_next(struct op_random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0..n-1; 0 if n is 0. */
static inline unsigned op_random_below(struct op_random *r, unsigned n)
{
	return n ? (unsigned)((op_random_next(r) >> 32) * n >> 32) : 0;
}

/* True once in n times. */
static inline bool op_random_one_in(struct op_random *r, unsigned n)
{
	return !op_random_below(r, n);
}

#endif
