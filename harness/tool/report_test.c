// SPDX-License-Identifier: MIT
/* report_test.c -- reports as sanitizers write them. */
#include "tool/tool.h"

#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

static const char overflow[] =
	"=================================================================\n"
	"==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x5 bp 0x7 sp 0x7\n"
	"SCARINESS: 42 (multi-byte-write-heap-buffer-overflow)\n"
	"WRITE of size 18 at 0x602 thread T0\n"
	"    #0 0x55d2 in __asan_memcpy (build/asan/gauntlet+0x1234)\n"
	"    #1 0x55d3 in get_le32 harness/base.h:56:9\n"
	"    #2 0x55d3 in usb_control_data harness/usb/control.c:123:4\n"
	"    #3 0x55d4 in usb_packet_submit harness/usb/packet.c:200:2\n"
	"    #4 0x55d5 in play harness/run.c:91:2\n"
	"    #5 0x55d6 in main harness/main.c:40:2\n"
	"\n"
	"0x602 is located 0 bytes to the right of 8-byte region\n"
	"allocated by thread T0 here:\n"
	"    #0 0x55d2 in malloc (build/asan/gauntlet+0x99)\n"
	"    #1 0x55d3 in usb_control_setup harness/usb/control.c:80:4\n";

static void heap_overflow_names_access_and_our_functions(void **state)
{
	struct tool_report r;

	(void)state;
	tool_report_parse(&r, overflow);
	assert_string_equal(r.kind, "heap-buffer-overflow");
	assert_string_equal(r.access, "WRITE");
	assert_int_equal(r.frames, 2);
	assert_string_equal(r.frame[0], "usb_control_data");
	assert_string_equal(r.frame[1], "usb_packet_submit");
	assert_false(r.leak);
}

static void each_kind_of_report_is_told_apart(void **state)
{
	static const struct {
		const char *text, *kind, *access;
	} row[] = {
		{"==1==ERROR: AddressSanitizer: attempting double-free on 0x6 in thread T0:\n",
		 "double-free", ""},
		{"==1==ERROR: AddressSanitizer: attempting free on address which was not "
		 "malloc()-ed: 0x6\n",
		 "bad-free", ""},
		{"==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x5)\n"
		 "==1==The signal is caused by a READ memory access.\n",
		 "SEGV", "READ"},
		{"==1==ERROR: AddressSanitizer: requested allocation size 0xffffffffffffffff\n",
		 "allocation-size-too-big", ""},
		{"==1==ERROR: AddressSanitizer: memcpy-param-overlap: memory ranges\n",
		 "memcpy-param-overlap", ""},
		{"harness/usb/x.c:3:9: runtime error: index 9 out of bounds for type 'int[4]'\n",
		 "index-out-of-bounds", ""},
		{"x.c:3:9: runtime error: shift exponent 64 is too large\n", "shift-exponent", ""},
		{"x.c:3:9: runtime error: something new\n", "undefined-behavior", ""},
		{"REQUIRE failed: p (harness/usb/x.c:9): this is a bug of usb-gauntlet\n"
		 "==1==ERROR: AddressSanitizer: ABRT on unknown address 0x3e8\n",
		 "REQUIRE", ""},
		{"no report at all\n", "", ""},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct tool_report r;

		tool_report_parse(&r, row[i].text);
		assert_string_equal(r.kind, row[i].kind);
		assert_string_equal(r.access, row[i].access);
	}
}

static void leak_report_is_a_leak(void **state)
{
	struct tool_report r;

	(void)state;
	tool_report_parse(&r,
			  "==1==ERROR: LeakSanitizer: detected memory leaks\n\n"
			  "Direct leak of 8 byte(s) in 1 object(s) allocated from:\n"
			  "    #0 0x55d2 in malloc (x+0x99)\n"
			  "    #1 0x55d3 in usb_packet_new harness/usb/packet.c:80:4\n");
	assert_true(r.leak);
	assert_string_equal(r.frame[0], "usb_packet_new");
}

static void long_names_and_lines_are_cut(void **state)
{
	struct tool_report r;
	char text[5000];
	int at = sprintf(text, "==1==ERROR: AddressSanitizer: SEGV on\n    #0 0x5 in ");

	(void)state;
	memset(text + at, 'x', 4000);
	strcpy(text + at + 4000, " f.c:1\n");
	tool_report_parse(&r, text);
	assert_int_equal(r.frames, 1);
	assert_int_equal(strlen(r.frame[0]), TOOL_NAME - 1);
}

static void bucket_depends_on_cause_not_on_place(void **state)
{
	struct tool_report r, other;
	struct tool_verdict a, b, c;

	(void)state;
	tool_report_parse(&r, overflow);
	tool_verdict_crash(&a, &r, 0, 3);
	other = r;
	tool_verdict_crash(&b, &other, 6, 9);
	strcpy(other.access, "READ");
	tool_verdict_crash(&c, &other, 0, 3);
	assert_int_equal(a.bucket, b.bucket);
	assert_int_not_equal(a.bucket, c.bucket);
}

static void verdict_lines_read_as_documented(void **state)
{
	struct tool_verdict v;
	struct tool_report r;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	tool_report_parse(&r, overflow);
	tool_verdict_crash(&v, &r, 0, 9);
	v.bucket = 0x3f2a;
	tool_verdict_print(&v, out);
	fputc('\n', out);
	tool_verdict_violated(&v, "xHCI 4.9.4", "event ring overwrite", 17);
	tool_verdict_print(&v, out);
	tool_verdict_hang(&v, 3);
	fputc('\n', out);
	tool_verdict_print(&v, out);
	r.leak = true;
	tool_verdict_crash(&v, &r, 0, 9);
	v.bucket = 0x3f2b;
	fputc('\n', out);
	tool_verdict_print(&v, out);
	fclose(out);
	assert_string_equal(text,
			    "CRASH heap-buffer-overflow WRITE usb_control_data at op 9 "
			    "[bucket 0000000000003f2a]\n"
			    "VIOLATED xHCI 4.9.4 event ring overwrite at op 17\n"
			    "HANG\n"
			    "LEAK usb_control_data [bucket 0000000000003f2b]");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_overflow_names_access_and_our_functions),
		cmocka_unit_test(each_kind_of_report_is_told_apart),
		cmocka_unit_test(leak_report_is_a_leak),
		cmocka_unit_test(long_names_and_lines_are_cut),
		cmocka_unit_test(bucket_depends_on_cause_not_on_place),
		cmocka_unit_test(verdict_lines_read_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
