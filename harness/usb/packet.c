// SPDX-License-Identifier: MIT
/*
 * packet.c -- the life of a packet: IDLE -> WITH_DEVICE -> DONE (or IDLE again after a NAK or a
 * cancel). A packet stands for the data of one transfer as the controller hands it over, however
 * many bus transactions that would take.
 *
 * Two things are awkward and settled here: a handler may unplug its own device, reset it, cancel
 * or even free the packet it is looking at (submitting, taken_back, freed); and a completion
 * callback may do anything at all, so nothing is touched after it.
 */
#include "heap.h"
#include "usb/usb.h"

#define MARKER 0xa5 /* in IN data that no device wrote: seen in guest memory, it is a leak */

struct usb_packet *usb_packet_new(struct usb_device *dev, enum usb_pid pid, unsigned number,
				  uint32_t len)
{
	struct usb_packet *p = heap_zero(sizeof(*p));

	REQUIRE(dev->bus);
	p->bus = dev->bus;
	p->dev = dev;
	p->pid = (uint8_t)pid;
	p->number = (uint8_t)number;
	p->ep = usb_endpoint_get(dev, pid, number);
	p->id = dev->bus->next_packet_id++;
	p->len = len;
	/* No bytes: the end of our own allocation is as well guarded as an empty one. */
	p->data = len ? heap_zero(len) : (uint8_t *)(p + 1);
	if (pid == USB_IN)
		memset(p->data, MARKER, len);
	p->dev_next = dev->packets;
	p->dev_link = &dev->packets;
	if (p->dev_next)
		p->dev_next->dev_link = &p->dev_next;
	dev->packets = p;
	p->bus->live_packets++;
	return p;
}

static void leave_device(struct usb_packet *p)
{
	if (!p->dev)
		return;
	*p->dev_link = p->dev_next;
	if (p->dev_next)
		p->dev_next->dev_link = p->dev_link;
	p->dev = NULL;
	p->ep = NULL;
}

static void destroy(struct usb_packet *p)
{
	leave_device(p);
	p->bus->live_packets--;
	if (p->len)
		heap_free(p->data);
	heap_free(p);
}

void usb_packet_free(struct usb_packet *p)
{
	if (!p)
		return;
	usb_packet_cancel(p);
	if (p->submitting)
		p->freed = true;
	else
		destroy(p);
}

static void trace_packet(struct usb_packet *p, enum packet_what what)
{
	bool in = p->pid == USB_IN;
	struct trace_row row = {
		.kind = TRACE_PACKET,
		.flags = p->ep ? p->ep->type : USB_EP_CONTROL,
		.what = (uint8_t)what,
		.slot = p->address,
		.dci = (uint8_t)((p->number & 0x0f) | (in ? 0x80 : 0)),
		.pid = p->pid,
		.status = p->status,
		.port = p->port,
		.len = what == PACKET_SUBMIT ? p->len : p->actual,
		.addr = p->route,
		.value = p->id,
	};

	if (in ? what != PACKET_SUBMIT : what == PACKET_SUBMIT)
		row.data = p->data;
	if (p->bus->trace)
		trace_append(p->bus->trace, &row);
}

/* The packet has its final answer: make it one that exists, and let STALL halt the endpoint. */
static enum usb_status settle(struct usb_packet *p, enum usb_status status)
{
	if ((unsigned)status >= USB_STATUSES || status == USB_ASYNC)
		status = USB_XACT;
	if (p->actual > p->len) {
		p->actual = p->len;
		status = USB_BABBLE;
	}
	if (status == USB_OK && p->pid != USB_IN)
		p->actual = p->len;
	if (status == USB_NAK) {
		if (p->pid == USB_IN)
			memset(p->data, MARKER, p->actual);
		p->actual = 0;
	}
	if (status == USB_STALL && p->ep && p->ep->present &&
	    (p->ep->type == USB_EP_BULK || p->ep->type == USB_EP_INTERRUPT))
		p->ep->halted = true;
	p->state = status == USB_NAK ? USB_PACKET_IDLE : USB_PACKET_DONE;
	p->status = (uint8_t)status;
	trace_packet(p, PACKET_COMPLETE);
	return status;
}

