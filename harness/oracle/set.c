// SPDX-License-Identifier: MIT
/*
 * set.c -- all oracles together: hands each row of the trace to those it concerns, keeps the
 * first finding. Leaves out: everything about the controller that is not in the trace.
 */
#include <stdarg.h>

#include "heap.h"
#include "oracle/set.h"

const struct oracle oracle_balance = {"end-of-input balance", "nothing of an input outlives it"};

const struct oracle *const oracle_list[] = {
	&oracle_event_ring, &oracle_command,   &oracle_transfer,  &oracle_slot_state,
	&oracle_ep_state,   &oracle_published, &oracle_ring_walk, &oracle_stream,
	&oracle_refetch,    &oracle_silence,   &oracle_halted,    &oracle_work,
	&oracle_master,     &oracle_interrupt, &oracle_leak,      &oracle_packet,
	&oracle_save,       &oracle_progress,  &oracle_balance,   NULL,
};

void oracle_report(struct oracle_set *s, const struct oracle *oracle, const char *format, ...)
{
	va_list args;

	if (s->finding.oracle)
		return;
	s->finding.oracle = oracle;
	s->finding.op = s->op;
	va_start(args, format);
	vsnprintf(s->finding.detail, sizeof(s->finding.detail), format, args);
	va_end(args);
}

struct oracle_set *oracle_set_new(void)
{
	struct oracle_set *s = heap_zero(sizeof(*s));

	oracle_set_reset(s);
	return s;
}

void oracle_set_free(struct oracle_set *set)
{
	if (!set)
		return;
	oracle_save_free(set);
	oracle_set_controller_reset(set);
	heap_free(set);
}

void oracle_set_controller_reset(struct oracle_set *s)
{
	oracle_save_power_lost(s);
	oracle_event_ring_reset(s);
	oracle_command_reset(s);
	oracle_endpoint_reset(s);
	oracle_slot_state_reset(s);
	oracle_progress_reset(s);
	s->late_events = s->slots_unsure = s->restored = false;
}

void oracle_set_reset(struct oracle_set *s)
{
	oracle_save_free(s);
	oracle_set_controller_reset(s);
	oracle_registers_reset(s);
	memset(&s->finding, 0, sizeof(s->finding));
	memset(&s->irq, 0, sizeof(s->irq));
	memset(&s->leak, 0, sizeof(s->leak));
	s->packet.count = 0;
	s->packet.lost = s->blind = false;
	memset(&s->progress, 0, sizeof(s->progress));
	s->op = 0;
	s->time_ns = s->doorbells = s->work = s->disturbed = 0;
}

static void event_row(struct oracle_set *s, const struct trace_row *row)
{
	struct trb event;
	int intr = oracle_event_ring_write(s, row);
	unsigned type;

	if (s->finding.oracle)
		return;
	event = trb_decode(row->data);
	type = trb_type(&event);
	if (intr > 0 && (type == TRB_EV_COMMAND || type == TRB_EV_PORT || type == TRB_EV_MFINDEX)) {
		oracle_report(s, &oracle_event_ring,
			      "event of type %u on interrupter %d: it belongs to the primary one",
			      type, intr);
		return;
	}
	if (type == TRB_EV_COMMAND || type == TRB_NEC_EVENT)
		oracle_command_event(s, &event);
	else if (type == TRB_EV_TRANSFER)
		oracle_transfer_event(s, &event);
}

/* Contexts that one row of output context holds: each goes to the state oracles. */
static void context_row(struct oracle_set *s, const struct trace_row *row)
{
	/* One context, of which the reserved half may be left out, or several. */
	unsigned bytes = row->len <= 64 ? row->len
		: s->reg.context_bytes  ? s->reg.context_bytes
					: 32;
	unsigned dci = row->dci;

	if (!row->slot || bytes < 16)
		return;
	for (uint32_t at = 0; at + bytes <= row->len && dci < 32; at += bytes, dci++) {
		uint32_t dw[4];

		for (unsigned i = 0; i < 4; i++)
			dw[i] = get_le32(row->data + at + 4 * i);
		if (dci) {
			oracle_ep_state_context(s, row->slot, dci, dw);
			continue;
		}
		oracle_slot_state_context(s, row->slot, dw);
		oracle_progress_address(s, row->slot, dw[3] & 0xff);
	}
}

