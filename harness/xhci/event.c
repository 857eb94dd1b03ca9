// SPDX-License-Identifier: MIT
/*
 * event.c -- event rings: the producer's side (xHCI 4.9.4, 6.5).
 * One TRB of room is reserved: when an event would take it, a Host Controller Event "Event Ring
 * Full" is written there instead, the event waits, and no transfer or command ring is consumed
 * until software has moved ERDP.
 */
#include <string.h>

#include "heap.h"
#include "xhci/xhci.h"

static bool segment_valid(const struct event_segment *s)
{
	return s->trbs >= 16 && s->trbs <= 4096 && !(s->base & 0x3f);
}

#define ENTRY_BYTES 16u
#define ENTRIES_AT_ONCE 256u /* of a large table: 4 KiB */
#define SMALL_TABLE 16u      /* up to here each entry is an access of its own */

static void make_room(struct interrupter *in, unsigned count)
{
	if (count <= in->segment_room)
		return;
	heap_free(in->segment);
	in->segment_room = count;
	in->segment = heap_zero(count * sizeof(*in->segment));
}

/* Entries first .. first + count - 1. False: the controller has stopped. */
static bool load_entries(struct interrupter *in, unsigned first, unsigned count)
{
	uint8_t raw[ENTRIES_AT_ONCE * ENTRY_BYTES];
	struct xhci *x = in->x;

	if (dma_read(x->g, (struct dma_tag){.what = DMA_ERST},
		     in->erstba + ENTRY_BYTES * (uint64_t)first, raw,
		     count * ENTRY_BYTES) != DMA_OK) {
		xhci_host_system_error(x);
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *entry = raw + i * ENTRY_BYTES;
		struct event_segment *s = &in->segment[first + i];

		*s = (struct event_segment){get_le64(entry), get_le32(entry + 8) & 0xffff};
		if (!segment_valid(s)) {
			xhci_host_controller_error(x);
			return false;
		}
		in->total += s->trbs;
	}
	return true;
}

static void set_full(struct interrupter *in, bool full)
{
	if (in->full == full)
		return;
	in->full = full;
	if (full)
		in->x->full_rings++;
	else
		in->x->full_rings--;
}

/* xHCI 4.9.4: the table is read when ERSTBA was written; one fetch, kept privately. */
static void load_table(struct interrupter *in)
{
	struct xhci *x = in->x;
	unsigned count = in->erstsz, step = count > SMALL_TABLE ? ENTRIES_AT_ONCE : 1;

	in->load = in->valid = false;
	set_full(in, false);
	in->total = in->enqueue = in->dequeue = 0;
	in->writer = in->reader = (struct event_place){0};
	in->cycle = true;
	if (!count) /* a disabled secondary ring, or a primary one not set up yet */
		return;
	if (count > 1u << x->profile->erst_max) {
		xhci_host_controller_error(x);
		return;
	}
	make_room(in, count);
	for (unsigned i = 0; i < count; i += step)
		if (!load_entries(in, i, (unsigned)min_u64(step, count - i)))
			return;
	in->segment_count = count;
	in->valid = true;
	if (in->resumes && in->resume_enqueue < in->total) {
		in->enqueue = in->resume_enqueue;
		in->cycle = in->resume_cycle;
	}
	in->resumes = false;
}

/* Go on to the next segment, in a circle. */
static void next_segment(const struct interrupter *in, struct event_place *at)
{
	at->first += in->segment[at->segment].trbs;
	if (++at->segment == in->segment_count)
		*at = (struct event_place){0};
}

static uint64_t enqueue_address(struct interrupter *in)
{
	struct event_place *at = &in->writer;

	while (in->enqueue - at->first >= in->segment[at->segment].trbs)
		next_segment(in, at);
	return in->segment[at->segment].base + (uint64_t)(in->enqueue - at->first) * TRB_SIZE;
}

/* Index of an address inside the ring; false if it points elsewhere. Mostly it is near the last one. */
static bool addr_to_index(struct interrupter *in, uint64_t addr, uint32_t *ret_index)
{
	struct event_place at = in->reader;

	for (unsigned i = 0; i < in->segment_count; i++) {
		uint64_t offset = addr - in->segment[at.segment].base;

		if (offset < (uint64_t)in->segment[at.segment].trbs * TRB_SIZE) {
			*ret_index = at.first + (uint32_t)(offset / TRB_SIZE);
			in->reader = at;
			return true;
		}
		next_segment(in, &at);
	}
	return false;
}

/* TRBs that can be written before the producer would catch up with the consumer. */
static uint32_t room(const struct interrupter *in)
{
	uint32_t used = (in->enqueue + in->total - in->dequeue) % in->total;

	return in->total - 1 - used;
}

