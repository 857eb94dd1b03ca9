// SPDX-License-Identifier: MIT
/*
 * parse_value.c -- what stands behind a '=': numbers, names, bit sets, addresses, bytes; and the
 * words for saying what is wrong with them.
 */
#include "op/parse.h"
#include "op/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

int parse_fail(struct parse_scan *s, const char *at, const char *format, ...)
{
	va_list args;
	char *c;

	s->error->line = s->number;
	s->error->column = (unsigned)(at - s->line) + 1;
	va_start(args, format);
	vsnprintf(s->error->message, sizeof(s->error->message), format, args);
	va_end(args);
	for (c = s->error->message; *c; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
	}
	return -EINVAL;
}

/* ---- did you mean -------------------------------------------------------------------------- */

/* Edit distance; b is at most PARSE_MAX_WORD long, or the answer is "far". '_' is as good as '-'. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
	unsigned row[PARSE_MAX_WORD + 1], i, j;
	size_t b_len = strlen(b);

	if (a_len > PARSE_MAX_WORD || b_len > PARSE_MAX_WORD)
		return PARSE_MAX_WORD;
	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			bool same = a[i - 1] == b[j - 1] || (a[i - 1] == '-' && b[j - 1] == '_');
			unsigned swap = diagonal + !same;

			diagonal = row[j];
			row[j] = (unsigned)min_u64(swap, min_u64(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

void parse_guess_add(struct parse_guess *g, struct parse_word w, const char *name)
{
	unsigned d;

	if (!name)
		return;
	d = distance(w.at, w.len, name);
	if (d <= 1 + min_u64(w.len, strlen(name)) / 3 && (!g->name || d < g->distance)) {
		g->name = name;
		g->distance = d;
	}
}

int parse_fail_unknown(struct parse_scan *s, struct parse_word w, const char *what,
		       const struct parse_guess *g)
{
	if (g->name)
		return parse_fail(s, w.at, "%s '%.*s': did you mean '%s'?", what, PARSE_SHOW(w),
				  g->name);
	return parse_fail(s, w.at, "%s '%.*s'", what, PARSE_SHOW(w));
}

/* ---- values -------------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : -1;
}

static int parse_number(struct parse_scan *s, struct parse_word w, uint64_t max, uint64_t *ret)
{
	unsigned base = w.len > 2 && w.at[0] == '0' && (w.at[1] | 0x20) == 'x' ? 16 : 10;
	size_t i = base == 16 ? 2 : 0;
	uint64_t v = 0;

	if (!w.len)
		return parse_fail(s, w.at, "a number is missing");
	for (; i < w.len; i++) {
		int d = digit(w.at[i]);

		if (d < 0 || d >= (int)base)
			return parse_fail(s, w.at + i, "'%.*s' is not a number", PARSE_SHOW(w));
		if (v > (max - (unsigned)d) / base || (unsigned)d > max)
			return parse_fail(s, w.at,
					  "%.*s is out of range, at most %" PRIu64 " (0x%" PRIx64
					  ")",
					  PARSE_SHOW(w), max, max);
		v = v * base + (unsigned)d;
	}
	*ret = v;
	return 0;
}

static bool starts_number(struct parse_word w)
{
	return w.len && w.at[0] >= '0' && w.at[0] <= '9';
}

static int parse_enum(struct parse_scan *s, struct parse_word w, const struct op_field *f,
		      uint64_t *ret)
{
	struct parse_guess g = {0};
	int row = op_names_find(f->names, w.at, w.len), err;
	uint64_t v;
	unsigned i;

	if (row < 0 && starts_number(w)) {
		err = parse_number(s, w, UINT32_MAX, &v);
		if (err)
			return err;
		row = op_names_find_value(f->names, v);
		if (row < 0)
			return parse_fail(s, w.at, "%s has no value %" PRIu64, f->name, v);
	}
	if (row < 0) {
		for (i = 0; i < f->names->count; i++)
			parse_guess_add(&g, w, f->names->name[i]);
		return parse_fail_unknown(s, w, "unknown name", &g);
	}
	*ret = (uint64_t)row;
	return 0;
}

/* Bits of one control dword go by several names (xHCI 6.4); `cycle` is done anyway. */
static const char *flag_alias(const struct op_names *names, struct parse_word w)
{
	static const char *const alias[][2] = {
		{"ent", "tc"}, {"toggle", "tc"}, {"bsr", "bei"},
		{"dc", "bei"}, {"tsp", "bei"},   {"cycle", ""},
	};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(alias) && names == &names_trb_flag; i++) {
		if (strlen(alias[i][0]) == w.len && !memcmp(alias[i][0], w.at, w.len))
			return alias[i][1];
	}
	return NULL;
}

