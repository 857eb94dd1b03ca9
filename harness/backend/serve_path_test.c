// SPDX-License-Identifier: MIT
#include "backend/serve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_path_names_a_port_of_each_hub(void **state)
{
	char text[SERVE_PATH_TEXT];
	struct serve_path p;

	(void)state;
	assert_int_equal(serve_path_parse(&p, "7"), 0);
	assert_int_equal(p.connector, 7);
	assert_int_equal(p.route, 0);
	assert_int_equal(serve_path_parse(&p, "32.15.1.2.3.4"), 0);
	assert_int_equal(p.connector, 32);
	assert_int_equal(p.route, 0x4321f);
	assert_string_equal(serve_path_print(&p, text), "32.15.1.2.3.4");
}

static void what_is_no_path_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "0",
					    "33",
					    ".1",
					    "1.",
					    "1..2",
					    "1.0",
					    "1.16",
					    "1.x",
					    "-1",
					    "1.1.1.1.1.1.1",
					    " 1",
					    "1 ",
					    "+1",
					    "x",
					    "1.+2",
					    "4294967297"};
	struct serve_path p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(serve_path_parse(&p, wrong[i]), -EINVAL);
}

static void a_hub_covers_what_is_behind_it(void **state)
{
	static const struct serve_path at = {2, 0x21};
	static const struct {
		struct serve_path p;
		bool covered;
	} want[] = {
		{{2, 0x21}, true},  {{2, 0x521}, true}, {{2, 0x1}, false},
		{{2, 0x31}, false}, {{1, 0x21}, false}, {{2, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(serve_path_covers(&at, &want[i].p), want[i].covered);
		assert_int_equal(serve_path_covers(&(struct serve_path){2, 0}, &want[i].p),
				 want[i].p.connector == 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_names_a_port_of_each_hub),
		cmocka_unit_test(what_is_no_path_is_refused),
		cmocka_unit_test(a_hub_covers_what_is_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
