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
	t->op = 0;
}

static uint64_t hash_data(uint64_t h, const uint8_t *data, size_t len)
{
	uint64_t tail = 0;

	for (; len >= 8; data += 8, len -= 8)
		h = mix(h, get_le64(data));
	for (size_t i = 0; i < len; i++)
		tail |= (uint64_t)data[i] << (8 * i);
	return mix(h, tail ^ (uint64_t)len << 56);
}

void trace_append(struct trace *t, struct trace_row *row)
{
	row->op = t->op;
	row->time_ns = t->now_ns ? *t->now_ns : 0;
	t->row_count++;
	t->hash = mix(t->hash,
		      (uint64_t)row->kind | (uint64_t)row->flags << 8 | (uint64_t)row->what << 16 |
			      (uint64_t)row->slot << 24 | (uint64_t)row->dci << 32 |
			      (uint64_t)row->pid << 40 | (uint64_t)row->status << 48 |
			      (uint64_t)row->port << 56);
	t->hash = mix(t->hash, row->time_ns ^ (uint64_t)row->op << 40);
	t->hash = mix(t->hash, row->addr ^ (uint64_t)row->len << 48);
	t->hash = mix(t->hash, row->value);
	if (row->data)
		t->hash = hash_data(t->hash, row->data, row->len);
	if (t->sink)
		t->sink(t->sink_opaque, row);
}
