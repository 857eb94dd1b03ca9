// SPDX-License-Identifier: MIT
/*
 * codec_test.c -- the codec is total, canonical and stable.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/names.h"
#include "op/test_program.h"

struct pair {
	struct op_program a, b;
};

static int set_up(void **state)
{
	struct pair *s = alloc_zero(sizeof(*s));

	op_program_init(&s->a);
	op_program_init(&s->b);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *s = *state;

	op_program_fini(&s->a);
	op_program_fini(&s->b);
	free(s);
	return 0;
}

static void empty_input_is_one_enumerate(void **state)
{
	struct pair *s = *state;

	op_decode(&s->a, NULL, 0);
	assert_int_equal(s->a.count, 1);
	assert_int_equal(s->a.op[0].id, OP_ENUMERATE);
	assert_int_equal(op_get(&s->a.op[0], "port"), 0);
	assert_int_equal(op_get(&s->a.op[0], "model"), MODEL_KEYBOARD);
}

static void zero_bytes_are_polite_enumerates(void **state)
{
	static const uint8_t zero[21]; /* seven bytes an op */
	struct pair *s = *state;
	unsigned i;

	op_decode(&s->a, zero, sizeof(zero));
	assert_int_equal(s->a.count, 3);
	for (i = 0; i < s->a.count; i++)
		assert_true(op_equal(&s->a.op[i], &(struct op){.id = OP_ENUMERATE}));
}

static void missing_bytes_are_zero(void **state)
{
	static const uint8_t half[] = {OP_TRB, 7};
	struct pair *s = *state;

	op_decode(&s->a, half, sizeof(half));
	assert_int_equal(s->a.count, 1);
	assert_int_equal(op_get(&s->a.op[0], "slot"), 7);
	assert_int_equal(op_get(&s->a.op[0], "type"), TRB_NORMAL);
	assert_int_equal(s->a.op[0].addr_kind, ADDR_AUTO);
}

static void every_trb_type_can_be_said(void **state)
{
	struct pair *s = *state;
	bool seen[64] = {false};
	unsigned i;

	for (i = 0; i < 256; i++) {
		uint8_t raw[] = {OP_TRB, 0, 0, (uint8_t)i};

		op_decode(&s->a, raw, sizeof(raw));
		assert_true(op_get(&s->a.op[0], "type") < 64);
		seen[op_get(&s->a.op[0], "type")] = true;
	}
	for (i = 0; i < 64; i++)
		assert_true(seen[i]);
}

static void a_known_op_has_these_bytes(void **state)
{
	static const uint8_t raw[] = {OP_TRB, 1,    1,    6,    ADDR_SELF, 0xf0, 0xff,
				      0xff,   0xff, 0x40, 0x00, 0x02,      0x00, 0x05,
				      0x00,   0xef, 0xbe, 0xad, 0xde};
	struct pair *s = *state;
	uint8_t again[64];

	op_decode(&s->a, raw, sizeof(raw));
	assert_int_equal(s->a.count, 1);
	assert_int_equal(op_get(&s->a.op[0], "ring"), RING_EP0);
	assert_int_equal(op_get(&s->a.op[0], "type"), TRB_LINK);
	assert_int_equal(op_get(&s->a.op[0], "ptr"), (uint64_t)-16);
	assert_int_equal(op_get(&s->a.op[0], "length"), 0x20040);
	assert_int_equal(op_get(&s->a.op[0], "flags"), TRB_FLAG_CYCLE_WRONG | TRB_TC);
	assert_int_equal(op_get(&s->a.op[0], "extra"), 0xdeadbeef);
	assert_int_equal(op_encode(&s->a, again, sizeof(again)), sizeof(raw));
	assert_memory_equal(again, raw, sizeof(raw));
}

