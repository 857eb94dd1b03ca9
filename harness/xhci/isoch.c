// SPDX-License-Identifier: MIT
/*
 * isoch.c -- when isochronous TDs have their turn (xHCI 4.10.3, 4.11.2.5, 4.14.2): one per service
 * interval; as soon as possible (SIA), or in the frame that the TRB names, or never if that frame has
 * gone or is too close. And how much one may move, and whether the link is awake for it.
 * Nothing is prefetched here, so the scheduling threshold (IST) counts for the TD that finds the ring
 * dry: those behind it could have been. Left out: TBC and TLBPC, as a packet stands for all transactions
 * of an interval.
 */
#include "xhci/xhci.h"

#define FRAME_NS 1000000u
#define MICROFRAME_NS 125000u
#define IST_IN_FRAMES 8u  /* xHCI 5.3.4: else in microframes */
#define FRAME_IDS 2048u   /* 11 bits */
#define FRAMES_AHEAD 895u /* xHCI 4.11.2.5: the window of valid ids */
#define CATCH_UP_NS                                                                                \
	8000000 /* virtual time may jump: that much is made good, older turns are lost */

static unsigned frame_id(const struct trb *t)
{
	return (unsigned)bits(t->control, 30, 20);
}

/* Is it for the TRB to say when? Without CFC only behind an empty ring: what follows has the next turns. */
static bool names_frame(const struct xhci_ep *ep, const struct td_trb *t)
{
	if (t->bad || trb_type(&t->trb) != TRB_ISOCH || t->trb.control & TRB_SIA || ep->td.placed)
		return false;
	return ep->dry || ep->x->profile->hccparams1 & HCC1_CFC;
}

/* Frames from this one to the first that a TD may name when it comes (xHCI 4.11.2.5). */
static unsigned threshold(const struct xhci_ep *ep, uint64_t microframe)
{
	unsigned ist = ep->x->profile->ist;
	unsigned microframes = ist & IST_IN_FRAMES ? (ist & 7) * 8 : ist & 7;

	return ep->dry ? (unsigned)((microframe % 8 + microframes) / 8) + 1 : 0;
}

bool xhci_isoch_due(struct xhci_ep *ep, uint64_t *ret_ns)
{
	const struct xhci *x = ep->x;
	const struct td_trb *t = td_first(&ep->td);
	uint64_t since_ns = x->g->clock.now_ns - x->mfindex_base_ns, frame = since_ns / FRAME_NS;
	unsigned ahead;

	*ret_ns = 0;
	if (!names_frame(ep, t))
		return true;
	ahead = (frame_id(&t->trb) - (unsigned)(frame % FRAME_IDS)) % FRAME_IDS;
	if (ahead > FRAMES_AHEAD || ahead < threshold(ep, since_ns / MICROFRAME_NS))
		return false;
	ep->td.placed = true;
	if (ahead)
		*ret_ns = x->mfindex_base_ns + (frame + ahead) * FRAME_NS;
	return true;
}

bool xhci_isoch_pinged(struct xhci_ep *ep)
{
	const struct slot *s = &ep->x->slots[ep->slot];
	const struct xhci_port *p = xhci_port_get(ep->x, s->root_port);
	enum port_link_state now;
	unsigned wakes_usec = 0;

	if (!p || p->protocol != 3 || ep->td.sent)
		return true;
	now = xhci_port_idle_state(p);
	if (now == PLS_U1)
		wakes_usec = ep->x->profile->u1_exit_usec;
	else if (now == PLS_U2)
		wakes_usec = ep->x->profile->u2_exit_usec;
	return wakes_usec <= slot_ctx_mel(s->dw);
}

void xhci_isoch_served(struct xhci_ep *ep)
{
	uint64_t now_ns = ep->x->g->clock.now_ns;

	if (ep->dry || ep->next_service_ns + CATCH_UP_NS < now_ns)
		ep->next_service_ns = now_ns;
	ep->next_service_ns += ep->interval_ns;
	ep->dry = false;
}

uint32_t xhci_interval_payload(const struct xhci_ep *ep)
{
	return ep->max_packet * (ep_ctx_max_burst(ep->dw) + 1) * (ep_ctx_mult(ep->dw) + 1);
}

bool xhci_isoch_buffer_short(const struct xhci_ep *ep, const struct usb_packet *p)
{
	return ep->type == EP_ISOCH_IN &&
		p->len < xhci_interval_payload(ep) - ep->td.interval_bytes;
}

bool xhci_isoch_overrun(struct xhci_ep *ep, uint32_t moved)
{
	ep->td.interval_bytes += moved;
	return ep->td.interval_bytes >= xhci_interval_payload(ep) && td_bytes(&ep->td);
}
