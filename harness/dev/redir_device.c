// SPDX-License-Identifier: MIT
/*
 * redir_device.c -- the device of a session as usb-core has it: no descriptors of its own, nearly every
 * standard request is the other side's to answer.
 */
#include "dev/redir.h"
#include "heap.h"

enum {
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	SET_ADDRESS = 5,
	SET_SEL = 0x30,
	SET_ISOCH_DELAY = 0x31,
	U1_ENABLE = 48,
};

static struct redir_device *to_redir(struct usb_device *dev)
{
	return container_of(dev, struct redir_device, usb);
}

/* The session, if it still has its other side. */
static struct redir *session(struct usb_device *dev)
{
	struct redir *r = to_redir(dev)->r;

	return r && r->parser && !r->failed ? r : NULL;
}

unsigned redir_index(uint8_t address)
{
	return (address & 0x0fu) | (address & 0x80 ? 16 : 0);
}

uint8_t redir_address(unsigned index)
{
	return (uint8_t)((index & 15) | (index & 16 ? 0x80 : 0));
}

/* An address is the port's affair, and so is what puts links to sleep. */
static bool claims(struct usb_device *dev, const struct usb_setup *s)
{
	(void)dev;
	if (s->request == SET_ADDRESS || s->request == SET_SEL || s->request == SET_ISOCH_DELAY)
		return false;
	return s->type || (s->request != CLEAR_FEATURE && s->request != SET_FEATURE) ||
		s->value < U1_ENABLE;
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct redir *r = session(dev);

	if (!claims(dev, s) && !(s->type & 0x60))
		return -(int)USB_STALL;
	return r ? redir_transfer_control(r, s, data, len) : -(int)USB_NODEV;
}

static void control_cancel(struct usb_device *dev)
{
	if (to_redir(dev)->r)
		redir_transfer_cancel(to_redir(dev)->r, NULL);
}

static enum usb_status data_packet(struct usb_device *dev, struct usb_endpoint *ep,
				   struct usb_packet *p)
{
	struct redir *r = session(dev);

	return r ? redir_transfer_data(r, ep, p) : USB_NODEV;
}

static void cancel(struct usb_device *dev, struct usb_packet *p)
{
	if (to_redir(dev)->r)
		redir_transfer_cancel(to_redir(dev)->r, p);
}

static void reset(struct usb_device *dev)
{
	struct redir *r = session(dev);

	if (!r)
		return;
	redir_end(r, UINT32_MAX);
	usbredirparser_send_reset(r->parser);
	redir_flush(r);
}

static void timer(struct usb_device *dev)
{
	if (to_redir(dev)->r)
		redir_work(to_redir(dev)->r);
}

/* Somebody else unplugged it: the other side has to look for another port. */
static void abandon(struct redir *r)
{
	r->over = r->failed = true;
	redir_work(r);
}

static void release(struct usb_device *dev)
{
	struct redir_device *d = to_redir(dev);
	struct redir *r = d->r;

	usb_device_fini(dev);
	heap_free(d);
	if (!r)
		return;
	r->device = NULL;
	if (!r->leaving)
		abandon(r);
}

static const struct usb_device_ops redir_ops = {
	.model = "redir",
	.reset = reset,
	.control = control,
	.claims = claims,
	.control_cancel = control_cancel,
	.data = data_packet,
	.cancel = cancel,
	.timer = timer,
	.free = release,
};

static enum usb_speed speed_of(uint8_t speed)
{
	switch (speed) {
	case usb_redir_speed_low:
		return USB_SPEED_LOW;
	case usb_redir_speed_high:
		return USB_SPEED_HIGH;
	case usb_redir_speed_super:
		return USB_SPEED_SUPER;
	default: /* unknown, or none that there is */
		return USB_SPEED_FULL;
	}
}

struct redir_device *redir_device_new(struct redir *r)
{
	struct redir_device *d = heap_zero(sizeof(*d));

	d->ops = redir_ops;
	d->ops.speed_mask = (uint8_t)(1u << speed_of(r->info.speed));
	usb_device_init(&d->usb, &d->ops, NULL, 0);
	d->r = r;
	return d;
}
