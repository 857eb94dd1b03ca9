// SPDX-License-Identifier: MIT
/*
 * td.c -- gather the TRBs of one TD (xHCI 3.2.8, 4.11, 6.4.1) and say which may stand where.
 * At most XHCI_WINDOW TRBs are held; a longer TD slides through the window, so a TD chained
 * for ever costs a bounded amount of memory and, by the budget, of time.
 */
#include "xhci/xhci.h"

#define TRB_MAX_BYTES 65536u /* xHCI 6.4.1: a data buffer is at most 64 KiB */

void td_clear(struct td *td)
{
	memset(td, 0, offsetof(struct td, trb));
}

struct td_trb *td_first(struct td *td)
{
	return td->count ? &td->trb[td->first] : NULL;
}

uint32_t td_bytes(const struct td *td)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < td->count; i++) {
		const struct td_trb *t = &td->trb[(td->first + i) % XHCI_WINDOW];

		if (!t->bad)
			sum += t->length - t->done;
	}
	return sum;
}

static bool moves_data(unsigned type)
{
	return type == TRB_NORMAL || type == TRB_DATA || type == TRB_ISOCH;
}

static bool setup_valid(const struct trb *t)
{
	uint8_t request_type = t->parameter & 0xff, request = (t->parameter >> 8) & 0xff;

	if (!(t->control & TRB_IDT) || trb_length(t) != 8)
		return false;
	return !(request_type == 0x00 && request == 0x05); /* SET_ADDRESS: xHCI 4.5.4.1 */
}

static bool starts_control_td(const struct xhci_ep *ep, const struct trb *t)
{
	switch (trb_type(t)) {
	case TRB_SETUP:
		return setup_valid(t);
	case TRB_DATA:
		return ep->stage == STAGE_DATA_OR_STATUS;
	case TRB_STATUS:
		return ep->stage != STAGE_SETUP;
	case TRB_NO_OP:
		return true;
	default:
		return false;
	}
}

static bool continues_td(unsigned type)
{
	return type == TRB_NORMAL || type == TRB_EVENT_DATA || type == TRB_NO_OP;
}

static bool type_valid(const struct xhci_ep *ep, const struct td *td, const struct trb *t)
{
	unsigned type = trb_type(t);

	if (type == TRB_LINK)
		return true;
	if (td->active)
		return continues_td(type);
	if (ep->type == EP_CONTROL)
		return starts_control_td(ep, t);
	if (ep->type == EP_ISOCH_IN || ep->type == EP_ISOCH_OUT)
		return type == TRB_ISOCH || type == TRB_NO_OP || type == TRB_EVENT_DATA;
	return continues_td(type);
}

static bool direction_in(const struct xhci_ep *ep, const struct trb *t)
{
	if (ep->type == EP_CONTROL)
		return t->control & TRB_DIR_IN;
	return ep->dci & 1;
}

static bool data_valid(const struct td *td, const struct trb *t)
{
	if (!moves_data(trb_type(t)))
		return true;
	if (t->control & TRB_IDT)
		return trb_length(t) <= 8 && !td->in;
	return trb_length(t) <= TRB_MAX_BYTES;
}

static void hold(const struct xhci_ep *ep, struct td *td, const struct trb *t, uint64_t addr)
{
	struct td_trb *held;
	bool valid = type_valid(ep, td, t), ends = !(t->control & TRB_CH);

	/* A Setup Stage TRB is a TD of its own whatever its chain bit says (xHCI 4.11.2.2); a Link
	 * TRB ends none and, between TDs, is none. */
	if (trb_type(t) == TRB_SETUP)
		ends = true;
	else if (trb_type(t) == TRB_LINK)
		ends = !td->active;
	if (!td->active) {
		td_clear(td);
		td->active = true;
		td->in = direction_in(ep, t);
	}
	held = &td->trb[(td->first + td->count++) % XHCI_WINDOW];
	*held = (struct td_trb){.addr = addr, .cycle = t->control & TRB_CYCLE, .trb = *t};
	held->bad = !valid || !data_valid(td, t);
	if (!held->bad && moves_data(trb_type(t)))
		held->length = trb_length(t);
	held->done = (uint32_t)min_u64(td->resume, held->length);
	td->resume = 0;
	td->complete = held->bad || ends;
}

enum td_poll xhci_td_gather(struct xhci_ep *ep, struct td *td, uint32_t want, unsigned *budget)
{
	struct dma_tag tag = {DMA_XFER_TRB, ep->slot, ep->dci};

	while (!(td->count && (td->complete || td_bytes(td) >= want || td->count == XHCI_WINDOW))) {
		struct trb t;
		uint64_t addr;

		switch (xhci_ring_fetch(ep->x, &ep->ring, tag, budget, true, &t, &addr)) {
		case RING_READY:
			hold(ep, td, &t, addr);
			break;
		case RING_EMPTY:
			return TD_WAIT;
		case RING_BUDGET:
			return TD_BUDGET;
		case RING_ERROR:
			return TD_HOST_ERROR;
		}
	}
	return TD_READY;
}

void xhci_td_retire(struct xhci_ep *ep)
{
	struct td *td = &ep->td;

	REQUIRE(td->count > 0);
	td->first = (td->first + 1) % XHCI_WINDOW;
	td->count--;
	if (!td->count && td->complete) {
		td_clear(td);
		xhci_ahead_next(ep);
	}
}
