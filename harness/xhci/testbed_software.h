// SPDX-License-Identifier: MIT
/*
 * testbed_software.h -- the software's side of one endpoint that moves a numbered sequence of bytes:
 * TDs of any split on its ring, what events said of them, and whether the bytes are right.
 */
#ifndef XHCI_TESTBED_SOFTWARE_H
#define XHCI_TESTBED_SOFTWARE_H

#include <stdlib.h>

#include "xhci/testbed_line.h"

#define RING_TRBS 64u /* with the Link */
#define MAX_TDS 5u
#define MAX_TRBS 7u
#define BUFFER_BYTES 0x20000u
#define UNTOUCHED 0xee

struct queued {
	uint64_t addr, data;
	uint32_t length, before;       /* bytes; of this TD before this TRB */
	bool event_data, ends, silent; /* silent: its end has no event */
};

struct software {
	struct bed *bed;
	struct line *line;
	struct op_random random;
	unsigned slot, dci;
	bool in, move;
	uint64_t base;
	unsigned enqueue;
	bool cycle;
	uint64_t command;
	bool command_cycle;
	struct queued trb[4 * RING_TRBS]; /* oldest first; a TD is whole or not in it */
	unsigned count, tds, silent;
	unsigned next_buffer;
	uint64_t position; /* of the sequence where the oldest TD begins */
	uint32_t earlier;  /* bytes of the oldest TD that moved before it was put elsewhere */
	bool told_short;   /* its ISP event has come */
	uint32_t amount;   /* and this is what it said */
	uint64_t stops, bytes, stopped[3], moves;
};

static inline uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static inline unsigned dice(struct software *w, unsigned n)
{
	return op_random_below(&w->random, n);
}

/* ---- the ring ---- */

static inline uint64_t put(struct software *w, uint64_t parameter, uint32_t status,
			   uint32_t control)
{
	uint64_t addr = w->base + w->enqueue * TRB_SIZE;

	bed_store(w->bed, addr, &(struct trb){parameter, status, control | w->cycle});
	if (++w->enqueue == RING_TRBS - 1) {
		bed_store(w->bed, w->base + w->enqueue * TRB_SIZE,
			  &(struct trb){w->base, 0,
					trb_type_bits(TRB_LINK) | TRB_TC | (control & TRB_CH) |
						w->cycle});
		w->enqueue = 0;
		w->cycle = !w->cycle;
	}
	return addr;
}

static inline void put_queued(struct software *w, struct queued *q)
{
	uint32_t chain = q->ends ? 0 : TRB_CH, ioc = q->ends && !q->silent ? TRB_IOC : 0;

	if (q->event_data)
		q->addr = put(w, q->data, 0, trb_type_bits(TRB_EVENT_DATA) | ioc | chain);
	else
		q->addr = put(w, q->data, q->length,
			      trb_type_bits(TRB_NORMAL) | TRB_ISP | ioc | chain);
}

static inline uint32_t some_length(struct software *w, bool interrupt)
{
	static const uint32_t most[] = {4, 64, 600, 3000, 20000, 65536};
	unsigned kind = dice(w, 16);

	kind = kind < 4 ? 0 : kind < 8 ? 1 : kind < 11 ? 2 : kind < 14 ? 3 : kind < 15 ? 4 : 5;
	return dice(w, most[interrupt ? kind / 3 : kind] + 1);
}

