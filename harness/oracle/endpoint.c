// SPDX-License-Identifier: MIT
/*
 * endpoint.c -- what is known of each endpoint's transfer ring: where software says it is, which
 * TRBs were fetched, and whether a doorbell allows work. Judges the walk over the ring
 * (xHCI 4.9.2, 4.11.5.1): one TRB after the other, through Link TRBs, from a published start, or
 * again from one fetched before.
 */
#include "heap.h"
#include "oracle/set.h"

const struct oracle oracle_ring_walk = {"ring walk", "xHCI 4.9.2"};

static struct endpoint *known(const struct oracle_set *s, unsigned slot, unsigned dci)
{
	if (slot > 255 || dci > 31 || !s->slot[slot])
		return NULL;
	return s->slot[slot]->endpoint[dci];
}

struct endpoint *oracle_endpoint_find(struct oracle_set *s, unsigned slot, unsigned dci)
{
	struct endpoint *ep = known(s, slot, dci);

	return ep || !s->restored ? ep : oracle_endpoint_get(s, slot, dci);
}

struct endpoint *oracle_endpoint_get(struct oracle_set *s, unsigned slot, unsigned dci)
{
	struct endpoint *ep = known(s, slot, dci);

	if (ep || slot < 1 || slot > 255 || dci < 1 || dci > 31 ||
	    s->endpoint_count == ORACLE_ENDPOINTS)
		return ep;
	ep = heap_zero(sizeof(*ep));
	ep->slot = (uint8_t)slot;
	ep->dci = (uint8_t)dci;
	ep->state = EP_DISABLED;
	ep->type = UNKNOWN;
	oracle_slot_get(s, slot)->endpoint[dci] = ep;
	s->endpoint[s->endpoint_count++] = ep;
	if (s->command.lost)
		oracle_endpoint_unsure(ep);
	if (s->restored) {
		oracle_endpoint_unknown(ep);
		ep->rung = s->doorbells + 1; /* it may have been rung long ago */
	}
	return ep;
}

void oracle_endpoint_unknown(struct endpoint *ep)
{
	ep->state = ep->type = UNKNOWN;
	ep->retried = true;
	oracle_endpoint_unsure(ep);
}

void oracle_endpoint_free(struct endpoint *ep)
{
	for (unsigned c = 0; c < ARRAY_SIZE(ep->trb); c++)
		heap_free(ep->trb[c]);
	heap_free(ep);
}

void oracle_endpoint_reset(struct oracle_set *s)
{
	for (unsigned i = 0; i < s->endpoint_count; i++) {
		s->slot[s->endpoint[i]->slot]->endpoint[s->endpoint[i]->dci] = NULL;
		oracle_endpoint_free(s->endpoint[i]);
	}
	s->endpoint_count = 0;
}

/* The record of the TRB being fetched: it takes the place of the oldest one. */
static struct trb_seen *trb_next(struct endpoint *ep)
{
	unsigned i = ep->total++ % ORACLE_TRBS;
	struct trb_seen **chunk = &ep->trb[i / ORACLE_TRB_CHUNK];

	if (!*chunk)
		*chunk = heap_zero(ORACLE_TRB_CHUNK * sizeof(**chunk));
	return &(*chunk)[i % ORACLE_TRB_CHUNK];
}

void oracle_endpoint_run_all(struct oracle_set *s)
{
	s->doorbells++;
	for (unsigned i = 0; i < s->endpoint_count; i++)
		if (s->endpoint[i]->state == EP_RUNNING || s->endpoint[i]->state == UNKNOWN)
			s->endpoint[i]->rung = s->doorbells;
}

void oracle_endpoint_go_on_all(struct oracle_set *s)
{
	s->doorbells++;
	for (unsigned i = 0; i < s->endpoint_count; i++)
		if (!endpoint_is_quiet(s->endpoint[i]))
			s->endpoint[i]->rung = s->doorbells;
}

void oracle_endpoint_forget_slot(struct oracle_set *s, unsigned slot)
{
	for (unsigned dci = 1; dci < 32; dci++) {
		struct endpoint *ep = oracle_endpoint_find(s, slot, dci);

		if (!ep)
			continue;
		memset(ep, 0, offsetof(struct endpoint, trb));
		ep->slot = (uint8_t)slot;
		ep->dci = (uint8_t)dci;
		ep->state = EP_DISABLED;
		ep->type = UNKNOWN;
		ep->quiet = s->doorbells;
	}
}

void oracle_endpoint_start(struct endpoint *ep, uint64_t dequeue)
{
	if (ep->start_count == ORACLE_STARTS) {
		memmove(ep->start, ep->start + 1, sizeof(ep->start) - sizeof(ep->start[0]));
		ep->start_count--;
		ep->any_start = true;
	}
	ep->start[ep->start_count].addr = dequeue & ~UINT64_C(0xf);
	ep->start[ep->start_count++].cycle = dequeue & 1;
}

void oracle_endpoint_restart(struct endpoint *ep)
{
	if (!ep->start_count)
		return; /* it has been there already */
	ep->start[0] = ep->start[ep->start_count - 1];
	ep->start_count = 1;
	ep->any_start = ep->started = ep->unsure = ep->laps = false;
	ep->rewind = ep->total;
}

