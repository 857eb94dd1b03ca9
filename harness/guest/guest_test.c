// SPDX-License-Identifier: MIT
#include "guest/testbed.h"

static const struct dma_tag tag = {.what = DMA_OTHER};

static void bump(void *opaque)
{
	++*(unsigned *)opaque;
}

/* A short program that leaves something behind in every part. */
static uint64_t play(struct bed *bed)
{
	struct guest *g = &bed->guest;
	unsigned fired = 0;
	struct timer timer = {.fire = bump, .opaque = &fired};
	uint8_t bytes[64];

	trace_reset(&bed->trace);
	mem_set_ondemand(g->mem, "on demand bytes", 15);
	pci_config_write(g, PCI_REG_COMMAND, PCI_COMMAND_MSE | PCI_COMMAND_BME, 2);
	clock_arm(&g->clock, &timer, 500);
	clock_step(&g->clock, 1000);
	assert_int_equal(fired, 1);
	dma_read(g, tag, 0x7ff8, bytes, sizeof(bytes));
	dma_write(g, tag, 0x20000, bytes, sizeof(bytes));
	mem_add_flip(g->mem, 0x20000, 2, "!", 1);
	dma_read(g, tag, 0x20000, bytes, 8);
	pci_set_intx(g, true);
	mmio_write(g, 0x3000, 0xfee00000, 8);
	mmio_write(g, 0x3008, 0x55, 8);
	pci_config_write(g, 0x92, 0x8000, 2);
	pci_notify(g, 0);
	pci_notify(g, 1);
	mem_set_fault(g->mem, 0x20000, MEM_WRITE);
	dma_write(g, tag, 0x20000, bytes, 4);
	clock_arm(&g->clock, &timer, 5000);
	guest_reset(g);
	assert_false(timer.armed);
	return bed->trace.hash;
}

static void a_reset_guest_plays_the_same_again(void **state)
{
	struct bed *bed = *state;
	struct bed *other = bed_new(&bed_identity);
	uint64_t first;

	guest_reset(&bed->guest);
	first = play(bed);
	assert_true(bed->trace.row_count > 10);
	for (unsigned i = 0; i < 10; i++)
		assert_true(play(bed) == first);
	assert_true(play(other) == first);
	bed_free(other);
}

static void a_reset_brings_back_power_on_and_keeps_the_regions(void **state)
{
	struct bed *bed = *state;
	struct bed *fresh = bed_new(&bed_identity);
	unsigned regions = bed->guest.mmio.region_count;

	play(bed);
	assert_int_equal(bed->guest.mmio.region_count, regions);
	assert_int_equal(bed->guest.clock.now_ns, 0);
	assert_int_equal(mem_page_count(bed->guest.mem), 0);
	assert_int_equal(bed->guest.pci.message_count, 0);
	assert_memory_equal(bed->guest.pci.config, fresh->guest.pci.config, PCI_CONFIG_SIZE);
	assert_memory_equal(bed->guest.pci.msix_table, fresh->guest.pci.msix_table, 16 * 16);
	assert_int_equal(bed->guest.pci.msix_pba[0], 0);
	bed_free(fresh);
}

static void rows_carry_the_guests_time(void **state)
{
	struct bed *bed = *state;

	clock_step(&bed->guest.clock, 125000);
	dma_write(&bed->guest, tag, 0, "t", 1);
	assert_int_equal(bed_row(bed, 0)->time_ns, 125000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_reset_guest_plays_the_same_again),
		bed_test(a_reset_brings_back_power_on_and_keeps_the_regions),
		bed_test(rows_carry_the_guests_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
