// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>

#include "dev/rndis.h"
#include "heap.h"

#include <cmocka.h>

static const uint8_t mac[6] = {2, 1, 2, 3, 4, 5};

/* In a block of exactly that size, so that a byte too far is seen. */
static bool command(struct rndis *r, const uint32_t *words, size_t len)
{
	uint8_t *bytes = heap_zero(len);
	bool good;

	for (size_t i = 0; i + 4 <= len; i += 4)
		put_le32(bytes + i, words[i / 4]);
	good = rndis_command(r, bytes, len);
	heap_free(bytes);
	return good;
}

static void every_object_that_is_listed_has_a_value(void **state)
{
	static const uint32_t list[] = {4, 28, 1, 0x00010101, 0, 0, 0};
	uint8_t oids[512], answer[512];
	struct rndis r = {.mac = mac};
	size_t len;

	(void)state;
	assert_true(command(&r, list, 28));
	len = rndis_fetch(&r, oids, sizeof(oids));
	assert_int_equal(get_le32(oids + 16), len - 24);
	assert_true(len > 24 + 20 * 4);
	for (size_t pos = 24; pos < len; pos += 4) {
		uint32_t query[7] = {4, 28, 9, get_le32(oids + pos), 0, 0, 0};

		assert_true(command(&r, query, 28));
		assert_true(rndis_fetch(&r, answer, sizeof(answer)) >= 24);
		assert_int_equal(get_le32(answer + 8), 9);
		assert_int_equal(get_le32(answer + 12), 0);
	}
	assert_true(command(&r, (const uint32_t[]){4, 28, 1, 0x12345678, 0, 0, 0}, 28));
	rndis_fetch(&r, answer, sizeof(answer));
	assert_int_equal(get_le32(answer + 12), 0xc00000bb);
	rndis_reset(&r);
}

/* Offset and length add up to something small if they are added as 32 bits. */
static void offsets_that_wrap_are_refused(void **state)
{
	static const uint32_t bad[][2] = {
		{4, 0xfffffffc}, {0xfffffff0, 24}, {0xffffffff, 0xffffffff},
		{4, 21},         {5, 20},          {0x80000000, 0x80000000},
	};
	struct rndis r = {.mac = mac};
	uint8_t answer[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t words[8] = {5, 32, 1, 0x0001010e, bad[i][0], bad[i][1], 0, 0xf};

		assert_true(command(&r, words, 32));
		assert_int_equal(rndis_fetch(&r, answer, sizeof(answer)), 16);
		assert_int_equal(get_le32(answer + 12), 0xc0010015);
		assert_int_equal(r.filter, 0);
	}
}

static void packets_that_claim_more_than_came_are_none(void **state)
{
	static const uint32_t bad[][4] = {
		/* message length, offset, length, bytes that came */
		{44 + 4, 36, 5, 48},     {44 + 4, 37, 4, 48},      {44 + 5, 36, 4, 48},
		{48, 0xfffffff8, 8, 48}, {48, 36, 0xffffffff, 48}, {48, 0xffffffff, 0xffffffff, 48},
		{43, 36, 0, 48},         {0, 36, 4, 48},           {48, 0, 4, 48},
		{44, 36, 0, 43},
	};
	size_t offset, len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t *bytes = heap_zero(bad[i][3]);

		put_le32(bytes, 1);
		put_le32(bytes + 4, bad[i][0]);
		put_le32(bytes + 8, bad[i][1]);
		put_le32(bytes + 12, bad[i][2]);
		assert_int_equal(rndis_unwrap(bytes, bad[i][3], &offset, &len), 0);
		assert_int_equal(len, 0);
		heap_free(bytes);
	}
}

static void short_and_unknown_commands_are_refused(void **state)
{
	static const uint32_t type[] = {2, 4, 5};
	static const uint32_t need[] = {24, 28, 28};
	struct rndis r = {.mac = mac};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(type); i++)
		for (uint32_t len = 0; len < need[i]; len++) {
			uint32_t words[8] = {type[i], len, 1};

			assert_false(command(&r, words, len ? len : 1));
		}
	assert_false(command(&r, (const uint32_t[]){9, 12, 1}, 12));
	assert_false(command(&r, (const uint32_t[]){8, 16, 1}, 12)); /* claims more than came */
	assert_int_equal(r.answer_count, 0);
}

static void answers_that_nobody_fetches_are_bounded(void **state)
{
	static const uint32_t alive[] = {8, 12, 1};
	struct rndis r = {.mac = mac};
	uint8_t byte;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_true(command(&r, alive, 12));
	assert_int_equal(r.answer_count, RNDIS_ANSWERS);
	assert_int_equal(rndis_fetch(&r, &byte, 1), 1);
	assert_int_equal(r.answer_count, RNDIS_ANSWERS - 1);
	assert_true(command(&r, (const uint32_t[]){3, 12, 1}, 12)); /* halt */
	assert_int_equal(r.answer_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_object_that_is_listed_has_a_value),
		cmocka_unit_test(offsets_that_wrap_are_refused),
		cmocka_unit_test(packets_that_claim_more_than_came_are_none),
		cmocka_unit_test(short_and_unknown_commands_are_refused),
		cmocka_unit_test(answers_that_nobody_fetches_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
