// SPDX-License-Identifier: MIT
/*
 * pci.c -- one PCI function's configuration space (PCI 3.0 6.1-6.2): header type 0, one memory
 * BAR, INTx, the xHCI bytes at 60h (xHCI 5.2.3-5.2.4) and a PCI Express capability (PCIe 2.1 7.8).
 * Power management is in pci_power.c, MSI and MSI-X are in msi.c.
 *
 * Left out: I/O space, expansion ROM, extended configuration space; the PCI Express capability is
 * read-only but for the function level reset.
 */
#include "guest/guest.h"

enum {
	REG_CLASS = 0x08,
	REG_CACHE_LINE = 0x0c,
	REG_SUBSYSTEM = 0x2c,
	REG_CAP_POINTER = 0x34,
	REG_INT_LINE = 0x3c,
	REG_INT_PIN = 0x3d,
	REG_SBRN = 0x60,
	REG_FLADJ = 0x61,

	CAP_PM_SIZE = 8,
	CAP_PCIE = 0x10,
	CAP_PCIE_SIZE = 0x3c,
	CAP_MSI_SIZE = 14,
	CAP_MSIX_SIZE = 12,
};

#define COMMAND_WRITABLE                                                                           \
	(PCI_COMMAND_MSE | PCI_COMMAND_BME | PCI_COMMAND_SERR | PCI_COMMAND_INTX_OFF)
#define STATUS_WRITE_1_CLEAR 0xf900u
#define BAR_64BIT 4u

static uint16_t command(const struct guest *g)
{
	return get_le16(g->pci.config + PCI_REG_COMMAND);
}

bool pci_memory_enabled(const struct guest *g)
{
	return g->pci.memory_on;
}

bool pci_master_enabled(const struct guest *g)
{
	return g->pci.master_on;
}

uint64_t pci_bar0(const struct guest *g)
{
	return g->pci.bar0;
}

static void decode_update(struct guest *g)
{
	struct pci *p = &g->pci;
	bool awake = !pci_power_state(p);

	p->memory_on = awake && (command(g) & PCI_COMMAND_MSE);
	p->master_on = awake && (command(g) & PCI_COMMAND_BME);
	p->bar0 = get_le32(p->config + PCI_REG_BAR0) & ~UINT32_C(0xf);
	if (p->id->bar0_64bit)
		p->bar0 |= (uint64_t)get_le32(p->config + PCI_REG_BAR0 + 4) << 32;
}

void pci_note_abort(struct guest *g)
{
	g->pci.config[PCI_REG_STATUS + 1] |= PCI_STATUS_MASTER_ABORT >> 8;
}

/* What the guest sees follows from the device's wish, Interrupt Disable, messages and power. */
static void intx_update(struct guest *g, bool traced)
{
	struct pci *p = &g->pci;
	bool pending = p->intx_level && !pci_msi_enabled(g) && !pci_msix_enabled(g);
	bool seen = pending && !(command(g) & PCI_COMMAND_INTX_OFF) && !pci_power_state(p);
	struct trace_row row = {.kind = TRACE_IRQ, .what = IRQ_INTX, .value = seen};

	p->config[PCI_REG_STATUS] &= (uint8_t)~PCI_STATUS_INTX;
	if (pending)
		p->config[PCI_REG_STATUS] |= PCI_STATUS_INTX;
	if (seen == p->intx_seen)
		return;
	p->intx_seen = seen;
	if (traced)
		trace_append(g->trace, &row);
	if (p->intx_changed)
		p->intx_changed(p->opaque, seen);
}

void pci_set_intx(struct guest *g, bool level)
{
	if (level == g->pci.intx_level)
		return;
	g->pci.intx_level = level;
	intx_update(g, true);
}

static void put_header(struct pci *p)
{
	const struct pci_identity *id = p->id;
	uint8_t *c = p->config;
	uint64_t size_mask = ~(uint64_t)(id->bar0_size - 1);

	put_le16(c, id->vendor);
	put_le16(c + 2, id->device);
	put_le16(p->writable + PCI_REG_COMMAND, COMMAND_WRITABLE);
	put_le16(p->write_1_clear + PCI_REG_STATUS, STATUS_WRITE_1_CLEAR);
	c[REG_CLASS] = id->revision;
	c[REG_CLASS + 1] = id->prog_if;
	c[REG_CLASS + 2] = id->subclass;
	c[REG_CLASS + 3] = id->class_code;
	p->writable[REG_CACHE_LINE] = 0xff;
	put_le32(c + PCI_REG_BAR0, (uint32_t)(GUEST_BAR0 & size_mask));
	put_le32(p->writable + PCI_REG_BAR0, (uint32_t)size_mask);
	if (id->bar0_64bit) {
		c[PCI_REG_BAR0] |= BAR_64BIT;
		put_le32(c + PCI_REG_BAR0 + 4, (uint32_t)((GUEST_BAR0 & size_mask) >> 32));
		put_le32(p->writable + PCI_REG_BAR0 + 4, UINT32_MAX);
	}
	put_le16(c + REG_SUBSYSTEM, id->subsystem_vendor);
	put_le16(c + REG_SUBSYSTEM + 2, id->subsystem);
	p->writable[REG_INT_LINE] = 0xff;
	c[REG_INT_PIN] = 1;
	c[REG_SBRN] = id->sbrn;
	c[REG_FLADJ] = id->fladj;
	p->writable[REG_FLADJ] = 0x3f;
}

