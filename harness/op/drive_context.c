// SPDX-License-Identifier: MIT
/*
 * drive_context.c -- device and input contexts (xHCI 6.2) as a correct driver fills them in, and
 * the op that changes a dword of the next one.
 */
#include "op/drive_core.h"

#define MAX_CONTEXT_BYTES 64u

struct input {
	uint8_t bytes[33 * MAX_CONTEXT_BYTES];
	unsigned ctx_bytes;
	unsigned used; /* contexts */
};

uint64_t drive_device_context(const struct drive_slot *s)
{
	return DRIVE_SLOTS + s->id * DRIVE_SLOT_STRIDE;
}

unsigned drive_ep_state(struct drive *d, struct drive_slot *s, unsigned dci)
{
	uint8_t raw[4];

	drive_mem_read(d, drive_device_context(s) + dci * (uint64_t)d->caps.ctx_bytes, raw, 4);
	return raw[0] & 7;
}

unsigned drive_ep0_packet(unsigned speed)
{
	switch (speed) {
	case 2: /* low */
		return 8;
	case 1: /* full: 8 to 64, asked later */
	case 3:
		return 64;
	default:
		return 512;
	}
}

/* ---- endpoint context fields (xHCI 6.2.3) -------------------------------------------------- */

static unsigned floor_log2(unsigned v)
{
	return v ? 31 - (unsigned)__builtin_clz(v) : 0;
}

static unsigned clamp(unsigned v, unsigned low, unsigned high)
{
	return v < low ? low : v > high ? high : v;
}

/* xHCI 6.2.3.6: the period is 2^interval x 125 us. */
static unsigned interval(unsigned speed, unsigned kind, unsigned b_interval)
{
	b_interval = b_interval ? b_interval : 1;
	if (kind == 0 || kind == 2)
		return 0;
	if (speed >= 3)
		return clamp(b_interval, 1, 16) - 1;
	if (kind == 1)
		return clamp(b_interval, 1, 16) - 1 + 3;
	return clamp(floor_log2(b_interval * 8), 3, 10);
}

static unsigned ep_type(const struct drive_ep *ep)
{
	unsigned kind = ep->attributes & 3;

	if (kind == 0)
		return EP_CONTROL;
	return kind + (ep->address & 0x80 ? 4 : 0);
}

static uint32_t esit_payload(const struct drive_slot *s, const struct drive_ep *ep)
{
	unsigned kind = ep->attributes & 3;

	if (kind == 0 || kind == 2)
		return 0;
	if (s->speed >= 4 && ep->esit_bytes)
		return ep->esit_bytes;
	return ep->max_packet * (ep->burst + 1u) * (ep->mult + 1u);
}

static void ep_context(struct drive *d, struct drive_slot *s, unsigned dci, uint8_t *raw)
{
	static const uint16_t average[4] = {8, 3072, 3072, 1024}; /* xHCI 4.14.1.1 */
	struct drive_ep *ep = &s->ep[dci];
	struct drive_ring *r = drive_ep_ring(d, s, dci);
	unsigned kind = ep->attributes & 3;
	uint32_t esit = esit_payload(s, ep);

	put_le32(raw,
		 (esit >> 16) << 24 | interval(s->speed, kind, ep->interval) << 16 |
			 (uint32_t)ep->mult << 8);
	put_le32(raw + 4,
		 (uint32_t)ep->max_packet << 16 | (uint32_t)ep->burst << 8 | ep_type(ep) << 3 |
			 (kind == 1 ? 0u : 3u) << 1);
	put_le64(raw + 8, r->enqueue | r->cycle);
	put_le32(raw + 16, esit << 16 | average[kind]);
}

/* ---- input contexts (xHCI 6.2.5) ----------------------------------------------------------- */

static uint8_t *context(struct input *in, unsigned index)
{
	if (index >= in->used)
		in->used = index + 1;
	return in->bytes + index * in->ctx_bytes;
}

static void slot_context(struct input *in, const struct drive_slot *s, unsigned entries)
{
	uint8_t *raw = context(in, 1);

	put_le32(raw,
		 entries << 27 | (s->hub_ports ? 1u << 26 : 0) | (uint32_t)s->speed << 20 |
			 s->route);
	put_le32(raw + 4, (uint32_t)s->hub_ports << 24 | (uint32_t)s->port << 16);
	put_le32(raw + 8, (uint32_t)s->tt_port << 8 | s->tt_slot);
}

