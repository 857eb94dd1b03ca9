// SPDX-License-Identifier: MIT
/*
 * explain_dma.c -- the controller's memory accesses by purpose: TRBs, contexts (xHCI 6.2), tables,
 * data.
 */
#include "tool/explain.h"
#include "xhci/abi.h"

static const char *const purpose[DMA_WHATS] = {
	[DMA_OTHER] = "memory",
	[DMA_DCBAA] = "DCBAA entry",
	[DMA_SCRATCH] = "scratchpad",
	[DMA_CMD_TRB] = "command TRB",
	[DMA_XFER_TRB] = "TRB",
	[DMA_EVENT_TRB] = "event",
	[DMA_ERST] = "event ring segment",
	[DMA_INPUT_CTX] = "input context",
	[DMA_OUT_CTX] = "device context",
	[DMA_STREAM_CTX] = "stream context",
	[DMA_DATA] = "data",
	[DMA_PORT_BW] = "port bandwidth",
	[DMA_MSI] = "interrupt message",
};

static const char *const slot_states[] = {"enabled", "default", "addressed", "configured"};
static const char *const ep_states[] = {"disabled", "running", "halted", "stopped", "error"};
static const char *const ep_types[] = {"invalid", "isoch out", "bulk out", "interrupt out",
				       "control", "isoch in",  "bulk in",  "interrupt in"};

void explain_bytes(struct explain *e, const uint8_t *data, size_t len)
{
	size_t shown = min_u64(len, 32);

	for (size_t i = 0; i < shown; i++)
		fprintf(e->out, "%s%02x", i && !(i % 8) ? "  " : " ", data[i]);
	if (shown < len)
		fprintf(e->out, " ... (%zu bytes)", len);
}

/* State and address are the controller's: an input context has none. */
static void slot_context(struct explain *e, const uint32_t *dw, bool input)
{
	unsigned state = slot_ctx_state(dw);

	fputs(" slot:", e->out);
	if (!input)
		fprintf(e->out, " %s address %u",
			state < ARRAY_SIZE(slot_states) ? slot_states[state] : "reserved state",
			slot_ctx_address(dw));
	fprintf(e->out, " root port %u speed %u entries %u", slot_ctx_root_port(dw),
		slot_ctx_speed(dw), slot_ctx_entries(dw));
	if (slot_ctx_interrupter(dw))
		fprintf(e->out, " interrupter %u", slot_ctx_interrupter(dw));
	if (slot_ctx_mel(dw))
		fprintf(e->out, " max exit latency %u", slot_ctx_mel(dw));
}

static void ep_context(struct explain *e, unsigned dci, const uint32_t *dw, bool input)
{
	unsigned state = ep_ctx_state(dw);
	char name[16];

	fprintf(e->out, " %s:", explain_endpoint(dci, name));
	if (!input)
		fprintf(e->out, " %s",
			state < ARRAY_SIZE(ep_states) ? ep_states[state] : "reserved state");
	fprintf(e->out, " %s MPS %u burst %u interval %u CErr %u dequeue 0x%llx DCS=%u",
		ep_types[ep_ctx_type(dw)], ep_ctx_max_packet(dw), ep_ctx_max_burst(dw),
		ep_ctx_interval(dw), ep_ctx_cerr(dw), (unsigned long long)ep_ctx_dequeue(dw),
		ep_ctx_dcs(dw));
	if (ep_ctx_mult(dw))
		fprintf(e->out, " mult %u", ep_ctx_mult(dw));
	if (ep_ctx_max_pstreams(dw))
		fprintf(e->out, " streams 2^%u%s", ep_ctx_max_pstreams(dw) + 1,
			ep_ctx_lsa(dw) ? " linear" : "");
}

static void control_context(struct explain *e, const uint32_t *dw)
{
	char name[16];

	for (unsigned pass = 0; pass < 2; pass++) {
		fprintf(e->out, pass ? " add:" : " drop:");
		for (unsigned i = 0; i < 32; i++)
			if (dw[pass] >> i & 1)
				fprintf(e->out, " %s", i ? explain_endpoint(i, name) : "slot");
		if (!dw[pass])
			fprintf(e->out, " -");
	}
}

/*
 * Contexts come one at a time. dci tells which: in the device context 0 is the slot; in the input
 * context the controller labels both the control and the slot context 0, told apart by their flags.
 */
static void context(struct explain *e, const struct trace_row *row)
{
	bool input = row->what == DMA_INPUT_CTX;
	uint32_t dw[8] = {0};

	for (unsigned i = 0; i < 8 && 4 * i + 4 <= row->len; i++)
		dw[i] = get_le32(row->data + 4 * i);
	if (row->dci)
		ep_context(e, row->dci, dw, input);
	else if (!input || slot_ctx_entries(dw) || slot_ctx_root_port(dw))
		slot_context(e, dw, input);
	else
		control_context(e, dw);
}

static void body(struct explain *e, const struct trace_row *row)
{
	switch (row->what) {
	case DMA_CMD_TRB:
	case DMA_XFER_TRB:
	case DMA_EVENT_TRB:
		if (row->len != TRB_SIZE)
			break;
		fprintf(e->out, ": ");
		explain_trb(e, row->data, row->slot, row->what == DMA_XFER_TRB ? row->dci : 0,
			    row->what == DMA_EVENT_TRB);
		return;
	case DMA_INPUT_CTX:
	case DMA_OUT_CTX:
		if (row->len < 16)
			break;
		context(e, row);
		return;
	case DMA_DCBAA:
		if (row->len != 8)
			break;
		fprintf(e->out, " of slot %u: 0x%llx", row->slot,
			(unsigned long long)get_le64(row->data));
		return;
	case DMA_ERST:
		if (row->len != 16)
			break;
		fprintf(e->out, ": base 0x%llx, %u TRBs", (unsigned long long)get_le64(row->data),
			get_le16(row->data + 8));
		return;
	default:
		break;
	}
	fprintf(e->out, " %u bytes:", row->len);
	explain_bytes(e, row->data, row->len);
}

void explain_dma(struct explain *e, const struct trace_row *row)
{
	fprintf(e->out, "dma   %s 0x%llx %s", row->flags & TRACE_WRITE ? "write" : "fetch",
		(unsigned long long)row->addr, row->what < DMA_WHATS ? purpose[row->what] : "?");
	if (row->data)
		body(e, row);
	else
		fprintf(e->out, " %u bytes", row->len);
	if (row->flags & TRACE_BLOCKED)
		fprintf(e->out, "  (refused: bus master is off)");
	else if (row->flags & TRACE_OWN_BAR)
		fprintf(e->out, "  (refused: the controller's own BAR)");
	else if (row->flags & TRACE_FAULT)
		fprintf(e->out, "  (refused by memory)");
	fputc('\n', e->out);
}
