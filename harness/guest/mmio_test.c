// SPDX-License-Identifier: MIT
#include "guest/testbed.h"

#define CALLS 8u

/* A region that keeps what it was asked and answers with bytes that name their offset. */
struct probe {
	struct guest *guest;
	struct mmio_ops ops;
	struct call {
		uint64_t offset, value;
		unsigned size;
		bool is_write;
	} call[CALLS];
	unsigned count;
	unsigned rows_at_write;
	bool nests;
	uint64_t nested_value;
};

static struct call *new_call(struct probe *p, uint64_t offset, unsigned size)
{
	struct call *c = &p->call[p->count++ % CALLS];

	c->offset = offset;
	c->size = size;
	return c;
}

static uint64_t probe_read(void *opaque, uint64_t offset, unsigned size)
{
	struct probe *p = opaque;
	uint64_t value = 0;

	new_call(p, offset, size)->is_write = false;
	if (p->nests)
		p->nested_value = mmio_read(p->guest, 0x1000, 4);
	for (unsigned i = 8; i-- > 0;)
		value = value << 8 | (uint8_t)(offset + i);
	return value; /* also beyond size: dispatch must cut it */
}

static void probe_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
	struct probe *p = opaque;
	struct call *c = new_call(p, offset, size);

	c->is_write = true;
	c->value = value;
	p->rows_at_write = (unsigned)p->guest->trace->row_count;
	if (p->nests)
		mmio_write(p->guest, 0x1000, value, 4);
}

static const struct mmio_ops any_ops = {.read = probe_read,
					.write = probe_write,
					.valid_min = 1,
					.valid_max = 8,
					.impl_min = 1,
					.impl_max = 8,
					.unaligned = true};

static void add_at(struct bed *bed, struct probe *p, uint64_t base, uint64_t size, int priority)
{
	p->guest = &bed->guest;
	mmio_add(&bed->guest.mmio,
		 &(struct mmio_region){.base = base,
				       .size = size,
				       .priority = priority,
				       .ops = &p->ops,
				       .opaque = p});
}

static void a_wide_access_is_split_into_pieces_of_impl_max(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	p.ops.impl_max = 2;
	add_at(bed, &p, 0x100, 0x100, 0);
	assert_int_equal(mmio_read(&bed->guest, 0x110, 8), UINT64_C(0x1716151413121110));
	assert_int_equal(p.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(p.call[i].offset, 0x10 + 2 * i);
		assert_int_equal(p.call[i].size, 2);
	}
	p.count = 0;
	mmio_write(&bed->guest, 0x120, 0xddccbbaa, 4);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.call[0].value, 0xbbaa);
	assert_int_equal(p.call[1].value, 0xddcc);
	assert_int_equal(p.call[1].offset, 0x22);
	assert_true(p.call[1].is_write);
}

static void a_narrow_access_is_widened_to_impl_min_at_its_own_offset(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	p.ops.impl_min = 4;
	add_at(bed, &p, 0, 0x100, 0);
	assert_int_equal(mmio_read(&bed->guest, 3, 1), 3);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.call[0].offset, 3);
	assert_int_equal(p.call[0].size, 4);
	mmio_write(&bed->guest, 6, 0x12345678, 2);
	assert_int_equal(p.call[1].offset, 6);
	assert_int_equal(p.call[1].size, 4);
	assert_int_equal(p.call[1].value, 0x5678);
}

static void a_size_outside_valid_is_unassigned(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	p.ops.valid_min = 2;
	p.ops.valid_max = 4;
	add_at(bed, &p, 0, 0x100, 0);
	assert_int_equal(mmio_read(&bed->guest, 0x10, 1), 0);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED);
	mmio_write(&bed->guest, 0x10, 1, 8);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED | TRACE_WRITE);
	assert_int_equal(p.count, 0);
	mmio_read(&bed->guest, 0x10, 2);
	mmio_read(&bed->guest, 0x10, 4);
	assert_int_equal(p.count, 2);
	assert_int_equal(bed_row(bed, 0)->flags, 0);
}

