// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void write_in(struct bed *b, const uint8_t *data, uint32_t len)
{
	bed_dma(b, TRACE_WRITE, DMA_DATA, 1, 3, BED_DATA, data, len);
}

static void what_was_delivered_may_be_written(void **state)
{
	struct bed *b = *state;
	uint8_t data[64] = {1, 2, 3};

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_packet(b, 3, data, 64);
	write_in(b, data, 64);
	assert_clean(b);
}

static void one_byte_more_than_was_delivered_fires(void **state)
{
	struct bed *b = *state;
	uint8_t data[64] = {0};

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_packet(b, 3, data, 63);
	write_in(b, data, 64);
	assert_fired(b, oracle_leak);
}

static void the_marker_of_fresh_buffers_fires(void **state)
{
	struct bed *b = *state;
	uint8_t data[64] = {0};

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_packet(b, 3, data, 64);
	memset(data + 41, 0xa5, 16);
	write_in(b, data, 64);
	assert_fired(b, oracle_leak);
}

static void a_shorter_run_of_marker_bytes_is_fine(void **state)
{
	struct bed *b = *state;
	uint8_t data[64] = {0};

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	bed_packet(b, 3, data, 64);
	memset(data + 41, 0xa5, 15);
	write_in(b, data, 64);
	assert_clean(b);
}

static void a_device_may_send_marker_bytes_itself(void **state)
{
	struct bed *b = *state;
	uint8_t data[64];

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, 0);
	memset(data, 0xa5, sizeof(data));
	bed_packet(b, 3, data, 64);
	write_in(b, data, 64);
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(what_was_delivered_may_be_written),
		bed_test(one_byte_more_than_was_delivered_fires),
		bed_test(the_marker_of_fresh_buffers_fires),
		bed_test(a_shorter_run_of_marker_bytes_is_fine),
		bed_test(a_device_may_send_marker_bytes_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
