// SPDX-License-Identifier: MIT
#include "dev/disk.h"
#include "heap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void unwritten_blocks_read_as_a_partitioned_disk(void **state)
{
	struct disk *disk = disk_new_memory(100, 512);
	uint8_t a[512], b[512];

	(void)state;
	assert_int_equal(disk_read(disk, 0, a), 0);
	assert_int_equal(get_le16(a + 510), 0xaa55);
	assert_int_equal(get_le32(a + 446 + 8), 1);
	assert_int_equal(get_le32(a + 446 + 12), 99);
	assert_int_equal(disk_read(disk, 1, a), 0);
	assert_int_equal(a[0], 0xeb);
	assert_int_equal(disk_read(disk, 2, a), 0);
	assert_int_equal(disk_read(disk, 3, b), 0);
	assert_memory_not_equal(a, b, 512);
	assert_int_equal(disk_read(disk, 2, b), 0);
	assert_memory_equal(a, b, 512);
	disk_free(disk);
}

static void reset_brings_the_pattern_back_and_frees_what_was_written(void **state)
{
	struct disk *disk = disk_new_memory(UINT32_MAX, 4096);
	uint8_t *before = heap_zero(4096), *block = heap_zero(4096);

	(void)state;
	for (uint64_t lba = 0; lba < UINT32_MAX; lba += 0x10000001) {
		assert_int_equal(disk_read(disk, lba, before), 0);
		memset(block, 0x5a, 4096);
		assert_int_equal(disk_write(disk, lba, block), 0);
		memset(block, 0, 4096);
		assert_int_equal(disk_read(disk, lba, block), 0);
		assert_int_equal(block[4095], 0x5a);
		assert_int_equal(disk_touched(disk), 1);
		disk_reset(disk);
		assert_int_equal(disk_touched(disk), 0);
		assert_int_equal(disk_read(disk, lba, block), 0);
		assert_memory_equal(before, block, 4096);
	}
	heap_free(before);
	heap_free(block);
	disk_free(disk);
}

static void unmap_forgets_exactly_its_blocks(void **state)
{
	struct disk *disk = disk_new_memory(1000, 512);
	uint8_t block[512] = {1};

	(void)state;
	for (unsigned lba = 0; lba < 1000; lba++)
		assert_int_equal(disk_write(disk, lba, block), 0);
	assert_int_equal(disk_unmap(disk, 10, 0), 0);
	assert_int_equal(disk_touched(disk), 1000);
	assert_int_equal(disk_unmap(disk, 10, 300), 0);
	assert_int_equal(disk_touched(disk), 700);
	assert_int_equal(disk_read(disk, 9, block), 0);
	assert_int_equal(block[0], 1);
	assert_int_equal(disk_read(disk, 310, block), 0);
	assert_int_equal(block[0], 1);
	assert_int_equal(disk_unmap(disk, 0, 1000), 0);
	assert_int_equal(disk_touched(disk), 0);
	disk_free(disk);
}

static void full_thin_disk_answers_enospc(void **state)
{
	struct disk *disk = disk_new_memory(DISK_MAX_TOUCHED + 1, 512);
	uint8_t block[512] = {0};

	(void)state;
	for (unsigned lba = 0; lba < DISK_MAX_TOUCHED; lba++)
		assert_int_equal(disk_write(disk, lba, block), 0);
	assert_int_equal(disk_write(disk, DISK_MAX_TOUCHED, block), -ENOSPC);
	assert_int_equal(disk_write(disk, 0, block), 0); /* it has that one */
	disk_free(disk);
}

static void read_only_disk_refuses_writes(void **state)
{
	struct disk *disk = disk_new_memory(4, 512);
	uint8_t block[512] = {0};

	(void)state;
	disk_set_read_only(disk, true);
	assert_int_equal(disk_write(disk, 0, block), -EROFS);
	assert_int_equal(disk_unmap(disk, 0, 1), -EROFS);
	assert_int_equal(disk_touched(disk), 0);
	disk_free(disk);
}

