// SPDX-License-Identifier: MIT
/*
 * redir_endpoint.c -- the table of endpoints that the other side tells, and may change at any time.
 *
 * A record of endpoint number 0 is never used, whatever it says: endpoint 0 is usb-core's. Types that do
 * not exist and packets of size 0 make no endpoint. Nothing that was derived from a former table survives
 * a change: what is under way fails, what waits is dropped, what was started is not any more.
 */
#include "dev/redir.h"

#define BUFFER_MS 60u /* of an isochronous stream, at the other side */
#define MAX_URBS 16u
#define BULK_TRANSFER_BYTES 16384u
#define BULK_TRANSFERS 4u

/* ---- the table ------------------------------------------------------------------------------- */

static struct redir_ep as_told(struct redir *r, const struct usb_redir_ep_info_header *info,
			       unsigned i)
{
	bool has_size = redir_peer_can(r, usb_redir_cap_ep_info_max_packet_size);
	struct redir_ep e = {.type = info->type[i]};
	uint32_t streams = 0;

	if (e.type < USB_EP_ISOCH || e.type > USB_EP_INTERRUPT)
		return (struct redir_ep){0};
	e.interval = info->interval[i] ? info->interval[i] : 1;
	e.interface = info->interface[i];
	e.max_packet = has_size ? info->max_packet_size[i] & 0x7ff : 64;
	if (!e.max_packet) {
		redir_say(r, "endpoint 0x%02x has packets of 0 bytes: it is skipped",
			  redir_address(i));
		return (struct redir_ep){0};
	}
	if (e.type == USB_EP_BULK && redir_peer_can(r, usb_redir_cap_bulk_streams))
		streams = info->max_streams[i];
	e.max_streams = streams < 2 ? 0 : (uint32_t)min_u64(streams, 65536);
	return e;
}

static bool same(const struct redir_ep *a, const struct redir_ep *b)
{
	return a->type == b->type && a->interval == b->interval && a->interface == b->interface &&
		a->max_packet == b->max_packet && a->max_streams == b->max_streams;
}

static void stop(struct redir_ep *e)
{
	redir_queue_clear(e);
	e->started = e->streams = false;
	e->error = USB_OK;
}

void redir_take_endpoints(struct redir *r, const struct usb_redir_ep_info_header *info)
{
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++) {
		struct redir_ep e;

		if (!(i & 15)) {
			if (info->type[i] != usb_redir_type_control &&
			    info->type[i] != usb_redir_type_invalid)
				redir_say(r, "endpoint 0x%02x of type %u is skipped",
					  redir_address(i), info->type[i]);
			continue;
		}
		e = as_told(r, info, i);
		if (same(&e, &r->ep[i]))
			continue;
		stop(&r->ep[i]);
		e.held = r->ep[i].held;
		r->ep[i] = e;
	}
}

static bool is_in_table(const struct usb_endpoint *ep, const struct redir_ep *e, bool configured)
{
	if (!ep->present || !configured || !e->type)
		return ep->present == (configured && e->type);
	return ep->type == e->type && ep->max_packet == e->max_packet &&
		ep->interface == e->interface && ep->max_streams == e->max_streams;
}

void redir_apply_endpoints(struct redir *r)
{
	struct usb_device *dev = redir_usb(r);
	bool configured = dev && dev->state == USB_CONFIGURED;

	for (unsigned i = 1; dev && i < REDIR_ENDPOINTS; i++) {
		struct usb_endpoint *ep = i < 16 ? &dev->ep_out[i] : &dev->ep_in[i & 15];
		const struct redir_ep *e = &r->ep[i];

		if (!(i & 15) || is_in_table(ep, e, configured))
			continue;
		ep->present = configured && e->type;
		ep->halted = false;
		ep->type = e->type;
		ep->interface = e->interface;
		ep->interval = e->interval;
		ep->max_packet = e->max_packet;
		ep->pipeline = e->type == USB_EP_BULK;
		ep->max_streams = e->max_streams;
		usb_endpoint_flush(ep, USB_XACT);
		dev = redir_usb(r);
		configured &= dev && dev->state == USB_CONFIGURED;
	}
}

void redir_stop_endpoints(struct redir *r)
{
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++)
		stop(&r->ep[i]);
}

/* ---- what goes by itself --------------------------------------------------------------------- */

/* So many packets in an URB that one is there each 10 ms, and URBs for BUFFER_MS; as much as QEMU asks. */
static void start_iso(struct redir *r, unsigned index)
{
	const struct usb_device *dev = redir_usb(r);
	bool micro = dev && (dev->speed == USB_SPEED_HIGH || dev->speed == USB_SPEED_SUPER);
	unsigned per_second = (micro ? 8000u : 1000u) / r->ep[index].interval;
	unsigned packets = per_second >= 8000 ? 32 : per_second >= 1000 ? 8 : 1;
	unsigned urbs = (per_second * BUFFER_MS / 1000 + packets - 1) / packets;
	struct usb_redir_start_iso_stream_header start = {
		.endpoint = redir_address(index),
		.pkts_per_urb = (uint8_t)packets,
		.no_urbs = (uint8_t)(urbs < 1                  ? 1
					     : urbs > MAX_URBS ? MAX_URBS
							       : urbs),
	};

	usbredirparser_send_start_iso_stream(r->parser, r->next_id++, &start);
}

