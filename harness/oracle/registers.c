// SPDX-License-Identifier: MIT
/*
 * registers.c -- what the guest published through registers (xHCI 5.3 to 5.6) and what it allowed
 * (PCI command register). Geometry is learnt from the capability registers as the guest reads
 * them; until then QEMU's layout is assumed. An access narrower than a register makes the model
 * blind until the end of the input: which bytes count is the controller's choice.
 */
#include "oracle/set.h"

#define HALT_NS UINT64_C(16000000) /* xHCI 5.4.1.1: halted at the latest 16 ms after R/S = 0 */
#define PCI_COMMAND 0x04u

void oracle_history_add(struct pointer_history *p, uint64_t base)
{
	for (unsigned i = 0; i < p->count && i < ORACLE_WINDOWS; i++)
		if (p->value[i] == base)
			return;
	if (p->count < ORACLE_WINDOWS)
		p->value[p->count] = base;
	if (p->count <= ORACLE_WINDOWS)
		p->count++;
}

bool oracle_history_has(const struct pointer_history *p, uint64_t base)
{
	if (p->count > ORACLE_WINDOWS)
		return true;
	for (unsigned i = 0; i < p->count; i++)
		if (p->value[i] == base)
			return true;
	return false;
}

/* Operational and runtime registers take their defaults, xHCI 5.4. */
static void clear(struct oracle_set *s)
{
	struct registers *r = &s->reg;

	r->usbcmd = 0;
	r->crcr = 0;
	r->dcbaap_now = 0;
	r->dcbaap.count = 0;
	oracle_history_add(&r->dcbaap, 0);
	r->halt_read = false;
	r->halted_ns = 0;
	memset(r->intr, 0, r->intr_used * sizeof(r->intr[0]));
	r->intr_used = 0;
	r->beyond = false;
}

void oracle_registers_reset(struct oracle_set *s)
{
	struct registers *r = &s->reg;

	clear(s);
	r->cap_length = 0x40;
	r->rtsoff = 0x1000;
	r->dboff = 0x2000;
	r->max_intrs = 16;
	r->context_bytes = 0;
	r->blind = false;
	r->pci_command = 0;
}

static void learn(struct registers *r, const struct trace_row *row)
{
	uint8_t raw[8];

	if (row->addr >= 0x20)
		return;
	put_le64(raw, row->value);
	for (unsigned i = 0; i < row->len; i++) {
		uint64_t at = row->addr + i;
		unsigned left = row->len - i;

		if (at == XHCI_CAPLENGTH)
			r->cap_length = raw[i];
		else if (at == XHCI_HCSPARAMS1 && left >= 4)
			r->max_intrs = (uint32_t)bits(get_le32(raw + i), 18, 8);
		else if (at == XHCI_HCCPARAMS1 && left >= 4)
			r->context_bytes = get_le32(raw + i) & HCC1_CSZ ? 64 : 32;
		else if (at == XHCI_DBOFF && left >= 4)
			r->dboff = get_le32(raw + i) & ~3u;
		else if (at == XHCI_RTSOFF && left >= 4)
			r->rtsoff = get_le32(raw + i) & ~0x1fu;
	}
}

static void usbcmd_write(struct oracle_set *s, uint32_t value)
{
	struct registers *r = &s->reg;
	bool ran = r->usbcmd & USBCMD_RS;

	if (value & USBCMD_HCRST) {
		oracle_set_controller_reset(s);
		clear(s);
		return;
	}
	r->usbcmd = value;
	if (value & USBCMD_RS) {
		r->halt_read = false;
		if (!ran)
			oracle_endpoint_run_all(s);
		oracle_save_runs(s);
	} else if (ran) {
		r->halted_ns = s->time_ns + HALT_NS;
		oracle_command_disturb(s);
	}
	if (value & (USBCMD_LHCRST | USBCMD_CSS | USBCMD_CRS))
		oracle_command_disturb(s);
	if (value & (USBCMD_CSS | USBCMD_CRS))
		oracle_save_begin(s, value);
	if (ran != !!(value & USBCMD_RS) || value & (USBCMD_LHCRST | USBCMD_CSS | USBCMD_CRS))
		oracle_progress_forget(s);
}

void oracle_registers_function_reset(struct oracle_set *s)
{
	oracle_set_controller_reset(s);
	clear(s);
	s->reg.pci_command = 0;
}

static void set_half(uint64_t *reg, bool high, uint32_t value)
{
	if (high)
		*reg = (*reg & 0xffffffff) | (uint64_t)value << 32;
	else
		*reg = (*reg & ~UINT64_C(0xffffffff)) | value;
}

/* whole: the other half comes with the same access. */
static void operational_write(struct oracle_set *s, uint32_t offset, uint32_t value, bool whole)
{
	struct registers *r = &s->reg;
	uint64_t old = r->crcr;
	uint64_t dcbaap;

	switch (offset) {
	case XHCI_USBCMD:
		usbcmd_write(s, value);
		break;
	case XHCI_USBSTS:
		if (value & USBSTS_SRE)
			oracle_save_cleared(s);
		break;
	case XHCI_CRCR:
	case XHCI_CRCR + 4:
		set_half(&r->crcr, offset != XHCI_CRCR, value);
		/* Halves may count each on its own: the pointer then is a mixture. */
		oracle_command_crcr(s,
				    (!whole || r->crcr & (CRCR_CS | CRCR_CA)) &&
					    (old >> 32 || r->crcr >> 32 || s->command.next >> 32));
		break;
	case XHCI_DCBAAP:
	case XHCI_DCBAAP + 4:
		dcbaap = r->dcbaap_now;
		set_half(&dcbaap, offset != XHCI_DCBAAP, value);
		r->dcbaap_now = dcbaap;
		oracle_history_add(&r->dcbaap, dcbaap & ~UINT64_C(0x3f));
		break;
	}
}

