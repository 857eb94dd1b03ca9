// SPDX-License-Identifier: MIT
/*
 * record.h -- what a real guest did, as programs. Sections follow the files record_*.c.
 *
 * A recording is cut into lives, each from one reset of the controller to the next. A life becomes a
 * program of raw accesses: `write`, `read`, `memory`, `step`, and what somebody else did (`plug`, `key`).
 */
#ifndef TOOL_RECORD_H
#define TOOL_RECORD_H

#include "capture/capture.h"
#include "op/op.h"

/* ---- record_memory.c: what memory holds when the program is played -------------------------- */

struct record_memory; /* private; zero everywhere at first, as the machine's is */

struct record_memory *record_memory_new(void);
void record_memory_free(struct record_memory *m);
/* True if it is not known to hold these bytes. */
bool record_memory_differs(struct record_memory *m, uint64_t addr, const uint8_t *data, size_t len);
/* It does from now on; action: during which. */
void record_memory_set(struct record_memory *m, uint64_t addr, const uint8_t *data, size_t len,
		       uint32_t action);
/* Nobody knows what it holds from now on. */
void record_memory_forget(struct record_memory *m, uint64_t addr, size_t len, uint32_t action);
/* The last action during which any of it was set or forgotten; 0: none. */
uint32_t record_memory_used(struct record_memory *m, uint64_t addr, size_t len);

/* ---- record_shape.c: what kinds of things happen -------------------------------------------- */

struct record_shapes { /* a set */
	uint64_t *hash;
	size_t count, room;
};

void record_shapes_free(struct record_shapes *s);
/* True if it was not in the set. A hash of 0 is in every set. */
bool record_shapes_add(struct record_shapes *s, uint64_t hash);
/*
 * What kind of thing a row is, without the numbers that differ from one time to the next; 0: nothing of
 * interest. where: how the registers lie.
 */
uint64_t record_shape_of(const struct record_head *where, const struct trace_row *row,
			 uint32_t kept);

/* ---- record_reg.c: accesses to BAR 0 as ops -------------------------------------------------- */

/* `write` by the register's name, else `poke`. */
void record_reg_write(const struct record_head *where, const struct trace_row *row, struct op *ret);
/* `read` or `peek`. */
void record_reg_read(const struct record_head *where, const struct trace_row *row, struct op *ret);
/* A low half and then the high half of one register: make both one op in *low. */
bool record_reg_join(const struct record_head *where, struct op *low, const struct op *high);
/* A doorbell of an endpoint; a reset of the controller. */
bool record_reg_is_doorbell(const struct record_head *where, const struct trace_row *row);
bool record_reg_is_reset(const struct record_head *where, const struct trace_row *row);

/* ---- record_list.c: ops while their order still changes -------------------------------------- */

struct record_op {
	struct op op; /* blob: own allocation */
	uint32_t action;
	bool acts; /* the controller works in it; else it only belongs to the one that follows */
};

struct record_list {
	struct record_op *op;
	unsigned count, max; /* max: more are dropped, and counted */
	unsigned dropped;
	uint32_t action; /* the last one; the first is 1 */
};

void record_list_init(struct record_list *l, unsigned max);
void record_list_fini(struct record_list *l);
/* A copy, at the end: a new action, or part of the last one. */
void record_list_append(struct record_list *l, const struct op *op, bool acts);
/* The same from text; what is no op is left out. */
void record_list_append_text(struct record_list *l, const char *text, size_t len);
/*
 * `memory` just before an action. Returns where it was put, or UINT_MAX if nothing was inserted because it
 * went on where another ended (or was dropped).
 */
unsigned record_list_put_memory(struct record_list *l, uint32_t action, uint64_t addr,
				const uint8_t *data, uint32_t len);
/* The op of the last action, if nothing came after it; or NULL. */
struct op *record_list_last(struct record_list *l);

/* ---- record_make.c: a life as a program ------------------------------------------------------- */

struct record_life {
	size_t first_row, next_row; /* of the recording */
	bool rang;                  /* doorbells */
	struct op_program program;
	size_t end_row;      /* what the program is about ends before it */
	unsigned ops_cut;    /* ops that were left out at the end */
	unsigned new_shapes; /* kinds of things that no life before it had */
};

/* Where a reader of lives is, and what the lives before have left behind. */
struct record_cutter {
	const struct recording *r; /* borrowed */
	unsigned ops_max;
	size_t next; /* row */
	struct record_shapes seen;
	uint32_t config[64]; /* dwords of configuration space, as last written */
	bool config_known[64];
	struct op plugged[32]; /* `plug` of who is there */
	unsigned plugged_count;
};

void record_cutter_init(struct record_cutter *c, const struct recording *r, unsigned ops_max);
void record_cutter_fini(struct record_cutter *c);
/* record_left.c: a row has passed. */
void record_cutter_note(struct record_cutter *c, const struct trace_row *row, uint32_t kept);
/* What a program has to begin with. */
void record_cutter_begin(const struct record_cutter *c, struct record_list *l);
/* The next life; false: there is none. It has no program yet. Free with record_life_free. */
bool record_life_next(struct record_cutter *c, struct record_life *life);
/*
 * Its program. slack_usec: how much longer than in the recording to wait for what an interrupt endpoint does
 * by itself, whose intervals may fall otherwise.
 */
void record_life_make(const struct record_cutter *c, struct record_life *life, uint32_t slack_usec);
/* On to what comes after it; counts its new_shapes. */
void record_life_pass(struct record_cutter *c, struct record_life *life);
void record_life_free(struct record_life *life);

/* ---- record_check.c: is it the same when it is played? -------------------------------------- */

struct record_result {
	unsigned events;   /* that the guest got, and the program as well */
	unsigned requests; /* control requests that devices got, the same */
	bool clean;        /* no oracle has anything to say */
	char why[200];     /* "" if all are equal */
};

void record_check(const struct recording *r, const struct record_life *life,
		  struct record_result *ret);

#endif
