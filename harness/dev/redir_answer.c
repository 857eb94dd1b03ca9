// SPDX-License-Identifier: MIT
/*
 * redir_answer.c -- messages that answer the guest, or bring data of their own accord.
 *
 * An answer counts if something with its id waits for just this kind on just this endpoint; all others
 * are for what was cancelled, or lies, and are dropped without a word. Answers may come in any order.
 */
#include "dev/redir.h"
#include "heap.h"

static uint64_t id_mask(const struct redir *r)
{
	return redir_peer_can(r, usb_redir_cap_64bits_ids) ? UINT64_MAX : UINT32_MAX;
}

/* What waits for this; not in the list any more, the caller's. Or NULL. */
static struct redir_pending *take(struct redir *r, uint64_t id, enum redir_kind kind)
{
	uint64_t mask = id_mask(r);

	for (struct redir_pending **link = &r->pending; *link; link = &(*link)->next) {
		struct redir_pending *q = *link;

		if ((q->id & mask) != (id & mask) || q->kind != kind || q->answered)
			continue;
		*link = q->next;
		q->next = NULL;
		return q;
	}
	return NULL;
}

static void put_back(struct redir *r, struct redir_pending *q)
{
	q->next = r->pending;
	r->pending = q;
}

/* What has come for p is put into it. False: it was more than fits. */
static bool fill(struct redir *r, struct usb_packet *p, const uint8_t *data, size_t len)
{
	if (p->pid != USB_IN)
		return true;
	p->ended = len < redir_asked(r, p);
	return !len || usb_packet_put(p, data, len);
}

enum usb_status redir_answer_fill(struct redir *r, struct usb_packet *p,
				  const struct redir_block *b)
{
	return fill(r, p, b->data, b->len) ? b->status : USB_BABBLE;
}

/* ---- packets --------------------------------------------------------------------------------- */

/* The guest has not come back for it yet: keep the answer until then. */
static void keep(struct redir *r, struct redir_pending *q, enum usb_status status,
		 const uint8_t *data, size_t len)
{
	q->answered = true;
	q->status = (uint8_t)status;
	q->block = redir_block_new(data, min_u64(len, (uint64_t)q->len + 1), status);
	put_back(r, q);
}

static void answer(struct redir *r, uint64_t id, enum redir_kind kind, uint8_t endpoint,
		   enum usb_status status, uint32_t moved, const uint8_t *data, size_t len)
{
	struct usb_device *dev = redir_usb(r);
	struct redir_pending *q = take(r, id, kind);
	struct usb_packet *p = q ? q->p : NULL;

	if (!q)
		return;
	if (q->endpoint != endpoint)
		status = USB_XACT;
	/* usb-core knows no OUT packet that was taken in part. */
	if (!(q->endpoint & 0x80) && status == USB_OK && moved < q->len)
		status = USB_XACT;
	if (!p) {
		keep(r, q, status, data, len);
		return;
	}
	heap_free(q);
	if (!dev)
		return;
	usb_device_hold(dev);
	if (!fill(r, p, data, len))
		status = USB_BABBLE;
	usb_packet_complete(p, status);
	usb_device_release(dev);
}

static void bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h, uint8_t *data,
		 int len)
{
	struct redir *r = priv;

	answer(r, id, REDIR_BULK, h->endpoint, redir_status(h->status),
	       (uint32_t)h->length_high << 16 | h->length, data, (size_t)len);
	usbredirparser_free_packet_data(r->parser, data);
}

/* ---- what comes by itself -------------------------------------------------------------------- */

static void arrive(struct redir *r, uint8_t endpoint, unsigned type, uint8_t status,
		   const uint8_t *data, size_t len)
{
	unsigned index = redir_index(endpoint);
	struct usb_device *dev = redir_usb(r);
	struct redir_ep *e = &r->ep[index];

	if (!dev || !(endpoint & 0x80) || !(index & 15) || e->type != type || !e->started)
		return;
	if (!redir_queue_put(r, e, redir_block_new(data, len, redir_status(status))) &&
	    type == USB_EP_BULK)
		redir_say(r, "endpoint 0x%02x: data is lost, nobody fetches it", endpoint);
	usb_wakeup(&dev->ep_in[index & 15]);
}

static void iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *h, uint8_t *data,
		int len)
{
	struct redir *r = priv;

	(void)id;
	arrive(r, h->endpoint, USB_EP_ISOCH, h->status, data, (size_t)len);
	usbredirparser_free_packet_data(r->parser, data);
}

