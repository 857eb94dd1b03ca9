// SPDX-License-Identifier: MIT
#include "guest/guest.h"
#include "heap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = mem_new();
	return 0;
}

static int teardown(void **state)
{
	mem_free(*state);
	return 0;
}

static void pattern(uint8_t *bytes, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + seed + 1);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static void what_is_written_is_read_back_across_pages(void **state)
{
	static const uint64_t at[] = {0, 1, 0xff0, 0xfff, 0x12345678, UINT64_C(1) << 63};
	uint8_t in[3 * MEM_PAGE_SIZE], out[sizeof(in)];

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		pattern(in, sizeof(in), (unsigned)i);
		assert_int_equal(mem_write(*state, at[i], in, sizeof(in)), 0);
		assert_int_equal(mem_read(*state, at[i], out, sizeof(out)), 0);
		assert_memory_equal(in, out, sizeof(in));
	}
}

static void untouched_memory_reads_zero_and_stays_untouched(void **state)
{
	uint8_t out[100];

	memset(out, 0xee, sizeof(out));
	assert_int_equal(mem_read(*state, 0xdeadbeef000, out, sizeof(out)), 0);
	assert_true(is_zero(out, sizeof(out)));
	assert_int_equal(mem_page_count(*state), 0);
}

static void the_last_byte_of_the_address_space_exists_and_nothing_wraps(void **state)
{
	uint8_t in[2] = {1, 2}, out[2] = {0};

	assert_int_equal(mem_write(*state, UINT64_MAX - 1, in, 2), 0);
	assert_int_equal(mem_read(*state, UINT64_MAX - 1, out, 2), 0);
	assert_memory_equal(in, out, 2);
	assert_int_equal(mem_write(*state, UINT64_MAX, in, 2), -EFAULT);
	assert_int_equal(mem_read(*state, UINT64_MAX, out, 2), -EFAULT);
	assert_int_equal(mem_dma_read(*state, UINT64_MAX, out, 2), -EFAULT);
	assert_int_equal(mem_dma_write(*state, UINT64_MAX, in, 2), -EFAULT);
	assert_int_equal(mem_read(*state, 0, out, 1), 0);
	assert_int_equal(out[0], 0);
}

static void zero_bytes_are_fine_anywhere(void **state)
{
	assert_int_equal(mem_read(*state, UINT64_MAX, NULL, 0), 0);
	assert_int_equal(mem_write(*state, UINT64_MAX, NULL, 0), 0);
	assert_int_equal(mem_dma_read(*state, UINT64_MAX, NULL, 0), 0);
	assert_int_equal(mem_dma_write(*state, UINT64_MAX, NULL, 0), 0);
	assert_int_equal(mem_page_count(*state), 0);
}

static void a_reset_leaves_zeros_and_no_pages(void **state)
{
	uint8_t in[MEM_PAGE_SIZE], out[MEM_PAGE_SIZE];

	memset(in, 0xff, sizeof(in));
	/* More pages than the pool keeps. */
	for (uint64_t i = 0; i < 600; i++)
		assert_int_equal(mem_write(*state, i * 0x10000, in, sizeof(in)), 0);
	assert_int_equal(mem_page_count(*state), 600);
	mem_reset(*state);
	assert_int_equal(mem_page_count(*state), 0);
	for (uint64_t i = 0; i < 600; i++) {
		/* A byte at the far end brings the page back: all else must be zero. */
		assert_int_equal(mem_write(*state, i * 0x3000 + 0xfff, "x", 1), 0);
		assert_int_equal(mem_read(*state, i * 0x3000, out, sizeof(out)), 0);
		assert_true(is_zero(out, sizeof(out) - 1));
		assert_int_equal(out[0xfff], 'x');
	}
}

static void single_bytes_anywhere_in_a_page_are_cleared_by_a_reset(void **state)
{
	uint8_t out[MEM_PAGE_SIZE];

	for (uint64_t at = 0; at < MEM_PAGE_SIZE; at += 13) {
		mem_write(*state, at, "y", 1);
		mem_reset(*state);
		mem_write(*state, at ^ 0x800, "z", 1);
		mem_read(*state, 0, out, sizeof(out));
		assert_int_equal(out[at ^ 0x800], 'z');
		out[at ^ 0x800] = 0;
		assert_true(is_zero(out, sizeof(out)));
		mem_reset(*state);
	}
}