static void start_bulk(struct redir *r, unsigned index)
{
	uint32_t size = r->ep[index].max_packet;
	struct usb_redir_start_bulk_receiving_header start = {
		.bytes_per_transfer = (BULK_TRANSFER_BYTES + size - 1) / size * size,
		.endpoint = redir_address(index),
		.no_transfers = BULK_TRANSFERS,
	};

	usbredirparser_send_start_bulk_receiving(r->parser, r->next_id++, &start);
}

void redir_start(struct redir *r, unsigned index)
{
	struct redir_ep *e = &r->ep[index];
	struct usb_redir_start_interrupt_receiving_header start = {redir_address(index)};

	if (e->started)
		return;
	e->started = true;
	if (e->type == USB_EP_ISOCH)
		start_iso(r, index);
	else if (e->type == USB_EP_BULK)
		start_bulk(r, index);
	else
		usbredirparser_send_start_interrupt_receiving(r->parser, r->next_id++, &start);
	redir_flush(r);
}

void redir_have_streams(struct redir *r, unsigned index)
{
	struct redir_ep *e = &r->ep[index];
	struct usb_redir_alloc_bulk_streams_header alloc = {
		.endpoints = UINT32_C(1) << index,
		.no_streams = e->max_streams - 1, /* number 0 is none */
	};

	if (e->streams)
		return;
	e->streams = true;
	usbredirparser_send_alloc_bulk_streams(r->parser, r->next_id++, &alloc);
}

static void end_packets(struct redir *r, unsigned index)
{
	uint8_t endpoint = redir_address(index);
	struct usb_redir_stop_iso_stream_header iso = {endpoint};
	struct usb_redir_stop_bulk_receiving_header bulk = {.endpoint = endpoint};
	struct usb_redir_stop_interrupt_receiving_header interrupt = {endpoint};

	if (r->ep[index].type == USB_EP_ISOCH)
		usbredirparser_send_stop_iso_stream(r->parser, r->next_id++, &iso);
	else if (r->ep[index].type == USB_EP_BULK)
		usbredirparser_send_stop_bulk_receiving(r->parser, r->next_id++, &bulk);
	else
		usbredirparser_send_stop_interrupt_receiving(r->parser, r->next_id++, &interrupt);
}

/*
 * A configuration, a setting and a reset make endpoints anew (USB2 9.1.1.5): the other side must not go on with what
 * the former ones had, and what they sent is not for the new ones.
 */
void redir_end(struct redir *r, uint32_t endpoints)
{
	struct usb_redir_free_bulk_streams_header freed = {0};

	for (unsigned i = 1; i < REDIR_ENDPOINTS; i++) {
		struct redir_ep *e = &r->ep[i];

		if (!(endpoints >> i & 1))
			continue;
		if (e->started)
			end_packets(r, i);
		if (e->streams)
			freed.endpoints |= UINT32_C(1) << i;
		stop(e);
	}
	if (freed.endpoints)
		usbredirparser_send_free_bulk_streams(r->parser, r->next_id++, &freed);
}

/* ---- how that went --------------------------------------------------------------------------- */

/* The other side has stopped, or never started: the next packet of the guest hears of it. */
static void stopped(struct redir *r, uint8_t endpoint, unsigned type, uint8_t status)
{
	unsigned index = redir_index(endpoint);
	struct usb_device *dev = redir_usb(r);
	struct redir_ep *e = &r->ep[index];

	if (!(index & 15) || e->type != type || !e->started || status == usb_redir_success)
		return;
	e->started = false;
	e->error = redir_status(status);
	if (dev)
		usb_wakeup(index < 16 ? &dev->ep_out[index] : &dev->ep_in[index & 15]);
}

static void iso_status(void *priv, uint64_t id, struct usb_redir_iso_stream_status_header *h)
{
	(void)id;
	stopped(priv, h->endpoint, USB_EP_ISOCH, h->status);
}

static void interrupt_status(void *priv, uint64_t id,
			     struct usb_redir_interrupt_receiving_status_header *h)
{
	(void)id;
	stopped(priv, h->endpoint, USB_EP_INTERRUPT, h->status);
}

static void bulk_status(void *priv, uint64_t id, struct usb_redir_bulk_receiving_status_header *h)
{
	(void)id;
	stopped(priv, h->endpoint, USB_EP_BULK, h->status);
}

static void streams_status(void *priv, uint64_t id, struct usb_redir_bulk_streams_status_header *h)
{
	struct redir *r = priv;

	(void)id;
	if (h->status == usb_redir_success)
		return;
	for (unsigned i = 1; i < REDIR_ENDPOINTS; i++)
		if (h->endpoints >> i & 1 && r->ep[i].streams) {
			redir_say(r, "endpoint 0x%02x gets no streams", redir_address(i));
			r->ep[i].error = redir_status(h->status);
			r->ep[i].streams = false;
		}
}

void redir_endpoint_callbacks(struct usbredirparser *parser)
{
	parser->iso_stream_status_func = iso_status;
	parser->interrupt_receiving_status_func = interrupt_status;
	parser->bulk_receiving_status_func = bulk_status;
	parser->bulk_streams_status_func = streams_status;
}
