// SPDX-License-Identifier: MIT
/*
 * completion.c -- what software is told about a TD (xHCI 4.10.1, 4.10.2, 4.10.3, 4.11.5.2):
 * Transfer Events by the TRBs' flags, short packets, errors, and where Stop Endpoint found it.
 */
#include "xhci/xhci.h"

void xhci_transfer_event(struct xhci_ep *ep, const struct td_trb *t, enum completion_code code,
			 uint32_t residual)
{
	struct trb event = {
		.parameter = t->addr,
		.status = (residual & XHCI_EDTLA_MASK) | (uint32_t)code << 24,
		.control = trb_type_bits(TRB_EV_TRANSFER) | (uint32_t)ep->dci << 16 |
			(uint32_t)ep->slot << 24,
	};

	if (trb_type(&t->trb) == TRB_EVENT_DATA) {
		event.parameter = t->trb.parameter;
		event.control |= TRB_EV_ED;
	}
	xhci_event_post(ep->x, trb_interrupter(&t->trb), &event, t->trb.control & TRB_BEI);
}

/* The oldest TRB has done all it can without trouble. */
void xhci_td_finish_trb(struct xhci_ep *ep)
{
	struct td_trb *t = td_first(&ep->td);

	if (trb_type(&t->trb) == TRB_EVENT_DATA) {
		if (t->trb.control & TRB_IOC)
			xhci_transfer_event(ep, t, CC_SUCCESS, ep->td.edtla);
		ep->td.edtla = 0;
	} else if (t->trb.control & TRB_IOC) {
		xhci_transfer_event(ep, t, CC_SUCCESS, 0);
	}
	/* In a Link TRB the bit means Toggle Cycle; and the last TRB of a TD leaves nothing to evaluate. */
	if (trb_type(&t->trb) != TRB_LINK)
		ep->td.evaluate_next = t->trb.control & TRB_ENT;
	xhci_td_retire(ep);
}

/* xHCI 4.10.2: report it and halt; isochronous endpoints never halt. */
void xhci_td_fail(struct xhci_ep *ep, enum completion_code code)
{
	struct td_trb *t = td_first(&ep->td);

	xhci_transfer_event(ep, t, code, t->length - t->done);
	if (xhci_ep_is_isoch(ep)) {
		ep->td.skip = true;
		ep->td.isp_reported = true;
		ep->td.residual = t->length - t->done;
		usb_packet_free(ep->packet);
		ep->packet = NULL;
		xhci_td_retire(ep);
		return;
	}
	xhci_ep_park_td(ep);
	ep->stage = STAGE_SETUP;
	if (ep->owner->state != EP_RUNNING)
		return; /* a stream of an endpoint that another one has halted */
	if (ep->owner->streams)
		ep->owner->streams->halted = ep;
	xhci_ep_set_state(ep, EP_HALTED);
}

void xhci_td_trb_error(struct xhci_ep *ep)
{
	xhci_transfer_event(ep, td_first(&ep->td), CC_TRB, 0);
	xhci_ep_drop_td(ep);
	xhci_ep_set_state(ep, EP_ERROR);
}

/* A short packet: the rest of the TD is only looked through (xHCI 4.10.1.1). */
void xhci_td_short(struct xhci_ep *ep)
{
	struct td *td = &ep->td;
	struct td_trb *t = td_first(td);
	uint32_t residual = t->length - t->done;

	td->skip = true;
	td->residual = residual;
	td->isp_reported = (t->trb.control & (TRB_ISP | TRB_IOC)) == TRB_ISP;
	if (t->trb.control & (TRB_ISP | TRB_IOC))
		xhci_transfer_event(ep, t, CC_SHORT_PACKET, residual);
	xhci_td_retire(ep);
}

