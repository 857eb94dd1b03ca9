// SPDX-License-Identifier: MIT
/*
 * port.c -- root hub ports (xHCI 4.19, 5.4.8): connect, reset, power, link states, change bits.
 * One socket (usb_port) has a USB2 and a USB3 port; the device's speed says which one sees it.
 * Left out so far: U1/U2 and L1 timers, over-current, test modes, compliance.
 */
#include "heap.h"
#include "xhci/xhci.h"

static unsigned link_state(const struct xhci_port *p)
{
	return (p->portsc & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT;
}

static void set_link_state(struct xhci_port *p, enum port_link_state pls)
{
	p->portsc = (p->portsc & ~PORTSC_PLS_MASK) | (uint32_t)pls << PORTSC_PLS_SHIFT;
}

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

/* xHCI 4.19.2: an event only when the first change bit appears. */
static void change(struct xhci_port *p, uint32_t change_bits)
{
	bool quiet = !(p->portsc & PORTSC_CHANGES);

	p->portsc |= change_bits;
	if (quiet && xhci_running(p->x))
		post_change(p);
}

static struct usb_device *device_here(const struct xhci_port *p)
{
	struct usb_device *dev = p->connector->dev;

	if (!dev)
		return NULL;
	return (dev->speed == USB_SPEED_SUPER) == (p->protocol == 3) ? dev : NULL;
}

static void connect(struct xhci_port *p)
{
	struct usb_device *dev = device_here(p);

	p->portsc = (p->portsc & ~(PORTSC_SPEED_MASK | PORTSC_PED | PORTSC_PR)) | PORTSC_CCS |
		(uint32_t)dev->speed << PORTSC_SPEED_SHIFT;
	if (p->protocol == 3) { /* the link trains by itself: xHCI 4.19.1.2 */
		usb_device_reset(dev);
		p->portsc |= PORTSC_PED;
		set_link_state(p, PLS_U0);
	} else {
		set_link_state(p, PLS_POLLING);
	}
	change(p, PORTSC_CSC);
}

static void disconnect(struct xhci_port *p)
{
	clock_disarm(&p->x->g->clock, &p->timer);
	p->portsc &= ~(PORTSC_CCS | PORTSC_PED | PORTSC_PR | PORTSC_SPEED_MASK);
	set_link_state(p, PLS_RXDETECT);
	change(p, PORTSC_CSC);
}

static void reset_done(void *opaque)
{
	struct xhci_port *p = opaque;
	struct usb_device *dev = device_here(p);

	p->portsc &= ~PORTSC_PR;
	if (!dev)
		return;
	usb_device_reset(dev);
	p->portsc |= PORTSC_PED;
	set_link_state(p, PLS_U0);
	change(p, p->warm ? PORTSC_PRC | PORTSC_WRC : PORTSC_PRC);
}

static void start_reset(struct xhci_port *p, bool warm)
{
	if (!(p->portsc & PORTSC_CCS) || (p->portsc & PORTSC_PR))
		return; /* xHCI 4.19.1: no transition without a device */
	p->portsc = (p->portsc & ~PORTSC_PED) | PORTSC_PR;
	p->warm = warm;
	if (p->x->profile->port_reset_usec)
		clock_arm(&p->x->g->clock, &p->timer,
			  p->x->g->clock.now_ns + p->x->profile->port_reset_usec * UINT64_C(1000));
	else
		reset_done(p);
}

static void disable(struct xhci_port *p)
{
	p->portsc &= ~PORTSC_PED;
	set_link_state(p, p->protocol == 3 ? PLS_DISABLED : PLS_POLLING);
}

static void retrain(struct xhci_port *p)
{
	if (device_here(p))
		connect(p);
	else
		set_link_state(p, PLS_RXDETECT);
}

/* The writes of xHCI table 5-27 (PLS) that mean something in the present state. */
static void write_link_state(struct xhci_port *p, unsigned wanted)
{
	unsigned now = link_state(p);
	bool enabled = p->portsc & PORTSC_PED;

	if (wanted == PLS_U0 && enabled && (now == PLS_U3 || now == PLS_RESUME)) {
		set_link_state(p, PLS_U0);
		change(p, PORTSC_PLC);
	} else if (wanted == PLS_U3 && enabled && now <= PLS_U2) {
		set_link_state(p, PLS_U3);
	} else if (wanted == PLS_RESUME && enabled && now == PLS_U3 && p->protocol == 2) {
		set_link_state(p, PLS_RESUME);
	} else if (wanted == PLS_RXDETECT && p->protocol == 3 && now == PLS_DISABLED) {
		retrain(p);
	}
}

void xhci_port_write(struct xhci_port *p, uint32_t value)
{
	const uint32_t stored = PORTSC_PIC_MASK | PORTSC_WCE | PORTSC_WDE | PORTSC_WOE;

	p->portsc &= ~(value & PORTSC_CHANGES);
	p->portsc = (p->portsc & ~stored) | (value & stored);
	if (value & PORTSC_WPR && p->protocol == 3)
		start_reset(p, true);
	else if (value & PORTSC_PR)
		start_reset(p, false);
	else if (value & PORTSC_PED && p->portsc & PORTSC_PED)
		disable(p);
	else if (value & PORTSC_LWS)
		write_link_state(p, (value & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT);
}

void xhci_port_report(struct xhci *x)
{
	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].portsc & PORTSC_CHANGES)
			post_change(&x->port[i]);
}

