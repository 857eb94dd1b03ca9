// SPDX-License-Identifier: MIT
/*
 * port_socket.c -- sockets (usb_port) and the root hub ports behind them: one socket has a USB2 and
 * a USB3 port, the device's speed says which one sees it. What usb tells is passed on to that one.
 */
#include "heap.h"
#include "xhci/xhci.h"

struct xhci_port *xhci_port_of(struct xhci *x, const struct usb_port *connector, unsigned protocol)
{
	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].connector == connector && x->port[i].protocol == protocol)
			return &x->port[i];
	return NULL;
}

/* The port that sees what is plugged in there. */
static struct xhci_port *port_of(struct usb_port *connector)
{
	return xhci_port_of(connector->opaque, connector,
			    connector->dev->speed == USB_SPEED_SUPER ? 3 : 2);
}

static void attached(struct usb_port *connector)
{
	struct xhci_port *p = port_of(connector);

	if (p && p->portsc & PORTSC_PP && xhci_port_state(p) == PLS_RXDETECT)
		xhci_port_detect(p);
}

static void detached(struct usb_port *connector)
{
	struct xhci_port *p = port_of(connector);

	if (!p)
		return;
	if (p->portsc & PORTSC_PP && xhci_port_state(p) != PLS_TEST)
		xhci_port_empty(p, p->portsc & PORTSC_CCS ? PORTSC_CSC : 0);
	xhci_slot_device_gone(p->x, p->number, 0);
}

/* A device behind a hub: its own speed does not tell which protocol's root port leads there. */
static void left(struct usb_port *root, struct usb_device *dev)
{
	struct xhci_port *p = port_of(root);

	if (p)
		xhci_slot_device_gone(p->x, p->number, usb_port_route(dev->port));
}

static void wakeup(struct usb_port *connector, struct usb_device *dev, struct usb_endpoint *uep)
{
	struct xhci *x = connector->opaque;
	struct xhci_port *p = port_of(connector);
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
	struct xhci_port *p = connector->dev ? port_of(connector) : NULL;

	if (p)
		xhci_port_remote_wake(p);
}

static const struct usb_port_ops connector_ops = {
	.attached = attached,
	.detached = detached,
	.left = left,
	.wakeup = wakeup,
	.resume = resume,
};

/* ---- set-up ---------------------------------------------------------------------------------- */

static void add_ports(struct xhci *x, const struct xhci_protocol *row, unsigned *first_connector)
{
	for (unsigned i = 0; i < row->ports; i++) {
		struct xhci_port *p = &x->port[++x->port_count];

		*p = (struct xhci_port){
			.x = x,
			.number = (uint8_t)x->port_count,
			.protocol = row->major,
			.slot_type = row->slot_type,
			.connector = &x->connectors[(*first_connector)++],
			.timer = {.fire = xhci_port_wait_over, .opaque = p},
		};
		p->connector->speed_mask |= row->major == 3
			? 1 << USB_SPEED_SUPER
			: 1 << USB_SPEED_LOW | 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH;
	}
}

void xhci_port_init(struct xhci *x)
{
	const struct xhci_protocol *row = x->profile->protocol;
	unsigned next[4] = {0}; /* by protocol */

	x->connector_count = (unsigned)max_u64(xhci_profile_ports(x->profile, 2),
					       xhci_profile_ports(x->profile, 3));
	x->connectors = heap_zero(x->connector_count * sizeof(*x->connectors));
	for (unsigned i = 0; i < XHCI_MAX_PROTOCOLS && row[i].ports; i++)
		add_ports(x, &row[i], &next[row[i].major]);
	for (unsigned i = 0; i < x->connector_count; i++) {
		x->connectors[i].ops = &connector_ops;
		x->connectors[i].opaque = x;
		x->connectors[i].number = (uint8_t)(i + 1);
		usb_bus_add_port(x->bus, &x->connectors[i]);
	}
}
