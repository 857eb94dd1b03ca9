// SPDX-License-Identifier: MIT
/*
 * event_ring.c -- the producer's side of event rings (xHCI 4.9.4, 6.5): events are written in
 * order, with the producer cycle, in segments of the table the guest published, never over one
 * that ERDP has not passed; the last free TRB but one holds Event Ring Full and then nothing
 * comes until ERDP moves. A ring is judged from its start (ERSTBA written, table read) on. It is
 * no longer judged when its segments overlap others, or a table or ERDP make no sense.
 */
#include "oracle/set.h"

const struct oracle oracle_event_ring = {"event ring overwrite", "xHCI 4.9.4"};

void oracle_event_ring_reset(struct oracle_set *s)
{
	for (unsigned i = 0; i < ORACLE_RINGS; i++) {
		struct event_ring *r = &s->ring[i];

		r->load = r->no_table = true;
		r->tracked = r->full = false;
		r->resumes = RESUMES_NOT;
		r->count = r->seen = r->total = 0;
	}
}

void oracle_event_ring_size_written(struct oracle_set *s, unsigned intr)
{
	if (!s->reg.intr[intr].erstsz && s->ring[intr].load)
		s->ring[intr].no_table = true;
}

void oracle_event_ring_erst_written(struct oracle_set *s, unsigned intr)
{
	s->ring[intr].load = true;
	s->ring[intr].no_table = !s->reg.intr[intr].erstsz;
	s->ring[intr].tracked = false;
	s->ring[intr].resumes = RESUMES_NOT;
	if (!intr)
		oracle_command_disturb(s); /* what waited for room is gone */
}

void oracle_event_ring_resume(struct event_ring *r, const struct event_ring *saved)
{
	if (!r->load)
		return; /* its table was read already, or will be without a start */
	if (saved->tracked) {
		r->resumes = RESUMES;
		r->resume_enqueue = saved->enqueue;
		r->resume_cycle = saved->cycle;
	} else if (!saved->load) {
		r->resumes = RESUMES_SOMEWHERE;
	} else {
		r->resumes = saved->resumes;
		r->resume_enqueue = saved->resume_enqueue;
		r->resume_cycle = saved->resume_cycle;
	}
}

bool oracle_event_ring_loses(const struct oracle_set *s)
{
	const struct event_ring *r = &s->ring[0];

	return r->full || (!r->tracked && (!r->load || r->no_table));
}

void oracle_event_ring_erdp_written(struct oracle_set *s, unsigned intr)
{
	s->ring[intr].full = false;
}

static bool overlaps_another(const struct oracle_set *s, const struct event_ring *r)
{
	for (unsigned i = 0; i < ORACLE_RINGS; i++) {
		const struct event_ring *other = &s->ring[i];

		for (unsigned a = 0; a < r->count; a++)
			for (unsigned b = 0; b < other->count; b++) {
				if (other == r && a == b)
					continue;
				if (r->segment[a].base <
					    other->segment[b].base + 16 * other->segment[b].trbs &&
				    other->segment[b].base <
					    r->segment[a].base + 16 * r->segment[a].trbs)
					return true;
			}
	}
	return false;
}

/* All entries of the table are known: the ring starts empty with producer cycle 1. */
static void start(struct oracle_set *s, struct event_ring *r)
{
	r->total = 0;
	for (unsigned i = 0; i < r->count; i++) {
		uint64_t base = r->segment[i].base;

		if (r->segment[i].trbs < 16 || r->segment[i].trbs > 4096 || (base & 0xf) ||
		    base + 16 * r->segment[i].trbs < base)
			return;
		r->total += r->segment[i].trbs;
	}
	r->tracked = true;
	r->full = r->was_full = false;
	r->enqueue = 0;
	r->cycle = 1;
	if (r->resumes == RESUMES_SOMEWHERE) {
		r->tracked = false;
	} else if (r->resumes == RESUMES && r->resume_enqueue < r->total) {
		r->enqueue = r->resume_enqueue;
		r->cycle = r->resume_cycle;
		r->was_full = true;
	}
	r->resumes = RESUMES_NOT;
	if (!overlaps_another(s, r))
		return;
	for (unsigned i = 0; i < ORACLE_RINGS; i++)
		if (&s->ring[i] == r || overlaps_another(s, &s->ring[i]))
			s->ring[i].tracked = false;
}

static void entry(struct oracle_set *s, struct event_ring *r, uint32_t table_size, unsigned index,
		  const uint8_t *raw)
{
	uint64_t base = get_le64(raw);
	uint32_t trbs = get_le32(raw + 8) & 0xffff;

	if (index == 0 && r->load) {
		r->load = r->tracked = false;
		r->count = table_size;
		r->seen = 0;
	}
	if (index >= ORACLE_SEGMENTS || index >= r->count)
		return;
	if (r->seen & (1u << index) &&
	    (r->segment[index].base != base || r->segment[index].trbs != trbs))
		r->tracked = false; /* changed while in use: undefined */
	r->segment[index].base = base;
	r->segment[index].trbs = trbs;
	if (r->seen & (1u << index))
		return;
	r->seen |= 1u << index;
	if (r->seen == (1u << r->count) - 1)
		start(s, r);
}

