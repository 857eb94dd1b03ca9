// SPDX-License-Identifier: MIT
/* reports_test.c -- logs with many reports in them. */
#include "tool/reports.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#define OVERFLOW(address)                                                                          \
	"=================================================================\n"                      \
	"==7==ERROR: AddressSanitizer: heap-buffer-overflow on address " address " at pc 0x5\n"    \
	"WRITE of size 8 at " address " thread T0\n"                                               \
	"    #0 " address " in usb_packet_put hw/usb/core.c:56:9\n"                                \
	"    #1 " address " in main softmmu/main.c:40:2\n\n"                                       \
	"0x602 is located 0 bytes to the right of 8-byte region\n"                                 \
	"allocated by thread T0 here:\n"                                                           \
	"    #0 0x55d2 in malloc (qemu+0x99)\n\n"                                                  \
	"SUMMARY: AddressSanitizer: heap-buffer-overflow hw/usb/core.c:56:9 in usb_packet_put\n"   \
	"Shadow bytes around the buggy address:\n"                                                 \
	"  0x0c047fff8000: fa fa 00 00\n"

#define LEAK(sort, bytes, objects, function)                                                       \
	sort " leak of " bytes " byte(s) in " objects " object(s) allocated from:\n"               \
	     "    #0 0x55d2 in __interceptor_calloc (qemu+0x99)\n"                                 \
	     "    #1 0x7f00 in g_malloc0 (/lib/libglib-2.0.so.0+0x5)\n"                            \
	     "    #2 0x55d3 in " function " hw/usb/core.c:80:4\n\n"

static void add(struct reports *r, const char *text, const char *path)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(in);
	reports_add(r, in, path);
	fclose(in);
}

static void same_error_in_two_logs_is_one_row(void **state)
{
	struct reports r = {0};

	(void)state;
	add(&r, OVERFLOW("0x602000000018") OVERFLOW("0x602000000078"), "asan.log.1");
	add(&r, OVERFLOW("0x602000000098"), "asan.log.2");
	reports_finish(&r);
	assert_int_equal(r.rows, 1);
	assert_int_equal(r.row[0].sort, REPORTS_ERROR);
	assert_int_equal(r.row[0].count, 3);
	assert_string_equal(r.row[0].what, "heap-buffer-overflow WRITE usb_packet_put");
	assert_string_equal(r.row[0].files, "asan.log.1\nasan.log.2");
	assert_non_null(strstr(r.row[0].text, "#0 in usb_packet_put hw/usb/core.c:56:9\n"));
	assert_non_null(strstr(r.row[0].text, "allocated by thread T0"));
	assert_null(strstr(r.row[0].text, "Shadow"));
	assert_int_equal(r.files, 2);
	reports_free(&r);
}

static void leaks_are_grouped_by_stack_and_summed(void **state)
{
	static const char log[] = "==7==ERROR: LeakSanitizer: detected memory leaks\n\n" LEAK(
		"Direct", "8", "1", "usb_create") LEAK("Indirect", "4", "2", "usb_ep_init")
		LEAK("Direct", "16", "2", "usb_create") "SUMMARY: AddressSanitizer: 28 byte(s)\n";
	struct reports r = {0};

	(void)state;
	add(&r, log, "asan.log.1");
	reports_finish(&r);
	assert_int_equal(r.rows, 2);
	assert_int_equal(reports_count(&r, REPORTS_LEAK), 2);
	assert_string_equal(r.row[0].what, "usb_create");
	assert_int_equal(r.row[0].bytes, 24);
	assert_int_equal(r.row[0].objects, 3);
	assert_true(r.row[0].direct);
	assert_false(r.row[1].direct);
	reports_free(&r);
}

static void stacks_without_names_are_told_apart_by_place(void **state)
{
	static const char log[] = "Direct leak of 8 byte(s) in 1 object(s) allocated from:\n"
				  "    #0 0x55d2 (qemu+0x99)\n"
				  "    #1 0x55d3 (qemu+0x100)\n\n"
				  "Direct leak of 8 byte(s) in 1 object(s) allocated from:\n"
				  "    #0 0x55d2 (qemu+0x99)\n"
				  "    #1 0x55d3 (qemu+0x200)\n\n"
				  "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n"
				  "    #0 0x55d2 (qemu+0x99)\n"
				  "SUMMARY: AddressSanitizer: SEGV\n"
				  "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n"
				  "    #0 0x55d2 (qemu+0x77)\n";
	struct reports r = {0};

	(void)state;
	add(&r, log, "asan.log.1");
	assert_int_equal(reports_count(&r, REPORTS_LEAK), 2);
	assert_int_equal(reports_count(&r, REPORTS_ERROR), 2);
	reports_free(&r);
}