static void put_pcie(struct pci *p)
{
	uint8_t *c = p->config + p->id->pcie_cap;

	c[0] = CAP_PCIE;
	put_le16(c + 0x02, 2);            /* version 2, type 0: endpoint */
	put_le32(c + 0x04, 1u << 15);     /* role-based error reporting, 128-byte payload */
	put_le32(c + 0x0c, 1u | 1u << 4); /* link: 2.5 GT/s, one lane */
	put_le16(c + 0x12, 1u | 1u << 4); /* which is what was negotiated */
	put_le32(c + 0x2c, 1u << 1);      /* supported link speeds */
	put_le16(c + 0x30, 1u);           /* target link speed */
}

/* One capability's place: linked in, and refused where it does not fit. */
static void link_capability(struct pci *p, uint8_t *taken, unsigned at, unsigned size)
{
	if (!at)
		return;
	REQUIRE(at >= 0x40 && at % 4 == 0 && at + size <= PCI_CONFIG_SIZE);
	for (unsigned i = at; i < at + size; i++) {
		REQUIRE(!taken[i]);
		taken[i] = 1;
	}
	p->config[at + 1] = p->config[REG_CAP_POINTER];
	p->config[REG_CAP_POINTER] = (uint8_t)at;
	p->config[PCI_REG_STATUS] |= PCI_STATUS_CAPS;
}

static void link_capabilities(struct pci *p)
{
	const struct pci_identity *id = p->id;
	uint8_t taken[PCI_CONFIG_SIZE] = {[REG_SBRN] = 1, [REG_FLADJ] = 1, [REG_FLADJ + 1] = 1};

	link_capability(p, taken, id->pm_cap, CAP_PM_SIZE);
	link_capability(p, taken, id->pcie_cap, CAP_PCIE_SIZE);
	link_capability(p, taken, id->msi_cap, CAP_MSI_SIZE);
	link_capability(p, taken, id->msix_cap, CAP_MSIX_SIZE);
}

void pci_init(struct guest *g, const struct pci_identity *id)
{
	REQUIRE(id->bar0_size >= 16 && !(id->bar0_size & (id->bar0_size - 1)));
	g->pci.id = id;
	msi_init(g);
	pci_reset(g);
}

void pci_fini(struct guest *g)
{
	msi_fini(g);
}

void pci_reset(struct guest *g)
{
	struct pci *p = &g->pci;

	memset(p->config, 0, sizeof(p->config));
	memset(p->writable, 0, sizeof(p->writable));
	memset(p->write_1_clear, 0, sizeof(p->write_1_clear));
	put_header(p);
	if (p->id->pcie_cap)
		put_pcie(p);
	pci_power_reset(p);
	msi_reset(g);
	link_capabilities(p);
	decode_update(g);
	p->intx_level = false;
	intx_update(g, false);
	p->message_count = 0;
}

void pci_state_loaded(struct guest *g)
{
	struct pci *p = &g->pci;

	if (p->id->msi_cap)
		msi_messages_cut(p);
	decode_update(g);
}

static bool is_config_access(unsigned offset, unsigned size)
{
	return (size == 1 || size == 2 || size == 4) && offset % size == 0 &&
		offset < PCI_CONFIG_SIZE;
}

uint32_t pci_config_read(struct guest *g, unsigned offset, unsigned size)
{
	struct trace_row row = {.kind = TRACE_CONFIG, .addr = offset, .len = size};

	if (is_config_access(offset, size)) {
		for (unsigned i = size; i-- > 0;)
			row.value = row.value << 8 | g->pci.config[offset + i];
	} else {
		row.flags = TRACE_FAULT;
		row.value = size == 1 ? 0xff : size == 2 ? 0xffff : UINT32_MAX;
	}
	trace_append(g->trace, &row);
	return (uint32_t)row.value;
}

void pci_config_write(struct guest *g, unsigned offset, uint32_t value, unsigned size)
{
	struct pci *p = &g->pci;
	struct trace_row row = {.kind = TRACE_CONFIG,
				.flags = TRACE_WRITE,
				.addr = offset,
				.len = size,
				.value = value};
	unsigned state = pci_power_state(p);

	if (!is_config_access(offset, size)) {
		row.flags |= TRACE_FAULT;
		trace_append(g->trace, &row);
		return;
	}
	row.value = bits(value, 8 * size - 1, 0);
	trace_append(g->trace, &row);
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);
		uint8_t mask = p->writable[offset + i];
		uint8_t *to = &p->config[offset + i];

		*to = (uint8_t)((*to & ~mask) | (byte & mask));
		*to &= (uint8_t) ~(byte & p->write_1_clear[offset + i]);
	}
	if (pci_power_written(g, state, offset, size, value))
		return;
	decode_update(g);
	/* First the line goes down, then pending messages are sent. */
	intx_update(g, true);
	msi_config_changed(g);
}
