// SPDX-License-Identifier: MIT
/*
 * transfer.c -- execute TDs (xHCI 4.10, 4.11): one packet at a time is handed to the device,
 * its bytes are spread over the TD's TRBs, events are posted as the TRBs' flags ask.
 * When isochronous TDs have their turn is in isoch.c.
 */
#include "xhci/xhci.h"

#define SETUP_BYTES 8u
#define BYTES_PER_TRB 2048u /* a packet's bytes use up budget, too */

enum outcome {
	OUTCOME_GO_ON,
	OUTCOME_WAIT,   /* for the device, for time, or for software */
	OUTCOME_BUDGET, /* more to do, later */
};

/* ---- packets ---- */

static bool ends_short(const struct usb_packet *p, const struct xhci_ep *ep)
{
	uint32_t mps = p->ep && p->ep->max_packet ? p->ep->max_packet : ep->max_packet;

	if (p->pid == USB_IN && p->actual < p->len && xhci_ahead_began(ep))
		return true; /* what the device sends next belongs to the TD behind */
	return usb_packet_ends_short(p, mps);
}

static void packet_complete(struct usb_packet *p)
{
	struct xhci_ep *ep = p->opaque;

	xhci_queue_ep(ep);
	if (!ep->x->working && !ep->x->defer)
		xhci_work(ep->x);
}

/*
 * Nobody answers: is it the hub that should translate (xHCI 4.10.2.6), or what is behind it? A hub that is
 * there answers for a device that is not.
 */
static enum completion_code silence_code(const struct xhci_ep *ep)
{
	const struct slot *s = &ep->x->slots[ep->slot], *hub;

	if (slot_ctx_speed(s->dw) != USB_SPEED_FULL && slot_ctx_speed(s->dw) != USB_SPEED_LOW)
		return CC_TRANSACTION;
	hub = xhci_slot_get(ep->x, slot_ctx_tt_slot(s->dw));
	return hub && !xhci_slot_device(ep->x, hub) ? CC_SPLIT : CC_TRANSACTION;
}

static enum completion_code failure_code(const struct xhci_ep *ep, const struct usb_packet *p)
{
	switch (p->status) {
	case USB_STALL:
		return CC_STALL;
	case USB_BABBLE:
		return xhci_isoch_buffer_short(ep, p) ? CC_ISOCH_OVERRUN : CC_BABBLE;
	default:
		return silence_code(ep);
	}
}

static uint32_t packet_bytes(const struct xhci_ep *ep)
{
	uint32_t chunk = xhci_ahead_pipe(ep) ? USB_PIPELINE_COMBINE : ep->x->chunk;

	if (ep->interval_ns) /* one service interval */
		return xhci_interval_payload(ep) - ep->td.interval_bytes;
	return chunk - chunk % ep->max_packet;
}

struct usb_packet *xhci_transfer_packet(struct xhci_ep *ep, const struct td *td,
					const struct xhci_ahead *behind, enum usb_pid pid,
					uint32_t len)
{
	struct usb_device *dev = xhci_slot_device(ep->x, &ep->x->slots[ep->slot]);
	struct usb_packet *p = usb_packet_new(dev, pid, ep->dci / 2, len);

	p->stream = ep->stream;
	p->complete = packet_complete;
	p->opaque = ep;
	p->short_not_ok = !td->complete || len < td_bytes(td);
	p->int_req = xhci_td_int_req(td);
	for (const struct xhci_ahead *a = behind; a && a->combined; a = a->next)
		p->int_req |= xhci_td_int_req(&a->td);
	if (pid == USB_IN && behind && behind->combined)
		p->short_not_ok = true; /* the TDs after the one it ends in have not begun then */
	if (pid == USB_SETUP) {
		put_le64(p->data, td->trb[td->first].trb.parameter);
	} else if (pid == USB_OUT && !xhci_payload_fill(ep, td, behind, p)) {
		usb_packet_free(p);
		return NULL;
	}
	return p;
}

void xhci_transfer_cost(const struct usb_packet *p, unsigned *budget)
{
	*budget -= (unsigned)min_u64(*budget, 1 + p->len / BYTES_PER_TRB);
}

/* A packet for the first held TRB. NULL: its data could not be read. */
static struct usb_packet *make_packet(struct xhci_ep *ep, unsigned type, unsigned *budget)
{
	uint32_t len = (uint32_t)min_u64(td_bytes(&ep->td), packet_bytes(ep));
	enum usb_pid pid = ep->td.in ? USB_IN : USB_OUT;

	if (type == TRB_SETUP)
		pid = USB_SETUP, len = SETUP_BYTES;
	else if (type == TRB_STATUS)
		len = 0;
	else if (len)
		len = xhci_ahead_combine(ep, &ep->td, &ep->ahead, len, budget);
	return xhci_transfer_packet(ep, &ep->td, ep->ahead, pid, len);
}

