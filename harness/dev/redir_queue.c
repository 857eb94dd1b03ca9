// SPDX-License-Identifier: MIT
/*
 * redir_queue.c -- data that the other side sends before the guest asks: interrupt and isochronous
 * packets, which are dropped when nobody fetches them, and bulk data read ahead, for which reading stops.
 *
 * A block owns its bytes, whole, until it is freed; how much of it was fetched is a number beside it.
 */
#include "dev/redir.h"
#include "heap.h"

struct redir_block *redir_block_new(const uint8_t *data, size_t len, enum usb_status status)
{
	struct redir_block *b = heap_zero(sizeof(*b));

	b->data = heap_zero(len);
	b->len = (uint32_t)len;
	b->status = (uint8_t)status;
	if (len)
		memcpy(b->data, data, len);
	return b;
}

void redir_block_free(struct redir_block *b)
{
	if (b)
		heap_free(b->data);
	heap_free(b);
}

/* Too much of what comes by itself: from then on nothing more until half of it is gone. */
static bool drops(const struct redir *r, struct redir_ep *e)
{
	uint32_t limit = e->dropping ? REDIR_MAX_WAITING / 2 : REDIR_MAX_WAITING;

	/* Bulk data waits in the line; only who leaves no other way gets here. */
	if (e->type == USB_EP_BULK)
		return e->bytes / 4 > r->config.max_buffered || e->count > 16 * REDIR_MAX_WAITING;
	e->dropping = e->count >= limit;
	return e->dropping;
}

void redir_queue_append(struct redir_ep *e, struct redir_block *b)
{
	if (e->last)
		e->last->next = b;
	else
		e->first = b;
	e->last = b;
	e->count++;
	e->bytes += b->len;
}

bool redir_queue_put(struct redir *r, struct redir_ep *e, struct redir_block *b)
{
	if (drops(r, e)) {
		redir_block_free(b);
		return false;
	}
	redir_queue_append(e, b);
	r->crowded |= e->bytes > r->config.max_buffered;
	return true;
}

static void remove_first(struct redir_ep *e)
{
	struct redir_block *b = e->first;

	e->first = b->next;
	if (!e->first)
		e->last = NULL;
	e->count--;
	e->bytes -= b->len;
	redir_block_free(b);
}

bool redir_queue_take(struct redir_ep *e, struct usb_packet *p, enum usb_status *ret)
{
	struct redir_block *b = e->first;

	if (!b)
		return false;
	*ret = b->status;
	if (!usb_packet_put(p, b->data, b->len))
		*ret = USB_BABBLE;
	remove_first(e);
	return true;
}

bool redir_queue_read(struct redir_ep *e, struct usb_packet *p, enum usb_status *ret)
{
	bool any = false;

	if (e->first)
		*ret = USB_OK;
	while (e->first && *ret == USB_OK) {
		struct redir_block *b = e->first;
		uint32_t n = (uint32_t)min_u64(b->len - b->pos, p->len - p->actual);
		bool ends = !b->len || b->len % e->max_packet;

		if (any && p->actual == p->len)
			break;
		any = true;
		usb_packet_put(p, b->data + b->pos, n);
		b->pos += n;
		if (b->pos < b->len)
			break;
		*ret = b->status;
		remove_first(e);
		if (ends)
			break;
	}
	return any;
}

void redir_queue_clear(struct redir_ep *e)
{
	while (e->first)
		remove_first(e);
	e->dropping = false;
}

/* Asked before each piece that is read: most of the time a flag has the answer. */
bool redir_queue_is_full(struct redir *r)
{
	bool bulk = false, any = false;

	if (!r->crowded)
		return false;
	for (const struct redir_pending *q = r->pending; q; q = q->next)
		if (q->kind <
		    REDIR_BULK) /* the guest may fetch nothing before it has this answer */
			return false;
	for (unsigned i = 16; i < REDIR_ENDPOINTS; i++) {
		bool over = r->ep[i].bytes > r->config.max_buffered;

		any |= over;
		bulk |= over && r->ep[i].type == USB_EP_BULK;
	}
	r->crowded = any;
	return bulk;
}
