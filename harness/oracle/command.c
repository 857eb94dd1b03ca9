// SPDX-License-Identifier: MIT
/*
 * command.c -- commands and their completions (xHCI 4.6, 4.6.1, 4.9.3, 4.11.4): every command that
 * was fetched completes exactly once, in ring order, at its own address, and nothing else does.
 * Where a command may legally die unseen (halt, abort, Event Ring Full, refused DMA) it may be
 * missing, but the order of the others still counts. The walk over the ring is judged too.
 */
#include "oracle/set.h"

const struct oracle oracle_command = {"command completion", "xHCI 4.6.1"};

#define LATE_NS UINT64_C(100000000) /* commands that wait for no device take no longer */

void oracle_command_reset(struct oracle_set *s)
{
	struct command_ring *c = &s->command;

	c->first = c->count = 0;
	c->lost = c->started = c->any_start = false;
	c->start[0] = 0; /* CRCR after a reset */
	c->start_count = 1;
	c->cycle = c->next_cycle = UNKNOWN;
	c->next = 0;
}

void oracle_command_crcr(struct oracle_set *s, bool torn)
{
	struct command_ring *c = &s->command;

	c->any_start |= torn || c->start_count == ORACLE_STARTS;
	if (c->start_count == ORACLE_STARTS)
		memmove(c->start, c->start + 1, --c->start_count * sizeof(c->start[0]));
	c->start[c->start_count++] = s->reg.crcr & (~UINT64_C(0x3f) | CRCR_RCS);
	if (s->reg.crcr & (CRCR_CS | CRCR_CA)) {
		oracle_command_disturb(s);
		s->progress.command.owed = false;
	}
}

static struct command_seen *at(struct command_ring *c, unsigned i)
{
	return &c->pending[(c->first + i) % ORACLE_COMMANDS];
}

void oracle_command_disturb(struct oracle_set *s)
{
	s->disturbed++;
	for (unsigned i = 0; i < s->command.count; i++)
		at(&s->command, i)->may_vanish = true;
}

void oracle_command_resume(struct oracle_set *s, const struct command_ring *saved)
{
	struct command_ring *c = &s->command;

	memcpy(c->pending, saved->pending, sizeof(c->pending));
	c->first = saved->first;
	c->count = saved->count;
	c->lost = saved->lost;
	oracle_command_disturb(s);
}

struct command_seen *oracle_command_get(struct oracle_set *s, unsigned i)
{
	return i < s->command.count ? at(&s->command, i) : NULL;
}

struct command_seen *oracle_command_find(struct oracle_set *s, unsigned type, unsigned slot,
					 unsigned dci)
{
	for (unsigned i = 0; i < s->command.count; i++) {
		struct command_seen *c = at(&s->command, i);

		if (command_type(c) == type && (slot == ANY_SLOT || command_slot(c) == slot) &&
		    (!dci || command_ep(c) == dci))
			return c;
	}
	return NULL;
}

/* The cycle that CRCR gave with this pointer, or -1; UNKNOWN if it was written with both. */
static int start_cycle(const struct command_ring *c, uint64_t addr)
{
	int cycle = -1;

	for (unsigned i = 0; i < c->start_count; i++) {
		int rcs = c->start[i] & CRCR_RCS;

		if ((c->start[i] & ~UINT64_C(0x3f)) == addr)
			cycle = cycle < 0 || cycle == rcs ? rcs : (int)UNKNOWN;
	}
	return cycle;
}

/*
 * Is addr where the ring goes on? Sets the consumer cycle that holds there. A pointer written
 * while the ring runs is ignored (xHCI 5.4.5), and only the controller knows when it runs: both
 * the sequel and every pointer not used yet are right.
 */
static bool position(struct oracle_set *s, uint64_t addr)
{
	struct command_ring *c = &s->command;
	int sequel = c->started && addr == c->next ? c->next_cycle : -1;
	int start = start_cycle(c, addr);

	if (c->started && c->cycle == UNKNOWN && addr == c->last)
		return true; /* it was software's then: read again */
	if (sequel < 0 && start < 0 && !c->any_start)
		return false;
	if (sequel >= 0 && start >= 0)
		c->cycle = sequel == start ? (uint8_t)start : UNKNOWN;
	else if (sequel >= 0)
		c->cycle = (uint8_t)sequel;
	else
		c->cycle = start >= 0 ? (uint8_t)start : UNKNOWN;
	if (sequel < 0 && start >= 0) {
		c->start_count = 0;
		c->any_start = false;
	}
	return true;
}

/* A command died unseen: what it may have done is unknown. */
static void vanished(struct oracle_set *s, const struct command_seen *c)
{
	if (command_type(c) == TRB_ENABLE_SLOT)
		s->slots_unsure = true;
	oracle_slot_state_completed(s, c, UNKNOWN, command_slot(c));
	oracle_ep_state_completed(s, c, UNKNOWN);
}

/* More commands are under way than are kept: which of them moves a ring, and where to, is not known. */
static void lose(struct oracle_set *s)
{
	s->command.lost = true;
	for (unsigned i = 0; i < s->endpoint_count; i++)
		oracle_endpoint_unsure(s->endpoint[i]);
}

/*
 * Room for one more, or NULL. What was only looked at is looked at again in the same place; a ring that
 * comes back to its one command has done it.
 */
static struct command_seen *room(struct oracle_set *s, uint64_t addr, bool again)
{
	struct command_ring *c = &s->command;
	struct command_seen *last = c->count ? at(c, c->count - 1) : NULL;

