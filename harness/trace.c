// SPDX-License-Identifier: MIT
/*
 * trace.c -- append-only record: stamped, hashed, handed to one sink (oracles or a printer).
 * Rows are not stored here: a fuzz input of any length costs no memory.
 */
#include "trace.h"

#define HASH_START UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ (h >> 32);
}

void trace_reset(struct trace *t)
{
	t->hash = HASH_START;
	t->row_count = 0;
	t->byte_count = 0;
	t->op = 0;
}

static uint64_t hash_data(uint64_t h, const uint8_t *data, size_t len)
{
	uint64_t word = 0;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word)); /* one checked load; hosts are little-endian */
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, data, len);
	return mix(h, word ^ (uint64_t)len << 56);
}

static void hash_row(struct trace *t, const struct trace_row *row)
{
	uint64_t head;

	memcpy(&head, row, sizeof(head)); /* kind ... port: the first eight bytes */
	t->hash = mix(t->hash, head);
	t->hash = mix(t->hash ^ row->addr, row->time_ns ^ (uint64_t)row->op << 40);
	t->hash = mix(t->hash, row->value ^ (uint64_t)row->len << 48);
	if (row->data)
		t->hash = hash_data(t->hash, row->data, row->len);
}

void trace_append(struct trace *t, struct trace_row *row)
{
	row->op = t->op;
	row->time_ns = t->now_ns ? *t->now_ns : 0;
	t->row_count++;
	t->byte_count += row->data ? row->len : 0;
	if (!t->unhashed)
		hash_row(t, row);
	if (t->sink)
		t->sink(t->sink_opaque, row);
}

_Static_assert(offsetof(struct trace_row, op) == 8, "the first eight bytes are hashed as one");