static void an_unaligned_access_needs_a_region_that_takes_it(void **state)
{
	struct bed *bed = *state;
	struct probe strict = {.ops = any_ops}, lax = {.ops = any_ops};

	strict.ops.unaligned = false;
	add_at(bed, &strict, 0x0, 0x100, 0);
	add_at(bed, &lax, 0x100, 0x100, 0);
	assert_int_equal(mmio_read(&bed->guest, 0x2, 4), 0);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED);
	assert_int_equal(strict.count, 0);
	assert_int_equal(mmio_read(&bed->guest, 0x102, 4), 0x05040302);
	assert_int_equal(bed_row(bed, 0)->flags, 0);
	assert_int_equal(mmio_read(&bed->guest, 0x6, 2), 0x0706);
}

static void the_region_of_higher_priority_answers_and_the_later_of_equals(void **state)
{
	struct bed *bed = *state;
	struct probe low = {.ops = any_ops}, high = {.ops = any_ops}, late = {.ops = any_ops};

	add_at(bed, &high, 0x40, 0x20, 5);
	add_at(bed, &low, 0x00, 0x100, 0);
	add_at(bed, &late, 0x80, 0x10, 0);
	mmio_read(&bed->guest, 0x3f, 1);
	assert_int_equal(low.count, 1);
	mmio_read(&bed->guest, 0x40, 1);
	mmio_read(&bed->guest, 0x5f, 1);
	assert_int_equal(high.count, 2);
	assert_int_equal(high.call[1].offset, 0x1f);
	mmio_read(&bed->guest, 0x60, 1);
	assert_int_equal(low.count, 2);
	mmio_read(&bed->guest, 0x80, 1);
	assert_int_equal(late.count, 1);
	/* The region of the first byte takes it all. */
	mmio_read(&bed->guest, 0x3e, 8);
	assert_int_equal(low.count, 3);
	assert_int_equal(high.count, 2);
}

static void what_no_region_covers_is_unassigned(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};
	static const uint64_t outside[] = {0xff, 0x200, 0x3fff, 0x4000, UINT64_MAX};

	add_at(bed, &p, 0x100, 0x100, 0);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		assert_int_equal(mmio_read(&bed->guest, outside[i], 4), 0);
		assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED);
		assert_int_equal(bed_row(bed, 0)->addr, outside[i]);
	}
	assert_int_equal(p.count, 0);
}

static void no_handler_sees_an_offset_beyond_its_region_or_the_bar(void **state)
{
	struct bed *bed = *state;
	struct probe odd = {.ops = any_ops}, end = {.ops = any_ops};

	odd.ops.impl_max = 4;
	add_at(bed, &odd, 0x100, 0xc, 0);
	add_at(bed, &end, 0x3f00, 0x200, 0); /* longer than the BAR */
	assert_int_equal(mmio_read(&bed->guest, 0x108, 8), 0x0b0a0908);
	assert_int_equal(odd.count, 1);
	mmio_write(&bed->guest, 0x108, UINT64_MAX, 8);
	assert_int_equal(odd.count, 2);
	mmio_read(&bed->guest, 0x3ff8, 8);
	assert_int_equal(end.count, 1);
	mmio_read(&bed->guest, 0x3ffc, 8);
	mmio_read(&bed->guest, 0x4000, 1);
	assert_int_equal(end.count, 1);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED);
}

static void without_memory_space_enable_reads_are_ones_and_writes_vanish(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	add_at(bed, &p, 0, 0x100, 0);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_BME, 2);
	assert_int_equal(mmio_read(&bed->guest, 0, 1), 0xff);
	assert_int_equal(mmio_read(&bed->guest, 0, 2), 0xffff);
	assert_int_equal(mmio_read(&bed->guest, 0, 4), 0xffffffff);
	assert_true(mmio_read(&bed->guest, 0, 8) == UINT64_MAX);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT);
	mmio_write(&bed->guest, 0, 1, 4);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT | TRACE_WRITE);
	assert_int_equal(p.count, 0);
}

static void rows_carry_offset_size_and_value_and_a_write_comes_first(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	add_at(bed, &p, 0x40, 0x40, 0);
	mmio_read(&bed->guest, 0x44, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_MMIO);
	assert_int_equal(bed_row(bed, 0)->addr, 0x44);
	assert_int_equal(bed_row(bed, 0)->len, 2);
	assert_int_equal(bed_row(bed, 0)->value, 0x0504);
	mmio_write(&bed->guest, 0x48, 0xffeeddcc, 2);
	assert_int_equal(bed_row(bed, 0)->value, 0xddcc);
	assert_int_equal(p.rows_at_write, 2);
}

