// SPDX-License-Identifier: MIT
/*
 * dict.c -- a libFuzzer dictionary out of op.def and names.h, for engines and moments that work on
 * bytes: each op as it is encoded, each named value inside its op, and numbers that mean something
 * to USB and xHCI.
 */
#include "op/op.h"
#include "op/names.h"

#define MAX_ENTRY 64u /* libFuzzer takes no longer ones */

static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == '-' ? '_' : *name, out);
}

static void print_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
	size_t i;

	fputs("=\"", out);
	for (i = 0; i < len; i++)
		fprintf(out, "\\x%02X", bytes[i]);
	fputs("\"\n", out);
}

static void print_encoded(FILE *out, const struct op *op)
{
	struct op_program p = {.op = (struct op *)op, .count = 1};
	uint8_t raw[MAX_ENTRY];
	size_t len = op_encode(&p, raw, sizeof(raw));

	print_bytes(out, raw, len);
}

/* An op in which only one field is not zero. */
static void print_value(FILE *out, const struct op *op, unsigned field, const char *name)
{
	print_name(out, op_table[op->id].name);
	fputc('_', out);
	print_name(out, op_table[op->id].field[field].name);
	fputc('_', out);
	print_name(out, name);
	print_encoded(out, op);
}

static void print_named_values(FILE *out, unsigned id, unsigned i)
{
	const struct op_field *f = &op_table[id].field[i];
	unsigned row;

	for (row = f->type == FIELD_ENUM; row < f->names->count; row++) {
		struct op op = {.id = (uint8_t)id};

		op.v[i] = f->type == FIELD_ENUM ? row : UINT64_C(1) << row;
		if (f->names->name[row])
			print_value(out, &op, i, f->names->name[row]);
	}
}

static void print_addresses(FILE *out, unsigned id, unsigned i)
{
	unsigned kind;

	for (kind = 1; kind < ADDR_KINDS; kind++) {
		struct op op = {.id = (uint8_t)id, .addr_kind = (uint8_t)kind};

		print_value(out, &op, i, names_addr_kind.name[kind]);
	}
}

static void print_op(FILE *out, unsigned id)
{
	const struct op_info *info = &op_table[id];
	struct op op = {.id = (uint8_t)id};
	unsigned i;

	print_name(out, info->name);
	print_encoded(out, &op);
	for (i = 0; i < info->field_count; i++) {
		enum field_type type = info->field[i].type;

		if (type == FIELD_ENUM || type == FIELD_BITS)
			print_named_values(out, id, i);
		else if (type == FIELD_ADDR)
			print_addresses(out, id, i);
	}
}

static const struct {
	const char *name;
	uint8_t len, bytes[18];
} constant_list[] = {
	{"byte_max", 1, {0xff}},
	{"length_64", 2, {64}},
	{"length_512", 2, {0, 2}},
	{"length_1024", 2, {0, 4}},
	{"length_4096", 2, {0, 16}},
	{"length_64k", 4, {0, 0, 1, 0}},
	{"length_17_bits", 4, {0xff, 0xff, 1, 0}},
	{"word_max", 2, {0xff, 0xff}},
	{"dword_max", 4, {0xff, 0xff, 0xff, 0xff}},
	{"dword_sign", 4, {0, 0, 0, 0x80}},
	{"qword_max", 8, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
	{"four_gib", 8, {0, 0, 0, 0, 1, 0, 0, 0}},
	{"setup_get_device", 8, {0x80, 6, 0, 1, 0, 0, 18, 0}},
	{"setup_get_config", 8, {0x80, 6, 0, 2, 0, 0, 255, 0}},
	{"setup_get_bos", 8, {0x80, 6, 0, 15, 0, 0, 255, 0}},
	{"setup_set_config", 8, {0, 9, 1, 0, 0, 0, 0, 0}},
	{"setup_clear_halt", 8, {2, 1, 0, 0, 0x81, 0, 0, 0}},
	{"descriptor_device", 18, {18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1}},
	{"descriptor_config", 9, {9, 2, 32, 0, 1, 1, 0, 0xc0, 50}},
	{"descriptor_interface", 9, {9, 4, 0, 0, 2, 0xff, 0, 0, 0}},
	{"descriptor_endpoint", 7, {7, 5, 0x81, 2, 0, 2, 0}},
	{"descriptor_companion", 6, {6, 0x30, 0, 0, 0, 0}},
	{"descriptor_association", 8, {8, 11, 0, 2, 1, 6, 0, 0}},
	{"descriptor_hid", 9, {9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0}},
	{"descriptor_bos", 5, {5, 15, 22, 0, 2}},
	{"bot_command", 15, {'U', 'S', 'B', 'C', 1, 0, 0, 0, 0, 2, 0, 0, 0x80, 0, 10}},
	{"bot_status", 13, {'U', 'S', 'B', 'S', 1}},
};

void op_print_dictionary(FILE *out)
{
	unsigned i;

	fputs("# Made from op.def and names.h: each op, each named value in its op, some numbers.\n",
	      out);
	for (i = 0; i < OP_COUNT; i++)
		print_op(out, i);
	for (i = 0; i < ARRAY_SIZE(constant_list); i++) {
		fputs(constant_list[i].name, out);
		print_bytes(out, constant_list[i].bytes, constant_list[i].len);
	}
}
