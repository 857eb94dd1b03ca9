// SPDX-License-Identifier: MIT
/*
 * published.c -- DMA goes only where the guest said (xHCI 4.2, 4.6, 4.11.1, 6.1 to 6.5): context
 * memory of the slot's DCBAA entry, input contexts that commands name, buffers of TRBs that were
 * fetched. Rings are judged by their walk, event rings by their order, stream
 * contexts in stream.c, scratchpads in save.c. Interrupt messages are left out.
 */
#include "oracle/set.h"

const struct oracle oracle_published = {"DMA into published buffers", "xHCI 4.2, 6"};

static bool inside(uint64_t addr, uint32_t len, uint64_t base, uint64_t size)
{
	return addr - base < size && len <= size - (addr - base);
}

static unsigned widest_context(const struct oracle_set *s)
{
	return s->reg.context_bytes ? s->reg.context_bytes : 64;
}

static void report(struct oracle_set *s, const struct trace_row *row, const char *why)
{
	oracle_report(s, &oracle_published, "%s of %u bytes at 0x%llx for slot %u endpoint %u: %s",
		      row->flags & TRACE_WRITE ? "write" : "read", row->len,
		      (unsigned long long)row->addr, row->slot, row->dci, why);
}

static void dcbaa(struct oracle_set *s, const struct trace_row *row)
{
	uint64_t base = row->addr - 8 * (uint64_t)row->slot;

	if (!oracle_history_has(&s->reg.dcbaap, base))
		report(s, row, "not the slot's entry of the device context base address array");
	else if (!row->slot && row->len == 8 && !(row->flags & TRACE_WRITE))
		oracle_save_array(s, get_le64(row->data));
	else if (row->slot && row->len == 8 && !(row->flags & TRACE_WRITE))
		oracle_history_add(&oracle_slot_get(s, row->slot)->context,
				   get_le64(row->data) & ~UINT64_C(0x3f));
}

static void out_context(struct oracle_set *s, const struct trace_row *row)
{
	const struct pointer_history *h = &oracle_slot_get(s, row->slot)->context;
	uint64_t size = 32 * (uint64_t)widest_context(s);

	if (h->count > ORACLE_WINDOWS)
		return;
	for (unsigned i = 0; i < h->count; i++)
		if (inside(row->addr, row->len, h->value[i], size))
			return;
	report(s, row, "outside the slot's device context");
}

/* An input context, read as contexts of bytes each: flags, and where rings start. */
static void learn_input(struct oracle_set *s, struct command_seen *c, const struct trace_row *row,
			uint64_t offset, unsigned bytes)
{
	unsigned index = (unsigned)(offset / bytes);

	for (uint32_t at = 0; at < row->len && index < 33; at += bytes, index++) {
		const uint8_t *raw = row->data + at;
		struct endpoint *ep;

		if (index == 0 && row->len >= 8) {
			c->drop = get_le32(raw);
			c->add = get_le32(raw + 4);
			c->control_read = true;
		}
		if (index < 2 || at + 16 > row->len || command_type(c) == TRB_EVALUATE_CONTEXT)
			continue;
		ep = oracle_endpoint_get(s, command_slot(c), index - 1);
		if (ep && bits(get_le32(raw), 14, 10))
			oracle_stream_learn(ep, raw);
		else if (ep)
			oracle_endpoint_start(ep, get_le64(raw + 8));
	}
}

/*
 * The command under way that this row belongs to: where several name that memory, the newest one of
 * its slot. NULL if there is none; then *ret_excused says that one may have escaped the model: where
 * commands were lost, one of another slot is not taken for it.
 */
static struct command_seen *owner(struct oracle_set *s, const struct trace_row *row, uint64_t types,
				  uint64_t size, bool *ret_excused)
{
	struct command_seen *c, *found = NULL;

	*ret_excused = s->command.lost;
	for (unsigned i = 0; (c = oracle_command_get(s, i)); i++) {
		*ret_excused |= c->may_vanish;
		if (!(types >> command_type(c) & 1) ||
		    !inside(row->addr, row->len, c->parameter & ~UINT64_C(0xf), size))
			continue;
		if (command_slot(c) == row->slot || (!found && !s->command.lost))
			found = c;
	}
	return found;
}

static void input_context(struct oracle_set *s, const struct trace_row *row)
{
	uint64_t types = 1u << TRB_ADDRESS_DEVICE | 1u << TRB_CONFIGURE_ENDPOINT |
		1u << TRB_EVALUATE_CONTEXT;
	unsigned bytes = s->reg.context_bytes;
	bool excused;
	struct command_seen *c = owner(s, row, types, 33 * widest_context(s), &excused);
	uint64_t offset;

	if (row->flags & TRACE_WRITE) {
		report(s, row, "input contexts are never written");
		return;
	}
	if (!c) {
		struct endpoint *ep = oracle_endpoint_get(s, row->slot, row->dci);

		if (!excused)
			report(s, row, "not in an input context of a command under way");
		else if (ep)
			oracle_endpoint_unsure(ep);
		return;
	}
	offset = row->addr - (c->parameter & ~UINT64_C(0xf));
	if (bytes != 64)
		learn_input(s, c, row, offset, 32);
	if (bytes != 32)
		learn_input(s, c, row, offset, 64);
}

