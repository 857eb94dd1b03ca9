// SPDX-License-Identifier: MIT
/*
 * quiet.c -- when the controller must not touch memory at all, and how much it may do at a time:
 * nothing while halted (xHCI 5.4.1.1: 16 ms after R/S = 0; after HCRST at once), nothing without
 * Bus Master Enable, and a bounded number of accesses before time moves or the guest acts.
 */
#include "oracle/set.h"

const struct oracle oracle_halted = {"no DMA while halted", "xHCI 5.4.1.1"};
const struct oracle oracle_master = {"no DMA without Bus Master Enable", "PCI 3.0 6.2.2"};
const struct oracle oracle_work = {"bounded work", "xHCI 4.2: every walk over guest data ends"};

#define WORK_ROWS 200000u /* a TD of 131072 TRBs fits */
#define PCI_BME 4u

static bool needs_run(const struct trace_row *row)
{
	return row->what != DMA_MSI && row->what != DMA_ERST && row->what != DMA_SCRATCH;
}

/* xHCI 4.23.2, 5.3.9: Save State writes what is cached of contexts, both look for scratchpads. */
static bool saves(const struct oracle_set *s, const struct trace_row *row)
{
	if (!oracle_save_busy(s))
		return false;
	return row->what == DMA_DCBAA ||
		(row->flags & TRACE_WRITE &&
		 (row->what == DMA_OUT_CTX || row->what == DMA_STREAM_CTX));
}

static bool halted(const struct oracle_set *s)
{
	const struct registers *r = &s->reg;

	if (r->halt_read)
		return true;
	return !(r->usbcmd & (USBCMD_RS | USBCMD_CSS | USBCMD_CRS)) && s->time_ns >= r->halted_ns;
}

void oracle_quiet_dma(struct oracle_set *s, const struct trace_row *row)
{
	if (++s->work > WORK_ROWS) {
		oracle_report(s, &oracle_work, "more than %u memory accesses at one time",
			      WORK_ROWS);
		return;
	}
	if (!row->data)
		return;
	if (!(s->reg.pci_command & PCI_BME))
		oracle_report(s, &oracle_master, "access to 0x%llx", (unsigned long long)row->addr);
	else if (!s->reg.blind && needs_run(row) && !saves(s, row) && halted(s))
		oracle_report(s, &oracle_halted, "%s 0x%llx (kind %u, slot %u endpoint %u)",
			      row->flags & TRACE_WRITE ? "write to" : "read from",
			      (unsigned long long)row->addr, row->what, row->slot, row->dci);
}