void oracle_endpoint_unsure(struct endpoint *ep)
{
	ep->unsure = true;
	ep->stream_arrays = ORACLE_ARRAYS + 1;
}

/*
 * The cycle that holds at a start position, or -1. The ring then was there: it is used up. Two
 * commands may have named one place with different cycles, and one of them may have failed; or one that
 * did not fail is not kept any more.
 */
static int take_start(struct endpoint *ep, uint64_t addr)
{
	int cycle = -1;

	for (unsigned i = ep->start_count; i-- > 0;) {
		if (ep->start[i].addr != addr)
			continue;
		cycle = cycle < 0 || cycle == ep->start[i].cycle ? ep->start[i].cycle
								 : (int)UNKNOWN;
		memmove(ep->start + i, ep->start + i + 1,
			(--ep->start_count - i) * sizeof(ep->start[0]));
	}
	return cycle >= 0 && ep->any_start ? (int)UNKNOWN : cycle;
}

/* A TRB fetched before, or the one behind it: the ring was taken back to there (xHCI 4.6.9). */
static int rewind_cycle(struct endpoint *ep, uint64_t addr)
{
	struct trb_seen *t;

	for (unsigned i = 0; (t = endpoint_trb(ep, i)) && ep->total - i > ep->rewind; i++) {
		bool link = bits(t->control, 15, 10) == TRB_LINK;

		if (t->addr == addr)
			return t->cycle;
		if (!link && t->addr + TRB_SIZE == addr)
			return t->cycle;
		if (link && (t->parameter & ~UINT64_C(0xf)) == addr)
			return t->cycle == UNKNOWN ? (int)UNKNOWN
						   : t->cycle ^ !!(t->control & TRB_TC);
	}
	return -1;
}

static int position(struct oracle_set *s, struct endpoint *ep, uint64_t addr)
{
	int sequel = ep->started && addr == ep->next ? ep->next_cycle : -1;
	int start = take_start(ep, addr);
	int again;

	if (sequel < 0) {
		ep->in_order = ep->total;
		ep->disturbed = s->disturbed;
	}

	if (sequel >= 0 && start >= 0 && sequel != start)
		return UNKNOWN;
	if (sequel >= 0)
		return sequel;
	again = rewind_cycle(ep, addr);
	if (start >= 0)
		return again < 0 || again == start ? start : (int)UNKNOWN;
	if (ep->any_start || ep->unsure)
		return UNKNOWN; /* a command that is not kept may have sent it anywhere, with either cycle */
	if (again >= 0) {
		if (!ep->streams)
			oracle_refetch_trb(s, ep, addr);
		return again;
	}
	return ep->streams || ep->total - ep->rewind > ORACLE_TRBS ? (int)UNKNOWN : -1;
}

static void record(struct endpoint *ep, uint64_t addr, const struct trb *t, uint8_t cycle)
{
	unsigned type = trb_type(t);
	struct trb_seen *seen = trb_next(ep);

	*seen = (struct trb_seen){addr,
				  t->parameter,
				  trb_length(t),
				  t->control,
				  cycle,
				  0,
				  (uint16_t)trb_interrupter(t),
				  ep->rung};
	if (type == TRB_NORMAL || type == TRB_DATA || type == TRB_ISOCH)
		ep->bytes_asked += seen->length;
}

void oracle_endpoint_fetch(struct oracle_set *s, const struct trace_row *row)
{
	struct endpoint *ep = s->restored ? oracle_endpoint_get(s, row->slot, row->dci)
					  : oracle_endpoint_find(s, row->slot, row->dci);
	struct trb t = trb_decode(row->data);
	int cycle;

	if (!ep) {
		if (s->endpoint_count < ORACLE_ENDPOINTS)
			oracle_report(
				s, &oracle_ring_walk,
				"slot %u endpoint %u has no ring, but a TRB at 0x%llx was read",
				row->slot, row->dci, (unsigned long long)row->addr);
		return;
	}
	cycle = position(s, ep, row->addr);
	if (cycle < 0) {
		oracle_report(s, &oracle_ring_walk,
			      "slot %u endpoint %u: TRB read at 0x%llx, the ring goes on at 0x%llx",
			      row->slot, row->dci, (unsigned long long)row->addr,
			      (unsigned long long)ep->next);
		return;
	}
	ep->started = true;
	ep->next = row->addr;
	ep->next_cycle = (uint8_t)cycle;
	oracle_progress_fetch(s, &ep->debt, &t, (t.control & TRB_CYCLE) == (unsigned)cycle);
	if (cycle != UNKNOWN && (t.control & TRB_CYCLE) != (unsigned)cycle)
		return; /* still software's */
	record(ep, row->addr, &t, (uint8_t)cycle);
	if (trb_type(&t) != TRB_LINK) {
		ep->next = row->addr + TRB_SIZE;
		return;
	}
	ep->next = t.parameter & ~UINT64_C(0xf);
	if (cycle != UNKNOWN && t.control & TRB_TC)
		ep->next_cycle = (uint8_t)cycle ^ 1;
}