static enum outcome wait_for_device(struct xhci_ep *ep)
{
	xhci_nak_ep(ep);
	return OUTCOME_WAIT;
}

static void advance_stage(struct xhci_ep *ep, unsigned type)
{
	if (ep->type != EP_CONTROL)
		return;
	if (type == TRB_SETUP)
		ep->stage = STAGE_DATA_OR_STATUS;
	else if (type == TRB_DATA)
		ep->stage = STAGE_STATUS;
	else if (type == TRB_STATUS)
		ep->stage = STAGE_SETUP;
}

static enum outcome packet_ok(struct xhci_ep *ep, struct usb_packet *p, unsigned type)
{
	bool is_short = ends_short(p, ep), in_data = p->pid == USB_IN;

	if (!in_data)
		p->actual = p->len; /* what a device took, it took whole */
	ep->td.sent = true;
	ep->packet = NULL;
	if (type == TRB_SETUP || type == TRB_STATUS) {
		advance_stage(ep, type);
		xhci_td_finish_trb(ep);
	} else {
		if (ep->stage == STAGE_DATA_OR_STATUS)
			advance_stage(ep, TRB_DATA);
		if (!xhci_payload_spread(ep, p)) {
			usb_packet_free(p);
			xhci_td_fail(ep, CC_DATA_BUFFER);
			return OUTCOME_GO_ON;
		}
		if (is_short && td_first(&ep->td))
			xhci_td_short(ep);
		else if (xhci_ep_is_isoch(ep) && ep->td.active && xhci_isoch_overrun(ep, p->actual))
			xhci_td_fail(ep, CC_BANDWIDTH_OVERRUN);
	}
	usb_packet_free(p);
	return OUTCOME_GO_ON;
}

static enum outcome packet_done(struct xhci_ep *ep, enum usb_status status)
{
	struct usb_packet *p = ep->packet;
	unsigned type = trb_type(&td_first(&ep->td)->trb);
	enum completion_code code;

	if (xhci_ep_is_isoch(ep))
		xhci_isoch_served(ep);
	else if (ep->interval_ns)
		ep->next_service_ns = ep->x->g->clock.now_ns + ep->interval_ns;
	switch (status) {
	case USB_OK:
		ep->retries = 0;
		return packet_ok(ep, p, type);
	case USB_NAK:
		if (xhci_ep_is_isoch(ep)) { /* no handshake: nothing came in this interval */
			p->actual = 0;
			return packet_ok(ep, p, type);
		}
		xhci_ahead_take_back(ep);
		return wait_for_device(ep);
	case USB_XACT: /* xHCI 4.10.2.3: CErr tries in all, 0 = for ever */
		if (xhci_ep_is_isoch(ep))
			break;
		if (!ep_ctx_cerr(ep->dw) || ++ep->retries < ep_ctx_cerr(ep->dw)) {
			xhci_ahead_take_back(ep);
			usb_packet_free(p);
			ep->packet = NULL;
			return wait_for_device(ep);
		}
		break;
	default: /* a babbling device's data is not delivered (xHCI 4.10.2.4) */
		break;
	}
	code = failure_code(ep, p);
	usb_packet_free(p);
	ep->packet = NULL;
	if (td_first(&ep->td))
		xhci_td_fail(ep, code);
	return OUTCOME_GO_ON;
}

static enum outcome send(struct xhci_ep *ep, unsigned type, unsigned *budget)
{
	struct usb_device *dev = xhci_slot_device(ep->x, &ep->x->slots[ep->slot]);
	enum usb_status status;

	if (!dev) {
		xhci_td_fail(ep, silence_code(ep));
		return OUTCOME_GO_ON;
	}
	if (!ep->packet) {
		ep->packet = make_packet(ep, type, budget);
		if (!ep->packet) {
			xhci_td_fail(ep, CC_DATA_BUFFER);
			return OUTCOME_GO_ON;
		}
	}
	xhci_transfer_cost(ep->packet, budget);
	status = usb_packet_submit(ep->packet);
	if (status == USB_ASYNC)
		return OUTCOME_GO_ON; /* with what may follow it */
	return packet_done(ep, status);
}

/* ---- the TD ---- */

static enum outcome run_first(struct xhci_ep *ep, unsigned *budget)
{
	struct td *td = &ep->td;
	struct td_trb *t = td_first(td);
	unsigned type = trb_type(&t->trb);

	if (t->bad) {
		xhci_td_trb_error(ep);
	} else if (type == TRB_LINK) {
		xhci_td_finish_trb(ep);
	} else if (td->skip) {
		xhci_td_look_through(ep);
	} else if (type == TRB_EVENT_DATA || type == TRB_NO_OP) {
		xhci_td_finish_trb(ep);
	} else if (type == TRB_SETUP || type == TRB_STATUS || td_bytes(td)) {
		return send(ep, type, budget);
	} else if (td->sent || !td->complete) {
		xhci_td_finish_trb(ep); /* an empty TRB beside others */
	} else {
		return send(ep, type, budget); /* a zero-length TD is one zero-length packet */
	}
	return OUTCOME_GO_ON;
}

