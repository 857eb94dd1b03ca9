// SPDX-License-Identifier: MIT
/*
 * state_slot.c -- slots, endpoints and streams as saved state (xHCI 4.5.3, 4.8.3, 4.23.2). Endpoints
 * are parked before: no TRB is held and no packet is under way, where the TD stands is a byte in it.
 * What follows from an endpoint's context is made from it again, and the context must be one that
 * Configure Endpoint would have taken.
 */
#include "xhci/save.h"

static const struct state_field slot_fields[] = {
	STATE_RANGE(slot, state, SLOT_ENABLED, SLOT_CONFIGURED),
	STATE_ANY(slot, address),
	STATE_ANY(slot, root_port),
	STATE_RANGE(slot, type, 0, 31),
	STATE_BITS(slot, route, 0xfffff),
	STATE_BITS(slot, context, ~UINT64_C(0x3f)),
	STATE_ANY(slot, dw[0]),
	STATE_ANY(slot, dw[1]),
	STATE_ANY(slot, dw[2]),
	STATE_ANY(slot, dw[3]),
};

static const struct state_field context_fields[] = {
	STATE_ANY(xhci_ep, dw[0]), STATE_ANY(xhci_ep, dw[1]), STATE_ANY(xhci_ep, dw[2]),
	STATE_ANY(xhci_ep, dw[3]), STATE_ANY(xhci_ep, dw[4]),
};

static const struct state_field ep_fields[] = {
	STATE_RANGE(xhci_ep, state, EP_RUNNING, EP_ERROR),
	STATE_RANGE(xhci_ep, max_packet, 1, 1024),
	STATE_ANY(xhci_ep, next_service_ns),
	STATE_RANGE(xhci_ep, retries, 0, 3),
};

static const struct state_field pipe_fields[] = {
	STATE_BITS(xhci_ep, ring.dequeue, ~UINT64_C(0xf)),
	STATE_FLAG(xhci_ep, ring.cycle),
	STATE_RANGE(xhci_ep, stage, STAGE_SETUP, STAGE_STATUS),
	STATE_FLAG(xhci_ep, rung),
	STATE_FLAG(xhci_ep, idle_reported),
	STATE_FLAG(xhci_ep, dry),
	STATE_FLAG(xhci_ep, td.active),
	STATE_FLAG(xhci_ep, td.in),
	STATE_FLAG(xhci_ep, td.skip),
	STATE_FLAG(xhci_ep, td.sent),
	STATE_FLAG(xhci_ep, td.evaluate_next),
	STATE_FLAG(xhci_ep, td.event_data_seen),
	STATE_FLAG(xhci_ep, td.isp_reported),
	STATE_RANGE(xhci_ep, td.residual, 0, 0x1ffff),
	STATE_RANGE(xhci_ep, td.resume, 0, 0x10000),
	STATE_RANGE(xhci_ep, td.resume_left, 0, 0x10000),
	STATE_RANGE(xhci_ep, td.edtla, 0, XHCI_EDTLA_MASK),
	STATE_FLAG(xhci_ep, td.placed),
	STATE_FLAG(xhci_ep, td.missed),
	STATE_FLAG(xhci_ep, td.event_data_seen),
	STATE_ANY(xhci_ep, td.interval_bytes),
};

static const struct state_field stream_fields[] = {
	STATE_BITS(xhci_ep, stream_context, ~UINT64_C(0xf)),
	STATE_RANGE(xhci_ep, stream_type, SCT_SECONDARY_RING, SCT_PRIMARY_RING),
};

#define WALK(st, table, object) state_walk(st, table, ARRAY_SIZE(table), object)

static void walk_pipe(struct state *st, struct xhci_ep *ep)
{
	WALK(st, pipe_fields, ep);
	state_check(st, ep->type == EP_CONTROL || ep->stage == STAGE_SETUP,
		    "a stage of a control transfer on another endpoint");
	state_check(st, ep->td.active || !(ep->td.skip || ep->td.missed),
		    "the rest of a TD that has not begun");
}

static void count_stream(struct xhci_ep *of, void *opaque)
{
	(void)of;
	++*(unsigned *)opaque;
}

struct stream_walk {
	struct state *st;
	struct xhci_ep *owner;
};

