// SPDX-License-Identifier: MIT
/*
 * state_event.c -- what an interrupter knows beside its registers (xHCI 4.9.4, 4.23.2): where the
 * producer stands, and the events that wait for room. The segment table is software's and is read
 * again. A ring is taken up only where the registers name the table that it was saved with.
 */
#include "heap.h"
#include "xhci/save.h"

static const struct state_field saved_fields[] = {
	STATE_BITS(interrupter, erstba, ~UINT64_C(0x3f)),
	STATE_RANGE(interrupter, erstsz, 1, 0xffff),
	STATE_RANGE(interrupter, resume_enqueue, 0, (1u << 27) - 1),
	STATE_FLAG(interrupter, resume_cycle),
	STATE_FLAG(interrupter, ipe),
	STATE_FLAG(interrupter, lost),
	STATE_FLAG(interrupter, full),
	STATE_RANGE(interrupter, pending_count, 0, XHCI_MAX_PENDING),
};

static const struct state_field trb_fields[] = {
	STATE_ANY(trb, parameter),
	STATE_ANY(trb, status),
	STATE_ANY(trb, control),
};

static void walk_pending(struct state *st, struct interrupter *ring)
{
	for (unsigned i = 0; i < ring->pending_count; i++)
		state_walk(st, trb_fields, ARRAY_SIZE(trb_fields),
			   &ring->pending[(ring->pending_first + i) % XHCI_MAX_PENDING]);
}

static void take_up(struct interrupter *in, struct interrupter *saved)
{
	struct trb *pending = in->pending;

	if (in->erstba != saved->erstba || in->erstsz != saved->erstsz)
		return;
	if (in->full != saved->full)
		in->x->full_rings += saved->full ? 1u : -1u;
	if (in->valid && !in->load && saved->resume_enqueue < in->total) {
		/* ERSTBA was not written since: the table is still what was read then (xHCI 5.5.2.3.2). */
		in->enqueue = saved->resume_enqueue;
		in->cycle = saved->resume_cycle;
		in->writer = (struct event_place){0};
	} else {
		in->load = in->resumes = true;
		in->resume_enqueue = saved->resume_enqueue;
		in->resume_cycle = saved->resume_cycle;
	}
	in->full = saved->full;
	in->ipe = saved->ipe;
	in->lost = saved->lost;
	in->pending = saved->pending;
	in->pending_first = 0;
	in->pending_count = saved->pending_count;
	saved->pending = pending;
}

static void walk_ring(struct state *st, struct interrupter *in)
{
	struct interrupter saved = *in;

	state_section(st, "event ring");
	if (!st->loading) {
		saved.resume_enqueue = in->resumes ? in->resume_enqueue : in->enqueue;
		saved.resume_cycle = in->resumes ? in->resume_cycle : in->cycle;
		state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), &saved);
		walk_pending(st, &saved);
		return;
	}
	saved.pending_first = 0;
	saved.pending = heap_zero(XHCI_MAX_PENDING * sizeof(*saved.pending));
	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), &saved);
	walk_pending(st, &saved);
	state_check(st, saved.full || !saved.pending_count,
		    "events wait, and the ring is not full");
	if (!st->refused)
		take_up(in, &saved);
	heap_free(saved.pending);
}

void xhci_state_events(struct state *st, struct xhci *x)
{
	state_section(st, "event rings");
	if (st->loading)
		x->intr_touched = x->profile->intrs;
	for (unsigned i = 0; i < x->profile->intrs && !st->refused; i++) {
		struct interrupter *in = &x->intr[i];
		bool used = in->erstsz && (in->resumes || (in->valid && !in->load));

		if (state_number(st, "used", used, 0, 1))
			walk_ring(st, in);
	}
}
