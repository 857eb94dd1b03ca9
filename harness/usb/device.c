// SPDX-License-Identifier: MIT
/*
 * device.c -- what every device has: state (USB2 9.1.1), life, bus reset, timer and wake-up.
 * Leaves out that a device on a disabled port goes to sleep by itself.
 */
#include "heap.h"
#include "usb/desc.h"
#include "usb/usb.h"

void usb_setup_decode(struct usb_setup *s, const uint8_t raw[8])
{
	s->type = raw[0];
	s->request = raw[1];
	s->value = get_le16(raw + 2);
	s->index = get_le16(raw + 4);
	s->length = get_le16(raw + 6);
}

void usb_device_init(struct usb_device *dev, const struct usb_device_ops *ops,
		     const uint8_t *desc_bytes, size_t desc_len)
{
	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	dev->desc = usb_desc_parse(desc_bytes, desc_bytes ? desc_len : 0);
	dev->control.new_address = -1;
	dev->stray.dev = dev;
	usb_endpoint_setup(dev);
}

void usb_device_fini(struct usb_device *dev)
{
	while (dev->packets) {
		struct usb_packet *p = dev->packets;

		REQUIRE(p->state != USB_PACKET_WITH_DEVICE || p->submitting);
		dev->packets = p->dev_next;
		p->dev = NULL;
		p->ep = NULL;
		p->dev_next = NULL;
		p->dev_link = NULL;
	}
	heap_free(dev->control.buf);
	dev->control.buf = NULL;
	heap_free(dev->downstream);
	dev->downstream = NULL;
	usb_desc_free(dev->desc);
	dev->desc = NULL;
}

void usb_device_hold(struct usb_device *dev)
{
	dev->in_handler++;
}

void usb_device_release(struct usb_device *dev)
{
	REQUIRE(dev->in_handler > 0);
	if (--dev->in_handler || !dev->gone)
		return;
	dev->bus->live_devices--;
	dev->ops->free(dev);
}

void usb_device_set_state(struct usb_device *dev, enum usb_device_state state)
{
	/* USB2 figure 9-1: which states may follow, as bits. */
	static const uint8_t next[] = {
		[USB_DETACHED] = 1 << USB_ATTACHED,
		[USB_ATTACHED] = 1 << USB_POWERED | 1 << USB_DETACHED,
		[USB_POWERED] = 1 << USB_DEFAULT | 1 << USB_ATTACHED | 1 << USB_DETACHED,
		[USB_DEFAULT] = 1 << USB_ADDRESSED | 1 << USB_POWERED | 1 << USB_ATTACHED |
			1 << USB_DETACHED,
		[USB_ADDRESSED] = 1 << USB_CONFIGURED | 1 << USB_DEFAULT | 1 << USB_POWERED |
			1 << USB_ATTACHED | 1 << USB_DETACHED,
		[USB_CONFIGURED] = 1 << USB_ADDRESSED | 1 << USB_DEFAULT | 1 << USB_POWERED |
			1 << USB_ATTACHED | 1 << USB_DETACHED,
	};

	if (dev->state == state)
		return;
	REQUIRE(next[dev->state] & 1 << state);
	dev->state = (uint8_t)state;
}

void usb_device_power(struct usb_device *dev, bool on)
{
	if (!dev || dev->gone || on != (dev->state == USB_ATTACHED))
		return;
	if (on) {
		usb_device_set_state(dev, USB_POWERED);
		return;
	}
	usb_device_hold(dev);
	usb_device_reset(dev);
	if (!dev->gone)
		usb_device_set_state(dev, USB_ATTACHED);
	usb_device_release(dev);
}

void usb_device_suspend(struct usb_device *dev, bool on)
{
	if (!dev)
		return;
	dev->suspended = on && !dev->gone && dev->state >= USB_POWERED;
	if (!dev->suspended || !dev->ops->suspended)
		return;
	usb_device_hold(dev);
	dev->ops->suspended(dev);
	usb_device_release(dev);
}

void usb_device_reset(struct usb_device *dev)
{
	if (dev->gone)
		return;
	usb_device_hold(dev);
	dev->suspended = false;
	usb_device_set_state(dev, USB_POWERED);
	usb_control_abort(dev);
	usb_device_flush(dev, USB_XACT);
	usb_endpoint_remove(dev, -1);
	usb_device_set_state(dev, USB_DEFAULT);
	dev->address = 0;
	dev->configuration = 0;
	memset(dev->alternate, 0, sizeof(dev->alternate));
	dev->remote_wakeup = false;
	dev->u_features = 0;
	usb_endpoint_setup(dev);
	if (!dev->gone && dev->ops->reset)
		dev->ops->reset(dev);
	usb_device_release(dev);
}

void usb_device_timer(struct usb_device *dev)
{
	if (dev->gone || !dev->ops->timer)
		return;
	usb_device_hold(dev);
	dev->ops->timer(dev);
	usb_device_release(dev);
}

void usb_device_arm(struct usb_device *dev, uint64_t delay_ns)
{
	if (!dev->bus || !dev->bus->arm_timer || (dev->gone && delay_ns != UINT64_MAX))
		return;
	dev->bus->arm_timer(dev->bus->timer_opaque, dev, delay_ns);
}

void usb_wakeup(struct usb_endpoint *ep)
{
	struct usb_device *dev = ep->dev;
	struct usb_port *root;

	if (!dev || dev->gone || !dev->port || !usb_port_reached(dev->port))
		return;
	root = usb_port_root(dev->port);
	if (!root->ops || !root->ops->wakeup)
		return;
	usb_device_hold(dev);
	root->ops->wakeup(root, dev, ep);
	usb_device_release(dev);
}

void usb_device_resume(struct usb_device *dev)
{
	if (dev->gone || !dev->port || !dev->remote_wakeup || !dev->port->ops ||
	    !dev->port->ops->resume)
		return;
	usb_device_hold(dev);
	dev->port->ops->resume(dev->port);
	usb_device_release(dev);
}
