// SPDX-License-Identifier: MIT
/*
 * mfindex.c -- the microframe index (xHCI 4.14.2, 5.5.1): it counts while the controller runs, and with
 * EU3S stands while no port is in use. Its wrap is an event if software wants one.
 */
#include "xhci/xhci.h"

#define MICROFRAME_NS 125000u
#define MFINDEX_WRAP 0x4000u /* 14 bits */

uint64_t xhci_microframe(const struct xhci *x)
{
	uint64_t now_ns = x->mfindex_stands ? x->mfindex_stood_ns : x->g->clock.now_ns;

	return xhci_running(x) ? (now_ns - x->mfindex_base_ns) / MICROFRAME_NS : 0;
}

void xhci_mfindex_arm(struct xhci *x)
{
	uint64_t wraps;

	clock_disarm(&x->g->clock, &x->mfindex_timer);
	if (!xhci_running(x))
		x->mfindex_stands = false;
	if (!xhci_running(x) || !(x->usbcmd & USBCMD_EWE) || x->mfindex_stands)
		return;
	wraps = xhci_microframe(x) / MFINDEX_WRAP + 1;
	clock_arm(&x->g->clock, &x->mfindex_timer,
		  x->mfindex_base_ns + wraps * MFINDEX_WRAP * MICROFRAME_NS);
}

static void wrapped(void *opaque)
{
	struct xhci *x = opaque;
	struct trb event = {
		.status = (uint32_t)CC_SUCCESS << 24,
		.control = trb_type_bits(TRB_EV_MFINDEX),
	};

	xhci_event_post(x, 0, &event, false);
	xhci_mfindex_arm(x);
}

void xhci_mfindex_init(struct xhci *x)
{
	x->mfindex_timer = (struct timer){.fire = wrapped, .opaque = x};
}

void xhci_mfindex_start(struct xhci *x)
{
	x->mfindex_stands = false;
	x->mfindex_base_ns = x->g->clock.now_ns;
	xhci_mfindex_update(x);
	xhci_mfindex_arm(x);
}

/* xHCI 5.4.1 EU3S: every port is in U3, or nobody is enabled there. */
static bool may_stand(const struct xhci *x)
{
	if (!xhci_running(x) || !(x->usbcmd & USBCMD_EU3S))
		return false;
	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].portsc & PORTSC_PED && xhci_port_state(&x->port[i]) != PLS_U3)
			return false;
	return true;
}

void xhci_mfindex_update(struct xhci *x)
{
	uint64_t now_ns = x->g->clock.now_ns;
	bool stands = may_stand(x);

	if (stands == x->mfindex_stands)
		return;
	if (stands)
		x->mfindex_stood_ns = now_ns;
	else
		x->mfindex_base_ns += now_ns - x->mfindex_stood_ns;
	x->mfindex_stands = stands;
	xhci_mfindex_arm(x);
}
