// SPDX-License-Identifier: MIT
/*
 * shrink.c -- the smallest program that still shows the same thing. Delta debugging over ops
 * (Zeller, Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", 2002), then over the
 * fields and blobs of what is left, until nothing more can go.
 */
#include "op/op.h"

struct shrink {
	struct op_program *best; /* the caller's: keep holds for it */
	struct op_program trial;
	op_predicate *keep;
	void *opaque;
	unsigned calls_left;
};

/* A candidate to change: a copy of the best so far. */
static struct op_program *begin(struct shrink *s)
{
	op_program_copy(&s->trial, s->best);
	return &s->trial;
}

/* If the candidate is as good it is the best from now on. */
static bool better(struct shrink *s)
{
	if (!s->calls_left)
		return false;
	s->calls_left--;
	if (!s->keep(&s->trial, s->opaque))
		return false;
	op_program_copy(s->best, &s->trial);
	return true;
}

/* ---- ops ----------------------------------------------------------------------------------- */

static bool drop_ops(struct shrink *s)
{
	unsigned size = s->best->count / 2, at;
	bool any = false;

	for (; size; size /= 2) {
		/* from the end: what comes after the finding is the first that can go */
		for (at = s->best->count; at > 0;) {
			unsigned n = (unsigned)min_u64(size, at);

			at -= n;
			if (n == s->best->count || !s->calls_left)
				continue; /* an empty program is not a program */
			op_program_remove(begin(s), at, n);
			any |= better(s);
		}
	}
	return any;
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool set_field(struct shrink *s, unsigned at, unsigned field, uint64_t v)
{
	struct op *op = &begin(s)->op[at];

	op->v[field] = v;
	return better(s);
}

/* Halving steps towards zero, where zero itself does not do. */
static bool lower_number(struct shrink *s, unsigned at, unsigned field)
{
	uint64_t v = s->best->op[at].v[field], step;
	bool any = false;

	for (step = v / 2; step && s->calls_left;) {
		if (set_field(s, at, field, v - step)) {
			any = true;
			v -= step;
			step = min_u64(step, v / 2);
		} else {
			step /= 2;
		}
	}
	return any;
}

static bool lower_bits(struct shrink *s, unsigned at, unsigned field)
{
	uint64_t left;
	bool any = false;

	for (left = s->best->op[at].v[field]; left; left &= left - 1)
		any |= set_field(s, at, field, s->best->op[at].v[field] & ~(left & -left));
	return any;
}

static bool lower_addr(struct shrink *s, unsigned at, unsigned field)
{
	const struct op *op = &s->best->op[at];
	struct op *changed;

	if (op->addr_kind == ADDR_AUTO)
		return false;
	changed = &begin(s)->op[at];
	changed->addr_kind = ADDR_AUTO;
	changed->v[field] = 0;
	if (better(s))
		return true;
	if (!op->v[field])
		return false;
	if (set_field(s, at, field, 0))
		return true;
	return (int64_t)op->v[field] > 0 && lower_number(s, at, field);
}

static bool lower_field(struct shrink *s, unsigned at, unsigned field)
{
	enum field_type type = op_table[s->best->op[at].id].field[field].type;

	if (type == FIELD_ADDR)
		return lower_addr(s, at, field);
	if (type == FIELD_BLOB || !s->best->op[at].v[field])
		return false;
	if (set_field(s, at, field, 0))
		return true;
	if (type == FIELD_BITS)
		return lower_bits(s, at, field);
	return type != FIELD_ENUM && lower_number(s, at, field);
}

/* ---- blobs --------------------------------------------------------------------------------- */

static bool cut_blob(struct shrink *s, unsigned at)
{
	unsigned size = s->best->op[at].blob_len, from;
	bool any = false;

	for (; size; size /= 2) {
		for (from = s->best->op[at].blob_len; from > 0 && s->calls_left;) {
			unsigned n = (unsigned)min_u64(size, from);
			struct op *op = &begin(s)->op[at];
			uint8_t *bytes = s->trial.bytes + (op->blob - s->trial.bytes);

			from -= n;
			memmove(bytes + from, bytes + from + n, op->blob_len - from - n);
			op->blob_len = (uint16_t)(op->blob_len - n);
			op->blob = op->blob_len ? op->blob : NULL;
			any |= better(s);
		}
	}
	return any;
}

static bool set_byte(struct shrink *s, unsigned at, unsigned i, unsigned v)
{
	struct op *op = &begin(s)->op[at];

	s->trial.bytes[op->blob - s->trial.bytes + i] = (uint8_t)v;
	return better(s);
}

/* Bytes to zero, or else bit by bit. */
static bool zero_blob(struct shrink *s, unsigned at)
{
	bool any = false;
	unsigned i, left;

	for (i = 0; i < s->best->op[at].blob_len && s->calls_left; i++) {
		left = s->best->op[at].blob[i];
		if (!left || set_byte(s, at, i, 0)) {
			any |= left != 0;
			continue;
		}
		for (; left; left &= left - 1)
			any |= set_byte(s, at, i, s->best->op[at].blob[i] & ~(left & -left));
	}
	return any;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* The whole op polite at once: mostly it works, and saves a call per field. */
static bool plain_op(struct shrink *s, unsigned at)
{
	struct op plain = {.id = s->best->op[at].id};

	if (op_equal(&s->best->op[at], &plain))
		return false;
	begin(s)->op[at] = plain;
	return better(s);
}

static bool lower_ops(struct shrink *s)
{
	bool any = false;
	unsigned at, field;

	for (at = 0; at < s->best->count && s->calls_left; at++) {
		if (plain_op(s, at)) {
			any = true;
			continue;
		}
		for (field = 0; field < op_table[s->best->op[at].id].field_count; field++)
			any |= lower_field(s, at, field);
		any |= cut_blob(s, at);
		any |= zero_blob(s, at);
	}
	return any;
}

void op_shrink(struct op_program *p, op_predicate *keep, void *opaque)
{
	struct shrink s = {p, {0}, keep, opaque, OP_SHRINK_CALLS};
	bool any;

	op_program_init(&s.trial);
	do {
		any = drop_ops(&s);
		any |= lower_ops(&s);
	} while (any && s.calls_left);
	op_program_fini(&s.trial);
}