static void more_than_max_pages_is_absent_and_nothing_is_written(void **state)
{
	uint8_t two[MEM_PAGE_SIZE + 1], out[2];

	memset(two, 0xaa, sizeof(two));
	for (uint64_t i = 1; i < MEM_MAX_PAGES; i++)
		assert_int_equal(mem_write(*state, i << 12, "p", 1), 0);
	/* Room for one page, not for two; one that is there and one new is fine. */
	assert_int_equal(mem_write(*state, UINT64_C(1) << 40, two, sizeof(two)), -EFAULT);
	mem_read(*state, UINT64_C(1) << 40, out, 2);
	assert_true(is_zero(out, 2));
	assert_int_equal(mem_page_count(*state), MEM_MAX_PAGES - 1);
	assert_int_equal(mem_dma_write(*state, 0, two, sizeof(two)), 0);
	assert_int_equal(mem_page_count(*state), MEM_MAX_PAGES);
	assert_int_equal(mem_dma_write(*state, UINT64_C(1) << 40, two, 1), -EFAULT);
	assert_int_equal(mem_write(*state, MEM_PAGE_SIZE, two, 1), 0);
	/* A read touches nothing, unless bytes on demand have to be kept. */
	assert_int_equal(mem_dma_read(*state, UINT64_C(1) << 40, out, 2), 0);
	mem_set_ondemand(*state, "abc", 3);
	assert_int_equal(mem_dma_read(*state, UINT64_C(1) << 40, out, 2), -EFAULT);
	assert_int_equal(mem_dma_read(*state, 0x10, out, 2), 0);
	mem_reset(*state);
	assert_int_equal(mem_write(*state, UINT64_C(1) << 40, two, sizeof(two)), 0);
}

static void a_write_longer_than_all_ram_fails(void **state)
{
	size_t len = (size_t)(MEM_MAX_PAGES + 1) * MEM_PAGE_SIZE;
	uint8_t *big = heap_zero(len);

	assert_int_equal(mem_write(*state, 0, big, len), -EFAULT);
	assert_int_equal(mem_page_count(*state), 0);
	assert_int_equal(mem_write(*state, 0, big, len - MEM_PAGE_SIZE), 0);
	heap_free(big);
}

static void a_fault_hits_dma_of_its_kind_on_its_page_only(void **state)
{
	uint8_t b[2] = {1, 2};

	mem_set_fault(*state, 0x5123, MEM_READ);
	assert_int_equal(mem_dma_read(*state, 0x5000, b, 1), -EFAULT);
	assert_int_equal(mem_dma_read(*state, 0x4fff, b, 2), -EFAULT);
	assert_int_equal(mem_dma_read(*state, 0x4ffe, b, 2), 0);
	assert_int_equal(mem_dma_read(*state, 0x6000, b, 2), 0);
	assert_int_equal(mem_dma_write(*state, 0x5fff, b, 2), 0);
	assert_int_equal(mem_read(*state, 0x5000, b, 1), 0);
	mem_set_fault(*state, 0x5fff, MEM_WRITE);
	assert_int_equal(mem_dma_read(*state, 0x5000, b, 1), 0);
	assert_int_equal(mem_dma_write(*state, 0x4fff, b, 2), -EFAULT);
	mem_set_fault(*state, 0x5000, 0);
	assert_int_equal(mem_dma_write(*state, 0x5000, b, 1), 0);
	mem_set_fault(*state, 0x5000, 0);
	mem_set_fault(*state, 0x5000, MEM_READ | MEM_WRITE);
	mem_reset(*state);
	assert_int_equal(mem_dma_read(*state, 0x5000, b, 1), 0);
}

