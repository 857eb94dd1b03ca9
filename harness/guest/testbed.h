// SPDX-License-Identifier: MIT
/*
 * testbed.h -- a small function of its own and the rows it wrote, for the tests beside the files.
 */
#ifndef GUEST_TESTBED_H
#define GUEST_TESTBED_H

#include "guest/guest.h"
#include "heap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BED_ROWS 64u
#define BED_DATA 16u

static const struct pci_identity bed_identity = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subsystem_vendor = 0x1af4,
	.subsystem = 0x1100,
	.revision = 3,
	.prog_if = 0x30,
	.subclass = 0x03,
	.class_code = 0x0c,
	.sbrn = 0x30,
	.fladj = 0x20,
	.bar0_size = 0x4000,
	.bar0_64bit = true,
	.msi_cap = 0x70,
	.msi_vectors = 8,
	.msix_cap = 0x90,
	.msix_vectors = 16,
	.msix_table = 0x3000,
	.msix_pba = 0x3800,
	.pcie_cap = 0xa0,
	.pm_cap = 0x50,
};

struct bed {
	struct trace trace;
	struct guest guest;
	struct trace_row row[BED_ROWS]; /* the last ones wrap around */
	uint8_t data[BED_ROWS][BED_DATA];
	unsigned row_count;
};

static void bed_sink(void *opaque, const struct trace_row *row)
{
	struct bed *bed = opaque;
	unsigned i = bed->row_count++ % BED_ROWS;

	bed->row[i] = *row;
	if (row->data) {
		memcpy(bed->data[i], row->data, min_u64(row->len, BED_DATA));
		bed->row[i].data = bed->data[i];
	}
}

static inline struct bed *bed_new(const struct pci_identity *id)
{
	struct bed *bed = heap_zero(sizeof(*bed));

	bed->trace.sink = bed_sink;
	bed->trace.sink_opaque = bed;
	trace_reset(&bed->trace);
	guest_init(&bed->guest, &bed->trace, id);
	return bed;
}

static inline void bed_free(struct bed *bed)
{
	guest_fini(&bed->guest);
	heap_free(bed);
}

static inline int bed_setup(void **state)
{
	struct bed *bed = bed_new(&bed_identity);

	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE | PCI_COMMAND_BME, 2);
	trace_reset(&bed->trace);
	bed->row_count = 0;
	*state = bed;
	return 0;
}

static inline int bed_teardown(void **state)
{
	bed_free(*state);
	return 0;
}

/* The nth row from the end; 0 is the last. */
static inline const struct trace_row *bed_row(const struct bed *bed, unsigned from_end)
{
	assert_true(bed->row_count > from_end && from_end < BED_ROWS);
	return &bed->row[(bed->row_count - 1 - from_end) % BED_ROWS];
}

#define bed_test(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)

#endif
