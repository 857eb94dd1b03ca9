// SPDX-License-Identifier: MIT
/*
 * mutate.c -- a program into a slightly different one, in terms of ops rather than bytes.
 *
 * Everything is drawn from the seed: the same input and seed give the same output, as long as
 * libFuzzer's own mutator, which has its own state, is not linked in.
 */
#include "op/mutate.h"
#include "op/names.h"

struct mutation {
	struct op_random random;
	struct op_program program;
	struct op_program other; /* an idiom on its way in */
	struct mutate_blob blob;
	size_t max_size; /* bytes that will be kept: no use in repeating big blobs beyond it */
	unsigned enough; /* ops: longer programs shrink rather than grow */
	unsigned keep;   /* ops: so many at the beginning stay as they are */
};

/* One of the ops that may change: there is one. */
static unsigned pick(struct mutation *m)
{
	return m->keep + op_random_below(&m->random, m->program.count - m->keep);
}

/* Where an op may be put in. */
static unsigned pick_gap(struct mutation *m)
{
	return m->keep + op_random_below(&m->random, m->program.count - m->keep + 1);
}

/* Length of a run of ops from one on: mostly short. */
static unsigned run_length(struct mutation *m, unsigned from)
{
	unsigned n = 1 + op_random_below(&m->random, 1u << op_random_below(&m->random, 5));

	return (unsigned)min_u64(n, m->program.count - from);
}

/* The edited blob becomes the op's; op may be of the program or not yet. */
static void attach_blob(struct mutation *m, struct op *op)
{
	op->blob = op_program_store(&m->program, m->blob.bytes, m->blob.len);
	op->blob_len = (uint16_t)m->blob.len;
}

static int blob_field(const struct op *op)
{
	const struct op_info *info = &op_table[op->id];

	/* by the rules of op.def a blob is the last field */
	return info->field_count && info->field[info->field_count - 1].type == FIELD_BLOB
		? (int)info->field_count - 1
		: -1;
}

static void fresh_op(struct mutation *m, struct op *op)
{
	unsigned i;

	memset(op, 0, sizeof(*op));
	op->id = (uint8_t)op_random_below(&m->random, OP_COUNT);
	for (i = 0; i < op_table[op->id].field_count; i++) {
		if (!op_random_one_in(&m->random, 3))
			mutate_field_fill(&m->random, op, i);
	}
	if (op->id == OP_TWEAK && !op_random_one_in(&m->random, 4))
		mutate_context_fill(&m->random, op);
	if (blob_field(op) >= 0 && !op_random_one_in(&m->random, 4)) {
		mutate_blob_fill(&m->random, op->id, &m->blob);
		attach_blob(m, op);
	}
	op_normalize(op);
}

/* ---- one change each ----------------------------------------------------------------------- */

static void change_field(struct mutation *m)
{
	struct op *op = &m->program.op[pick(m)];
	unsigned n = op_table[op->id].field_count;

	if (!n)
		return;
	if (op->id == OP_TWEAK && op_random_one_in(&m->random, 2))
		mutate_context_fill(&m->random, op);
	else
		mutate_field_change(&m->random, op, op_random_below(&m->random, n));
	op_normalize(op);
}

/* op is one of p. */
static void edit_blob(struct mutation *m, struct op_program *p, struct op *op)
{
	m->blob.len = op->blob_len;
	if (op->blob_len)
		memcpy(m->blob.bytes, op->blob, op->blob_len);
	mutate_blob_change(&m->random, op->id, &m->blob);
	op->blob = op_program_store(p, m->blob.bytes, m->blob.len);
	op->blob_len = (uint16_t)m->blob.len;
}

static void change_blob(struct mutation *m)
{
	unsigned i, at = pick(m);

	for (i = m->keep; i < m->program.count; i++) {
		struct op *op = &m->program.op[at];

		at = at + 1 < m->program.count ? at + 1 : m->keep;
		if (blob_field(op) < 0)
			continue;
		edit_blob(m, &m->program, op);
		return;
	}
	change_field(m);
}

