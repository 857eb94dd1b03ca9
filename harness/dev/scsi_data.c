// SPDX-License-Identifier: MIT
/*
 * scsi_data.c -- how a command's data moves. Whole blocks go straight between the medium and the
 * transport's memory, parts of one through a buffer of a block, whatever length a CDB asks for.
 */
#include <errno.h>

#include "dev/scsi.h"
#include "heap.h"

void scsi_reply(struct scsi *s, const uint8_t *data, size_t len, uint64_t allocation)
{
	len = min_u64(len, allocation);
	if (!len)
		return;
	s->buf = heap_zero(len);
	memcpy(s->buf, data, len);
	s->buf_len = (uint32_t)len;
	s->direction = SCSI_IN;
	s->work = SCSI_WORK_REPLY;
	s->remaining = len;
}

void scsi_expect(struct scsi *s, size_t len, void (*done)(struct scsi *s))
{
	REQUIRE(len && len <= UINT16_MAX);
	s->buf = heap_zero(len);
	s->buf_len = (uint32_t)len;
	s->direction = SCSI_OUT;
	s->work = SCSI_WORK_PARAMETER;
	s->remaining = len;
	s->parameter = done;
}

void scsi_blocks(struct scsi *s, enum scsi_work work, uint64_t lba, uint64_t count)
{
	if (!count)
		return;
	s->buf_len = scsi_block_bytes(s);
	s->buf = heap_zero(s->buf_len);
	s->direction = work == SCSI_WORK_READ ? SCSI_IN : SCSI_OUT;
	s->work = (uint8_t)work;
	s->remaining = (work == SCSI_WORK_SAME ? 1 : count) * s->buf_len;
	s->lba = lba;
	s->block_count = count;
}

/* Up to count blocks from s->lba on: how many, or -errno. */
static ssize_t read_blocks(const struct scsi *s, uint8_t *to, size_t count)
{
	uint32_t each = scsi_disk_blocks(s);
	ssize_t moved = disk_read(s->disk, s->lba * each, to, count * each);

	if (moved < 0)
		return moved;
	return moved < (ssize_t)each ? -EIO : moved / (ssize_t)each;
}

static void read_failed(struct scsi *s)
{
	scsi_fail_lba(s, SCSI_MEDIUM_ERROR, SCSI_READ_ERROR, s->lba);
}

static void write_failed(struct scsi *s, ssize_t err)
{
	if (err == -EROFS)
		scsi_fail(s, SCSI_DATA_PROTECT, SCSI_WRITE_PROTECTED);
	else if (err == -ENOSPC)
		scsi_fail(s, SCSI_DATA_PROTECT, SCSI_NO_SPACE);
	else
		scsi_fail_lba(s, SCSI_MEDIUM_ERROR, SCSI_WRITE_ERROR, s->lba);
}

/* Whole blocks that may move between the medium and n bytes of the transport's, without buf. */
static size_t whole_blocks(const struct scsi *s, enum scsi_work work, size_t n)
{
	if (s->work != work || s->buf_pos)
		return 0;
	return min_u64(n, s->remaining) / s->buf_len;
}

/* Fill buf with the next block if it is used up. */
static bool fetch_block(struct scsi *s)
{
	if (s->work != SCSI_WORK_READ || s->buf_pos)
		return true;
	if (read_blocks(s, s->buf, 1) < 0) {
		read_failed(s);
		return false;
	}
	s->lba++;
	return true;
}

/* At most n bytes, some of them at least unless the command fails. */
static size_t pull_some(struct scsi *s, uint8_t *to, size_t n)
{
	size_t blocks = whole_blocks(s, SCSI_WORK_READ, n), step;

	if (blocks) {
		ssize_t moved = read_blocks(s, to, blocks);

		if (moved < 0) {
			read_failed(s);
			return 0;
		}
		s->lba += (size_t)moved;
		step = (size_t)moved * s->buf_len;
	} else {
		if (!fetch_block(s))
			return 0;
		step = min_u64(min_u64(n, s->remaining), s->buf_len - s->buf_pos);
		memcpy(to, s->buf + s->buf_pos, step);
		s->buf_pos = (uint32_t)((s->buf_pos + step) % s->buf_len);
	}
	s->remaining -= step;
	return step;
}

size_t scsi_pull(struct scsi *s, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (s->direction == SCSI_IN && done < n && s->remaining)
		done += pull_some(s, to + done, n - done);
	return done;
}

static void compare_block(struct scsi *s)
{
	uint8_t *medium = heap_zero(s->buf_len);

	if (read_blocks(s, medium, 1) < 0)
		read_failed(s);
	else if (memcmp(medium, s->buf, s->buf_len))
		scsi_fail_lba(s, SCSI_MISCOMPARE, SCSI_MISCOMPARED, s->lba);
	heap_free(medium);
}

static void write_block(struct scsi *s)
{
	ssize_t moved = disk_write(s->disk, s->lba, s->buf, 1);

	if (moved < 0)
		write_failed(s, moved);
}

/* buf is full. */
static void take_buffer(struct scsi *s)
{
	switch (s->work) {
	case SCSI_WORK_WRITE:
		write_block(s);
		break;
	case SCSI_WORK_COMPARE:
		compare_block(s);
		break;
	case SCSI_WORK_SAME: /* block_count <= SCSI_MAX_SAME */
		for (; s->block_count && s->status == SCSI_GOOD; s->block_count--, s->lba++)
			write_block(s);
		break;
	case SCSI_WORK_PARAMETER:
		s->parameter(s);
		break;
	default:
		REQUIRE(!"a command that takes no data");
	}
	s->lba++;
}

static bool must_flush(const struct scsi *s)
{
	return s->disk && s->work != SCSI_WORK_PARAMETER && (s->force_access || !s->write_cache);
}

/* At most n bytes, some of them at least unless the command fails. */
static size_t push_some(struct scsi *s, const uint8_t *from, size_t n)
{
	size_t blocks = whole_blocks(s, SCSI_WORK_WRITE, n), step;

	if (blocks) {
		ssize_t moved = disk_write(s->disk, s->lba, from, blocks);

		if (moved < 0) {
			write_failed(s, moved);
			return 0;
		}
		s->lba += (size_t)moved;
		step = (size_t)moved * s->buf_len;
		s->remaining -= step;
		return step;
	}
	step = min_u64(min_u64(n, s->remaining), s->buf_len - s->buf_pos);
	memcpy(s->buf + s->buf_pos, from, step);
	s->remaining -= step;
	s->buf_pos = (uint32_t)((s->buf_pos + step) % s->buf_len);
	if (s->buf_pos == 0)
		take_buffer(s);
	return step;
}

size_t scsi_push(struct scsi *s, const uint8_t *from, size_t n)
{
	size_t done = 0;

	while (s->direction == SCSI_OUT && done < n && s->remaining)
		done += push_some(s, from + done, n - done);
	if (done && !s->remaining && s->status == SCSI_GOOD && must_flush(s) &&
	    disk_flush(s->disk) < 0)
		scsi_fail(s, SCSI_MEDIUM_ERROR, SCSI_WRITE_ERROR);
	return done;
}
