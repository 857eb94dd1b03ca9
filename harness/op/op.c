// SPDX-License-Identifier: MIT
/*
 * op.c -- the table of ops, built from op.def, and programs as storage.
 *
 * A program keeps its ops in one array and all blobs in one buffer; both only grow, so that the
 * fuzz targets decode input after input without asking the allocator.
 */
#include "op/op.h"
#include "op/names.h"

const struct op_info op_table[OP_COUNT] = {
#define OP(id, text, where, about, ...)                                                            \
	[OP_##id].name = text, [OP_##id].side = SIDE_##where, [OP_##id].help = about,              \
	[OP_##id].field = {__VA_ARGS__},
#define F(field_name, field_type) {#field_name, FIELD_##field_type, NULL},
#define E(field_name, table) {#field_name, FIELD_ENUM, &names_##table},
#define B(field_name, table) {#field_name, FIELD_BITS, &names_##table},
#include "op/op.def"
#undef OP
#undef F
#undef E
#undef B

#define OP(id, text, where, about, ...) [OP_##id].field_count = 0 __VA_ARGS__,
#define F(field_name, field_type) +1
#define E(field_name, table) +1
#define B(field_name, table) +1
#include "op/op.def"
#undef OP
#undef F
#undef E
#undef B
};

int op_find(const char *name)
{
	unsigned i;

	for (i = 0; i < OP_COUNT; i++) {
		if (!strcmp(op_table[i].name, name))
			return (int)i;
	}
	return -1;
}

/* Field names hold '_' in op.def and '-' in text; both are found. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (*a != *b && !(*a == '_' && *b == '-'))
			return false;
	}
	return *a == *b;
}

int op_field_find(const struct op_info *info, const char *name)
{
	unsigned i;

	for (i = 0; i < info->field_count; i++) {
		if (same_name(info->field[i].name, name))
			return (int)i;
	}
	return -1;
}

uint64_t op_value(const struct op *op, unsigned field)
{
	const struct op_field *f = &op_table[op->id].field[field];
	uint64_t v = op->v[field], mask = 0;
	unsigned i;

	REQUIRE(field < op_table[op->id].field_count);
	if (f->type == FIELD_ENUM) {
		REQUIRE(v < f->names->count);
		return f->names->value ? f->names->value[v] : v;
	}
	if (f->type != FIELD_BITS || !f->names->value)
		return v;
	for (i = 0; i < f->names->count; i++) {
		if (v >> i & 1)
			mask |= f->names->value[i];
	}
	return mask;
}

uint64_t op_get(const struct op *op, const char *field)
{
	int i = op_field_find(&op_table[op->id], field);

	REQUIRE(i >= 0);
	return op_value(op, (unsigned)i);
}

/* ---- programs ------------------------------------------------------------------------------ */

void op_program_init(struct op_program *p)
{
	memset(p, 0, sizeof(*p));
}

void op_program_fini(struct op_program *p)
{
	free(p->op);
	free(p->bytes);
	memset(p, 0, sizeof(*p));
}

void op_scratch_fini(struct op_scratch *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->program); i++)
		op_program_fini(&s->program[i]);
}

void op_program_clear(struct op_program *p)
{
	p->count = 0;
	p->byte_count = 0;
}

void op_program_reserve(struct op_program *p, unsigned ops, size_t bytes)
{
	if (ops > p->room) {
		unsigned room = (unsigned)max_u64(ops, max_u64(32, 2 * (uint64_t)p->room));
		struct op *op = alloc_zero(room * sizeof(*op));

		if (p->count)
			memcpy(op, p->op, p->count * sizeof(*op));
		free(p->op);
		p->op = op;
		p->room = room;
	}
	if (bytes > p->byte_room) {
		size_t room = max_u64(bytes, max_u64(512, 2 * (uint64_t)p->byte_room));
		uint8_t *to = alloc_zero(room);
		unsigned i;

		if (p->byte_count)
			memcpy(to, p->bytes, p->byte_count);
		for (i = 0; i < p->count; i++) {
			if (p->op[i].blob_len)
				p->op[i].blob = to + (p->op[i].blob - p->bytes);
		}
		free(p->bytes);
		p->bytes = to;
		p->byte_room = room;
	}
}

const uint8_t *op_program_store(struct op_program *p, const void *bytes, size_t len)
{
	uint8_t *to;

	if (!len)
		return NULL;
	if (p->byte_count + len > p->byte_room) {
		/* bytes may be of this very program, whose storage is about to move */
		uint8_t *keep = alloc_zero(len);

		memcpy(keep, bytes, len);
		op_program_reserve(p, 0, p->byte_count + len);
		memcpy(p->bytes + p->byte_count, keep, len);
		free(keep);
	} else {
		memcpy(p->bytes + p->byte_count, bytes, len);
	}
	to = p->bytes + p->byte_count;
	p->byte_count += len;
	return to;
}

struct op *op_program_insert(struct op_program *p, unsigned at, const struct op *op)
{
	struct op copy = *op;

	REQUIRE(at <= p->count && op->id < OP_COUNT && op->blob_len <= OP_MAX_BLOB);
	if (p->count == OP_MAX_OPS)
		return NULL;
	copy.blob = op_program_store(p, op->blob, op->blob_len);
	op_program_reserve(p, p->count + 1, 0);
	memmove(&p->op[at + 1], &p->op[at], (p->count - at) * sizeof(*p->op));
	p->op[at] = copy;
	p->count++;
	return &p->op[at];
}

struct op *op_program_append(struct op_program *p, const struct op *op)
{
	return op_program_insert(p, p->count, op);
}

void op_program_remove(struct op_program *p, unsigned at, unsigned count)
{
	REQUIRE(at <= p->count && count <= p->count - at);
	memmove(&p->op[at], &p->op[at + count], (p->count - at - count) * sizeof(*p->op));
	p->count -= count;
}

void op_program_copy(struct op_program *to, const struct op_program *from)
{
	unsigned i;

	op_program_clear(to);
	for (i = 0; i < from->count; i++)
		op_program_append(to, &from->op[i]);
}

bool op_equal(const struct op *a, const struct op *b)
{
	return a->id == b->id && a->addr_kind == b->addr_kind && a->blob_len == b->blob_len &&
		!memcmp(a->v, b->v, sizeof(a->v)) &&
		(!a->blob_len || !memcmp(a->blob, b->blob, a->blob_len));
}

bool op_program_equal(const struct op_program *a, const struct op_program *b)
{
	unsigned i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (!op_equal(&a->op[i], &b->op[i]))
			return false;
	}
	return true;
}
