// SPDX-License-Identifier: MIT
/*
 * Tests of umockdev's device files.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/import.h"

#define HUB                                                                                        \
	"P: /devices/pci0000:00/0000:00:14.0/usb1\nN: bus/usb/001/001\nE: DEVTYPE=usb_device\n"    \
	"A: product=xHCI Host Controller\\n\nA: manufacturer=Linux\\n\n"                           \
	"H: descriptors=12010002090001406B1D020005060302010109021900010100E0000904000001090000000705810304000C\n\n"

#define KEYBOARD                                                                                   \
	"P: /devices/pci0000:00/0000:00:14.0/usb1/1-3\nA: manufacturer=ACME\\n\nA: serial=42\\n\n" \
	"H: descriptors=12010002000000086a040100060401000201\n"

static const char both[] = HUB KEYBOARD;

static void the_device_asked_for_is_taken_with_its_strings(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(import_umockdev(both, sizeof(both) - 1, 0, &bytes, &len), 0);
	assert_true(len > 18 + 25);
	assert_int_equal(bytes[12], 0x05);
	assert_memory_equal(bytes + 18, "\x09\x02\x19\x00", 4);
	free(bytes);
	assert_int_equal(import_umockdev(both, sizeof(both) - 1, 1, &bytes, &len), 0);
	assert_memory_equal(bytes + 8, "\x6a\x04", 2);
	assert_int_equal(len, 18 + 4 + 10 + 26);
	assert_memory_equal(bytes + 22,
			    "\x0a\x03"
			    "A\0C\0M\0E\0",
			    10);
	assert_memory_equal(bytes + 32,
			    "\x1a\x03"
			    "0\0"
			    "1\0"
			    "2\0",
			    8);
	free(bytes);
}

static void what_has_no_descriptors_is_no_device(void **state)
{
	static const char none[] =
		"P: /devices/virtual/tty\nA: product=none\\n\n\nH: descriptors=1201\n";
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(import_umockdev(both, sizeof(both) - 1, 2, &bytes, &len), -ENOENT);
	assert_int_equal(import_umockdev(none, sizeof(none) - 1, 0, &bytes, &len), -EINVAL);
	assert_int_equal(import_umockdev("", 0, 0, &bytes, &len), -EINVAL);
	assert_null(bytes);
}

static void a_text_that_breaks_off_anywhere_ends(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	for (size_t cut = 0; cut < sizeof(both) - 1; cut++) {
		char *text = malloc(cut + 1);

		memcpy(text, both, cut);
		if (!import_umockdev(text, cut, 1, &bytes, &len))
			assert_true(len >= 18);
		free(bytes);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_device_asked_for_is_taken_with_its_strings),
		cmocka_unit_test(what_has_no_descriptors_is_no_device),
		cmocka_unit_test(a_text_that_breaks_off_anywhere_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
