// SPDX-License-Identifier: MIT
/*
 * host_transfer.c -- packets and requests as transfers of libusb. Each has a buffer of its own and exact
 * size; what is cancelled lives until libusb gives it back, without its packet.
 */
#include "dev/host.h"
#include "heap.h"

#define LAST_LOOKS 100u /* of 10 ms each, for what was cancelled at the end */

struct host_transfer {
	struct host_transfer *next;
	struct host *h;
	struct usb_packet *p; /* NULL: a request, or not wanted any more */
	struct libusb_transfer *t;
	uint8_t *buffer;
	bool submitting, back; /* it came back while it was being submitted */
	bool request;
};

static struct host_transfer *new_transfer(struct host *h, uint32_t bytes, int iso_packets)
{
	struct host_transfer *ht = heap_zero(sizeof(*ht));

	ht->h = h;
	ht->t = libusb_alloc_transfer(iso_packets);
	ht->buffer = heap_zero(bytes);
	ht->next = h->transfers;
	h->transfers = ht;
	REQUIRE(ht->t);
	return ht;
}

static void free_transfer(struct host_transfer *ht)
{
	struct host_transfer **link = &ht->h->transfers;

	while (*link != ht)
		link = &(*link)->next;
	*link = ht->next;
	if (ht->h->control == ht)
		ht->h->control = NULL;
	libusb_free_transfer(ht->t);
	heap_free(ht->buffer);
	heap_free(ht);
}

static enum usb_status status_of(struct host *h, const struct libusb_transfer *t)
{
	switch (t->status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return USB_OK;
	case LIBUSB_TRANSFER_STALL:
		return USB_STALL;
	case LIBUSB_TRANSFER_OVERFLOW:
		return USB_BABBLE;
	case LIBUSB_TRANSFER_NO_DEVICE:
		h->lost = true;
		return USB_NODEV;
	default:
		return USB_XACT;
	}
}

/* A device that has left may still be asked once more: it is unplugged from the timer. */
static void keep_looking(struct host *h)
{
	if (h->transfers || h->lost)
		usb_device_arm(&h->usb, h->lost ? 0 : HOST_STEP_NS);
}

/* ---- packets ------------------------------------------------------------------------------- */

static enum usb_status take_data(struct host_transfer *ht)
{
	const struct libusb_transfer *t = ht->t;
	enum usb_status status = status_of(ht->h, t);
	uint32_t n = (uint32_t)t->actual_length;

	if (t->num_iso_packets) {
		n = t->iso_packet_desc[0].actual_length;
		if (status == USB_OK && t->iso_packet_desc[0].status != LIBUSB_TRANSFER_COMPLETED)
			status = USB_XACT;
	}
	if (ht->p->pid == USB_IN && n && !usb_packet_put(ht->p, ht->buffer, n))
		status = USB_BABBLE;
	ht->p->ended = true;
	return status;
}

static int take_request(struct host_transfer *ht, uint8_t *data, uint32_t len)
{
	enum usb_status status = status_of(ht->h, ht->t);
	uint32_t n = (uint32_t)min_u64((uint64_t)ht->t->actual_length, len);

	if (status != USB_OK)
		return -(int)status;
	if (!(ht->buffer[0] & 0x80))
		return 0;
	memcpy(data, ht->buffer + LIBUSB_CONTROL_SETUP_SIZE, n);
	return (int)n;
}

static void LIBUSB_CALL came_back(struct libusb_transfer *t)
{
	struct host_transfer *ht = t->user_data;
	struct usb_packet *p = ht->p;
	struct usb_device *dev = &ht->h->usb;
	bool request = ht->request && ht->h->control == ht;
	enum usb_status status = USB_OK;
	int r = 0;

	if (ht->submitting) {
		ht->back = true;
		return;
	}
	if (p)
		status = take_data(ht);
	else if (request)
		r = take_request(ht, dev->control.buf, dev->control.setup.length);
	free_transfer(ht);
	if (p)
		usb_packet_complete(p, status);
	else if (request)
		usb_control_complete(dev, r < 0 ? (enum usb_status) - r : USB_OK,
				     r < 0 ? 0 : (uint32_t)r);
}

static void handle_events(struct host *h)
{
	struct timeval none = {0, 0};

	if (h->looking) /* what comes back may have us submit more */
		return;
	h->looking = true;
	libusb_handle_events_timeout_completed(h->context, &none, NULL);
	h->looking = false;
}

void host_transfer_look(struct host *h)
{
	usb_device_hold(&h->usb);
	handle_events(h);
	if (!h->usb.gone)
		keep_looking(h);
	usb_device_release(&h->usb);
}

/* USB_OK: it is under way, or back already; else how it ended. */
static enum usb_status submit(struct host_transfer *ht)
{
	struct host *h = ht->h;
	int err;

