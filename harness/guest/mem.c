// SPDX-License-Identifier: MIT
/*
 * mem.c -- sparse guest RAM of 64 address bits, and the ways in which it can be hostile to DMA:
 * faulty pages, bytes that change at the nth read, bytes delivered on demand.
 *
 * 4 KiB pages in an open-addressing table; no pointer to a page leaves this file. Pages in use
 * are pool[0 .. page_count), so a reset costs what was touched. A bit per 16 bytes says whether
 * anybody wrote there. Left out: memory types, bus errors finer than a page.
 */
#include "guest/guest.h"
#include "heap.h"

#include <errno.h>

#define BUCKET_BITS 13
#define BUCKETS (1u << BUCKET_BITS) /* twice MEM_MAX_PAGES: a probe ends soon */
#define POOL_KEPT 256u              /* pages that stay allocated over a reset */
#define GRANULE 16u

_Static_assert(BUCKETS >= 2 * MEM_MAX_PAGES, "probing needs empty buckets");

struct page {
	uint64_t frame;
	uint32_t bucket;
	uint64_t written[MEM_PAGE_SIZE / GRANULE / 64];
	uint8_t data[MEM_PAGE_SIZE];
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
	uint16_t bucket[BUCKETS]; /* index into pool, plus 1 */
	struct page *pool[MEM_MAX_PAGES];
	uint32_t page_count; /* in use */
	uint32_t pool_count; /* allocated */
	struct page *last;   /* most recently used page */
	struct fault fault[MEM_MAX_FAULTS];
	unsigned fault_count;
	struct flip flip[MEM_MAX_FLIPS];
	unsigned flip_count;
	uint8_t *stream; /* on-demand bytes */
	size_t stream_room, stream_len, stream_at;
};

struct mem *mem_new(void)
{
	return heap_zero(sizeof(struct mem));
}

void mem_free(struct mem *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->pool_count; i++)
		heap_free(m->pool[i]);
	heap_free(m->stream);
	heap_free(m);
}

static void page_clear(struct page *p)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->written); i++) {
		if (!p->written[i])
			continue;
		p->written[i] = 0;
		memset(p->data + i * 64 * GRANULE, 0, 64 * GRANULE);
	}
}

void mem_reset(struct mem *m)
{
	for (uint32_t i = 0; i < m->page_count; i++) {
		m->bucket[m->pool[i]->bucket] = 0;
		if (i < POOL_KEPT)
			page_clear(m->pool[i]);
	}
	while (m->pool_count > POOL_KEPT)
		heap_free(m->pool[--m->pool_count]);
	m->page_count = 0;
	m->last = NULL;
	m->fault_count = 0;
	m->flip_count = 0;
	m->stream_len = 0;
	m->stream_at = 0;
}

size_t mem_page_count(const struct mem *m)
{
	return m->page_count;
}

/* The bucket that has the frame, or the empty one where it would go. */
static uint32_t bucket_of(const struct mem *m, uint64_t frame)
{
	uint32_t b = (uint32_t)(frame * UINT64_C(0x9e3779b97f4a7c15) >> (64 - BUCKET_BITS));

	while (m->bucket[b] && m->pool[m->bucket[b] - 1]->frame != frame)
		b = (b + 1) % BUCKETS;
	return b;
}

static struct page *page_find(struct mem *m, uint64_t frame)
{
	uint32_t b;

	if (m->last && m->last->frame == frame)
		return m->last;
	b = bucket_of(m, frame);
	if (!m->bucket[b])
		return NULL;
	m->last = m->pool[m->bucket[b] - 1];
	return m->last;
}

/* Find or add; room was made sure of by reserve(). */
static struct page *page_get(struct mem *m, uint64_t frame)
{
	struct page *p = page_find(m, frame);

	if (p)
		return p;
	REQUIRE(m->page_count < MEM_MAX_PAGES);
	if (m->page_count == m->pool_count)
		m->pool[m->pool_count++] = heap_zero(sizeof(*p));
	p = m->pool[m->page_count++];
	p->frame = frame;
	p->bucket = bucket_of(m, frame);
	m->bucket[p->bucket] = (uint16_t)m->page_count;
	m->last = p;
	return p;
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

/* What of len bytes at addr is in addr's page. */
static size_t in_page(uint64_t addr, size_t len)
{
	return (size_t)min_u64(len, MEM_PAGE_SIZE - addr % MEM_PAGE_SIZE);
}

static void mark_written(struct page *p, size_t offset, size_t len)
{
	size_t first = offset / GRANULE;
	size_t last = (offset + len - 1) / GRANULE;

	for (size_t w = first / 64; w <= last / 64; w++) {
		size_t lo = w == first / 64 ? first % 64 : 0;
		size_t hi = w == last / 64 ? last % 64 : 63;

		p->written[w] |= (~UINT64_C(0) >> (63 - (hi - lo))) << lo;
	}
}

int mem_read(struct mem *m, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	if (wraps(addr, len))
		return -EFAULT;
	while (len) {
		size_t n = in_page(addr, len);
		struct page *p = page_find(m, addr / MEM_PAGE_SIZE);

		if (p)
			memcpy(to, p->data + addr % MEM_PAGE_SIZE, n);
		else
			memset(to, 0, n);
		to += n;
		addr += n;
		len -= n;
	}
	return 0;
}

int mem_write(struct mem *m, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	if (!len)
		return 0;
	if (wraps(addr, len) || !reserve(m, addr, len))
		return -EFAULT;
	while (len) {
		size_t n = in_page(addr, len);
		struct page *p = page_get(m, addr / MEM_PAGE_SIZE);

		memcpy(p->data + addr % MEM_PAGE_SIZE, from, n);
		mark_written(p, addr % MEM_PAGE_SIZE, n);
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
static void fill_granule(struct mem *m, struct page *p, size_t index)
{
	size_t n = (size_t)min_u64(GRANULE, m->stream_len - m->stream_at);

	memcpy(p->data + index * GRANULE, m->stream + m->stream_at, n);
	m->stream_at += n;
	p->written[index / 64] |= UINT64_C(1) << index % 64;
}

static bool fill_ondemand(struct mem *m, uint64_t addr, size_t len)
{
	if (!reserve(m, addr, len))
		return false;
	while (len) {
		size_t n = in_page(addr, len);
		size_t last = (addr % MEM_PAGE_SIZE + n - 1) / GRANULE;
		struct page *p = page_get(m, addr / MEM_PAGE_SIZE);

		for (size_t i = addr % MEM_PAGE_SIZE / GRANULE; i <= last; i++)
			if (!(p->written[i / 64] >> i % 64 & 1))
				fill_granule(m, p, i);
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
