// SPDX-License-Identifier: MIT
/*
 * op_test.c -- the tables are consistent, and programs keep their blobs when they grow.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/names.h"
#include "op/test_program.h"

static void every_op_is_found_by_its_name_and_has_sane_fields(void **state)
{
	unsigned id, i;

	(void)state;
	for (id = 0; id < OP_COUNT; id++) {
		const struct op_info *info = &op_table[id];
		unsigned blobs = 0, addrs = 0;

		assert_int_equal(op_find(info->name), id);
		assert_in_range(info->field_count, 0, OP_MAX_FIELDS);
		for (i = 0; i < info->field_count; i++) {
			const struct op_field *f = &info->field[i];

			assert_int_equal(op_field_find(info, f->name), i);
			assert_int_equal(f->names != NULL,
					 f->type == FIELD_ENUM || f->type == FIELD_BITS);
			assert_true(f->type != FIELD_BLOB || i + 1 == info->field_count);
			blobs += f->type == FIELD_BLOB;
			addrs += f->type == FIELD_ADDR;
		}
		assert_in_range(blobs, 0, 1);
		assert_in_range(addrs, 0, 1);
	}
	assert_int_equal(op_find("nonsense"), -1);
	assert_int_equal(op_field_find(&op_table[OP_STEP], "nonsense"), -1);
	assert_int_equal(op_field_find(&op_table[OP_CONTROL], "trb-length"),
			 op_field_find(&op_table[OP_CONTROL], "trb_length"));
}

static void names_and_values_find_each_other(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(op_names_find(&names_reg, "ERDP", 4), REG_ERDP);
	assert_int_equal(op_names_find(&names_reg, "ERD", 3), -1);
	assert_int_equal(op_names_find_value(&names_speed, SPEED_SUPER), 3);
	assert_int_equal(op_names_find_value(&names_speed, 77), -1);
	for (i = 0; i < 64; i++)
		assert_int_equal(names_trb_type.value[op_names_find_value(&names_trb_type, i)], i);
	assert_string_equal(names_trb_type.name[0], "normal");
	assert_int_equal(names_trb_type.value[0], TRB_NORMAL);
	assert_string_equal(names_trb_type.name[1], "reserved");
	assert_string_equal(names_trb_type.name[TRB_NEC_CHALLENGE], "nec-challenge");
	assert_null(names_trb_type.name[63]);
}

/* A name that could be taken for another one's number or end would not read back. */
static void names_are_words_and_unique_in_their_table(void **state)
{
	unsigned id, i, row;

	(void)state;
	for (id = 0; id < OP_COUNT; id++) {
		for (i = 0; i < op_table[id].field_count; i++) {
			const struct op_names *n = op_table[id].field[i].names;

			for (row = 0; n && row < n->count; row++) {
				const char *name = n->name[row];

				if (!name)
					continue;
				assert_null(strpbrk(name, " \t#=+\"_"));
				assert_int_equal(op_names_find(n, name, strlen(name)), row);
			}
		}
	}
}

static void registers_are_where_the_specification_has_them(void **state)
{
	(void)state;
	assert_int_equal(op_reg_table[REG_ERDP].block, REG_RUNTIME);
	assert_int_equal(op_reg_table[REG_ERDP].offset, 0x38);
	assert_int_equal(op_reg_table[REG_ERDP].stride, 0x20);
	assert_int_equal(op_reg_table[REG_ERDP].size, 8);
	assert_int_equal(op_reg_table[REG_PORTSC].offset, 0x400);
	assert_int_equal(op_reg_table[REG_PORTSC].stride, 0x10);
	assert_int_equal(op_reg_table[REG_DOORBELL].stride, 4);
	assert_int_equal(op_reg_table[REG_CAPLENGTH].size, 1);
	assert_int_equal(op_reg_table[REG_HCCPARAMS2].offset, 0x1c);
}

static void a_growing_program_keeps_what_it_has(void **state)
{
	struct op_program p, q;
	struct op_random r = {1};
	unsigned i;

	(void)state;
	op_program_init(&p);
	op_program_init(&q);
	test_program_draw(&p, &r, 40);
	op_program_copy(&q, &p);
	assert_true(op_program_equal(&p, &q));
	/* copies of its own ops, whose blobs are in the storage that moves */
	for (i = 0; i < 900; i++)
		assert_non_null(op_program_insert(&q, 40, &q.op[i % 40]));
	op_program_remove(&q, 40, 900);
	assert_true(op_program_equal(&p, &q));
	op_program_remove(&q, 0, 1);
	assert_false(op_program_equal(&p, &q));
	assert_true(op_equal(&p.op[1], &q.op[0]));
	op_program_fini(&p);
	op_program_fini(&q);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_op_is_found_by_its_name_and_has_sane_fields),
		cmocka_unit_test(names_and_values_find_each_other),
		cmocka_unit_test(names_are_words_and_unique_in_their_table),
		cmocka_unit_test(registers_are_where_the_specification_has_them),
		cmocka_unit_test(a_growing_program_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