	ht->t->user_data = ht;
	ht->submitting = true;
	err = libusb_submit_transfer(ht->t);
	if (!err) /* what is done already need not wait for the timer */
		handle_events(h);
	ht->submitting = false;
	if (!err)
		return USB_OK;
	h->lost |= err == LIBUSB_ERROR_NO_DEVICE;
	free_transfer(ht);
	return err == LIBUSB_ERROR_NO_DEVICE    ? USB_NODEV
		: err == LIBUSB_ERROR_NOT_FOUND ? USB_STALL
						: USB_XACT;
}

static bool have_streams(struct host *h, const struct usb_endpoint *ep)
{
	uint32_t bit = UINT32_C(1) << ((ep->address & 15) + (ep->address & 0x80 ? 16 : 0));
	unsigned char address = ep->address;

	if (!(h->streams & bit) &&
	    libusb_alloc_streams(h->handle, ep->max_streams, &address, 1) > 0)
		h->streams |= bit;
	return h->streams & bit;
}

enum usb_status host_transfer_data(struct host *h, struct usb_endpoint *ep, struct usb_packet *p)
{
	bool iso = ep->type == USB_EP_ISOCH;
	struct host_transfer *ht;
	enum usb_status status;

	if (p->stream && !have_streams(h, ep))
		return USB_STALL;
	ht = new_transfer(h, p->len, iso);
	ht->p = p;
	if (p->pid == USB_OUT)
		usb_packet_get(p, ht->buffer, p->len);
	if (iso) {
		libusb_fill_iso_transfer(ht->t, h->handle, ep->address, ht->buffer, (int)p->len, 1,
					 came_back, ht, 0);
		libusb_set_iso_packet_lengths(ht->t, p->len);
	} else if (p->stream) {
		libusb_fill_bulk_stream_transfer(ht->t, h->handle, ep->address, p->stream,
						 ht->buffer, (int)p->len, came_back, ht, 0);
	} else {
		libusb_fill_bulk_transfer(ht->t, h->handle, ep->address, ht->buffer, (int)p->len,
					  came_back, ht, 0);
		if (ep->type == USB_EP_INTERRUPT)
			ht->t->type = LIBUSB_TRANSFER_TYPE_INTERRUPT;
	}
	status = submit(ht);
	if (status == USB_OK && ht->back) {
		/* Without a packet: it was taken back meanwhile. */
		status = ht->p ? take_data(ht) : USB_XACT;
		free_transfer(ht);
	} else if (status == USB_OK) {
		status = USB_ASYNC;
	}
	keep_looking(h);
	return status;
}

int host_transfer_control(struct host *h, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct host_transfer *ht =
		new_transfer(h, LIBUSB_CONTROL_SETUP_SIZE + (uint32_t)s->length, 0);
	enum usb_status status;
	int r;

	ht->request = true;
	h->control = ht;
	libusb_fill_control_setup(ht->buffer, s->type, s->request, s->value, s->index, s->length);
	if (!(s->type & 0x80) && len)
		memcpy(ht->buffer + LIBUSB_CONTROL_SETUP_SIZE, data, len);
	libusb_fill_control_transfer(ht->t, h->handle, ht->buffer, came_back, ht, 0);
	status = submit(ht);
	if (status == USB_OK && !ht->back) {
		r = USB_CONTROL_ASYNC;
	} else if (status == USB_OK) {
		r = take_request(ht, data, len);
		free_transfer(ht);
	} else {
		r = -(int)status;
	}
	keep_looking(h);
	return r;
}

void host_transfer_cancel(struct host *h, struct usb_packet *p)
{
	struct host_transfer *ht = h->transfers;

	if (!p)
		ht = h->control;
	while (ht && p && ht->p != p)
		ht = ht->next;
	if (!ht)
		return;
	ht->p = NULL;
	if (h->control == ht)
		h->control = NULL;
	libusb_cancel_transfer(ht->t);
}

void host_transfer_end(struct host *h)
{
	struct timeval wait = {0, 10000};

	for (struct host_transfer *ht = h->transfers; ht; ht = ht->next) {
		ht->p = NULL;
		libusb_cancel_transfer(ht->t);
	}
	h->control = NULL;
	for (unsigned i = 0; i < LAST_LOOKS && h->transfers; i++)
		libusb_handle_events_timeout_completed(h->context, &wait, NULL);
	for (unsigned i = 0; i < 64; i++)
		if (h->claimed >> i & 1)
			libusb_release_interface(h->handle, (int)i);
	libusb_close(h->handle);
	/* What did not come back in time never will: closing took it from libusb. */
	while (h->transfers)
		free_transfer(h->transfers);
	libusb_exit(h->context);
}
