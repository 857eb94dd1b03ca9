// SPDX-License-Identifier: MIT
/*
 * uas_task.c -- commands and task management functions of a UAS device (UAS-2, 6; SAM-5, 7). The unit
 * runs one command at a time, in the order they came, which every task attribute permits. Left out:
 * CDBs of more than 16 bytes, asynchronous events, ACA.
 */
#include "dev/uas.h"
#include "heap.h"

#define COMMAND_IU_BYTES 32u
#define TASK_IU_BYTES 16u
#define SENSE_IU_BYTES 16u
#define RESPONSE_IU_BYTES 8u
#define READY_IU_BYTES 4u

static struct uas_task *find(const struct uas *u, uint16_t tag)
{
	struct uas_task *t = u->tasks;

	while (t && t->tag != tag)
		t = t->next;
	return t;
}

static struct uas_task *add(struct uas *u, uint16_t tag)
{
	struct uas_task **end = &u->tasks, *t = heap_zero(sizeof(*t));

	REQUIRE(u->task_count < UAS_MAX_TASKS);
	while (*end)
		end = &(*end)->next;
	t->tag = tag;
	*end = t;
	u->task_count++;
	return t;
}

static void drop(struct uas *u, struct uas_task *t)
{
	struct uas_task **link = &u->tasks;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	if (u->running == t) {
		scsi_cancel(u->scsi);
		u->running = NULL;
	}
	u->task_count--;
	heap_free(t->iu);
	heap_free(t);
}

void uas_task_drop_all(struct uas *u)
{
	while (u->tasks)
		drop(u, u->tasks);
}

/* ---- what is sent -------------------------------------------------------------------------- */

/* An IU of len zero bytes but its id and tag, for the status pipe. */
static uint8_t *make_iu(struct uas_task *t, enum uas_iu id, size_t len)
{
	heap_free(t->iu);
	t->iu = heap_zero(len);
	t->iu_len = len;
	t->iu[0] = id;
	put_be16(t->iu + 2, t->tag);
	return t->iu;
}

static void respond(struct uas *u, uint16_t tag, enum uas_response response)
{
	struct uas_task *t = add(u, tag);

	make_iu(t, UAS_IU_RESPONSE, RESPONSE_IU_BYTES)[7] = response;
	t->state = UAS_STATUS;
}

void uas_task_finish(struct uas *u)
{
	struct uas_task *t = u->running;
	struct scsi *s = u->scsi;
	bool failed = s->status != SCSI_GOOD;
	uint8_t *iu = make_iu(t, UAS_IU_SENSE, SENSE_IU_BYTES + (failed ? SCSI_SENSE_BYTES : 0));

	iu[6] = s->status;
	if (failed) { /* delivered with the status, so it is not kept (SAM-5, 5.13.2) */
		put_be16(iu + 14, SCSI_SENSE_BYTES);
		scsi_sense_fixed(&s->sense, iu + SENSE_IU_BYTES);
		s->sense = (struct scsi_sense){0};
	}
	t->state = UAS_STATUS;
	scsi_cancel(s);
	u->running = NULL;
}

void uas_task_sent(struct uas *u, struct uas_task *t)
{
	if (t->state == UAS_STATUS) {
		drop(u, t);
		return;
	}
	REQUIRE(t->state == UAS_READY);
	heap_free(t->iu);
	t->iu = NULL;
	t->state = UAS_DATA;
}

bool uas_task_start(struct uas *u)
{
	struct uas_task *t = u->tasks;

	REQUIRE(!u->running);
	while (t && t->state != UAS_QUEUED)
		t = t->next;
	if (!t)
		return false;
	u->running = t;
	scsi_start(u->scsi, t->cdb, sizeof(t->cdb), t->lun);
	if (!u->scsi->remaining) {
		uas_task_finish(u);
	} else if (uas_has_streams(u)) {
		t->state = UAS_DATA;
	} else {
		make_iu(t, u->scsi->direction == SCSI_IN ? UAS_IU_READ_READY : UAS_IU_WRITE_READY,
			READY_IU_BYTES);
		t->state = UAS_READY;
	}
	return true;
}

/* ---- what comes ---------------------------------------------------------------------------- */

/* LUN 0 in any addressing is eight zero bytes (SAM-5, 4.7). */
static uint8_t decode_lun(const uint8_t *lun)
{
	return get_be64(lun) ? 1 : 0;
}

static void take_command(struct uas *u, uint16_t tag, const uint8_t *iu)
{
	struct uas_task *t = add(u, tag);

	t->lun = decode_lun(iu + 8);
	memcpy(t->cdb, iu + 16, sizeof(t->cdb));
}

static enum uas_response manage(struct uas *u, const uint8_t *iu)
{
	struct uas_task *t = find(u, get_be16(iu + 6));

	if (decode_lun(iu + 8))
		return UAS_INCORRECT_LUN;
	switch (iu[4]) {
	case UAS_ABORT_TASK: /* one that is not there is as good as aborted (SAM-5, 7.2) */
		if (t)
			drop(u, t);
		return UAS_COMPLETE;
	case UAS_ABORT_TASK_SET:
	case UAS_CLEAR_TASK_SET:
		uas_task_drop_all(u);
		return UAS_COMPLETE;
	case UAS_UNIT_RESET:
	case UAS_NEXUS_RESET:
		uas_task_drop_all(u);
		scsi_reset(u->scsi);
		return UAS_COMPLETE;
	case UAS_QUERY_TASK:
		return t ? UAS_SUCCEEDED : UAS_COMPLETE;
	case UAS_QUERY_TASK_SET:
		return u->tasks ? UAS_SUCCEEDED : UAS_COMPLETE;
	default:
		return UAS_NOT_SUPPORTED;
	}
}

bool uas_take(struct uas *u, const uint8_t *iu, size_t len)
{
	uint16_t tag;

	if (len < 4)
		return false;
	tag = get_be16(iu + 2);
	/* An answer goes to the stream of its tag: where there is none, there is no answer. */
	if (uas_has_streams(u) && (!tag || tag > UAS_STREAMS))
		return false;
	if (find(u, tag))
		respond(u, tag, UAS_OVERLAPPED_TAG);
	else if (iu[0] == UAS_IU_COMMAND && len == COMMAND_IU_BYTES && !(iu[6] & 0xfc) && tag)
		take_command(u, tag, iu);
	else if (iu[0] == UAS_IU_TASK && len == TASK_IU_BYTES && tag)
		respond(u, tag, manage(u, iu));
	else
		respond(u, tag, UAS_INVALID_IU);
	return true;
}