static int parse_bits(struct parse_scan *s, struct parse_word all, const struct op_field *f,
		      uint64_t *ret)
{
	const char *end = all.at + all.len;
	struct parse_word w = {all.at, 0};
	uint64_t v;
	int err;

	*ret = 0;
	for (; w.at <= end; w.at += w.len + 1) {
		const char *plus = memchr(w.at, '+', (size_t)(end - w.at)), *alias;
		int row;

		w.len = (size_t)((plus ? plus : end) - w.at);
		alias = flag_alias(f->names, w);
		if (alias && !*alias)
			continue;
		row = alias ? op_names_find(f->names, alias, strlen(alias))
			    : op_names_find(f->names, w.at, w.len);
		if (row >= 0) {
			*ret |= UINT64_C(1) << row;
		} else if (starts_number(w)) {
			err = parse_number(s, w, bits(~UINT64_C(0), f->names->count - 1, 0), &v);
			if (err)
				return err;
			*ret |= v;
		} else {
			return parse_enum(s, w, f, &v); /* for its message */
		}
	}
	return 0;
}

static int parse_addr(struct parse_scan *s, struct parse_word w, struct op *op, uint64_t *ret)
{
	struct parse_guess g = {0};
	struct parse_word kind = {w.at, 0}, number;
	bool minus;
	int row, err;
	unsigned i;

	if (starts_number(w)) {
		op->addr_kind = ADDR_RAW;
		return parse_number(s, w, UINT64_MAX, ret);
	}
	while (kind.len < w.len && kind.at[kind.len] != '+' && kind.at[kind.len] != '-')
		kind.len++;
	row = op_names_find(&names_addr_kind, kind.at, kind.len);
	if (row < 0) {
		for (i = 0; i < ADDR_KINDS; i++)
			parse_guess_add(&g, kind, names_addr_kind.name[i]);
		return parse_fail_unknown(s, kind, "unknown address", &g);
	}
	op->addr_kind = (uint8_t)row;
	*ret = 0;
	if (kind.len == w.len)
		return 0;
	if (row == ADDR_AUTO)
		return parse_fail(s, w.at + kind.len, "'auto' takes no offset");
	minus = kind.at[kind.len] == '-';
	number = (struct parse_word){kind.at + kind.len + 1, w.len - kind.len - 1};
	err = parse_number(s, number, row == ADDR_RAW ? UINT64_MAX : (uint64_t)INT32_MAX + minus,
			   ret);
	if (!err && minus)
		*ret = -*ret;
	return err;
}

static int parse_hex(struct parse_scan *s, struct parse_word w, struct op *op)
{
	size_t i, n = 0;

	for (i = 0; i < w.len; i++) {
		if (w.at[i] == '_')
			continue;
		if (digit(w.at[i]) < 0)
			return parse_fail(s, w.at + i,
					  "'%c' is not a hex digit; text goes in \"quotes\"",
					  w.at[i]);
		if (i + 1 == w.len || digit(w.at[i + 1]) < 0)
			return parse_fail(s, w.at + i, "half a byte: hex digits come in pairs");
		if (n == OP_MAX_BLOB)
			return parse_fail(s, w.at + i, "more than %u bytes", OP_MAX_BLOB);
		s->blob[n++] = (uint8_t)(digit(w.at[i]) << 4 | digit(w.at[i + 1]));
		i++;
	}
	op->blob_len = (uint16_t)n;
	return 0;
}

/* w is what stands between the quotes. */
int parse_quoted(struct parse_scan *s, struct parse_word w, struct op *op)
{
	static const char escape[] = "nrt0\\\"", meaning[] = "\n\r\t\0\\\"";
	size_t i, n = 0;

	for (i = 0; i < w.len; i++) {
		const char *e;
		char c = w.at[i];

		if (n == OP_MAX_BLOB)
			return parse_fail(s, w.at + i, "more than %u bytes", OP_MAX_BLOB);
		if (c == '\\' && w.len - i > 3 && w.at[i + 1] == 'x' && digit(w.at[i + 2]) >= 0 &&
		    digit(w.at[i + 3]) >= 0) {
			c = (char)(digit(w.at[i + 2]) << 4 | digit(w.at[i + 3]));
			i += 3;
		} else if (c == '\\') {
			e = i + 1 < w.len ? memchr(escape, w.at[i + 1], sizeof(escape) - 1) : NULL;
			if (!e)
				return parse_fail(s, w.at + i,
						  "unknown escape: use \\n \\r \\t \\0 \\\\ "
						  "\\\" or \\xNN");
			c = meaning[e - escape];
			i++;
		}
		s->blob[n++] = (uint8_t)c;
	}
	op->blob_len = (uint16_t)n;
	return 0;
}

int parse_value(struct parse_scan *s, struct parse_word w, struct op *op, unsigned field)
{
	static const uint64_t max[] = {[FIELD_U8] = UINT8_MAX,
				       [FIELD_U16] = UINT16_MAX,
				       [FIELD_U32] = UINT32_MAX,
				       [FIELD_U64] = UINT64_MAX};
	const struct op_field *f = &op_table[op->id].field[field];
	uint64_t *v = &op->v[field];

	switch (f->type) {
	case FIELD_ENUM:
		return parse_enum(s, w, f, v);
	case FIELD_BITS:
		return parse_bits(s, w, f, v);
	case FIELD_ADDR:
		return parse_addr(s, w, op, v);
	case FIELD_BLOB:
		return parse_hex(s, w, op);
	default:
		return parse_number(s, w, max[f->type], v);
	}
}