static void save_stream(struct xhci_ep *of, void *opaque)
{
	struct stream_walk *w = opaque;

	state_number(w->st, "stream", of->stream, 1, XHCI_STREAM_ID_LIMIT - 1);
	WALK(w->st, stream_fields, of);
	walk_pipe(w->st, of);
}

static void load_stream(struct state *st, struct xhci_ep *owner)
{
	unsigned id = (unsigned)state_number(st, "stream", 0, 1, XHCI_STREAM_ID_LIMIT - 1);
	struct xhci_ep *of;

	if (!state_check(st, !xhci_stream_find(owner, id), "one stream twice") || st->refused)
		return;
	of = xhci_stream_add(owner, id, 0, 0);
	WALK(st, stream_fields, of);
	walk_pipe(st, of);
}

static void walk_streams(struct state *st, struct xhci_ep *ep)
{
	unsigned n, halted, count = 0;

	if (!ep->streams)
		return;
	if (!st->loading)
		xhci_stream_each(ep, count_stream, &count);
	n = (unsigned)state_number(st, "streams", count, 0, XHCI_STREAM_ID_LIMIT - 1);
	if (!st->loading)
		xhci_stream_each(ep, save_stream, &(struct stream_walk){st, ep});
	for (unsigned i = 0; st->loading && i < n && !st->refused; i++)
		load_stream(st, ep);
	halted = ep->streams->halted ? ep->streams->halted->stream : 0;
	halted = (unsigned)state_number(st, "halted", halted, 0, XHCI_STREAM_ID_LIMIT - 1);
	if (!st->loading)
		return;
	ep->streams->halted = halted ? xhci_stream_find(ep, halted) : NULL;
	state_check(st, !halted || ep->streams->halted, "a halted stream that is none");
}

/* NULL: refused. */
static struct xhci_ep *load_context(struct state *st, struct xhci *x, unsigned id, unsigned dci)
{
	struct slot *s = &x->slots[id];
	struct xhci_ep given = {0};
	uint32_t dw[8] = {0};

	WALK(st, context_fields, &given);
	memcpy(dw, given.dw, sizeof(given.dw));
	if (!state_check(st, xhci_context_ep_check(x, s, dci, dw) == CC_SUCCESS,
			 "an endpoint context that no command takes") ||
	    st->refused)
		return NULL;
	s->ep[dci] = xhci_ep_new(x, id, dci, dw);
	return s->ep[dci];
}

static void walk_endpoint(struct state *st, struct xhci *x, unsigned id, unsigned dci)
{
	struct xhci_ep *ep = x->slots[id].ep[dci];

	if (!state_number(st, "endpoint", ep != NULL, 0, 1))
		return;
	if (!st->loading)
		WALK(st, context_fields, ep);
	else
		ep = load_context(st, x, id, dci);
	if (!ep)
		return;
	WALK(st, ep_fields, ep);
	timer_state(st, &x->g->clock, &ep->timer);
	walk_pipe(st, ep);
	walk_streams(st, ep);
	if (st->loading && ep->streams)
		xhci_stream_set_state(ep, (enum ep_state)ep->state, false);
}

static void walk_slot(struct state *st, struct xhci *x, unsigned id)
{
	struct slot *s = &x->slots[id];

	state_section(st, "slot");
	WALK(st, slot_fields, s);
	if (s->state != SLOT_ENABLED || s->root_port)
		state_check(st, xhci_port_get(x, s->root_port), "a root port that is none");
	for (unsigned dci = 1; dci < (s->state == SLOT_ENABLED ? 2u : 32u) && !st->refused; dci++)
		walk_endpoint(st, x, id, dci);
	if (s->state != SLOT_ENABLED)
		state_check(st, s->ep[1], "an addressed slot without endpoint 0");
}

/* Loading: all slots are Disabled before. */
void xhci_state_slots(struct state *st, struct xhci *x)
{
	state_section(st, "slots");
	for (unsigned id = 1; id <= x->profile->slots && !st->refused; id++) {
		struct slot *s = &x->slots[id];

		if (!state_number(st, "enabled", s->state != SLOT_DISABLED, 0, 1))
			continue;
		if (st->loading)
			*s = (struct slot){.state = SLOT_ENABLED};
		walk_slot(st, x, id);
	}
}
