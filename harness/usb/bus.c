// SPDX-License-Identifier: MIT
/*
 * bus.c -- the bus, its root ports, plugging and unplugging (USB2 9.1.1, 4.1.1). Leaves out power,
 * which belongs to the port's owner.
 */
#include <errno.h>

#include "usb/desc.h"
#include "usb/usb.h"

void usb_bus_init(struct usb_bus *bus, struct trace *trace, const uint64_t *now_ns)
{
	memset(bus, 0, sizeof(*bus));
	bus->trace = trace;
	bus->now_ns = now_ns;
}

void usb_bus_add_port(struct usb_bus *bus, struct usb_port *port)
{
	REQUIRE(bus->port_count < USB_MAX_PORTS);
	port->bus = bus;
	bus->port[bus->port_count++] = port;
	if (!port->number)
		port->number = (uint8_t)bus->port_count;
}

static enum usb_speed fastest(unsigned mask)
{
	static const enum usb_speed order[] = {USB_SPEED_SUPER, USB_SPEED_HIGH, USB_SPEED_FULL,
					       USB_SPEED_LOW};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (mask & (1u << order[i]))
			return order[i];
	return USB_SPEED_NONE;
}

static void trace_plug(struct usb_port *port, bool plugged)
{
	struct trace_row row = {.kind = TRACE_PLUG, .what = plugged};

	row.slot = usb_port_root(port)->number;
	row.addr = usb_port_route(port);

	if (port->bus->trace)
		trace_append(port->bus->trace, &row);
}

static void take_descriptors(struct usb_device *dev)
{
	const uint8_t *bytes;
	size_t len = 0;

	if (!dev->ops->describe)
		return;
	bytes = dev->ops->describe(dev, dev->speed, &len);
	if (!bytes)
		return;
	usb_desc_free(dev->desc);
	dev->desc = usb_desc_parse(bytes, len);
}

static unsigned hubs_above(const struct usb_port *port)
{
	unsigned n = 0;

	for (; port->hub; port = port->hub->port)
		n++;
	return n;
}

int usb_plug(struct usb_port *port, struct usb_device *dev)
{
	enum usb_speed speed = fastest(port->speed_mask & dev->ops->speed_mask);

	REQUIRE(!dev->port && !dev->gone);
	if (port->dev)
		return -EBUSY;
	if (speed == USB_SPEED_NONE)
		return -EINVAL;
	if (port->hub && (!port->hub->port || port->hub->gone))
		return -ENODEV;
	if (dev->downstream && hubs_above(port) >= USB_MAX_HUBS)
		return -ELOOP;
	dev->bus = port->bus;
	dev->port = port;
	dev->speed = speed;
	usb_device_set_state(dev, USB_ATTACHED);
	take_descriptors(dev);
	usb_endpoint_setup(dev);
	port->dev = dev;
	port->bus->live_devices++;
	trace_plug(port, true);
	if (dev->ops->plugged)
		dev->ops->plugged(dev);
	if (port->ops && port->ops->attached)
		port->ops->attached(port);
	return 0;
}

void usb_unplug(struct usb_port *port)
{
	struct usb_device *dev = port->dev, *hub = port->hub;
	struct usb_port *root;

	if (!dev || dev->gone)
		return;
	root = usb_port_root(port);
	if (hub)
		usb_device_hold(hub);
	usb_device_hold(dev);
	dev->gone = true;
	trace_plug(port, false);
	usb_device_arm(dev, UINT64_MAX);
	usb_control_abort(dev);
	usb_device_flush(dev, USB_NODEV);
	for (unsigned i = 0; i < dev->downstream_count; i++)
		usb_unplug(&dev->downstream[i]);
	if (port->ops && port->ops->detached)
		port->ops->detached(port);
	if (root != port && root->ops && root->ops->left)
		root->ops->left(root, dev);
	port->dev = NULL;
	dev->port = NULL;
	dev->suspended = false;
	usb_device_set_state(dev, USB_DETACHED);
	usb_device_release(dev);
	if (hub)
		usb_device_release(hub);
}

void usb_bus_reset(struct usb_bus *bus)
{
	for (unsigned i = 0; i < bus->port_count; i++)
		usb_unplug(bus->port[i]);
	bus->next_packet_id = 0;
}
