// SPDX-License-Identifier: MIT
/*
 * scsi.c -- a logical unit's commands: which there are, and what must be true before each.
 * Left out: task management, protection information, persistent reservations, FORMAT UNIT.
 */
#include "dev/scsi.h"
#include "heap.h"

enum command_flag {
	NEEDS_MEDIUM = 1 << 0,
	WRITES = 1 << 1,
	ANY_LUN = 1 << 2,   /* answers for units that are not there, too */
	ATTENTION = 1 << 3, /* done though a unit attention is pending (SPC-4, 5.14) */
	NO_CD = 1 << 4,
	ONLY_CD = 1 << 5,
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
	{0x08, NEEDS_MEDIUM | NO_CD, scsi_read},
	{0x0a, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write},
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
	{0x2a, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write},
	{0x2b, NEEDS_MEDIUM, scsi_seek},
	{0x2e, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write_verify},
	{0x2f, NEEDS_MEDIUM | NO_CD, scsi_verify},
	{0x35, NEEDS_MEDIUM, scsi_synchronize},
	{0x41, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write_same},
	{0x42, NEEDS_MEDIUM | WRITES | NO_CD, scsi_unmap},
	{0x43, NEEDS_MEDIUM | ONLY_CD, scsi_read_toc},
	{0x46, ONLY_CD | ATTENTION, scsi_get_configuration},
	{0x4a, ONLY_CD | ATTENTION, scsi_get_event},
	{0x51, NEEDS_MEDIUM | ONLY_CD, scsi_read_disc_information},
	{0x55, 0, scsi_mode_select},
	{0x5a, 0, scsi_mode_sense},
	{0x88, NEEDS_MEDIUM | NO_CD, scsi_read},
	{0x8a, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write},
	{0x8e, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write_verify},
	{0x8f, NEEDS_MEDIUM | NO_CD, scsi_verify},
	{0x91, NEEDS_MEDIUM, scsi_synchronize},
	{0x93, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write_same},
	{0x9e, NEEDS_MEDIUM | NO_CD, scsi_service_action_in},
	{0xa0, ANY_LUN | ATTENTION, scsi_report_luns},
	{0xa8, NEEDS_MEDIUM, scsi_read},
	{0xaa, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write},
	{0xae, NEEDS_MEDIUM | WRITES | NO_CD, scsi_write_verify},
	{0xaf, NEEDS_MEDIUM | NO_CD, scsi_verify},
	{0xbb, ONLY_CD, do_nothing}, /* SET CD SPEED */
	{0xbd, ONLY_CD, scsi_mechanism_status},
	{0xbe, NEEDS_MEDIUM | ONLY_CD, scsi_read_cd},
};

/* Bytes of a CDB by its group code (SPC-4, 4.3.2); 0: reserved or vendor. */
static const uint8_t group_bytes[8] = {6, 10, 10, 0, 16, 12, 0, 0};

struct scsi *scsi_new(struct disk *disk, enum scsi_type type)
{
	struct scsi *s = heap_zero(sizeof(*s));

	s->disk = disk;
	s->type = (uint8_t)type;
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

uint32_t scsi_block_bytes(const struct scsi *s)
{
	uint32_t bytes = s->disk ? disk_block_bytes(s->disk) : DISK_MIN_BLOCK_BYTES;

	return s->type == SCSI_CD ? (uint32_t)max_u64(bytes, SCSI_CD_BLOCK_BYTES) : bytes;
}

uint32_t scsi_disk_blocks(const struct scsi *s)
{
	return scsi_block_bytes(s) / disk_block_bytes(s->disk);
}

uint64_t scsi_block_count(const struct scsi *s)
{
	return s->disk ? disk_block_count(s->disk) / scsi_disk_blocks(s) : 0;
}

bool scsi_has_medium(const struct scsi *s)
{
	return !s->ejected && scsi_block_count(s);
}

/* Whether the unit's state allows the command; if not, it has failed. */
static bool may_start(struct scsi *s, const struct command *c)
{
	if (s->changed && !(c->flags & ATTENTION)) {
		s->changed = false;
		scsi_fail(s, SCSI_UNIT_ATTENTION, SCSI_MEDIUM_CHANGED);
		return false;
	}
	if ((c->flags & NEEDS_MEDIUM) && !scsi_has_medium(s)) {
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

static const struct command *find_command(const struct scsi *s, uint8_t opcode)
{
	unsigned unfit = s->type == SCSI_CD ? NO_CD : ONLY_CD;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode && !(commands[i].flags & unfit))
			return &commands[i];
	return NULL;
}

void scsi_start(struct scsi *s, const uint8_t *cdb, size_t cdb_len, uint8_t lun)
{
	const struct command *c = find_command(s, cdb[0]);
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
