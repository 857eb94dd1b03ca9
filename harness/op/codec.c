// SPDX-License-Identifier: MIT
/*
 * codec.c -- bytes <-> ops. Total: there is no byte string without a meaning, and none that makes
 * the decoder allocate more than a small multiple of its length.
 */
#include "op/op.h"

struct reader {
	const uint8_t *at, *end;
};

/* Little-endian number of n bytes (0..8); bytes that are missing are zero. */
static uint64_t take(struct reader *r, unsigned n)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < n && r->at < r->end; i++)
		v |= (uint64_t)*r->at++ << (8 * i);
	return v;
}

static void put(uint8_t *out, uint64_t v, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

/* Bytes of a field of fixed size; 0 for ADDR and BLOB. */
static unsigned width(const struct op_field *f)
{
	switch (f->type) {
	case FIELD_U8:
	case FIELD_ENUM:
		return 1;
	case FIELD_U16:
		return 2;
	case FIELD_U32:
		return 4;
	case FIELD_U64:
		return 8;
	case FIELD_BITS:
		return f->names->count <= 8 ? 1 : f->names->count <= 16 ? 2 : 4;
	case FIELD_ADDR:
	case FIELD_BLOB:
		break;
	}
	return 0;
}

static unsigned offset_width(unsigned addr_kind)
{
	return addr_kind == ADDR_AUTO ? 0 : addr_kind == ADDR_RAW ? 8 : 4;
}

static void decode_addr(struct op *op, unsigned field, struct reader *r)
{
	uint64_t v;

	op->addr_kind = (uint8_t)(take(r, 1) % ADDR_KINDS);
	v = take(r, offset_width(op->addr_kind));
	op->v[field] = op->addr_kind == ADDR_RAW ? v : (uint64_t)(int64_t)(int32_t)(uint32_t)v;
}

static void decode_blob(struct op_program *p, struct op *op, struct reader *r)
{
	size_t len = take(r, 2);

	len = min_u64(min_u64(len, OP_MAX_BLOB), (uint64_t)(r->end - r->at));
	op->blob = op_program_store(p, r->at, len);
	op->blob_len = (uint16_t)len;
	r->at += len;
}

static void decode_op(struct op_program *p, struct op *op, struct reader *r)
{
	const struct op_info *info;
	unsigned i;

	memset(op, 0, sizeof(*op));
	op->id = (uint8_t)(take(r, 1) % OP_COUNT);
	info = &op_table[op->id];
	for (i = 0; i < info->field_count; i++) {
		const struct op_field *f = &info->field[i];

		if (f->type == FIELD_ADDR) {
			decode_addr(op, i, r);
		} else if (f->type == FIELD_BLOB) {
			decode_blob(p, op, r);
		} else {
			op->v[i] = take(r, width(f));
			if (f->type == FIELD_ENUM)
				op->v[i] %= f->names->count;
			else if (f->type == FIELD_BITS)
				op->v[i] &= bits(~UINT64_C(0), f->names->count - 1, 0);
		}
	}
}

void op_decode(struct op_program *p, const uint8_t *bytes, size_t len)
{
	struct reader r = {bytes, bytes};

	if (len)
		r.end += len;
	op_program_clear(p);
	/* Blobs are copied once each, so this much is never outgrown and op->blob never moves. */
	op_program_reserve(p, 0, min_u64(len, (uint64_t)OP_MAX_OPS * OP_MAX_BLOB));
	do {
		op_program_reserve(p, p->count + 1, 0);
		decode_op(p, &p->op[p->count], &r);
		p->count++;
	} while (r.at < r.end && p->count < OP_MAX_OPS);
}

size_t op_size(const struct op *op)
{
	const struct op_info *info = &op_table[op->id];
	size_t n = 1;
	unsigned i;

	for (i = 0; i < info->field_count; i++) {
		const struct op_field *f = &info->field[i];

		if (f->type == FIELD_ADDR)
			n += 1 + offset_width(op->addr_kind);
		else if (f->type == FIELD_BLOB)
			n += 2 + (size_t)op->blob_len;
		else
			n += width(f);
	}
	return n;
}

/* out has op_size(op) bytes of room. */
static void encode_op(const struct op *op, uint8_t *out)
{
	const struct op_info *info = &op_table[op->id];
	unsigned i;

	*out++ = op->id;
	for (i = 0; i < info->field_count; i++) {
		const struct op_field *f = &info->field[i];
		unsigned n = width(f);

		if (f->type == FIELD_ADDR) {
			*out++ = op->addr_kind;
			n = offset_width(op->addr_kind);
		} else if (f->type == FIELD_BLOB) {
			put(out, op->blob_len, 2);
			if (op->blob_len)
				memcpy(out + 2, op->blob, op->blob_len);
			out += 2 + (size_t)op->blob_len;
			continue;
		}
		put(out, op->v[i], n);
		out += n;
	}
}

size_t op_encode(const struct op_program *p, uint8_t *out, size_t room)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < p->count; i++) {
		size_t n = op_size(&p->op[i]);

		if (out && n > room - at)
			break;
		if (out)
			encode_op(&p->op[i], out + at);
		at += n;
	}
	return at;
}

void op_normalize(struct op *op)
{
	const struct op_info *info;
	bool has_addr = false, has_blob = false;
	unsigned i;

	op->id %= OP_COUNT;
	op->addr_kind %= ADDR_KINDS;
	info = &op_table[op->id];
	for (i = 0; i < OP_MAX_FIELDS; i++) {
		const struct op_field *f = &info->field[i];

		if (i >= info->field_count || f->type == FIELD_BLOB) {
			op->v[i] = 0;
		} else if (f->type == FIELD_ENUM) {
			op->v[i] %= f->names->count;
		} else if (f->type == FIELD_BITS) {
			op->v[i] &= bits(~UINT64_C(0), f->names->count - 1, 0);
		} else if (f->type != FIELD_ADDR) {
			op->v[i] &= bits(~UINT64_C(0), 8 * width(f) - 1, 0);
		} else if (op->addr_kind == ADDR_AUTO) {
			op->v[i] = 0;
		} else if (op->addr_kind != ADDR_RAW) {
			op->v[i] = (uint64_t)(int64_t)(int32_t)(uint32_t)op->v[i];
		}
		has_addr |= i < info->field_count && f->type == FIELD_ADDR;
		has_blob |= i < info->field_count && f->type == FIELD_BLOB;
	}
	if (!has_addr)
		op->addr_kind = 0;
	if (!has_blob || !op->blob_len) {
		op->blob = NULL;
		op->blob_len = 0;
	}
	op->blob_len = (uint16_t)min_u64(op->blob_len, OP_MAX_BLOB);
}
