// SPDX-License-Identifier: MIT
/*
 * disk.c -- a block store in memory or in a file. In memory only written blocks exist, each its
 * own allocation, so that a sanitizer sees an access past a block's end; all others are computed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/disk.h"
#include "heap.h"

#define BUCKETS 256u
#define PARTITION_START 1u

struct block {
	struct block *next;      /* in the bucket */
	struct block *next_live; /* in the list of all */
	struct block *prev_live;
	uint64_t lba;
	uint8_t *data; /* block_bytes */
};

struct disk {
	uint64_t block_count;
	uint32_t block_bytes;
	bool read_only;
	int fd; /* -1: in memory */
	struct block *bucket[BUCKETS];
	struct block *live;
	uint32_t touched;
};

struct disk *disk_new_memory(uint32_t block_count, uint32_t block_bytes)
{
	struct disk *disk = heap_zero(sizeof(*disk));

	REQUIRE(block_count);
	REQUIRE(block_bytes >= DISK_MIN_BLOCK_BYTES && block_bytes <= DISK_MAX_BLOCK_BYTES);
	REQUIRE((block_bytes & (block_bytes - 1)) == 0);
	disk->block_count = block_count;
	disk->block_bytes = block_bytes;
	disk->fd = -1;
	return disk;
}

int disk_open_file(const char *path, bool read_only, struct disk **ret)
{
	struct disk *disk;
	struct stat st;
	int err = 0;
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size < (off_t)DISK_MIN_BLOCK_BYTES)
		err = -EINVAL;
	if (err) {
		close(fd);
		return err;
	}
	disk = heap_zero(sizeof(*disk));
	disk->block_count = (uint64_t)st.st_size / DISK_MIN_BLOCK_BYTES;
	disk->block_bytes = DISK_MIN_BLOCK_BYTES;
	disk->read_only = read_only;
	disk->fd = fd;
	*ret = disk;
	return 0;
}

uint64_t disk_block_count(const struct disk *disk)
{
	return disk->block_count;
}

uint32_t disk_block_bytes(const struct disk *disk)
{
	return disk->block_bytes;
}

bool disk_is_read_only(const struct disk *disk)
{
	return disk->read_only;
}

void disk_set_read_only(struct disk *disk, bool read_only)
{
	disk->read_only = read_only;
}

uint32_t disk_touched(const struct disk *disk)
{
	return disk->touched;
}

/* ---- memory -------------------------------------------------------------------------------- */

static struct block **find(struct disk *disk, uint64_t lba)
{
	struct block **link = &disk->bucket[lba % BUCKETS];

	while (*link && (*link)->lba != lba)
		link = &(*link)->next;
	return link;
}

/* Takes *link out of its bucket and the list, and frees it. */
static void forget(struct disk *disk, struct block **link)
{
	struct block *block = *link;

	*link = block->next;
	if (block->prev_live)
		block->prev_live->next_live = block->next_live;
	else
		disk->live = block->next_live;
	if (block->next_live)
		block->next_live->prev_live = block->prev_live;
	heap_free(block->data);
	heap_free(block);
	disk->touched--;
}

void disk_reset(struct disk *disk)
{
	while (disk->live)
		forget(disk, find(disk, disk->live->lba));
}

void disk_free(struct disk *disk)
{
	if (!disk)
		return;
	disk_reset(disk);
	if (disk->fd >= 0)
		close(disk->fd);
	heap_free(disk);
}

static void boot_signature(uint8_t *data)
{
	data[510] = 0x55;
	data[511] = 0xaa;
}

/* What an unwritten block reads as. */
static void pristine(const struct disk *disk, uint64_t lba, uint8_t *data)
{
	uint64_t partition = disk->block_count - PARTITION_START;

	if (lba <= PARTITION_START)
		memset(data, 0, disk->block_bytes);
	if (lba == 0) {
		data[446 + 4] = 0x0c; /* FAT32 with LBA */
		put_le32(data + 446 + 8, PARTITION_START);
		put_le32(data + 446 + 12, (uint32_t)min_u64(partition, UINT32_MAX));
		boot_signature(data);
	} else if (lba == PARTITION_START) {
		memcpy(data, "\xeb\x58\x90MSDOS5.0", 11);
		put_le16(data + 11, (uint16_t)disk->block_bytes);
		data[13] = 1; /* sectors per cluster */
		put_le32(data + 32, (uint32_t)min_u64(partition, UINT32_MAX));
		boot_signature(data);
	} else {
		for (uint32_t i = 0; i < disk->block_bytes; i += 8)
			put_le64(data + i, lba << 16 | i);
	}
}

