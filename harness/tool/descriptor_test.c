// SPDX-License-Identifier: MIT
/* descriptor_test.c -- the target `descriptor`: stable sets, its program, its mutator. */
#include "op/names.h"
#include "tool/tool.h"

#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

static const uint8_t mouse[] = {18, 1, 0, 2,    0,  0, 0, 8,  1,    2, 3, 4,    0,
				1,  0, 0, 0,    1,  9, 2, 34, 0,    1, 1, 0,    0xa0,
				50, 9, 4, 0,    0,  1, 3, 1,  2,    0, 9, 0x21, 0x11,
				1,  0, 1, 0x22, 52, 0, 7, 5,  0x81, 3, 4, 0,    10};

static void any_bytes_are_stable(void **state)
{
	uint8_t bytes[300];
	char why[120];
	uint32_t r = 1;

	(void)state;
	assert_true(tool_descriptor_stable(NULL, 0, why, sizeof(why)));
	assert_true(tool_descriptor_stable(mouse, sizeof(mouse), why, sizeof(why)));
	for (unsigned n = 0; n < 2000; n++) {
		size_t len = sizeof(mouse);

		memcpy(bytes, mouse, len);
		for (unsigned i = 0; i < 1 + n % 7; i++) {
			r = r * 1664525u + 1013904223u;
			bytes[(r >> 8) % len] = (uint8_t)(r >> 24);
		}
		assert_true(tool_descriptor_stable(bytes, len, why, sizeof(why)));
	}
}

static void program_serves_the_set_and_enumerates(void **state)
{
	struct op_program p;

	(void)state;
	op_program_init(&p);
	tool_descriptor_program(&p, mouse, sizeof(mouse));
	assert_int_equal(p.count, 3);
	assert_int_equal(p.op[0].id, OP_DESCRIPTORS);
	assert_memory_equal(p.op[0].blob, mouse, sizeof(mouse));
	assert_int_equal(p.op[1].id, OP_PLUG);
	assert_int_equal(op_get(&p.op[1], "model"), MODEL_SCRIPTED);
	assert_int_equal(p.op[2].id, OP_ENUMERATE);
	op_program_fini(&p);
}

static void first_inputs_are_all_enumerated_later_ones_by_hash(void **state)
{
	unsigned due = 0;

	(void)state;
	assert_true(tool_descriptor_due(0, mouse, sizeof(mouse)));
	assert_true(tool_descriptor_due(TOOL_DESCRIPTOR_ALL - 1, mouse, sizeof(mouse)));
	for (unsigned i = 0; i < 3200; i++) {
		uint8_t bytes[4];

		put_le32(bytes, i * 2654435761u);
		due += tool_descriptor_due(TOOL_DESCRIPTOR_ALL, bytes, 4);
	}
	assert_in_range(due, 50, 200);
}

static void mutator_keeps_to_its_room(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (unsigned seed = 0; seed < 2000; seed++) {
		size_t len = seed % 2 ? sizeof(mouse) : 0;

		memcpy(bytes, mouse, len);
		assert_in_range(tool_descriptor_mutate(bytes, len, sizeof(bytes), seed), 0,
				sizeof(bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_are_stable),
		cmocka_unit_test(program_serves_the_set_and_enumerates),
		cmocka_unit_test(first_inputs_are_all_enumerated_later_ones_by_hash),
		cmocka_unit_test(mutator_keeps_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