/* The isochronous TD held goes on, waits for its frame, or has missed it. */
static enum outcome place_isoch(struct xhci_ep *ep, unsigned *budget)
{
	uint64_t not_before_ns;

	if (!xhci_isoch_due(ep, &not_before_ns)) {
		xhci_td_missed(ep);
		return OUTCOME_GO_ON;
	}
	if (not_before_ns <= ep->x->g->clock.now_ns) {
		if (!xhci_isoch_pinged(ep)) {
			xhci_isoch_served(ep);
			xhci_slot_device(ep->x, &ep->x->slots[ep->slot]); /* the ping wakes it */
			xhci_td_fail(ep, CC_NO_PING);
			return OUTCOME_GO_ON;
		}
		return run_first(ep, budget);
	}
	ep->next_service_ns = not_before_ns;
	clock_arm(&ep->x->g->clock, &ep->timer, not_before_ns);
	return OUTCOME_WAIT;
}

static enum outcome step(struct xhci_ep *ep, unsigned *budget)
{
	if (ep->packet && ep->packet->state == USB_PACKET_WITH_DEVICE)
		return xhci_ahead_run(ep, budget) ? OUTCOME_BUDGET : OUTCOME_WAIT;
	if (ep->packet && ep->packet->state == USB_PACKET_DONE)
		return packet_done(ep, ep->packet->status);
	if (ep->x->halting)
		return OUTCOME_WAIT; /* until R/S = 1 */
	if (ep->interval_ns && ep->x->g->clock.now_ns < ep->next_service_ns && !ep->td.skip &&
	    !ep->td.interval_bytes) {
		clock_arm(&ep->x->g->clock, &ep->timer, ep->next_service_ns);
		return OUTCOME_WAIT;
	}
	if (!ep->packet) {
		switch (xhci_td_gather(ep, &ep->td, packet_bytes(ep), budget)) {
		case TD_READY:
			ep->idle_reported = false;
			break;
		case TD_WAIT:
			ep->rung = false;
			ep->dry |= !ep->td.active;
			xhci_td_ring_dry(ep);
			return OUTCOME_WAIT;
		case TD_BUDGET:
			return OUTCOME_BUDGET;
		case TD_HOST_ERROR:
			xhci_host_system_error(ep->x);
			return OUTCOME_WAIT;
		}
	}
	if (xhci_ep_is_isoch(ep) && !ep->packet && !ep->td.skip)
		return place_isoch(ep, budget);
	return run_first(ep, budget);
}

static void settle(struct xhci_ep *ep)
{
	struct usb_packet *p = ep->packet;
	bool halting = ep->owner->state != EP_RUNNING;

	usb_packet_cancel(p); /* if it is with the device: p->actual bytes of it have moved */
	if (p->state == USB_PACKET_DONE && (!halting || p->status == USB_OK)) {
		packet_done(ep, p->status);
		return;
	}
	ep->packet = NULL;
	ep->retries = 0;
	if (p->actual && p->state == USB_PACKET_IDLE && ep->type != EP_CONTROL) {
		ep->td.sent = true;
		if (!xhci_payload_spread(ep, p))
			xhci_td_fail(ep, CC_DATA_BUFFER);
	}
	usb_packet_free(p);
}

/* What is left of a TD moves nothing, but what is behind it may have: end it. */
static void end_td(struct xhci_ep *ep)
{
	while (ep->ahead && !ep->packet && td_first(&ep->td) && !td_first(&ep->td)->bad &&
	       (ep->td.skip || (ep->td.sent && !td_bytes(&ep->td)))) {
		if (ep->td.skip)
			xhci_td_look_through(ep);
		else
			xhci_td_finish_trb(ep);
	}
}

void xhci_transfer_settle(struct xhci_ep *ep)
{
	xhci_ahead_take_back(ep);
	end_td(ep);
	while (ep->packet) { /* a TD that is over gives its place to the next, and its packet */
		settle(ep);
		end_td(ep);
	}
}

bool xhci_transfer_run(struct xhci_ep *ep, unsigned *budget)
{
	struct xhci *x = ep->x;

	/* Until Address Device is over, its endpoint 0 belongs to the command. */
	if (x->command_waiting && x->address.slot == ep->slot)
		return false;
	while (ep->state == EP_RUNNING && xhci_running(x) && pci_master_enabled(x->g)) {
		if (xhci_event_full(x) || !*budget)
			return true;
		switch (step(ep, budget)) {
		case OUTCOME_GO_ON:
			break;
		case OUTCOME_WAIT:
			return false;
		case OUTCOME_BUDGET:
			return true;
		}
	}
	return ep->state == EP_RUNNING && xhci_running(x);
}
