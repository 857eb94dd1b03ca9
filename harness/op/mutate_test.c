// SPDX-License-Identifier: MIT
/*
 * mutate_test.c -- the mutator keeps to its limits, repeats itself from the same seed, and gets
 * everywhere.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/mutate.h"
#include "op/names.h"
#include "op/test_program.h"

/* What a run of the mutator has produced: ops, rows of tables, kinds of addresses. */
struct census {
	bool op[OP_COUNT], row[OP_COUNT][OP_MAX_FIELDS][64], addr[OP_COUNT][ADDR_KINDS];
	bool blob[OP_COUNT];
};

static void count_op(struct census *c, const struct op *op)
{
	unsigned i, row;

	c->op[op->id] = true;
	c->addr[op->id][op->addr_kind] = true;
	c->blob[op->id] |= op->blob_len > 0;
	for (i = 0; i < op_table[op->id].field_count; i++) {
		const struct op_field *f = &op_table[op->id].field[i];

		if (f->type == FIELD_ENUM)
			c->row[op->id][i][op->v[i]] = true;
		for (row = 0; f->type == FIELD_BITS && row < f->names->count; row++)
			c->row[op->id][i][row] |= op->v[i] >> row & 1;
	}
}

static void assert_complete(const struct census *c)
{
	unsigned id, i, row;

	for (id = 0; id < OP_COUNT; id++) {
		if (!c->op[id])
			fail_msg("no %s", op_table[id].name);
		for (i = 0; i < op_table[id].field_count; i++) {
			const struct op_field *f = &op_table[id].field[i];

			for (row = 0; f->names && row < f->names->count; row++) {
				if (!c->row[id][i][row])
					fail_msg("%s %s never row %u", op_table[id].name, f->name,
						 row);
			}
			for (row = 0; f->type == FIELD_ADDR && row < ADDR_KINDS; row++)
				assert_true(c->addr[id][row]);
			assert_true(f->type != FIELD_BLOB || c->blob[id]);
		}
	}
}

static void from_nothing_it_reaches_every_op_and_every_named_value(void **state)
{
	struct census *c = alloc_zero(sizeof(*c));
	struct op_program p;
	uint8_t *data = malloc(2048);
	size_t size = 0;
	unsigned n, i;

	(void)state;
	op_program_init(&p);
	for (n = 0; n < 60000; n++) {
		size = op_mutate(data, n % 32 ? size : 0, 2048, n, OP_SCOPE_ALL);
		op_decode(&p, data, size);
		for (i = 0; i < p.count; i++)
			count_op(c, &p.op[i]);
	}
	assert_complete(c);
	op_program_fini(&p);
	free(data);
	free(c);
}

static void the_result_fits_and_decodes_whatever_the_room(void **state)
{
	struct op_random r = {7};
	struct op_program p;
	unsigned n;

	(void)state;
	op_program_init(&p);
	for (n = 0; n < 30000; n++) {
		size_t max_size = 1 + op_random_below(&r, 1u << op_random_below(&r, 12));
		size_t size = op_random_below(&r, (unsigned)max_size + 1), i;
		uint8_t *data = malloc(max_size); /* exact: writing more is for the sanitizer */

		for (i = 0; i < size; i++)
			data[i] = (uint8_t)op_random_next(&r);
		size = op_mutate(data, size, max_size, (unsigned)op_random_next(&r), OP_SCOPE_ALL);
		assert_in_range(size, 1, max_size);
		op_decode(&p, data, size);
		assert_in_range(p.count, 1, OP_MAX_OPS);
		free(data);
	}
	assert_int_equal(op_mutate(NULL, 0, 0, 1, OP_SCOPE_ALL), 0);
	op_program_fini(&p);
}

static void the_same_seed_gives_the_same_result(void **state)
{
	uint8_t a[512] = {0}, b[512] = {0};
	size_t a_size = 40, b_size = 40;
	unsigned n;

	(void)state;
	for (n = 0; n < 2000; n++) {
		a_size = op_mutate(a, a_size, sizeof(a), n, OP_SCOPE_ALL);
		b_size = op_mutate(b, b_size, sizeof(b), n, OP_SCOPE_ALL);
		assert_int_equal(a_size, b_size);
		assert_memory_equal(a, b, a_size);
	}
}

static void most_seeds_change_something(void **state)
{
	static const uint8_t start[64] = {OP_ENUMERATE, 1, 0, OP_TRANSFER, 1, 3};
	unsigned n, same = 0;

	(void)state;
	for (n = 0; n < 1000; n++) {
		uint8_t data[256];
		size_t size;

		memcpy(data, start, sizeof(start));
		size = op_mutate(data, sizeof(start), sizeof(data), n, OP_SCOPE_ALL);
		same += size == sizeof(start) && !memcmp(data, start, size);
	}
	assert_in_range(same, 0, 100);
}

