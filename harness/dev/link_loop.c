// SPDX-License-Identifier: MIT
/*
 * link_loop.c -- a line whose other end is bent back: what is sent is received. Frames are kept with their
 * length before them. Memory is bounded; what does not fit is not taken.
 */
#include "dev/link.h"
#include "heap.h"
#include "state.h"

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

static const struct state_field saved_fields[] = {
	STATE_RANGE(loop, start, 0, LINK_LOOP_BYTES - 1),
	STATE_RANGE(loop, count, 0, LINK_LOOP_BYTES),
};

/* Frame by frame, what is there is used up just so. */
static bool is_whole(const struct loop *loop)
{
	size_t left = loop->count, at = loop->start, len;

	for (; loop->frames && left; at += 2 + len, left -= 2 + len) {
		if (left < 2)
			return false;
		len = loop->bytes[at % LINK_LOOP_BYTES] |
			(size_t)loop->bytes[(at + 1) % LINK_LOOP_BYTES] << 8;
		if (len > left - 2)
			return false;
	}
	return true;
}

static void loop_saved(struct dev_link *l, struct state *st)
{
	struct loop *loop = container_of(l, struct loop, link);

	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), loop);
	state_bytes(st, "line", loop->bytes, sizeof(loop->bytes));
	l->wants_out = state_number(st, "waits", l->wants_out, 0, 1);
	if (!state_check(st, is_whole(loop), "half a frame on a line"))
		loop->count = 0;
}

static void loop_free(struct dev_link *l)
{
	heap_free(container_of(l, struct loop, link));
}

static const struct dev_link_ops ops = {
	.send = loop_send,
	.receive = loop_receive,
	.free = loop_free,
	.saved = loop_saved,
};

struct dev_link *link_loop_new(bool frames)
{
	struct loop *loop = heap_zero(sizeof(*loop));

	loop->link.ops = &ops;
	loop->link.fd = -1;
	loop->frames = frames;
	return &loop->link;
}
