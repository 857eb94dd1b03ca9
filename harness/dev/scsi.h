// SPDX-License-Identifier: MIT
/*
 * scsi.h -- one logical unit over a disk: direct access (SPC-4, SBC-3) or CD (MMC-6). Knows no transport: one
 * command at a time is started, its data pulled or pushed in pieces of any size, and when nothing
 * remains its status is there. Files: scsi.c, scsi_data.c, scsi_sense.c, scsi_inquiry.c, scsi_mode.c,
 * scsi_block.c, scsi_unit.c, scsi_cd.c.
 */
#ifndef DEV_SCSI_H
#define DEV_SCSI_H

#include "dev/disk.h"

enum scsi_type { /* peripheral device type (SPC-4, 6.6.2) */
	SCSI_DISK = 0x00,
	SCSI_CD = 0x05
};

enum scsi_direction {
	SCSI_NONE,
	SCSI_IN,
	SCSI_OUT
}; /* IN: to the host */

enum scsi_status {
	SCSI_GOOD = 0x00,
	SCSI_CHECK_CONDITION = 0x02
};

enum scsi_key { /* SPC-4, 4.5.6 */
	SCSI_NO_SENSE = 0x0,
	SCSI_NOT_READY = 0x2,
	SCSI_MEDIUM_ERROR = 0x3,
	SCSI_ILLEGAL_REQUEST = 0x5,
	SCSI_UNIT_ATTENTION = 0x6,
	SCSI_DATA_PROTECT = 0x7,
	SCSI_MISCOMPARE = 0xe,
};

enum scsi_code { /* additional sense code << 8 | qualifier (SPC-4, annex D) */
	SCSI_NO_ADDITIONAL = 0x0000,
	SCSI_NEEDS_START = 0x0402,
	SCSI_WRITE_ERROR = 0x0c00,
	SCSI_READ_ERROR = 0x1100,
	SCSI_PARAMETER_LENGTH = 0x1a00,
	SCSI_MISCOMPARED = 0x1d00,
	SCSI_INVALID_OPCODE = 0x2000,
	SCSI_LBA_RANGE = 0x2100,
	SCSI_INVALID_FIELD = 0x2400,
	SCSI_NO_SUCH_LUN = 0x2500,
	SCSI_INVALID_PARAMETER = 0x2600,
	SCSI_WRITE_PROTECTED = 0x2700,
	SCSI_NO_SPACE = 0x2707,
	SCSI_MEDIUM_CHANGED = 0x2800,
	SCSI_NOT_SAVABLE = 0x3900,
	SCSI_NO_MEDIUM = 0x3a00,
	SCSI_REMOVAL_PREVENTED = 0x5302,
};

struct scsi_sense {
	uint8_t key; /* enum scsi_key */
	uint16_t code;
	bool has_info, has_field;
	bool in_cdb;    /* has_field: the field is in the CDB, else in the parameter list */
	uint16_t field; /* byte */
	uint64_t info;  /* LBA */
};

#define SCSI_SENSE_BYTES 18u
#define SCSI_MAX_CDB 16u

enum scsi_work { /* what the data of the command is */
	SCSI_WORK_NONE,
	SCSI_WORK_REPLY,     /* IN: reply */
	SCSI_WORK_READ,      /* IN: blocks */
	SCSI_WORK_WRITE,     /* OUT: blocks */
	SCSI_WORK_COMPARE,   /* OUT: blocks, compared with the medium */
	SCSI_WORK_SAME,      /* OUT: one block, to be written block_count times */
	SCSI_WORK_PARAMETER, /* OUT: parameter list */
};

struct scsi {
	struct disk *disk; /* NULL: no medium ever */
	uint8_t type;      /* enum scsi_type */
	uint8_t event;     /* CD: what GET EVENT STATUS NOTIFICATION says next */
	bool ejected, stopped, prevented;
	bool changed; /* unit attention: the medium may have changed */
	bool write_cache;
	struct scsi_sense sense;

	/* The command, until remaining is 0. */
	uint8_t *cdb; /* own allocation of cdb_len bytes */
	size_t cdb_len;
	uint8_t lun;
	uint8_t status;     /* enum scsi_status */
	uint8_t direction;  /* enum scsi_direction */
	uint8_t work;       /* enum scsi_work */
	bool force_access;  /* flush before the status is good */
	uint64_t remaining; /* bytes still to move */
	uint8_t *buf;       /* reply, parameter list, or one block: own allocation of buf_len */
	uint32_t buf_len, buf_pos;
	uint64_t lba, block_count;         /* the next block, and how many still */
	void (*parameter)(struct scsi *s); /* SCSI_WORK_PARAMETER: the list is in buf */
};

