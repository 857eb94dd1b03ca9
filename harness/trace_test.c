// SPDX-License-Identifier: MIT
#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t hash_of(const struct trace_row *rows, size_t n)
{
	struct trace t = {0};

	trace_reset(&t);
	for (size_t i = 0; i < n; i++) {
		struct trace_row row = rows[i];

		trace_append(&t, &row);
	}
	return t.hash;
}

static void every_field_changes_the_hash(void **state)
{
	const struct trace_row base = {.kind = TRACE_DMA, .len = 3};
	struct trace_row other[10];
	uint64_t seen[11] = {hash_of(&base, 1)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = base;
	other[0].kind = TRACE_IRQ;
	other[1].flags = 1;
	other[2].what = 1;
	other[3].slot = 1;
	other[4].dci = 1;
	other[5].pid = 1;
	other[6].status = 1;
	other[7].port = 1;
	other[8].addr = 1;
	other[9].value = 1;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		seen[i + 1] = hash_of(&other[i], 1);
		for (size_t j = 0; j <= i; j++)
			assert_int_not_equal(seen[i + 1], seen[j]);
	}
	other[0] = base;
	other[0].len = 4;
	assert_int_not_equal(hash_of(&other[0], 1), seen[0]);
}

static void every_data_byte_changes_the_hash(void **state)
{
	uint8_t data[19] = {0};
	const struct trace_row row = {.kind = TRACE_DMA, .len = sizeof(data), .data = data};
	uint64_t zeros = hash_of(&row, 1);
	const struct trace_row without = {.kind = TRACE_DMA, .len = sizeof(data)};

	(void)state;
	assert_int_not_equal(hash_of(&without, 1), zeros);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = 0x80;
		assert_int_not_equal(hash_of(&row, 1), zeros);
		data[i] = 0;
	}
	assert_int_equal(hash_of(&row, 1), zeros);
}

static void the_order_of_rows_changes_the_hash(void **state)
{
	const struct trace_row ab[] = {{.kind = TRACE_MMIO}, {.kind = TRACE_PLUG}};
	const struct trace_row ba[] = {{.kind = TRACE_PLUG}, {.kind = TRACE_MMIO}};

	(void)state;
	assert_int_not_equal(hash_of(ab, 2), hash_of(ba, 2));
	assert_int_not_equal(hash_of(ab, 1), hash_of(ab, 2));
}

static void the_hash_does_not_depend_on_where_data_lives(void **state)
{
	uint8_t here[12] = "hello there";
	uint8_t *there = alloc_zero(sizeof(here));
	const struct trace_row a = {.kind = TRACE_DMA, .len = sizeof(here), .data = here};
	const struct trace_row b = {.kind = TRACE_DMA, .len = sizeof(here), .data = there};

	(void)state;
	memcpy(there, here, sizeof(here));
	assert_int_equal(hash_of(&a, 1), hash_of(&b, 1));
	free(there);
}

static void keep_row(void *opaque, const struct trace_row *row)
{
	*(struct trace_row *)opaque = *row;
}

static void rows_are_stamped_and_handed_to_the_sink(void **state)
{
	uint64_t now = 77;
	struct trace_row got = {0}, row = {.kind = TRACE_OP, .op = 1, .time_ns = 1};
	struct trace t = {.now_ns = &now, .sink = keep_row, .sink_opaque = &got};

	(void)state;
	trace_reset(&t);
	t.op = 5;
	trace_append(&t, &row);
	assert_int_equal(got.op, 5);
	assert_int_equal(got.time_ns, 77);
	assert_int_equal(t.row_count, 1);
}

static void time_and_op_change_the_hash(void **state)
{
	uint64_t now = 0;
	struct trace a = {0}, b = {.now_ns = &now}, c = {0};
	struct trace_row row = {.kind = TRACE_OP};

	(void)state;
	trace_reset(&a);
	trace_reset(&b);
	trace_reset(&c);
	now = 9;
	c.op = 9;
	trace_append(&a, &row);
	trace_append(&b, &row);
	trace_append(&c, &row);
	assert_int_not_equal(a.hash, b.hash);
	assert_int_not_equal(a.hash, c.hash);
	assert_int_not_equal(b.hash, c.hash);
}

static void a_reset_trace_is_a_new_one_with_the_same_sink(void **state)
{
	uint64_t now = 3;
	struct trace_row got = {0}, row = {.kind = TRACE_STEP};
	struct trace t = {.now_ns = &now, .sink = keep_row, .sink_opaque = &got};
	uint64_t first;

	(void)state;
	trace_reset(&t);
	trace_append(&t, &row);
	first = t.hash;
	t.op = 4;
	trace_append(&t, &row);
	trace_reset(&t);
	assert_int_equal(t.row_count, 0);
	got.kind = TRACE_KINDS;
	trace_append(&t, &row);
	assert_int_equal(t.hash, first);
	assert_int_equal(got.kind, TRACE_STEP);
	assert_int_equal(got.op, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_changes_the_hash),
		cmocka_unit_test(every_data_byte_changes_the_hash),
		cmocka_unit_test(the_order_of_rows_changes_the_hash),
		cmocka_unit_test(the_hash_does_not_depend_on_where_data_lives),
		cmocka_unit_test(rows_are_stamped_and_handed_to_the_sink),
		cmocka_unit_test(time_and_op_change_the_hash),
		cmocka_unit_test(a_reset_trace_is_a_new_one_with_the_same_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
