// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "usb/magic.h"

static void magic_of_four_bytes_is_seen(void **state)
{
	(void)state;
	assert_true(usb_magic_check((const uint8_t *)"USB?", 4));
}

static void short_input_has_no_magic(void **state)
{
	(void)state;
	assert_false(usb_magic_check((const uint8_t *)"USB", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(magic_of_four_bytes_is_seen),
		cmocka_unit_test(short_input_has_no_magic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
