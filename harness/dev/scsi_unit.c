// SPDX-License-Identifier: MIT
/*
 * scsi_unit.c -- commands about the unit and its medium as a whole: TEST UNIT READY, START STOP
 * UNIT, PREVENT ALLOW MEDIUM REMOVAL, READ FORMAT CAPACITIES, SEND DIAGNOSTIC (SPC-4, SBC-3, and
 * MMC-5 6.24 for the format capacities that removable disks are asked for).
 */
#include "dev/scsi.h"

void scsi_test_unit_ready(struct scsi *s)
{
	(void)s; /* what can be wrong was checked before */
}

/* SBC-3, 5.25. */
void scsi_start_stop(struct scsi *s)
{
	unsigned power_condition = s->cdb[4] >> 4;
	bool load_eject = s->cdb[4] & 2, start = s->cdb[4] & 1;

	if (power_condition) { /* ACTIVE, IDLE, STANDBY: all the same to us */
		if (power_condition > 3)
			scsi_fail_cdb(s, 4);
		return;
	}
	if (load_eject && !start && s->prevented) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_REMOVAL_PREVENTED);
		return;
	}
	if (load_eject) {
		if (start == s->ejected && scsi_block_count(s))
			s->event = start ? SCSI_EVENT_NEW_MEDIA : SCSI_EVENT_REMOVAL;
		s->changed = start && s->ejected && s->disk;
		s->ejected = !start;
	}
	s->stopped = !start;
}

void scsi_prevent(struct scsi *s)
{
	s->prevented = s->cdb[4] & 1;
}

void scsi_format_capacities(struct scsi *s)
{
	uint8_t data[12] = {[3] = 8};
	bool medium = scsi_has_medium(s);

	put_be32(data + 4, (uint32_t)min_u64(medium ? scsi_block_count(s) : 0, UINT32_MAX));
	put_be32(data + 8, scsi_block_bytes(s));
	data[8] = medium ? 2 : 3; /* formatted; no medium */
	scsi_reply(s, data, sizeof(data), get_be16(s->cdb + 7));
}

/* The default self-test, always passed; no pages (SPC-4, 6.42). */
void scsi_send_diagnostic(struct scsi *s)
{
	if (!(s->cdb[1] & 0x04))
		scsi_fail_cdb(s, 1);
	else if (get_be16(s->cdb + 3))
		scsi_fail_cdb(s, 3);
}
