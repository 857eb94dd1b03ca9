// SPDX-License-Identifier: MIT
/*
 * drive_command.c -- commands (xHCI 4.6): put, wait, keep the books; getting an endpoint out of
 * Halted and Error (xHCI 4.8.3, 4.10.2.1).
 */
#include "op/drive_core.h"

static bool place(uint64_t addr, unsigned *index)
{
	if (addr < DRIVE_COMMAND || addr >= DRIVE_COMMAND + DRIVE_COMMAND_TRBS * TRB_SIZE)
		return false;
	*index = (unsigned)(addr - DRIVE_COMMAND) / TRB_SIZE;
	return true;
}

void drive_command_note(struct drive *d, uint64_t addr, const struct trb *t)
{
	unsigned i;

	if (!place(addr, &i))
		return;
	d->command_type[i] = (uint8_t)trb_type(t);
	d->command_slot[i] = (uint8_t)trb_slot(t);
}

static void endpoints_gone(struct drive_slot *s)
{
	for (unsigned dci = 2; dci < 32; dci++) {
		s->ep[dci].configured = false;
		s->ep[dci].ring.trbs = 0;
	}
	s->configured = s->listening = false;
	s->listen = 0;
	s->fresh = false;
}

void drive_command_done(struct drive *d, const struct trb *event)
{
	struct drive_slot *s;
	unsigned i, type;

	d->command.dequeue = event->parameter;
	if (!place(event->parameter, &i))
		return;
	type = d->command_type[i];
	d->command_type[i] = 0;
	if (trb_completion(event) != CC_SUCCESS)
		return;
	if (type == TRB_ENABLE_SLOT) {
		drive_slot_forget(d, trb_slot(event));
		s = drive_slot_get(d, trb_slot(event));
		s->enabled = true;
		return;
	}
	if (!d->slot_used[d->command_slot[i]])
		return;
	s = d->slot[d->command_slot[i]];
	if (type == TRB_DISABLE_SLOT) {
		uint8_t zero[8] = {0};

		drive_mem_write(d, DRIVE_DCBAA + s->id * 8, zero, 8);
		drive_slot_forget(d, s->id);
	} else if (type == TRB_RESET_DEVICE) {
		s->addressed = false;
		endpoints_gone(s);
	} else if (type == TRB_ADDRESS_DEVICE) {
		s->addressed = true;
	}
}

unsigned drive_command(struct drive *d, uint64_t parameter, uint32_t status, uint32_t control)
{
	struct trb t = {parameter, status, control};

	memset(&d->wait, 0, sizeof(d->wait));
	drive_command_note(d, d->command.enqueue, &t);
	d->wait.trb = drive_ring_put(d, &d->command, &t);
	d->wait.active = true;
	drive_doorbell(d, 0, 0, 0);
	return drive_wait(d, false) ? d->wait.cc : 0;
}

bool drive_enable_slot(struct drive *d, unsigned port)
{
	uint32_t type = (uint32_t)d->caps.slot_type[port & 0xff] << 16;

	return drive_command(d, 0, 0, trb_type_bits(TRB_ENABLE_SLOT) | type) == CC_SUCCESS;
}

void drive_ep_recover(struct drive *d, struct drive_slot *s, unsigned dci)
{
	uint32_t who = (uint32_t)s->id << 24 | dci << 16;
	unsigned state = drive_ep_state(d, s, dci);
	struct drive_ep *ep = &s->ep[dci];
	bool stalled = ep->last_cc == CC_STALL;

	if (state != EP_HALTED && state != EP_ERROR && !ep->stuck)
		return;
	if (state == EP_HALTED)
		drive_command(d, 0, 0, trb_type_bits(TRB_RESET_ENDPOINT) | who);
	else if (state != EP_ERROR) /* it may run though its context still says Stopped: 4.8.3 */
		drive_command(d, 0, 0, trb_type_bits(TRB_STOP_ENDPOINT) | who);
	drive_command(d, drive_ep_ring(d, s, dci)->enqueue | ep->ring.cycle, 0,
		      trb_type_bits(TRB_SET_TR_DEQUEUE) | who);
	ep->ring.dequeue = ep->ring.enqueue;
	ep->stuck = false;
	ep->last_cc = 0;
	if (state == EP_HALTED && stalled && dci > 1) /* CLEAR_FEATURE(ENDPOINT_HALT), USB2 9.4.1 */
		drive_control_out(d, s, 0x02, 1, 0, ep->address);
}

/* ---- op `command` --------------------------------------------------------------------------- */

