// SPDX-License-Identifier: MIT
/*
 * slot.c -- the slot table (xHCI 4.5): look-up with range checks, state changes, release.
 */
#include "xhci/xhci.h"

struct slot *xhci_slot_get(struct xhci *x, unsigned id)
{
	if (id < 1 || id > x->profile->slots || x->slots[id].state == SLOT_DISABLED)
		return NULL;
	return &x->slots[id];
}

struct xhci_ep *xhci_ep_get(struct xhci *x, unsigned slot_id, unsigned dci)
{
	struct slot *s = xhci_slot_get(x, slot_id);

	return s && dci >= 1 && dci <= 31 ? s->ep[dci] : NULL;
}

void xhci_slot_set_state(struct slot *s, enum slot_state state)
{
	/* xHCI figure 4-2: which states may follow, as bits. */
	static const uint8_t next[] = {
		[SLOT_DISABLED] = 1 << SLOT_ENABLED,
		[SLOT_ENABLED] = 1 << SLOT_DEFAULT | 1 << SLOT_ADDRESSED | 1 << SLOT_DISABLED,
		[SLOT_DEFAULT] = 1 << SLOT_ADDRESSED | 1 << SLOT_DISABLED,
		[SLOT_ADDRESSED] = 1 << SLOT_CONFIGURED | 1 << SLOT_DEFAULT | 1 << SLOT_DISABLED,
		[SLOT_CONFIGURED] = 1 << SLOT_ADDRESSED | 1 << SLOT_DEFAULT | 1 << SLOT_DISABLED,
	};

	if (s->state == state)
		return;
	REQUIRE(next[s->state] & 1 << state);
	s->state = (uint8_t)state;
}

void xhci_slot_disable(struct xhci *x, unsigned id)
{
	struct slot *s = &x->slots[id];

	for (unsigned dci = 1; dci < 32; dci++) {
		xhci_ep_free(s->ep[dci]);
		s->ep[dci] = NULL;
	}
	xhci_slot_set_state(s, SLOT_DISABLED);
	*s = (struct slot){.state = SLOT_DISABLED};
}

struct usb_device *xhci_slot_route(struct xhci *x, unsigned root_port, uint32_t route)
{
	struct usb_device *dev = xhci_port_device(x, root_port);

	return dev && route ? usb_route_device(dev->port, route) : dev;
}

struct usb_device *xhci_slot_device(struct xhci *x, const struct slot *s)
{
	struct usb_device *dev = xhci_slot_route(x, s->root_port, s->route);

	/* After a port reset the device listens to address 0 only (USB2 9.1.1.3). */
	return dev && dev->address == s->address ? dev : NULL;
}

/* A packet that the device refused with NAK must not outlive the device. */
void xhci_slot_device_gone(struct xhci *x, unsigned root_port, uint32_t route)
{
	for (unsigned id = 1; id <= x->profile->slots; id++) {
		struct slot *s = &x->slots[id];

		if (s->state == SLOT_DISABLED || s->root_port != root_port || s->route != route)
			continue;
		for (unsigned dci = 1; dci < 32; dci++) {
			struct xhci_ep *ep = s->ep[dci];

			if (ep && ep->streams)
				xhci_stream_device_gone(ep);
			if (!ep || !ep->packet)
				continue;
			xhci_ahead_take_back(ep);
			if (ep->packet->state == USB_PACKET_IDLE) {
				usb_packet_free(ep->packet);
				ep->packet = NULL;
			}
			xhci_queue_ep(ep);
		}
		if (x->command_waiting && x->address.slot == id)
			xhci_command_address_retry(x);
	}
}
