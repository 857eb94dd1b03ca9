// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>

#include "dev/keymap.h"

#include <cmocka.h>

static void rows_are_complete_and_ascend_by_qnum(void **state)
{
	const struct keymap_row *row;
	unsigned last = 0;
	size_t count = 0;

	(void)state;
	for (; (row = keymap_at(count)); count++) {
		assert_true(row->qnum > last);
		assert_true(row->atset1 && row->atset2 && row->usage);
		assert_ptr_equal(keymap_find_qnum(row->qnum), row);
		assert_ptr_equal(keymap_find_name(row->name), row); /* no name twice */
		last = row->qnum;
	}
	assert_true(count >= 104);
}

static void qnum_is_set_1_with_bit_7_for_the_prefix(void **state)
{
	const struct keymap_row *row;

	(void)state;
	for (size_t i = 0; (row = keymap_at(i)); i++) {
		assert_true(row->atset1 < 0x80 || row->atset1 >> 8 == 0xe0);
		assert_int_equal(row->qnum, (row->atset1 & 0x7f) | (row->atset1 > 0xff ? 0x80 : 0));
	}
}

static void every_key_of_a_104_key_keyboard_is_there(void **state)
{
	(void)state;
	for (unsigned usage = 0x04; usage <= 0x65; usage++) {
		bool found = usage == 0x32; /* Non-US # shares a key with the backslash */

		for (size_t i = 0; keymap_at(i); i++)
			found |= keymap_at(i)->usage == usage;
		if (!found)
			fail_msg("no key has usage 0x%02x", usage);
	}
	for (unsigned usage = 0xe0; usage <= 0xe7; usage++) {
		bool found = false;

		for (size_t i = 0; keymap_at(i); i++)
			found |= keymap_at(i)->usage == usage;
		assert_true(found);
	}
}

static void assert_row(const char *name, unsigned qnum, unsigned set1, unsigned set2,
		       unsigned usage)
{
	const struct keymap_row *row = keymap_find_name(name);

	assert_non_null(row);
	assert_int_equal(row->qnum, qnum);
	assert_int_equal(row->atset1, set1);
	assert_int_equal(row->atset2, set2);
	assert_int_equal(row->usage, usage);
}

static void korean_keys_are_241_and_242(void **state)
{
	(void)state;
	assert_row("hanja", 241, 0xe071, 0x19, 0x91);
	assert_row("hangeul", 242, 0xe072, 0x39, 0x90);
}

static void well_known_keys_send_the_well_known_codes(void **state)
{
	(void)state;
	assert_row("esc", 1, 0x01, 0x76, 0x29);
	assert_row("a", 30, 0x1e, 0x1c, 0x04);
	assert_row("0", 11, 0x0b, 0x45, 0x27);
	assert_row("f7", 65, 0x41, 0x83, 0x40);
	assert_row("f12", 88, 0x58, 0x07, 0x45);
	assert_row("delete", 0xd3, 0xe053, 0xe071, 0x4c);
	assert_row("kp_enter", 0x9c, 0xe01c, 0xe05a, 0x58);
}

static void unknown_keys_are_not_found(void **state)
{
	(void)state;
	assert_null(keymap_find_qnum(0));
	assert_null(keymap_find_qnum(0x55));
	assert_null(keymap_find_qnum(255));
	assert_null(keymap_find_qnum(256 + 30));
	assert_null(keymap_find_name("any key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete_and_ascend_by_qnum),
		cmocka_unit_test(qnum_is_set_1_with_bit_7_for_the_prefix),
		cmocka_unit_test(every_key_of_a_104_key_keyboard_is_there),
		cmocka_unit_test(korean_keys_are_241_and_242),
		cmocka_unit_test(well_known_keys_send_the_well_known_codes),
		cmocka_unit_test(unknown_keys_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
