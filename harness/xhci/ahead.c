// SPDX-License-Identifier: MIT
/*
 * ahead.c -- bulk endpoints whose device takes several packets at a time: while one is with it, the TDs
 * behind are fetched and submitted, too, in ring order and within the caps of usb/packet.h; and TDs
 * whose end software does not wait for go into the packet of the one before them.
 * The order of what software is told stays that of the ring: a TD is looked at when its turn has come,
 * whenever its packet was answered. If the one before it fails, it has not begun.
 * Left out: streams, whose devices choose among several packets anyway. Memory that cannot be read is
 * nobody's error here: it will be when the TD has its turn.
 */
#include "heap.h"
#include "xhci/xhci.h"

struct usb_endpoint *xhci_ahead_pipe(const struct xhci_ep *ep)
{
	struct usb_endpoint *pipe;
	struct usb_device *dev;

	if ((ep->type != EP_BULK_IN && ep->type != EP_BULK_OUT) || ep->stream)
		return NULL;
	dev = xhci_slot_device(ep->x, &ep->x->slots[ep->slot]);
	pipe = dev ? usb_endpoint_get(dev, ep->dci & 1 ? USB_IN : USB_OUT, ep->dci / 2) : NULL;
	return pipe && pipe->type == USB_EP_BULK && pipe->pipeline ? pipe : NULL;
}

static unsigned count(const struct xhci_ep *ep)
{
	unsigned n = 0;

	for (const struct xhci_ahead *a = ep->ahead; a; a = a->next)
		n++;
	return n;
}

/* The TD at *at, NULL if it is not whole on the ring or too long to be held. */
static struct xhci_ahead *look(struct xhci_ep *ep, struct xhci_ahead **at, unsigned *budget)
{
	struct xhci_ahead *a = *at;

	if (!a) {
		if (count(ep) == USB_PIPELINE_PACKETS)
			return NULL;
		a = heap_zero(sizeof(*a));
	}
	if (!a->td.complete)
		xhci_td_gather(ep, &a->td, USB_PIPELINE_COMBINE, budget);
	if (!a->td.count) {
		heap_free(a);
		return NULL;
	}
	*at = a;
	return a->td.complete ? a : NULL;
}

static const struct td_trb *trb_of(const struct td *td, unsigned i)
{
	return &td->trb[(td->first + i) % XHCI_WINDOW];
}

/* It is one packet, no more and no less. */
static bool fits(const struct td *td)
{
	for (unsigned i = 0; i < td->count; i++)
		if (trb_of(td, i)->bad)
			return false;
	return td_bytes(td) && td_bytes(td) <= USB_PIPELINE_COMBINE;
}

bool xhci_td_int_req(const struct td *td)
{
	for (unsigned i = 0; i < td->count; i++)
		if (trb_of(td, i)->trb.control & TRB_IOC)
			return true;
	return false;
}

uint32_t xhci_ahead_combine(struct xhci_ep *ep, const struct td *td, struct xhci_ahead **behind,
			    uint32_t len, unsigned *budget)
{
	const struct usb_endpoint *pipe = xhci_ahead_pipe(ep);
	uint32_t part = len;
	struct xhci_ahead *a;

	for (a = *behind; a && a->combined; a = a->next)
		a->combined = false;
	while (pipe && pipe->max_packet && part && part % pipe->max_packet == 0 && td->complete &&
	       part == td_bytes(td) && !xhci_td_int_req(td)) {
		a = look(ep, behind, budget);
		if (!a || a->packet || !fits(&a->td) ||
		    td_bytes(&a->td) > USB_PIPELINE_COMBINE - len)
			break;
		a->combined = true;
		part = td_bytes(&a->td);
		len += part;
		td = &a->td;
		behind = &a->next;
	}
	return len;
}

/* False: it is not with the device, so nothing may follow it. */
static bool submit(struct xhci_ep *ep, struct usb_endpoint *pipe, struct xhci_ahead *a,
		   unsigned *budget)
{
	struct usb_packet *p = a->packet;
	enum usb_status status;

	if (p && p->state == USB_PACKET_WITH_DEVICE)
		return true;
	if (p && p->state == USB_PACKET_DONE)
		return p->status == USB_OK;
	if (!p) {
		uint32_t len = xhci_ahead_combine(ep, &a->td, &a->next, td_bytes(&a->td), budget);

		p = xhci_transfer_packet(ep, &a->td, a->next, ep->td.in ? USB_IN : USB_OUT, len);
	}
	a->packet = p;
	if (!p || !usb_endpoint_takes(pipe, p->len))
		return false;
	xhci_transfer_cost(p, budget);
	status = usb_packet_submit(p);
	if (status == USB_NAK)
		xhci_nak_ep(ep);
	return status == USB_ASYNC || status == USB_OK;
}

bool xhci_ahead_run(struct xhci_ep *ep, unsigned *budget)
{
	struct usb_endpoint *pipe = ep->x->halting ? NULL : xhci_ahead_pipe(ep);
	struct xhci_ahead **at = &ep->ahead;

	while (pipe && *budget && ep->packet && usb_endpoint_takes(pipe, 1)) {
		struct xhci_ahead *a = look(ep, at, budget);

		if (!a)
			return !*budget;
		if (!a->combined && (!fits(&a->td) || !submit(ep, pipe, a, budget)))
			return false;
		at = &a->next;
	}
	return pipe && !*budget;
}

bool xhci_ahead_began(const struct xhci_ep *ep)
{
	for (const struct xhci_ahead *a = ep->ahead; a; a = a->next)
		if (a->packet && a->packet->state != USB_PACKET_IDLE)
			return true;
	return false;
}

void xhci_ahead_next(struct xhci_ep *ep)
{
	struct xhci_ahead *a = ep->ahead;

	if (!a)
		return;
	REQUIRE(!ep->packet);
	ep->td = a->td;
	ep->packet = a->packet;
	ep->ahead = a->next;
	heap_free(a);
}

static void take_back(struct xhci_ahead *a)
{
	for (;;) {
		struct xhci_ahead *newest = NULL;

		for (struct xhci_ahead *b = a; b; b = b->next)
			if (b->packet && b->packet->state == USB_PACKET_WITH_DEVICE)
				newest = b;
		if (!newest)
			return;
		usb_packet_cancel(newest->packet);
	}
}

void xhci_ahead_take_back(struct xhci_ep *ep)
{
	take_back(ep->ahead);
	for (struct xhci_ahead *a = ep->ahead; a; a = a->next) {
		if (!a->packet || a->packet->state != USB_PACKET_IDLE || a->packet->actual)
			continue;
		usb_packet_free(a->packet);
		a->packet = NULL;
	}
}

void xhci_ahead_drop(struct xhci_ep *ep)
{
	take_back(ep->ahead);
	while (ep->ahead) {
		struct xhci_ahead *a = ep->ahead;

		ep->ahead = a->next;
		usb_packet_free(a->packet);
		heap_free(a);
	}
}
