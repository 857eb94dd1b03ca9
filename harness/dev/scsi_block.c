// SPDX-License-Identifier: MIT
/*
 * scsi_block.c -- commands about blocks (SBC-3, 5): READ, WRITE, VERIFY, WRITE AND VERIFY, WRITE
 * SAME, UNMAP, SEEK, SYNCHRONIZE CACHE, READ CAPACITY. Left out: protection information, comparing
 * one block with many (BYTCHK 3), BYTCHK 2.
 */
#include "dev/scsi.h"
#include "heap.h"

struct extent {
	uint64_t lba;
	uint64_t count; /* blocks */
};

/* LBA and length of the CDB, by its group. */
static struct extent extent_of(const struct scsi *s)
{
	const uint8_t *cdb = s->cdb;

	switch (cdb[0] >> 5) {
	case 0:
		return (struct extent){get_be32(cdb) & 0x1fffff, cdb[4] ? cdb[4] : 256};
	case 4:
		return (struct extent){get_be64(cdb + 2), get_be32(cdb + 10)};
	case 5:
		return (struct extent){get_be32(cdb + 2), get_be32(cdb + 6)};
	default:
		return (struct extent){get_be32(cdb + 2), get_be16(cdb + 7)};
	}
}

/* Whether the extent is on the medium; if not, the command has failed. */
static bool on_medium(struct scsi *s, const struct extent *e)
{
	uint64_t block_count = scsi_block_count(s);

	if (e->lba <= block_count && e->count <= block_count - e->lba)
		return true;
	scsi_fail_lba(s, SCSI_ILLEGAL_REQUEST, SCSI_LBA_RANGE,
		      e->lba < block_count ? block_count : e->lba);
	return false;
}

/* RDPROTECT, WRPROTECT, VRPROTECT: only "none" is there. CDBs of 6 bytes have the LBA there. */
static bool protection_fits(struct scsi *s)
{
	if (s->cdb[0] >> 5 && s->cdb[1] & 0xe0) {
		scsi_fail_cdb(s, 1);
		return false;
	}
	return true;
}

static void move_blocks(struct scsi *s, enum scsi_work work)
{
	struct extent e = extent_of(s);

	if (!protection_fits(s) || !on_medium(s, &e))
		return;
	s->force_access = work == SCSI_WORK_WRITE && s->cdb[0] >> 5 && s->cdb[1] & 0x08;
	scsi_blocks(s, work, e.lba, e.count);
}

void scsi_read(struct scsi *s)
{
	move_blocks(s, SCSI_WORK_READ);
}

void scsi_write(struct scsi *s)
{
	move_blocks(s, SCSI_WORK_WRITE);
}

void scsi_write_verify(struct scsi *s)
{
	if ((s->cdb[1] & 0x06) > 0x02) {
		scsi_fail_cdb(s, 1);
		return;
	}
	move_blocks(s, SCSI_WORK_WRITE);
	s->force_access = true;
}

void scsi_verify(struct scsi *s)
{
	struct extent e = extent_of(s);

	switch (s->cdb[1] >> 1 & 3) {
	case 0: /* the medium alone, which has no defects */
		if (protection_fits(s))
			on_medium(s, &e);
		break;
	case 1:
		move_blocks(s, SCSI_WORK_COMPARE);
		break;
	default:
		scsi_fail_cdb(s, 1);
	}
}

void scsi_write_same(struct scsi *s)
{
	struct extent e = extent_of(s);
	bool no_data = s->cdb[0] == 0x93 && s->cdb[1] & 0x01;

	/* WRPROTECT, ANCHOR, UNMAP, PBDATA, LBDATA: none of it */
	if (s->cdb[1] & 0xfe) {
		scsi_fail_cdb(s, 1);
		return;
	}
	if (!e.count || e.count > SCSI_MAX_SAME) {
		scsi_fail_cdb(s, s->cdb[0] == 0x93 ? 10 : 7);
		return;
	}
	if (!on_medium(s, &e))
		return;
	scsi_blocks(s, SCSI_WORK_SAME, e.lba, e.count);
	if (no_data) { /* NDOB: zeros, nothing comes from the host */
		uint8_t *zeros = heap_zero(s->buf_len);

		scsi_push(s, zeros, s->buf_len);
		heap_free(zeros);
		s->direction = SCSI_NONE;
	}
}

static void unmap_listed(struct scsi *s)
{
	size_t listed, count;

	if (s->buf_len < 8) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
		return;
	}
	listed = min_u64(get_be16(s->buf + 2), s->buf_len - 8);
	count = listed / 16; /* SBC-3, 5.28: an incomplete last one is ignored */
	if (count > SCSI_MAX_UNMAP_DESCS) {
		scsi_fail_parameter(s, 2);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const uint8_t *desc = s->buf + 8 + 16 * i;
		struct extent e = {get_be64(desc), get_be32(desc + 8)};

		if (!on_medium(s, &e))
			return;
		if (disk_unmap(s->disk, e.lba, e.count) < 0) {
			scsi_fail(s, SCSI_DATA_PROTECT, SCSI_WRITE_PROTECTED);
			return;
		}
	}
}

void scsi_unmap(struct scsi *s)
{
	size_t len = get_be16(s->cdb + 7);

	if (s->cdb[1] & 1) /* ANCHOR */
		scsi_fail_cdb(s, 1);
	else if (len)
		scsi_expect(s, len, unmap_listed);
}

void scsi_seek(struct scsi *s)
{
	struct extent e = {get_be32(s->cdb + 2), 1};

	on_medium(s, &e);
}

void scsi_synchronize(struct scsi *s)
{
	struct extent e = extent_of(s);

	if (on_medium(s, &e) && disk_flush(s->disk) < 0)
		scsi_fail(s, SCSI_MEDIUM_ERROR, SCSI_WRITE_ERROR);
}

void scsi_read_capacity_10(struct scsi *s)
{
	uint8_t data[8];

	if (!(s->cdb[8] & 1) && get_be32(s->cdb + 2)) { /* an LBA without PMI */
		scsi_fail_cdb(s, 2);
		return;
	}
	put_be32(data, (uint32_t)min_u64(scsi_block_count(s) - 1, UINT32_MAX));
	put_be32(data + 4, scsi_block_bytes(s));
	scsi_reply(s, data, sizeof(data), sizeof(data));
}

/* READ CAPACITY 16 is the only one (SBC-3, 5.16). */
void scsi_service_action_in(struct scsi *s)
{
	uint8_t data[32] = {0};

	if ((s->cdb[1] & 0x1f) != 0x10) {
		scsi_fail_cdb(s, 1);
		return;
	}
	if (!(s->cdb[14] & 1) && get_be64(s->cdb + 2)) {
		scsi_fail_cdb(s, 2);
		return;
	}
	put_be64(data, scsi_block_count(s) - 1);
	put_be32(data + 8, scsi_block_bytes(s));
	data[14] = 0x80; /* LBPME: blocks can be unmapped */
	scsi_reply(s, data, sizeof(data), get_be32(s->cdb + 10));
}