static void faults_beyond_the_limit_are_dropped(void **state)
{
	uint8_t b;

	for (uint64_t i = 0; i <= MEM_MAX_FAULTS; i++)
		mem_set_fault(*state, i << 12, MEM_READ);
	assert_int_equal(mem_dma_read(*state, (MEM_MAX_FAULTS - 1) << 12, &b, 1), -EFAULT);
	assert_int_equal(mem_dma_read(*state, MEM_MAX_FAULTS << 12, &b, 1), 0);
	/* An old one may still change when all are in use. */
	mem_set_fault(*state, 0, MEM_WRITE);
	assert_int_equal(mem_dma_read(*state, 0, &b, 1), 0);
	mem_set_fault(*state, 0, 0);
	mem_set_fault(*state, MEM_MAX_FAULTS << 12, MEM_READ);
	assert_int_equal(mem_dma_read(*state, MEM_MAX_FAULTS << 12, &b, 1), -EFAULT);
}

static void a_flip_fires_once_just_before_the_nth_read(void **state)
{
	uint8_t b[4];

	mem_write(*state, 0x1000, "aaaa", 4);
	mem_add_flip(*state, 0x1001, 3, "XY", 2);
	mem_read(*state, 0x1000, b, 4); /* the guest's own load does not count */
	for (unsigned i = 0; i < 2; i++) {
		mem_dma_read(*state, 0x1000, b, 4);
		assert_memory_equal(b, "aaaa", 4);
	}
	mem_dma_read(*state, 0x1002, b, 2); /* neither touches 0x1001 */
	mem_dma_read(*state, 0x1000, b, 1);
	mem_read(*state, 0x1000, b, 4);
	assert_memory_equal(b, "aaaa", 4);
	mem_set_fault(*state, 0x1000, MEM_READ);
	mem_dma_read(*state, 0x1000, b, 4); /* refused: does not count */
	mem_set_fault(*state, 0x1000, 0);
	mem_dma_read(*state, 0x1000, b, 4);
	assert_memory_equal(b, "aXYa", 4);
	mem_write(*state, 0x1000, "bbbb", 4);
	mem_dma_read(*state, 0x1000, b, 4);
	assert_memory_equal(b, "bbbb", 4);
}

static void flips_are_bounded_and_forgotten_at_reset(void **state)
{
	uint8_t b = 0, long_bytes[40];

	memset(long_bytes, 0x55, sizeof(long_bytes));
	for (unsigned i = 0; i <= MEM_MAX_FLIPS; i++)
		mem_add_flip(*state, 0x100 * i, 0, "f", 1);
	mem_dma_read(*state, 0x100 * MEM_MAX_FLIPS, &b, 1);
	assert_int_equal(b, 0);
	mem_dma_read(*state, 0x100 * (MEM_MAX_FLIPS - 1), &b, 1);
	assert_int_equal(b, 'f');
	mem_reset(*state);
	mem_dma_read(*state, 0x100, &b, 1);
	assert_int_equal(b, 0);
	mem_add_flip(*state, 0, 1, long_bytes, sizeof(long_bytes));
	mem_dma_read(*state, 0, &b, 1);
	mem_read(*state, MEM_FLIP_BYTES - 1, &b, 1);
	assert_int_equal(b, 0x55);
	mem_read(*state, MEM_FLIP_BYTES, &b, 1);
	assert_int_equal(b, 0);
	/* One that would wrap around changes nothing. */
	mem_add_flip(*state, UINT64_MAX, 1, "zz", 2);
	assert_int_equal(mem_dma_read(*state, UINT64_MAX, &b, 1), 0);
	assert_int_equal(b, 0);
}