static void assertion_and_the_stack_of_its_abort_are_one_finding(void **state)
{
	struct reports r = {0};

	(void)state;
	add(&r, "qemu: ../hw/usb/core.c:410: usb_handle_packet: Assertion `dev' failed.\n",
	    "stderr");
	add(&r,
	    "==1==ERROR: AddressSanitizer: ABRT on unknown address 0x3e8\n"
	    "    #0 0x5 in raise (/lib/libc.so.6+0x1)\n"
	    "    #1 0x5 in usb_handle_packet hw/usb/core.c:410:5\n"
	    "SUMMARY: AddressSanitizer: ABRT\n",
	    "asan.log.1");
	reports_finish(&r);
	assert_int_equal(r.rows, 1);
	assert_string_equal(r.row[0].what, "ABRT usb_handle_packet");
	assert_int_equal(strncmp(r.row[0].text, "qemu: ", 6), 0);
	reports_free(&r);
}

static void rules_undefined_behaviour_and_plain_output_are_told_apart(void **state)
{
	struct reports r = {0};

	(void)state;
	add(&r,
	    "serve: somebody is there\n"
	    "VIOLATED xHCI 4.9.4 event ring overwrite after 0.002000 s: at 0x1000\n"
	    "VIOLATED xHCI 4.9.4 event ring overwrite after 1.500000 s: at 0x2000\n"
	    "x.c:3:9: runtime error: shift exponent 64 is too large\n"
	    "    #0 0x5 in shift x.c:3:9\n"
	    "serve: gone\n",
	    "serve.log");
	add(&r, "nothing\n", "qemu.stderr");
	reports_finish(&r);
	assert_int_equal(r.rows, 2);
	assert_string_equal(r.row[0].what, "shift-exponent shift");
	assert_string_equal(r.row[1].what, "xHCI 4.9.4 event ring overwrite");
	assert_int_equal(r.row[1].count, 2);
	assert_int_equal(r.empty_files, 1);
	reports_free(&r);
}

static void report_that_never_ends_is_kept_within_bounds(void **state)
{
	size_t size = 300000, at;
	char *text = alloc_zero(size + 1);
	struct reports r = {0};

	(void)state;
	at = (size_t)sprintf(text, "==1==ERROR: AddressSanitizer: SEGV on unknown address\n");
	memset(text + at, 'x', size - at);
	for (size_t i = at; i < size; i += 1000)
		text[i] = '\n';
	add(&r, text, "asan.log.1");
	assert_int_equal(r.rows, 1);
	assert_in_range(strlen(r.row[0].text), 1000, 70000);
	free(text);
	reports_free(&r);
}

static void json_says_what_the_text_says(void **state)
{
	struct reports r = {0};
	char *text = NULL, *plain = NULL;
	size_t size = 0, plain_size = 0;
	FILE *out = open_memstream(&text, &size), *words = open_memstream(&plain, &plain_size);
	json_t *top, *one;

	(void)state;
	add(&r, OVERFLOW("0x602000000018") LEAK("Direct", "8", "1", "usb_create"), "asan.log.1");
	reports_finish(&r);
	reports_print_json(&r, out);
	reports_print_text(&r, words);
	fclose(out);
	fclose(words);
	top = json_loads(text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(top, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(top, "leaks")), 1);
	one = json_array_get(json_object_get(top, "findings"), 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(one, "stack"), 0)),
			    "usb_packet_put hw/usb/core.c:56:9");
	assert_int_equal(json_array_size(json_object_get(one, "stack")), 2);
	assert_non_null(strstr(plain, json_string_value(json_object_get(one, "bucket"))));
	assert_non_null(strstr(plain, "1 errors, 0 broken rules, 1 leaks (8 bytes) in 1 files\n"));
	json_decref(top);
	free(text);
	free(plain);
	reports_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_error_in_two_logs_is_one_row),
		cmocka_unit_test(leaks_are_grouped_by_stack_and_summed),
		cmocka_unit_test(stacks_without_names_are_told_apart_by_place),
		cmocka_unit_test(assertion_and_the_stack_of_its_abort_are_one_finding),
		cmocka_unit_test(rules_undefined_behaviour_and_plain_output_are_told_apart),
		cmocka_unit_test(report_that_never_ends_is_kept_within_bounds),
		cmocka_unit_test(json_says_what_the_text_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
