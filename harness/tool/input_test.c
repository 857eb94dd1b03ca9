// SPDX-License-Identifier: MIT
/* input_test.c -- files become cases. */
#include "tool/tool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
/* After the standard headers it needs. */
#include <cmocka.h>

static char folder[100];

static const char *place(const char *name, const void *bytes, size_t len)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(tool_file_write(path, bytes, len), 0);
	return path;
}

static void program_text_is_a_ring_case(void **state)
{
	static const char text[] = "# comment\nplug port=2 model=storage\nstep usec=5\n";
	struct tool_case c;
	struct op_program again;
	char *back;

	(void)state;
	assert_int_equal(tool_case_read(&c, place("a.ops", text, strlen(text)), NULL), 0);
	assert_int_equal(c.target, TARGET_RING);
	assert_int_equal(c.program.count, 2);
	op_program_init(&again);
	op_decode(&again, c.bytes, c.len);
	assert_true(op_program_equal(&c.program, &again));
	back = tool_case_text(&c);
	assert_string_equal(back, "plug port=2 model=storage\nstep usec=5\n");
	free(back);
	op_program_fini(&again);
	tool_case_free(&c);
}

static void hex_text_is_a_descriptor_case(void **state)
{
	struct tool_case c;
	char *back;

	(void)state;
	assert_int_equal(tool_case_read(&c, place("a.hex", "12 01 # x\n00", 12), NULL), 0);
	assert_int_equal(c.target, TARGET_DESCRIPTOR);
	assert_int_equal(c.len, 3);
	assert_memory_equal(c.bytes, "\x12\x01\x00", 3);
	assert_int_equal(c.program.count, 3);
	assert_int_equal(c.program.op[0].blob_len, 3);
	back = tool_case_text(&c);
	assert_string_equal(back, "12 01 00\n");
	free(back);
	tool_case_free(&c);
}

static void raw_bytes_belong_to_the_target_in_their_path(void **state)
{
	struct tool_case c;
	char below[200];

	(void)state;
	assert_int_equal(tool_case_read(&c, place("crash-1234", "\x01\x02", 2), NULL), 0);
	assert_int_equal(c.target, TARGET_RING);
	tool_case_free(&c);
	assert_int_equal(tool_case_read(&c, place("crash-1234", "\x01\x02", 2), "descriptor"), 0);
	assert_int_equal(c.target, TARGET_DESCRIPTOR);
	tool_case_free(&c);
	snprintf(below, sizeof(below), "%s/descriptor", folder);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(tool_case_read(&c, place("descriptor/crash-1", "\x01", 1), NULL), 0);
	assert_int_equal(c.target, TARGET_DESCRIPTOR);
	tool_case_free(&c);
	assert_int_equal(tool_case_read(&c, place("descriptor/xhci_ring-1", "\x01", 1), NULL), 0);
	assert_int_equal(c.target, TARGET_RING);
	tool_case_free(&c);
	assert_int_equal(tool_case_read(&c, place("descriptor/vfio_user-1", "\x01", 1), NULL), 0);
	assert_int_equal(c.target, TARGET_VFIO);
	assert_int_equal(c.program.count, 0);
	tool_case_free(&c);
	assert_int_equal(tool_case_read(&c, place("descriptor/vfio-user.hex", "01", 2), NULL), 0);
	assert_int_equal(c.target, TARGET_VFIO);
	tool_case_free(&c);
}

static void empty_file_is_a_program(void **state)
{
	struct tool_case c;

	(void)state;
	assert_int_equal(tool_case_read(&c, place("empty", "", 0), NULL), 0);
	assert_int_equal(c.len, 0);
	assert_int_equal(c.program.count, 1);
	tool_case_free(&c);
}

static void what_cannot_be_read_is_refused(void **state)
{
	char path[200];
	struct tool_case c;

	(void)state;
	assert_int_equal(tool_case_read(&c, folder, NULL), -EISDIR);
	snprintf(path, sizeof(path), "%s/absent", folder);
	assert_int_equal(tool_case_read(&c, path, NULL), -ENOENT);
	assert_int_equal(tool_case_read(&c, place("e.ops", "plug prt=1\n", 11), NULL), -EINVAL);
	assert_int_equal(tool_case_read(&c, place("e.hex", "0", 1), NULL), -EINVAL);
	assert_int_equal(tool_case_read(&c, place("raw", "x", 1), "no-such-target"), -EINVAL);
	snprintf(path, sizeof(path), "%s/large", folder);
	place("large", "", 0);
	assert_int_equal(truncate(path, TOOL_FILE_MAX + 1), 0);
	assert_int_equal(tool_case_read(&c, path, NULL), -EFBIG);
	assert_int_equal(truncate(path, TOOL_FILE_MAX), 0);
	assert_int_equal(tool_case_read(&c, path, NULL), 0);
	tool_case_free(&c);
}

static void folders_are_listed_in_order_without_their_readme(void **state)
{
	struct tool_list list = {0};
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/list", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	place("list/b.ops", "", 0);
	place("list/a.hex", "", 0);
	place("list/README.md", "", 0);
	place("list/.hidden", "", 0);
	assert_int_equal(tool_list_add(&list, path), 0);
	assert_int_equal(list.count, 2);
	assert_non_null(strstr(list.path[0], "/a.hex"));
	assert_non_null(strstr(list.path[1], "/b.ops"));
	tool_list_free(&list);
}

static void failed_write_leaves_nothing_behind(void **state)
{
	struct tool_list list = {0};
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/absent/file", folder);
	assert_int_equal(tool_file_write(path, "x", 1), -ENOENT);
	snprintf(path, sizeof(path), "%s/list", folder);
	assert_int_equal(tool_file_write(path, "x", 1), -EISDIR);
	assert_int_equal(tool_list_add(&list, folder), 0);
	for (unsigned i = 0; i < list.count; i++)
		assert_null(strstr(list.path[i], ".new"));
	tool_list_free(&list);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[sizeof(folder) + 20];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_text_is_a_ring_case),
		cmocka_unit_test(hex_text_is_a_descriptor_case),
		cmocka_unit_test(raw_bytes_belong_to_the_target_in_their_path),
		cmocka_unit_test(empty_file_is_a_program),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(folders_are_listed_in_order_without_their_readme),
		cmocka_unit_test(failed_write_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
