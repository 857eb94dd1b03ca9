// SPDX-License-Identifier: MIT
/*
 * drive_event.c -- the consumer's side of event rings (xHCI 4.9.4, 5.5.2): taking events, telling
 * the controller, waiting. Ops `erst` and `ack`.
 */
#include "op/drive_core.h"

static uint64_t segment_base(const struct drive_event_ring *r, unsigned segment)
{
	return r->first + segment * r->stride;
}

void drive_intr_lay_out(struct drive *d, unsigned intr, unsigned segments, unsigned trbs)
{
	struct drive_event_ring *r, spare = {0};
	uint64_t area = DRIVE_INTRS + intr % 256 * DRIVE_INTR_STRIDE, bytes;
	bool first = !intr && segments == 1 && trbs <= DRIVE_EVENT_TRBS;

	r = intr < DRIVE_MAX_INTRS ? &d->intr[intr] : &spare;
	if (intr < DRIVE_MAX_INTRS && intr >= d->intr_count)
		d->intr_count = intr + 1;
	memset(r, 0, sizeof(*r));
	r->table = first ? DRIVE_ERST : area;
	r->first = first ? DRIVE_EVENT : area + 0x10000;
	/* powers of two up to 64 KiB: no segment crosses a 64 KiB boundary (xHCI 6.5) */
	for (r->stride = 64; r->stride < trbs * (uint64_t)TRB_SIZE; r->stride <<= 1)
		;
	r->segments = segments;
	r->trbs = trbs;
	r->cycle = true;
	r->open = segments && trbs;
	for (unsigned i = 0; i < segments; i++) {
		uint8_t entry[16] = {0};

		put_le64(entry, segment_base(r, i));
		put_le16(entry + 8, (uint16_t)trbs);
		drive_mem_write(d, r->table + i * sizeof(entry), entry, sizeof(entry));
	}
	if (!first || !d->fresh) {
		/* stale cycle bits would look like events; the controller touches few places */
		for (unsigned i = 0; i < segments && i < 4; i++) {
			bytes = min_u64(trbs * (uint64_t)TRB_SIZE, 0x1000);
			drive_mem_zero(d, segment_base(r, i), bytes);
		}
	}
}

void drive_intr_setup(struct drive *d, unsigned intr, unsigned segments, unsigned trbs)
{
	uint32_t erdp = drive_intr_offset(d, intr, XHCI_ERDP);
	uint32_t erstba = drive_intr_offset(d, intr, XHCI_ERSTBA);
	struct drive_event_ring r;

	drive_intr_lay_out(d, intr, segments, trbs);
	r = d->intr[intr < DRIVE_MAX_INTRS ? intr : 0];
	if (intr >= DRIVE_MAX_INTRS) { /* nobody takes events there */
		r.table = DRIVE_INTRS + intr % 256 * DRIVE_INTR_STRIDE;
		r.first = r.table + 0x10000;
	}
	drive_write32(d, drive_intr_offset(d, intr, XHCI_ERSTSZ), segments);
	drive_write32(d, erdp, (uint32_t)r.first);
	drive_write32(d, erdp + 4, (uint32_t)(r.first >> 32));
	drive_write32(d, erstba, (uint32_t)r.table);
	drive_write32(d, erstba + 4, (uint32_t)(r.table >> 32));
}

/* ---- taking -------------------------------------------------------------------------------- */

/* Codes whose pointer is where the ring stands, not a TRB that is done (xHCI 4.6.9, 4.10.3.1). */
static bool names_position(unsigned cc)
{
	return (cc >= CC_STOPPED && cc <= CC_STOPPED_SHORT) || cc == CC_RING_UNDERRUN ||
		cc == CC_RING_OVERRUN;
}

static void transfer_event(struct drive *d, const struct trb *t)
{
	unsigned slot = trb_slot(t), dci = trb_endpoint(t), cc = trb_completion(t);
	struct drive_wait *w = &d->wait;
	struct drive_slot *s;
	struct drive_ep *ep;

	if (!d->slot_used[slot])
		return;
	s = d->slot[slot];
	ep = &s->ep[dci];
	ep->last_cc = (uint8_t)cc;
	ep->residual = (uint32_t)bits(t->status, 23, 0);
	if (!(t->control & TRB_EV_ED) && ep->ring.trbs && t->parameter >= ep->ring.base &&
	    t->parameter < ep->ring.base + ep->ring.trbs * (uint64_t)TRB_SIZE)
		ep->ring.dequeue =
			(t->parameter & ~UINT64_C(15)) + (names_position(cc) ? 0 : TRB_SIZE);
	if (s->listen == dci)
		s->listening = false;
	if (!w->active || w->slot != slot || w->dci != dci)
		return;
	/* a short packet of endpoint 0 still has its status stage to come (xHCI 4.10.1.1) */
	if (t->parameter != w->trb && cc == CC_SUCCESS)
		return;
	if (cc == CC_SHORT_PACKET && dci == 1 && t->parameter != w->trb) {
		w->residual = ep->residual;
		return;
	}
	w->done = true;
	w->cc = (uint8_t)cc;
	if (dci != 1)
		w->residual = ep->residual;
}

