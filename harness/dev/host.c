// SPDX-License-Identifier: MIT
/*
 * host.c -- the device model over a device of the host: what usb-core decided is told to it.
 */
#include "dev/host.h"
#include "heap.h"
#include "usb/desc.h"

enum {
	SET_ADDRESS = 5,
	SET_CONFIGURATION = 9,
	SET_INTERFACE = 11,
};

static struct host *to_host(struct usb_device *dev)
{
	return container_of(dev, struct host, usb);
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct host *h = to_host(dev);

	/* The core refused them; the host's kernel would lose track as well. */
	if (h->lost ||
	    (!(s->type & 0x60) &&
	     (s->request == SET_ADDRESS || s->request == SET_CONFIGURATION ||
	      s->request == SET_INTERFACE)))
		return h->lost ? -(int)USB_NODEV : -(int)USB_STALL;
	return host_transfer_control(h, s, data, len);
}

static void control_cancel(struct usb_device *dev)
{
	host_transfer_cancel(to_host(dev), NULL);
}

static enum usb_status data_packet(struct usb_device *dev, struct usb_endpoint *ep,
				   struct usb_packet *p)
{
	struct host *h = to_host(dev);

	return h->lost ? USB_NODEV : host_transfer_data(h, ep, p);
}

static void cancel(struct usb_device *dev, struct usb_packet *p)
{
	host_transfer_cancel(to_host(dev), p);
}

/* ---- configurations ------------------------------------------------------------------------ */

static void release_all(struct host *h)
{
	for (unsigned i = 0; i < 64; i++)
		if (h->claimed >> i & 1)
			libusb_release_interface(h->handle, (int)i);
	h->claimed = 0;
	h->streams = 0;
}

static void configured(struct usb_device *dev)
{
	struct host *h = to_host(dev);
	const struct usb_desc_config *c = usb_desc_config_find(dev->desc, dev->configuration);
	int now = 0;

	release_all(h);
	libusb_get_configuration(h->handle, &now);
	if (now != dev->configuration &&
	    libusb_set_configuration(h->handle, dev->configuration ? dev->configuration : -1))
		host_say(h, "the device does not take configuration %u", dev->configuration);
	for (const struct usb_desc_interface *i = c ? c->interfaces : NULL; i; i = i->next) {
		if (i->number < 64 && !libusb_claim_interface(h->handle, i->number))
			h->claimed |= UINT64_C(1) << i->number;
		else
			host_say(h, "interface %u cannot be had: is it in use?", i->number);
	}
}

static void interface_set(struct usb_device *dev, uint8_t interface, uint8_t alternate)
{
	struct host *h = to_host(dev);

	h->streams = 0;
	if (libusb_set_interface_alt_setting(h->handle, interface, alternate))
		host_say(h, "the device does not take setting %u of interface %u", alternate,
			 interface);
}

static void halt_cleared(struct usb_device *dev, struct usb_endpoint *ep)
{
	if (ep->address & 15)
		libusb_clear_halt(to_host(dev)->handle, ep->address);
}

static void reset(struct usb_device *dev)
{
	struct host *h = to_host(dev);
	int err = h->lost ? 0 : libusb_reset_device(h->handle);

	/* NOT_FOUND: it came back as another device. */
	if (err != LIBUSB_ERROR_NOT_FOUND && err != LIBUSB_ERROR_NO_DEVICE)
		return;
	h->lost = true;
	usb_device_arm(dev, 0);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void timer(struct usb_device *dev)
{
	struct host *h = to_host(dev);

	if (!h->lost) {
		host_transfer_look(h);
		return;
	}
	host_say(h, "the device left");
	usb_unplug(dev->port);
}

void host_on_end(struct usb_device *dev, void (*end)(void *opaque), void *opaque)
{
	struct host *h = to_host(dev);

	h->end = end;
	h->end_opaque = opaque;
}

static void release(struct usb_device *dev)
{
	struct host *h = to_host(dev);

	host_transfer_end(h);
	usb_device_fini(dev);
	if (h->end)
		h->end(h->end_opaque);
	heap_free(h);
}

const struct usb_device_ops host_ops = {
	.model = "host",
	.reset = reset,
	.control = control,
	.control_cancel = control_cancel,
	.data = data_packet,
	.cancel = cancel,
	.configured = configured,
	.interface_set = interface_set,
	.halt_cleared = halt_cleared,
	.timer = timer,
	.free = release,
};
