// SPDX-License-Identifier: MIT
/*
 * drive.h -- the small guest driver: turns an op into register and memory accesses of a backend.
 * Correct by default; rude where a field of the op says so. All it knows of the controller it
 * read from its registers, so the same program runs on any backend.
 */
#ifndef OP_DRIVE_H
#define OP_DRIVE_H

#include "backend/backend.h"
#include "op/op.h"

/*
 * Guest-physical layout. Few pages, because resetting the machine costs by the touched page: a
 * started controller is one page, contexts and small data another, each slot with endpoints up
 * to 2 one more.
 */
#define DRIVE_DCBAA UINT64_C(0x00100000)   /* 256 entries */
#define DRIVE_COMMAND UINT64_C(0x00100800) /* command ring: DRIVE_COMMAND_TRBS with the Link */
#define DRIVE_COMMAND_TRBS 64u
#define DRIVE_ERST UINT64_C(0x00100c00)  /* event ring segment table of interrupter 0 */
#define DRIVE_EVENT UINT64_C(0x00100d00) /* its only segment */
#define DRIVE_EVENT_TRBS 48u
#define DRIVE_INPUT UINT64_C(0x00101000)  /* the one input context, up to 33 x 64 bytes */
#define DRIVE_LISTEN UINT64_C(0x00101840) /* 15 x 64 bytes: reports of interrupt endpoints */
#define DRIVE_DATA UINT64_C(0x00101c00)   /* data buffers, handed out in order */
#define DRIVE_DATA_END UINT64_C(0x00200000)
#define DRIVE_SLOTS UINT64_C(0x00400000) /* per slot: device context, rings by endpoint id */
#define DRIVE_SLOT_STRIDE UINT64_C(0x8000)
#define DRIVE_RING_TRBS 32u                /* of a transfer ring, with the Link */
#define DRIVE_SCRATCH UINT64_C(0x00d00000) /* scratchpad array, then the pages */
#define DRIVE_SCRATCH_PAGES 255u
#define DRIVE_STREAMS UINT64_C(0x00e00000) /* per endpoint with streams: a page */
#define DRIVE_INTRS UINT64_C(0x10000000)   /* further interrupters, and op `erst` */
#define DRIVE_INTR_STRIDE UINT64_C(0x02000000)

struct drive;

/* b is borrowed. */
struct drive *drive_new(struct backend *b);
void drive_free(struct drive *d);

/* Forget everything: for a backend that was just reset. */
void drive_reset(struct drive *d);

/* Play one op. Whatever it says is harmless to us; what cannot be done is left out. */
void drive_op(struct drive *d, const struct op *op);

/*
 * What the op's ADDR field means now: a guest-physical address. Needs the controller's geometry
 * where a ring or context of the current slot is meant; touches no register.
 */
uint64_t drive_resolve(struct drive *d, const struct op *op);

/* For tests and reports: the slot the last address or enumerate was about (0 = none), and the
 * completion code of its endpoint's (1..31) last event (0 = none). */
unsigned drive_current_slot(const struct drive *d);
unsigned drive_last_completion(const struct drive *d, unsigned slot, unsigned dci);

#endif
