// SPDX-License-Identifier: MIT
/*
 * dict_test.c -- the dictionary is in libFuzzer's format and has each op and name once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>

#include "op/names.h"

/* The caller frees *text. */
static void print_dictionary(char **text)
{
	size_t len;
	FILE *f = open_memstream(text, &len);

	assert_non_null(f);
	op_print_dictionary(f);
	fclose(f);
}

/* name="\xNN..." into bytes; returns their count, 0 if the line is not an entry. */
static size_t entry(const char *line, uint8_t *bytes)
{
	size_t n = 0;
	unsigned v;

	while (isalnum((unsigned char)*line) || *line == '_')
		line++;
	if (strncmp(line, "=\"", 2))
		return 0;
	for (line += 2; sscanf(line, "\\x%2X", &v) == 1 && n < 64; line += 4)
		bytes[n++] = (uint8_t)v;
	return strcmp(line, "\"") ? 0 : n;
}

static void every_line_is_an_entry_and_every_op_decodes_from_one(void **state)
{
	char *text, *line, *rest;
	bool seen[OP_COUNT] = {false};
	struct op_program p;
	unsigned i, entries = 0;

	(void)state;
	op_program_init(&p);
	print_dictionary(&text);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		uint8_t bytes[64];
		size_t n = entry(line, bytes);

		if (*line == '#')
			continue;
		if (!n)
			fail_msg("not an entry: %s", line);
		op_decode(&p, bytes, n);
		seen[p.op[0].id] = true;
		entries++;
	}
	for (i = 0; i < OP_COUNT; i++)
		assert_true(seen[i]);
	assert_in_range(entries, 300, 1000);
	op_program_fini(&p);
	free(text);
}

static void a_named_value_is_the_op_that_says_it(void **state)
{
	char *text;
	uint8_t bytes[64];
	struct op_program p;
	char line[300] = "";
	const char *at;

	(void)state;
	op_program_init(&p);
	print_dictionary(&text);
	at = strstr(text, "trb_type_link=");
	assert_non_null(at);
	memcpy(line, at, (size_t)(strchr(at, '\n') - at));
	op_decode(&p, bytes, entry(line, bytes));
	assert_int_equal(p.count, 1);
	assert_int_equal(p.op[0].id, OP_TRB);
	assert_int_equal(op_get(&p.op[0], "type"), TRB_LINK);
	assert_null(strstr(at + 1, "\ntrb_type_link="));
	op_program_fini(&p);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_an_entry_and_every_op_decodes_from_one),
		cmocka_unit_test(a_named_value_is_the_op_that_says_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