static void an_access_from_within_a_handler_is_unassigned(void **state)
{
	struct bed *bed = *state;
	struct probe outer = {.ops = any_ops, .nests = true, .nested_value = 1};
	struct probe inner = {.ops = any_ops};

	add_at(bed, &outer, 0, 0x100, 0);
	add_at(bed, &inner, 0x1000, 0x100, 0);
	mmio_read(&bed->guest, 0, 4);
	assert_int_equal(outer.nested_value, 0);
	assert_int_equal(bed_row(bed, 1)->flags, TRACE_UNASSIGNED);
	mmio_write(&bed->guest, 0, 1, 4);
	assert_int_equal(inner.count, 0);
	assert_int_equal(bed->guest.mmio_depth, 0);
	mmio_read(&bed->guest, 0x1000, 4);
	assert_int_equal(inner.count, 1);
}

static void a_region_without_handlers_reads_zero_and_takes_writes(void **state)
{
	struct bed *bed = *state;
	struct probe p = {.ops = any_ops};

	p.ops.read = NULL;
	p.ops.write = NULL;
	add_at(bed, &p, 0, 0x100, 0);
	mmio_write(&bed->guest, 0, 5, 4);
	assert_int_equal(mmio_read(&bed->guest, 0, 4), 0);
	assert_int_equal(bed_row(bed, 0)->flags, 0);
}

/* For the sanitizers: every offset, size and direction of a small function. */
static void every_access_to_a_function_is_answered(void **state)
{
	static const struct mmio_ops shapes[] = {
		{probe_read, probe_write, 1, 4, 4, 4, false},
		{probe_read, probe_write, 4, 8, 4, 4, false},
		{probe_read, probe_write, 1, 8, 1, 8, true},
		{probe_read, probe_write, 2, 2, 8, 8, true},
	};
	struct pci_identity id = bed_identity;
	struct probe p[ARRAY_SIZE(shapes)] = {0};
	struct bed *bed;
	unsigned accesses = 0;

	(void)state;
	id.bar0_size = 0x400;
	id.msix_vectors = 9;
	id.msix_table = 0x100;
	id.msix_pba = 0x3f0;
	bed = bed_new(&id);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE | PCI_COMMAND_BME, 2);
	pci_config_write(&bed->guest, id.msix_cap + 2, 0x8000, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++) {
		p[i].ops = shapes[i];
		add_at(bed, &p[i], i * 0x95, 0x91, 0);
	}
	for (uint64_t offset = 0; offset < 0x410; offset++) {
		for (unsigned size = 1; size <= 8; size *= 2) {
			uint64_t value = mmio_read(&bed->guest, offset, size);

			assert_true(size == 8 || value >> 8 * size == 0);
			mmio_write(&bed->guest, offset, UINT64_MAX, size);
			mmio_write(&bed->guest, offset, 0, size);
			pci_notify(&bed->guest, (unsigned)offset % 10);
			accesses += 3;
		}
	}
	assert_int_equal(accesses, 0x410 * 4 * 3);
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++)
		assert_true(p[i].count > 0);
	assert_true(bed->guest.pci.message_count > 0);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_wide_access_is_split_into_pieces_of_impl_max),
		bed_test(a_narrow_access_is_widened_to_impl_min_at_its_own_offset),
		bed_test(a_size_outside_valid_is_unassigned),
		bed_test(an_unaligned_access_needs_a_region_that_takes_it),
		bed_test(the_region_of_higher_priority_answers_and_the_later_of_equals),
		bed_test(what_no_region_covers_is_unassigned),
		bed_test(no_handler_sees_an_offset_beyond_its_region_or_the_bar),
		bed_test(without_memory_space_enable_reads_are_ones_and_writes_vanish),
		bed_test(rows_carry_offset_size_and_value_and_a_write_comes_first),
		bed_test(an_access_from_within_a_handler_is_unassigned),
		bed_test(a_region_without_handlers_reads_zero_and_takes_writes),
		cmocka_unit_test(every_access_to_a_function_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
