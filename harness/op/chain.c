// SPDX-License-Identifier: MIT
/*
 * chain.c -- where a chain's inputs begin to differ: mostly among the last ops, because what comes before
 * costs nothing then, and what comes after costs a lot; but any op has its turn.
 */
#include "op/chain.h"
#include "op/random.h"

#define BACK_ONE_IN 3u     /* calls that start again from the chain's first input */
#define ANYWHERE_ONE_IN 4u /* chains that begin to differ at any op, not only among the last four */

static uint64_t hash_of(const uint8_t *data, size_t size)
{
	uint64_t h = size + 1, word;

	for (; size >= sizeof(word); data += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * UINT64_C(0x100000001b3);
	return h;
}

/*
 * How long a program may get. Ops are what an input costs, and new coverage counts the same from a long
 * program as from a short one: without a limit every corpus drifts to the longest programs that fit, and
 * a search through them tries little in much time. One chain in four goes on from all there is.
 */
static unsigned draw_enough(struct op_random *r, unsigned count)
{
	return op_random_one_in(r, 4) ? (unsigned)max_u64(count, 4) : 4u << op_random_below(r, 3);
}

static void begin(struct op_chain *c, struct op_random *r, const uint8_t *data, size_t size)
{
	struct op_program *p = &c->scratch.program[0];
	unsigned count, span;

	op_decode(p, data, size);
	c->scope.scratch = &c->scratch;
	c->scope.enough = draw_enough(r, p->count);
	count = (unsigned)min_u64(p->count, c->scope.enough);
	span = op_random_one_in(r, ANYWHERE_ONE_IN) ? count : (unsigned)min_u64(count, 4);
	c->scope.keep = count - 1 - op_random_below(r, span);
	c->size = size <= OP_CHAIN_MAX ? size : 0;
	if (c->size)
		memcpy(c->first, data, size);
}

static bool is_last(const struct op_chain *c, const uint8_t *data, size_t size)
{
	return hash_of(data, size) == c->last;
}

static size_t made(struct op_chain *c, uint8_t *data, size_t size, size_t max_size)
{
	if (c->polite)
		size = op_make_polite(data, size, max_size);
	c->last = hash_of(data, size);
	return size;
}

size_t op_chain_mutate(struct op_chain *c, uint8_t *data, size_t size, size_t max_size,
		       unsigned seed)
{
	struct op_random r = {~(uint64_t)seed};

	if (!is_last(c, data, size)) {
		begin(c, &r, data, size);
	} else if (c->size && c->size <= max_size && op_random_one_in(&r, BACK_ONE_IN)) {
		memcpy(data, c->first, c->size);
		size = c->size;
	}
	return made(c, data, op_mutate(data, size, max_size, seed, c->scope), max_size);
}

size_t op_chain_crossover(struct op_chain *c, const uint8_t *a, size_t a_size, const uint8_t *b,
			  size_t b_size, uint8_t *out, size_t max_size, unsigned seed)
{
	struct op_random r = {~(uint64_t)seed};
	size_t size;

	if (!is_last(c, a, a_size)) {
		begin(c, &r, a, a_size);
	} else if (c->size && op_random_one_in(&r, BACK_ONE_IN)) {
		a = c->first;
		a_size = c->size;
	}
	size = op_crossover(a, a_size, b, b_size, out, max_size, seed, c->scope);
	return made(c, out, size, max_size);
}

void op_chain_fini(struct op_chain *c)
{
	op_scratch_fini(&c->scratch);
	*c = (struct op_chain){.polite = c->polite};
}

void op_chain_cut(struct op_chain *c, unsigned ops)
{
	if (c->scope.keep >= ops)
		c->scope.keep = ops / 2;
}
