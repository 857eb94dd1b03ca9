// SPDX-License-Identifier: MIT
/*
 * command_endpoint.c -- commands on one endpoint: Reset Endpoint (xHCI 4.6.8), Stop Endpoint
 * (4.6.9), Set TR Dequeue Pointer (4.6.10).
 */
#include "xhci/xhci.h"

/* The endpoint a command names, or the code that says why there is none. */
static int find(struct xhci *x, const struct command *c, unsigned slot_id, struct xhci_ep **ret)
{
	unsigned dci = trb_endpoint(&c->trb);

	if (!xhci_slot_get(x, slot_id))
		return CC_SLOT_NOT_ENABLED;
	if (dci < 1)
		return CC_TRB;
	*ret = xhci_ep_get(x, slot_id, dci);
	return *ret ? CC_SUCCESS : CC_CONTEXT_STATE; /* Disabled is not a state to do this in */
}

int xhci_command_reset_endpoint(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct xhci_ep *ep, *halted;
	int code = find(x, c, *slot_id, &ep);

	if (code != CC_SUCCESS)
		return code;
	if (ep->state != EP_HALTED)
		return CC_CONTEXT_STATE;
	halted = ep->streams && ep->streams->halted ? ep->streams->halted : ep;
	if (!(c->trb.control & TRB_TSP)) /* else the TD is tried again where it stood */
		td_clear(&halted->td);
	halted->retries = 0;
	xhci_ep_set_state(ep, EP_STOPPED);
	return CC_SUCCESS;
}

int xhci_command_stop_endpoint(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct xhci_ep *ep;
	int code = find(x, c, *slot_id, &ep);

	if (code != CC_SUCCESS)
		return code;
	if (ep->state != EP_RUNNING)
		return CC_CONTEXT_STATE;
	xhci_unqueue_ep(ep);
	if (ep->streams)
		xhci_stream_stop(ep);
	else
		xhci_transfer_stop(ep); /* its event comes before the command's: xHCI 4.6.9 */
	if (ep->state != EP_RUNNING)
		return CC_CONTEXT_STATE; /* it halted first */
	xhci_ep_set_state(ep, EP_STOPPED);
	return CC_SUCCESS;
}

int xhci_command_set_dequeue(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct xhci_ep *ep;
	int code = find(x, c, *slot_id, &ep);

	if (code != CC_SUCCESS)
		return code;
	if (ep->state != EP_STOPPED && ep->state != EP_ERROR)
		return CC_CONTEXT_STATE;
	if (ep->streams) {
		code = xhci_stream_set_dequeue(ep, trb_stream(&c->trb), c->trb.parameter);
		if (code != CC_SUCCESS)
			return code;
	} else {
		if (trb_stream(&c->trb))
			return CC_STREAM_ID;
		if (stream_ctx_type(c->trb.parameter))
			return CC_STREAM_TYPE;
		xhci_ep_drop_td(ep);
		ep->ring = (struct ring){c->trb.parameter & ~UINT64_C(0xf), c->trb.parameter & 1};
	}
	if (ep->state == EP_ERROR)
		xhci_ep_set_state(ep, EP_STOPPED);
	else
		xhci_context_write_ep(x, *slot_id, ep->dci);
	return CC_SUCCESS;
}
