// SPDX-License-Identifier: MIT
/*
 * stream.c -- endpoints that send of their own accord once they were told to: interrupt, isochronous and buffered
 * bulk input; and isochronous output. One URB each service interval of virtual time, so that a device which always
 * has something costs no more than a real one; and none while EXPORT_QUEUE messages wait.
 */
#include <errno.h>

#include "export/export.h"

#define BULK_BYTES_MAX 65536u

static uint64_t interval_ns(const struct usb_device *dev, uint8_t interval)
{
	if (dev->speed == USB_SPEED_HIGH || dev->speed == USB_SPEED_SUPER)
		return UINT64_C(125000) << (interval ? min_u64(interval - 1u, 15) : 0);
	return UINT64_C(1000000) * (interval ? interval : 1);
}

static void send_status(struct export *e, uint64_t id, uint8_t message, uint8_t endpoint,
			uint8_t status)
{
	struct usb_redir_iso_stream_status_header iso = {status, endpoint};
	struct usb_redir_interrupt_receiving_status_header interrupt = {status, endpoint};
	struct usb_redir_bulk_receiving_status_header bulk = {
		e->stream[export_record(endpoint)].stream_id, endpoint, status};

	if (message == usb_redir_iso_packet)
		usbredirparser_send_iso_stream_status(e->parser, id, &iso);
	else if (message == usb_redir_interrupt_packet)
		usbredirparser_send_interrupt_receiving_status(e->parser, id, &interrupt);
	else
		usbredirparser_send_bulk_receiving_status(e->parser, id, &bulk);
}

/* ---- starting and stopping ---------------------------------------------------------------------- */

static bool fits(uint8_t type, uint8_t message)
{
	return message == usb_redir_iso_packet          ? type == USB_EP_ISOCH
		: message == usb_redir_interrupt_packet ? type == USB_EP_INTERRUPT
							: type == USB_EP_BULK;
}

static void start(struct export *e, uint64_t id, uint8_t endpoint, uint8_t message,
		  struct export_stream *wanted)
{
	struct usb_device *dev = e->open ? e->usbfs.port.dev : NULL;
	struct usb_endpoint *ep = dev
		? usb_endpoint_get(dev, endpoint & 0x80 ? USB_IN : USB_OUT, endpoint & 15)
		: NULL;
	unsigned r = export_record(endpoint);
	struct usb_redir_ep_info_header info;

	if (!ep || !(endpoint & 15) || endpoint & 0x70 || !fits(ep->type, message) ||
	    !wanted->urbs_max || (message != usb_redir_iso_packet && !(endpoint & 0x80))) {
		send_status(e, id, message, endpoint, usb_redir_inval);
		return;
	}
	export_stream_stop(e, r);
	export_endpoint_info(dev, &info);
	wanted->message = message;
	wanted->urbs = e->stream[r].urbs;
	if (message != usb_redir_buffered_bulk_packet) {
		wanted->bytes = info.max_packet_size[r] ? info.max_packet_size[r] : 8;
		wanted->every_ns =
			interval_ns(dev, ep->interval) * (wanted->frames ? wanted->frames : 1);
	}
	wanted->due_ns = e->usbfs.now_ns;
	e->stream[r] = *wanted;
	export_say(e, "endpoint %02x starts", endpoint);
	send_status(e, id, message, endpoint, usb_redir_success);
}

void export_stream_stop(struct export *e, unsigned record)
{
	struct export_stream *s = &e->stream[record];

	if (!s->message)
		return;
	s->message = 0;
	for (struct export_urb *u = e->urbs; u; u = u->next)
		if (u->kind == EXPORT_STREAM && u->of.record == record) {
			u->cancelled = true;
			usbfs_urb_discard(&e->usbfs, u->user);
		}
}

static void stop(struct export *e, uint64_t id, uint8_t endpoint, uint8_t message)
{
	export_stream_stop(e, export_record(endpoint));
	export_say(e, "endpoint %02x stops", endpoint);
	send_status(e, id, message, endpoint, usb_redir_success);
}

static void start_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *h)
{
	struct export_stream s = {.frames = h->pkts_per_urb > 128 ? 128 : h->pkts_per_urb,
				  .urbs_max = h->no_urbs};

	if (!s.frames)
		s.urbs_max = 0; /* which is refused */
	start(priv, id, h->endpoint, usb_redir_iso_packet, &s);
}

static void stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *h)
{
	stop(priv, id, h->endpoint, usb_redir_iso_packet);
}

static void start_interrupt(void *priv, uint64_t id,
			    struct usb_redir_start_interrupt_receiving_header *h)
{
	struct export_stream s = {.urbs_max = 1};

	start(priv, id, h->endpoint, usb_redir_interrupt_packet, &s);
}

static void stop_interrupt(void *priv, uint64_t id,
			   struct usb_redir_stop_interrupt_receiving_header *h)
{
	stop(priv, id, h->endpoint, usb_redir_interrupt_packet);
}

static void start_bulk(void *priv, uint64_t id, struct usb_redir_start_bulk_receiving_header *h)
{
	struct export_stream s = {.urbs_max = h->no_transfers,
				  .stream_id = h->stream_id,
				  .bytes =
					  (uint32_t)min_u64(h->bytes_per_transfer, BULK_BYTES_MAX)};

	if (!s.bytes)
		s.urbs_max = 0;
	start(priv, id, h->endpoint, usb_redir_buffered_bulk_packet, &s);
}

static void stop_bulk(void *priv, uint64_t id, struct usb_redir_stop_bulk_receiving_header *h)
{
	stop(priv, id, h->endpoint, usb_redir_buffered_bulk_packet);
}

