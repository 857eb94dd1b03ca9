// SPDX-License-Identifier: MIT
/*
 * uas.h -- between the files of the UAS model: uas.c is the device and its pipes, uas_task.c are the
 * commands and task management functions it has under way.
 */
#ifndef DEV_UAS_H
#define DEV_UAS_H

#include "dev/scsi.h"
#include "usb/usb.h"

#define UAS_MAX_TASKS 64u /* at a time; the command pipe answers NAK to more */
#define UAS_STREAMS 32u   /* at SuperSpeed; a tag is a stream id there */

#define UAS_COMMAND_EP 1u /* OUT */
#define UAS_STATUS_EP 1u  /* IN */
#define UAS_IN_EP 2u
#define UAS_OUT_EP 2u

enum uas_iu { /* UAS-2, 6.2 */
	UAS_IU_COMMAND = 0x01,
	UAS_IU_SENSE = 0x03,
	UAS_IU_RESPONSE = 0x04,
	UAS_IU_TASK = 0x05,
	UAS_IU_READ_READY = 0x06,
	UAS_IU_WRITE_READY = 0x07,
};

enum uas_response { /* UAS-2, 6.2.5 */
	UAS_COMPLETE = 0x00,
	UAS_INVALID_IU = 0x02,
	UAS_NOT_SUPPORTED = 0x04,
	UAS_SUCCEEDED = 0x08,
	UAS_INCORRECT_LUN = 0x09,
	UAS_OVERLAPPED_TAG = 0x0a,
};

enum uas_function { /* SAM-5, 7 */
	UAS_ABORT_TASK = 0x01,
	UAS_ABORT_TASK_SET = 0x02,
	UAS_CLEAR_TASK_SET = 0x04,
	UAS_UNIT_RESET = 0x08,
	UAS_NEXUS_RESET = 0x10,
	UAS_QUERY_TASK = 0x80,
	UAS_QUERY_TASK_SET = 0x81,
};

enum uas_task_state {
	UAS_QUEUED, /* waits for the unit */
	UAS_READY,  /* its READ READY or WRITE READY waits for the status pipe */
	UAS_DATA,   /* its data moves */
	UAS_STATUS, /* its last IU waits for the status pipe */
};

struct uas_task {
	struct uas_task *next; /* in the order they came */
	uint16_t tag;
	uint8_t state; /* enum uas_task_state */
	uint8_t lun;   /* 0, or any other number for units that are not there */
	uint8_t cdb[SCSI_MAX_CDB];
	uint8_t *iu; /* UAS_READY, UAS_STATUS: exactly iu_len bytes */
	size_t iu_len;
};

struct uas {
	struct usb_device usb;
	struct scsi *scsi;
	struct uas_task *tasks;   /* oldest first */
	struct uas_task *running; /* has the unit; NULL: nobody */
	unsigned task_count;
	bool refused;                /* the command pipe answered NAK */
	bool pumping;                /* on the stack */
	struct usb_packet *arriving; /* the packet whose handler is on the stack */
};

/* A tag is a stream's number on the three pipes that have streams (UAS-2, 5.2). */
bool uas_has_streams(const struct uas *u);
/* What came on the command pipe: iu of len bytes. False: there is no way to answer it. */
bool uas_take(struct uas *u, const uint8_t *iu, size_t len);
/* Give the unit to the oldest task that waits for it. False: there is none. */
bool uas_task_start(struct uas *u);
/* The running task has moved all its data: its status is ready to be sent. */
void uas_task_finish(struct uas *u);
/* Its IU was sent: the task goes on, or is over and gone. */
void uas_task_sent(struct uas *u, struct uas_task *t);
/* Abort every task. */
void uas_task_drop_all(struct uas *u);

#endif