	if (last && last->addr == addr && last->may_vanish) {
		if (!again)
			vanished(s, last);
		return last;
	}
	if (c->count < ORACLE_COMMANDS)
		return at(c, c->count++);
	lose(s);
	return NULL;
}

static void push(struct oracle_set *s, uint64_t addr, const struct trb *t, bool again)
{
	struct command_ring *c = &s->command;
	struct command_seen *n = room(s, addr, again);

	if (n)
		*n = (struct command_seen){
			.addr = addr,
			.parameter = t->parameter,
			.control = t->control,
			.status = t->status,
			.may_vanish = c->cycle == UNKNOWN || oracle_event_ring_loses(s),
			.doorbells = s->doorbells,
			.time_ns = s->time_ns,
		};
	if (trb_type(t) == TRB_SET_TR_DEQUEUE) {
		struct endpoint *ep = oracle_endpoint_find(s, trb_slot(t), trb_endpoint(t));

		if (ep)
			oracle_endpoint_start(ep, t->parameter);
	}
}

void oracle_command_fetch(struct oracle_set *s, const struct trace_row *row)
{
	struct command_ring *c = &s->command;
	struct trb t = trb_decode(row->data);
	bool again = c->started && row->addr == c->last;

	if (!position(s, row->addr)) {
		oracle_report(s, &oracle_ring_walk,
			      "command TRB read at 0x%llx, the ring goes on at 0x%llx",
			      (unsigned long long)row->addr, (unsigned long long)c->next);
		return;
	}
	c->started = true;
	c->last = row->addr;
	c->next = row->addr;
	c->next_cycle = c->cycle;
	oracle_progress_fetch(s, &s->progress.command, &t, c->cycle == (t.control & TRB_CYCLE));
	if (c->cycle != UNKNOWN && (t.control & TRB_CYCLE) != c->cycle)
		return; /* still software's */
	if (trb_type(&t) == TRB_LINK) {
		c->next = t.parameter & ~UINT64_C(0xf);
		if (t.control & TRB_TC && c->cycle != UNKNOWN)
			c->next_cycle = c->cycle ^ 1;
		return;
	}
	c->next = row->addr + TRB_SIZE;
	push(s, row->addr, &t, again);
}

void oracle_command_step(struct oracle_set *s)
{
	const struct command_seen *c = oracle_command_get(s, 0);

	if (!c || c->may_vanish || s->command.lost || !oracle_event_ring_has_room(s) ||
	    s->reg.halt_read || command_type(c) == TRB_ADDRESS_DEVICE) /* waits for its device */
		return;
	if (s->time_ns - c->time_ns >= LATE_NS)
		oracle_report(s, &oracle_command, "command of type %u at 0x%llx does not complete",
			      command_type(c), (unsigned long long)c->addr);
}

static void pop(struct command_ring *c, unsigned n)
{
	c->first = (c->first + n) % ORACLE_COMMANDS;
	c->count -= n;
}

static void completed(struct oracle_set *s, unsigned index, const struct trb *event)
{
	struct command_seen done = *at(&s->command, index);
	unsigned code = trb_completion(event);

	for (unsigned i = 0; i < index; i++) {
		struct command_seen *c = at(&s->command, i);

		if (!c->may_vanish) {
			oracle_report(s, &oracle_command,
				      "command at 0x%llx completed before the one at 0x%llx",
				      (unsigned long long)done.addr, (unsigned long long)c->addr);
			return;
		}
		vanished(s, c);
	}
	pop(&s->command, index + 1);
	if (s->command.next == done.addr + TRB_SIZE && s->command.next_cycle == UNKNOWN)
		s->command.next_cycle = done.control & TRB_CYCLE; /* it was valid, so that is it */
	oracle_slot_state_completed(s, &done, code, trb_slot(event));
	oracle_ep_state_completed(s, &done, code);
}

/*
 * A command whose event may have been lost was followed by another one in the same place: whose is
 * this event? The older one is given up, the younger ones may have no event of their own.
 */
static bool ambiguous(struct oracle_set *s, unsigned index)
{
	struct command_ring *c = &s->command;
	uint64_t addr = at(c, index)->addr;
	bool twice = false;

	for (unsigned i = index + 1; at(c, index)->may_vanish && i < c->count; i++) {
		if (at(c, i)->addr != addr)
			continue;
		at(c, i)->may_vanish = true;
		twice = true;
	}
	return twice;
}

static void give_up(struct oracle_set *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		vanished(s, at(&s->command, i));
	pop(&s->command, count);
}

void oracle_command_event(struct oracle_set *s, const struct trb *event)
{
	struct command_ring *c = &s->command;
	uint64_t addr = event->parameter & ~UINT64_C(0xf);
	unsigned code = trb_completion(event);

	if (code >= CC_STOPPED && code <= CC_STOPPED_SHORT) {
		oracle_report(s, &oracle_command, "code %u in a command completion", code);
		return;
	}
	if (code == CC_COMMAND_STOPPED || c->lost)
		return;
	for (unsigned i = 0; i < c->count; i++) {
		if (at(c, i)->addr != addr)
			continue;
		if (ambiguous(s, i))
			give_up(s, i + 1);
		else
			completed(s, i, event);
		return;
	}
	if (s->restored)
		return; /* of a run that nobody saw */
	oracle_report(s, &oracle_command,
		      "completion code %u for 0x%llx, where no command is under way", code,
		      (unsigned long long)addr);
}