/* ---- URBs ------------------------------------------------------------------------------------------ */

static struct export_urb *make(struct export *e, unsigned r, uint32_t bytes, unsigned frames)
{
	struct export_stream *s = &e->stream[r];
	struct export_urb *u = export_urb_new(e, s->message, bytes * (frames ? frames : 1), frames);

	u->kind = EXPORT_STREAM;
	u->of.record = (uint8_t)r;
	u->user->endpoint = (unsigned char)((r & 16) << 3 | (r & 15));
	u->user->type = s->message == usb_redir_iso_packet ? USBDEVFS_URB_TYPE_ISO
		: s->message == usb_redir_interrupt_packet ? USBDEVFS_URB_TYPE_INTERRUPT
							   : USBDEVFS_URB_TYPE_BULK;
	for (unsigned i = 0; i < frames; i++)
		u->user->iso_frame_desc[i].length = bytes;
	if (!frames)
		u->user->stream_id = s->stream_id; /* the same place as number_of_packets */
	return u;
}

static void give_up(struct export *e, unsigned r, uint8_t status)
{
	uint8_t message = e->stream[r].message, endpoint = (uint8_t)((r & 16) << 3 | (r & 15));

	export_stream_stop(e, r);
	send_status(e, 0, message, endpoint, status);
	export_say(e, "endpoint %02x has ended (status %u)", endpoint, status);
}

static void submit(struct export *e, unsigned r, struct export_urb *u)
{
	int err = export_urb_submit(e, u);

	if (err)
		give_up(e, r, export_status(err));
	else
		e->stream[r].urbs++;
}

void export_stream_work(struct export *e)
{
	for (unsigned r = 16; r < ARRAY_SIZE(e->stream); r++) {
		struct export_stream *s = &e->stream[r];

		/* What was missed is not made up for. */
		if (s->message && s->due_ns + 100 * s->every_ns < e->usbfs.now_ns)
			s->due_ns = e->usbfs.now_ns;
		while (s->message && s->urbs < s->urbs_max && s->due_ns <= e->usbfs.now_ns &&
		       export_is_ready(e)) {
			submit(e, r, make(e, r, s->bytes, s->frames));
			s->due_ns += s->every_ns;
		}
	}
}

static void send_frames(struct export *e, struct export_stream *s, const struct export_urb *u)
{
	const uint8_t *at = u->data;

	for (int i = 0; i < u->user->number_of_packets; i++) {
		const struct usbdevfs_iso_packet_desc *f = &u->user->iso_frame_desc[i];
		struct usb_redir_iso_packet_header h = {(uint8_t)u->user->endpoint,
							export_status((int)f->status),
							(uint16_t)f->actual_length};

		usbredirparser_send_iso_packet(e->parser, s->next_id++, &h,
					       f->actual_length ? (uint8_t *)(uintptr_t)at : NULL,
					       (int)f->actual_length);
		at += f->length;
	}
}

static void send_packet(struct export *e, struct export_stream *s, const struct export_urb *u)
{
	uint32_t len = (uint32_t)(u->user->actual_length < 0 ? 0 : u->user->actual_length);
	uint8_t endpoint = (uint8_t)u->user->endpoint, status = export_status(u->user->status);
	struct usb_redir_interrupt_packet_header interrupt = {endpoint, status, (uint16_t)len};
	struct usb_redir_buffered_bulk_packet_header bulk = {s->stream_id, len, endpoint, status};

	if (s->message == usb_redir_interrupt_packet)
		usbredirparser_send_interrupt_packet(e->parser, s->next_id++, &interrupt,
						     len ? u->data : NULL, (int)len);
	else
		usbredirparser_send_buffered_bulk_packet(e->parser, s->next_id++, &bulk,
							 len ? u->data : NULL, (int)len);
}

void export_stream_answer(struct export *e, struct export_urb *u)
{
	struct export_stream *s = &e->stream[u->of.record];
	bool in = u->user->endpoint & 0x80;

	s->urbs -= s->urbs != 0;
	if (u->cancelled || s->message != u->message)
		return;
	if (s->message == usb_redir_iso_packet && !u->user->status) {
		if (in)
			send_frames(e, s, u);
	} else if (u->user->status == 0 || u->user->status == -EOVERFLOW) {
		send_packet(e, s, u);
	} else {
		give_up(e, u->of.record, export_status(u->user->status));
	}
}

/* Output has no answer; what comes faster than the device takes it is dropped. */
static void iso_packet(void *priv, uint64_t id, struct usb_redir_iso_packet_header *h,
		       uint8_t *data, int data_len)
{
	struct export *e = priv;
	unsigned r = export_record(h->endpoint);
	struct export_stream *s = &e->stream[r];
	struct export_urb *u;

	(void)id;
	if (r < 16 && e->open && s->message == usb_redir_iso_packet &&
	    s->urbs < (unsigned)s->urbs_max * s->frames) {
		u = make(e, r, h->length, 1);
		if (data && data_len > 0)
			memcpy(u->data, data, min_u64(h->length, (uint64_t)data_len));
		submit(e, r, u);
	}
	if (data)
		usbredirparser_free_packet_data(e->parser, data);
}

void export_stream_callbacks(struct export *e)
{
	struct usbredirparser *p = e->parser;

	p->start_iso_stream_func = start_iso;
	p->stop_iso_stream_func = stop_iso;
	p->start_interrupt_receiving_func = start_interrupt;
	p->stop_interrupt_receiving_func = stop_interrupt;
	p->start_bulk_receiving_func = start_bulk;
	p->stop_bulk_receiving_func = stop_bulk;
	p->iso_packet_func = iso_packet;
}
