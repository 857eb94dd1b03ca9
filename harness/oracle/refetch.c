// SPDX-License-Identifier: MIT
/*
 * refetch.c -- what software owns is read once per operation, and what the controller wrote is never
 * read (xHCI 4.6, 4.9.2, 6.2.1): a second look may see something else than what was checked. An
 * operation is a command, with its input context and its entry of the context array; for a TRB it is
 * the time until a doorbell rings again. Buffers of data are left out: a packet may be repeated.
 */
#include "oracle/set.h"

const struct oracle oracle_refetch = {"read once, never read back", "xHCI 4.6, 4.9.2, 6.2.1"};

static bool takes_context(const struct command_seen *c)
{
	unsigned type = command_type(c);

	return type == TRB_ADDRESS_DEVICE || type == TRB_CONFIGURE_ENDPOINT ||
		type == TRB_EVALUATE_CONTEXT;
}

/* The command that runs is the one that was fetched last. */
static struct command_seen *running(struct oracle_set *s)
{
	struct command_seen *c, *last = NULL;

	for (unsigned i = 0; (c = oracle_command_get(s, i)); i++)
		last = c;
	return s->command.lost ? NULL : last;
}

static void input_context(struct oracle_set *s, const struct trace_row *row)
{
	struct command_seen *c = running(s);
	uint64_t offset;

	if (!c || !takes_context(c) || !row->len)
		return;
	offset = row->addr - (c->parameter & ~UINT64_C(0xf));
	for (uint64_t at = offset / 32; at <= (offset + row->len - 1) / 32; at++) {
		if (at / 64 >= ARRAY_SIZE(c->read))
			return;
		if (c->read[at / 64] >> at % 64 & 1) {
			oracle_report(s, &oracle_refetch,
				      "input context of slot %u: the bytes at 0x%llx a second time",
				      row->slot, (unsigned long long)row->addr);
			return;
		}
		c->read[at / 64] |= UINT64_C(1) << at % 64;
	}
}

static void context_pointer(struct oracle_set *s, const struct trace_row *row)
{
	struct command_seen *c = running(s);

	if (!row->slot) /* the scratchpad's, and no command's */
		return;
	if (!c || command_type(c) != TRB_ADDRESS_DEVICE || command_slot(c) != row->slot)
		return;
	if (c->pointer_read)
		oracle_report(s, &oracle_refetch,
			      "slot %u: its device context base address a second time", row->slot);
	c->pointer_read = true;
}

void oracle_refetch_row(struct oracle_set *s, const struct trace_row *row)
{
	if (row->flags & TRACE_WRITE)
		return;
	switch (row->what) {
	case DMA_OUT_CTX:
	case DMA_EVENT_TRB:
		oracle_report(s, &oracle_refetch, "%s at 0x%llx is read back",
			      row->what == DMA_OUT_CTX ? "a device context" : "an event",
			      (unsigned long long)row->addr);
		break;
	case DMA_INPUT_CTX:
		input_context(s, row);
		break;
	case DMA_DCBAA:
		context_pointer(s, row);
		break;
	}
}

void oracle_refetch_trb(struct oracle_set *s, struct endpoint *ep, uint64_t addr)
{
	struct trb_seen *t;

	for (unsigned i = 0; (t = endpoint_trb(ep, i)) && ep->total - i > ep->rewind; i++) {
		if (t->addr != addr)
			continue;
		if (t->cycle != UNKNOWN && t->rung == ep->rung)
			oracle_report(s, &oracle_refetch,
				      "slot %u endpoint %u: the TRB at 0x%llx a second time",
				      ep->slot, ep->dci, (unsigned long long)addr);
		return;
	}
}
