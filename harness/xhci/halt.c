// SPDX-License-Identifier: MIT
/*
 * halt.c -- R/S goes to 0 (xHCI 4.2, 5.4.1.1): nothing new is begun, what is with a device may still
 * end and have its events, and then HCH is set; at once if nothing is under way, after HALT_NS at the
 * latest. What was not over by then is taken back; its bytes count, and R/S = 1 goes on there.
 */
#include "xhci/xhci.h"

#define HALT_NS 1000000u /* of the 16 ms that are allowed */

static void each_pipe(struct xhci *x, void (*act)(struct xhci_ep *ep, void *opaque), void *opaque)
{
	for (unsigned id = 1; id <= x->profile->slots; id++)
		for (unsigned dci = 1; x->slots[id].state != SLOT_DISABLED && dci < 32; dci++) {
			struct xhci_ep *ep = x->slots[id].ep[dci];

			if (ep && ep->streams)
				xhci_stream_each(ep, act, opaque);
			else if (ep)
				act(ep, opaque);
		}
}

static void note_busy(struct xhci_ep *ep, void *opaque)
{
	bool *busy = opaque;

	if (ep->state == EP_RUNNING && ep->packet && ep->packet->state != USB_PACKET_IDLE)
		*busy = true;
}

static bool anything_under_way(struct xhci *x)
{
	bool busy = x->command_waiting;

	each_pipe(x, note_busy, &busy);
	return busy;
}

static void take_back(struct xhci_ep *ep, void *opaque)
{
	(void)opaque;
	if (ep->state == EP_RUNNING && ep->packet && ep->packet->state != USB_PACKET_IDLE)
		xhci_transfer_settle(ep);
}

static void time_is_up(void *opaque)
{
	struct xhci *x = opaque;

	if (pci_master_enabled(x->g) && !xhci_event_full(x))
		each_pipe(x, take_back, NULL);
	xhci_halt(x);
}

void xhci_halt_init(struct xhci *x)
{
	x->halt_timer = (struct timer){.fire = time_is_up, .opaque = x};
}

void xhci_halt_begin(struct xhci *x)
{
	if (!anything_under_way(x)) {
		xhci_halt(x);
		return;
	}
	x->halting = true;
	clock_arm(&x->g->clock, &x->halt_timer, x->g->clock.now_ns + HALT_NS);
}

void xhci_halt_go_on(struct xhci *x)
{
	if (x->halting && !anything_under_way(x))
		xhci_halt(x);
}
