// SPDX-License-Identifier: MIT
/*
 * endpoint.c -- the endpoint tables of a device, built from the parsed descriptors of its current
 * configuration and alternate settings (USB2 9.6.6, USB3 9.6.7).
 *
 * Endpoint 0 is never built from a descriptor: one with number 0 is skipped, whatever its other
 * bits say. Bits 4..6 of bEndpointAddress are reserved and do not make another endpoint. Of
 * several descriptors with one address the first counts.
 */
#include "usb/desc.h"
#include "usb/usb.h"

struct usb_endpoint *usb_endpoint_get(struct usb_device *dev, enum usb_pid pid, unsigned number)
{
	struct usb_endpoint *ep;

	if (number == 0)
		return &dev->ep0;
	if (number > 15 || (pid != USB_IN && pid != USB_OUT))
		return NULL;
	ep = pid == USB_IN ? &dev->ep_in[number] : &dev->ep_out[number];
	return ep->present ? ep : NULL;
}

bool usb_endpoint_takes(const struct usb_endpoint *ep, uint32_t len)
{
	if (!ep->first)
		return true;
	return ep->pipeline && !ep->last->short_not_ok && ep->count < USB_PIPELINE_PACKETS &&
		len <= USB_PIPELINE_BYTES - ep->bytes;
}

static uint16_t default_max_packet(const struct usb_device *dev)
{
	const struct usb_desc_device *d = dev->desc ? dev->desc->device : NULL;

	switch (dev->speed) {
	case USB_SPEED_SUPER:
		return 512;
	case USB_SPEED_LOW:
		return 8;
	case USB_SPEED_FULL:
		return d && d->max_packet0 ? d->max_packet0 : 8;
	default:
		return 64;
	}
}

static void fill(struct usb_endpoint *ep, const struct usb_desc_endpoint *d, bool in)
{
	unsigned streams = d->companion ? d->companion->attributes & 0x1fu : 0;

	ep->address = (uint8_t)((d->address & 0x0f) | (in ? 0x80 : 0));
	ep->type = d->attributes & 3;
	ep->interface = d->alternate->number;
	ep->present = true;
	ep->max_packet = d->max_packet & 0x7ff;
	ep->interval = d->interval;
	ep->max_streams = 0;
	ep->pipeline = ep->type == USB_EP_BULK && ep->dev->pipeline;
	if (ep->type == USB_EP_BULK && streams)
		ep->max_streams = UINT32_C(1) << (streams > 16 ? 16 : streams);
}

static void add(struct usb_device *dev, const struct usb_desc_endpoint *d)
{
	unsigned number = d->address & 0x0f;
	bool both = (d->attributes & 3) == USB_EP_CONTROL;

	if (!number)
		return;
	if ((both || d->address & 0x80) && !dev->ep_in[number].present)
		fill(&dev->ep_in[number], d, true);
	if ((both || !(d->address & 0x80)) && !dev->ep_out[number].present)
		fill(&dev->ep_out[number], d, false);
}

/* A halt survives only on an endpoint that is still there. */
static void drop_halts(struct usb_device *dev)
{
	for (unsigned i = 1; i < 16; i++) {
		dev->ep_in[i].halted &= dev->ep_in[i].present;
		dev->ep_out[i].halted &= dev->ep_out[i].present;
	}
}

static void prepare(struct usb_device *dev)
{
	dev->ep0.dev = dev;
	dev->ep0.address = 0;
	dev->ep0.type = USB_EP_CONTROL;
	dev->ep0.present = true;
	dev->ep0.halted = false;
	dev->ep0.max_packet = default_max_packet(dev);
	for (unsigned i = 1; i < 16; i++) {
		dev->ep_in[i].dev = dev;
		dev->ep_in[i].address = (uint8_t)(0x80 | i);
		dev->ep_in[i].present = false;
		dev->ep_out[i].dev = dev;
		dev->ep_out[i].address = (uint8_t)i;
		dev->ep_out[i].present = false;
	}
}

void usb_endpoint_setup(struct usb_device *dev)
{
	const struct usb_desc_config *config = NULL;

	prepare(dev);
	if (dev->state == USB_CONFIGURED)
		config = usb_desc_config_find(dev->desc, dev->configuration);
	for (const struct usb_desc_interface *i = config ? config->interfaces : NULL; i;
	     i = i->next) {
		uint8_t setting = i->number < USB_MAX_INTERFACES ? dev->alternate[i->number] : 0;
		const struct usb_desc_alternate *a = usb_desc_alternate_find(i, setting);

		for (const struct usb_desc_endpoint *e = a ? a->endpoints : NULL; e; e = e->next)
			add(dev, e);
	}
	drop_halts(dev);
}

static void remove_one(struct usb_endpoint *ep, int interface)
{
	if (interface >= 0 && (!ep->present || ep->interface != interface))
		return;
	ep->present = false;
	ep->halted = false;
	usb_endpoint_flush(ep, USB_XACT);
}

void usb_endpoint_remove(struct usb_device *dev, int interface)
{
	for (unsigned i = 1; i < 16; i++) {
		remove_one(&dev->ep_out[i], interface);
		remove_one(&dev->ep_in[i], interface);
	}
}
