// SPDX-License-Identifier: MIT
/*
 * promise.h -- lists of a scripted device's answers: first queued, then, if they are to come
 * later, promised.
 */
#ifndef DEV_PROMISE_H
#define DEV_PROMISE_H

#include "dev/dev.h"

enum promise_kind {
	PROMISE_PACKET,
	PROMISE_REQUEST,
	PROMISE_WAKEUP
};

struct promise {
	struct promise *next;
	struct scripted_answer answer; /* data: own allocation, NULL if empty */
	enum promise_kind kind;
	struct usb_packet *packet; /* PROMISE_PACKET */
	uint8_t address;           /* PROMISE_WAKEUP: bEndpointAddress */
	uint64_t due_ns;           /* virtual; UINT64_MAX = not by itself */
};

/* A copy of answer and its data. */
struct promise *promise_new(const struct scripted_answer *answer);
void promise_free(struct promise *p);

/* Lists are oldest first; the caller owns what it takes out. */
void promise_append(struct promise **list, struct promise *p);
struct promise *promise_take(struct promise **link);
void promise_free_all(struct promise **list);
/* When the first one is due; UINT64_MAX: none is by itself. */
uint64_t promise_first_due_ns(const struct promise *list);

#endif