static void write_event(struct interrupter *in, const struct trb *event, bool block)
{
	struct trb t = *event;
	uint8_t raw[TRB_SIZE];

	t.control = (t.control & ~TRB_CYCLE) | (in->cycle ? TRB_CYCLE : 0);
	trb_encode(&t, raw);
	if (dma_write(in->x->g, (struct dma_tag){.what = DMA_EVENT_TRB}, enqueue_address(in), raw,
		      sizeof(raw)) != DMA_OK) {
		xhci_host_system_error(in->x);
		return;
	}
	if (++in->enqueue == in->total) {
		in->enqueue = 0;
		in->cycle = !in->cycle;
	}
	if (!block)
		xhci_interrupter_raise(in);
}

/* The cycle bit means nothing yet: while it is kept, it says whether the event interrupts (BEI). */
static void keep(struct interrupter *in, const struct trb *event, bool block)
{
	struct trb *at;

	if (!in->pending)
		in->pending = heap_zero(XHCI_MAX_PENDING * sizeof(*in->pending));
	if (in->pending_count == XHCI_MAX_PENDING) {
		in->lost =
			true; /* only port changes can come this far, and PORTSC still shows them */
		return;
	}
	at = &in->pending[(in->pending_first + in->pending_count++) % XHCI_MAX_PENDING];
	*at = *event;
	at->control = (at->control & ~TRB_CYCLE) | (block ? TRB_CYCLE : 0);
}

/* Write it if there is room, else the reserved "full" event once. False: it did not fit. */
static bool try_write(struct interrupter *in, const struct trb *event, bool block)
{
	uint32_t free_trbs = room(in);

	if (free_trbs >= 2) {
		write_event(in, event, block);
		return true;
	}
	if (free_trbs == 1) {
		struct trb full_event = {
			.status = (uint32_t)CC_EVENT_RING_FULL << 24,
			.control = trb_type_bits(TRB_EV_HOST),
		};
		set_full(in, true);
		write_event(in, &full_event, false);
	}
	set_full(in, true);
	return false;
}

/* ERDP as software has it now, if it points into the ring; else the former one stays. */
static void follow_erdp(struct interrupter *in)
{
	addr_to_index(in, in->erdp, &in->dequeue);
}

/* What waited goes first, as far as there is room; while halted, everything waits for the next run. */
static void catch_up(struct interrupter *in)
{
	const struct trb lost_event = {
		.status = (uint32_t)CC_EVENT_LOST << 24,
		.control = trb_type_bits(TRB_EV_HOST),
	};

	if (!xhci_running(in->x))
		return;
	set_full(in, false);
	while (in->pending_count && xhci_running(in->x)) {
		const struct trb *event = &in->pending[in->pending_first];

		if (!try_write(in, event, event->control & TRB_CYCLE))
			return;
		in->pending_first = (in->pending_first + 1) % XHCI_MAX_PENDING;
		in->pending_count--;
	}
	if (!xhci_running(in->x)) /* a write was refused: the rest waits for good */
		set_full(in, in->pending_count || in->lost);
	else if (in->lost)
		in->lost = !try_write(in, &lost_event, false);
}

/* A ring taken up from saved state may be full, and events may wait for room. */
static void open_ring(struct interrupter *in)
{
	load_table(in);
	if (!in->valid || !xhci_running(in->x))
		return;
	follow_erdp(in);
	catch_up(in);
}

void xhci_event_post(struct xhci *x, unsigned interrupter, const struct trb *event, bool block)
{
	unsigned i = interrupter < x->profile->intrs ? interrupter : 0;
	struct interrupter *in = &x->intr[i];

	if (!xhci_running(x))
		return;
	x->intr_touched = (unsigned)max_u64(x->intr_touched, i + 1);
	if (in->load)
		open_ring(in);
	if (!in->valid || !xhci_running(x))
		return;
	if (in->pending_count || in->full || !try_write(in, event, block))
		keep(in, event, block);
}

void xhci_event_dequeue_moved(struct interrupter *in)
{
	uint32_t before = in->dequeue;

	if (in->load && in->resumes && xhci_running(in->x))
		open_ring(in);
	if (!in->valid || in->load)
		return;
	follow_erdp(in);
	if (in->dequeue != before)
		catch_up(in);
}

void xhci_event_run(struct xhci *x)
{
	for (unsigned i = 0; i < x->intr_touched && xhci_running(x); i++) {
		struct interrupter *in = &x->intr[i];

		if (!in->full)
			continue;
		if (in->load && in->resumes)
			open_ring(in);
		else if (in->valid && !in->load)
			catch_up(in);
	}
}

bool xhci_event_full(const struct xhci *x)
{
	return x->full_rings > 0;
}
