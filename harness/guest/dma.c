// SPDX-License-Identifier: MIT
/*
 * dma.c -- the one way from the controller to guest memory: gated, refused at our own BAR (so no
 * access can come back into a register handler), traced. Left out: IOMMU, byte order, latency.
 */
#include <stdatomic.h>

#include "guest/guest.h"

#define EVENT_BYTES 16u
#define EVENT_DATA_BYTES 12u /* the dword with the cycle bit is the last one */

static bool hits_own_bar(const struct guest *g, uint64_t addr, size_t len)
{
	uint64_t bar = pci_bar0(g);
	uint64_t bar_last = bar + (g->pci.id->bar0_size - 1);
	uint64_t last = addr + (len - 1);

	return pci_memory_enabled(g) && addr <= bar_last && last >= bar;
}

/* Trace flags of a refusal, or 0. */
static unsigned refusal(const struct guest *g, uint64_t addr, size_t len)
{
	REQUIRE(len <= UINT32_MAX);
	if (!pci_master_enabled(g))
		return TRACE_BLOCKED;
	if (addr + (len - 1) < addr)
		return TRACE_FAULT;
	if (hits_own_bar(g, addr, len))
		return TRACE_OWN_BAR | TRACE_FAULT;
	return 0;
}

static int memory_read(struct guest *g, uint64_t addr, void *buf, size_t len)
{
	if (g->outside)
		return g->outside->read(g->outside_opaque, addr, buf, len);
	return mem_dma_read(g->mem, addr, buf, len);
}

static int piece_write(struct guest *g, uint64_t addr, const void *buf, size_t len)
{
	if (!g->outside)
		return mem_dma_write(g->mem, addr, buf, len);
	return g->outside->write(g->outside_opaque, addr, buf, len);
}

/* xHCI 4.9.4: a processor that polls the cycle bit must find the rest of the event beside it. */
static int event_write(struct guest *g, uint64_t addr, const uint8_t *event)
{
	int err = piece_write(g, addr, event, EVENT_DATA_BYTES);

	if (err)
		return err;
	atomic_thread_fence(memory_order_release);
	return piece_write(g, addr + EVENT_DATA_BYTES, event + EVENT_DATA_BYTES,
			   EVENT_BYTES - EVENT_DATA_BYTES);
}

static int memory_write(struct guest *g, unsigned what, uint64_t addr, const void *buf, size_t len)
{
	if (g->outside && what == DMA_MSI)
		return 0; /* goes to the interrupt controller, which is not RAM */
	if (what == DMA_EVENT_TRB && len == EVENT_BYTES)
		return event_write(g, addr, buf);
	return piece_write(g, addr, buf, len);
}

static enum dma_result finish(struct guest *g, struct dma_tag tag, unsigned flags, uint64_t addr,
			      const void *buf, size_t len)
{
	bool refused = flags & (TRACE_FAULT | TRACE_BLOCKED);
	struct trace_row row = {
		.kind = TRACE_DMA,
		.flags = (uint8_t)flags,
		.what = tag.what,
		.slot = tag.slot,
		.dci = tag.dci,
		.addr = addr,
		.len = (uint32_t)len,
		.data = refused ? NULL : buf,
	};

	trace_append(g->trace, &row);
	if (flags & TRACE_BLOCKED)
		return DMA_BLOCKED;
	if (flags & TRACE_FAULT) {
		pci_note_abort(g);
		return DMA_FAULT;
	}
	return DMA_OK;
}

enum dma_result dma_read(struct guest *g, struct dma_tag tag, uint64_t addr, void *buf, size_t len)
{
	unsigned flags;

	if (!len)
		return DMA_OK;
	flags = refusal(g, addr, len);
	if (!flags && memory_read(g, addr, buf, len))
		flags = TRACE_FAULT;
	if (flags)
		memset(buf, 0, len);
	return finish(g, tag, flags, addr, buf, len);
}

enum dma_result dma_write(struct guest *g, struct dma_tag tag, uint64_t addr, const void *buf,
			  size_t len)
{
	unsigned flags;

	if (!len)
		return DMA_OK;
	flags = refusal(g, addr, len);
	if (!flags && memory_write(g, tag.what, addr, buf, len))
		flags = TRACE_FAULT;
	return finish(g, tag, flags | TRACE_WRITE, addr, buf, len);
}
