// SPDX-License-Identifier: MIT
#include "op/names.h"
#include "op/test_program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void what_no_driver_does_is_left_out(void **state)
{
	static const char text[] =
		"enumerate port=1 model=hub\n"
		"doorbell slot=1 target=1\n"
		"control type=0x80 request=6 length=18 trb-length=9 flags=no-status\n"
		"read reg=USBCMD\n"
		"fault ptr=0x1000\n"
		"answer port=1 status=stall\n"
		"transfer slot=1 flags=chain-last+isp\n";
	struct op_error error;
	struct op_program p;

	(void)state;
	op_program_init(&p);
	assert_int_equal(op_parse(&p, text, strlen(text), &error), 0);
	op_program_polite(&p);
	assert_int_equal(p.count, 4);
	assert_int_equal(p.op[0].id, OP_ENUMERATE);
	assert_int_equal(p.op[1].id, OP_CONTROL);
	assert_int_equal(op_get(&p.op[1], "flags"), 0);
	assert_int_equal(op_get(&p.op[1], "trb_length"), 0);
	assert_int_equal(op_get(&p.op[1], "length"), 18);
	assert_int_equal(p.op[2].id, OP_ANSWER);
	assert_int_equal(op_get(&p.op[3], "flags"), TRANSFER_ISP);
	op_program_fini(&p);
}

static void what_the_mutator_makes_stays_as_it_is(void **state)
{
	uint8_t bytes[4096] = {0};
	struct op_program p, q;
	size_t size = 0;

	(void)state;
	op_program_init(&p);
	op_program_init(&q);
	for (unsigned seed = 0; seed < 500; seed++) {
		size = op_mutate(bytes, size, sizeof(bytes), seed, OP_SCOPE_ALL);
		size = op_make_polite(bytes, size, sizeof(bytes));
		assert_true(size <= sizeof(bytes));
		op_program_clear(&p);
		op_decode(&p, bytes, size);
		op_program_copy(&q, &p);
		op_program_polite(&q);
		assert_true(op_program_equal(&p, &q));
	}
	op_program_fini(&p);
	op_program_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_driver_does_is_left_out),
		cmocka_unit_test(what_the_mutator_makes_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
