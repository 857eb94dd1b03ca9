// SPDX-License-Identifier: MIT
/*
 * drive_ring.c -- the producer's side of command and transfer rings (xHCI 4.9.2, 4.9.3), and the
 * op that puts any TRB on them.
 */
#include "op/drive_core.h"

#define SETUP_GET_DEVICE_DESCRIPTOR UINT64_C(0x0012000001000680)

void drive_ring_make(struct drive *d, struct drive_ring *r, uint64_t base, unsigned trbs, bool zero)
{
	if (zero)
		drive_mem_zero(d, base, trbs * TRB_SIZE);
	*r = (struct drive_ring){base, base, base, trbs, true};
}

static uint64_t link_place(const struct drive_ring *r)
{
	return r->base + (r->trbs - 1) * (uint64_t)TRB_SIZE;
}

static bool inside(const struct drive_ring *r, uint64_t addr)
{
	return addr >= r->base && addr < r->base + r->trbs * (uint64_t)TRB_SIZE;
}

bool drive_ring_room(const struct drive_ring *r, unsigned trbs)
{
	uint64_t usable = r->trbs - 1, used;

	if (!inside(r, r->enqueue) || !inside(r, r->dequeue))
		return true;
	used = ((r->enqueue - r->base) / TRB_SIZE + usable - (r->dequeue - r->base) / TRB_SIZE) %
		usable;
	return trbs + used < usable;
}

static void write_trb(struct drive *d, uint64_t addr, const struct trb *t)
{
	uint8_t raw[TRB_SIZE];

	trb_encode(t, raw);
	drive_mem_write(d, addr, raw, sizeof(raw));
}

/* At the last place: the Link TRB back, chained like the TRB before it (xHCI 4.11.5.1). */
static void wrap(struct drive *d, struct drive_ring *r, uint32_t chain)
{
	struct trb link = {r->base, 0, trb_type_bits(TRB_LINK) | TRB_TC | chain | r->cycle};

	write_trb(d, r->enqueue, &link);
	r->enqueue = r->base;
	r->cycle = !r->cycle;
}

uint64_t drive_ring_put(struct drive *d, struct drive_ring *r, const struct trb *t)
{
	struct trb put = *t;
	uint64_t addr;

	if (r->enqueue == link_place(r))
		wrap(d, r, 0);
	addr = r->enqueue;
	put.control = (put.control & ~TRB_CYCLE) | r->cycle;
	write_trb(d, addr, &put);
	r->enqueue += TRB_SIZE;
	if (r->enqueue == link_place(r))
		wrap(d, r, put.control & TRB_CH);
	return addr;
}

uint64_t drive_ring_base(const struct drive_slot *s, unsigned dci)
{
	uint64_t slot = DRIVE_SLOTS + s->id * DRIVE_SLOT_STRIDE;

	/* 1..4 share the device context's page; 5..31 have the pages after it */
	return slot + 0x800 + (dci - 1) * (uint64_t)(DRIVE_RING_TRBS * TRB_SIZE);
}

struct drive_ring *drive_ep_ring(struct drive *d, struct drive_slot *s, unsigned dci)
{
	struct drive_ring *r = &s->ep[dci].ring;

	if (!r->trbs)
		drive_ring_make(d, r, drive_ring_base(s, dci), DRIVE_RING_TRBS, !s->fresh);
	return r;
}

/* ---- op `trb` ------------------------------------------------------------------------------- */

static bool takes_input_context(unsigned type)
{
	return type == TRB_ADDRESS_DEVICE || type == TRB_CONFIGURE_ENDPOINT ||
		type == TRB_EVALUATE_CONTEXT;
}

static bool names_slot(unsigned type)
{
	return type >= TRB_DISABLE_SLOT && type <= TRB_RESET_DEVICE;
}

/* What a correct driver would have as parameter. */
static uint64_t automatic(const struct drive_ring *r, unsigned type)
{
	if (takes_input_context(type))
		return DRIVE_INPUT;
	switch (type) {
	case TRB_NORMAL:
	case TRB_DATA:
	case TRB_ISOCH:
	case TRB_GET_PORT_BW:
		return DRIVE_DATA;
	case TRB_SETUP:
		return SETUP_GET_DEVICE_DESCRIPTOR;
	case TRB_LINK:
		return r->base;
	case TRB_EVENT_DATA:
		return r->enqueue ^ UINT64_C(0xeda7a00000000000);
	case TRB_SET_TR_DEQUEUE:
		return r->enqueue | r->cycle;
	default:
		return 0;
	}
}

static void build(struct drive *d, const struct op *op, struct drive_slot *s,
		  const struct drive_ring *r, struct trb *t)
{
	unsigned dci = (unsigned)ARG(op, TRB, ring) & 31, type = (unsigned)ARG(op, TRB, type) & 63;
	uint32_t flags = (uint32_t)ARG(op, TRB, flags);
	bool polite = op->addr_kind % ADDR_KINDS == ADDR_AUTO;

	t->parameter = drive_resolve_in(d, op, s, dci, automatic(r, type));
	t->status = (uint32_t)ARG(op, TRB, length);
	t->control =
		trb_type_bits(type) | (flags & TRB_FLAG_CONTROL) | (uint32_t)ARG(op, TRB, extra);
	if (type == TRB_SETUP && !t->status)
		t->status = 8;
	if (type == TRB_SETUP && polite)
		t->control |= TRB_IDT | TRT_IN << TRB_TRT_SHIFT;
	if (!dci && names_slot(type) && !bits(t->control, 31, 24))
		t->control |= (uint32_t)s->id << 24;
}

/* After a Link the producer goes where it points. */
static void follow(struct drive_ring *r, const struct trb *link)
{
	r->enqueue = link->parameter & ~UINT64_C(15);
	if (link->control & TRB_TC)
		r->cycle = !r->cycle;
}

void drive_op_trb(struct drive *d, const struct op *op)
{
	unsigned dci = (unsigned)ARG(op, TRB, ring) & 31;
	uint32_t flags = (uint32_t)ARG(op, TRB, flags);
	struct drive_slot *s;
	struct drive_ring *r;
	struct trb t;
	uint64_t addr;

	drive_need(d);
	s = drive_slot_pick(d, ARG(op, TRB, slot));
	r = dci ? drive_ep_ring(d, s, dci) : &d->command;
	build(d, op, s, r, &t);
	addr = r->enqueue;
	if (!dci)
		drive_command_note(d, addr, &t);
	if (trb_type(&t) == TRB_LINK || flags & (TRB_FLAG_STAY | TRB_FLAG_CYCLE_WRONG)) {
		t.control =
			(t.control & ~TRB_CYCLE) | (r->cycle ^ !!(flags & TRB_FLAG_CYCLE_WRONG));
		write_trb(d, addr, &t);
		if (flags & TRB_FLAG_STAY)
			return;
		if (trb_type(&t) == TRB_LINK)
			follow(r, &t);
		else if ((r->enqueue += TRB_SIZE) == link_place(r))
			wrap(d, r, t.control & TRB_CH);
		return;
	}
	drive_ring_put(d, r, &t);
}
