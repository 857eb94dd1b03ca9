// SPDX-License-Identifier: MIT
/*
 * msi.c -- interrupt messages: MSI (PCI 3.0 6.8.1: 64-bit addresses, several messages, without
 * per-vector masking) and MSI-X (6.8.2: table and pending bits in BAR 0).
 *
 * Left out: tables in another BAR. A message that memory refuses is lost, as on a real bus.
 */
#include "guest/guest.h"
#include "heap.h"

enum {
	CAP_MSI = 0x05,
	MSI_CONTROL = 2, /* offsets from the capability's start */
	MSI_ADDR = 4,
	MSI_DATA = 12,
	MSI_ENABLE = 1 << 0,
	MSI_64BIT = 1 << 7,

	CAP_MSIX = 0x11,
	MSIX_CONTROL = 2,
	MSIX_TABLE = 4,
	MSIX_PBA = 8,
	MSIX_MASK_ALL = 1 << 14,
	MSIX_ENABLE = 1 << 15,

	ENTRY_SIZE = 16, /* one vector in the table */
	ENTRY_DATA = 8,
	ENTRY_CONTROL = 12,
	ENTRY_MASKED = 1,
};

#define MSIX_PRIORITY 1 /* above regions of the controller that span the whole BAR */

static uint16_t msi_control(const struct pci *p)
{
	return p->id->msi_cap ? get_le16(p->config + p->id->msi_cap + MSI_CONTROL) : 0;
}

static uint16_t msix_control(const struct pci *p)
{
	return p->id->msix_cap ? get_le16(p->config + p->id->msix_cap + MSIX_CONTROL) : 0;
}

bool pci_msix_enabled(const struct guest *g)
{
	return msix_control(&g->pci) & MSIX_ENABLE;
}

bool pci_msi_enabled(const struct guest *g)
{
	return (msi_control(&g->pci) & MSI_ENABLE) && !pci_msix_enabled(g);
}

static void send_message(struct guest *g, enum irq_what what, uint64_t addr, uint32_t data)
{
	struct trace_row row = {
		.kind = TRACE_IRQ, .what = (uint8_t)what, .addr = addr, .value = data};
	uint8_t bytes[4];

	put_le32(bytes, data);
	if (dma_write(g, (struct dma_tag){.what = DMA_MSI}, addr, bytes, sizeof(bytes)) != DMA_OK)
		return;
	g->pci.message_count++;
	trace_append(g->trace, &row);
	if (g->pci.message_sent)
		g->pci.message_sent(g->pci.opaque, addr, data);
}

static void msi_send(struct guest *g, unsigned vector)
{
	const uint8_t *cap = g->pci.config + g->pci.id->msi_cap;
	uint32_t count = 1u << bits(msi_control(&g->pci), 6, 4);
	uint32_t data = get_le16(cap + MSI_DATA) & ~(count - 1);

	/* With one message the function changes no bit of the data; with more, the low ones. */
	if (count == 1)
		data = get_le16(cap + MSI_DATA);
	send_message(g, IRQ_MSI, get_le64(cap + MSI_ADDR), data | (vector < count ? vector : 0));
}

static bool is_masked(const struct pci *p, unsigned vector)
{
	return (msix_control(p) & MSIX_MASK_ALL) ||
		(p->msix_table[vector * ENTRY_SIZE + ENTRY_CONTROL] & ENTRY_MASKED);
}

static void msix_send(struct guest *g, unsigned vector)
{
	const uint8_t *entry = g->pci.msix_table + vector * ENTRY_SIZE;

	send_message(g, IRQ_MSIX, get_le64(entry), get_le32(entry + ENTRY_DATA));
}

static void hand_over(struct guest *g, enum irq_what what, unsigned vector)
{
	struct trace_row row = {.kind = TRACE_IRQ, .what = (uint8_t)what, .value = vector};

	if (!pci_master_enabled(g))
		return;
	if (what == IRQ_MSI && vector >= 1u << bits(msi_control(&g->pci), 6, 4))
		row.value = vector = 0;
	g->pci.message_count++;
	trace_append(g->trace, &row);
	g->pci.vector_raised(g->pci.opaque, vector);
}

bool pci_notify(struct guest *g, unsigned vector)
{
	struct pci *p = &g->pci;

	if (p->vector_raised && (pci_msix_enabled(g) || pci_msi_enabled(g))) {
		hand_over(g, pci_msix_enabled(g) ? IRQ_MSIX : IRQ_MSI, vector);
		return true;
	}
	if (pci_msix_enabled(g)) {
		if (vector >= p->id->msix_vectors)
			return true;
		if (is_masked(p, vector))
			p->msix_pba[vector / 8] |= (uint8_t)(1u << vector % 8);
		else
			msix_send(g, vector);
		return true;
	}
	if (pci_msi_enabled(g)) {
		msi_send(g, vector);
		return true;
	}
	return false;
}

/* Send what waited for being unmasked (PCI 3.0 6.8.3.4). */
static void msix_flush(struct guest *g, unsigned first, unsigned count)
{
	struct pci *p = &g->pci;

	if (!pci_msix_enabled(g) || (msix_control(p) & MSIX_MASK_ALL))
		return;
	for (unsigned v = first; v < first + count; v++) {
		uint8_t bit = (uint8_t)(1u << v % 8);

		if (!(p->msix_pba[v / 8] & bit) || is_masked(p, v))
			continue;
		p->msix_pba[v / 8] &= (uint8_t)~bit;
		msix_send(g, v);
	}
}

static uint64_t bytes_read(const uint8_t *from, unsigned size)
{
	return size == 8 ? get_le64(from) : get_le32(from);
}