static void refused_row(struct oracle_set *s, const struct trace_row *row)
{
	struct endpoint *ep = NULL;

	if (row->what == DMA_MSI || row->what == DMA_DATA)
		return;
	oracle_command_disturb(s);
	oracle_save_refused(s);
	s->progress.dead = true;
	if (row->dci)
		ep = oracle_endpoint_find(s, row->slot, row->dci);
	if (row->what == DMA_OUT_CTX) {
		if (ep)
			ep->state = ep->type = UNKNOWN;
		else if (row->slot)
			oracle_slot_get(s, row->slot)->written = UNKNOWN;
	} else if (ep) {
		ep->unsure = true;
	}
	if (row->what == DMA_EVENT_TRB)
		for (unsigned i = 0; i < ORACLE_RINGS; i++)
			s->ring[i].tracked = false;
}

static void dma_row(struct oracle_set *s, const struct trace_row *row)
{
	oracle_quiet_dma(s, row);
	if (s->finding.oracle || s->reg.blind)
		return;
	if (!row->data) {
		refused_row(s, row);
		return;
	}
	oracle_refetch_row(s, row);
	oracle_published_row(s, row);
	if (s->finding.oracle)
		return;
	switch (row->what) {
	case DMA_EVENT_TRB:
		s->irq.causes++;
		if (row->len == TRB_SIZE)
			event_row(s, row);
		break;
	case DMA_ERST:
		oracle_event_ring_entry(s, row);
		break;
	case DMA_CMD_TRB:
		if (row->len == TRB_SIZE)
			oracle_command_fetch(s, row);
		break;
	case DMA_XFER_TRB:
		if (row->len == TRB_SIZE)
			oracle_endpoint_fetch(s, row);
		break;
	case DMA_OUT_CTX:
		if (row->flags & TRACE_WRITE)
			context_row(s, row);
		break;
	case DMA_DATA:
		oracle_leak_dma(s, row);
		break;
	case DMA_SCRATCH:
		oracle_save_row(s, row);
		break;
	}
}

/* Packets were taken back and are made again, so TRBs are fetched again; else all goes on as it was. */
void oracle_set_state(struct oracle_set *s, unsigned what)
{
	if (what == STATE_WHOLE) {
		oracle_endpoint_go_on_all(s);
		s->disturbed++; /* software may have changed what is fetched again */
		return;
	}
	s->blind = true;
}

void oracle_set_row(void *set, const struct trace_row *row)
{
	struct oracle_set *s = set;

	if (s->finding.oracle || s->blind)
		return;
	s->op = row->op;
	if (row->time_ns != s->time_ns) {
		s->time_ns = row->time_ns;
		s->work = 0;
	}
	switch (row->kind) {
	case TRACE_OP:
		s->work = 0;
		oracle_interrupt_settled(s);
		break;
	case TRACE_MMIO:
		s->work = 0;
		oracle_registers_mmio(s, row);
		break;
	case TRACE_CONFIG:
		oracle_registers_config(s, row);
		break;
	case TRACE_DMA:
		dma_row(s, row);
		break;
	case TRACE_STEP:
		oracle_command_step(s);
		oracle_progress_step(s);
		break;
	case TRACE_STATE:
		oracle_set_state(s, row->what);
		break;
	case TRACE_IRQ:
		oracle_interrupt_row(s, row);
		break;
	case TRACE_PACKET:
		oracle_packet_row(s, row);
		oracle_leak_packet(s, row);
		oracle_progress_packet(s, row);
		break;
	}
}

void oracle_set_end(struct oracle_set *s, const struct oracle_balance *b)
{
	if (b->live_packets || b->live_devices || b->armed_timers || b->live_endpoints)
		oracle_report(s, &oracle_balance,
			      "left at the end: %u packets, %u devices, %u timers, %u endpoints",
			      b->live_packets, b->live_devices, b->armed_timers, b->live_endpoints);
}

bool oracle_set_endless(const struct oracle_set *s)
{
	return s->finding.oracle == &oracle_work;
}

const struct finding *oracle_set_finding(const struct oracle_set *s)
{
	return s->finding.oracle ? &s->finding : NULL;
}