static uint32_t control_flags(unsigned type, uint32_t flags)
{
	uint32_t control = 0;

	if ((type == TRB_ADDRESS_DEVICE && flags & COMMAND_FLAG_BSR) ||
	    (type == TRB_CONFIGURE_ENDPOINT && flags & COMMAND_FLAG_DC) ||
	    (type == TRB_RESET_ENDPOINT && flags & COMMAND_FLAG_TSP))
		control |= 1u << 9;
	if (type == TRB_STOP_ENDPOINT && flags & COMMAND_FLAG_SP)
		control |= TRB_SP;
	return control;
}

/* What the command points at, made ready unless the op names an address. */
static uint64_t parameter(struct drive *d, struct drive_slot *s, unsigned type, unsigned dci,
			  bool polite)
{
	struct drive_ring *r;

	switch (type) {
	case TRB_ADDRESS_DEVICE:
		if (polite)
			drive_input_address(d, s);
		return DRIVE_INPUT;
	case TRB_CONFIGURE_ENDPOINT:
		if (polite)
			drive_input_configure(d, s);
		return DRIVE_INPUT;
	case TRB_EVALUATE_CONTEXT:
		if (polite)
			drive_input_evaluate(d, s);
		return DRIVE_INPUT;
	case TRB_SET_TR_DEQUEUE:
		r = drive_ep_ring(d, s, dci);
		return r->enqueue | r->cycle;
	case TRB_GET_PORT_BW:
	case TRB_GET_EXT_PROPERTY:
		return DRIVE_DATA;
	default:
		return 0;
	}
}

static bool names_slot(unsigned type)
{
	return type != TRB_ENABLE_SLOT && type != TRB_NO_OP_COMMAND && type != TRB_GET_PORT_BW;
}

/* The root hub's ports unless the op names a hub's slot; at high speed unless it names one as `stream`. */
static uint32_t bandwidth_of_what(const struct op *op)
{
	uint32_t speed = (uint32_t)ARG(op, COMMAND, stream) & 15;

	return (uint32_t)(ARG(op, COMMAND, slot) & 0xff) << 24 | (speed ? speed : 3) << 16;
}

static bool names_endpoint(unsigned type)
{
	return type == TRB_RESET_ENDPOINT || type == TRB_STOP_ENDPOINT ||
		type == TRB_SET_TR_DEQUEUE;
}

void drive_op_command(struct drive *d, const struct op *op)
{
	unsigned type = (unsigned)ARG(op, COMMAND, type) & 63;
	unsigned dci = (unsigned)ARG(op, COMMAND, ring) & 31;
	uint32_t flags = (uint32_t)ARG(op, COMMAND, flags);
	bool polite = op->addr_kind % ADDR_KINDS == ADDR_AUTO;
	struct drive_slot *s;
	struct trb t = {0};

	drive_need(d);
	s = drive_slot_pick(d, ARG(op, COMMAND, slot));
	dci = dci ? dci : 1;
	t.parameter = drive_resolve_in(d, op, s, dci, parameter(d, s, type, dci, polite));
	t.status = type == TRB_SET_TR_DEQUEUE ? (uint32_t)ARG(op, COMMAND, stream) << 16 : 0;
	t.control = trb_type_bits(type) | control_flags(type, flags);
	if (names_slot(type))
		t.control |= (uint32_t)s->id << 24;
	if (type == TRB_ENABLE_SLOT) /* `stream` is its type */
		t.control |= ((uint32_t)ARG(op, COMMAND, stream) & 31) << 16;
	if (type == TRB_GET_PORT_BW)
		t.control |= bandwidth_of_what(op);
	if (names_endpoint(type))
		t.control |= dci << 16;
	if (flags & (COMMAND_FLAG_NO_WAIT | COMMAND_FLAG_NO_DOORBELL)) {
		drive_command_note(d, d->command.enqueue, &t);
		drive_ring_put(d, &d->command, &t);
		if (!(flags & COMMAND_FLAG_NO_DOORBELL))
			drive_doorbell(d, 0, 0, 0);
		return;
	}
	if (drive_command(d, t.parameter, t.status, t.control) != CC_SUCCESS)
		return;
	if (type == TRB_ENABLE_SLOT)
		d->current = d->wait.ret_slot;
	else if (type == TRB_CONFIGURE_ENDPOINT && flags & COMMAND_FLAG_DC)
		endpoints_gone(s);
	else if (type == TRB_CONFIGURE_ENDPOINT)
		drive_endpoints_added(s);
	else if (type == TRB_SET_TR_DEQUEUE && polite)
		s->ep[dci].ring.dequeue = s->ep[dci].ring.enqueue;
}