static void insert_op(struct mutation *m)
{
	static const uint8_t taker[] = {COMMAND_ADDRESS_DEVICE, COMMAND_CONFIGURE_ENDPOINT,
					COMMAND_CONFIGURE_ENDPOINT, COMMAND_EVALUATE_CONTEXT};
	unsigned at = pick_gap(m), i;
	struct op op;

	fresh_op(m, &op);
	op_program_insert(&m->program, at, &op);
	if (op.id != OP_TWEAK)
		return;
	/* a tweak alone does nothing: after it a command that takes an input context */
	op = (struct op){.id = OP_COMMAND};
	i = op_random_below(&m->random, ARRAY_SIZE(taker));
	op.v[op_field_find(&op_table[OP_COMMAND], "type")] =
		(uint64_t)op_names_find_value(&names_command_type, taker[i]);
	op_program_insert(&m->program, at + 1, &op);
}

static void replace_op(struct mutation *m)
{
	struct op op;

	fresh_op(m, &op);
	m->program.op[pick(m)] = op;
}

static void insert_run(struct mutation *m, const struct op_program *from, unsigned first,
		       unsigned count, unsigned at)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (!op_program_insert(&m->program, at + i, &from->op[first + i]))
			return;
	}
}

static void insert_idiom(struct mutation *m)
{
	const char *text = idiom_list[op_random_below(&m->random, idiom_count)];
	struct op_error error;
	unsigned i, at;

	REQUIRE(op_parse(&m->other, text, strlen(text), &error) == 0);
	for (i = 0; i < m->other.count; i++) {
		struct op *op = &m->other.op[i];

		if (op->id == OP_TWEAK && !op_random_one_in(&m->random, 4))
			mutate_context_fill(&m->random, op);
		else if (op->blob_len && op_random_one_in(&m->random, 3))
			edit_blob(m, &m->other, op);
	}
	for (i = op_random_below(&m->random, 3); i > 0; i--) {
		struct op *op = &m->other.op[op_random_below(&m->random, m->other.count)];
		unsigned n = op_table[op->id].field_count;

		if (n)
			mutate_field_change(&m->random, op, op_random_below(&m->random, n));
		op_normalize(op);
	}
	at = op_random_one_in(&m->random, 2) ? m->program.count : pick_gap(m);
	insert_run(m, &m->other, 0, m->other.count, at);
}

static void drop_run(struct mutation *m)
{
	unsigned at = pick(m), n = op_random_one_in(&m->random, 2) ? 1 : run_length(m, at);

	if (n < m->program.count - m->keep)
		op_program_remove(&m->program, at, n);
}

/* Copy a run to another place. */
static void splice_run(struct mutation *m)
{
	unsigned at = pick(m), n = run_length(m, at);

	op_program_copy(&m->other, &m->program);
	insert_run(m, &m->other, at, n, pick_gap(m));
}

static void repeat_op(struct mutation *m)
{
	unsigned at = pick(m),
		 n = 1 + op_random_below(&m->random, 1u << op_random_below(&m->random, 7));

	while (n-- && m->program.count < m->enough && m->program.byte_count <= m->max_size &&
	       op_program_insert(&m->program, at, &m->program.op[at]))
		;
}

static void move_op(struct mutation *m)
{
	unsigned from = pick(m), to;
	struct op op = m->program.op[from];

	op_program_remove(&m->program, from, 1);
	to = pick_gap(m);
	/* insert would copy the blob again: make room for a plain op, then put ours there */
	op_program_insert(&m->program, to, &(struct op){.id = op.id});
	m->program.op[to] = op;
}

static void swap_ops(struct mutation *m)
{
	unsigned at = pick(m);
	struct op op = m->program.op[at];

	if (at + 1 == m->program.count)
		return;
	m->program.op[at] = m->program.op[at + 1];
	m->program.op[at + 1] = op;
}

/* One value of one op, put into the same field of another op. */
static void align_field(struct mutation *m)
{
	struct op *from = &m->program.op[pick(m)], *to = &m->program.op[pick(m)];
	unsigned n = op_table[from->id].field_count, i;
	int field;

	if (!n)
		return;
	i = op_random_below(&m->random, n);
	field = op_field_find(&op_table[to->id], op_table[from->id].field[i].name);
	if (field < 0)
		return;
	to->v[field] = from->v[i];
	if (op_table[to->id].field[field].type == FIELD_ADDR)
		to->addr_kind = from->addr_kind;
	op_normalize(to);
}

static const struct {
	unsigned weight;
	bool grows;
	void (*change)(struct mutation *m);
} change_list[] = {
	{30, false, change_field}, {12, false, change_blob}, {10, true, insert_op},
	{14, true, insert_idiom},  {8, false, drop_run},     {4, true, splice_run},
	{4, false, replace_op},    {4, false, move_op},      {4, false, swap_ops},
	{3, false, align_field},   {2, true, repeat_op},
};