static uint64_t table_read(void *opaque, uint64_t offset, unsigned size)
{
	struct guest *g = opaque;

	return bytes_read(g->pci.msix_table + offset, size);
}

static void table_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
	struct guest *g = opaque;
	unsigned vector = (unsigned)(offset / ENTRY_SIZE);
	uint8_t *entry = g->pci.msix_table + vector * ENTRY_SIZE;

	put_le32(g->pci.msix_table + offset, (uint32_t)value);
	if (size == 8)
		put_le32(g->pci.msix_table + offset + 4, (uint32_t)(value >> 32));
	entry[0] &= 0xfc; /* messages are aligned */
	put_le32(entry + ENTRY_CONTROL, entry[ENTRY_CONTROL] & ENTRY_MASKED);
	msix_flush(g, vector, 1);
}

static uint64_t pba_read(void *opaque, uint64_t offset, unsigned size)
{
	struct guest *g = opaque;

	return bytes_read(g->pci.msix_pba + offset, size);
}

/* Pending bits are the function's; the guest's writes are ignored: no write handler. */
static const struct mmio_ops pba_ops = {
	.read = pba_read, .valid_min = 4, .valid_max = 8, .impl_min = 4, .impl_max = 8};
static const struct mmio_ops table_ops = {.read = table_read,
					  .write = table_write,
					  .valid_min = 4,
					  .valid_max = 8,
					  .impl_min = 4,
					  .impl_max = 8};

static size_t table_bytes(const struct pci *p)
{
	return (size_t)p->id->msix_vectors * ENTRY_SIZE;
}

static size_t pba_bytes(const struct pci *p)
{
	return (p->id->msix_vectors + 63u) / 64 * 8;
}

static void add_region(struct guest *g, const char *name, uint32_t base, size_t size,
		       const struct mmio_ops *ops)
{
	REQUIRE(base % 8 == 0 && base < g->pci.id->bar0_size);
	REQUIRE(size <= g->pci.id->bar0_size - base);
	mmio_add(&g->mmio,
		 &(struct mmio_region){.name = name,
				       .base = base,
				       .size = size,
				       .priority = MSIX_PRIORITY,
				       .ops = ops,
				       .opaque = g});
}

void msi_init(struct guest *g)
{
	struct pci *p = &g->pci;
	const struct pci_identity *id = p->id;

	if (id->msi_cap) {
		REQUIRE(id->msi_vectors >= 1 && id->msi_vectors <= PCI_MAX_VECTORS);
		REQUIRE(!(id->msi_vectors & (id->msi_vectors - 1)));
	}
	if (!id->msix_cap)
		return;
	REQUIRE(id->msix_vectors >= 1 && id->msix_vectors <= PCI_MAX_MSIX);
	p->msix_table = heap_zero(table_bytes(p));
	p->msix_pba = heap_zero(pba_bytes(p));
	add_region(g, "MSI-X table", id->msix_table, table_bytes(p), &table_ops);
	add_region(g, "MSI-X pending bits", id->msix_pba, pba_bytes(p), &pba_ops);
}

void msi_fini(struct guest *g)
{
	heap_free(g->pci.msix_table);
	heap_free(g->pci.msix_pba);
	g->pci.msix_table = NULL;
	g->pci.msix_pba = NULL;
}

static void put_msi(struct pci *p)
{
	uint8_t *c = p->config + p->id->msi_cap;
	uint8_t *w = p->writable + p->id->msi_cap;
	unsigned capable = (unsigned)__builtin_ctz(p->id->msi_vectors);

	c[0] = CAP_MSI;
	put_le16(c + MSI_CONTROL, (uint16_t)(MSI_64BIT | capable << 1));
	put_le16(w + MSI_CONTROL, MSI_ENABLE | 7 << 4);
	put_le64(w + MSI_ADDR, ~UINT64_C(3));
	put_le16(w + MSI_DATA, UINT16_MAX);
}

static void put_msix(struct pci *p)
{
	uint8_t *c = p->config + p->id->msix_cap;

	c[0] = CAP_MSIX;
	put_le16(c + MSIX_CONTROL, (uint16_t)(p->id->msix_vectors - 1));
	put_le16(p->writable + p->id->msix_cap + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL);
	put_le32(c + MSIX_TABLE, p->id->msix_table);
	put_le32(c + MSIX_PBA, p->id->msix_pba);
	memset(p->msix_table, 0, table_bytes(p));
	memset(p->msix_pba, 0, pba_bytes(p));
	for (unsigned v = 0; v < p->id->msix_vectors; v++)
		p->msix_table[v * ENTRY_SIZE + ENTRY_CONTROL] = ENTRY_MASKED;
}

void msi_reset(struct guest *g)
{
	if (g->pci.id->msi_cap)
		put_msi(&g->pci);
	if (g->pci.id->msix_cap)
		put_msix(&g->pci);
}

/* More messages than the function asked for: undefined, here cut (PCI 3.0 6.8.1.3). */
void msi_messages_cut(struct pci *p)
{
	uint8_t *control = p->config + p->id->msi_cap + MSI_CONTROL;
	unsigned capable = (unsigned)bits(control[0], 3, 1);

	if (bits(control[0], 6, 4) > capable)
		control[0] = (uint8_t)((control[0] & ~(7 << 4)) | capable << 4);
}

void msi_config_changed(struct guest *g)
{
	struct pci *p = &g->pci;

	if (p->id->msi_cap)
		msi_messages_cut(p);
	if (p->id->msix_cap)
		msix_flush(g, 0, p->id->msix_vectors);
}
