// SPDX-License-Identifier: MIT
/*
 * port.c -- life of a root hub port (xHCI 4.19.1, 4.19.2, 5.4.8): power, connect, reset, change
 * bits and their events.
 */
#include "xhci/xhci.h"

enum port_link_state xhci_port_state(const struct xhci_port *p)
{
	return (enum port_link_state)((p->portsc & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT);
}

void xhci_port_set_state(struct xhci_port *p, enum port_link_state pls)
{
	p->portsc = (p->portsc & ~PORTSC_PLS_MASK) | (uint32_t)pls << PORTSC_PLS_SHIFT;
	xhci_mfindex_update(p->x);
}

/* ---- change bits ----------------------------------------------------------------------------- */

static void post_change(struct xhci_port *p)
{
	struct trb event = {
		.parameter = (uint64_t)p->number << 24,
		.status = (uint32_t)CC_SUCCESS << 24,
		.control = trb_type_bits(TRB_EV_PORT),
	};

	p->x->usbsts |= USBSTS_PCD;
	xhci_event_post(p->x, 0, &event, false);
}

/* Which changes wake the system (xHCI 4.15.2.3). */
static bool wakes(const struct xhci_port *p, uint32_t change_bits)
{
	if (change_bits & PORTSC_CSC)
		return p->portsc & (p->portsc & PORTSC_CCS ? PORTSC_WCE : PORTSC_WDE);
	if (change_bits & PORTSC_OCC)
		return p->portsc & PORTSC_WOE;
	return change_bits & PORTSC_PLC && xhci_port_state(p) == PLS_RESUME;
}

void xhci_port_change(struct xhci_port *p, uint32_t change_bits)
{
	bool quiet = !(p->portsc & PORTSC_CHANGES);

	p->portsc |= change_bits;
	if (wakes(p, change_bits))
		pci_wake(p->x->g);
	if (quiet && xhci_running(p->x))
		post_change(p);
}

void xhci_port_report(struct xhci *x)
{
	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].portsc & PORTSC_CHANGES)
			post_change(&x->port[i]);
}

/* ---- connect, disconnect, power -------------------------------------------------------------- */

struct usb_device *xhci_port_occupant(const struct xhci_port *p)
{
	struct usb_device *dev = p->connector->dev;

	if (!dev || (p->x->role_device && p->connector->number == p->x->connector_count))
		return NULL;
	return (dev->speed == USB_SPEED_SUPER) == (p->protocol == 3) ? dev : NULL;
}

static void connected(struct xhci_port *p, struct usb_device *dev)
{
	p->portsc = (p->portsc & ~(PORTSC_SPEED_MASK | PORTSC_PED | PORTSC_PR | PORTSC_CAS)) |
		PORTSC_CCS | (uint32_t)dev->speed << PORTSC_SPEED_SHIFT;
	usb_device_power(dev, true);
}

static void enabled(struct xhci_port *p, struct usb_device *dev)
{
	usb_device_reset(dev);
	p->portsc |= PORTSC_PED;
	p->busy_ns = p->x->g->clock.now_ns;
	xhci_port_set_state(p, PLS_U0);
}

void xhci_port_detect(struct xhci_port *p)
{
	struct usb_device *dev = xhci_port_occupant(p);

	if (!dev) {
		xhci_port_set_state(p, PLS_RXDETECT);
		return;
	}
	xhci_port_set_state(p, PLS_POLLING);
	if (p->protocol == 3) { /* the link trains by itself: xHCI 4.19.1.2 */
		xhci_port_begin(p, PORT_WAIT_TRAINING, p->x->profile->link_usec);
		return;
	}
	connected(p, dev);
	xhci_port_change(p, PORTSC_CSC);
}

void xhci_port_empty(struct xhci_port *p, uint32_t change_bits)
{
	clock_disarm(&p->x->g->clock, &p->timer);
	p->wait = PORT_WAIT_NOTHING;
	p->portsc &= ~(PORTSC_CCS | PORTSC_PED | PORTSC_PR | PORTSC_SPEED_MASK | PORTSC_CAS);
	xhci_port_set_state(p, PLS_RXDETECT);
	if (change_bits)
		xhci_port_change(p, change_bits);
}

void xhci_port_cut(struct xhci_port *p)
{
	struct usb_device *dev = xhci_port_occupant(p);

	if (xhci_port_state(p) == PLS_TEST)
		return;
	xhci_port_empty(p, p->portsc & PORTSC_CCS ? PORTSC_CSC : 0);
	if (dev)
		usb_device_reset(dev);
}

void xhci_port_power_off(struct xhci_port *p)
{
	struct usb_device *dev = xhci_port_occupant(p);

	xhci_port_empty(p, 0);
	p->portsc &= ~PORTSC_PP;
	xhci_port_set_state(p, PLS_DISABLED);
	if (dev)
		usb_device_power(dev, false);
}

/* ---- reset (xHCI 4.19.5) --------------------------------------------------------------------- */

static void reset_done(struct xhci_port *p, bool warm)
{
	struct usb_device *dev = xhci_port_occupant(p);
	uint32_t changes = PORTSC_PRC | (warm ? PORTSC_WRC : 0);

	p->portsc &= ~PORTSC_PR;
	if (!dev)
		return;
	if (!(p->portsc & PORTSC_CCS))
		changes |= PORTSC_CSC;
	connected(p, dev);
	enabled(p, dev);
	xhci_port_change(p, changes);
}

static void trained(struct xhci_port *p)
{
	struct usb_device *dev = xhci_port_occupant(p);

	if (!dev)
		return;
	connected(p, dev);
	enabled(p, dev);
	xhci_port_change(p, PORTSC_CSC);
}

