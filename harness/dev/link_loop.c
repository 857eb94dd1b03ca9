// SPDX-License-Identifier: MIT
/*
 * link_loop.c -- a line whose other end is bent back: what is sent is received. Frames are kept with their
 * length before them. Memory is bounded; what does not fit is not taken.
 */
#include "dev/link.h"
#include "heap.h"

struct loop {
	struct dev_link link; /* first member */
	bool frames;
	size_t start, count;
	uint8_t bytes[LINK_LOOP_BYTES];
};

static void put(struct loop *loop, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		loop->bytes[(loop->start + loop->count++) % LINK_LOOP_BYTES] = bytes[i];
}

static void take(struct loop *loop, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes)
			bytes[i] = loop->bytes[loop->start];
		loop->start = (loop->start + 1) % LINK_LOOP_BYTES;
	}
	loop->count -= len;
}

static size_t loop_send(struct dev_link *l, const uint8_t *bytes, size_t len)
{
	struct loop *loop = container_of(l, struct loop, link);
	size_t room = LINK_LOOP_BYTES - loop->count;
	uint8_t head[2];

	if (loop->frames) {
		if (len > UINT16_MAX || len + sizeof(head) > LINK_LOOP_BYTES)
			return len; /* will never fit: lost, as frames may be */
		if (len + sizeof(head) > room)
			return 0;
		put_le16(head, (uint16_t)len);
		put(loop, head, sizeof(head));
	} else if (len > room) {
		len = room;
	}
	put(loop, bytes, len);
	dev_link_ready(l);
	return len;
}

static size_t loop_receive(struct dev_link *l, uint8_t *bytes, size_t room)
{
	struct loop *loop = container_of(l, struct loop, link);
	size_t len = loop->count, n;
	uint8_t head[2];

	if (!len)
		return 0;
	if (loop->frames) {
		take(loop, head, sizeof(head));
		len = get_le16(head);
	}
	n = len < room ? len : room;
	take(loop, bytes, n);
	if (loop->frames)
		take(loop, NULL, len - n);
	return n;
}

static void loop_free(struct dev_link *l)
{
	heap_free(container_of(l, struct loop, link));
}

static const struct dev_link_ops ops = {
	.send = loop_send,
	.receive = loop_receive,
	.free = loop_free,
};

struct dev_link *link_loop_new(bool frames)
{
	struct loop *loop = heap_zero(sizeof(*loop));

	loop->link.ops = &ops;
	loop->link.fd = -1;
	loop->frames = frames;
	return &loop->link;
}
