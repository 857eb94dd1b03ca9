// SPDX-License-Identifier: MIT
/*
 * payload.c -- data between the buffers of a TD's TRBs and packets (xHCI 4.10.1, 4.11.2): which bytes
 * of which TRB a packet has, in both directions. What happens then is the business of transfer.c.
 */
#include "xhci/xhci.h"

static struct dma_tag data_tag(const struct xhci_ep *ep)
{
	return (struct dma_tag){DMA_DATA, ep->slot, ep->dci};
}

/* What one TD has for p from *filled bytes on. */
static bool fill_from(struct xhci_ep *ep, const struct td *td, struct usb_packet *p,
		      uint32_t *ret_filled)
{
	uint32_t filled = *ret_filled;

	for (unsigned i = 0; i < td->count && filled < p->len; i++) {
		const struct td_trb *t = &td->trb[(td->first + i) % XHCI_WINDOW];
		uint32_t n = (uint32_t)min_u64(t->length - t->done, p->len - filled);

		if (t->trb.control & TRB_IDT) {
			uint8_t raw[8];

			put_le64(raw, t->trb.parameter);
			memcpy(p->data + filled, raw + t->done, n);
		} else if (n &&
			   dma_read(ep->x->g, data_tag(ep), t->trb.parameter + t->done,
				    p->data + filled, n) != DMA_OK) {
			return false;
		}
		filled += n;
	}
	*ret_filled = filled;
	return true;
}

bool xhci_payload_fill(struct xhci_ep *ep, const struct td *td, const struct xhci_ahead *behind,
		       struct usb_packet *p)
{
	uint32_t filled = 0;

	for (;;) {
		if (!fill_from(ep, td, p, &filled))
			return false;
		if (filled == p->len)
			return true;
		REQUIRE(behind && behind->combined);
		td = &behind->td;
		behind = behind->next;
	}
}

bool xhci_payload_spread(struct xhci_ep *ep, const struct usb_packet *p)
{
	struct td *td = &ep->td;
	uint32_t left = p->actual, at = 0;

	for (;;) {
		struct td_trb *t = td_first(td);
		uint32_t n;

		if (!t || t->bad)
			return true;
		n = (uint32_t)min_u64(left, t->length - t->done);
		if (td->in && n &&
		    dma_write(ep->x->g, data_tag(ep), t->trb.parameter + t->done, p->data + at,
			      n) != DMA_OK)
			return false;
		t->done += n;
		td->sent |= n > 0;
		at += n;
		left -= n;
		td->edtla = (td->edtla + n) & XHCI_EDTLA_MASK;
		if (t->done < t->length)
			return true;
		xhci_td_finish_trb(ep);
		if (!left)
			return true;
	}
}
