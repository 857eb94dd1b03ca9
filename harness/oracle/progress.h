// SPDX-License-Identifier: MIT
/*
 * progress.h -- a part of set.h, which is what to include: what the controller has to do.
 */
#ifndef ORACLE_PROGRESS_H
#define ORACLE_PROGRESS_H

#include "base.h"
#include "trace.h"
#include "xhci/abi.h"

struct oracle_set;
struct endpoint;

struct debt {
	bool owed;
	uint8_t steps;    /* moves of time since since_ns; 0: none yet, or something was done */
	uint32_t excuses; /* s->progress.excuses at since_ns */
	uint64_t since_ns;
};

struct progress_seen {
	bool alive;  /* since R/S = 1 it was seen to run */
	bool dead;   /* it may have stopped for good (HSE, HCE): until it is reset */
	bool asleep; /* configuration was written, and no register has answered since: D3hot? */
	/* Moves of time until which it could not work, or had enough else to do. */
	uint32_t excuses;
	uint32_t cost;    /* of what it did since time moved */
	uint64_t time_ns; /* to which it moved last */
	struct debt command;
	uint32_t packets[16]; /* rows about packets that are of no known slot, by endpoint number */
	uint32_t under_way[16];
	uint8_t slot_of[128]; /* by device address; 0 and UNKNOWN: not known */
};

void oracle_progress_reset(struct oracle_set *s);
/* Nothing is owed any more, nor is it certain that it runs: what is under way may be gone. */
void oracle_progress_forget(struct oracle_set *s);
void oracle_progress_doorbell(struct oracle_set *s, struct endpoint *ep, unsigned slot,
			      uint32_t value);
/* A TRB was read, and taken: what follows is owed. Else the ring is empty, or nobody knows. */
void oracle_progress_fetch(struct oracle_set *s, struct debt *d, const struct trb *t, bool taken);
/* A slot context was written, with this device address. */
void oracle_progress_address(struct oracle_set *s, unsigned slot, unsigned address);
void oracle_progress_packet(struct oracle_set *s, const struct trace_row *row);
void oracle_progress_step(struct oracle_set *s);

#endif