static void interrupter_write(struct oracle_set *s, unsigned intr, uint32_t offset, uint32_t value,
			      bool whole)
{
	struct interrupter_registers *ir = &s->reg.intr[intr];
	uint64_t old = ir->erdp;

	if (intr >= s->reg.intr_used)
		s->reg.intr_used = intr + 1;
	switch (offset) {
	case XHCI_IMAN:
		ir->iman = value;
		break;
	case XHCI_ERSTSZ:
		ir->erstsz = value & 0xffff;
		oracle_event_ring_size_written(s, intr);
		if (!intr)
			oracle_command_disturb(s); /* a table not read yet has another size */
		break;
	case XHCI_ERSTBA:
	case XHCI_ERSTBA + 4:
		set_half(&ir->erstba, offset != XHCI_ERSTBA, value);
		oracle_event_ring_erst_written(s, intr);
		break;
	case XHCI_ERDP:
	case XHCI_ERDP + 4:
		set_half(&ir->erdp, offset != XHCI_ERDP, value);
		if (offset == XHCI_ERDP || whole)
			ir->erdp_torn = false;
		else if (ir->erdp != old)
			ir->erdp_torn = true;
		oracle_event_ring_erdp_written(s, intr);
		break;
	}
}

static void doorbell_write(struct oracle_set *s, unsigned slot, uint32_t value)
{
	struct endpoint *ep = oracle_endpoint_get(s, slot, value & 0xff);

	s->doorbells++;
	if (ep)
		ep->rung = s->doorbells;
	oracle_progress_doorbell(s, ep, slot, value);
}

static void dword_write(struct oracle_set *s, uint64_t addr, uint32_t value, bool whole)
{
	const struct registers *r = &s->reg;

	if (addr >= r->dboff && addr < r->dboff + 4 * 256) {
		doorbell_write(s, (unsigned)(addr - r->dboff) / 4, value);
	} else if (addr >= r->rtsoff + XHCI_INTR && addr < r->rtsoff + XHCI_INTR + 32 * 1024) {
		unsigned offset = (unsigned)(addr - r->rtsoff - XHCI_INTR);

		if (offset / 32 >= r->max_intrs)
			return;
		if (offset / 32 < ORACLE_RINGS)
			interrupter_write(s, offset / 32, offset % 32, value, whole);
		else
			s->reg.beyond = true;
	} else if (addr >= r->cap_length && addr < r->cap_length + XHCI_PORTS) {
		operational_write(s, (uint32_t)(addr - r->cap_length), value, whole);
	}
}

static bool has_pointers(const struct registers *r, uint64_t addr)
{
	return (addr >= r->cap_length && addr < r->cap_length + XHCI_PORTS) ||
		(addr >= r->rtsoff + XHCI_INTR &&
		 addr < r->rtsoff + XHCI_INTR + 32 * r->max_intrs) ||
		(addr >= r->dboff && addr < r->dboff + 4 * 256);
}

void oracle_registers_mmio(struct oracle_set *s, const struct trace_row *row)
{
	struct registers *r = &s->reg;

	if (row->flags & (TRACE_FAULT | TRACE_UNASSIGNED))
		return;
	oracle_save_settle(s);
	s->progress.asleep = false;
	if (!(row->flags & TRACE_WRITE)) {
		learn(r, row);
		if (row->addr == r->cap_length + XHCI_USBSTS) {
			r->halt_read |= row->value & USBSTS_HCH;
			s->progress.alive |= !(row->value & USBSTS_HCH);
			r->not_ready = row->value & USBSTS_CNR;
			if (!r->blind && row->len >= 4)
				oracle_save_status(s, (uint32_t)row->value);
		}
		return;
	}
	s->irq.causes++;
	if (row->len < 4 || row->addr & 3) {
		if (has_pointers(r, row->addr) || has_pointers(r, row->addr + row->len - 1))
			r->blind = true;
		return;
	}
	dword_write(s, row->addr, (uint32_t)row->value, row->len == 8);
	if (row->len == 8)
		dword_write(s, row->addr + 4, (uint32_t)(row->value >> 32), true);
	if (r->usbcmd & USBCMD_INTE)
		for (unsigned i = 0; i < r->intr_used; i++)
			s->irq.ever_enabled |= r->intr[i].iman & IMAN_IE;
}

void oracle_registers_config(struct oracle_set *s, const struct trace_row *row)
{
	if ((row->flags & (TRACE_WRITE | TRACE_FAULT)) != TRACE_WRITE)
		return;
	s->irq.causes++;
	s->progress.asleep = true;
	if (row->addr == PCI_COMMAND)
		s->reg.pci_command = (uint8_t)row->value;
}
