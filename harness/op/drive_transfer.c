// SPDX-License-Identifier: MIT
/*
 * drive_transfer.c -- TDs (xHCI 3.2.9 to 3.2.11, 4.11.2): control, bulk, interrupt; and
 * isochronous ones as soon as possible.
 */
#include "op/drive_core.h"

#define CONTROL_RUDE                                                                               \
	(CONTROL_NO_STATUS | CONTROL_NO_SETUP | CONTROL_WRONG_DIR | CONTROL_NO_DOORBELL)
#define LISTEN_BYTES 64u

/* ---- control ------------------------------------------------------------------------------- */

static uint64_t setup_parameter(const struct drive_control *c)
{
	return c->type | (uint64_t)c->request << 8 | (uint64_t)c->value << 16 |
		(uint64_t)c->index << 32 | (uint64_t)c->length << 48;
}

static void put_data(struct drive *d, struct drive_ring *r, const struct drive_control *c, bool in)
{
	bool event_data = c->flags & CONTROL_EVENT_DATA;
	struct trb t = {c->data, c->trb_length & 0x1ffff, trb_type_bits(TRB_DATA)};

	if (in)
		t.control |= TRB_DIR_IN | TRB_ISP;
	if (c->flags & CONTROL_IDT) {
		t.control |= TRB_IDT;
		drive_mem_read(d, c->data, &t.parameter, 8);
	}
	if (c->flags & CONTROL_IOC_DATA)
		t.control |= TRB_IOC;
	if (event_data)
		t.control |= TRB_CH;
	drive_ring_put(d, r, &t);
	if (event_data) {
		t = (struct trb){r->enqueue, 0, trb_type_bits(TRB_EVENT_DATA) | TRB_IOC};
		drive_ring_put(d, r, &t);
	}
}

unsigned drive_control(struct drive *d, struct drive_slot *s, const struct drive_control *c)
{
	struct drive_ring *r = drive_ep_ring(d, s, 1);
	bool in = c->type & 0x80, wrong = c->flags & CONTROL_WRONG_DIR;
	uint32_t trt = !c->length ? TRT_NO_DATA : in ? TRT_IN : TRT_OUT;
	struct trb t;

	drive_ep_recover(d, s, 1);
	if (!drive_ring_room(r, 4))
		return 0;
	memset(&d->wait, 0, sizeof(d->wait));
	if (!(c->flags & CONTROL_NO_SETUP)) {
		t = (struct trb){setup_parameter(c), 8,
				 trb_type_bits(TRB_SETUP) | TRB_IDT | trt << TRB_TRT_SHIFT};
		drive_ring_put(d, r, &t);
	}
	if (c->trb_length || c->length)
		put_data(d, r, c, in ^ wrong);
	if (!(c->flags & CONTROL_NO_STATUS)) {
		bool status_in = (!(in && c->length)) ^ wrong;

		t = (struct trb){
			0, 0, trb_type_bits(TRB_STATUS) | TRB_IOC | (status_in ? TRB_DIR_IN : 0)};
		d->wait.trb = drive_ring_put(d, r, &t);
	}
	if (!(c->flags & CONTROL_NO_DOORBELL))
		drive_doorbell(d, s->id, 1, 0);
	if (c->flags & CONTROL_RUDE)
		return 0;
	d->wait.active = true;
	d->wait.slot = s->id;
	d->wait.dci = 1;
	if (!drive_wait(d, true)) {
		s->ep[1].stuck = true;
		return 0;
	}
	return d->wait.cc;
}

int drive_control_in(struct drive *d, struct drive_slot *s, uint8_t type, uint8_t request,
		     uint16_t value, uint16_t index, void *buf, uint16_t len)
{
	struct drive_control c = {type, request, value, index, len, len, 0, 0};
	uint64_t mark = d->data_next;
	unsigned cc;
	int got = -1;

	c.data = drive_data_alloc(d, len);
	cc = drive_control(d, s, &c);
	if (cc == CC_SUCCESS || cc == CC_SHORT_PACKET) {
		got = (int)(len - min_u64(d->wait.residual, len));
		drive_mem_read(d, c.data, buf, (size_t)got);
	}
	d->data_next = mark;
	return got;
}

bool drive_control_out(struct drive *d, struct drive_slot *s, uint8_t type, uint8_t request,
		       uint16_t value, uint16_t index)
{
	struct drive_control c = {type, request, value, index, 0, 0, 0, 0};

	return drive_control(d, s, &c) == CC_SUCCESS;
}