/* A file of this many bytes that has a path and no directory entry to clean up. */
static int make_file(char path[32], size_t bytes)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void file_keeps_what_is_written(void **state)
{
	char path[32];
	int fd = make_file(path, 3 * 512 + 100);
	uint8_t block[512], back[512];
	struct disk *disk;

	(void)state;
	memset(block, 0x42, sizeof(block));
	assert_int_equal(disk_open_file(path, false, &disk), 0);
	assert_int_equal(disk_block_count(disk), 3);
	assert_int_equal(disk_block_bytes(disk), 512);
	assert_int_equal(disk_write(disk, 2, block), 0);
	assert_int_equal(disk_flush(disk), 0);
	disk_reset(disk);
	disk_free(disk);
	assert_int_equal(disk_open_file(path, true, &disk), 0);
	assert_int_equal(disk_read(disk, 2, back), 0);
	assert_memory_equal(block, back, 512);
	assert_int_equal(disk_write(disk, 2, block), -EROFS);
	assert_int_equal(ftruncate(fd, 512), 0);
	assert_int_equal(disk_read(disk, 2, back), -EIO);
	disk_free(disk);
	close(fd);
}

/* Reading ahead must not be seen: not after a write, an unmap, nor where the file has become short. */
static void a_file_read_in_sequence_shows_what_is_in_it_now(void **state)
{
	char path[32];
	int fd = make_file(path, 300 * 512);
	uint8_t block[512], back[512];
	struct disk *disk;

	(void)state;
	assert_int_equal(disk_open_file(path, false, &disk), 0);
	for (unsigned lba = 0; lba < 300; lba++) {
		memset(block, (int)lba & 0xff, sizeof(block));
		assert_int_equal(disk_write(disk, lba, block), 0);
	}
	for (unsigned lba = 0; lba < 200; lba++) {
		assert_int_equal(disk_read(disk, lba, back), 0);
		memset(block, lba == 11 ? 0xee : lba == 21 ? 0 : lba & 0xff, sizeof(block));
		assert_memory_equal(block, back, 512);
		memset(block, 0xee, sizeof(block));
		if (lba == 10)
			assert_int_equal(disk_write(disk, 11, block), 0);
		if (lba == 20)
			assert_int_equal(disk_unmap(disk, 21, 1), 0);
	}
	assert_int_equal(ftruncate(fd, 200 * 512), 0);
	assert_int_equal(disk_unmap(disk, 0, 0), 0); /* nothing, but forgets what was read ahead */
	assert_int_equal(disk_read(disk, 199, back), 0);
	assert_int_equal(disk_read(disk, 200, back), -EIO);
	disk_free(disk);
	close(fd);
}

static void unmapped_part_of_a_file_reads_as_zeros(void **state)
{
	char path[32];
	int fd = make_file(path, 16 * 512);
	uint8_t block[512] = {0}, zeros[512] = {0};
	struct disk *disk;

	(void)state;
	memset(block, 0x42, sizeof(block));
	assert_int_equal(disk_open_file(path, false, &disk), 0);
	for (unsigned lba = 0; lba < 16; lba++)
		assert_int_equal(disk_write(disk, lba, block), 0);
	assert_int_equal(disk_unmap(disk, 8, 8), 0);
	assert_int_equal(disk_read(disk, 15, block), 0);
	assert_memory_equal(block, zeros, 512);
	assert_int_equal(disk_read(disk, 7, block), 0);
	assert_int_equal(block[0], 0x42);
	assert_int_equal(disk_block_count(disk), 16);
	disk_free(disk);
	close(fd);
}

static void what_is_no_disk_file_is_refused(void **state)
{
	char path[32];
	int fd = make_file(path, 511);
	struct disk *disk = NULL;

	(void)state;
	assert_int_equal(disk_open_file(path, false, &disk), -EINVAL);
	close(fd);
	assert_int_equal(disk_open_file(path, false, &disk), -ENOENT);
	assert_int_equal(disk_open_file(".", true, &disk), -EINVAL);
	assert_int_equal(disk_open_file("/dev/null", false, &disk), -EINVAL);
	assert_null(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unwritten_blocks_read_as_a_partitioned_disk),
		cmocka_unit_test(reset_brings_the_pattern_back_and_frees_what_was_written),
		cmocka_unit_test(unmap_forgets_exactly_its_blocks),
		cmocka_unit_test(full_thin_disk_answers_enospc),
		cmocka_unit_test(read_only_disk_refuses_writes),
		cmocka_unit_test(file_keeps_what_is_written),
		cmocka_unit_test(a_file_read_in_sequence_shows_what_is_in_it_now),
		cmocka_unit_test(unmapped_part_of_a_file_reads_as_zeros),
		cmocka_unit_test(what_is_no_disk_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
