// SPDX-License-Identifier: MIT
/*
 * drive_bot.c -- the host's side of USB mass storage bulk-only transport 1.0: CBW, data, CSW, and
 * what happens when one of them fails (BOT 5.3, 6.7).
 */
#include "op/drive_core.h"

#define CBW_SIGNATURE 0x43425355u
#define CSW_SIGNATURE 0x53425355u
#define CBW_BYTES 31u
#define CSW_BYTES 13u
#define BLOCK_BYTES 512u

struct bot {
	uint8_t cdb[16];
	uint8_t cdb_len;
	bool in;
	uint32_t length; /* bytes */
	uint64_t data;   /* buffer */
};

static unsigned endpoint(const struct drive_slot *s, bool in)
{
	for (unsigned dci = 2; dci < 32; dci++) {
		const struct drive_ep *ep = &s->ep[dci];

		if (ep->known && (ep->attributes & 3) == 2 && !(ep->address & 0x80) == !in)
			return dci;
	}
	return 0;
}

/* Bulk-Only Mass Storage Reset, then both halts cleared by recovery (BOT 5.3.4). */
static void reset_recovery(struct drive *d, struct drive_slot *s)
{
	drive_control_out(d, s, 0x21, 0xff, 0, s->interface);
	drive_control_out(d, s, 0x02, 1, 0, s->ep[endpoint(s, true)].address);
	drive_control_out(d, s, 0x02, 1, 0, s->ep[endpoint(s, false)].address);
}

static bool send_cbw(struct drive *d, struct drive_slot *s, const struct bot *b)
{
	uint64_t addr = drive_data_alloc(d, CBW_BYTES);
	uint8_t cbw[CBW_BYTES] = {0};

	put_le32(cbw, CBW_SIGNATURE);
	put_le32(cbw + 4, ++s->bot_tag);
	put_le32(cbw + 8, b->length);
	cbw[12] = b->in ? 0x80 : 0;
	cbw[14] = b->cdb_len;
	memcpy(cbw + 15, b->cdb, sizeof(b->cdb));
	drive_mem_write(d, addr, cbw, sizeof(cbw));
	return drive_bulk(d, s, endpoint(s, false), addr, CBW_BYTES) == CC_SUCCESS;
}

/* Returns the CSW's status, or -1 if none came. A STALL means: clear it and ask again (BOT 6.7). */
static int receive_csw(struct drive *d, struct drive_slot *s)
{
	uint64_t addr = drive_data_alloc(d, CSW_BYTES);
	uint8_t csw[CSW_BYTES] = {0};

	if (drive_bulk(d, s, endpoint(s, true), addr, CSW_BYTES) == CC_STALL &&
	    drive_bulk(d, s, endpoint(s, true), addr, CSW_BYTES) != CC_SUCCESS)
		return -1;
	drive_mem_read(d, addr, csw, sizeof(csw));
	if (get_le32(csw) != CSW_SIGNATURE || get_le32(csw + 4) != s->bot_tag)
		return -1;
	return csw[12];
}

static int command(struct drive *d, struct drive_slot *s, const struct bot *b)
{
	int status;
	unsigned cc;

	if (!endpoint(s, true) || !endpoint(s, false))
		return -1;
	if (!send_cbw(d, s, b)) {
		reset_recovery(d, s);
		return -1;
	}
	if (b->length) {
		cc = drive_bulk(d, s, endpoint(s, b->in), b->data, b->length);
		if (cc != CC_SUCCESS && cc != CC_SHORT_PACKET && cc != CC_STALL) {
			reset_recovery(d, s);
			return -1;
		}
	}
	status = receive_csw(d, s);
	if (status < 0 || status == 2) /* phase error */
		reset_recovery(d, s);
	return status;
}

/* As command; a CHECK CONDITION is asked about and, if it was not the last try, tried again. */
static int command_retried(struct drive *d, struct drive_slot *s, const struct bot *b)
{
	struct bot sense = {.cdb = {0x03, 0, 0, 0, 18}, .cdb_len = 6, .in = true, .length = 18};
	int status = command(d, s, b);

	if (status != 1)
		return status;
	sense.data = drive_data_alloc(d, 18);
	command(d, s, &sense);
	return command(d, s, b);
}

void drive_bot_start(struct drive *d, struct drive_slot *s)
{
	struct bot inquiry = {.cdb = {0x12, 0, 0, 0, 36}, .cdb_len = 6, .in = true, .length = 36};
	uint64_t mark = d->data_next;
	uint8_t max_lun = 0;

	drive_control_in(d, s, 0xa1, 0xfe, 0, s->interface, &max_lun, 1);
	s->max_lun = max_lun & 15;
	inquiry.data = drive_data_alloc(d, 36);
	command(d, s, &inquiry);
	d->data_next = mark;
}

void drive_op_sector(struct drive *d, const struct op *op, bool write)
{
	/* read-sector and write-sector have the same fields */
	uint32_t lba = (uint32_t)ARG(op, READ_SECTOR, lba);
	unsigned count = (unsigned)ARG(op, READ_SECTOR, count);
	struct bot b = {.cdb_len = 10, .in = !write};
	struct drive_slot *s;
	uint64_t mark;

	drive_need(d);
	s = drive_slot_ready(d, ARG(op, READ_SECTOR, slot), MODEL_STORAGE);
	count = count ? count : 1;
	b.length = count * BLOCK_BYTES;
	b.cdb[0] = write ? 0x2a : 0x28;
	put_be32(b.cdb + 2, lba);
	put_be16(b.cdb + 7, (uint16_t)count);
	mark = d->data_next;
	b.data = drive_data_alloc(d, b.length);
	if (write)
		drive_data_pattern(d, b.data, b.length);
	command_retried(d, s, &b);
	d->data_next = mark;
}

void drive_op_scsi(struct drive *d, const struct op *op)
{
	unsigned direction = (unsigned)ARG(op, SCSI, direction);
	struct bot b = {.in = direction != DIRECTION_OUT};
	struct drive_slot *s;
	uint64_t mark;

	drive_need(d);
	s = drive_slot_ready(d, ARG(op, SCSI, slot), MODEL_STORAGE);
	b.cdb_len = (uint8_t)min_u64(op->blob_len ? op->blob_len : 6, 16);
	memcpy(b.cdb, op->blob_len ? op->blob : b.cdb, op->blob_len ? b.cdb_len : 0);
	b.length = (uint32_t)ARG(op, SCSI, length);
	if (b.length > DRIVE_MAX_TRANSFER)
		b.length &= 0x3ff;
	if (direction == DIRECTION_NONE)
		b.length = 0;
	mark = d->data_next;
	b.data = drive_data_alloc(d, b.length);
	if (!b.in)
		drive_data_pattern(d, b.data, b.length);
	command(d, s, &b);
	d->data_next = mark;
}