void drive_op_control_out(struct drive *d, const struct op *op)
{
	uint16_t len = op->blob_len;
	struct drive_control c = {(uint8_t)(ARG(op, CONTROL_OUT, type) & 0x7f),
				  (uint8_t)ARG(op, CONTROL_OUT, request),
				  (uint16_t)ARG(op, CONTROL_OUT, value),
				  (uint16_t)ARG(op, CONTROL_OUT, index),
				  len,
				  len,
				  0,
				  0};
	uint64_t mark;
	struct drive_slot *s;

	drive_need(d);
	s = drive_slot_ready(d, ARG(op, CONTROL_OUT, slot), MODEL_KEYBOARD);
	mark = d->data_next;
	c.data = drive_data_alloc(d, len);
	if (len)
		drive_mem_write(d, c.data, op->blob, len);
	drive_control(d, s, &c);
	if (!s->ep[1].stuck)
		d->data_next = mark;
}

void drive_op_control(struct drive *d, const struct op *op)
{
	struct drive_control c = {
		(uint8_t)ARG(op, CONTROL, type),    (uint8_t)ARG(op, CONTROL, request),
		(uint16_t)ARG(op, CONTROL, value),  (uint16_t)ARG(op, CONTROL, index),
		(uint16_t)ARG(op, CONTROL, length), (uint32_t)ARG(op, CONTROL, trb_length),
		(uint32_t)ARG(op, CONTROL, flags),  0};
	uint64_t mark;
	struct drive_slot *s;

	drive_need(d);
	s = drive_slot_ready(d, ARG(op, CONTROL, slot), MODEL_KEYBOARD);
	if (!c.type && !c.request && !c.value && !c.index && !c.length) {
		c.type = 0x80; /* all zero means something that works: the device descriptor */
		c.request = 6;
		c.value = 0x0100;
		c.length = 18;
	}
	if (!c.trb_length)
		c.trb_length = c.length;
	mark = d->data_next;
	c.data = drive_data_alloc(d, c.trb_length);
	if (!(c.type & 0x80))
		drive_data_pattern(d, c.data, c.trb_length);
	drive_control(d, s, &c);
	if (!s->ep[1].stuck)
		d->data_next = mark;
}

/* ---- bulk and interrupt, for our own use --------------------------------------------------- */

/* count TRBs over len bytes; xHCI 4.11.2.4 TD Size: packets still to come after this TRB. */
uint64_t drive_td_put(struct drive *d, struct drive_ring *r, const struct drive_ep *ep,
		      uint64_t addr, uint32_t len, unsigned count, uint32_t flags, unsigned type)
{
	uint32_t packet = ep->max_packet ? ep->max_packet : 1, done = 0;
	uint64_t last = r->enqueue;

	for (unsigned i = 0; i < count; i++) {
		uint32_t part = i + 1 == count ? len - done : len / count;
		bool end = i + 1 == count;
		uint32_t left = (len - done - part + packet - 1) / packet;
		struct trb t = {addr + done, part | (uint32_t)min_u64(end ? 0 : left, 31) << 17,
				trb_type_bits(i ? TRB_NORMAL : type)};

		if (!i && type == TRB_ISOCH)
			t.control |= TRB_SIA;
		if (flags & TRANSFER_IDT) {
			t.control |= TRB_IDT;
			drive_mem_read(d, addr + done, &t.parameter, 8);
		}
		if (flags & TRANSFER_ISP)
			t.control |= TRB_ISP;
		if (!end || flags & (TRANSFER_CHAIN_LAST | TRANSFER_EVENT_DATA))
			t.control |= TRB_CH;
		else if (!(flags & TRANSFER_NO_IOC))
			t.control |= TRB_IOC;
		last = drive_ring_put(d, r, &t);
		done += part;
	}
	if (flags & TRANSFER_EVENT_DATA) {
		struct trb t = {last, 0, trb_type_bits(TRB_EVENT_DATA) | TRB_IOC};

		drive_ring_put(d, r, &t);
	}
	return last;
}