static void command_event(struct drive *d, const struct trb *t)
{
	struct drive_wait *w = &d->wait;

	drive_command_done(d, t);
	if (!w->active || w->slot || w->dci || t->parameter != w->trb)
		return;
	w->done = true;
	w->cc = (uint8_t)trb_completion(t);
	w->ret_slot = (uint8_t)trb_slot(t);
}

static void take(struct drive *d, const struct trb *t)
{
	unsigned port = (unsigned)bits(t->parameter, 31, 24);

	switch (trb_type(t)) {
	case TRB_EV_TRANSFER:
		transfer_event(d, t);
		break;
	case TRB_EV_COMMAND:
		command_event(d, t);
		break;
	case TRB_EV_PORT:
		d->changed_ports[port / 32] |= 1u << port % 32;
		break;
	default:
		break;
	}
}

static void advance(const struct drive_event_ring *r, unsigned *segment, unsigned *index,
		    bool *cycle)
{
	if (++*index < r->trbs)
		return;
	*index = 0;
	if (++*segment < r->segments)
		return;
	*segment = 0;
	*cycle = !*cycle;
}

static unsigned take_ring(struct drive *d, struct drive_event_ring *r, unsigned budget)
{
	unsigned taken = 0;
	uint8_t raw[TRB_SIZE];
	struct trb t;

	while (r->open && taken < budget) {
		drive_mem_read(d, segment_base(r, r->segment) + r->index * (uint64_t)TRB_SIZE, raw,
			       sizeof(raw));
		t = trb_decode(raw);
		if ((t.control & TRB_CYCLE) != (uint32_t)r->cycle)
			break;
		advance(r, &r->segment, &r->index, &r->cycle);
		take(d, &t);
		taken++;
	}
	return taken;
}

/* ---- telling the controller ---------------------------------------------------------------- */

static void acknowledge(struct drive *d, unsigned intr)
{
	struct drive_event_ring *r = &d->intr[intr];
	uint64_t erdp = segment_base(r, r->ack_segment) + r->ack_index * (uint64_t)TRB_SIZE;
	uint32_t reg = drive_intr_offset(d, intr, XHCI_ERDP);
	uint32_t iman = drive_intr_offset(d, intr, XHCI_IMAN);

	if (d->irq_driven) {
		drive_oper_write(d, XHCI_USBSTS, USBSTS_EINT);
		drive_write32(d, iman, IMAN_IE | IMAN_IP);
	}
	r->untold = 0;
	/* DESI: low 3 bits of the segment's index (xHCI 5.5.2.3.3) */
	drive_write32(d, reg, (uint32_t)erdp | ERDP_EHB | (r->ack_segment & 7));
	drive_write32(d, reg + 4, (uint32_t)(erdp >> 32));
}

/* Take what is there; tell the controller now, or not before many events are untold. */
static void poll(struct drive *d, bool tell)
{
	if (!d->started)
		return;
	for (unsigned i = 0; i < d->intr_count; i++) {
		struct drive_event_ring *r = &d->intr[i];

		if (!r->open)
			continue;
		r->untold += take_ring(d, r, DRIVE_EVENT_BUDGET);
		if (!r->untold || d->ack_mode == ACK_NEVER)
			continue;
		if (!tell && r->untold < r->segments * r->trbs / 2)
			continue;
		r->ack_segment = r->segment;
		r->ack_index = r->index;
		acknowledge(d, i);
	}
}

void drive_poll(struct drive *d)
{
	poll(d, true);
}

bool drive_wait(struct drive *d, bool transfer)
{
	/* few and growing: what does not come at once mostly never comes */
	static const uint16_t usec[2][DRIVE_PATIENCE] = {{1000, 1000, 2000, 4000},
							 {125, 875, 3000, 12000}};

	poll(d, false);
	for (unsigned i = 0; i < d->patience && !d->wait.done; i++) {
		drive_step(d, usec[transfer][i]);
		poll(d, false);
	}
	if (!d->wait.done && d->patience > 1)
		d->patience /= 2; /* what this op wants is not going to happen */
	d->wait.active = false;
	return d->wait.done;
}

/* ---- ops ----------------------------------------------------------------------------------- */

void drive_op_erst(struct drive *d, const struct op *op)
{
	unsigned segments = (unsigned)ARG(op, ERST, segments), trbs = (unsigned)ARG(op, ERST, trbs);

	drive_need(d);
	drive_intr_setup(d, (unsigned)ARG(op, ERST, intr) & 1023, segments ? segments : 1,
			 trbs ? trbs : 64);
}

/* `never`: events are still looked at, but ERDP stays. `once`: ERDP moves on count events. */
void drive_op_ack(struct drive *d, const struct op *op)
{
	unsigned count = (unsigned)ARG(op, ACK, count);

	if (ARG(op, ACK, mode) != ACK_ONCE) {
		d->ack_mode = (uint8_t)ARG(op, ACK, mode);
		return;
	}
	drive_need(d);
	drive_poll(d);
	for (unsigned i = 0; i < d->intr_count; i++) {
		struct drive_event_ring *r = &d->intr[i];
		bool cycle = true;

		if (!r->open)
			continue;
		for (unsigned n = 0; !count || n < count; n++) {
			if (r->ack_segment == r->segment && r->ack_index == r->index)
				break;
			advance(r, &r->ack_segment, &r->ack_index, &cycle);
		}
		acknowledge(d, i);
	}
}
