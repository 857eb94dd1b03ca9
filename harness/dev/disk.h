// SPDX-License-Identifier: MIT
/*
 * disk.h -- a block store: sparse in memory, or a file. Knows no SCSI and no USB.
 */
#ifndef DEV_DISK_H
#define DEV_DISK_H

#include <sys/types.h>

#include "base.h"

#define DISK_MIN_BLOCK_BYTES 512u
#define DISK_MAX_BLOCK_BYTES 4096u
/* Blocks a memory disk keeps; writing one more answers -ENOSPC, as a thin disk does. */
#define DISK_MAX_TOUCHED 16384u

struct disk; /* private to disk.c */

/*
 * A disk in memory: block_count 1..2^32-1, block_bytes 512, 1024, 2048 or 4096. Unwritten blocks
 * read as a fixed pattern: block 0 looks like an MBR with one partition (from block 1 on), block 1
 * like a boot sector, all others are a function of the block number.
 */
struct disk *disk_new_memory(uint32_t block_count, uint32_t block_bytes);

/*
 * A disk in a regular file, 512 bytes per block; an incomplete last block is not part of it.
 * 0, or -errno of the host (-EINVAL: not a regular file or shorter than one block).
 */
int disk_open_file(const char *path, bool read_only, struct disk **ret);

/* Memory: content back to the pattern, at a cost of what was written. File: nothing. */
void disk_reset(struct disk *disk);
void disk_free(struct disk *disk); /* NULL is fine */

uint64_t disk_block_count(const struct disk *disk);
uint32_t disk_block_bytes(const struct disk *disk);
bool disk_is_read_only(const struct disk *disk);
void disk_set_read_only(struct disk *disk, bool read_only);
/* Blocks a memory disk holds now; 0 for a file. */
uint32_t disk_touched(const struct disk *disk);

/*
 * Move count blocks from lba on, all inside the disk; the buffer has room for them. How many were
 * moved, at least one; if the first could not be: -EIO, -EROFS, -ENOSPC. Fewer than count say that
 * the next one will fail.
 */
ssize_t disk_read(struct disk *disk, uint64_t lba, uint8_t *to, size_t count);
ssize_t disk_write(struct disk *disk, uint64_t lba, const uint8_t *from, size_t count);
/* Forget count blocks from lba on, all inside the disk; they may read as anything afterwards. */
int disk_unmap(struct disk *disk, uint64_t lba, uint64_t count);
/* What was written is safe when this returns 0. */
int disk_flush(struct disk *disk);

#endif
