// SPDX-License-Identifier: MIT
/*
 * info.c -- what the other side is told of a device, out of its descriptors at the active configuration and
 * settings (usbredir protocol: usb_redir_interface_info, usb_redir_ep_info, usb_redir_device_connect).
 */
#include "export/export.h"
#include "usb/desc.h"

static const struct usb_desc_alternate *setting_of(const struct usb_device *dev,
						   const struct usb_desc_interface *i)
{
	uint8_t setting = i->number < USB_MAX_INTERFACES ? dev->alternate[i->number] : 0;
	const struct usb_desc_alternate *a = usb_desc_alternate_find(i, setting);

	return a ? a : i->alternates;
}

void export_interface_info(const struct usb_device *dev, struct usb_redir_interface_info_header *h)
{
	const struct usb_desc_config *c = usb_desc_config_find(dev->desc, dev->configuration);
	unsigned n = 0;

	memset(h, 0, sizeof(*h));
	for (const struct usb_desc_interface *i = c ? c->interfaces : NULL; i && n < 32;
	     i = i->next, n++) {
		const struct usb_desc_alternate *a = setting_of(dev, i);

		h->interface[n] = i->number;
		h->interface_class[n] = a->class;
		h->interface_subclass[n] = a->subclass;
		h->interface_protocol[n] = a->protocol;
	}
	h->interface_count = n;
}

static uint32_t streams_of(const struct usb_desc_endpoint *ep)
{
	unsigned exponent = ep->companion ? ep->companion->attributes & 0x1f : 0;

	return (ep->attributes & 3) == USB_EP_BULK && exponent && exponent <= 16 ? 1u << exponent
										 : 0;
}

static void fill_record(struct usb_redir_ep_info_header *h, const struct usb_desc_endpoint *ep,
			uint8_t interface)
{
	unsigned r = export_record(ep->address);

	h->type[r] = ep->attributes & 3;
	h->interval[r] = ep->interval;
	h->interface[r] = interface;
	h->max_packet_size[r] =
		(uint16_t)((ep->max_packet & 0x7ff) * (1 + (ep->max_packet >> 11 & 3)));
	h->max_streams[r] = streams_of(ep);
}

void export_endpoint_info(const struct usb_device *dev, struct usb_redir_ep_info_header *h)
{
	const struct usb_desc_config *c = usb_desc_config_find(dev->desc, dev->configuration);

	memset(h, 0, sizeof(*h));
	memset(h->type, usb_redir_type_invalid, sizeof(h->type));
	h->type[0] = h->type[16] = usb_redir_type_control;
	h->max_packet_size[0] = h->max_packet_size[16] = dev->ep0.max_packet;
	for (const struct usb_desc_interface *i = c ? c->interfaces : NULL; i; i = i->next)
		for (const struct usb_desc_endpoint *ep = setting_of(dev, i)->endpoints; ep;
		     ep = ep->next)
			fill_record(h, ep, i->number);
}

void export_send_info(struct export *e)
{
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header endpoints;

	if (!e->usbfs.port.dev)
		return;
	export_interface_info(e->usbfs.port.dev, &interfaces);
	export_endpoint_info(e->usbfs.port.dev, &endpoints);
	usbredirparser_send_interface_info(e->parser, &interfaces);
	usbredirparser_send_ep_info(e->parser, &endpoints);
}

void export_show(struct export *e)
{
	static const uint8_t speed[] = {[USB_SPEED_LOW] = usb_redir_speed_low,
					[USB_SPEED_FULL] = usb_redir_speed_full,
					[USB_SPEED_HIGH] = usb_redir_speed_high,
					[USB_SPEED_SUPER] = usb_redir_speed_super};
	struct usb_redir_device_connect_header h = {.speed = usb_redir_speed_unknown};
	const struct usb_device *dev = e->open ? e->usbfs.port.dev : NULL;

	if (!dev || !e->parser || !e->greeted || e->shown)
		return;
	if (dev->speed < ARRAY_SIZE(speed))
		h.speed = speed[dev->speed];
	if (dev->desc->device) {
		h.device_class = dev->desc->device->class;
		h.device_subclass = dev->desc->device->subclass;
		h.device_protocol = dev->desc->device->protocol;
		h.vendor_id = dev->desc->device->vendor;
		h.product_id = dev->desc->device->product;
		h.device_version_bcd = dev->desc->device->release;
	}
	export_send_info(e);
	usbredirparser_send_device_connect(e->parser, &h);
	e->shown = true;
	export_say(e, "device %04x:%04x shown", h.vendor_id, h.product_id);
}
