// SPDX-License-Identifier: MIT
/*
 * mmio.c -- which region of BAR 0 answers an access, and in which pieces (QEMU's
 * access_with_adjusted_size as observed: pieces of max(min(size, impl_max), impl_min)).
 *
 * Left out: what QEMU's CPU side does before that (cutting an access at the region's valid_max
 * and at the alignment of its address); here such an access is unassigned.
 */
#include "guest/guest.h"

static uint64_t size_mask(unsigned size)
{
	return ~UINT64_C(0) >> (64 - 8 * size);
}

static bool is_access_size(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Kept in order of who answers first, so that a look-up takes the first match. */
void mmio_add(struct mmio *m, const struct mmio_region *region)
{
	const struct mmio_ops *ops = region->ops;
	unsigned at = 0;

	REQUIRE(m->region_count < MMIO_MAX_REGIONS);
	REQUIRE(region->size > 0 && region->base + (region->size - 1) >= region->base);
	REQUIRE(is_access_size(ops->valid_min) && is_access_size(ops->valid_max));
	REQUIRE(is_access_size(ops->impl_min) && is_access_size(ops->impl_max));
	REQUIRE(ops->valid_min <= ops->valid_max && ops->impl_min <= ops->impl_max);
	while (at < m->region_count && m->region[at].priority > region->priority)
		at++;
	memmove(&m->region[at + 1], &m->region[at], (m->region_count - at) * sizeof(*region));
	m->region[at] = *region;
	m->region_count++;
}

/* The region that takes this access, or NULL if the access is unassigned. */
static const struct mmio_region *region_of(const struct guest *g, uint64_t offset, unsigned size)
{
	uint64_t bar_size = g->pci.id->bar0_size;

	if (g->mmio_depth || offset >= bar_size || size > bar_size - offset)
		return NULL;
	for (unsigned i = 0; i < g->mmio.region_count; i++) {
		const struct mmio_region *r = &g->mmio.region[i];

		if (offset < r->base || offset - r->base >= r->size)
			continue;
		if (size < r->ops->valid_min || size > r->ops->valid_max)
			return NULL;
		if (!r->ops->unaligned && (offset - r->base) % size)
			return NULL;
		return r;
	}
	return NULL;
}

static unsigned piece_size(const struct mmio_ops *ops, unsigned size)
{
	return (unsigned)max_u64(min_u64(size, ops->impl_max), ops->impl_min);
}

static uint64_t region_read(const struct mmio_region *r, uint64_t offset, unsigned size)
{
	unsigned step = piece_size(r->ops, size);
	uint64_t value = 0;

	if (!r->ops->read)
		return 0;
	for (unsigned i = 0; i < size && offset + i < r->size; i += step)
		value |= (r->ops->read(r->opaque, offset + i, step) & size_mask(step)) << 8 * i;
	return value & size_mask(size);
}

static void region_write(const struct mmio_region *r, uint64_t offset, uint64_t value,
			 unsigned size)
{
	unsigned step = piece_size(r->ops, size);

	if (!r->ops->write)
		return;
	for (unsigned i = 0; i < size && offset + i < r->size; i += step)
		r->ops->write(r->opaque, offset + i, (value >> 8 * i) & size_mask(step), step);
}

uint64_t mmio_read(struct guest *g, uint64_t offset, unsigned size)
{
	struct trace_row row = {.kind = TRACE_MMIO, .addr = offset, .len = size};

	REQUIRE(is_access_size(size));
	if (!pci_memory_enabled(g)) {
		row.flags = TRACE_FAULT;
		row.value = size_mask(size);
	} else {
		const struct mmio_region *r = region_of(g, offset, size);

		if (r) {
			g->mmio_depth++;
			row.value = region_read(r, offset - r->base, size);
			g->mmio_depth--;
		} else {
			row.flags = TRACE_UNASSIGNED;
		}
	}
	trace_append(g->trace, &row);
	return row.value;
}

void mmio_write(struct guest *g, uint64_t offset, uint64_t value, unsigned size)
{
	struct trace_row row = {
		.kind = TRACE_MMIO, .flags = TRACE_WRITE, .addr = offset, .len = size};
	const struct mmio_region *r = NULL;

	REQUIRE(is_access_size(size));
	row.value = value & size_mask(size);
	if (!pci_memory_enabled(g)) {
		row.flags |= TRACE_FAULT;
	} else {
		r = region_of(g, offset, size);
		if (!r)
			row.flags |= TRACE_UNASSIGNED;
	}
	trace_append(g->trace, &row);
	if (r) {
		g->mmio_depth++;
		region_write(r, offset - r->base, row.value, size);
		g->mmio_depth--;
	}
}
