// SPDX-License-Identifier: MIT
/* Tests of cases that are saved on the way. */
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/testbed.h"

static void each_place_goes_on_the_same(void **state)
{
	struct tool_case c[2] = {
		bed_case("enumerate model=keyboard\nkey qnum=30\nstep usec=9000\n"),
		bed_case("enumerate model=storage\nread-sector\n")};
	struct tool_saves s = {.places = 2};

	(void)state;
	assert_int_equal(tool_saves(&s, c, 2), 0);
	assert_int_equal(s.cases, 2);
	assert_int_equal(s.saves, 2 + 2);
	assert_int_equal(s.wrong, 0);
	for (unsigned i = 0; i < 2; i++)
		tool_case_free(&c[i]);
}

static void no_case_is_begun_when_time_is_up(void **state)
{
	struct tool_case c = bed_case("enumerate\n");
	struct tool_saves s = {.places = 1, .end_msec = 1};

	(void)state;
	assert_int_equal(tool_saves(&s, &c, 1), 0);
	assert_int_equal(s.cases, 0);
	tool_case_free(&c);
}

static unsigned files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static unsigned crashes; /* so many of the next children die */
static bool crash;

static void before_fork(void)
{
	crash = crashes > 0;
	crashes -= crash;
}

static void in_child(void)
{
	if (crash)
		abort();
}

/* What crashes is kept, and the next case is played all the same. */
static void a_crash_is_kept_and_is_not_the_end(void **state)
{
	struct tool_case c[2] = {bed_case("enumerate\n"), bed_case("enumerate model=storage\n")};
	char folder[] = "/tmp/saves_test.XXXXXX", path[64];
	struct tool_saves s = {.places = 3, .out = folder};

	(void)state;
	assert_non_null(mkdtemp(folder));
	crashes = 1;
	assert_int_equal(tool_saves(&s, c, 2), 0);
	assert_int_equal(s.cases, 2);
	assert_int_equal(s.saves, 1);
	assert_int_equal(s.wrong, 1);
	assert_int_equal(files_in(folder), 1);
	snprintf(path, sizeof(path), "%s/test.saved-0.ops", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	for (unsigned i = 0; i < 2; i++)
		tool_case_free(&c[i]);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	struct tool_case c = bed_case("enumerate\n");
	struct tool_saves s = {.places = 3, .out = "/nowhere/at/all"};

	(void)state;
	crashes = 1;
	assert_true(tool_saves(&s, &c, 1) < 0);
	tool_case_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_place_goes_on_the_same),
		cmocka_unit_test(no_case_is_begun_when_time_is_up),
		cmocka_unit_test(a_crash_is_kept_and_is_not_the_end),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	};

	assert_int_equal(pthread_atfork(before_fork, NULL, in_child), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
