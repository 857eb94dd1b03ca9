// SPDX-License-Identifier: MIT
/*
 * Tests of the list of known findings: what it says of versions, what it refuses, and that the bucket of a
 * finding in the real libusb is still the one in the list.
 */
#include "tool/known.h"
#include "usbfs/exercise.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#ifndef __has_feature
#define __has_feature(x) 0 /* gcc: it has no sanitizer here */
#endif

static void versions_are_compared_number_by_number(void **state)
{
	(void)state;
	assert_true(known_version_in("1.0.26", "1.0.26"));
	assert_true(known_version_in("1.0.26", "1.0.9-1.0.29"));
	assert_true(known_version_in("1.0.29", "-1.0.29"));
	assert_true(known_version_in("11.1.3", "2.5-"));
	assert_false(known_version_in("1.0.30", "1.0.9-1.0.29"));
	assert_false(known_version_in("1.0.3", "1.0.26"));
	assert_false(known_version_in("1.0.26", "1.0.27-1.0.29"));
	assert_false(known_version_in("2.4.1", "2.5-"));
	assert_false(known_version_in("7.2.22", "-7.2"));
}

static void a_row_is_for_its_bucket_library_and_versions(void **state)
{
	struct known_list list = {0};
	const struct known_row *row;

	(void)state;
	assert_int_equal(known_parse(&list,
				     "# words\n\n00000000000000ab libusb 1.0.0-1.0.29 here\n"
				     "00000000000000ab qemu 2.5- over there\n"),
			 0);
	row = known_find(&list, 0xab, "qemu", "7.2");
	assert_non_null(row);
	assert_string_equal(row->reference, "over there");
	assert_string_equal(known_find(&list, 0xab, "libusb", "1.0.26")->reference, "here");
	assert_null(known_find(&list, 0xab, "libusb", "1.0.30"));
	assert_null(known_find(&list, 0xab, "usbredir", "1.0.26"));
	assert_null(known_find(&list, 0xac, "libusb", "1.0.26"));
	known_free(&list);
}

static void a_line_that_is_no_row_is_named(void **state)
{
	static const char *const bad[] = {
		"0123 libusb 1.0 short bucket",
		"0123456789abcdeg libusb 1.0 no hex",
		"0123456789abcdef libusb 1.0",
		"0123456789abcdef libusb old reference",
		"0123456789abcdef libusb - reference",
		"0123456789abcdef libusb 1.0-x reference",
		"0123456789abcdef a-library-with-a-long-name 1.0 reference",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct known_list list = {0};
		char text[200];

		snprintf(text, sizeof(text), "# words\n%s\n", bad[i]);
		assert_int_equal(known_parse(&list, text), 2);
		known_free(&list);
	}
}

static void a_verdict_that_is_known_says_so(void **state)
{
	struct known_list list = {0};
	struct tool_verdict v = {.kind = VERDICT_LEAK, .what = "f", .bucket = 0xab};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	known_parse(&list, "00000000000000ab libusb 1.0- somewhere\n");
	known_apply(&list, &v);
	tool_verdict_print(&v, out);
	v = (struct tool_verdict){.kind = VERDICT_HANG, .bucket = 0xab};
	known_apply(&list, &v);
	fputc('\n', out);
	tool_verdict_print(&v, out);
	fclose(out);
	assert_string_equal(text, "LEAK f [bucket 00000000000000ab], known: somewhere\nHANG");
	free(text);
	known_free(&list);
}

/* An interface that counts an endpoint, and bytes that end within the descriptor in front of it. */
static void what_the_real_library_does_has_the_bucket_of_the_list(void **state)
{
	static const uint8_t input[] = {
		0,  0, 0,  0, 0, 38, 0,                                             /* header */
		18, 1, 0,  2, 0, 0,  0, 64,   0x2a, 0x57, 1, 0, 0, 1, 0,   0, 0, 1, /* device */
		9,  2, 20, 0, 1, 1,  0, 0x80, 50,   9,    4, 0, 0, 1, 255, 0, 0, 0, 9, 36,
	};
	const struct libusb_version *version = libusb_get_version();
	struct tool_play p = {.quiet_child = true};
	struct known_list list = {0};
	struct tool_case c;
	uint8_t *text;
	size_t len;

	(void)state;
	if (!__has_feature(address_sanitizer) || (!version->minor && version->micro >= 30))
		skip();
	assert_int_equal(tool_file_read(KNOWN_LIST, &text, &len), 0);
	assert_int_equal(known_parse(&list, (const char *)text), 0);
	free(text);
	tool_case_make(&c, TARGET_LIBUSB, input, sizeof(input));
	setenv("GAUNTLET_STRICT", "1", 1);
	assert_int_equal(tool_play(&p, &c), 0);
	unsetenv("GAUNTLET_STRICT");
	known_apply(&list, &p.verdict);
	assert_int_equal(p.verdict.kind, VERDICT_CRASH);
	assert_string_equal(p.verdict.known,
			    "CVE-2026-23679 https://github.com/libusb/libusb/issues/1813");
	tool_play_free(&p);
	/* Not strict, it is passed by. */
	assert_int_equal(tool_play(&p, &c), 0);
	assert_int_equal(p.verdict.kind, VERDICT_CLEAN);
	tool_play_free(&p);
	tool_case_free(&c);
	known_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_compared_number_by_number),
		cmocka_unit_test(a_row_is_for_its_bucket_library_and_versions),
		cmocka_unit_test(a_line_that_is_no_row_is_named),
		cmocka_unit_test(a_verdict_that_is_known_says_so),
		cmocka_unit_test(what_the_real_library_does_has_the_bucket_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
