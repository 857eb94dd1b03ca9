// SPDX-License-Identifier: MIT
/*
 * text.c -- ops as text, for people and for git. The way back is parse.c.
 */
#include "op/op.h"
#include "op/names.h"

#include <inttypes.h>
#include <stdarg.h>

struct line {
	char *out;
	size_t room, at; /* at <= room - 1 */
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->out + l->at, l->room - l->at, format, args);
	va_end(args);
	if (n > 0)
		l->at = min_u64(l->at + (size_t)n, l->room - 1);
}

/* Numbers that people think of in hex. */
static bool hex_field(const char *name)
{
	static const char *const hex[] = {"value", "mask", "extra", "offset", "type"};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(hex); i++) {
		if (!strcmp(name, hex[i]))
			return true;
	}
	return false;
}

static void add_number(struct line *l, const struct op_field *f, uint64_t v)
{
	if (v > 9 && (hex_field(f->name) || v > 0xffff))
		add(l, "0x%" PRIx64, v);
	else
		add(l, "%" PRIu64, v);
}

static void add_addr(struct line *l, unsigned kind, uint64_t v)
{
	int64_t offset = (int64_t)v;

	if (kind == ADDR_RAW) {
		add(l, "0x%" PRIx64, v);
		return;
	}
	add(l, "%s", names_addr_kind.name[kind]);
	if (kind != ADDR_AUTO && offset)
		add(l, "%c0x%" PRIx64, offset < 0 ? '-' : '+',
		    offset < 0 ? (uint64_t)-offset : (uint64_t)offset);
}

static void add_bits(struct line *l, const struct op_names *names, uint64_t v)
{
	const char *between = "";
	unsigned i;

	for (i = 0; i < names->count; i++) {
		if (v >> i & 1) {
			add(l, "%s%s", between, names->name[i]);
			between = "+";
		}
	}
}

static bool plain_text(const uint8_t *bytes, unsigned len)
{
	unsigned i;

	for (i = 0; i < len; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '"' || bytes[i] == '\\')
			return false;
	}
	return len >= 4;
}

static void add_blob(struct line *l, const struct op *op)
{
	static const char digit[] = "0123456789abcdef";
	unsigned i;

	if (plain_text(op->blob, op->blob_len)) {
		add(l, "\"%.*s\"", (int)op->blob_len, (const char *)op->blob);
		return;
	}
	for (i = 0; i < op->blob_len && l->at + 2 < l->room; i++) {
		l->out[l->at++] = digit[op->blob[i] >> 4];
		l->out[l->at++] = digit[op->blob[i] & 0xf];
	}
	l->out[l->at] = 0;
}

static void add_value(struct line *l, const struct op *op, unsigned i)
{
	const struct op_field *f = &op_table[op->id].field[i];
	uint64_t v = op->v[i];

	switch (f->type) {
	case FIELD_ENUM:
		if (f->names->name[v])
			add(l, "%s", f->names->name[v]);
		else
			add(l, "%" PRIu64, op_value(op, i));
		break;
	case FIELD_BITS:
		add_bits(l, f->names, v);
		break;
	case FIELD_ADDR:
		add_addr(l, op->addr_kind, v);
		break;
	case FIELD_BLOB:
		add_blob(l, op);
		break;
	default:
		add_number(l, f, v);
	}
}

static void add_name(struct line *l, const char *name)
{
	add(l, " ");
	for (; *name; name++)
		add(l, "%c", *name == '_' ? '-' : *name);
	add(l, "=");
}

int op_print(const struct op *op, char *out, size_t room)
{
	const struct op_info *info = &op_table[op->id];
	struct line l = {out, room, 0};
	unsigned i;

	if (!room)
		return 0;
	add(&l, "%s", info->name);
	for (i = 0; i < info->field_count; i++) {
		enum field_type type = info->field[i].type;

		if (type == FIELD_BLOB           ? !op->blob_len
			    : type == FIELD_ADDR ? op->addr_kind == ADDR_AUTO
						 : !op->v[i])
			continue;
		add_name(&l, info->field[i].name);
		add_value(&l, op, i);
	}
	return (int)l.at;
}

char *op_print_program(const struct op_program *p)
{
	size_t room = 1, at = 0;
	char *out;
	unsigned i;

	/* Two digits per blob byte; names and numbers of eight fields stay below 512. */
	for (i = 0; i < p->count; i++)
		room += 512 + 2 * (size_t)p->op[i].blob_len;
	out = alloc_zero(room);
	for (i = 0; i < p->count; i++) {
		at += (size_t)op_print(&p->op[i], out + at, room - at - 1);
		out[at++] = '\n';
	}
	out[at] = 0;
	return out;
}
