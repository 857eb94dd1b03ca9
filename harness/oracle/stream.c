// SPDX-License-Identifier: MIT
/*
 * stream.c -- stream contexts (xHCI 4.12.2, 6.2.4): they lie in the primary array that the endpoint's
 * input context named, or in a secondary array that an entry of it named; what is written there is
 * what may be written.
 */
#include "oracle/set.h"

const struct oracle oracle_stream = {"stream contexts", "xHCI 4.12.2"};

static void add(struct endpoint *ep, uint64_t base, uint32_t bytes)
{
	unsigned i = ep->stream_arrays % ORACLE_ARRAYS;

	for (unsigned k = 0; k < ORACLE_ARRAYS && k < ep->stream_arrays; k++)
		if (ep->stream_array[k].base == base && ep->stream_array[k].bytes >= bytes)
			return;
	ep->stream_array[i].base = base;
	ep->stream_array[i].bytes = bytes;
	ep->stream_arrays++;
}

void oracle_stream_learn(struct endpoint *ep, const uint8_t *raw)
{
	unsigned exponent = (unsigned)min_u64(bits(get_le32(raw), 14, 10), 15);

	ep->streams = true; /* until its context is written, or for good */
	add(ep, get_le64(raw + 8) & ~UINT64_C(0xf), STREAM_CONTEXT_BYTES << (exponent + 1));
}

static bool published(const struct endpoint *ep, const struct trace_row *row)
{
	if (ep->stream_arrays > ORACLE_ARRAYS)
		return true;
	for (unsigned i = 0; i < ep->stream_arrays; i++) {
		uint64_t offset = row->addr - ep->stream_array[i].base;

		if (offset < ep->stream_array[i].bytes &&
		    row->len <= ep->stream_array[i].bytes - offset)
			return true;
	}
	return false;
}

void oracle_stream_row(struct oracle_set *s, const struct trace_row *row)
{
	struct endpoint *ep = oracle_endpoint_find(s, row->slot, row->dci);
	uint64_t context;
	unsigned type;

	if (!row->data)
		return;
	if (!ep || row->len < STREAM_CONTEXT_BYTES) {
		if (s->endpoint_count < ORACLE_ENDPOINTS)
			oracle_report(s, &oracle_stream,
				      "%u bytes at 0x%llx for slot %u endpoint %u, which has none",
				      row->len, (unsigned long long)row->addr, row->slot, row->dci);
		return;
	}
	if (!published(ep, row)) {
		oracle_report(s, &oracle_stream,
			      "slot %u endpoint %u: the context at 0x%llx is in no array",
			      row->slot, row->dci, (unsigned long long)row->addr);
		return;
	}
	context = get_le64(row->data);
	type = stream_ctx_type(context);
	if (row->flags & TRACE_WRITE) {
		if (type > SCT_PRIMARY_RING || get_le32(row->data + 8) >> 24 ||
		    get_le32(row->data + 12))
			oracle_report(s, &oracle_stream,
				      "slot %u endpoint %u: bad stream context written at 0x%llx",
				      row->slot, row->dci, (unsigned long long)row->addr);
	} else if (type >= SCT_SECONDARY_ARRAY_8) {
		add(ep, context & ~UINT64_C(0xf), STREAM_CONTEXT_BYTES * (8u << (type - 2)));
	}
}