/* Is this row inside the data buffer of a TRB? */
static bool in_buffer(const struct trb_seen *t, const struct trace_row *row)
{
	unsigned type = (unsigned)bits(t->control, 15, 10);

	if (type != TRB_NORMAL && type != TRB_DATA && type != TRB_ISOCH)
		return false;
	/* Immediate data has no buffer, unless it is malformed (xHCI 4.11.7). */
	if (t->control & TRB_IDT && t->length <= 8 && !(row->flags & TRACE_WRITE))
		return false;
	return inside(row->addr, row->len, t->parameter, t->length);
}

static bool wrong_way(const struct endpoint *ep, const struct trace_row *row)
{
	bool write = row->flags & TRACE_WRITE;

	if (ep->type == EP_BULK_OUT || ep->type == EP_INTERRUPT_OUT || ep->type == EP_ISOCH_OUT)
		return write;
	if (ep->type == EP_BULK_IN || ep->type == EP_INTERRUPT_IN || ep->type == EP_ISOCH_IN)
		return !write;
	return false;
}

static void data(struct oracle_set *s, const struct trace_row *row)
{
	struct endpoint *ep = oracle_endpoint_find(s, row->slot, row->dci);
	struct trb_seen *t;
	unsigned links = 0;

	if (!ep) {
		if (s->endpoint_count < ORACLE_ENDPOINTS)
			report(s, row, "this endpoint has no ring");
		return;
	}
	if (endpoint_is_quiet(ep)) {
		oracle_report(s, &oracle_silence,
			      "slot %u endpoint %u moves data, but no doorbell made it work",
			      row->slot, row->dci);
		return;
	}
	if (wrong_way(ep, row)) {
		report(s, row, "against the direction of the endpoint");
		return;
	}
	for (unsigned i = 0; (t = endpoint_trb(ep, i)); i++) {
		if (in_buffer(t, row))
			break;
		links += bits(t->control, 15, 10) == TRB_LINK;
	}
	if (!t && links > ORACLE_TRBS / 2) /* a loop of links pushed the others out */
		return;
	/*
	 * Each stream, and each packet that waits ahead, may hold TRBs that were fetched long ago. Which ones
	 * wait is not known where the same TRB was fetched more than once since (laps).
	 */
	if (!t && ep->total > (ep->streams || ep->laps ? 0 : ep->in_order) + ORACLE_TRBS)
		return;
	if (!t) {
		report(s, row, "in no buffer of a TRB that was fetched");
		return;
	}
	if (!(row->flags & TRACE_WRITE))
		return;
	ep->bytes_written += row->len;
	if (ep->bytes_written > ep->bytes_asked && !ep->retried)
		report(s, row, "more bytes than all TRBs that were fetched have");
}

static void port_bandwidth(struct oracle_set *s, const struct trace_row *row)
{
	bool excused;

	if (!owner(s, row, UINT64_C(1) << TRB_GET_PORT_BW, 256, &excused) && !excused)
		report(s, row, "not the bandwidth context of a command under way");
}

static void segment_table(struct oracle_set *s, const struct trace_row *row)
{
	for (unsigned i = 0; i < s->reg.intr_used; i++) {
		const struct interrupter_registers *ir = &s->reg.intr[i];

		if (inside(row->addr, row->len, ir->erstba & ~UINT64_C(0x3f),
			   16 * (uint64_t)ir->erstsz + (ir->erstba & 0x3f)))
			return;
	}
	if (s->reg.max_intrs <= ORACLE_RINGS)
		report(s, row, "in no event ring segment table");
}

static void transfer_trb(struct oracle_set *s, const struct trace_row *row)
{
	struct endpoint *ep = oracle_endpoint_find(s, row->slot, row->dci);

	if (ep && endpoint_is_quiet(ep))
		oracle_report(s, &oracle_silence,
			      "slot %u endpoint %u fetches TRBs, but no doorbell made it work",
			      row->slot, row->dci);
}

void oracle_published_row(struct oracle_set *s, const struct trace_row *row)
{
	switch (row->what) {
	case DMA_DCBAA:
		dcbaa(s, row);
		break;
	case DMA_OUT_CTX:
		out_context(s, row);
		break;
	case DMA_INPUT_CTX:
		input_context(s, row);
		break;
	case DMA_DATA:
		data(s, row);
		break;
	case DMA_PORT_BW:
		port_bandwidth(s, row);
		break;
	case DMA_ERST:
		segment_table(s, row);
		break;
	case DMA_XFER_TRB:
		transfer_trb(s, row);
		break;
	case DMA_STREAM_CTX:
		oracle_stream_row(s, row);
		break;
	}
}
