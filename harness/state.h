// SPDX-License-Identifier: MIT
/*
 * state.h -- saved state. What is saved is said once, as tables of fields with their ranges, and walked
 * three ways: to save, to load, and to save with one field made wrong (a target's way to lie).
 *
 * What is loaded is nobody's promise (QEMU's CVE-2013-4541 and its family): each number is checked
 * against its range, what belongs together is checked by who knows (state_check), and after the first
 * refusal every number reads as the least its range has, so that the walk ends in a legal place. Whoever
 * began the load then throws away what it made.
 */
#ifndef STATE_H
#define STATE_H

#include "base.h"

struct state_field {
	const char *name;
	uint16_t offset, size; /* 1, 2, 4 or 8 bytes in the object */
	uint64_t min, max;
	uint64_t zero; /* bits that are never set */
};

#define STATE_FIELD(type, member, least, most, never)                                              \
	{                                                                                          \
		.name = #member, .offset = (uint16_t)offsetof(struct type, member),                \
		.size = (uint16_t)sizeof(((struct type *)0)->member), .min = (least),              \
		.max = (most), .zero = (never),                                                    \
	}
#define STATE_RANGE(type, member, least, most) STATE_FIELD(type, member, least, most, 0)
#define STATE_ANY(type, member) STATE_FIELD(type, member, 0, UINT64_MAX, 0)
#define STATE_FLAG(type, member) STATE_FIELD(type, member, 0, 1, 0)
#define STATE_BITS(type, member, mask) STATE_FIELD(type, member, 0, UINT64_MAX, ~(uint64_t)(mask))

/* How the nth number or string of bytes is made wrong while it is saved. */
struct state_lie {
	uint64_t nth;
	uint8_t how;
	uint64_t value;
};

struct state {
	bool loading, refused;
	uint8_t *bytes; /* heap.h; saving: ours, loading: a copy, too: one byte too far is seen */
	size_t len, at, room;
	const char *section;
	char why[128];         /* of the refusal: one line */
	uint64_t walked;       /* numbers and strings so far */
	struct state_lie *lie; /* NULL: the truth */
};

void state_save(struct state *st);
void state_load(struct state *st, const void *bytes, size_t len);
void state_free(struct state *st);

/* What follows is called this; it must be what was saved. name lives longer than the walk. */
void state_section(struct state *st, const char *name);
void state_walk(struct state *st, const struct state_field *field, size_t count, void *object);
/* One number: given while saving, returned (checked) while loading. */
uint64_t state_number(struct state *st, const char *name, uint64_t value, uint64_t min,
		      uint64_t max);
void state_bytes(struct state *st, const char *name, void *bytes, size_t len);
/* Loading: what must hold between fields. Returns holds, and is true while saving. */
bool state_check(struct state *st, bool holds, const char *what);
/* Saving, too: it cannot be saved now, or not be taken. */
void state_refuse(struct state *st, const char *what);
/* All has been read, and there is nothing behind it. */
bool state_loaded(struct state *st);

uint64_t state_sum(const void *bytes, size_t len);

#endif
