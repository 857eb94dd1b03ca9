// SPDX-License-Identifier: MIT
/*
 * isoch.c -- when isochronous TDs have their turn (xHCI 4.10.3, 4.11.2.5, 4.14.2): one per service
 * interval; as soon as possible (SIA), or in the frame that the TRB names, or never if that frame has
 * gone. And how much one may move: what an interval has room for.
 * Left out: the scheduling threshold (IST), as nothing is prefetched here; TBC and TLBPC, as a packet
 * stands for all transactions of an interval.
 */
#include "xhci/xhci.h"

#define FRAME_NS 1000000u
#define FRAME_IDS 2048u   /* 11 bits */
#define FRAMES_AHEAD 895u /* xHCI 4.11.2.5: the window of valid ids */
#define CATCH_UP_NS                                                                                \
	8000000 /* virtual time may jump: that much is made good, older turns are lost */

static unsigned frame_id(const struct trb *t)
{
	return (unsigned)bits(t->control, 30, 20);
}

bool xhci_isoch_due(struct xhci_ep *ep, uint64_t *ret_ns)
{
	const struct xhci *x = ep->x;
	const struct td_trb *t = td_first(&ep->td);
	uint64_t frame = (x->g->clock.now_ns - x->mfindex_base_ns) / FRAME_NS;
	unsigned ahead;

	*ret_ns = 0;
	if (t->bad || trb_type(&t->trb) != TRB_ISOCH || t->trb.control & TRB_SIA || ep->td.placed)
		return true;
	ahead = (frame_id(&t->trb) - (unsigned)(frame % FRAME_IDS)) % FRAME_IDS;
	if (ahead > FRAMES_AHEAD)
		return false;
	ep->td.placed = true;
	if (ahead)
		*ret_ns = x->mfindex_base_ns + (frame + ahead) * FRAME_NS;
	return true;
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

bool xhci_isoch_overrun(struct xhci_ep *ep, uint32_t moved)
{
	ep->td.interval_bytes += moved;
	return ep->td.interval_bytes >= xhci_interval_payload(ep) && td_bytes(&ep->td);
}