static void interrupt(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *h,
		      uint8_t *data, int len)
{
	struct redir *r = priv;

	if (h->endpoint & 0x80)
		arrive(r, h->endpoint, USB_EP_INTERRUPT, h->status, data, (size_t)len);
	else
		answer(r, id, REDIR_INTERRUPT, h->endpoint, redir_status(h->status), h->length,
		       NULL, 0);
	usbredirparser_free_packet_data(r->parser, data);
}

static void buffered(void *priv, uint64_t id, struct usb_redir_buffered_bulk_packet_header *h,
		     uint8_t *data, int len)
{
	struct redir *r = priv;

	(void)id;
	arrive(r, h->endpoint, USB_EP_BULK, h->status, data, (size_t)len);
	usbredirparser_free_packet_data(r->parser, data);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void complete(struct redir *r, enum usb_status status, const uint8_t *data, size_t len)
{
	struct usb_device *dev = redir_usb(r);
	size_t room;

	if (!dev)
		return;
	room = dev->control.buf ? dev->control.setup.length : 0;
	if (!(dev->control.setup.type & 0x80))
		len = 0;
	if (len > room) {
		len = room;
		status = status == USB_OK ? USB_BABBLE : status;
	}
	if (len)
		memcpy(dev->control.buf, data, len);
	usb_device_hold(dev);
	usb_control_complete(dev, status, (uint32_t)len);
	usb_device_release(dev);
}

/* CLEAR_FEATURE(ENDPOINT_HALT): the core's endpoint goes on, too. */
static void clear_halt(struct usb_device *dev)
{
	const struct usb_setup *s = &dev->control.setup;
	struct usb_endpoint *ep;

	if (s->type != 2 || s->request != 1 || s->value || !(s->index & 15))
		return;
	ep = usb_endpoint_get(dev, s->index & 0x80 ? USB_IN : USB_OUT, s->index & 15);
	if (ep)
		ep->halted = false;
}

static void control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
		    uint8_t *data, int len)
{
	struct redir *r = priv;
	struct redir_pending *q = take(r, id, REDIR_CONTROL);

	heap_free(q);
	if (q && redir_usb(r)) {
		if (h->status == usb_redir_success)
			clear_halt(redir_usb(r));
		complete(r, redir_status(h->status), data, (size_t)len);
	}
	usbredirparser_free_packet_data(r->parser, data);
}

static void take_configuration(struct usb_device *dev, struct redir *r, uint8_t configuration)
{
	dev->configuration = configuration;
	usb_device_set_state(dev, configuration ? USB_CONFIGURED : USB_ADDRESSED);
	memset(dev->alternate, 0, sizeof(dev->alternate));
	usb_device_hold(dev);
	redir_apply_endpoints(r);
	usb_device_release(dev);
}

static void configuration(void *priv, uint64_t id, struct usb_redir_configuration_status_header *h)
{
	struct redir *r = priv;
	struct redir_pending *q = take(r, id, REDIR_SET_CONFIGURATION);
	struct usb_device *dev = redir_usb(r);
	bool set = q;

	if (!q)
		q = take(r, id, REDIR_GET_CONFIGURATION);
	heap_free(q);
	if (!q || !dev)
		return;
	usb_device_hold(dev);
	if (set && h->status == usb_redir_success && dev->state >= USB_ADDRESSED)
		take_configuration(dev, r, h->configuration);
	complete(r, redir_status(h->status), &h->configuration,
		 min_u64(dev->control.setup.length, 1));
	usb_device_release(dev);
}

static void setting(void *priv, uint64_t id, struct usb_redir_alt_setting_status_header *h)
{
	struct redir *r = priv;
	struct redir_pending *q = take(r, id, REDIR_SET_INTERFACE);
	struct usb_device *dev = redir_usb(r);
	bool set = q;

	if (!q)
		q = take(r, id, REDIR_GET_INTERFACE);
	heap_free(q);
	if (!q || !dev)
		return;
	usb_device_hold(dev);
	if (set && h->status == usb_redir_success && h->interface < USB_MAX_INTERFACES)
		dev->alternate[h->interface] = h->alt;
	complete(r, redir_status(h->status), &h->alt, min_u64(dev->control.setup.length, 1));
	usb_device_release(dev);
}

void redir_answer_callbacks(struct usbredirparser *parser)
{
	parser->control_packet_func = control;
	parser->bulk_packet_func = bulk;
	parser->iso_packet_func = iso;
	parser->interrupt_packet_func = interrupt;
	parser->buffered_bulk_packet_func = buffered;
	parser->configuration_status_func = configuration;
	parser->alt_setting_status_func = setting;
}