static void every_idiom_is_a_program_without_mistakes(void **state)
{
	struct op_program p;
	struct op_error error;
	unsigned i;

	(void)state;
	op_program_init(&p);
	for (i = 0; i < idiom_count; i++) {
		if (op_parse(&p, idiom_list[i], strlen(idiom_list[i]), &error))
			fail_msg("%u:%u: %s in %s", error.line, error.column, error.message,
				 idiom_list[i]);
		assert_in_range(p.count, 1, 32);
	}
	assert_null(idiom_list[idiom_count]);
	op_program_fini(&p);
}

static void edited_descriptors_stay_in_their_blob(void **state)
{
	struct mutate_blob *blob = alloc_zero(sizeof(*blob));
	struct op_random r = {9};
	bool endpoint_0x80 = false, zero_length = false;
	unsigned n, at;

	(void)state;
	for (n = 0; n < 100000; n++) {
		if (n % 16 == 0)
			mutate_desc_fill(&r, blob);
		mutate_desc_change(&r, blob);
		assert_in_range(blob->len, 0, OP_MAX_BLOB);
		for (at = 0; at + 2 < blob->len; at += blob->bytes[at]) {
			zero_length |= !blob->bytes[at];
			endpoint_0x80 |= blob->bytes[at + 1] == 5 && blob->bytes[at + 2] == 0x80;
			if (blob->bytes[at] < 2)
				break;
		}
	}
	assert_true(endpoint_0x80);
	assert_true(zero_length);
	free(blob);
}

static void blobs_grow_to_their_limit_and_no_further(void **state)
{
	struct mutate_blob *blob = alloc_zero(sizeof(*blob));
	static const uint8_t part[1000];
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		mutate_blob_insert(blob, blob->len / 2, part, sizeof(part));
	assert_int_equal(blob->len, OP_MAX_BLOB);
	mutate_blob_remove(blob, 96, 4000);
	assert_int_equal(blob->len, 96);
	free(blob);
}

/* Ops of out that are, in order, ops of in; all of out must come from a or b. */
static bool comes_from(const struct op *op, const struct op_program *p)
{
	unsigned i;

	for (i = 0; i < p->count; i++) {
		if (op_equal(op, &p->op[i]))
			return true;
	}
	return false;
}

static void crossover_is_made_of_whole_ops_of_both(void **state)
{
	struct op_program a, b, both;
	struct op_random r = {11};
	unsigned n, i, mixed = 0;

	(void)state;
	op_program_init(&a);
	op_program_init(&b);
	op_program_init(&both);
	for (n = 0; n < 3000; n++) {
		uint8_t raw_a[8192], raw_b[8192], *out;
		size_t a_size, b_size, size, max_size;
		bool from_a = false, from_b = false;

		test_program_draw(&a, &r, 1 + op_random_below(&r, 10));
		test_program_draw(&b, &r, 1 + op_random_below(&r, 10));
		a_size = op_encode(&a, raw_a, sizeof(raw_a));
		b_size = op_encode(&b, raw_b, sizeof(raw_b));
		max_size = 1 + op_random_below(&r, 8192);
		out = malloc(max_size);
		size = op_crossover(raw_a, a_size, raw_b, b_size, out, max_size, n, OP_SCOPE_ALL);
		assert_in_range(size, 1, max_size);
		op_decode(&both, out, size);
		for (i = 0; i < both.count && size > 1; i++) {
			bool in_a = comes_from(&both.op[i], &a), in_b = comes_from(&both.op[i], &b);

			assert_true(in_a || in_b);
			from_a |= in_a;
			from_b |= in_b;
		}
		mixed += from_a && from_b;
		free(out);
	}
	assert_in_range(mixed, 1000, 3000);
	op_program_fini(&a);
	op_program_fini(&b);
	op_program_fini(&both);
}

static void a_filled_tweak_stays_inside_one_field_of_a_context(void **state)
{
	struct op_random r = {1};
	bool interval = false;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct op op = {.id = OP_TWEAK};
		uint64_t mask, value;

		mutate_context_fill(&r, &op);
		mask = op_get(&op, "mask");
		value = op_get(&op, "value");
		assert_true(op_get(&op, "context") < 33 && op_get(&op, "dword") < 8);
		assert_true(mask && !(value & ~mask) && mask <= UINT32_MAX);
		assert_int_equal(mask & (mask + (mask & -mask)), 0); /* one run of bits */
		interval |= op_get(&op, "context") > 2 && !op_get(&op, "dword") &&
			mask == 0xff0000 && value == 0xff0000;
	}
	assert_true(interval);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filled_tweak_stays_inside_one_field_of_a_context),
		cmocka_unit_test(from_nothing_it_reaches_every_op_and_every_named_value),
		cmocka_unit_test(the_result_fits_and_decodes_whatever_the_room),
		cmocka_unit_test(the_same_seed_gives_the_same_result),
		cmocka_unit_test(most_seeds_change_something),
		cmocka_unit_test(every_idiom_is_a_program_without_mistakes),
		cmocka_unit_test(edited_descriptors_stay_in_their_blob),
		cmocka_unit_test(blobs_grow_to_their_limit_and_no_further),
		cmocka_unit_test(crossover_is_made_of_whole_ops_of_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
