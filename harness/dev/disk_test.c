// SPDX-License-Identifier: MIT
#include "dev/disk.h"
#include "heap.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void unwritten_blocks_read_as_a_partitioned_disk(void **state)
{
	struct disk *disk = disk_new_memory(100, 512);
	uint8_t a[512], b[512];

	(void)state;
	assert_int_equal(disk_read(disk, 0, a, 1), 1);
	assert_int_equal(get_le16(a + 510), 0xaa55);
	assert_int_equal(get_le32(a + 446 + 8), 1);
	assert_int_equal(get_le32(a + 446 + 12), 99);
	assert_int_equal(disk_read(disk, 1, a, 1), 1);
	assert_int_equal(a[0], 0xeb);
	assert_int_equal(disk_read(disk, 2, a, 1), 1);
	assert_int_equal(disk_read(disk, 3, b, 1), 1);
	assert_memory_not_equal(a, b, 512);
	assert_int_equal(disk_read(disk, 2, b, 1), 1);
	assert_memory_equal(a, b, 512);
	disk_free(disk);
}

static void reset_brings_the_pattern_back_and_frees_what_was_written(void **state)
{
	struct disk *disk = disk_new_memory(UINT32_MAX, 4096);
	uint8_t *before = heap_zero(4096), *block = heap_zero(4096);

	(void)state;
	for (uint64_t lba = 0; lba < UINT32_MAX; lba += 0x10000001) {
		assert_int_equal(disk_read(disk, lba, before, 1), 1);
		memset(block, 0x5a, 4096);
		assert_int_equal(disk_write(disk, lba, block, 1), 1);
		memset(block, 0, 4096);
		assert_int_equal(disk_read(disk, lba, block, 1), 1);
		assert_int_equal(block[4095], 0x5a);
		assert_int_equal(disk_touched(disk), 1);
		disk_reset(disk);
		assert_int_equal(disk_touched(disk), 0);
		assert_int_equal(disk_read(disk, lba, block, 1), 1);
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
		assert_int_equal(disk_write(disk, lba, block, 1), 1);
	assert_int_equal(disk_unmap(disk, 10, 0), 0);
	assert_int_equal(disk_touched(disk), 1000);
	assert_int_equal(disk_unmap(disk, 10, 300), 0);
	assert_int_equal(disk_touched(disk), 700);
	assert_int_equal(disk_read(disk, 9, block, 1), 1);
	assert_int_equal(block[0], 1);
	assert_int_equal(disk_read(disk, 310, block, 1), 1);
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
		assert_int_equal(disk_write(disk, lba, block, 1), 1);
	assert_int_equal(disk_write(disk, DISK_MAX_TOUCHED, block, 1), -ENOSPC);
	assert_int_equal(disk_write(disk, 0, block, 1), 1); /* it has that one */
	disk_free(disk);
}

static void read_only_disk_refuses_writes(void **state)
{
	struct disk *disk = disk_new_memory(4, 512);
	uint8_t block[512] = {0};

	(void)state;
	disk_set_read_only(disk, true);
	assert_int_equal(disk_write(disk, 0, block, 1), -EROFS);
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
	assert_int_equal(disk_write(disk, 2, block, 1), 1);
	assert_int_equal(disk_flush(disk), 0);
	disk_reset(disk);
	disk_free(disk);
	assert_int_equal(disk_open_file(path, true, &disk), 0);
	assert_int_equal(disk_read(disk, 2, back, 1), 1);
	assert_memory_equal(block, back, 512);
	assert_int_equal(disk_write(disk, 2, block, 1), -EROFS);
	assert_int_equal(ftruncate(fd, 512), 0);
	assert_int_equal(disk_read(disk, 2, back, 1), -EIO);
	disk_free(disk);
	close(fd);
}

static void runs_of_blocks_end_where_the_file_does(void **state)
{
	char path[32];
	int fd = make_file(path, 300 * 512);
	uint8_t *run = heap_zero(300 * 512), *back = heap_zero(300 * 512);
	struct disk *disk;

	(void)state;
	for (unsigned i = 0; i < 300 * 512; i++)
		run[i] = (uint8_t)(i / 512 * 7 + i);
	assert_int_equal(disk_open_file(path, false, &disk), 0);
	assert_int_equal(disk_write(disk, 0, run, 300), 300);
	assert_int_equal(disk_read(disk, 0, back, 300), 300);
	assert_memory_equal(run, back, 300 * 512);
	assert_int_equal(disk_write(disk, 7, run, 2), 2);
	assert_int_equal(disk_read(disk, 8, back, 1), 1);
	assert_memory_equal(run + 512, back, 512);
	assert_int_equal(ftruncate(fd, 200 * 512 + 1), 0);
	assert_int_equal(disk_read(disk, 190, back, 100), 10);
	assert_memory_equal(run + 190 * 512, back, 10 * 512);
	assert_int_equal(disk_read(disk, 200, back, 90), -EIO);
	disk_free(disk);
	close(fd);
	heap_free(run);
	heap_free(back);
}

static void a_run_on_a_full_thin_disk_ends_where_it_is_full(void **state)
{
	struct disk *disk = disk_new_memory(DISK_MAX_TOUCHED + 8, 512);
	uint8_t *run = heap_zero((DISK_MAX_TOUCHED + 8) * 512);

	(void)state;
	assert_int_equal(disk_write(disk, 0, run, DISK_MAX_TOUCHED + 8), DISK_MAX_TOUCHED);
	assert_int_equal(disk_write(disk, DISK_MAX_TOUCHED, run, 8), -ENOSPC);
	heap_free(run);
	disk_free(disk);
}

/* In another process, which ends itself as kill -9 would: no destructor runs. */
static void write_flush_die(const char *path)
{
	uint8_t *run = heap_zero(64 * 512);
	struct disk *disk;

	memset(run, 0x5a, 64 * 512);
	if (disk_open_file(path, false, &disk) || disk_write(disk, 100, run, 64) != 64 ||
	    disk_flush(disk))
		_exit(1);
	kill(getpid(), SIGKILL);
}

static void what_was_flushed_outlives_a_kill(void **state)
{
	char path[] = "disk_test.XXXXXX";
	int fd = mkstemp(path), status;
	uint8_t *back = heap_zero(64 * 512), *want = heap_zero(64 * 512);
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 200 * 512), 0);
	child = fork();
	if (!child)
		write_flush_die(path);
	assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	memset(want, 0x5a, 64 * 512);
	assert_int_equal(pread(fd, back, 64 * 512, 100 * 512), 64 * 512);
	assert_memory_equal(want, back, 64 * 512);
	heap_free(back);
	heap_free(want);
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
		assert_int_equal(disk_write(disk, lba, block, 1), 1);
	assert_int_equal(disk_unmap(disk, 8, 8), 0);
	assert_int_equal(disk_read(disk, 15, block, 1), 1);
	assert_memory_equal(block, zeros, 512);
	assert_int_equal(disk_read(disk, 7, block, 1), 1);
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
		cmocka_unit_test(runs_of_blocks_end_where_the_file_does),
		cmocka_unit_test(a_run_on_a_full_thin_disk_ends_where_it_is_full),
		cmocka_unit_test(what_was_flushed_outlives_a_kill),
		cmocka_unit_test(unmapped_part_of_a_file_reads_as_zeros),
		cmocka_unit_test(what_is_no_disk_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