/* ---- scsi.c: for transports ---------------------------------------------------------------- */

/* disk is borrowed, NULL = never a medium. A CD has blocks of 2048 bytes, whatever the disk has, and is
 * read only. */
struct scsi *scsi_new(struct disk *disk, enum scsi_type type);
void scsi_free(struct scsi *s);
/* Logical unit reset: the command is aborted, settings are the default; the medium stays. There
 * is no unit attention for it, so that a program's first command means what it says. */
void scsi_reset(struct scsi *s);

/*
 * Start a command, aborting one that is not finished. cdb: 1..16 bytes, copied. Afterwards
 * direction and remaining say what the device wants to move.
 */
void scsi_start(struct scsi *s, const uint8_t *cdb, size_t cdb_len, uint8_t lun);
/* Move up to n bytes; returns how many. Fewer than n: nothing remains. */
size_t scsi_pull(struct scsi *s, uint8_t *to, size_t n);
size_t scsi_push(struct scsi *s, const uint8_t *from, size_t n);
/* Forget the command; what was written stays written. */
void scsi_cancel(struct scsi *s);

/* ---- scsi_saved.c -------------------------------------------------------------------------- */

struct state;
/* The unit as saved state; its medium is not part of it. */
void scsi_saved(struct scsi *s, struct state *st);

/* ---- scsi_sense.c -------------------------------------------------------------------------- */

/* Fixed format, 18 bytes (SPC-4, 4.5.3). */
void scsi_sense_fixed(const struct scsi_sense *sense, uint8_t *ret);
/* End the command with CHECK CONDITION. */
void scsi_fail(struct scsi *s, enum scsi_key key, enum scsi_code code);
void scsi_fail_lba(struct scsi *s, enum scsi_key key, enum scsi_code code, uint64_t lba);
void scsi_fail_cdb(struct scsi *s, unsigned byte);       /* invalid field in CDB */
void scsi_fail_parameter(struct scsi *s, unsigned byte); /* invalid field in parameter list */
void scsi_request_sense(struct scsi *s);

/* ---- for the files of the unit ------------------------------------------------------------- */

/* The command's answer: at most allocation bytes of data (copied). */
void scsi_reply(struct scsi *s, const uint8_t *data, size_t len, uint64_t allocation);
/* The command wants len bytes of parameters, at most 65535, then calls done. */
void scsi_expect(struct scsi *s, size_t len, void (*done)(struct scsi *s));
/* The command moves count blocks from lba on (already checked). */
void scsi_blocks(struct scsi *s, enum scsi_work work, uint64_t lba, uint64_t count);
bool scsi_has_medium(const struct scsi *s);
/* Of the medium that is or was in it. */
uint64_t scsi_block_count(const struct scsi *s);
uint32_t scsi_block_bytes(const struct scsi *s);
/* Blocks of the disk (there is one) that are one of the unit's. */
uint32_t scsi_disk_blocks(const struct scsi *s);

void scsi_inquiry(struct scsi *s);
void scsi_report_luns(struct scsi *s);
void scsi_mode_sense(struct scsi *s);  /* 6 and 10 */
void scsi_mode_select(struct scsi *s); /* 6 and 10 */
void scsi_read(struct scsi *s);        /* 6, 10, 12, 16; so the following */
void scsi_write(struct scsi *s);
void scsi_write_verify(struct scsi *s);
void scsi_verify(struct scsi *s);
void scsi_write_same(struct scsi *s);
void scsi_unmap(struct scsi *s);
void scsi_seek(struct scsi *s);
void scsi_synchronize(struct scsi *s);
void scsi_read_capacity_10(struct scsi *s);
void scsi_service_action_in(struct scsi *s);
void scsi_test_unit_ready(struct scsi *s);
void scsi_start_stop(struct scsi *s);
void scsi_prevent(struct scsi *s);
void scsi_format_capacities(struct scsi *s);
void scsi_send_diagnostic(struct scsi *s);
void scsi_read_toc(struct scsi *s); /* CD, so the following */
void scsi_get_configuration(struct scsi *s);
void scsi_get_event(struct scsi *s);
void scsi_read_disc_information(struct scsi *s);
void scsi_mechanism_status(struct scsi *s);
void scsi_read_cd(struct scsi *s);

#define SCSI_CD_BLOCK_BYTES 2048u
enum { /* media events (MMC-6, 6.6.3.5) */
	SCSI_EVENT_NONE = 0,
	SCSI_EVENT_NEW_MEDIA = 2,
	SCSI_EVENT_REMOVAL = 3,
};

#define SCSI_MAX_SAME 4096u      /* blocks of one WRITE SAME */
#define SCSI_MAX_UNMAP_DESCS 16u /* of one UNMAP */

#endif
