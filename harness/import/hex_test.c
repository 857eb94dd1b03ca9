// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "import/import.h"

struct parse {
	int ret;
	uint8_t *bytes;
	size_t len;
	unsigned line, column;
};

// Parses an exact-size copy, so that a sanitizer sees a read past the end.
static struct parse parse(const char *text, size_t len)
{
	struct parse p = {0};
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, text, len);
	p.ret = import_hex(copy, len, &p.bytes, &p.len, &p.line, &p.column);
	free(copy);
	return p;
}

static void assert_bytes(const char *text, const void *bytes, size_t len)
{
	struct parse p = parse(text, strlen(text));

	assert_int_equal(p.ret, 0);
	assert_int_equal(p.len, len);
	if (len)
		assert_memory_equal(p.bytes, bytes, len);
	free(p.bytes);
}

static void assert_refused(const char *text, unsigned line, unsigned column)
{
	struct parse p = parse(text, strlen(text));

	assert_int_equal(p.ret, -EINVAL);
	assert_int_equal(p.line, line);
	assert_int_equal(p.column, column);
}

static void pairs_and_runs_of_digits_are_bytes(void **state)
{
	static const uint8_t four[] = {0x12, 0x01, 0xab, 0xCD};

	(void)state;
	assert_bytes("12 01 ab CD", four, 4);
	assert_bytes("1201abcd", four, 4);
	assert_bytes("\t12\r\n01AB\n\n  cd\n", four, 4);
}

static void comments_end_with_the_line(void **state)
{
	static const uint8_t two[] = {0x01, 0x02};

	(void)state;
	assert_bytes("# device 12\n01 # zz\n02#", two, 2);
}

static void a_text_without_bytes_is_an_empty_set(void **state)
{
	(void)state;
	assert_bytes("", NULL, 0);
	assert_bytes("# only words", NULL, 0);
}

static void a_wrong_character_is_named_by_line_and_column(void **state)
{
	(void)state;
	assert_refused("12 0g", 1, 5);
	assert_refused("# one\n12\n 34 x", 3, 5);
	assert_refused("0x12", 1, 2);
}

static void half_a_byte_is_refused(void **state)
{
	(void)state;
	assert_refused("12 3", 1, 5);
	assert_refused("12 3\n4", 1, 5);
	assert_refused("123#", 1, 4);
}

static void a_nul_byte_is_refused(void **state)
{
	struct parse p = parse("12\0", 3);

	(void)state;
	assert_int_equal(p.ret, -EINVAL);
	assert_int_equal(p.column, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_and_runs_of_digits_are_bytes),
		cmocka_unit_test(comments_end_with_the_line),
		cmocka_unit_test(a_text_without_bytes_is_an_empty_set),
		cmocka_unit_test(a_wrong_character_is_named_by_line_and_column),
		cmocka_unit_test(half_a_byte_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
