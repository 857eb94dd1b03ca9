// SPDX-License-Identifier: MIT
/*
 * parse.c -- text to ops. Whoever wrote the text gets line, column and what was expected; the text
 * may be anything, of any length, with NULs and without an end of line.
 */
#include "op/parse.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct parse_scan *s)
{
	while (s->at < s->end && blank(*s->at))
		s->at++;
	if (s->at < s->end && *s->at == '#')
		s->at = s->end;
}

/* Up to a blank, a comment, the end of the line, or stop. */
static struct parse_word take_word(struct parse_scan *s, char stop)
{
	struct parse_word w = {s->at, 0};

	while (s->at < s->end && !blank(*s->at) && *s->at != '#' && *s->at != stop)
		s->at++;
	w.len = (size_t)(s->at - w.at);
	return w;
}

static int take_quoted(struct parse_scan *s, struct parse_word *ret)
{
	const char *open = s->at++;

	*ret = (struct parse_word){s->at, 0};
	while (s->at < s->end && *s->at != '"')
		s->at += *s->at == '\\' && s->at + 1 < s->end ? 2 : 1;
	if (s->at == s->end)
		return parse_fail(s, open, "the quote is not closed");
	ret->len = (size_t)(s->at++ - ret->at);
	if (s->at < s->end && !blank(*s->at) && *s->at != '#')
		return parse_fail(s, s->at, "a blank is missing after the quote");
	return 0;
}

static int parse_assigned(struct parse_scan *s, struct op *op, unsigned i)
{
	const struct op_field *f = &op_table[op->id].field[i];
	struct parse_word w;
	int err;

	if (f->type == FIELD_BLOB && s->at < s->end && *s->at == '"') {
		err = take_quoted(s, &w);
		return err ? err : parse_quoted(s, w, op);
	}
	w = take_word(s, 0);
	if (!w.len)
		return parse_fail(s, w.at, "%s= lacks its value", f->name);
	return parse_value(s, w, op, i);
}

static int fail_field(struct parse_scan *s, struct parse_word w, const struct op_info *info)
{
	struct parse_guess g = {0};
	char what[80];
	unsigned i;

	for (i = 0; i < info->field_count; i++)
		parse_guess_add(&g, w, info->field[i].name);
	snprintf(what, sizeof(what), "'%s' has no field", info->name);
	return parse_fail_unknown(s, w, what, &g);
}

static int parse_field(struct parse_scan *s, struct op *op, unsigned *seen)
{
	const struct op_info *info = &op_table[op->id];
	struct parse_word w = take_word(s, '=');
	char name[PARSE_MAX_WORD + 1] = "";
	int i;

	if (w.len <= PARSE_MAX_WORD)
		memcpy(name, w.at, w.len);
	i = op_field_find(info, name);
	if (i < 0)
		return fail_field(s, w, info);
	if (s->at == s->end || *s->at != '=')
		return parse_fail(s, s->at, "'=' is missing after '%s'", name);
	if (*seen >> i & 1)
		return parse_fail(s, w.at, "'%s' is given twice", name);
	*seen |= 1u << i;
	s->at++;
	return parse_assigned(s, op, (unsigned)i);
}

static int parse_line(struct parse_scan *s, struct op_program *p)
{
	struct parse_guess g = {0};
	struct op op = {0};
	char name[PARSE_MAX_WORD + 1] = "";
	struct parse_word w;
	unsigned seen = 0;
	int id, err;

	skip_blanks(s);
	if (s->at == s->end)
		return 0;
	w = take_word(s, 0);
	if (w.len <= PARSE_MAX_WORD)
		memcpy(name, w.at, w.len);
	id = op_find(name);
	if (id < 0) {
		for (id = 0; id < OP_COUNT; id++)
			parse_guess_add(&g, w, op_table[id].name);
		return parse_fail_unknown(s, w, "unknown op", &g);
	}
	op.id = (uint8_t)id;
	for (skip_blanks(s); s->at < s->end; skip_blanks(s)) {
		err = parse_field(s, &op, &seen);
		if (err)
			return err;
	}
	op.blob = s->blob;
	if (!op_program_append(p, &op))
		return parse_fail(s, w.at, "more than %u ops", OP_MAX_OPS);
	return 0;
}

/* Text is text: no control characters, not even in comments. */
static int check_line(struct parse_scan *s)
{
	const char *c;

	for (c = s->line; c < s->end; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return parse_fail(s, c,
					  "control character 0x%02x: this is not a text program",
					  (unsigned char)*c);
	}
	return 0;
}

int op_parse(struct op_program *p, const char *text, size_t len, struct op_error *error)
{
	struct op polite = {0};
	struct parse_scan s;
	size_t at = 0;
	int err = 0;

	s.error = error;
	op_program_clear(p);
	for (s.number = 1; at < len && !err; s.number++) {
		const char *end = memchr(text + at, '\n', len - at);

		s.line = s.at = text + at;
		s.end = end ? end : text + len;
		at = (size_t)(s.end - text) + 1;
		if (s.end > s.line && s.end[-1] == '\r')
			s.end--;
		err = check_line(&s);
		if (!err)
			err = parse_line(&s, p);
	}
	if (!err && !p->count)
		op_program_append(p, &polite); /* as an empty byte string */
	return err;
}
