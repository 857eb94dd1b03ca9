// SPDX-License-Identifier: MIT
/*
 * ring.c -- the consumer's walk over command and transfer rings (xHCI 4.9.2, 4.9.3, 4.11.5.1).
 * Each TRB is read from guest memory exactly once. Link TRBs cost budget, so a ring that only
 * links to itself ends in RING_BUDGET, never in a hang and never in an error.
 */
#include "xhci/xhci.h"

#define LINK_COST 8u /* of the budget: links move nothing, so a loop of them is cut short early */

static void follow_link(struct ring *ring, const struct trb *link)
{
	ring->dequeue = link->parameter & ~UINT64_C(0xf);
	if (link->control & TRB_TC)
		ring->cycle = !ring->cycle;
}

enum ring_poll xhci_ring_fetch(struct xhci *x, struct ring *ring, struct dma_tag tag,
			       unsigned *budget, bool show_links, struct trb *ret_trb,
			       uint64_t *ret_addr)
{
	while (*budget) {
		uint8_t raw[TRB_SIZE];
		uint64_t addr = ring->dequeue;

		if (dma_read(x->g, tag, addr, raw, sizeof(raw)) != DMA_OK)
			return RING_ERROR;
		*ret_trb = trb_decode(raw);
		if ((ret_trb->control & TRB_CYCLE) != (ring->cycle ? TRB_CYCLE : 0))
			return RING_EMPTY;
		*ret_addr = addr;
		if (trb_type(ret_trb) != TRB_LINK) {
			--*budget;
			ring->dequeue = addr + TRB_SIZE;
			return RING_READY;
		}
		*budget -= (unsigned)min_u64(*budget, LINK_COST);
		follow_link(ring, ret_trb);
		if (show_links && ret_trb->control & TRB_IOC)
			return RING_READY;
	}
	return RING_BUDGET;
}
