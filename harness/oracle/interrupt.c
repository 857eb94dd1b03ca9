// SPDX-License-Identifier: MIT
/*
 * interrupt.c -- interrupts pass two gates, IMAN.IE and USBCMD.INTE (xHCI 4.17.2, 5.4.1, 5.5.2.1):
 * the line is never up without both, a message never sent before both were ever open, and there
 * are no more messages than things that can cause one. Leaves out masking by MSI and MSI-X, which
 * may delay a message past the closing of a gate.
 */
#include "oracle/set.h"

const struct oracle oracle_interrupt = {"interrupt gates", "xHCI 4.17.2"};

static bool enabled(const struct oracle_set *s)
{
	if (!(s->reg.usbcmd & USBCMD_INTE))
		return false;
	for (unsigned i = 0; i < s->reg.intr_used; i++)
		if (s->reg.intr[i].iman & IMAN_IE)
			return true;
	return s->reg.max_intrs > ORACLE_RINGS;
}

void oracle_interrupt_settled(struct oracle_set *s)
{
	if (s->irq.line && !s->reg.blind && !enabled(s))
		oracle_report(s, &oracle_interrupt,
			      "the line is up, but no interrupter is enabled (INTE and IE)");
}

void oracle_interrupt_row(struct oracle_set *s, const struct trace_row *row)
{
	if (row->what == IRQ_INTX) {
		s->irq.line = row->value;
		oracle_interrupt_settled(s);
		return;
	}
	if (row->what == IRQ_RESET) {
		oracle_registers_function_reset(s);
		s->irq.line = false; /* the row says that, too */
	}
	if (row->what != IRQ_MSI && row->what != IRQ_MSIX)
		return;
	s->irq.messages++;
	if (s->reg.blind || s->reg.max_intrs > ORACLE_RINGS)
		return;
	if (!s->irq.ever_enabled)
		oracle_report(
			s, &oracle_interrupt,
			"message to 0x%llx, but no interrupter was ever enabled (INTE and IE)",
			(unsigned long long)row->addr);
	else if (s->irq.messages > s->irq.causes)
		oracle_report(s, &oracle_interrupt, "%llu messages for %llu events and writes",
			      (unsigned long long)s->irq.messages,
			      (unsigned long long)s->irq.causes);
}