static inline void put_td(struct software *w, bool silent)
{
	unsigned trbs = 1 + dice(w, MAX_TRBS);
	bool event_data = !silent && dice(w, 2), interrupt = w->dci > 3;
	uint64_t base = BED_DATA + BUFFER_BYTES * (w->next_buffer++ % 8);
	uint32_t before = 0;

	for (unsigned i = 0; i < trbs + event_data; i++) {
		struct queued *q = &w->trb[w->count++];
		uint32_t length = i == trbs ? 0 : some_length(w, interrupt);

		if (silent) /* whole packets of the bus, or it could not go on in the next TD */
			length = length / 512 * 512;
		if (before + length > BUFFER_BYTES)
			length = 0;
		*q = (struct queued){.data = base + before,
				     .length = length,
				     .before = before,
				     .event_data = i == trbs,
				     .silent = silent,
				     .ends = i + 1 == trbs + event_data};
		before += length;
	}
	for (uint32_t i = 0; i < before; i += 4096) {
		uint8_t fill[4096];
		uint32_t n = (uint32_t)min_u64(sizeof(fill), before - i);

		for (uint32_t k = 0; k < n; k++)
			fill[k] = w->in ? UNTOUCHED : line_byte(w->bytes + i + k);
		mem_write(w->bed->guest.mem, base + i, fill, n);
	}
	w->bytes += before;
	for (unsigned i = w->count - trbs - event_data; i < w->count; i++)
		put_queued(w, &w->trb[i]);
	w->tds++;
	w->silent += silent;
}

/* ---- events ---- */

static inline void check_td(struct software *w, unsigned last, uint32_t amount)
{
	const struct queued *q = &w->trb[last];
	uint64_t base = q->data - q->before;
	uint32_t length = q->before + q->length;
	uint8_t some[4096];

	assert_true(amount <= length);
	if (!w->in)
		assert_int_equal(amount, length);
	for (uint32_t i = 0; w->in && i < length; i += (uint32_t)sizeof(some)) {
		uint32_t n = (uint32_t)min_u64(sizeof(some), length - i);

		mem_read(w->bed->guest.mem, base + i, some, n);
		for (uint32_t k = 0; k < n; k++)
			if (some[k] !=
			    (i + k < amount ? line_byte(w->position + i + k) : UNTOUCHED))
				fail_msg("byte %u of a TD of %u (%u moved) is wrong", i + k, length,
					 amount);
	}
	w->position += amount;
	w->silent -= q->silent;
	w->count -= last + 1;
	memmove(w->trb, w->trb + last + 1, w->count * sizeof(w->trb[0]));
	w->tds--;
	w->earlier = w->amount = 0;
	w->told_short = false;
}

static inline unsigned find(struct software *w, uint64_t addr)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->trb[i].addr == addr)
			return i;
	fail_msg("an event for the TRB at 0x%llx, which is not under way",
		 (unsigned long long)addr);
	return 0;
}

/* What comes before the TRB i and has no event has ended, too. */
static inline unsigned end_silent(struct software *w, unsigned i)
{
	for (unsigned k = 0; k < i;) {
		if (!w->trb[k].ends) {
			k++;
			continue;
		}
		assert_true(w->trb[k].silent);
		check_td(w, k, w->told_short ? w->amount : w->trb[k].before + w->trb[k].length);
		i -= k + 1;
		k = 0;
	}
	return i;
}

/* A Transfer Event of a TRB that is done, or that a short packet ended. */
static inline void completed(struct software *w, const struct trb *t)
{
	uint32_t left = t->status & 0xffffff;
	unsigned i = 0;

	if (t->control & TRB_EV_ED)
		while (!(w->trb[i].event_data && w->trb[i].data == t->parameter))
			assert_true(++i < w->count);
	else
		i = find(w, t->parameter);
	i = end_silent(w, i);
	if (w->trb[i].event_data) /* EDTLA counts from where the TD was put last */
		left = w->trb[i].before - w->earlier - left;
	if (!w->told_short)
		w->amount = w->trb[i].before + w->trb[i].length - left;
	else if (w->trb[i].event_data)
		assert_int_equal(w->amount, w->trb[i].before - left);
	if (trb_completion(t) == CC_SUCCESS)
		assert_int_equal(left, 0);
	else
		assert_int_equal(trb_completion(t), CC_SHORT_PACKET);
	w->told_short = true;
	if (w->trb[i].ends)
		check_td(w, i, w->amount);
}

#endif