static void change(struct mutation *m)
{
	unsigned i, sum = 0, at;

	for (i = 0; i < ARRAY_SIZE(change_list); i++)
		sum += change_list[i].weight;
	at = op_random_below(&m->random, sum);
	for (i = 0; at >= change_list[i].weight; i++)
		at -= change_list[i].weight;
	if (m->keep == m->program.count) /* nothing there to be changed */
		insert_op(m);
	else if (change_list[i].grows && m->program.count >= m->enough)
		drop_run(m);
	else
		change_list[i].change(m);
}

/* ---- whole inputs -------------------------------------------------------------------------- */

/* Not in terms of ops: half fields, odd lengths. */
static size_t change_bytes(struct op_random *r, uint8_t *data, size_t size, size_t max_size)
{
	unsigned i, n = 1 + op_random_below(r, 4);

	if (LLVMFuzzerMutate)
		return LLVMFuzzerMutate(data, size, max_size);
	for (i = 0; i < n; i++) {
		unsigned at = op_random_below(r, (unsigned)size);

		if (size < max_size && op_random_one_in(r, 4)) {
			memmove(data + at + 1, data + at, size - at);
			data[at] = (uint8_t)op_random_next(r);
			size++;
		} else if (size > 1 && op_random_one_in(r, 4)) {
			memmove(data + at, data + at + 1, size - at - 1);
			size--;
		} else {
			data[at] ^= (uint8_t)(1u << op_random_below(r, 8));
		}
	}
	return size;
}

/* Encode; at least one byte, as libFuzzer wants an input and not nothing. */
static size_t finish(const struct op_program *p, uint8_t *out, size_t max_size)
{
	size_t size = op_encode(p, out, max_size);

	if (!size && max_size) {
		out[0] = p->count ? p->op[0].id : 0;
		size = 1;
	}
	return size;
}

size_t op_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed, struct op_scope scope)
{
	struct op_scratch own = {0}, *scratch = scope.scratch ? scope.scratch : &own;
	struct mutation m;
	unsigned changes;

	if (!max_size)
		return 0;
	m.random = (struct op_random){seed};
	m.max_size = max_size;
	m.enough = scope.enough;
	size = min_u64(size, max_size);
	if (size && op_random_one_in(&m.random, 16))
		return change_bytes(&m.random, data, size, max_size);
	m.program = scratch->program[0];
	m.other = scratch->program[1];
	op_decode(&m.program, data, size);
	m.keep = (unsigned)min_u64(scope.keep, m.program.count);
	changes = 1 + op_random_below(&m.random, 1u << op_random_below(&m.random, 4));
	while (changes--)
		change(&m);
	if (m.program.count > scope.enough)
		op_program_remove(&m.program, scope.enough, m.program.count - scope.enough);
	size = finish(&m.program, data, max_size);
	scratch->program[0] = m.program;
	scratch->program[1] = m.other;
	op_scratch_fini(&own);
	return size;
}

/* Ops first..first+count-1 of from, as far as there is room. */
static void append_run(struct op_program *to, const struct op_program *from, unsigned first,
		       unsigned count)
{
	while (count-- && first < from->count && op_program_append(to, &from->op[first++]))
		;
}

size_t op_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		    size_t max_size, unsigned seed, struct op_scope scope)
{
	struct op_random r = {seed};
	struct op_scratch own = {0}, *scratch = scope.scratch ? scope.scratch : &own;
	struct op_program *pa = &scratch->program[0], *pb = &scratch->program[1],
			  *both = &scratch->program[2];
	unsigned cut, from, n, enough = scope.enough, keep;
	size_t size;

	op_decode(pa, a, a_size);
	op_decode(pb, b, b_size);
	op_program_clear(both);
	keep = (unsigned)min_u64(scope.keep, pa->count);
	cut = keep + op_random_below(&r, pa->count - keep + 1);
	from = op_random_below(&r, pb->count);
	n = op_random_one_in(&r, 2) ? pb->count : 1 + op_random_below(&r, pb->count - from);
	append_run(both, pa, 0, (unsigned)min_u64(cut, enough));
	append_run(both, pb, from, (unsigned)min_u64(n, enough));
	if (op_random_one_in(&r, 2) && both->count < enough)
		append_run(both, pa, cut, enough - both->count);
	size = finish(both, out, max_size);
	op_scratch_fini(&own);
	return size;
}
