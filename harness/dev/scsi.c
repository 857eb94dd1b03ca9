// SPDX-License-Identifier: MIT
/*
 * scsi.c -- a logical unit's commands: which there are, what must be true before each, and how
 * its data moves. Whole blocks go straight between the medium and the transport's memory, parts of
 * one through a buffer of a block.
 * Left out: task management, protection information, persistent reservations, FORMAT UNIT.
 */
#include <errno.h>

#include "dev/scsi.h"
#include "heap.h"

enum command_flag {
	NEEDS_MEDIUM = 1 << 0,
	WRITES = 1 << 1,
	ANY_LUN = 1 << 2,   /* answers for units that are not there, too */
	ATTENTION = 1 << 3, /* done though a unit attention is pending (SPC-4, 5.14) */
};

struct command {
	uint8_t opcode;
	uint8_t flags;
	void (*start)(struct scsi *s);
};

static void do_nothing(struct scsi *s)
{
	(void)s; /* RESERVE and RELEASE: there is one initiator */
}

static const struct command commands[] = {
	{0x00, NEEDS_MEDIUM, scsi_test_unit_ready},
	{0x03, ANY_LUN | ATTENTION, scsi_request_sense},
	{0x08, NEEDS_MEDIUM, scsi_read},
	{0x0a, NEEDS_MEDIUM | WRITES, scsi_write},
	{0x12, ANY_LUN | ATTENTION, scsi_inquiry},
	{0x15, 0, scsi_mode_select},
	{0x16, 0, do_nothing},
	{0x17, 0, do_nothing},
	{0x1a, 0, scsi_mode_sense},
	{0x1b, 0, scsi_start_stop},
	{0x1d, 0, scsi_send_diagnostic},
	{0x1e, 0, scsi_prevent},
	{0x23, 0, scsi_format_capacities},
	{0x25, NEEDS_MEDIUM, scsi_read_capacity_10},
	{0x28, NEEDS_MEDIUM, scsi_read},
	{0x2a, NEEDS_MEDIUM | WRITES, scsi_write},
	{0x2b, NEEDS_MEDIUM, scsi_seek},
	{0x2e, NEEDS_MEDIUM | WRITES, scsi_write_verify},
	{0x2f, NEEDS_MEDIUM, scsi_verify},
	{0x35, NEEDS_MEDIUM, scsi_synchronize},
	{0x41, NEEDS_MEDIUM | WRITES, scsi_write_same},
	{0x42, NEEDS_MEDIUM | WRITES, scsi_unmap},
	{0x55, 0, scsi_mode_select},
	{0x5a, 0, scsi_mode_sense},
	{0x88, NEEDS_MEDIUM, scsi_read},
	{0x8a, NEEDS_MEDIUM | WRITES, scsi_write},
	{0x8e, NEEDS_MEDIUM | WRITES, scsi_write_verify},
	{0x8f, NEEDS_MEDIUM, scsi_verify},
	{0x91, NEEDS_MEDIUM, scsi_synchronize},
	{0x93, NEEDS_MEDIUM | WRITES, scsi_write_same},
	{0x9e, NEEDS_MEDIUM, scsi_service_action_in},
	{0xa0, ANY_LUN | ATTENTION, scsi_report_luns},
	{0xa8, NEEDS_MEDIUM, scsi_read},
	{0xaa, NEEDS_MEDIUM | WRITES, scsi_write},
	{0xae, NEEDS_MEDIUM | WRITES, scsi_write_verify},
	{0xaf, NEEDS_MEDIUM, scsi_verify},
};

/* Bytes of a CDB by its group code (SPC-4, 4.3.2); 0: reserved or vendor. */
static const uint8_t group_bytes[8] = {6, 10, 10, 0, 16, 12, 0, 0};

struct scsi *scsi_new(struct disk *disk)
{
	struct scsi *s = heap_zero(sizeof(*s));

	s->disk = disk;
	s->write_cache = true;
	return s;
}

void scsi_cancel(struct scsi *s)
{
	heap_free(s->cdb);
	heap_free(s->buf);
	s->cdb = s->buf = NULL;
	s->cdb_len = 0;
	s->buf_len = s->buf_pos = 0;
	s->remaining = s->lba = s->block_count = 0;
	s->direction = SCSI_NONE;
	s->work = SCSI_WORK_NONE;
	s->force_access = false;
	s->parameter = NULL;
}

void scsi_free(struct scsi *s)
{
	scsi_cancel(s);
	heap_free(s);
}

void scsi_reset(struct scsi *s)
{
	scsi_cancel(s);
	s->sense = (struct scsi_sense){0};
	s->prevented = false;
	s->write_cache = true;
}

uint64_t scsi_block_count(const struct scsi *s)
{
	return s->disk ? disk_block_count(s->disk) : 0;
}

uint32_t scsi_block_bytes(const struct scsi *s)
{
	return s->disk ? disk_block_bytes(s->disk) : DISK_MIN_BLOCK_BYTES;
}

/* Whether the unit's state allows the command; if not, it has failed. */
static bool may_start(struct scsi *s, const struct command *c)
{
	if (s->changed && !(c->flags & ATTENTION)) {
		s->changed = false;
		scsi_fail(s, SCSI_UNIT_ATTENTION, SCSI_MEDIUM_CHANGED);
		return false;
	}
	if ((c->flags & NEEDS_MEDIUM) && (!s->disk || s->ejected)) {
		scsi_fail(s, SCSI_NOT_READY, SCSI_NO_MEDIUM);
		return false;
	}
	if ((c->flags & NEEDS_MEDIUM) && s->stopped) {
		scsi_fail(s, SCSI_NOT_READY, SCSI_NEEDS_START);
		return false;
	}
	if ((c->flags & WRITES) && disk_is_read_only(s->disk)) {
		scsi_fail(s, SCSI_DATA_PROTECT, SCSI_WRITE_PROTECTED);
		return false;
	}
	return true;
}

static const struct command *find_command(uint8_t opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

void scsi_start(struct scsi *s, const uint8_t *cdb, size_t cdb_len, uint8_t lun)
{
	const struct command *c = find_command(cdb[0]);
	size_t need = group_bytes[cdb[0] >> 5];

	REQUIRE(cdb_len && cdb_len <= SCSI_MAX_CDB);
	scsi_cancel(s);
	s->cdb = heap_zero(cdb_len);
	memcpy(s->cdb, cdb, cdb_len);
	s->cdb_len = cdb_len;
	s->lun = lun;
	s->status = SCSI_GOOD;
	if (cdb[0] != 0x03)
		s->sense = (struct scsi_sense){0}; /* SPC-4, 4.5.1: kept for REQUEST SENSE only */
	if (lun && !(c && (c->flags & ANY_LUN)))
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_NO_SUCH_LUN);
	else if (!c)
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_OPCODE);
	else if (cdb_len < need)
		scsi_fail_cdb(s, (unsigned)cdb_len);
	else if (cdb[need - 1] & 0x04) /* CONTROL byte: NACA is not supported */
		scsi_fail_cdb(s, (unsigned)need - 1);
	else if (may_start(s, c))
		c->start(s);
}

/* ---- data ---------------------------------------------------------------------------------- */

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
	if (disk_read(s->disk, s->lba, s->buf, 1) < 0) {
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
		ssize_t moved = disk_read(s->disk, s->lba, to, blocks);

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

	if (disk_read(s->disk, s->lba, medium, 1) < 0)
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
