// SPDX-License-Identifier: MIT
/*
 * clock.c -- virtual time in nanoseconds, and timers in a sorted list. Time moves only by
 * clock_step, so a program plays the same on every machine.
 */
#include "guest/guest.h"

void clock_disarm(struct clock *c, struct timer *t)
{
	struct timer **at = &c->first;

	if (!t->armed)
		return;
	while (*at != t) {
		REQUIRE(*at); /* armed on another clock */
		at = &(*at)->next;
	}
	*at = t->next;
	t->next = NULL;
	t->armed = false;
}

void clock_arm(struct clock *c, struct timer *t, uint64_t deadline_ns)
{
	struct timer **at = &c->first;

	REQUIRE(t->fire);
	clock_disarm(c, t);
	while (*at && (*at)->deadline_ns <= deadline_ns)
		at = &(*at)->next;
	t->deadline_ns = deadline_ns;
	t->seq = c->seq++;
	t->next = *at;
	t->armed = true;
	*at = t;
}

bool clock_step(struct clock *c, uint64_t delta_ns)
{
	uint64_t end_ns = delta_ns > UINT64_MAX - c->now_ns ? UINT64_MAX : c->now_ns + delta_ns;
	unsigned fires = 0;

	while (c->first && c->first->deadline_ns <= end_ns) {
		struct timer *t = c->first;

		if (fires++ == CLOCK_MAX_FIRES)
			return false;
		clock_disarm(c, t);
		c->now_ns = max_u64(c->now_ns, t->deadline_ns);
		t->fire(t->opaque);
	}
	c->now_ns = end_ns;
	return true;
}

void clock_reset(struct clock *c)
{
	while (c->first)
		clock_disarm(c, c->first);
	c->now_ns = 0;
	c->seq = 0;
}
