// SPDX-License-Identifier: MIT
/*
 * mem.c -- sparse guest RAM of 64 address bits, and the ways in which it can be hostile to DMA:
 * faulty pages, bytes that change at the nth read, bytes delivered on demand.
 *
 * 4 KiB pages in an open-addressing table; no pointer to a page leaves this file. Of a page only
 * the 512-byte parts that were touched are there, so that a machine at work is small: resetting and
 * restoring one costs what was touched. A bit per 16 bytes says whether anybody wrote there.
 * Left out: memory types, bus errors finer than a page.
 */
#include "guest/guest.h"
#include "heap.h"

#include <errno.h>

#define TABLE_MIN 64u /* pages that there is room for in an empty machine */
#define GRANULE 16u
#define PART 512u
#define PARTS (MEM_PAGE_SIZE / PART)

struct page {
	uint64_t frame;
	uint32_t written[PARTS]; /* a bit per granule */
	uint8_t *part[PARTS];    /* NULL: zeros */
};

struct fault {
	uint64_t frame;
	unsigned mask;
};

struct flip {
	uint64_t addr;
	unsigned reads_left;
	unsigned len;
	uint8_t bytes[MEM_FLIP_BYTES];
};

struct mem {
	struct page **bucket; /* open addressing, at most half full */
	uint32_t bucket_count;
	uint32_t page_count;
	struct page *last; /* most recently used page */
	struct fault fault[MEM_MAX_FAULTS];
	unsigned fault_count;
	struct flip flip[MEM_MAX_FLIPS];
	unsigned flip_count;
	uint8_t *stream; /* on-demand bytes */
	size_t stream_room, stream_len, stream_at;
};

static void table_new(struct mem *m, uint32_t pages)
{
	m->bucket_count = 2 * pages;
	m->bucket = heap_zero(m->bucket_count * sizeof(struct page *));
}

struct mem *mem_new(void)
{
	struct mem *m = heap_zero(sizeof(*m));

	table_new(m, TABLE_MIN);
	return m;
}

static void pages_free(struct mem *m)
{
	for (uint32_t b = 0; m->page_count && b < m->bucket_count; b++) {
		struct page *p = m->bucket[b];

		if (!p)
			continue;
		for (unsigned i = 0; i < PARTS; i++)
			heap_free(p->part[i]);
		heap_free(p);
		m->bucket[b] = NULL;
		m->page_count--;
	}
}

void mem_free(struct mem *m)
{
	if (!m)
		return;
	pages_free(m);
	heap_free(m->bucket);
	heap_free(m->stream);
	heap_free(m);
}

void mem_reset(struct mem *m)
{
	pages_free(m);
	if (m->bucket_count > 2 * TABLE_MIN) {
		heap_free(m->bucket);
		table_new(m, TABLE_MIN);
	}
	m->last = NULL;
	m->fault_count = 0;
	m->flip_count = 0;
	heap_free(m->stream);
	m->stream = NULL;
	m->stream_room = 0;
	m->stream_len = 0;
	m->stream_at = 0;
}

size_t mem_page_count(const struct mem *m)
{
	return m->page_count;
}

/* The bucket that has the frame, or the empty one where it would go. */
static struct page **bucket_of(const struct mem *m, uint64_t frame)
{
	uint32_t mask = m->bucket_count - 1;
	uint32_t b = (uint32_t)(frame * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (m->bucket[b] && m->bucket[b]->frame != frame)
		b = (b + 1) & mask;
	return &m->bucket[b];
}

static struct page *page_find(struct mem *m, uint64_t frame)
{
	struct page *p;

	if (m->last && m->last->frame == frame)
		return m->last;
	p = *bucket_of(m, frame);
	if (p)
		m->last = p;
	return p;
}

static void table_grow(struct mem *m)
{
	struct page **old = m->bucket;
	uint32_t count = m->bucket_count;

	table_new(m, count);
	for (uint32_t b = 0; b < count; b++)
		if (old[b])
			*bucket_of(m, old[b]->frame) = old[b];
	heap_free(old);
}

/* Find or add; room was made sure of by reserve(). */
static struct page *page_get(struct mem *m, uint64_t frame)
{
	struct page *p = page_find(m, frame);