void oracle_event_ring_entry(struct oracle_set *s, const struct trace_row *row)
{
	for (unsigned i = 0; i < s->reg.intr_used; i++) {
		const struct interrupter_registers *ir = &s->reg.intr[i];
		uint64_t offset = row->addr - (ir->erstba & ~UINT64_C(0x3f));

		if (offset >= 16 * (uint64_t)ir->erstsz || row->addr % 16)
			continue;
		if (ir->erstsz > ORACLE_SEGMENTS) {
			s->ring[i].tracked = false;
			continue;
		}
		for (uint32_t at = 0; at + 16 <= row->len; at += 16)
			entry(s, &s->ring[i], ir->erstsz, (unsigned)(offset + at) / 16,
			      row->data + at);
	}
}

/* Index over all segments, UINT32_MAX if addr is in none. */
static uint32_t index_of(const struct event_ring *r, uint64_t addr)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < r->count; i++) {
		if (!(r->seen & (1u << i)))
			continue;
		if (addr - r->segment[i].base < 16 * (uint64_t)r->segment[i].trbs)
			return first + (uint32_t)((addr - r->segment[i].base) / 16);
		first += r->segment[i].trbs;
	}
	return UINT32_MAX;
}

static bool has_room(const struct oracle_set *s, unsigned intr)
{
	const struct event_ring *r = &s->ring[intr];
	uint32_t dequeue;

	if (!r->tracked || r->was_full || s->reg.intr[intr].erdp_torn)
		return false;
	dequeue = index_of(r, s->reg.intr[intr].erdp & ~UINT64_C(0xf));
	return dequeue != UINT32_MAX &&
		r->total - 1 - (r->enqueue + r->total - dequeue) % r->total > 1;
}

bool oracle_event_ring_has_room(const struct oracle_set *s)
{
	return has_room(s, 0);
}

/* No ring may be full, or of a table that stops the controller. One that is not read yet is neither. */
bool oracle_event_rings_have_room(const struct oracle_set *s)
{
	for (unsigned i = 0; i < s->reg.intr_used; i++) {
		bool fresh = i && !s->ring[i].count && s->reg.intr[i].erstsz <= 1;

		if (!fresh && !has_room(s, i))
			return false;
	}
	return s->reg.intr_used > 0;
}

static void judge_room(struct oracle_set *s, struct event_ring *r, unsigned intr,
		       const struct trb *event)
{
	const struct interrupter_registers *ir = &s->reg.intr[intr];
	uint32_t dequeue = index_of(r, ir->erdp & ~UINT64_C(0xf));
	uint32_t room;
	bool full_event =
		trb_type(event) == TRB_EV_HOST && trb_completion(event) == CC_EVENT_RING_FULL;

	if (full_event) {
		r->was_full = true;
		oracle_command_disturb(s);
		s->late_events |= intr > 0;
	}
	if (dequeue == UINT32_MAX || ir->erdp_torn)
		return;
	room = r->total - 1 - (r->enqueue + r->total - dequeue) % r->total;
	if (!room)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: event at TRB %u of %u, which ERDP (TRB %u) has not "
			      "passed",
			      intr, r->enqueue, r->total, dequeue);
	else if (room == 1 && !full_event)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: event of type %u takes the TRB that is reserved for "
			      "Event Ring Full",
			      intr, trb_type(event));
	else if (room > 1 && full_event)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: Event Ring Full with %u TRBs free", intr, room);
	else if (r->full)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: event after Event Ring Full, and ERDP has not moved",
			      intr);
	r->full = full_event;
}

static void judge(struct oracle_set *s, struct event_ring *r, unsigned intr,
		  const struct trace_row *row)
{
	struct trb event = trb_decode(row->data);
	uint32_t index = index_of(r, row->addr);

	if (index != r->enqueue)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: event at TRB %u, but the next one is %u of %u", intr,
			      index, r->enqueue, r->total);
	else if ((event.control & TRB_CYCLE) != r->cycle)
		oracle_report(s, &oracle_event_ring,
			      "interrupter %u: event with cycle %u, the producer's is %u", intr,
			      event.control & TRB_CYCLE, r->cycle);
	else
		judge_room(s, r, intr, &event);
	if (++r->enqueue == r->total) {
		r->enqueue = 0;
		r->cycle ^= 1;
	}
}

int oracle_event_ring_write(struct oracle_set *s, const struct trace_row *row)
{
	int owner = -1;
	unsigned owners = 0;

	for (unsigned i = 0; i < s->reg.intr_used; i++) {
		if (!s->ring[i].count || index_of(&s->ring[i], row->addr) == UINT32_MAX)
			continue;
		owner = (int)i;
		owners++;
	}
	if (!owners) {
		if (s->reg.max_intrs <= ORACLE_RINGS)
			oracle_report(s, &oracle_event_ring,
				      "event at 0x%llx, in no event ring segment that was read",
				      (unsigned long long)row->addr);
		return -1;
	}
	if (owners > 1 || !s->ring[owner].tracked) {
		oracle_command_disturb(s);
		s->late_events = true;
		return -1;
	}
	judge(s, &s->ring[owner], (unsigned)owner, row);
	return owner;
}
