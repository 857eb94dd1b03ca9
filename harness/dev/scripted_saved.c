// SPDX-License-Identifier: MIT
/*
 * scripted_saved.c -- queued answers and promised wake-ups as saved state. Packets that were promised an
 * answer have been taken back, and their promises with them. Left out: a promised request.
 */
#include "dev/scripted.h"
#include "heap.h"
#include "state.h"

static const struct state_field scripted_fields[] = {
	STATE_ANY(scripted, counter),
	STATE_RANGE(scripted, queued, 0, SCRIPTED_MAX_ANSWERS),
};

static const struct state_field answer_fields[] = {
	STATE_ANY(scripted_answer, number),
	STATE_ANY(scripted_answer, pid),
	STATE_RANGE(scripted_answer, status, 0, USB_STATUSES - 1),
	STATE_RANGE(scripted_answer, later_status, 0, USB_STATUSES - 1),
	STATE_ANY(scripted_answer, delay_ns),
	STATE_FLAG(scripted_answer, request),
	STATE_FLAG(scripted_answer, detach),
	STATE_RANGE(scripted_answer, len, 0, SCRIPTED_MAX_DATA),
};

static const struct state_field wakeup_fields[] = {
	STATE_ANY(promise, address),
	STATE_ANY(promise, due_ns),
};

#define WALK(st, table, object) state_walk(st, table, ARRAY_SIZE(table), object)

static void load_answer(struct state *st, struct scripted *sc)
{
	struct scripted_answer a = {0};
	uint8_t *data = NULL;

	WALK(st, answer_fields, &a);
	if (!state_check(st, scripted_answer_valid(&a), "an answer that is none") || st->refused)
		return;
	if (a.len) {
		data = heap_zero(a.len);
		state_bytes(st, "answer", data, a.len);
		a.data = data;
	}
	promise_append(&sc->queue, promise_new(&a));
	heap_free(data);
}

static void save_answers(struct state *st, struct scripted *sc)
{
	for (struct promise *p = sc->queue; p; p = p->next) {
		WALK(st, answer_fields, &p->answer);
		if (p->answer.len)
			state_bytes(st, "answer", (void *)p->answer.data, p->answer.len);
	}
}

static void load_wakeup(struct state *st, struct scripted *sc)
{
	struct promise *p = promise_new(&(struct scripted_answer){0});

	p->kind = PROMISE_WAKEUP;
	WALK(st, wakeup_fields, p);
	promise_append(&sc->pending, p);
}

void scripted_saved(struct usb_device *dev, struct state *st)
{
	struct scripted *sc = container_of(dev, struct scripted, usb);
	unsigned wakeups = 0, queued;

	for (struct promise *p = sc->pending; p; p = p->next)
		wakeups++;
	WALK(st, scripted_fields, sc);
	queued = sc->queued;
	wakeups = (unsigned)state_number(st, "wake-ups", wakeups, 0, UINT16_MAX);
	if (!st->loading) {
		save_answers(st, sc);
		for (struct promise *p = sc->pending; p; p = p->next)
			WALK(st, wakeup_fields, p);
		return;
	}
	for (unsigned i = 0; i < queued && !st->refused; i++)
		load_answer(st, sc);
	for (unsigned i = 0; i < wakeups && !st->refused; i++)
		load_wakeup(st, sc);
}
