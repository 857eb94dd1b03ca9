// SPDX-License-Identifier: MIT
/*
 * record_memory.c -- memory as it will be when the program is played: what `memory` ops put there and what
 * the controller is known to have written. Pages in a table with open addressing; a bit per byte that is
 * known, and per 16 bytes the action that last touched them.
 */
#include "tool/record.h"

#define PAGE 4096u
#define GRANULE 16u

struct page {
	uint64_t frame;
	uint8_t data[PAGE];
	uint8_t unknown[PAGE / 8];
	uint32_t action[PAGE / GRANULE];
};

struct record_memory {
	struct page **page; /* room of them, NULL = free */
	size_t room, count;
};

struct record_memory *record_memory_new(void)
{
	struct record_memory *m = alloc_zero(sizeof(*m));

	m->room = 1024;
	m->page = alloc_zero(m->room * sizeof(*m->page));
	return m;
}

void record_memory_free(struct record_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->room; i++)
		free(m->page[i]);
	free(m->page);
	free(m);
}

static struct page **place(struct page **page, size_t room, uint64_t frame)
{
	size_t i = (size_t)(frame * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);

	while (page[i] && page[i]->frame != frame)
		i = (i + 1) & (room - 1);
	return &page[i];
}

static void grow(struct record_memory *m)
{
	size_t room = m->room * 2;
	struct page **page = alloc_zero(room * sizeof(*page));

	for (size_t i = 0; i < m->room; i++)
		if (m->page[i])
			*place(page, room, m->page[i]->frame) = m->page[i];
	free(m->page);
	m->page = page;
	m->room = room;
}

static struct page *page_at(struct record_memory *m, uint64_t addr)
{
	struct page **p = place(m->page, m->room, addr / PAGE);

	if (*p)
		return *p; // cppcheck-suppress identicalInnerCondition ; a pointer, not a truth value
	if (++m->count > m->room / 2) {
		grow(m);
		p = place(m->page, m->room, addr / PAGE);
	}
	*p = alloc_zero(sizeof(**p));
	(*p)->frame = addr / PAGE;
	return *p;
}

/* Bytes from addr on that are in one page. */
static size_t piece(uint64_t addr, size_t len)
{
	return min_u64(len, PAGE - addr % PAGE);
}

bool record_memory_differs(struct record_memory *m, uint64_t addr, const uint8_t *data, size_t len)
{
	for (size_t n; len; addr += n, data += n, len -= n) {
		const struct page *p = page_at(m, addr);
		unsigned at = addr % PAGE;

		n = piece(addr, len);
		if (memcmp(p->data + at, data, n))
			return true;
		for (size_t i = at; i < at + n; i++)
			if (p->unknown[i / 8] & 1u << i % 8)
				return true;
	}
	return false;
}

static void touch(struct page *p, unsigned at, size_t n, uint32_t action)
{
	for (size_t i = at / GRANULE; i <= (at + n - 1) / GRANULE; i++)
		p->action[i] = action;
}

void record_memory_set(struct record_memory *m, uint64_t addr, const uint8_t *data, size_t len,
		       uint32_t action)
{
	for (size_t n; len; addr += n, data += n, len -= n) {
		struct page *p = page_at(m, addr);
		unsigned at = addr % PAGE;

		n = piece(addr, len);
		memcpy(p->data + at, data, n);
		for (size_t i = at; i < at + n; i++)
			p->unknown[i / 8] &= (uint8_t) ~(1u << i % 8);
		touch(p, at, n, action);
	}
}

void record_memory_forget(struct record_memory *m, uint64_t addr, size_t len, uint32_t action)
{
	for (size_t n; len; addr += n, len -= n) {
		struct page *p = page_at(m, addr);
		unsigned at = addr % PAGE;

		n = piece(addr, len);
		for (size_t i = at; i < at + n; i++)
			p->unknown[i / 8] |= (uint8_t)(1u << i % 8);
		touch(p, at, n, action);
	}
}

uint32_t record_memory_used(struct record_memory *m, uint64_t addr, size_t len)
{
	uint32_t last = 0;

	for (size_t n; len; addr += n, len -= n) {
		const struct page *p = page_at(m, addr);
		unsigned at = addr % PAGE;

		n = piece(addr, len);
		for (size_t i = at / GRANULE; i <= (at + n - 1) / GRANULE; i++)
			last = p->action[i] > last ? p->action[i] : last;
	}
	return last;
}
