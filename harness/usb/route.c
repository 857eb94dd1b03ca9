// SPDX-License-Identifier: MIT
/*
 * route.c -- ways through hubs: a route string names, from the root port downwards, the port of each
 * hub in four bits (USB3 8.9, xHCI 6.2.2). Whether a downstream port is open is the hub's affair.
 */
#include "usb/usb.h"

struct usb_port *usb_port_root(struct usb_port *port)
{
	while (port->hub)
		port = port->hub->port;
	return port;
}

uint32_t usb_port_route(const struct usb_port *port)
{
	uint32_t route = 0;

	for (; port->hub; port = port->hub->port)
		route = route << 4 | (port->number < 15 ? port->number : 15u);
	return route;
}

struct usb_port *usb_route_port(struct usb_port *root, uint32_t route)
{
	struct usb_port *port = root;

	for (unsigned i = 0; i < USB_MAX_HUBS && route & 0xf; i++, route >>= 4) {
		const struct usb_device *hub = port->dev;

		if (!hub || (route & 0xf) > hub->downstream_count)
			return NULL;
		port = &hub->downstream[(route & 0xf) - 1];
	}
	return route ? NULL : port;
}

bool usb_port_reached(const struct usb_port *port)
{
	for (; port->hub; port = port->hub->port)
		if (!port->open)
			return false;
	return true;
}

struct usb_device *usb_route_device(struct usb_port *root, uint32_t route)
{
	struct usb_port *port = route ? usb_route_port(root, route) : root;

	return port && port->dev && !port->dev->gone && usb_port_reached(port) ? port->dev : NULL;
}

/* Hubs are at most USB_MAX_HUBS in a row, so this goes no deeper. */
static void flush_behind(struct usb_port *port)
{
	struct usb_device *dev = port->dev;

	if (!dev || dev->gone)
		return;
	usb_device_hold(dev);
	usb_device_flush(dev, USB_XACT);
	for (unsigned i = 0; i < dev->downstream_count; i++)
		flush_behind(&dev->downstream[i]);
	usb_device_release(dev);
}

void usb_port_close(struct usb_port *port)
{
	if (!port->open)
		return;
	port->open = false;
	usb_device_hold(port->hub);
	flush_behind(port);
	usb_device_release(port->hub);
}
