// SPDX-License-Identifier: MIT
/*
 * mutate_field.c -- values for fields. Where the name of a field tells what it is, values near its
 * own limits; otherwise the usual edges of numbers. Zero, the polite choice, is often right.
 */
#include "op/mutate.h"
#include "op/names.h"

struct hint {
	const char *field;
	uint8_t op; /* OP_COUNT: any op */
	uint8_t count;
	uint32_t value[20];
};

#define ANY OP_COUNT
/* clang-format off */
#define HINT(field, op, ...)                                                                       \
	{ field, op, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), { __VA_ARGS__ } }

static const struct hint hint_list[] = {
	/* more special ones first */
	HINT("type", OP_CONTROL, 0x80, 0x00, 0x81, 0x01, 0x82, 0x02, 0x21, 0xa1, 0xc0, 0x40, 0x23,
	     0xa3, 0x22, 0xa0, 0x20, 0xff),
	HINT("request", OP_CONTROL, 6, 0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 2, 4, 48, 49, 0xfe, 0xff),
	HINT("value", OP_CONTROL, 0x100, 0x200, 0x300, 0x301, 0x302, 0x30f, 0x600, 0x700, 0xf00,
	     0x2100, 0x2200, 0x2900, 0x2a00, 0x201, 0x2ff, 1, 2, 0xffff),
	HINT("index", OP_CONTROL, 0, 1, 0x409, 0x80, 0x81, 0x01, 0x82, 0x02, 0xff, 0xffff),
	HINT("index", ANY, 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 31, 32, 64, 254, 255, 256, 1023,
	     1024, 0xffff),
	HINT("trb_length", ANY, 0, 1, 7, 8, 9, 18, 63, 64, 65, 255, 512, 4096, 0x8000, 0xffff),
	HINT("length", ANY, 0, 1, 2, 7, 8, 9, 13, 18, 31, 36, 63, 64, 65, 512, 1024, 4096, 0xffff,
	     0x10000, 0x10001, 0x1ffff),
	HINT("slot", ANY, 0, 1, 2, 3, 4, 8, 9, 32, 33, 64, 65, 127, 128, 255),
	HINT("port", ANY, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 30, 31, 127, 128, 255),
	HINT("route", ANY, 0, 1, 2, 3, 4, 0x11, 0x12, 0x21, 0x111, 0x1111, 0x11111, 0x111111),
	HINT("target", ANY, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 30, 31, 32, 33, 63, 64, 128, 255),
	HINT("stream", ANY, 0, 1, 2, 3, 4, 15, 16, 17, 255, 256, 0x7fff, 0xfffe, 0xffff),
	HINT("usec", ANY, 0, 1, 124, 125, 126, 250, 1000, 8000, 10000, 32000, 100000, 1000000,
	     2048000, 5000000, 60000000, 0xffffffff),
	HINT("slots", ANY, 0, 1, 2, 8, 32, 63, 64, 65, 128, 254, 255),
	HINT("intrs", ANY, 0, 1, 2, 8, 15, 16, 17, 255),
	HINT("intr", ANY, 0, 1, 2, 15, 16, 17, 255, 1023, 1024, 0xffff),
	HINT("segments", ANY, 0, 1, 2, 3, 4, 16, 255),
	HINT("trbs", OP_TRANSFER, 0, 1, 2, 3, 4, 8, 16, 64, 255),
	HINT("trbs", ANY, 0, 1, 2, 3, 4, 15, 16, 17, 64, 256, 4096, 4097, 0xffff),
	HINT("config", ANY, 0, 1, 2, 3, 255),
	HINT("ep", ANY, 0, 1, 2, 3, 15, 0x80, 0x81, 0x82, 0x83, 0x8f, 0xff),
	HINT("lba", ANY, 0, 1, 2, 63, 64, 127, 128, 2047, 2048, 4095, 0x7fffffff, 0xffffffff),
	HINT("count", ANY, 0, 1, 2, 3, 8, 16, 64, 127, 128, 255),
	HINT("nth", ANY, 0, 1, 2, 3, 4, 5, 6, 7, 8, 255),
	HINT("delay_usec", ANY, 0, 1, 125, 1000, 10000, 1000000),
	HINT("context", ANY, 0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 33),
	HINT("dword", ANY, 0, 1, 2, 3, 4, 5, 6, 7, 8),
	HINT("mask", ANY, 0xffffffff, 0xff, 0xff00, 0xff0000, 0xff000000, 0xffff, 0xffff0000, 7,
	     0x38, 0xf8000000, 0x7c00, 0x300, 1),
	HINT("extra", ANY, 0, 1u << 7, 1u << 8, 1u << 16, 2u << 16, 3u << 16, 1u << 20, 1u << 21,
	     1u << 23, 1u << 24, 2u << 24, 0xffu << 24, 31u << 16, 0x7ffu << 20, 0xf0000),
	HINT("offset", OP_CONFIG_WRITE, 4, 6, 0x0d, 0x10, 0x14, 0x3c, 0x40, 0x60, 0x70, 0x90, 0xa0,
	     0xfc, 0xff),
	HINT("offset", OP_CONFIG_READ, 0, 4, 6, 8, 0x10, 0x34, 0x3d, 0x60, 0x70, 0x90, 0xff),
	HINT("offset", ANY, 0, 0x20, 0x40, 0x44, 0x58, 0x70, 0x78, 0x400, 0x440, 0x450, 0x1000,
	     0x1020, 0x1028, 0x1030, 0x1038, 0x2000, 0x2004, 0x3000, 0x3800, 0x3ffc),
	HINT("qnum", ANY, 1, 0x1e, 0x2a, 0x1c, 0x39, 0x45, 0x54, 0x9c, 0xc8, 0xff),
	HINT("buttons", ANY, 0, 1, 2, 4, 7, 0x18, 0xff),
	HINT("x", ANY, 0, 1, 0x3fff, 0x7fff, 0x8000, 0xffff),
	HINT("y", ANY, 0, 1, 0x3fff, 0x7fff, 0x8000, 0xffff),
};

