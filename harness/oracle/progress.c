// SPDX-License-Identifier: MIT
/*
 * progress.c -- who may work, does (xHCI 4.7, 4.6.1, 4.9.2): after a doorbell the controller looks at
 * the ring, a TRB that it took leads to a packet, an event or the next TRB, and a packet that was
 * answered, or has to be asked again, is followed by something, until the ring is empty. A debt is
 * late when time has moved several times, and far enough, while nothing explains it: the controller
 * is not running or cannot tell (event rings), a packet is with its device, Address Device has
 * endpoint 0, an interval has not passed, or other rings used up what it may do at a time.
 * Left out: streams, where one doorbell may be for any of many rings. A packet names a device address,
 * by which its slot is known; a packet of an unknown one counts for every endpoint of its number.
 */
#include "oracle/set.h"

const struct oracle oracle_progress = {"progress", "xHCI 4.7, 4.6.1"};

#define LATE_NS UINT64_C(10000000)
#define LATE_STEPS 3u                  /* moves of time */
#define FRAMES_NS UINT64_C(2048000000) /* an isochronous TD may name a frame up to here */
#define MICROFRAME_NS UINT64_C(125000)
#define MAX_INTERVAL 18u /* xHCI 6.2.3.6 */
#define BUSY 64u         /* with less work than this in a step nobody is crowded out */
#define LINK_COST 8u
#define BYTES_PER_COST 2048u
#define PCI_BME 4u

void oracle_progress_reset(struct oracle_set *s)
{
	struct progress_seen *p = &s->progress;

	p->alive = p->dead = p->asleep = false;
	memset(p->slot_of, 0, sizeof(p->slot_of));
	p->command.owed = false;
}

void oracle_progress_forget(struct oracle_set *s)
{
	s->progress.alive = s->progress.command.owed = false;
	for (unsigned i = 0; i < s->endpoint_count; i++)
		s->endpoint[i]->debt.owed = false;
}

/* A slot that is not known to have left Enabled has no endpoint that runs (xHCI 4.7). */
static bool usable(const struct oracle_set *s, const struct endpoint *ep)
{
	uint8_t slot = s->slot[ep->slot]->state;

	return (ep->state == EP_RUNNING || ep->state == EP_STOPPED) &&
		(slot == SLOT_DEFAULT || slot == SLOT_ADDRESSED || slot == SLOT_CONFIGURED);
}

void oracle_progress_doorbell(struct oracle_set *s, struct endpoint *ep, unsigned slot,
			      uint32_t value)
{
	if (!(s->reg.usbcmd & USBCMD_RS))
		return;
	if (!slot && !value)
		s->progress.command.owed = true;
	else if (ep && usable(s, ep))
		ep->debt.owed = true;
}

void oracle_progress_fetch(struct oracle_set *s, struct debt *d, const struct trb *t, bool taken)
{
	s->progress.alive = true;
	s->progress.cost += trb_type(t) == TRB_LINK ? LINK_COST : 1;
	*d = (struct debt){.owed = taken};
}

void oracle_progress_address(struct oracle_set *s, unsigned slot, unsigned address)
{
	uint8_t *of = &s->progress.slot_of[address % ARRAY_SIZE(s->progress.slot_of)];

	if (address)
		*of = !*of || *of == slot ? (uint8_t)slot : UNKNOWN;
}

/* The endpoint whose packet this is; a control endpoint has both directions. */
static struct endpoint *whose(struct oracle_set *s, const struct trace_row *row)
{
	unsigned slot = s->progress.slot_of[row->slot % ARRAY_SIZE(s->progress.slot_of)];
	unsigned dci = 2u * (row->dci & 0xf) + 1;
	struct endpoint *ep = oracle_endpoint_find(s, slot, dci);

	if (dci == 1 || row->dci & 0x80 || (ep && ep->type == EP_CONTROL))
		return ep;
	return oracle_endpoint_find(s, slot, dci - 1);
}

