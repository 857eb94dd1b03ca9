// SPDX-License-Identifier: MIT
/*
 * pci_power.c -- power states and resets of the function (PCI PM 1.2 3.2, 5.4; PCIe 2.1 6.6.2), and
 * the wires beside the interrupts: PME#, SERR#, SMI. Left out: D1, D2, D3cold.
 */
#include "guest/guest.h"

enum {
	CAP_PM = 0x01,
	PM_CAPABILITIES = 2, /* from the capability's start */
	PM_STATUS = 4,       /* PMCSR */
	PM_STATE_MASK = 3,
	PM_D3HOT = 3,
	PM_NO_SOFT_RESET = 1 << 3,
	PM_PME_ENABLE = 1 << 8,
	PM_PME_STATUS = 1 << 15,
	PM_PME_FROM_D0_D3HOT = 1 << 11 | 1 << 14,
	PCIE_DEVICE_CAPABILITIES = 4,
	PCIE_DEVICE_CONTROL = 8,
	PCIE_FLR = 1 << 15,
};

static uint8_t *pmcsr(struct pci *p)
{
	return p->config + p->id->pm_cap + PM_STATUS;
}

unsigned pci_power_state(const struct pci *p)
{
	return p->id->pm_cap ? p->config[p->id->pm_cap + PM_STATUS] & PM_STATE_MASK : 0;
}

void pci_power_reset(struct pci *p)
{
	uint8_t at = p->id->pm_cap, *c = p->config + at;

	if (at) {
		c[0] = CAP_PM;
		put_le16(c + PM_CAPABILITIES, 3 | PM_PME_FROM_D0_D3HOT); /* PCI PM 1.2 */
		put_le16(c + PM_STATUS, p->id->soft_reset ? 0 : PM_NO_SOFT_RESET);
		put_le16(p->writable + at + PM_STATUS, PM_STATE_MASK | PM_PME_ENABLE);
		put_le16(p->write_1_clear + at + PM_STATUS, PM_PME_STATUS);
	}
	if (p->id->pcie_cap && p->id->flr) {
		c = p->config + p->id->pcie_cap + PCIE_DEVICE_CAPABILITIES;
		put_le32(c, get_le32(c) | 1u << 28);
	}
}

static void wire(struct guest *g, enum irq_what what)
{
	struct trace_row row = {.kind = TRACE_IRQ, .what = (uint8_t)what, .value = 1};

	trace_append(g->trace, &row);
	if (g->pci.wire_pulled)
		g->pci.wire_pulled(g->pci.opaque, what);
}

void pci_wake(struct guest *g)
{
	struct pci *p = &g->pci;
	uint16_t status;

	if (!p->id->pm_cap)
		return;
	status = get_le16(pmcsr(p));
	put_le16(pmcsr(p), status | PM_PME_STATUS);
	if (status & PM_PME_ENABLE && !(status & PM_PME_STATUS))
		wire(g, IRQ_PME);
}

void pci_serr(struct guest *g)
{
	uint8_t *config = g->pci.config;

	if (!(get_le16(config + PCI_REG_COMMAND) & PCI_COMMAND_SERR))
		return;
	put_le16(config + PCI_REG_STATUS, get_le16(config + PCI_REG_STATUS) | PCI_STATUS_SERR);
	wire(g, IRQ_SERR);
}

void pci_smi(struct guest *g)
{
	wire(g, IRQ_SMI);
}

/* Everything but what wakes the system starts over (PCI PM 1.2 5.4.1). */
static void start_over(struct guest *g)
{
	struct pci *p = &g->pci;
	uint16_t keep = 0;

	if (p->id->pm_cap)
		keep = get_le16(pmcsr(p)) & (PM_PME_ENABLE | PM_PME_STATUS);
	wire(g, IRQ_RESET);
	pci_reset(g);
	if (p->id->pm_cap)
		put_le16(pmcsr(p), get_le16(pmcsr(p)) | keep);
	if (p->function_reset)
		p->function_reset(p->function);
}

static bool asks_for_flr(const struct pci *p, unsigned offset, unsigned size, uint32_t value)
{
	unsigned at = p->id->pcie_cap + PCIE_DEVICE_CONTROL + 1u; /* the byte with the bit */

	if (!p->id->pcie_cap || !p->id->flr || at < offset || at >= offset + size)
		return false;
	return value >> 8 * (at - offset) & PCIE_FLR >> 8;
}

bool pci_power_written(struct guest *g, unsigned before, unsigned offset, unsigned size,
		       uint32_t value)
{
	struct pci *p = &g->pci;
	unsigned now = pci_power_state(p);

	/* A state that the function does not have is discarded (PCI PM 1.2 3.2.4). */
	if (now && now != PM_D3HOT) {
		*pmcsr(p) = (uint8_t)((*pmcsr(p) & ~PM_STATE_MASK) | before);
		now = before;
	}
	if (asks_for_flr(p, offset, size, value) ||
	    (before == PM_D3HOT && !now && !(*pmcsr(p) & PM_NO_SOFT_RESET))) {
		start_over(g);
		return true;
	}
	return false;
}
