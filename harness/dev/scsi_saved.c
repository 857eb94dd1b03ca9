// SPDX-License-Identifier: MIT
/*
 * scsi_saved.c -- a logical unit as saved state: settings, sense data, and the command under way with
 * what is left of its data. Where it stands on the medium is checked against the medium that is there.
 * Left out: a command that waits for its parameter list.
 */
#include "dev/scsi.h"
#include "heap.h"
#include "state.h"

static const struct state_field unit_fields[] = {
	STATE_RANGE(scsi, event, SCSI_EVENT_NONE, SCSI_EVENT_REMOVAL),
	STATE_FLAG(scsi, ejected),
	STATE_FLAG(scsi, stopped),
	STATE_FLAG(scsi, prevented),
	STATE_FLAG(scsi, changed),
	STATE_FLAG(scsi, write_cache),
	STATE_RANGE(scsi, sense.key, 0, 15),
	STATE_ANY(scsi, sense.code),
	STATE_FLAG(scsi, sense.has_info),
	STATE_FLAG(scsi, sense.has_field),
	STATE_FLAG(scsi, sense.in_cdb),
	STATE_ANY(scsi, sense.field),
	STATE_ANY(scsi, sense.info),
};

static const struct state_field command_fields[] = {
	STATE_ANY(scsi, lun),
	STATE_ANY(scsi, status),
	STATE_RANGE(scsi, direction, SCSI_NONE, SCSI_OUT),
	STATE_RANGE(scsi, work, SCSI_WORK_NONE, SCSI_WORK_SAME),
	STATE_FLAG(scsi, force_access),
	STATE_RANGE(scsi, remaining, 0, UINT64_C(1) << 48),
	STATE_RANGE(scsi, buf_len, 0, 1u << 16),
	STATE_RANGE(scsi, buf_pos, 0, 1u << 16),
	STATE_RANGE(scsi, lba, 0, UINT64_C(1) << 48),
	STATE_RANGE(scsi, block_count, 0, UINT64_C(1) << 48),
};

/* What is left fits buf and the medium. */
static bool data_fits(const struct scsi *s)
{
	uint64_t held = s->buf_pos ? s->buf_len - s->buf_pos : 0, size = s->buf_len, blocks;

	if (!size || s->buf_pos >= size ||
	    s->direction != (s->work <= SCSI_WORK_READ ? SCSI_IN : SCSI_OUT))
		return false;
	if (s->work == SCSI_WORK_REPLY)
		return s->remaining <= size - s->buf_pos;
	if (s->work == SCSI_WORK_NONE || !s->disk || size != scsi_block_bytes(s))
		return false;
	switch (s->work) {
	case SCSI_WORK_READ:
		if (s->remaining < held || (s->remaining - held) % size)
			return false;
		blocks = (s->remaining - held) / size;
		break;
	case SCSI_WORK_SAME:
		if (s->remaining + s->buf_pos != size || s->block_count > SCSI_MAX_SAME)
			return false;
		blocks = s->block_count;
		break;
	default:
		if ((s->remaining + s->buf_pos) % size)
			return false;
		blocks = (s->remaining + s->buf_pos) / size;
	}
	return s->lba <= scsi_block_count(s) && blocks <= scsi_block_count(s) - s->lba;
}

static void walk_cdb(struct state *st, struct scsi *s)
{
	size_t len = state_number(st, "CDB", s->cdb_len, 0, SCSI_MAX_CDB);

	if (st->loading && len) {
		s->cdb = heap_zero(len);
		s->cdb_len = len;
	}
	if (len)
		state_bytes(st, "CDB", s->cdb, len);
}

void scsi_saved(struct scsi *s, struct state *st)
{
	state_walk(st, unit_fields, ARRAY_SIZE(unit_fields), s);
	if (!st->loading && s->remaining && s->work == SCSI_WORK_PARAMETER) {
		state_refuse(st, "a SCSI command waits for its parameters");
		return;
	}
	if (st->loading)
		scsi_cancel(s);
	walk_cdb(st, s);
	if (!st->loading && !s->remaining) { /* over but for its status */
		struct scsi over = {.lun = s->lun, .status = s->status};

		state_walk(st, command_fields, ARRAY_SIZE(command_fields), &over);
		return;
	}
	state_walk(st, command_fields, ARRAY_SIZE(command_fields), s);
	if (!s->remaining) { /* loading: saving ended above */
		s->buf_len = s->buf_pos = 0;
		s->work = SCSI_WORK_NONE;
		s->direction = SCSI_NONE;
		return;
	}
	if (!state_check(st, data_fits(s), "more data than there is room for") || st->refused) {
		s->remaining = s->buf_len = s->buf_pos = 0;
		return;
	}
	if (st->loading)
		s->buf = heap_zero(s->buf_len);
	state_bytes(st, "block", s->buf, s->buf_len);
}