struct xhci_port *xhci_port_get(struct xhci *x, unsigned number)
{
	return number >= 1 && number <= x->port_count ? &x->port[number] : NULL;
}

struct usb_device *xhci_port_device(struct xhci *x, unsigned number)
{
	struct xhci_port *p = xhci_port_get(x, number);

	return p && (p->portsc & PORTSC_PED) && link_state(p) != PLS_U3 ? device_here(p) : NULL;
}

/* ---- what usb tells us ---- */

static struct xhci_port *port_of(struct usb_port *connector, uint8_t speed)
{
	struct xhci *x = connector->opaque;
	unsigned protocol = speed == USB_SPEED_SUPER ? 3 : 2;

	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].connector == connector && x->port[i].protocol == protocol)
			return &x->port[i];
	return NULL;
}

static void attached(struct usb_port *connector)
{
	struct xhci_port *p = port_of(connector, connector->dev->speed);

	if (p)
		connect(p);
}

static void detached(struct usb_port *connector)
{
	struct xhci_port *p = port_of(connector, connector->dev->speed);

	if (!p)
		return;
	disconnect(p);
	xhci_slot_device_gone(p->x, p->number, 0);
}

/* A device behind a hub: its own speed does not tell which protocol's root port leads there. */
static void left(struct usb_port *root, struct usb_device *dev)
{
	struct xhci_port *p = port_of(root, root->dev->speed);

	if (p)
		xhci_slot_device_gone(p->x, p->number, usb_port_route(dev->port));
}

static void wakeup(struct usb_port *connector, struct usb_device *dev, struct usb_endpoint *uep)
{
	struct xhci *x = connector->opaque;
	struct xhci_port *p = port_of(connector, connector->dev->speed);
	uint32_t route = usb_port_route(dev->port);
	unsigned dci = xhci_dci(uep->address & 0xf, uep->address & 0x80);

	for (unsigned id = 1; p && id <= x->profile->slots; id++) {
		struct slot *s = &x->slots[id];

		if (s->state != SLOT_DISABLED && s->root_port == p->number && s->route == route &&
		    s->ep[dci])
			xhci_ep_wake(s->ep[dci]);
	}
	if (p && !x->working && !x->defer)
		xhci_work(x);
}

static void resume(struct usb_port *connector)
{
	struct xhci_port *p = connector->dev ? port_of(connector, connector->dev->speed) : NULL;

	if (!p || link_state(p) != PLS_U3)
		return;
	set_link_state(p, p->protocol == 3 ? PLS_U0 : PLS_RESUME);
	change(p, PORTSC_PLC);
}

static const struct usb_port_ops connector_ops = {
	.attached = attached,
	.detached = detached,
	.left = left,
	.wakeup = wakeup,
	.resume = resume,
};

/* ---- set-up ---- */

static void add_ports(struct xhci *x, unsigned protocol, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct xhci_port *p = &x->port[++x->port_count];

		*p = (struct xhci_port){
			.x = x,
			.number = (uint8_t)x->port_count,
			.protocol = (uint8_t)protocol,
			.connector = &x->connectors[i],
			.timer = {.fire = reset_done, .opaque = p},
		};
	}
}

void xhci_port_init(struct xhci *x)
{
	const struct xhci_profile *pr = x->profile;

	x->connector_count = (unsigned)max_u64(pr->usb2_ports, pr->usb3_ports);
	x->connectors = heap_zero(x->connector_count * sizeof(*x->connectors));
	for (unsigned i = 0; i < x->connector_count; i++) {
		uint8_t mask = 0;

		if (i < pr->usb2_ports)
			mask |= 1 << USB_SPEED_LOW | 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH;
		if (i < pr->usb3_ports)
			mask |= 1 << USB_SPEED_SUPER;
		x->connectors[i] = (struct usb_port){
			.ops = &connector_ops,
			.opaque = x,
			.number = (uint8_t)(i + 1),
			.speed_mask = mask,
		};
		usb_bus_add_port(x->bus, &x->connectors[i]);
	}
	add_ports(x, pr->usb3_first ? 3 : 2, pr->usb3_first ? pr->usb3_ports : pr->usb2_ports);
	add_ports(x, pr->usb3_first ? 2 : 3, pr->usb3_first ? pr->usb2_ports : pr->usb3_ports);
}

void xhci_port_reset_all(struct xhci *x)
{
	for (unsigned i = 1; i <= x->port_count; i++) {
		struct xhci_port *p = &x->port[i];

		clock_disarm(&x->g->clock, &p->timer);
		p->portsc = PORTSC_PP;
		p->portpmsc = p->portli = p->porthlpmc = 0;
		set_link_state(p, PLS_RXDETECT);
		if (!device_here(p))
			continue;
		usb_device_reset(device_here(p));
		connect(p);
	}
}