/* Register values: single bits and fields of USBCMD, PORTSC, ERDP, CRCR and the like. */
static const uint32_t register_value[] = {
	0, 1, 2, 4, 5, 8, 0x10, 0x30, 0x60, 0x200, 0x210, 0xfe0000, 0x10000, 0x10020, 0x10060,
	0x10160, 0x10140, 0x101e0, 0x80000000, 0x80000200, 0xe000200, 0x100, 0x400, 0x800, 0xffff,
	0xffffffff, 0xfffffff0, 0x1000, 0x1040,
};
/* clang-format on */

static const struct hint *find_hint(const struct op *op, const char *field)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(hint_list); i++) {
		const struct hint *h = &hint_list[i];

		if ((h->op == ANY || h->op == op->id) && !strcmp(h->field, field))
			return h;
	}
	return NULL;
}

/* An edge of unsigned numbers: powers of two and their neighbours, all ones, small, anything. */
static uint64_t edge(struct op_random *r)
{
	uint64_t power = UINT64_C(1) << op_random_below(r, 64);

	switch (op_random_below(r, 6)) {
	case 0:
		return power;
	case 1:
		return power - 1;
	case 2:
		return power + 1;
	case 3:
		return op_random_below(r, 256);
	case 4:
		return ~UINT64_C(0);
	default:
		return op_random_next(r) >> op_random_below(r, 64);
	}
}

static uint64_t number(struct op_random *r, const struct op *op, unsigned field)
{
	const struct op_field *f = &op_table[op->id].field[field];
	const struct hint *h = find_hint(op, f->name);

	if (h && !op_random_one_in(r, 8))
		return h->value[op_random_below(r, h->count)];
	if (!strcmp(f->name, "value") && op_random_below(r, 4))
		return register_value[op_random_below(r, ARRAY_SIZE(register_value))];
	return edge(r);
}

static uint64_t addr_offset(struct op_random *r, unsigned kind)
{
	static const uint64_t raw[] = {
		0,           0x10,        0x1000,       0xfff0,          0xfffffff0,
		0xffffffff,  0x100000000, 0xfffffff0ff, 0xfffffffffffff, 0xfffffffffffffff0,
		~UINT64_C(0)};
	static const uint64_t near[] = {0,      1,      4,       8,     0xf,      0x10,  0x20,
					0x30,   0x3f,   0x40,    0x60,  0xff0,    0xfff, 0x1000,
					0xfff0, 0xffff, 0x10000, 0x400, 0x1000000};
	uint64_t v;

	if (kind == ADDR_RAW)
		return op_random_one_in(r, 3) ? edge(r) : raw[op_random_below(r, ARRAY_SIZE(raw))];
	switch (op_random_below(r, 4)) {
	case 0:
		return 0;
	case 1:
		v = 16 * (uint64_t)op_random_below(r, 256);
		break;
	default:
		v = near[op_random_below(r, ARRAY_SIZE(near))];
	}
	return op_random_one_in(r, 4) ? -v : v;
}

static void fill_addr(struct op_random *r, struct op *op, unsigned field)
{
	op->addr_kind = (uint8_t)op_random_below(r, ADDR_KINDS);
	op->v[field] = addr_offset(r, op->addr_kind);
}

void mutate_field_fill(struct op_random *r, struct op *op, unsigned field)
{
	const struct op_field *f = &op_table[op->id].field[field];

	switch (f->type) {
	case FIELD_ENUM:
		op->v[field] = op_random_below(r, f->names->count);
		break;
	case FIELD_BITS:
		op->v[field] = UINT64_C(1) << op_random_below(r, f->names->count);
		if (op_random_one_in(r, 3))
			op->v[field] |= UINT64_C(1) << op_random_below(r, f->names->count);
		break;
	case FIELD_ADDR:
		fill_addr(r, op, field);
		break;
	case FIELD_BLOB:
		break;
	default:
		op->v[field] = number(r, op, field);
	}
}

/* A number near the one there is. */
static uint64_t nudge(struct op_random *r, uint64_t v)
{
	switch (op_random_below(r, 4)) {
	case 0:
		return v + 1 + op_random_below(r, 16);
	case 1:
		return v - 1 - op_random_below(r, 16);
	case 2:
		return v ^ UINT64_C(1) << op_random_below(r, 64);
	default:
		return op_random_one_in(r, 2) ? v << 1 : v >> 1;
	}
}

void mutate_field_change(struct op_random *r, struct op *op, unsigned field)
{
	const struct op_field *f = &op_table[op->id].field[field];
	uint64_t *v = &op->v[field];

	if (*v && op_random_one_in(r, 6)) {
		*v = 0;
		op->addr_kind = f->type == FIELD_ADDR ? ADDR_AUTO : op->addr_kind;
	} else if (f->type == FIELD_BITS) {
		*v ^= UINT64_C(1) << op_random_below(r, f->names->count);
	} else if (f->type == FIELD_ADDR && op->addr_kind != ADDR_AUTO && op_random_one_in(r, 2)) {
		*v = op_random_one_in(r, 2) ? nudge(r, *v) : addr_offset(r, op->addr_kind);
	} else if (f->type <= FIELD_U64 && op_random_one_in(r, 3)) {
		*v = nudge(r, *v);
	} else {
		mutate_field_fill(r, op, field);
	}
}
