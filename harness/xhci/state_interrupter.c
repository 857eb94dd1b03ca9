// SPDX-License-Identifier: MIT
/*
 * state_interrupter.c -- interrupters whole, for a snapshot of the machine: registers, moderation, and the
 * producer with its private copy of the segment table, which is not read again.
 */
#include "heap.h"
#include "xhci/save.h"

static const struct state_field register_fields[] = {
	STATE_BITS(interrupter, iman, IMAN_IP | IMAN_IE),
	STATE_ANY(interrupter, imod),
	STATE_RANGE(interrupter, erstsz, 0, 0xffff),
	STATE_BITS(interrupter, erstba, ~UINT64_C(0x3f)),
	STATE_BITS(interrupter, erdp, ~(uint64_t)ERDP_EHB),
	STATE_FLAG(interrupter, ehb),
	STATE_FLAG(interrupter, ipe),
	STATE_ANY(interrupter, imod_until_ns),
	STATE_FLAG(interrupter, load),
	STATE_FLAG(interrupter, valid),
	STATE_FLAG(interrupter, full),
	STATE_FLAG(interrupter, lost),
	STATE_FLAG(interrupter, resumes),
	STATE_RANGE(interrupter, resume_enqueue, 0, (1u << 27) - 1),
	STATE_FLAG(interrupter, resume_cycle),
	STATE_RANGE(interrupter, enqueue, 0, (1u << 27) - 1),
	STATE_RANGE(interrupter, dequeue, 0, (1u << 27) - 1),
	STATE_FLAG(interrupter, cycle),
	STATE_RANGE(interrupter, pending_count, 0, XHCI_MAX_PENDING),
};

static const struct state_field segment_fields[] = {
	STATE_BITS(event_segment, base, ~UINT64_C(0x3f)),
	STATE_RANGE(event_segment, trbs, 16, 4096),
};

static const struct state_field trb_fields[] = {
	STATE_ANY(trb, parameter),
	STATE_ANY(trb, status),
	STATE_ANY(trb, control),
};

static void walk_segments(struct state *st, struct interrupter *in)
{
	unsigned count = in->valid ? in->segment_count : 0;

	count = (unsigned)state_number(st, "segments", count, 0, 1u << 15);
	if (!state_check(st, count <= 1u << in->x->profile->erst_max,
			 "too large a segment table") ||
	    !state_check(st, !in->valid || count, "an event ring of no segment") || st->refused) {
		in->valid = false;
		return;
	}
	if (st->loading) {
		heap_free(in->segment);
		in->segment = count ? heap_zero(count * sizeof(*in->segment)) : NULL;
		in->segment_room = in->segment_count = count;
		in->total = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		state_walk(st, segment_fields, ARRAY_SIZE(segment_fields), &in->segment[i]);
		if (st->loading)
			in->total += in->segment[i].trbs;
	}
	if (!state_check(st, !in->valid || (in->enqueue < in->total && in->dequeue < in->total),
			 "an event ring that goes on behind its end") ||
	    (st->loading && st->refused))
		in->valid = false;
}

static void walk_pending(struct state *st, struct interrupter *in)
{
	if (st->loading && in->pending_count && !in->pending)
		in->pending = heap_zero(XHCI_MAX_PENDING * sizeof(*in->pending));
	for (unsigned i = 0; i < in->pending_count; i++)
		state_walk(st, trb_fields, ARRAY_SIZE(trb_fields),
			   &in->pending[(in->pending_first + i) % XHCI_MAX_PENDING]);
}

void xhci_state_interrupters(struct state *st, struct xhci *x)
{
	state_section(st, "interrupters");
	if (st->loading)
		x->intr_touched = x->profile->intrs;
	for (unsigned i = 0; i < x->profile->intrs && !st->refused; i++) {
		struct interrupter *in = &x->intr[i];
		bool used = in->iman || in->erstsz || in->erstba || in->erdp || in->segment_count ||
			in->imod != XHCI_IMOD_DEFAULT || in->timer.armed || in->load || in->ipe ||
			in->ehb || in->imod_until_ns || i == 0;

		if (!state_number(st, "used", used, 0, 1))
			continue;
		state_walk(st, register_fields, ARRAY_SIZE(register_fields), in);
		timer_state(st, &x->g->clock, &in->timer);
		walk_segments(st, in);
		walk_pending(st, in);
		if (st->loading)
			x->full_rings += in->full;
	}
}