static struct usb_endpoint *queue_of(struct usb_packet *p)
{
	return p->ep ? p->ep : &p->dev->stray;
}

static void enqueue(struct usb_packet *p)
{
	struct usb_endpoint *ep = queue_of(p);

	p->next = NULL;
	if (ep->last)
		ep->last->next = p;
	else
		ep->first = p;
	ep->last = p;
	ep->count++;
	ep->bytes += p->len;
}

static void dequeue(struct usb_packet *p)
{
	struct usb_endpoint *ep = queue_of(p);
	struct usb_packet *before = NULL;

	for (struct usb_packet *q = ep->first; q != p; q = q->next) {
		REQUIRE(q);
		before = q;
	}
	if (before)
		before->next = p->next;
	else
		ep->first = p->next;
	if (ep->last == p)
		ep->last = before;
	p->next = NULL;
	ep->count--;
	ep->bytes -= p->len;
}

/* The device must not think of p any more. A packet on a control request was never shown to it. */
static void forget(struct usb_device *dev, struct usb_packet *p)
{
	if (dev->control.waiting == p) {
		dev->control.waiting = NULL;
	} else if (dev->ops->cancel) {
		usb_device_hold(dev);
		dev->ops->cancel(dev, p);
		usb_device_release(dev);
	}
}

static enum usb_status dispatch(struct usb_device *dev, struct usb_packet *p)
{
	enum usb_status status = USB_XACT;

	if (dev->state < USB_DEFAULT || dev->suspended)
		return USB_XACT;
	if (p->ep && p->ep->type == USB_EP_BULK && !p->stream && !usb_endpoint_takes(p->ep, p->len))
		return USB_NAK;
	if (p->pid == USB_SETUP && p->number == 0)
		usb_control_abort(dev);
	if (dev->gone)
		return USB_NODEV;
	if (dev->ops->intercept && dev->ops->intercept(dev, p, &status))
		return status;
	if (dev->gone)
		return USB_NODEV;
	if (!p->ep)
		return USB_XACT;
	if (p->number == 0)
		return usb_control_token(dev, p);
	if (p->ep->halted || !dev->ops->data)
		return USB_STALL;
	if (p->stream && p->stream > p->ep->max_streams)
		return USB_STALL; /* a stream that the device has not: USB3 8.12.1.4 */
	return dev->ops->data(dev, p->ep, p);
}

/* dispatch() has returned status; p may have been taken back, completed or freed in between. */
static enum usb_status after_dispatch(struct usb_device *dev, struct usb_packet *p,
				      enum usb_status status)
{
	if (p->taken_back && status == USB_ASYNC)
		forget(dev, p);
	if (p->freed) {
		destroy(p);
		return USB_NODEV;
	}
	if (p->taken_back || p->state != USB_PACKET_WITH_DEVICE)
		return p->status;
	if (status != USB_ASYNC)
		return settle(p, status);
	enqueue(p);
	return USB_ASYNC;
}

enum usb_status usb_packet_submit(struct usb_packet *p)
{
	struct usb_device *dev = p->dev;
	enum usb_status status;

