// SPDX-License-Identifier: MIT
/* vacuity_test.c -- the gate can fail. */
#include "tool/vacuity.h"

#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

static unsigned compare(struct reached *r, const char *word, bool expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned missing;

	assert_non_null(out);
	missing = reached_compare(r, out);
	fclose(out);
	assert_true((strstr(text, word) != NULL) == expected);
	free(text);
	return missing;
}

static void empty_corpus_misses_everything(void **state)
{
	struct reached r = {0};
	unsigned missing = compare(&r, "op enumerate", true);

	(void)state;
	assert_int_equal(missing, r.expected);
	assert_true(r.expected > 200);
}

static void what_was_reached_is_not_listed(void **state)
{
	struct reached r = {0};
	unsigned missing;

	(void)state;
	r.op[OP_ENUMERATE] = 1;
	r.completion[CC_STALL] = 1;
	missing = compare(&r, "op enumerate", false);
	assert_int_equal(missing, r.expected - 2);
	compare(&r, "Stall Error", false);
	compare(&r, "Babble", true);
}

static void code_that_nobody_expects_is_a_failure(void **state)
{
	struct reached r = {0};

	(void)state;
	r.completion[77] = 1;
	compare(&r, "seen but not listed: completion code 77", true);
}

static void named_values_have_a_place_each(void **state)
{
	struct reached r = {0};

	(void)state;
	assert_non_null(reached_table(&r, &names_command_type));
	assert_ptr_not_equal(reached_table(&r, &names_model), reached_table(&r, &names_speed));
	assert_null(reached_table(&r, &names_ring));
	reached_table(&r, &names_model)->row[MODEL_STORAGE] = 1;
	compare(&r, "model storage", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_corpus_misses_everything),
		cmocka_unit_test(what_was_reached_is_not_listed),
		cmocka_unit_test(code_that_nobody_expects_is_a_failure),
		cmocka_unit_test(named_values_have_a_place_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