static void memory_read(struct disk *disk, uint64_t lba, uint8_t *data)
{
	struct block *block = *find(disk, lba);

	if (block)
		memcpy(data, block->data, disk->block_bytes);
	else
		pristine(disk, lba, data);
}

static int memory_write(struct disk *disk, uint64_t lba, const uint8_t *data)
{
	struct block **link = find(disk, lba);
	struct block *block = *link;

	if (!block) {
		if (disk->touched == DISK_MAX_TOUCHED)
			return -ENOSPC;
		block = heap_zero(sizeof(*block));
		block->lba = lba;
		block->data = heap_zero(disk->block_bytes);
		block->next_live = disk->live;
		if (disk->live)
			disk->live->prev_live = block;
		disk->live = block;
		*link = block;
		disk->touched++;
	}
	memcpy(block->data, data, disk->block_bytes);
	return 0;
}

/* Walks what exists, at most DISK_MAX_TOUCHED blocks, not what is asked for. */
static void memory_unmap(struct disk *disk, uint64_t lba, uint64_t count)
{
	struct block *block, *next;

	for (block = disk->live; block; block = next) {
		next = block->next_live;
		if (block->lba - lba < count)
			forget(disk, find(disk, block->lba));
	}
}

/* ---- file ---------------------------------------------------------------------------------- */

/* What the system call moved, in whole blocks: at least one, or -errno. */
static ssize_t whole_blocks(const struct disk *disk, size_t done, int err)
{
	return done < disk->block_bytes ? err : (ssize_t)(done / disk->block_bytes);
}

static ssize_t file_read(struct disk *disk, uint64_t lba, uint8_t *to, size_t count)
{
	size_t len = count * disk->block_bytes, done = 0;

	while (done < len) {
		ssize_t n = pread(disk->fd, to + done, len - done,
				  (off_t)(lba * disk->block_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* 0: somebody made the file shorter */
			break;
		done += (size_t)n;
	}
	return whole_blocks(disk, done, -EIO);
}

static ssize_t file_write(struct disk *disk, uint64_t lba, const uint8_t *from, size_t count)
{
	size_t len = count * disk->block_bytes, done = 0;
	int err = -EIO;

	while (done < len) {
		ssize_t n = pwrite(disk->fd, from + done, len - done,
				   (off_t)(lba * disk->block_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 && errno == ENOSPC ? -ENOSPC : -EIO;
			break;
		}
		done += (size_t)n;
	}
	return whole_blocks(disk, done, err);
}

/* ---- both ---------------------------------------------------------------------------------- */

static void require_inside(const struct disk *disk, uint64_t lba, uint64_t count)
{
	REQUIRE(lba <= disk->block_count && count <= disk->block_count - lba);
}

ssize_t disk_read(struct disk *disk, uint64_t lba, uint8_t *to, size_t count)
{
	require_inside(disk, lba, count);
	if (disk->fd >= 0)
		return file_read(disk, lba, to, count);
	for (size_t i = 0; i < count; i++)
		memory_read(disk, lba + i, to + i * disk->block_bytes);
	return (ssize_t)count;
}

ssize_t disk_write(struct disk *disk, uint64_t lba, const uint8_t *from, size_t count)
{
	require_inside(disk, lba, count);
	if (disk->read_only)
		return -EROFS;
	if (disk->fd >= 0)
		return file_write(disk, lba, from, count);
	for (size_t i = 0; i < count; i++) {
		int err = memory_write(disk, lba + i, from + i * disk->block_bytes);

		if (err)
			return i ? (ssize_t)i : err;
	}
	return (ssize_t)count;
}

int disk_unmap(struct disk *disk, uint64_t lba, uint64_t count)
{
	require_inside(disk, lba, count);
	if (disk->read_only)
		return -EROFS;
	if (disk->fd < 0)
		memory_unmap(disk, lba, count);
	else if (count) /* only advice: where the file system cannot, the blocks stay */
		(void)!fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (off_t)(lba * disk->block_bytes),
				 (off_t)(count * disk->block_bytes));
	return 0;
}

int disk_flush(struct disk *disk)
{
	if (disk->fd >= 0 && !disk->read_only && fdatasync(disk->fd) < 0)
		return -EIO;
	return 0;
}
