// SPDX-License-Identifier: MIT
/*
 * guest.c -- the guest as one object: made, reset and torn down in one place.
 */
#include "guest/guest.h"

void guest_init(struct guest *g, struct trace *trace, const struct pci_identity *id)
{
	memset(g, 0, sizeof(*g));
	g->trace = trace;
	trace->now_ns = &g->clock.now_ns;
	g->mem = mem_new();
	pci_init(g, id);
}

void guest_fini(struct guest *g)
{
	clock_reset(&g->clock);
	pci_fini(g);
	mem_free(g->mem);
	g->mem = NULL;
	g->trace->now_ns = NULL;
}

void guest_reset(struct guest *g)
{
	REQUIRE(!g->mmio_depth);
	mem_reset(g->mem);
	clock_reset(&g->clock);
	pci_reset(g);
}
