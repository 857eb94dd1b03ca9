// SPDX-License-Identifier: MIT
/*
 * wire.c -- a line in memory (dev/link.h) with two ends in one process.
 */
#include "heap.h"
#include "redir/peer.h"

void wire_append(struct wire_bytes *b, const void *bytes, size_t n)
{
	if (!n)
		return;
	if (b->pos == b->len)
		b->pos = b->len = 0;
	if (n > b->room - b->len) {
		size_t room = max_u64(2 * (b->len + n), 512);
		uint8_t *data = heap_zero(room);

		if (b->len)
			memcpy(data, b->data, b->len);
		heap_free(b->data);
		b->data = data;
		b->room = room;
	}
	memcpy(b->data + b->len, bytes, n);
	b->len += n;
}

size_t wire_take(struct wire_bytes *b, void *bytes, size_t room)
{
	size_t n = min_u64(room, b->len - b->pos);

	if (n)
		memcpy(bytes, b->data + b->pos, n);
	b->pos += n;
	return n;
}

static struct wire *to_wire(struct dev_link *link)
{
	return container_of(link, struct wire, link);
}

static size_t wire_send(struct dev_link *link, const uint8_t *bytes, size_t len)
{
	struct wire *w = to_wire(link);
	size_t n = min_u64(len, w->takes);

	if (w->takes != SIZE_MAX)
		w->takes -= n;
	wire_append(&w->out, bytes, n);
	return n;
}

static size_t wire_receive(struct dev_link *link, uint8_t *bytes, size_t room)
{
	return wire_take(&to_wire(link)->in, bytes, room);
}

static void wire_free(struct dev_link *link)
{
	struct wire *w = to_wire(link);

	if (w->owner)
		*w->owner = NULL;
	heap_free(w->in.data);
	heap_free(w->out.data);
	heap_free(w);
}

void wire_visit(struct wire *w, bool comes)
{
	if ((w->link.visits & 1) == comes)
		return;
	w->link.visits++;
	w->in.pos = w->in.len = w->out.pos = w->out.len = 0;
}

static void wire_hang_up(struct dev_link *link)
{
	wire_visit(to_wire(link), false);
}

static const struct dev_link_ops ops = {wire_send, wire_receive, wire_free, wire_hang_up, NULL};

struct wire *wire_new(void)
{
	struct wire *w = heap_zero(sizeof(*w));

	w->link.ops = &ops;
	w->link.fd = -1;
	w->link.visits = 1;
	w->takes = SIZE_MAX;
	return w;
}