/* After a short packet: events of the TRBs that moved nothing any more. */
void xhci_td_look_through(struct xhci_ep *ep)
{
	struct td *td = &ep->td;
	struct td_trb *t = td_first(td);
	bool event_data = trb_type(&t->trb) == TRB_EVENT_DATA;
	bool quiet = td->missed ||
		(event_data && td->event_data_seen && !(ep->x->profile->hccparams1 & HCC1_PAE));

	td->event_data_seen |= event_data;
	if (t->trb.control & TRB_IOC && !quiet)
		xhci_transfer_event(ep, t, CC_SHORT_PACKET,
				    event_data                 ? td->edtla
					    : td->isp_reported ? td->residual
							       : t->length);
	if (event_data)
		td->edtla = 0;
	xhci_td_retire(ep);
}

void xhci_td_missed(struct xhci_ep *ep)
{
	struct td_trb *t = td_first(&ep->td);
	struct td_trb here = {.addr = t->addr, .trb.status = t->trb.status};

	xhci_transfer_event(ep, &here, CC_MISSED_SERVICE, 0);
	ep->td.skip = ep->td.missed = true;
	xhci_td_retire(ep);
}

/* xHCI 4.10.3.1: an isochronous ring ran dry; reported once per dry stretch. */
void xhci_td_ring_dry(struct xhci_ep *ep)
{
	struct td_trb t = {0};

	if (!xhci_ep_is_isoch(ep) || ep->td.active || ep->idle_reported)
		return;
	ep->idle_reported = true;
	if (ep->x->profile->hci_version >= 0x0110)
		t.addr = ep->ring.dequeue;
	xhci_transfer_event(ep, &t, ep->type == EP_ISOCH_IN ? CC_RING_OVERRUN : CC_RING_UNDERRUN,
			    0);
}

bool xhci_stop_report(struct xhci_ep *ep)
{
	struct td *td = &ep->td;
	struct td_trb *t = td_first(td);
	struct td_trb here = {.addr = t ? t->addr : ep->ring.dequeue}; /* never as Event Data */

	if (!td->active)
		return false;
	if (t)
		here.trb.status = t->trb.status & ~0x3fffffu; /* the interrupter */
	if (td->skip && ep->x->profile->hccparams1 & HCC1_SPC)
		xhci_transfer_event(ep, &here, CC_STOPPED_SHORT, td->edtla);
	else if (t && t->length && !td->skip)
		xhci_transfer_event(ep, &here, CC_STOPPED, t->length - t->done);
	else if (!t && td->resume && !td->skip) /* stopped again before it was fetched again */
		xhci_transfer_event(ep, &here, CC_STOPPED, td->resume_left);
	else
		xhci_transfer_event(ep, &here, CC_STOPPED_LENGTH, 0);
	return true;
}

void xhci_stop_report_idle(struct xhci_ep *ep)
{
	struct td_trb here = {.addr = ep->ring.dequeue};

	if (ep->x->profile->forced_stop_event)
		xhci_transfer_event(ep, &here, CC_STOPPED_LENGTH, 0);
}

void xhci_stop_park(struct xhci_ep *ep)
{
	struct td *td = &ep->td;

	xhci_ep_park_td(ep);
	if (!td->sent && !td->resume && !td->skip && !td->edtla)
		td_clear(td); /* nothing of it has happened: software may rewrite it */
}

/*
 * xHCI 4.11.7.1 ENT: the next TRB is evaluated before the endpoint's state is saved, so that the Event Data
 * TRB of data that has moved is not left for later.
 */
static void evaluate_next(struct xhci_ep *ep)
{
	unsigned budget = 2; /* the TRB, or a Link and the TRB */
	struct td *td = &ep->td;

	if (ep->packet || !td->active || !td->evaluate_next || td->skip)
		return;
	if (!td->count && xhci_td_gather(ep, td, 1, &budget) == TD_HOST_ERROR)
		xhci_host_system_error(ep->x);
	if (td->count && !td_first(td)->bad && trb_type(&td_first(td)->trb) == TRB_EVENT_DATA)
		xhci_td_finish_trb(ep);
}

void xhci_transfer_stop(struct xhci_ep *ep)
{
	xhci_transfer_settle(ep);
	if (ep->state == EP_RUNNING)
		evaluate_next(ep);
	if (ep->state != EP_RUNNING)
		return;
	if (!xhci_stop_report(ep))
		xhci_stop_report_idle(ep);
	xhci_stop_park(ep);
}
