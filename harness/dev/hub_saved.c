// SPDX-License-Identifier: MIT
/*
 * hub_saved.c -- a hub's ports as saved state (USB2 11.5, USB3 10.3). What hangs on them is there before.
 */
#include "dev/hub.h"
#include "state.h"

static const struct state_field hub_fields[] = {
	STATE_ANY(hub, depth),
	STATE_ANY(hub, hub_change),
	STATE_FLAG(hub, multi_tt),
};

static const struct state_field port_fields[] = {
	STATE_ANY(hub_port, status),
	STATE_RANGE(hub_port, change, 0, 0xff),
	STATE_RANGE(hub_port, link, HUB_U0, HUB_RX_DETECT),
	STATE_RANGE(hub_port, pending, HUB_NOTHING, HUB_RESUMING),
	STATE_FLAG(hub_port, overloaded),
	STATE_ANY(hub_port, u1),
	STATE_ANY(hub_port, u2),
	STATE_ANY(hub_port, wake),
	STATE_ANY(hub_port, due_ns),
};

void hub_saved(struct usb_device *dev, struct state *st)
{
	struct hub *hub = hub_of(dev);

	state_walk(st, hub_fields, ARRAY_SIZE(hub_fields), hub);
	for (unsigned i = 0; i < dev->downstream_count && !st->refused; i++) {
		struct hub_port *p = &hub->port[i];
		struct usb_port *port = &dev->downstream[i];

		state_walk(st, port_fields, ARRAY_SIZE(port_fields), p);
		port->open = state_number(st, "open", port->open, 0, 1);
		state_check(st,
			    port->dev ||
				    !(p->status & (HUB_CONNECTION | HUB_ENABLE) || port->open ||
				      p->pending),
			    "a port of a hub without a device that has one");
	}
	if (st->refused && st->loading)
		for (unsigned i = 0; i < dev->downstream_count; i++)
			hub->port[i].pending = HUB_NOTHING;
}
