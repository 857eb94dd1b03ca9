// SPDX-License-Identifier: MIT
/*
 * drive_stream.c -- endpoints with streams (xHCI 4.12): the arrays, a Configure Endpoint command that
 * names them, and TDs on a stream's ring.
 *
 * A page per endpoint: 8 entries of the primary array, 8 of a secondary one, 16 rings of 8 TRBs.
 * Primary stream n has ring n; with a secondary array behind primary stream 1 its entry n has ring
 * 8 + n. Further entries of a larger array stay empty: ids of theirs are refused.
 */
#include "op/drive_core.h"

#define PRIMARY 8u
#define STREAM_TRBS 8u
#define PAGE UINT64_C(0x1000)
#define SECONDARY_OFFSET 0x80u
#define RINGS_OFFSET 0x100u

static uint64_t page(const struct drive *d, const struct drive_streams *st)
{
	return DRIVE_STREAMS + (uint64_t)(st - d->streams) * PAGE;
}

static struct drive_streams *find(struct drive *d, unsigned slot, unsigned dci)
{
	for (unsigned i = 0; i < DRIVE_STREAM_EPS; i++)
		if (d->streams[i].slot == slot && d->streams[i].dci == dci)
			return &d->streams[i];
	return NULL;
}

static void put_context(struct drive *d, uint64_t addr, uint64_t pointer, unsigned type)
{
	uint8_t raw[STREAM_CONTEXT_BYTES] = {0};

	put_le64(raw, pointer | type << 1 | 1);
	drive_mem_write(d, addr, raw, sizeof(raw));
}

static void lay_out(struct drive *d, struct drive_streams *st, unsigned secondary)
{
	uint64_t base = page(d, st);
	unsigned rings = st->linear ? PRIMARY : DRIVE_STREAM_RINGS;

	drive_mem_zero(d, base, RINGS_OFFSET + rings * STREAM_TRBS * TRB_SIZE);
	for (unsigned n = 0; n < rings; n++)
		drive_ring_make(d, &st->ring[n],
				base + RINGS_OFFSET + n * (uint64_t)(STREAM_TRBS * TRB_SIZE),
				STREAM_TRBS, false);
	for (unsigned n = 1; n < PRIMARY; n++)
		put_context(d, base + n * STREAM_CONTEXT_BYTES, st->ring[n].base, SCT_PRIMARY_RING);
	if (st->linear)
		return;
	put_context(d, base + STREAM_CONTEXT_BYTES, base + SECONDARY_OFFSET, secondary);
	for (unsigned n = 0; n < PRIMARY; n++)
		put_context(d, base + SECONDARY_OFFSET + n * STREAM_CONTEXT_BYTES,
			    st->ring[PRIMARY + n].base, SCT_SECONDARY_RING);
}

/* exponent 0: 8 primary streams. secondary 0: linear, else the type of primary entry 1. */
static struct drive_streams *set_up(struct drive *d, struct drive_slot *s, unsigned dci,
				    unsigned exponent, unsigned secondary)
{
	struct drive_streams *st = find(d, s->id, dci);

	if (!st)
		st = &d->streams[d->streams_next++ % DRIVE_STREAM_EPS];
	st->slot = s->id;
	st->dci = (uint8_t)dci;
	st->exponent = exponent ? exponent & 31 : 2;
	st->linear = !secondary;
	lay_out(d, st, secondary & 7);
	drive_input_streams(d, s, dci, (uint32_t)st->exponent << 10 | (st->linear ? 1u << 15 : 0),
			    page(d, st));
	if (drive_command(d, DRIVE_INPUT, 0,
			  trb_type_bits(TRB_CONFIGURE_ENDPOINT) | (uint32_t)s->id << 24) !=
	    CC_SUCCESS)
		st->slot = 0;
	return st;
}

static struct drive_slot *endpoint(struct drive *d, uint64_t slot, unsigned *dci)
{
	struct drive_slot *s;

	drive_need(d);
	s = *dci && d->current ? drive_slot_pick(d, slot)
			       : drive_slot_ready(d, slot, MODEL_SCRIPTED);
	if (!*dci)
		*dci = drive_ep_first(s, true, 1u << 2);
	return s;
}

void drive_op_streams(struct drive *d, const struct op *op)
{
	unsigned dci = (unsigned)ARG(op, STREAMS, ring) & 31;
	struct drive_slot *s = endpoint(d, ARG(op, STREAMS, slot), &dci);

	if (dci)
		set_up(d, s, dci, (unsigned)ARG(op, STREAMS, exponent),
		       (unsigned)ARG(op, STREAMS, secondary));
}

/* The ring that a stream id leads to; one that leads nowhere still has TRBs somewhere. */
static struct drive_ring *ring_of(struct drive_streams *st, unsigned id)
{
	unsigned width = st->exponent + 1u;

	if (!st->linear && width < 16 && (id & ((1u << width) - 1)) == 1)
		return &st->ring[PRIMARY + (id >> width) % PRIMARY];
	return &st->ring[id % PRIMARY];
}

/* Halted: Reset Endpoint, and the ring of this stream goes on behind what failed. */
static void recover(struct drive *d, struct drive_slot *s, struct drive_streams *st, unsigned id)
{
	uint32_t who = (uint32_t)s->id << 24 | (uint32_t)st->dci << 16;
	struct drive_ring *r = ring_of(st, id);
	unsigned type = r - st->ring >= (int)PRIMARY ? SCT_SECONDARY_RING : SCT_PRIMARY_RING;
	unsigned state = drive_ep_state(d, s, st->dci);

	if (state != EP_HALTED && state != EP_ERROR)
		return;
	if (state == EP_HALTED)
		drive_command(d, 0, 0, trb_type_bits(TRB_RESET_ENDPOINT) | who);
	drive_command(d, r->enqueue | type << 1 | r->cycle, id << 16,
		      trb_type_bits(TRB_SET_TR_DEQUEUE) | who);
	if (s->ep[st->dci].last_cc == CC_STALL) /* CLEAR_FEATURE(ENDPOINT_HALT), USB2 9.4.1 */
		drive_control_out(d, s, 0x02, 1, 0, s->ep[st->dci].address);
}

void drive_op_stream(struct drive *d, const struct op *op)
{
	unsigned dci = (unsigned)ARG(op, STREAM, ring) & 31, id = (unsigned)ARG(op, STREAM, stream);
	uint32_t len = drive_length_fold(ARG(op, STREAM, length));
	unsigned count = (unsigned)ARG(op, STREAM, trbs);
	uint32_t flags = (uint32_t)ARG(op, STREAM, flags);
	struct drive_slot *s = endpoint(d, ARG(op, STREAM, slot), &dci);
	struct drive_streams *st;
	uint64_t addr;

	if (!dci)
		return;
	st = find(d, s->id, dci);
	if (!st)
		st = set_up(d, s, dci, 0, 0);
	id = id ? id : 1;
	count = count ? count : 1;
	count = (unsigned)min_u64(count, STREAM_TRBS - 3);
	len = len ? len : s->ep[dci].max_packet;
	recover(d, s, st, id);
	addr = drive_data_alloc(d, len);
	if (!(dci & 1))
		drive_data_pattern(d, addr, len);
	drive_td_put(d, ring_of(st, id), &s->ep[dci], addr, len, count, flags, TRB_NORMAL);
	if (!(flags & TRANSFER_NO_DOORBELL))
		drive_doorbell(d, s->id, dci, id);
}
