// SPDX-License-Identifier: MIT
/*
 * link.h -- what a device has on its other side: a line that carries bytes (serial) or frames (network).
 * Built in is a loop; a served machine has pseudo terminals and sockets (backend/serve_link.c).
 */
#ifndef DEV_LINK_H
#define DEV_LINK_H

#include "base.h"

struct dev_link;
struct state;

struct dev_link_ops {
	/* Take up to len bytes, of a line with frames all or nothing; returns how many. */
	size_t (*send)(struct dev_link *l, const uint8_t *bytes, size_t len);
	/* The next bytes or frame, at most room (the rest of a longer frame is lost); 0 = none now. */
	size_t (*receive)(struct dev_link *l, uint8_t *bytes, size_t room);
	void (*free)(struct dev_link *l);
	/* Send the other side away; another may come. May be NULL. */
	void (*hang_up)(struct dev_link *l);
	/* What is on its way, as saved state. NULL: the other side is somebody else's, and so is that. */
	void (*saved)(struct dev_link *l, struct state *st);
};

/* Embedded as the first member of every kind of line. It is the device's once handed over. */
struct dev_link {
	const struct dev_link_ops *ops;
	/* For the line: something may be received or sent now. Set by the device. */
	void (*ready)(void *opaque);
	void *opaque;
	int fd;          /* of the host, -1 = none */
	bool wants_out;  /* the last send took less than it was given */
	unsigned visits; /* how often its other side has come and gone: odd while it is there */
};

static inline size_t dev_link_send(struct dev_link *l, const uint8_t *bytes, size_t len)
{
	size_t n = l && len ? l->ops->send(l, bytes, len) : len;

	if (l)
		l->wants_out = n < len;
	return n;
}

static inline size_t dev_link_receive(struct dev_link *l, uint8_t *bytes, size_t room)
{
	return l && room ? l->ops->receive(l, bytes, room) : 0;
}

static inline void dev_link_ready(struct dev_link *l)
{
	if (l->ready)
		l->ready(l->opaque);
}

static inline void dev_link_hang_up(struct dev_link *l)
{
	if (l->ops->hang_up)
		l->ops->hang_up(l);
}

static inline void dev_link_saved(struct dev_link *l, struct state *st)
{
	if (l->ops->saved)
		l->ops->saved(l, st);
}

/* NULL is fine. */
static inline void dev_link_free(struct dev_link *l)
{
	if (l)
		l->ops->free(l);
}

#define LINK_LOOP_BYTES 4096u

/* What is sent comes back: up to LINK_LOOP_BYTES bytes wait, or as many frames as fit there. */
struct dev_link *link_loop_new(bool frames);

#endif