static void any_bytes_decode_and_encoding_is_stable(void **state)
{
	struct pair *s = *state;
	struct op_random r = {1};
	unsigned i, n;

	for (n = 0; n < 100000; n++) {
		size_t len = op_random_below(&r, 1u << op_random_below(&r, 10)), size;
		/* exact size: reading beyond it is for the sanitizer to see */
		uint8_t *raw = malloc(len ? len : 1), *again;

		for (i = 0; i < len; i++)
			raw[i] = (uint8_t)(op_random_one_in(&r, 3) ? 0 : op_random_next(&r));
		op_decode(&s->a, raw, len);
		assert_in_range(s->a.count, 1, OP_MAX_OPS);
		for (i = 0; i < s->a.count; i++) {
			struct op op = s->a.op[i];

			op_normalize(&op);
			assert_true(op_equal(&op, &s->a.op[i]));
		}
		size = op_encode(&s->a, NULL, 0);
		again = malloc(size);
		assert_int_equal(op_encode(&s->a, again, size), size);
		op_decode(&s->b, again, size);
		assert_true(op_program_equal(&s->a, &s->b));
		free(again);
		free(raw);
	}
}

static void decoding_what_was_encoded_gives_the_same(void **state)
{
	struct pair *s = *state;
	struct op_random r = {2};
	unsigned n;

	for (n = 0; n < 5000; n++) {
		size_t size;
		uint8_t *raw;

		test_program_draw(&s->a, &r, 1 + op_random_below(&r, 20));
		size = op_encode(&s->a, NULL, 0);
		raw = malloc(size);
		assert_int_equal(op_encode(&s->a, raw, size), size);
		op_decode(&s->b, raw, size);
		assert_true(op_program_equal(&s->a, &s->b));
		free(raw);
	}
}

static void encoding_into_little_room_keeps_whole_ops(void **state)
{
	struct pair *s = *state;
	struct op_random r = {3};
	uint8_t *raw;
	size_t size, room;

	test_program_draw(&s->a, &r, 10);
	size = op_encode(&s->a, NULL, 0);
	for (room = 0; room <= size; room++) {
		size_t wrote, at = 0;
		unsigned i;

		raw = malloc(room ? room : 1);
		wrote = op_encode(&s->a, raw, room);
		assert_true(wrote <= room);
		for (i = 0; at < wrote; i++)
			at += op_size(&s->a.op[i]);
		assert_int_equal(at, wrote);
		assert_true(i == s->a.count || wrote + op_size(&s->a.op[i]) > room);
		free(raw);
	}
}

static void a_blob_is_cut_to_its_limit_and_to_the_input(void **state)
{
	struct pair *s = *state;
	uint8_t *raw = alloc_zero(3 + 5000);

	raw[0] = OP_ONDEMAND;
	put_le16(raw + 1, 0xffff);
	op_decode(&s->a, raw, 3 + 100);
	assert_int_equal(s->a.count, 1);
	assert_int_equal(s->a.op[0].blob_len, 100);
	op_decode(&s->a, raw, 3 + 5000);
	assert_int_equal(s->a.op[0].blob_len, OP_MAX_BLOB);
	assert_true(s->a.count > 1);
	free(raw);
}

static void ops_beyond_the_limit_are_ignored(void **state)
{
	struct pair *s = *state;
	uint8_t *raw = alloc_zero(100000);

	op_decode(&s->a, raw, 100000);
	assert_int_equal(s->a.count, OP_MAX_OPS);
	assert_null(op_program_append(&s->a, &s->a.op[0]));
	free(raw);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_input_is_one_enumerate),
		cmocka_unit_test(zero_bytes_are_polite_enumerates),
		cmocka_unit_test(missing_bytes_are_zero),
		cmocka_unit_test(every_trb_type_can_be_said),
		cmocka_unit_test(a_known_op_has_these_bytes),
		cmocka_unit_test(any_bytes_decode_and_encoding_is_stable),
		cmocka_unit_test(decoding_what_was_encoded_gives_the_same),
		cmocka_unit_test(encoding_into_little_room_keeps_whole_ops),
		cmocka_unit_test(a_blob_is_cut_to_its_limit_and_to_the_input),
		cmocka_unit_test(ops_beyond_the_limit_are_ignored),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