unsigned drive_bulk(struct drive *d, struct drive_slot *s, unsigned dci, uint64_t addr,
		    uint32_t len)
{
	struct drive_ring *r = drive_ep_ring(d, s, dci);
	unsigned count = len > 0x10000 ? (len + 0xffff) / 0x10000 : 1;

	drive_ep_recover(d, s, dci);
	if (!drive_ring_room(r, count))
		return 0;
	memset(&d->wait, 0, sizeof(d->wait));
	d->wait.trb = drive_td_put(d, r, &s->ep[dci], addr, len, count, TRANSFER_ISP, TRB_NORMAL);
	d->wait.active = true;
	d->wait.slot = s->id;
	d->wait.dci = (uint8_t)dci;
	drive_doorbell(d, s->id, dci, 0);
	if (!drive_wait(d, true)) {
		s->ep[dci].stuck = true;
		return 0;
	}
	return d->wait.cc;
}

unsigned drive_ep_first(const struct drive_slot *s, bool in, unsigned kinds)
{
	for (unsigned dci = 2; dci < 32; dci++) {
		const struct drive_ep *ep = &s->ep[dci];

		if (ep->configured && !(ep->address & 0x80) == !in &&
		    kinds & 1u << (ep->attributes & 3))
			return dci;
	}
	return 0;
}

void drive_listen(struct drive *d, struct drive_slot *s)
{
	unsigned dci = drive_ep_first(s, true, 1u << 3);
	uint64_t addr = DRIVE_LISTEN + (s->id + 14u) % 15 * LISTEN_BYTES;

	if (!dci || s->listening)
		return;
	if (!drive_ring_room(drive_ep_ring(d, s, dci), 1))
		return;
	s->listen = (uint8_t)dci;
	s->listening = true;
	drive_td_put(d, &s->ep[dci].ring, &s->ep[dci], addr,
		     (uint32_t)min_u64(s->ep[dci].max_packet, LISTEN_BYTES), 1, TRANSFER_ISP,
		     TRB_NORMAL);
	drive_doorbell(d, s->id, dci, 0);
}

void drive_listen_all(struct drive *d)
{
	for (unsigned id = 1; id < ARRAY_SIZE(d->slot); id++)
		if (d->slot_used[id] && d->slot[id]->configured && d->slot[id]->class_code == 3)
			drive_listen(d, d->slot[id]);
}

/* ---- op `transfer` -------------------------------------------------------------------------- */

/*
 * A length that no driver of a small machine would use is folded, so that a wild number costs
 * little: 128 KiB at most, else 1 KiB at most.
 */
uint32_t drive_length_fold(uint64_t length)
{
	return length <= DRIVE_MAX_TRANSFER ? (uint32_t)length : (uint32_t)length & 0x3ff;
}

void drive_op_transfer(struct drive *d, const struct op *op)
{
	unsigned dci = (unsigned)ARG(op, TRANSFER, ring) & 31;
	uint32_t len = drive_length_fold(ARG(op, TRANSFER, length));
	unsigned count = (unsigned)ARG(op, TRANSFER, trbs);
	uint32_t flags = (uint32_t)ARG(op, TRANSFER, flags);
	struct drive_slot *s;
	struct drive_ring *r;
	uint64_t addr;
	unsigned type;

	drive_need(d);
	s = dci && d->current ? drive_slot_pick(d, ARG(op, TRANSFER, slot))
			      : drive_slot_ready(d, ARG(op, TRANSFER, slot), MODEL_KEYBOARD);
	dci = dci ? dci : drive_ep_first(s, true, 1u << 2 | 1u << 3);
	if (!dci)
		return;
	len = len ? len : op->blob_len ? op->blob_len : s->ep[dci].max_packet;
	count = count ? count : len > 0x10000 ? 2 : 1;
	count = (unsigned)min_u64(count, DRIVE_RING_TRBS - 3);
	r = drive_ep_ring(d, s, dci);
	drive_ep_recover(d, s, dci);
	if (!drive_ring_room(r, count + 1))
		return;
	addr = drive_data_alloc(d, len);
	if (op->blob_len)
		drive_mem_write(d, addr, op->blob, min_u64(op->blob_len, len));
	else if (!(dci & 1))
		drive_data_pattern(d, addr, len);
	type = flags & TRANSFER_ISOCH || (s->ep[dci].known && (s->ep[dci].attributes & 3) == 1)
		? TRB_ISOCH
		: TRB_NORMAL;
	drive_td_put(d, r, &s->ep[dci], addr, len, count, flags, type);
	if (!(flags & TRANSFER_NO_DOORBELL))
		drive_doorbell(d, s->id, dci, 0);
}