void oracle_progress_packet(struct oracle_set *s, const struct trace_row *row)
{
	struct progress_seen *p = &s->progress;
	unsigned number = row->dci & 0xf;
	struct endpoint *ep = whose(s, row);

	if (ep)
		ep->packets++;
	else
		p->packets[number]++;
	if (row->what == PACKET_SUBMIT) {
		p->under_way[number]++;
		p->cost += 1 + row->len / BYTES_PER_COST;
		return;
	}
	if (p->under_way[number])
		p->under_way[number]--;
	/* SET_ADDRESS is nobody's TRB, and goes to an address that another slot may have, too. */
	if (ep && row->what == PACKET_COMPLETE && s->reg.usbcmd & USBCMD_RS &&
	    !(number == 0 && oracle_command_find(s, TRB_ADDRESS_DEVICE, ANY_SLOT, 0)))
		ep->debt = (struct debt){.owed = true};
}

/* Nothing that the guest did or left undone keeps the controller from working. */
static bool may_work(const struct oracle_set *s)
{
	const struct registers *r = &s->reg;
	const struct progress_seen *p = &s->progress;

	return p->alive && !p->dead && !p->asleep && !r->blind && !r->halt_read && !r->beyond &&
		r->usbcmd & USBCMD_RS && r->pci_command & PCI_BME && !s->command.lost &&
		!s->late_events && oracle_event_rings_have_room(s);
}

static bool late(struct oracle_set *s, struct debt *d, bool excused, uint64_t limit_ns)
{
	if (excused || !d->steps || d->excuses != s->progress.excuses) {
		d->excuses = s->progress.excuses;
		d->since_ns = s->time_ns;
		d->steps = 1;
		return false;
	}
	if (d->steps < LATE_STEPS)
		d->steps++;
	return d->steps == LATE_STEPS && s->time_ns - d->since_ns >= limit_ns;
}

static uint64_t patience_ns(const struct endpoint *ep)
{
	uint64_t limit_ns = LATE_NS;

	if (ep->type == EP_ISOCH_OUT || ep->type == EP_ISOCH_IN)
		limit_ns += FRAMES_NS;
	return limit_ns +
		(MICROFRAME_NS << (ep->interval < MAX_INTERVAL ? ep->interval : MAX_INTERVAL));
}

/* A command of its slot may have been done, and nobody was told: there may be nothing left that works. */
static bool taken_unseen(struct oracle_set *s, const struct endpoint *ep)
{
	const struct command_seen *c;

	for (unsigned i = 0; (c = oracle_command_get(s, i)); i++)
		if (c->may_vanish && command_slot(c) == ep->slot)
			return true;
	return false;
}

static void endpoint(struct oracle_set *s, struct endpoint *ep)
{
	struct progress_seen *p = &s->progress;
	uint32_t packets = ep->packets + p->packets[ep->dci / 2];
	bool excused = p->under_way[ep->dci / 2] || packets != ep->packets_before ||
		oracle_command_find(s, TRB_ADDRESS_DEVICE, ep->slot, 0);

	ep->packets_before = packets;
	if (ep->streams || ep->unsure || endpoint_is_quiet(ep) || !usable(s, ep) ||
	    taken_unseen(s, ep))
		ep->debt.owed = false;
	else if (late(s, &ep->debt, excused, patience_ns(ep)))
		oracle_report(s, &oracle_progress,
			      "slot %u endpoint %u has work to do, and did nothing for %llu us",
			      ep->slot, ep->dci,
			      (unsigned long long)(s->time_ns - ep->debt.since_ns) / 1000);
}

void oracle_progress_step(struct oracle_set *s)
{
	struct progress_seen *p = &s->progress;

	if (s->time_ns == p->time_ns)
		return; /* nothing that waits for time had its turn */
	p->time_ns = s->time_ns;
	if (p->cost >= BUSY || !may_work(s))
		p->excuses++;
	p->cost = 0;
	if (p->command.owed && late(s, &p->command, s->command.count, LATE_NS))
		oracle_report(s, &oracle_progress,
			      "doorbell 0 was rung, and the command ring not looked at for %llu us",
			      (unsigned long long)(s->time_ns - p->command.since_ns) / 1000);
	for (unsigned i = 0; i < s->endpoint_count; i++)
		if (s->endpoint[i]->debt.owed)
			endpoint(s, s->endpoint[i]);
}