static void ondemand_bytes_come_in_order_and_stay(void **state)
{
	uint8_t stream[40], out[48], byte;

	pattern(stream, sizeof(stream), 0);
	mem_set_ondemand(*state, stream, sizeof(stream));
	mem_dma_read(*state, 0x9008, out, 1); /* takes the whole granule */
	assert_int_equal(out[0], stream[8]);
	mem_read(*state, 0x9000, out, 16);
	assert_memory_equal(out, stream, 16);
	/* Across a page, the second granule is written already. */
	mem_write(*state, 0x2000, "w", 1);
	mem_dma_read(*state, 0x1ff0, out, 48);
	assert_memory_equal(out, stream + 16, 16);
	assert_int_equal(out[16], 'w');
	assert_true(is_zero(out + 17, 15));
	assert_memory_equal(out + 32, stream + 32, 8); /* used up in the middle */
	assert_true(is_zero(out + 40, 8));
	/* Zeros that were delivered stay, too. */
	mem_dma_read(*state, 0x7000, &byte, 1);
	assert_int_equal(byte, 0);
	mem_set_ondemand(*state, stream, sizeof(stream));
	mem_dma_read(*state, 0x7000, &byte, 1);
	assert_int_equal(byte, 0);
	mem_dma_read(*state, 0x7010, &byte, 1);
	assert_int_equal(byte, stream[0]);
}

static void ondemand_bytes_are_copied_and_end_at_reset(void **state)
{
	uint8_t stream[16] = {9}, byte;

	mem_set_ondemand(*state, stream, sizeof(stream));
	stream[0] = 1;
	mem_dma_read(*state, 0, &byte, 1);
	assert_int_equal(byte, 9);
	mem_set_ondemand(*state, stream, sizeof(stream));
	mem_reset(*state);
	mem_dma_read(*state, 0, &byte, 1);
	assert_int_equal(byte, 0);
	mem_set_ondemand(*state, NULL, 0);
	mem_dma_read(*state, 0x20, &byte, 1);
	assert_int_equal(byte, 0);
}

static void a_dma_write_counts_as_written(void **state)
{
	uint8_t out[16];

	mem_set_ondemand(*state, "abcdefghijklmnopq", 17);
	mem_dma_write(*state, 0x104, "D", 1);
	mem_dma_read(*state, 0x100, out, 16);
	assert_int_equal(out[4], 'D');
	assert_true(is_zero(out, 4));
	mem_dma_read(*state, 0x110, out, 16);
	assert_memory_equal(out, "abcdefghijklmnop", 16);
}

static void a_flip_changes_ondemand_bytes(void **state)
{
	uint8_t out[16];

	mem_set_ondemand(*state, "abcdefghijklmnop", 16);
	mem_add_flip(*state, 0x202, 1, "X", 1);
	mem_dma_read(*state, 0x200, out, 16);
	assert_memory_equal(out, "abXdefghijklmnop", 16);
}

static void colliding_and_scattered_pages_are_kept_apart(void **state)
{
	uint64_t at = 1, value;

	for (uint64_t i = 0; i < 3000; i++) {
		at = at * UINT64_C(6364136223846793005) + 1;
		assert_int_equal(mem_write(*state, at & ~UINT64_C(7), &i, 8), 0);
	}
	at = 1;
	for (uint64_t i = 0; i < 3000; i++) {
		at = at * UINT64_C(6364136223846793005) + 1;
		mem_read(*state, at & ~UINT64_C(7), &value, 8);
		assert_int_equal(value, i);
	}
}

#define mem_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		mem_test(what_is_written_is_read_back_across_pages),
		mem_test(untouched_memory_reads_zero_and_stays_untouched),
		mem_test(the_last_byte_of_the_address_space_exists_and_nothing_wraps),
		mem_test(zero_bytes_are_fine_anywhere),
		mem_test(a_reset_leaves_zeros_and_no_pages),
		mem_test(single_bytes_anywhere_in_a_page_are_cleared_by_a_reset),
		mem_test(more_than_max_pages_is_absent_and_nothing_is_written),
		mem_test(a_write_longer_than_all_ram_fails),
		mem_test(a_fault_hits_dma_of_its_kind_on_its_page_only),
		mem_test(faults_beyond_the_limit_are_dropped),
		mem_test(a_flip_fires_once_just_before_the_nth_read),
		mem_test(flips_are_bounded_and_forgotten_at_reset),
		mem_test(ondemand_bytes_come_in_order_and_stay),
		mem_test(ondemand_bytes_are_copied_and_end_at_reset),
		mem_test(a_dma_write_counts_as_written),
		mem_test(a_flip_changes_ondemand_bytes),
		mem_test(colliding_and_scattered_pages_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
