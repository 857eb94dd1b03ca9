// SPDX-License-Identifier: MIT
/*
 * control.c -- the control pipe, token by token (USB2 8.5.3, 9.3).
 *
 * Nothing is remembered from a SETUP before its transfer is whole: the former transfer is
 * abandoned first, the buffer is allocated for this wLength and no other, and every later count
 * is compared with that buffer's own length. Leaves out data toggles and packet sizes.
 */
#include "heap.h"
#include "usb/derived.h"
#include "usb/usb.h"

#define RUNNING (-1001) /* control.result while the request is with the device's handler */
#define UNWRITTEN 0xa5  /* fills answers: a count without bytes shows as a leak, not as zeroes */

static bool is_in(const struct usb_device *dev)
{
	return dev->control.setup.type & 0x80;
}

static void drop_buffer(struct usb_device *dev)
{
	if (dev->control.buf != dev->control.in_use)
		heap_free(dev->control.buf);
	dev->control.buf = NULL;
}

void usb_control_abort(struct usb_device *dev)
{
	struct usb_packet *waiting = dev->control.waiting;
	bool pending = dev->control.result == USB_CONTROL_ASYNC;

	REQUIRE(dev->in_handler);
	dev->control.generation++;
	dev->control.stage = USB_STAGE_IDLE;
	dev->control.waiting = NULL;
	dev->control.result = 0;
	dev->control.answer = 0;
	dev->control.pos = 0;
	dev->control.ran = false;
	dev->control.new_address = -1;
	drop_buffer(dev);
	if (pending && dev->ops->control_cancel)
		dev->ops->control_cancel(dev);
	if (waiting)
		usb_packet_complete(waiting, dev->gone ? USB_NODEV : USB_STALL);
}

/* A token that does not belong here (USB2 8.5.3: the device answers STALL until a SETUP). */
static enum usb_status out_of_order(struct usb_device *dev)
{
	usb_control_abort(dev);
	return dev->gone ? USB_NODEV : USB_STALL;
}

/* What a handler returned: a count for IN, 0 for OUT, or a negative status. */
static void store_result(struct usb_device *dev, int r)
{
	dev->control.answer = 0;
	if (r < -(int)USB_NODEV || r == -(int)USB_ASYNC)
		r = -(int)USB_XACT;
	if (r == -(int)USB_NAK)
		dev->control.ran = false; /* the next token asks again */
	if (r > 0 && is_in(dev))
		dev->control.answer = (uint32_t)min_u64((uint64_t)r, dev->control.setup.length);
	dev->control.result = r < 0 ? r : 0;
}

static int ask_device(struct usb_device *dev, const struct usb_setup *s, uint8_t *buf)
{
	uint32_t generation = dev->control.generation;
	int r = -(int)USB_STALL;

	if ((s->type & 0x60) == 0 && dev->ops->claims && dev->ops->claims(dev, s))
		r = -(int)USB_STALL; /* as one that the core refuses */
	else if ((s->type & 0x60) == 0)
		r = usb_standard_request(dev, s, buf, s->length);
	else if (dev->ops->ms_compat)
		r = usb_derived_vendor(dev, s, buf, s->length);
	if (r == -(int)USB_STALL && generation == dev->control.generation && dev->ops->control)
		r = dev->ops->control(dev, s, buf, s->length);
	return r;
}

/* Put the request to the core and the device. False: it was abandoned meanwhile. */
static bool run(struct usb_device *dev)
{
	const struct usb_setup s = dev->control.setup;
	uint32_t generation = dev->control.generation;
	uint8_t *buf = dev->control.buf;
	uint8_t *outer = dev->control.in_use;
	int r;

	dev->control.result = RUNNING;
	dev->control.ran = true;
	dev->control.in_use = buf;
	r = ask_device(dev, &s, buf);
	dev->control.in_use = outer;
	if (generation != dev->control.generation) {
		if (r == USB_CONTROL_ASYNC && dev->ops->control_cancel)
			dev->ops->control_cancel(dev);
		heap_free(buf);
		return false;
	}
	if (r != USB_CONTROL_ASYNC)
		store_result(dev, r);
	else if (dev->control.result == RUNNING)
		dev->control.result = USB_CONTROL_ASYNC;
	return true;
}

static enum usb_status setup_token(struct usb_device *dev, struct usb_packet *p)
{
	if (p->len != 8)
		return USB_XACT;
	usb_control_abort(dev);
	if (dev->gone)
		return USB_NODEV;
	usb_setup_decode(&dev->control.setup, p->data);
	if (dev->control.setup.length) {
		dev->control.buf = heap_zero(dev->control.setup.length);
		if (is_in(dev))
			memset(dev->control.buf, UNWRITTEN, dev->control.setup.length);
	}
	dev->control.stage = dev->control.setup.length ? USB_STAGE_DATA : USB_STAGE_STATUS;
	if (is_in(dev) && dev->control.setup.length && !run(dev))
		return dev->gone ? USB_NODEV : USB_XACT;
	return USB_OK;
}