	REQUIRE(p->state != USB_PACKET_WITH_DEVICE && !p->submitting);
	if (p->pid == USB_IN)
		memset(p->data, MARKER, p->actual);
	p->state = USB_PACKET_WITH_DEVICE;
	p->status = USB_ASYNC;
	p->actual = 0;
	p->taken_back = p->ended = false;
	if (!dev || dev->gone) {
		trace_packet(p, PACKET_SUBMIT);
		return settle(p, USB_NODEV);
	}
	p->ep = usb_endpoint_get(dev, p->pid, p->number);
	p->address = dev->address;
	p->port = usb_port_root(dev->port)->number;
	p->route = usb_port_route(dev->port);
	trace_packet(p, PACKET_SUBMIT);
	if (!usb_port_reached(dev->port))
		return settle(p, USB_XACT);
	usb_device_hold(dev);
	p->submitting = true;
	p->outer = dev->handling;
	dev->handling = p;
	status = dispatch(dev, p);
	dev->handling = p->outer;
	p->submitting = false;
	status = after_dispatch(dev, p, status);
	usb_device_release(dev);
	return status;
}

bool usb_packet_ends_short(const struct usb_packet *p, uint32_t max_packet)
{
	return p->pid == USB_IN && p->actual < p->len &&
		(p->ended || !p->actual || p->actual % max_packet);
}

void usb_packet_cancel(struct usb_packet *p)
{
	if (p->state != USB_PACKET_WITH_DEVICE)
		return;
	p->state = USB_PACKET_IDLE;
	p->status = USB_NODEV;
	if (p->submitting) {
		p->taken_back = true;
	} else {
		dequeue(p);
		forget(p->dev, p);
	}
	trace_packet(p, PACKET_CANCEL);
}

void usb_packet_complete(struct usb_packet *p, enum usb_status status)
{
	if (p->state != USB_PACKET_WITH_DEVICE)
		return;
	if (!p->submitting)
		dequeue(p);
	settle(p, status);
	if (!p->submitting && p->complete)
		p->complete(p);
}

static unsigned count(const struct usb_packet *p)
{
	unsigned n = 0;

	for (; p; p = p->next)
		n++;
	return n;
}

void usb_endpoint_flush(struct usb_endpoint *ep, enum usb_status status)
{
	struct usb_device *dev = ep->dev;

	REQUIRE(dev->in_handler);
	for (struct usb_packet *p = dev->handling; p; p = p->outer) {
		if (p->state != USB_PACKET_WITH_DEVICE || queue_of(p) != ep)
			continue;
		p->taken_back = true;
		settle(p, status);
	}
	/* Callbacks may submit more; those are not ours to complete. */
	for (unsigned n = count(ep->first); n && ep->first; n--) {
		struct usb_packet *p = ep->first;

		dequeue(p);
		forget(dev, p);
		settle(p, status);
		if (p->complete)
			p->complete(p);
	}
}

void usb_device_flush(struct usb_device *dev, enum usb_status status)
{
	usb_endpoint_flush(&dev->ep0, status);
	for (unsigned i = 1; i < 16; i++) {
		usb_endpoint_flush(&dev->ep_out[i], status);
		usb_endpoint_flush(&dev->ep_in[i], status);
	}
	usb_endpoint_flush(&dev->stray, status);
}

bool usb_packet_put(struct usb_packet *p, const void *data, size_t n)
{
	size_t room = p->actual < p->len ? p->len - p->actual : 0;
	size_t fits = n < room ? n : room;

	if (fits)
		memcpy(p->data + p->actual, data, fits);
	p->actual += (uint32_t)fits;
	return n <= room;
}

size_t usb_packet_get(struct usb_packet *p, void *data, size_t n)
{
	size_t left = p->actual < p->len ? p->len - p->actual : 0;
	size_t taken = n < left ? n : left;

	if (taken)
		memcpy(data, p->data + p->actual, taken);
	p->actual += (uint32_t)taken;
	return taken;
}

uint8_t *usb_packet_rest(struct usb_packet *p, size_t *ret_len)
{
	uint32_t at = p->actual < p->len ? p->actual : p->len;

	*ret_len = p->len - at;
	return p->data + at;
}

void usb_packet_moved(struct usb_packet *p, size_t n)
{
	REQUIRE(p->actual <= p->len && n <= p->len - p->actual);
	p->actual += (uint32_t)n;
}
