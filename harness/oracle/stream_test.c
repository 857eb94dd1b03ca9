// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

#define ARRAY_BASE 0x90000u
#define SECONDARY 0xa0000u

static void context(struct bed *b, unsigned flags, uint64_t addr, uint64_t pointer, unsigned type)
{
	uint8_t raw[STREAM_CONTEXT_BYTES] = {0};

	put_le64(raw, pointer | type << 1 | 1);
	bed_dma(b, flags, DMA_STREAM_CTX, 1, 3, addr, raw, sizeof(raw));
}

/* Slot 1, endpoint 3, 4 primary streams. */
static void with_streams(struct bed *b)
{
	uint8_t raw[32] = {0};

	put_le32(raw, 1 << 10);
	put_le64(raw + 8, ARRAY_BASE);
	oracle_stream_learn(oracle_endpoint_get(b->set, 1, 3), raw);
}

static void contexts_in_both_kinds_of_array_are_fine(void **state)
{
	struct bed *b = *state;

	with_streams(b);
	context(b, 0, ARRAY_BASE + 16, BED_RING, SCT_PRIMARY_RING);
	context(b, TRACE_WRITE, ARRAY_BASE + 16, BED_RING, SCT_PRIMARY_RING);
	context(b, 0, ARRAY_BASE + 48, SECONDARY, SCT_SECONDARY_ARRAY_8);
	context(b, 0, SECONDARY + 7 * 16, BED_RING, SCT_SECONDARY_RING);
	assert_clean(b);
}

static void beyond_the_primary_array_fires(void **state)
{
	struct bed *b = *state;

	with_streams(b);
	context(b, 0, ARRAY_BASE + 64, BED_RING, SCT_PRIMARY_RING);
	assert_fired(b, oracle_stream);
}

static void beyond_a_secondary_array_fires(void **state)
{
	struct bed *b = *state;

	with_streams(b);
	context(b, 0, ARRAY_BASE + 48, SECONDARY, SCT_SECONDARY_ARRAY_8);
	context(b, TRACE_WRITE, SECONDARY + 8 * 16, BED_RING, SCT_SECONDARY_RING);
	assert_fired(b, oracle_stream);
}

static void an_array_written_over_by_a_ring_fires(void **state)
{
	struct bed *b = *state;

	with_streams(b);
	context(b, TRACE_WRITE, ARRAY_BASE + 16, BED_RING, SCT_SECONDARY_ARRAY_8);
	assert_fired(b, oracle_stream);
}

static void a_context_of_an_endpoint_without_any_fires(void **state)
{
	struct bed *b = *state;

	context(b, 0, ARRAY_BASE + 16, BED_RING, SCT_PRIMARY_RING);
	assert_fired(b, oracle_stream);
}

/* Data of a TRB that is none of those it keeps: one of another stream may have it, if there were more. */
static void data_is_judged_as_long_as_all_trbs_of_all_streams_are_kept(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	with_streams(b);
	for (unsigned i = 0; i <= ORACLE_TRBS; i++)
		bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_move(b, BED_DATA + 512, 512);
	assert_clean(b);
}

static void data_in_no_buffer_of_any_stream_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	with_streams(b);
	for (unsigned i = 0; i < ORACLE_TRBS; i++)
		bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_move(b, BED_DATA + 512, 512);
	assert_fired(b, oracle_published);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(contexts_in_both_kinds_of_array_are_fine),
		bed_test(beyond_the_primary_array_fires),
		bed_test(beyond_a_secondary_array_fires),
		bed_test(an_array_written_over_by_a_ring_fires),
		bed_test(a_context_of_an_endpoint_without_any_fires),
		bed_test(data_is_judged_as_long_as_all_trbs_of_all_streams_are_kept),
		bed_test(data_in_no_buffer_of_any_stream_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