/*
 * Make sure the request has run. USB_ASYNC: p has to wait for the answer; USB_XACT or USB_NODEV:
 * there is no transfer any more.
 */
static enum usb_status have_result(struct usb_device *dev, struct usb_packet *p)
{
	if (!dev->control.ran && !run(dev))
		return dev->gone ? USB_NODEV : USB_XACT;
	if (dev->control.result == RUNNING)
		return USB_NAK; /* a token from inside the request's own handler */
	if (dev->control.result == USB_CONTROL_ASYNC) {
		if (dev->control.waiting && dev->control.waiting != p)
			return USB_NAK;
		dev->control.waiting = p;
		return USB_ASYNC;
	}
	return USB_OK;
}

/* The request has its result: move IN data. */
static enum usb_status answer_data(struct usb_device *dev, struct usb_packet *p)
{
	uint32_t left = dev->control.answer - dev->control.pos;
	uint32_t n = p->len < left ? p->len : left;

	if (dev->control.result < 0) {
		if (dev->control.result != -(int)USB_NAK)
			dev->control.stage = USB_STAGE_IDLE;
		return (enum usb_status) - dev->control.result;
	}
	if (n)
		usb_packet_put(p, dev->control.buf + dev->control.pos, n);
	dev->control.pos += n;
	return USB_OK;
}

/* The request has its result: end the transfer. */
static enum usb_status answer_status(struct usb_device *dev)
{
	int result = dev->control.result;

	if (result == -(int)USB_NAK)
		return USB_NAK;
	dev->control.stage = USB_STAGE_IDLE;
	drop_buffer(dev);
	if (result == 0 && dev->control.new_address >= 0 && dev->state >= USB_DEFAULT) {
		dev->address = (uint8_t)dev->control.new_address;
		usb_device_set_state(dev, dev->address ? USB_ADDRESSED : USB_DEFAULT);
	}
	dev->control.new_address = -1;
	return (enum usb_status) - result;
}

static bool answers_data(const struct usb_device *dev)
{
	return dev->control.stage == USB_STAGE_DATA && is_in(dev);
}

static enum usb_status data_out(struct usb_device *dev, struct usb_packet *p)
{
	uint32_t room = dev->control.setup.length - dev->control.pos;

	if (dev->control.ran || p->len > room)
		return out_of_order(dev);
	usb_packet_get(p, dev->control.buf + dev->control.pos, p->len);
	dev->control.pos += p->len;
	return USB_OK;
}

static enum usb_status data_in(struct usb_device *dev, struct usb_packet *p)
{
	enum usb_status status = have_result(dev, p);

	return status == USB_OK ? answer_data(dev, p) : status;
}

static enum usb_status status_in(struct usb_device *dev, struct usb_packet *p)
{
	enum usb_status status;

	if (dev->control.stage == USB_STAGE_DATA && dev->control.pos != dev->control.setup.length)
		return out_of_order(dev);
	status = have_result(dev, p);
	return status == USB_OK ? answer_status(dev) : status;
}

/* The host ends an IN data stage, all of it read or not (USB2 8.5.3.1). */
static enum usb_status status_out(struct usb_device *dev, struct usb_packet *p)
{
	if (p->len || dev->control.result == USB_CONTROL_ASYNC || dev->control.result == RUNNING)
		return out_of_order(dev);
	return answer_status(dev);
}

enum usb_status usb_control_token(struct usb_device *dev, struct usb_packet *p)
{
	if (p->pid == USB_SETUP)
		return setup_token(dev, p);
	switch (dev->control.stage) {
	case USB_STAGE_DATA:
		if (is_in(dev))
			return p->pid == USB_IN ? data_in(dev, p) : status_out(dev, p);
		return p->pid == USB_OUT ? data_out(dev, p) : status_in(dev, p);
	case USB_STAGE_STATUS:
		return p->pid == USB_IN ? status_in(dev, p) : out_of_order(dev);
	default:
		return USB_STALL;
	}
}

void usb_control_complete(struct usb_device *dev, enum usb_status status, uint32_t len)
{
	struct usb_packet *p = dev->control.waiting;
	int r = (int)min_u64(len, dev->control.setup.length);

	if (dev->gone ||
	    (dev->control.result != RUNNING && dev->control.result != USB_CONTROL_ASYNC))
		return;
	if ((unsigned)status >= USB_STATUSES)
		status = USB_XACT;
	store_result(dev, status == USB_OK ? r : -(int)status);
	dev->control.waiting = NULL;
	if (!p)
		return;
	usb_device_hold(dev);
	usb_packet_complete(p, answers_data(dev) ? answer_data(dev, p) : answer_status(dev));
	usb_device_release(dev);
}