static void begin(struct drive *d, struct input *in, uint32_t add, uint32_t drop)
{
	memset(in, 0, sizeof(*in));
	in->ctx_bytes = d->caps.ctx_bytes ? d->caps.ctx_bytes : 32;
	put_le32(context(in, 0), drop);
	put_le32(context(in, 0) + 4, add);
}

static void finish(struct drive *d, struct input *in)
{
	for (unsigned i = 0; i < d->tweak_count; i++) {
		const struct drive_tweak *t = &d->tweak[i];
		uint8_t *p = context(in, t->context % 33) + t->dword % (in->ctx_bytes / 4) * 4;

		put_le32(p, (get_le32(p) & ~t->mask) | t->value);
	}
	d->tweak_count = 0;
	drive_mem_write(d, DRIVE_INPUT, in->bytes, in->used * in->ctx_bytes);
}

void drive_input_address(struct drive *d, struct drive_slot *s)
{
	uint64_t device = drive_device_context(s);
	struct drive_ep *ep = &s->ep[1];
	struct input in;
	uint8_t entry[8];

	drive_slot_bind(d, s);
	if (!s->addressed && !s->fresh)
		drive_mem_zero(d, device, 32 * d->caps.ctx_bytes);
	put_le64(entry, device);
	drive_mem_write(d, DRIVE_DCBAA + s->id * 8, entry, sizeof(entry));
	ep->known = true;
	ep->attributes = 0;
	if (!ep->max_packet)
		ep->max_packet = (uint16_t)drive_ep0_packet(s->speed);
	begin(d, &in, 3, 0);
	slot_context(&in, s, 1);
	ep_context(d, s, 1, context(&in, 2));
	finish(d, &in);
}

void drive_input_evaluate(struct drive *d, struct drive_slot *s)
{
	struct input in;

	if (!s->ep[1].max_packet)
		s->ep[1].max_packet = (uint16_t)drive_ep0_packet(s->speed);
	begin(d, &in, 2, 0);
	slot_context(&in, s, 1);
	ep_context(d, s, 1, context(&in, 2));
	finish(d, &in);
}

void drive_input_hub(struct drive *d, struct drive_slot *s)
{
	unsigned entries = 31;
	struct input in;

	while (entries > 1 && !s->ep[entries].configured)
		entries--;
	begin(d, &in, 1, 0);
	slot_context(&in, s, entries);
	finish(d, &in);
}

void drive_input_configure(struct drive *d, struct drive_slot *s)
{
	uint32_t add = 1, drop = 0;
	unsigned entries = 1;
	struct input in;

	for (unsigned dci = 2; dci < 32; dci++) {
		struct drive_ep *ep = &s->ep[dci];

		if (ep->configured) {
			drop |= 1u << dci;
			ep->ring.trbs = 0; /* a new ring; its memory is zeroed */
			ep->configured = s->fresh = false;
		}
		if (!ep->known)
			continue;
		add |= 1u << dci;
		entries = dci;
	}
	begin(d, &in, add, drop);
	slot_context(&in, s, entries);
	for (unsigned dci = 2; dci < 32; dci++) {
		if (s->ep[dci].known)
			ep_context(d, s, dci, context(&in, dci + 1));
	}
	finish(d, &in);
}

void drive_input_streams(struct drive *d, struct drive_slot *s, unsigned dci, uint32_t streams,
			 uint64_t array)
{
	unsigned entries = dci;
	struct input in;
	uint8_t *raw;

	for (unsigned i = dci + 1; i < 32; i++)
		if (s->ep[i].configured)
			entries = i;
	begin(d, &in, 1u << dci | 1, 1u << dci);
	slot_context(&in, s, entries);
	raw = context(&in, dci + 1);
	ep_context(d, s, dci, raw);
	put_le32(raw, get_le32(raw) | streams);
	put_le64(raw + 8, array);
	finish(d, &in);
}

void drive_endpoints_added(struct drive_slot *s)
{
	for (unsigned dci = 2; dci < 32; dci++)
		s->ep[dci].configured = s->ep[dci].known;
}

void drive_op_tweak(struct drive *d, const struct op *op)
{
	if (d->tweak_count == DRIVE_MAX_TWEAKS)
		return;
	d->tweak[d->tweak_count++] = (struct drive_tweak){
		(uint8_t)ARG(op, TWEAK, context), (uint8_t)ARG(op, TWEAK, dword),
		(uint32_t)ARG(op, TWEAK, mask), (uint32_t)ARG(op, TWEAK, value)};
}
