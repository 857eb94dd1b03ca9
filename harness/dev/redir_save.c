// SPDX-License-Identifier: MIT
/*
 * redir_save.c -- a session to bytes: the parser's, ours, and what of the device usb-core does not keep in
 * descriptors.
 */
#include "dev/redir.h"
#include "library.h"

struct writer {
	uint8_t *data;
	size_t len, room;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	if (n > w->room - w->len) {
		size_t room = 2 * (w->room + n) + 1024;
		uint8_t *data = heap_zero(room);

		if (w->len)
			memcpy(data, w->data, w->len);
		heap_free(w->data);
		w->data = data;
		w->room = room;
	}
	if (n)
		memcpy(w->data + w->len, bytes, n);
	w->len += n;
}

static void put_number(struct writer *w, uint64_t v, unsigned bytes)
{
	uint8_t raw[8];

	put_le64(raw, v);
	put(w, raw, bytes);
}

static void put_block(struct writer *w, const struct redir_block *b)
{
	put_number(w, b->status, 1);
	put_number(w, b->len, 4);
	put_number(w, b->pos, 4);
	put(w, b->data, b->len);
}

static void put_endpoint(struct writer *w, const struct redir_ep *e)
{
	put_number(w, e->type, 1);
	put_number(w, e->interval, 1);
	put_number(w, e->interface, 1);
	put_number(w, e->max_packet, 2);
	put_number(w, e->max_streams, 4);
	put_number(w, e->started | e->streams << 1 | e->held << 2 | e->dropping << 3, 1);
	put_number(w, e->error, 1);
	put_number(w, e->count, 4);
	for (const struct redir_block *b = e->first; b; b = b->next)
		put_block(w, b);
}

static void put_device(struct writer *w, const struct usb_device *dev)
{
	uint32_t halted = 0;

	put_number(w, dev != NULL, 1);
	if (!dev)
		return;
	for (unsigned i = 1; i < 16; i++)
		halted |= (uint32_t)dev->ep_out[i].halted << i |
			(uint32_t)dev->ep_in[i].halted << (16 + i);
	put_number(w, dev->state, 1);
	put_number(w, dev->address, 1);
	put_number(w, dev->configuration, 1);
	put(w, dev->alternate, sizeof(dev->alternate));
	put_number(w, halted, 4);
}

/* A request that is under way is lost: its packets know of nothing that could be kept. */
static void put_pending(struct writer *w, const struct redir *r)
{
	unsigned n = 0;

	for (const struct redir_pending *q = r->pending; q; q = q->next)
		n += q->kind >= REDIR_BULK;
	put_number(w, min_u64(n, REDIR_STATE_PENDING), 4);
	n = 0;
	for (const struct redir_pending *q = r->pending; q; q = q->next) {
		if (q->kind < REDIR_BULK || n++ >= REDIR_STATE_PENDING)
			continue;
		put_number(w, q->id, 8);
		put_number(w, q->stream, 4);
		put_number(w, q->len, 4);
		put_number(w, q->kind, 1);
		put_number(w, q->endpoint, 1);
		put_number(w, q->answered, 1);
		if (q->answered)
			put_block(w, q->block);
	}
}

static void put_output(struct writer *w, const struct redir *r)
{
	put_number(w, r->out_count, 4);
	for (const struct redir_out *o = r->out; o; o = o->next) {
		put_number(w, o->len - o->pos, 4);
		put(w, o->data + o->pos, o->len - o->pos);
	}
}

uint8_t *redir_save(struct redir *r, size_t *ret_len)
{
	struct writer w = {0};
	uint8_t *parser;
	int len;

	redir_flush(r); /* what the parser has is ours first */
	if (!r->parser || r->failed || usbredirparser_serialize(r->parser, &parser, &len))
		return NULL;
	put_number(&w, REDIR_STATE_MAGIC, 4);
	put_number(&w, (uint32_t)len, 4);
	put(&w, parser, (size_t)len);
	library_free(parser);
	put_number(&w, r->next_id, 8);
	put_number(&w, r->connected | r->have_interfaces << 1 | r->have_endpoints << 2, 1);
	put(&w, &r->info, sizeof(r->info));
	put(&w, &r->interfaces, sizeof(r->interfaces));
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++)
		put_endpoint(&w, &r->ep[i]);
	put_pending(&w, r);
	put_output(&w, r);
	put_device(&w, redir_usb(r));
	*ret_len = w.len;
	return w.data;
}