void xhci_port_wait_over(void *opaque)
{
	struct xhci_port *p = opaque;
	enum xhci_port_wait wait = (enum xhci_port_wait)p->wait;

	p->wait = PORT_WAIT_NOTHING;
	switch (wait) {
	case PORT_WAIT_TRAINING:
		trained(p);
		break;
	case PORT_WAIT_RESET:
	case PORT_WAIT_WARM_RESET:
		reset_done(p, wait == PORT_WAIT_WARM_RESET);
		break;
	case PORT_WAIT_U0:
		xhci_port_resumed(p);
		break;
	case PORT_WAIT_NOTHING:
	case PORT_WAITS:
		break;
	}
}

void xhci_port_begin(struct xhci_port *p, enum xhci_port_wait wait, uint32_t usec)
{
	struct clock *c = &p->x->g->clock;

	clock_disarm(c, &p->timer);
	p->wait = (uint8_t)wait;
	if (usec)
		clock_arm(c, &p->timer, c->now_ns + usec * UINT64_C(1000));
	else
		xhci_port_wait_over(p);
}

/* xHCI 4.19.1: no transition without a device; a dead link knows only the warm reset. */
static bool can_reset(const struct xhci_port *p, bool warm)
{
	enum port_link_state now = xhci_port_state(p);

	if (!(p->portsc & PORTSC_PP) || p->portsc & PORTSC_PR || !xhci_port_occupant(p))
		return false;
	if (warm)
		return p->portsc & (PORTSC_CCS | PORTSC_CAS) || now == PLS_COMPLIANCE;
	return p->portsc & PORTSC_CCS && now != PLS_INACTIVE && now != PLS_COMPLIANCE;
}

static void start_reset(struct xhci_port *p, bool warm)
{
	if (!can_reset(p, warm))
		return;
	p->portsc = (p->portsc & ~PORTSC_PED) | PORTSC_PR;
	xhci_port_set_state(p, p->protocol == 2 || warm ? PLS_POLLING : PLS_HOT_RESET);
	xhci_port_begin(p, warm ? PORT_WAIT_WARM_RESET : PORT_WAIT_RESET,
			p->x->profile->port_reset_usec);
}

/* ---- PORTSC ---------------------------------------------------------------------------------- */

static void disable(struct xhci_port *p)
{
	clock_disarm(&p->x->g->clock, &p->timer);
	p->wait = PORT_WAIT_NOTHING;
	p->portsc &= ~PORTSC_PED;
	xhci_port_set_state(p, p->protocol == 3 ? PLS_DISABLED : PLS_POLLING);
}

static void write_power(struct xhci_port *p, bool on)
{
	if (!(p->x->profile->hccparams1 & HCC1_PPC) || on == !!(p->portsc & PORTSC_PP))
		return;
	if (!on) {
		xhci_port_power_off(p);
	} else if (!(p->portsc & PORTSC_OCA)) {
		p->portsc |= PORTSC_PP;
		xhci_port_detect(p);
	}
}

uint32_t xhci_port_read(const struct xhci_port *p)
{
	return (p->portsc & ~PORTSC_PLS_MASK) |
		(uint32_t)xhci_port_idle_state(p) << PORTSC_PLS_SHIFT;
}

void xhci_port_write(struct xhci_port *p, uint32_t value)
{
	uint32_t stored = PORTSC_WCE | PORTSC_WDE | PORTSC_WOE;

	if (p->x->profile->hccparams1 & HCC1_PIND)
		stored |= PORTSC_PIC_MASK;
	p->portsc &= ~(value & PORTSC_CHANGES);
	p->portsc = (p->portsc & ~stored) | (value & stored);
	write_power(p, value & PORTSC_PP);
	if (!(p->portsc & PORTSC_PP) || xhci_port_state(p) == PLS_TEST)
		return;
	if (value & PORTSC_WPR && p->protocol == 3)
		start_reset(p, true);
	else if (value & PORTSC_PR)
		start_reset(p, false);
	else if (value & PORTSC_PED && p->portsc & PORTSC_PED)
		disable(p);
	else if (value & PORTSC_LWS)
		xhci_port_write_state(p, (value & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT);
}

struct xhci_port *xhci_port_get(struct xhci *x, unsigned number)
{
	return number >= 1 && number <= x->port_count ? &x->port[number] : NULL;
}

struct usb_device *xhci_port_device(struct xhci *x, unsigned number)
{
	struct xhci_port *p = xhci_port_get(x, number);

	if (!p || !(p->portsc & PORTSC_PED) || xhci_port_state(p) > PLS_U2)
		return NULL;
	if (xhci_port_state(p) == PLS_U2) /* L1 that software asked for ends with traffic */
		xhci_port_resumed(p);
	p->busy_ns = x->g->clock.now_ns;
	return xhci_port_occupant(p);
}

void xhci_port_reset_all(struct xhci *x)
{
	for (unsigned i = 1; i <= x->port_count; i++) {
		struct xhci_port *p = &x->port[i];
		struct usb_device *dev = xhci_port_occupant(p);

		clock_disarm(&x->g->clock, &p->timer);
		p->wait = PORT_WAIT_NOTHING;
		p->compliance = false;
		p->portsc = PORTSC_PP;
		p->portpmsc = p->portli = p->porthlpmc = 0;
		xhci_port_set_state(p, PLS_RXDETECT);
		if (!dev)
			continue;
		usb_device_reset(dev);
		xhci_port_detect(p);
	}
}
