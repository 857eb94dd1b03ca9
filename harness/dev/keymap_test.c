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
		assert_true(row->atset1 && row->atset2);
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

static void every_name_of_qemu_is_there(void **state)
{
	static const char names[] =
		"shift shift_r alt alt_r ctrl ctrl_r menu esc 1 2 3 4 5 6 7 8 9 0 minus equal "
		"backspace tab q w e r t y u i o p bracket_left bracket_right ret a s d f g h j k "
		"l semicolon apostrophe grave_accent backslash z x c v b n m comma dot slash "
		"asterisk spc caps_lock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock "
		"kp_divide kp_multiply kp_subtract kp_add kp_enter kp_decimal sysrq kp_0 kp_1 "
		"kp_2 kp_3 kp_4 kp_5 kp_6 kp_7 kp_8 kp_9 less f11 f12 print home pgup pgdn end "
		"left up down right insert delete stop again props undo front copy open paste "
		"find cut lf help meta_l meta_r compose pause ro hiragana henkan yen muhenkan "
		"katakanahiragana kp_comma kp_equals power sleep wake audionext audioprev "
		"audiostop audioplay audiomute volumeup volumedown mediaselect mail calculator "
		"computer ac_home ac_back ac_forward ac_refresh ac_bookmarks lang1 lang2 f13 f14 "
		"f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 hanja hangeul ";
	char name[32];
	int len;

	(void)state;
	for (const char *at = names; sscanf(at, "%31s %n", name, &len) == 1; at += len)
		if (!keymap_find_name(name))
			fail_msg("there is no key '%s'", name);
}

static void a_key_is_found_by_each_of_its_codes(void **state)
{
	const struct keymap_row *row;

	(void)state;
	for (size_t i = 0; (row = keymap_at(i)); i++) {
		char text[32];

		/* the Korean keys' set 2 codes are those of the notes; nobody else has them */
		assert_ptr_equal(keymap_find_at(1, row->atset1), row);
		assert_ptr_equal(keymap_find_at(2, row->atset2), row);
		snprintf(text, sizeof(text), "qnum:%u", row->qnum);
		assert_ptr_equal(keymap_find(text), row);
		snprintf(text, sizeof(text), "set1:%x", row->atset1);
		assert_ptr_equal(keymap_find(text), row);
		assert_ptr_equal(keymap_find(row->name), row);
	}
	assert_null(keymap_find("qnum:"));
	assert_null(keymap_find("qnum:30x"));
	assert_null(keymap_find("qnum:65566"));
	assert_null(keymap_find("set2:0"));
	assert_null(keymap_find("set3:1c"));
}

static void unknown_keys_are_not_found(void **state)
{
	(void)state;
	assert_null(keymap_find_qnum(0));
	assert_null(keymap_find_qnum(0x75));
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
		cmocka_unit_test(every_name_of_qemu_is_there),
		cmocka_unit_test(a_key_is_found_by_each_of_its_codes),
		cmocka_unit_test(unknown_keys_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