	if (p)
		return p;
	REQUIRE(m->page_count < MEM_MAX_PAGES);
	if (2 * ++m->page_count > m->bucket_count)
		table_grow(m);
	p = heap_zero(sizeof(*p));
	p->frame = frame;
	*bucket_of(m, frame) = p;
	m->last = p;
	return p;
}

static uint8_t *part_get(struct page *p, unsigned i)
{
	if (!p->part[i])
		p->part[i] = heap_zero(PART);
	return p->part[i];
}

static bool wraps(uint64_t addr, size_t len)
{
	return len && addr + (len - 1) < addr;
}

/* Is there room for every page of addr .. addr + len - 1? Adds none. len > 0. */
static bool reserve(struct mem *m, uint64_t addr, size_t len)
{
	uint64_t first = addr / MEM_PAGE_SIZE;
	uint64_t last = (addr + (len - 1)) / MEM_PAGE_SIZE;
	uint32_t room = MEM_MAX_PAGES - m->page_count;
	uint32_t missing = 0;

	if (last - first < room)
		return true;
	if (last - first >= MEM_MAX_PAGES)
		return false;
	for (uint64_t frame = first; frame <= last; frame++)
		missing += !page_find(m, frame);
	return missing <= room;
}

/* What of len bytes at addr is in addr's part of its page. */
static size_t in_part(uint64_t addr, size_t len)
{
	return (size_t)min_u64(len, PART - addr % PART);
}

static unsigned part_of(uint64_t addr)
{
	return addr % MEM_PAGE_SIZE / PART;
}

static void mark_written(struct page *p, uint64_t addr, size_t len)
{
	size_t first = addr % PART / GRANULE;
	size_t last = (addr % PART + len - 1) / GRANULE;

	p->written[part_of(addr)] |= (UINT32_MAX >> (31 - (last - first))) << first;
}

int mem_read(struct mem *m, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	if (wraps(addr, len))
		return -EFAULT;
	while (len) {
		size_t n = in_part(addr, len);
		struct page *p = page_find(m, addr / MEM_PAGE_SIZE);

		if (p && p->part[part_of(addr)])
			memcpy(to, p->part[part_of(addr)] + addr % PART, n);
		else
			memset(to, 0, n);
		to += n;
		addr += n;
		len -= n;
	}
	return 0;
}

/* Drivers clear their rings and contexts: that much memory need not be there to be zero. */
static bool is_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

int mem_write(struct mem *m, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	if (!len)
		return 0;
	if (wraps(addr, len) || !reserve(m, addr, len))
		return -EFAULT;
	while (len) {
		size_t n = in_part(addr, len);
		struct page *p = page_get(m, addr / MEM_PAGE_SIZE);

		mark_written(p, addr, n);
		if (p->part[part_of(addr)] || !is_zero(from, n))
			memcpy(part_get(p, part_of(addr)) + addr % PART, from, n);
		from += n;
		addr += n;
		len -= n;
	}
	return 0;
}

void mem_set_fault(struct mem *m, uint64_t addr, unsigned mask)
{
	uint64_t frame = addr / MEM_PAGE_SIZE;
	unsigned i = 0;

	while (i < m->fault_count && m->fault[i].frame != frame)
		i++;
	if (!mask) {
		if (i < m->fault_count)
			m->fault[i] = m->fault[--m->fault_count];
		return;
	}
	if (i == MEM_MAX_FAULTS)
		return;
	if (i == m->fault_count)
		m->fault_count++;
	m->fault[i] = (struct fault){.frame = frame, .mask = mask};
}

void mem_add_flip(struct mem *m, uint64_t addr, unsigned nth, const void *bytes, size_t len)
{
	struct flip *f;

	if (m->flip_count == MEM_MAX_FLIPS || !len)
		return;
	f = &m->flip[m->flip_count++];
	f->addr = addr;
	f->reads_left = nth ? nth : 1;
	f->len = (unsigned)min_u64(len, MEM_FLIP_BYTES);
	memcpy(f->bytes, bytes, f->len);
}

void mem_set_ondemand(struct mem *m, const void *bytes, size_t len)
{
	if (len > m->stream_room) {
		heap_free(m->stream);
		m->stream = heap_zero(len);
		m->stream_room = len;
	}
	if (len)
		memcpy(m->stream, bytes, len);
	m->stream_len = len;
	m->stream_at = 0;
}

static bool is_faulty(const struct mem *m, uint64_t addr, size_t len, unsigned kind)
{
	uint64_t first = addr / MEM_PAGE_SIZE;
	uint64_t last = (addr + (len - 1)) / MEM_PAGE_SIZE;

	for (unsigned i = 0; i < m->fault_count; i++) {
		const struct fault *f = &m->fault[i];

		if ((f->mask & kind) && f->frame >= first && f->frame <= last)
			return true;
	}
	return false;
}

/* The granule's 16 bytes are all zero before: nobody wrote them. */
static void fill_granule(struct mem *m, uint8_t *part, size_t index)
{
	size_t n = (size_t)min_u64(GRANULE, m->stream_len - m->stream_at);

	memcpy(part + index * GRANULE, m->stream + m->stream_at, n);
	m->stream_at += n;
}

static bool fill_ondemand(struct mem *m, uint64_t addr, size_t len)
{
	if (!reserve(m, addr, len))
		return false;
	while (len) {
		size_t n = in_part(addr, len);
		size_t last = (addr % PART + n - 1) / GRANULE;
		struct page *p = page_get(m, addr / MEM_PAGE_SIZE);
		uint8_t *part = part_get(p, part_of(addr));

		for (size_t i = addr % PART / GRANULE; i <= last; i++)
			if (!(p->written[part_of(addr)] >> i & 1))
				fill_granule(m, part, i);
		mark_written(p, addr, n);
		addr += n;
		len -= n;
	}
	return true;
}

/* Count down the flips that this read touches and apply those whose turn it is. */
static void apply_flips(struct mem *m, uint64_t addr, size_t len)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->flip_count; i++) {
		struct flip f = m->flip[i];

		if (f.addr - addr < len && --f.reads_left == 0) {
			/* The rest of its granules must come from the stream, not be zeros. */
			if (m->stream_len && !wraps(f.addr, f.len))
				fill_ondemand(m, f.addr, f.len);
			mem_write(m, f.addr, f.bytes, f.len);
			continue;
		}
		m->flip[kept++] = f;
	}
	m->flip_count = kept;
}

int mem_dma_read(struct mem *m, uint64_t addr, void *buf, size_t len)
{
	if (!len)
		return 0;
	if (wraps(addr, len))
		return -EFAULT;
	if (m->fault_count && is_faulty(m, addr, len, MEM_READ))
		return -EFAULT;
	if (m->stream_len && !fill_ondemand(m, addr, len))
		return -EFAULT;
	if (m->flip_count)
		apply_flips(m, addr, len);
	return mem_read(m, addr, buf, len);
}

int mem_dma_write(struct mem *m, uint64_t addr, const void *buf, size_t len)
{
	if (!len)
		return 0;
	if (wraps(addr, len))
		return -EFAULT;
	if (m->fault_count && is_faulty(m, addr, len, MEM_WRITE))
		return -EFAULT;
	return mem_write(m, addr, buf, len);
}
