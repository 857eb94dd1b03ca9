// SPDX-License-Identifier: MIT
/*
 * endpoint.c -- an enabled endpoint: creation from its context, state changes (xHCI 4.8.3),
 * what happens to the TD under way when it leaves Running.
 */
#include "heap.h"
#include "xhci/xhci.h"

#define MICROFRAME_NS 125000u

static void service_due(void *opaque)
{
	struct xhci_ep *ep = opaque;

	xhci_queue_ep(ep);
	if (!ep->x->working && !ep->x->defer)
		xhci_work(ep->x);
}

static bool is_periodic(unsigned type)
{
	return type == EP_INTERRUPT_IN || type == EP_INTERRUPT_OUT || type == EP_ISOCH_IN ||
		type == EP_ISOCH_OUT;
}

bool xhci_ep_is_isoch(const struct xhci_ep *ep)
{
	return ep->type == EP_ISOCH_IN || ep->type == EP_ISOCH_OUT;
}

struct xhci_ep *xhci_ep_new(struct xhci *x, unsigned slot_id, unsigned dci, const uint32_t dw[8])
{
	struct xhci_ep *ep = heap_zero(sizeof(*ep));
	unsigned type = ep_ctx_type(dw);

	ep->x = x;
	ep->owner = ep;
	ep->dry = true;
	ep->slot = (uint8_t)slot_id;
	ep->dci = (uint8_t)dci;
	ep->type = (uint8_t)type;
	ep->state = EP_RUNNING;
	ep->max_packet = (uint16_t)ep_ctx_max_packet(dw);
	memcpy(ep->dw, dw, sizeof(ep->dw));
	ep->ring = (struct ring){ep_ctx_dequeue(dw), ep_ctx_dcs(dw)};
	if (is_periodic(type)) /* the exponent is at most 18: xhci_context_ep_check */
		ep->interval_ns = (uint64_t)MICROFRAME_NS << ep_ctx_interval(dw);
	if (ep_ctx_max_pstreams(dw))
		ep->streams = xhci_streams_new(dw);
	ep->timer = (struct timer){.fire = service_due, .opaque = ep};
	x->live_endpoints++;
	return ep;
}

void xhci_ep_free(struct xhci_ep *ep)
{
	if (!ep)
		return;
	xhci_streams_free(ep);
	xhci_unqueue_ep(ep);
	clock_disarm(&ep->x->g->clock, &ep->timer);
	xhci_ahead_drop(ep);
	usb_packet_free(ep->packet);
	ep->x->live_endpoints--;
	heap_free(ep);
}

void xhci_ep_set_state(struct xhci_ep *ep, enum ep_state state)
{
	/* xHCI figure 4-5: which states may follow, as bits. Disabled is a freed endpoint. */
	static const uint8_t next[] = {
		[EP_RUNNING] = 1 << EP_HALTED | 1 << EP_STOPPED | 1 << EP_ERROR,
		[EP_HALTED] = 1 << EP_STOPPED,
		[EP_STOPPED] = 1 << EP_RUNNING,
		[EP_ERROR] = 1 << EP_STOPPED,
	};
	bool leaves;

	ep = ep->owner;
	if (ep->state == state)
		return;
	REQUIRE(state <= EP_ERROR && next[ep->state] & 1 << state);
	leaves = ep->state == EP_RUNNING;
	ep->state = (uint8_t)state;
	if (ep->streams)
		xhci_stream_set_state(ep, state, leaves);
	if (state == EP_RUNNING)
		return;
	ep->rung = false;
	ep->dry = true;
	xhci_context_write_ep(ep->x, ep->slot, ep->dci);
}

static void drop_packet(struct xhci_ep *ep)
{
	usb_packet_free(ep->packet);
	ep->packet = NULL;
	ep->retries = 0;
}

void xhci_ep_park_td(struct xhci_ep *ep)
{
	struct td *td = &ep->td;
	struct td_trb *t = td_first(td);

	xhci_ahead_drop(ep);
	drop_packet(ep);
	if (t) {
		ep->ring = (struct ring){t->addr, t->cycle};
		td->resume = t->done;
		td->resume_left = t->length - t->done;
	}
	td->first = td->count = 0;
	td->complete = false;
}

void xhci_ep_drop_td(struct xhci_ep *ep)
{
	xhci_ep_park_td(ep);
	td_clear(&ep->td);
	ep->stage = STAGE_SETUP;
}

void xhci_ep_restart(struct xhci_ep *ep)
{
	xhci_ep_drop_td(ep);
	ep->rung = false;
	ep->state = EP_RUNNING;
}

void xhci_ep_wake(struct xhci_ep *ep)
{
	if (ep->streams)
		xhci_stream_wake(ep);
	else if (ep->rung)
		xhci_queue_ep(ep);
}
