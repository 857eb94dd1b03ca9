// SPDX-License-Identifier: MIT
/*
 * guest_state.c -- virtual time and the PCI function as saved state. Of configuration space only what a
 * write or the function itself may change is believed; the rest must be what power-on made it. Left
 * out: memory, which is saved by whoever owns it.
 */
#include "guest/guest.h"
#include "state.h"

static const struct state_field timer_fields[] = {
	STATE_FLAG(timer, armed),
	STATE_ANY(timer, deadline_ns),
	STATE_ANY(timer, seq),
};

static const struct state_field clock_fields[] = {
	STATE_RANGE(clock, now_ns, 0, UINT64_C(1) << 62),
	STATE_ANY(clock, seq),
};

static const struct state_field pci_fields[] = {
	STATE_FLAG(pci, intx_level),
	STATE_FLAG(pci, intx_seen),
	STATE_ANY(pci, message_count),
};

void clock_state(struct state *st, struct clock *c)
{
	state_section(st, "clock");
	state_walk(st, clock_fields, ARRAY_SIZE(clock_fields), c);
}

/* In its place among those armed before: by deadline, then by the order of arming. */
static void put_back(struct clock *c, struct timer *t)
{
	struct timer **at = &c->first;

	while (*at &&
	       ((*at)->deadline_ns < t->deadline_ns ||
		((*at)->deadline_ns == t->deadline_ns && (*at)->seq <= t->seq)))
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

void timer_state(struct state *st, struct clock *c, struct timer *t)
{
	if (st->loading)
		clock_disarm(c, t);
	state_walk(st, timer_fields, ARRAY_SIZE(timer_fields), t);
	if (!st->loading || !t->armed)
		return;
	if (state_check(st, t->fire != NULL, "a timer of nobody"))
		put_back(c, t);
	else
		t->armed = false;
}

/* What the function sets by itself: in the status register, and PME Status. */
static uint8_t changing(const struct pci *p, unsigned at)
{
	uint8_t own = 0;

	if (at == PCI_REG_STATUS)
		own = PCI_STATUS_INTX;
	if (at == PCI_REG_STATUS + 1)
		own = (PCI_STATUS_SERR | PCI_STATUS_MASTER_ABORT) >> 8;
	return p->writable[at] | p->write_1_clear[at] | own;
}

static void walk_config(struct state *st, struct pci *p)
{
	uint8_t config[PCI_CONFIG_SIZE];
	bool legal = true;

	memcpy(config, p->config, sizeof(config));
	state_bytes(st, "configuration space", config, sizeof(config));
	if (!st->loading || st->refused)
		return;
	for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++)
		legal &= !((config[i] ^ p->config[i]) & ~changing(p, i));
	if (!state_check(st, legal, "a read-only bit of configuration space is another"))
		return;
	memcpy(p->config, config, sizeof(config));
	state_check(st, pci_power_state(p) == 0 || pci_power_state(p) == 3,
		    "a power state that there is not");
}

void pci_state(struct state *st, struct guest *g)
{
	struct pci *p = &g->pci;

	state_section(st, "PCI function");
	walk_config(st, p);
	state_walk(st, pci_fields, ARRAY_SIZE(pci_fields), p);
	if (p->id->msix_cap) {
		state_bytes(st, "MSI-X table", p->msix_table, 16u * p->id->msix_vectors);
		state_bytes(st, "MSI-X pending bits", p->msix_pba,
			    (p->id->msix_vectors + 63u) / 64 * 8);
	}
	if (st->loading)
		pci_state_loaded(g);
}
