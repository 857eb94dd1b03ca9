// SPDX-License-Identifier: MIT
/*
 * record_check.c -- plays the program of a life and compares: what devices are asked, per device, and what the
 * guest is told, per endpoint. Between endpoints the order may differ, because a program does at once what a
 * served machine does bit by bit; so may what comes after the end of the life.
 */
#include "harness.h"
#include "tool/record.h"
#include "usb/desc.h"
#include "xhci/abi.h"

/* Things that happened, in their order, with the channel they happened on. */
struct story {
	struct happening {
		uint32_t channel;
		uint8_t bytes[16];
	} * at;
	size_t count, room;
};

static void tell(struct story *s, uint32_t channel, const uint8_t *bytes, size_t len)
{
	struct happening *all;

	if (s->count == s->room) {
		all = alloc_zero((s->room * 2 + 64) * sizeof(*all));
		if (s->count)
			memcpy(all, s->at, s->count * sizeof(*all));
		free(s->at);
		s->at = all;
		s->room = s->room * 2 + 64;
	}
	memset(&s->at[s->count], 0, sizeof(s->at[0]));
	s->at[s->count].channel = channel;
	memcpy(s->at[s->count++].bytes, bytes, len);
}

#define REQUESTS 0x10000u

static void take_row(struct story *s, const struct trace_row *row, uint32_t kept)
{
	uint8_t event[16];
	unsigned type;

	if (row->kind == TRACE_PACKET && row->pid == USB_SETUP && row->what == PACKET_SUBMIT &&
	    kept == 8) {
		tell(s, REQUESTS + row->slot, row->data, 8);
		return;
	}
	if (row->kind != TRACE_DMA || row->what != DMA_EVENT_TRB || !(row->flags & TRACE_WRITE) ||
	    kept != 16)
		return;
	memcpy(event, row->data, 16);
	event[12] &= 0xfe; /* the cycle bit follows from where it is on the ring */
	type = get_le32(event + 12) >> 10 & 0x3f;
	if (type == TRB_EV_MFINDEX)
		return;
	/* port changes: on a channel of their port */
	tell(s, type << 16 | (type == TRB_EV_PORT ? event[3] : get_le32(event + 12) >> 16), event,
	     16);
}

static void row_played(void *opaque, const struct trace_row *row)
{
	take_row(opaque, row, row->data ? row->len : 0);
}

static void put_happening(char *out, size_t room, const struct happening *h)
{
	if (!h)
		snprintf(out, room, "nothing");
	else if (h->channel & ~(REQUESTS | 0xff))
		snprintf(out, room, "event %08x'%08x %08x %08x", get_le32(h->bytes + 4),
			 get_le32(h->bytes), get_le32(h->bytes + 8), get_le32(h->bytes + 12));
	else
		snprintf(out, room, "device %u request %016llx", h->channel & 0xff,
			 (unsigned long long)get_be64(h->bytes));
}

static void tell_difference(struct record_result *ret, const struct happening *guest,
			    const struct happening *played)
{
	char was[80], is[80];

	put_happening(was, sizeof(was), guest);
	put_happening(is, sizeof(is), played);
	snprintf(ret->why, sizeof(ret->why), "after %u events and %u requests: %s, now %s",
		 ret->events, ret->requests, was, is);
}

/* What each channel tells in a has to be the beginning of what it tells in b. */
static bool compare(const struct story *a, const struct story *b, struct record_result *ret)
{
	size_t *next = alloc_zero((a->count + 1) * sizeof(*next));
	bool same = true;

	for (size_t i = 0; same && i < a->count; i++) {
		const struct happening *h = &a->at[i];
		size_t from = 0, k;

		for (k = i; k-- > 0;)
			if (a->at[k].channel == h->channel) {
				from = next[k];
				break;
			}
		for (k = from; k < b->count && b->at[k].channel != h->channel; k++)
			;
		next[i] = k + 1;
		same = k < b->count && !memcmp(b->at[k].bytes, h->bytes, sizeof(h->bytes));
		if (h->channel >= REQUESTS && h->channel < REQUESTS + 256)
			ret->requests += same;
		else
			ret->events += same;
		if (same)
			continue;
		tell_difference(ret, h, k < b->count ? &b->at[k] : NULL);
	}
	free(next);
	return same;
}

void record_check(const struct recording *r, const struct record_life *life,
		  struct record_result *ret)
{
	struct story guest = {0}, played = {0};
	struct harness_options options = {.also = row_played, .also_opaque = &played};
	struct harness *h = harness_new(&options);
	struct harness_result result;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = life->first_row; i < life->end_row; i++)
		take_row(&guest, &r->row[i], r->kept[i]);
	harness_run(h, &life->program, &result);
	ret->clean = !result.finding.oracle;
	compare(&guest, &played, ret);
	if (!ret->clean)
		snprintf(ret->why, sizeof(ret->why), "%s at op %u: %.150s",
			 result.finding.oracle->name, result.finding.op, result.finding.detail);
	harness_free(h);
	free(guest.at);
	free(played.at);
}
