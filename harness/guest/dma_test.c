// SPDX-License-Identifier: MIT
#include <errno.h>

#include "guest/testbed.h"

static const struct dma_tag tag = {.what = DMA_DATA, .slot = 3, .dci = 5};

static void a_row_names_what_was_copied_where_and_why(void **state)
{
	struct bed *bed = *state;
	uint8_t out[4];

	assert_int_equal(dma_write(&bed->guest, tag, 0x1234, "abcd", 4), DMA_OK);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_DMA);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_WRITE);
	assert_int_equal(bed_row(bed, 0)->what, DMA_DATA);
	assert_int_equal(bed_row(bed, 0)->slot, 3);
	assert_int_equal(bed_row(bed, 0)->dci, 5);
	assert_int_equal(bed_row(bed, 0)->addr, 0x1234);
	assert_int_equal(bed_row(bed, 0)->len, 4);
	assert_memory_equal(bed_row(bed, 0)->data, "abcd", 4);
	mem_add_flip(bed->guest.mem, 0x1235, 1, "X", 1);
	assert_int_equal(dma_read(&bed->guest, tag, 0x1234, out, 4), DMA_OK);
	assert_memory_equal(out, "aXcd", 4);
	assert_int_equal(bed_row(bed, 0)->flags, 0);
	assert_memory_equal(bed_row(bed, 0)->data, "aXcd", 4);
}

/* A guest's memory that looks at what it has whenever something arrives. */
struct polled {
	uint8_t trb[16];
	unsigned writes, early;
};

static int polled_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	(void)opaque, (void)addr;
	memset(buf, 0, len);
	return 0;
}

static int polled_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct polled *p = opaque;

	memcpy(p->trb + addr % sizeof(p->trb), buf, len);
	p->writes++;
	p->early += (p->trb[12] & 1) && memcmp(p->trb, "0123456789ab", 12) != 0;
	return 0;
}

static void the_cycle_bit_of_an_event_is_written_last(void **state)
{
	static const struct guest_memory_ops ops = {polled_read, polled_write};
	struct bed *bed = *state;
	struct polled p = {0};

	bed->guest.outside = &ops;
	bed->guest.outside_opaque = &p;
	assert_int_equal(dma_write(&bed->guest, (struct dma_tag){.what = DMA_EVENT_TRB}, 0x4000,
				   "0123456789ab\1\2\3\4", 16),
			 DMA_OK);
	assert_memory_equal(p.trb, "0123456789ab\1\2\3\4", 16);
	assert_int_equal(p.writes, 2);
	assert_int_equal(p.early, 0);
	assert_int_equal(bed->row_count, 1); /* for the trace it is one event */
	assert_int_equal(dma_write(&bed->guest, tag, 0x4000, "0123456789ab\1\2\3\4", 16), DMA_OK);
	assert_int_equal(p.writes, 3);
	bed->guest.outside = NULL;
}

static void zero_bytes_are_no_access(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(dma_read(&bed->guest, tag, UINT64_MAX, NULL, 0), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, GUEST_BAR0, NULL, 0), DMA_OK);
	assert_int_equal(bed->row_count, 0);
}

static void a_fault_zeroes_the_buffer_and_shows_in_row_and_status(void **state)
{
	struct bed *bed = *state;
	uint8_t out[4] = {1, 2, 3, 4};

	mem_set_fault(bed->guest.mem, 0x5000, MEM_READ);
	assert_int_equal(dma_read(&bed->guest, tag, 0x4ffe, out, 4), DMA_FAULT);
	assert_int_equal(get_le32(out), 0);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT);
	assert_null(bed_row(bed, 0)->data);
	assert_int_equal(bed_row(bed, 0)->len, 4);
	assert_true(pci_config_read(&bed->guest, PCI_REG_STATUS, 2) & PCI_STATUS_MASTER_ABORT);
	pci_config_write(&bed->guest, PCI_REG_STATUS, PCI_STATUS_MASTER_ABORT, 2);
	assert_false(pci_config_read(&bed->guest, PCI_REG_STATUS, 2) & PCI_STATUS_MASTER_ABORT);
	assert_int_equal(dma_write(&bed->guest, tag, 0x5000, out, 4), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, UINT64_MAX - 2, out, 4), DMA_FAULT);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT | TRACE_WRITE);
	assert_int_equal(dma_read(&bed->guest, tag, UINT64_MAX - 3, out, 4), DMA_OK);
}

static void without_bus_master_enable_nothing_is_touched(void **state)
{
	struct bed *bed = *state;
	uint8_t out[2] = {1, 1};

	mem_write(bed->guest.mem, 0x100, "mm", 2);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE, 2);
	assert_int_equal(dma_read(&bed->guest, tag, 0x100, out, 2), DMA_BLOCKED);
	assert_int_equal(get_le16(out), 0);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_BLOCKED);
	assert_null(bed_row(bed, 0)->data);
	assert_int_equal(dma_write(&bed->guest, tag, 0x100, "xx", 2), DMA_BLOCKED);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_BLOCKED | TRACE_WRITE);
	mem_read(bed->guest.mem, 0x100, out, 2);
	assert_memory_equal(out, "mm", 2);
}

static void nothing_overlapping_the_own_bar_is_performed(void **state)
{
	struct bed *bed = *state;
	uint64_t bar = GUEST_BAR0, end = bar + bed_identity.bar0_size;
	uint8_t b[4] = {1};
	static uint8_t around[0x6000];

	assert_int_equal(dma_write(&bed->guest, tag, bar - 4, b, 4), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, end, b, 4), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, bar - 3, b, 4), DMA_FAULT);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_OWN_BAR | TRACE_FAULT | TRACE_WRITE);
	assert_int_equal(dma_write(&bed->guest, tag, end - 1, b, 4), DMA_FAULT);
	assert_int_equal(dma_read(&bed->guest, tag, bar + 0x20, b, 4), DMA_FAULT);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_OWN_BAR | TRACE_FAULT);
	assert_int_equal(dma_write(&bed->guest, tag, bar - 0x1000, around, sizeof(around)),
			 DMA_FAULT);
	/* The window is where the BAR is, and only while it decodes. */
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_BME, 2);
	assert_int_equal(dma_write(&bed->guest, tag, bar, b, 4), DMA_OK);
	pci_config_write(&bed->guest, PCI_REG_BAR0, 0xffffffff, 4);
	pci_config_write(&bed->guest, PCI_REG_BAR0 + 4, 0xffffffff, 4);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_BME | PCI_COMMAND_MSE, 2);
	assert_int_equal(dma_write(&bed->guest, tag, bar, b, 4), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, UINT64_MAX, b, 1), DMA_FAULT);
	assert_int_equal(dma_write(&bed->guest, tag, UINT64_MAX - 0x4000, b, 1), DMA_OK);
	assert_int_equal(dma_write(&bed->guest, tag, UINT64_MAX - 0x4000, b, 2), DMA_FAULT);
}

struct elsewhere {
	uint8_t bytes[64];
	unsigned writes;
};

static int elsewhere_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct elsewhere *e = opaque;

	if (addr > sizeof(e->bytes) || len > sizeof(e->bytes) - addr)
		return -EFAULT;
	memcpy(buf, e->bytes + addr, len);
	return 0;
}

static int elsewhere_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct elsewhere *e = opaque;

	if (addr > sizeof(e->bytes) || len > sizeof(e->bytes) - addr)
		return -EFAULT;
	memcpy(e->bytes + addr, buf, len);
	e->writes++;
	return 0;
}

static void outside_memory_is_used_for_all_but_messages(void **state)
{
	static const struct guest_memory_ops ops = {elsewhere_read, elsewhere_write};
	struct bed *bed = *state;
	struct elsewhere e = {.bytes = "outside"};
	uint8_t out[4];

	bed->guest.outside = &ops;
	bed->guest.outside_opaque = &e;
	assert_int_equal(dma_read(&bed->guest, tag, 3, out, 4), DMA_OK);
	assert_memory_equal(out, "side", 4);
	assert_int_equal(dma_write(&bed->guest, tag, 0, "in", 2), DMA_OK);
	assert_memory_equal(e.bytes, "intside", 7);
	assert_int_equal(dma_read(&bed->guest, tag, 61, out, 4), DMA_FAULT);
	assert_int_equal(get_le32(out), 0);
	assert_int_equal(
		dma_write(&bed->guest, (struct dma_tag){.what = DMA_MSI}, 0xfee00000, out, 4),
		DMA_OK);
	assert_int_equal(e.writes, 1);
	assert_int_equal(mem_page_count(bed->guest.mem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_row_names_what_was_copied_where_and_why),
		bed_test(the_cycle_bit_of_an_event_is_written_last),
		bed_test(zero_bytes_are_no_access),
		bed_test(a_fault_zeroes_the_buffer_and_shows_in_row_and_status),
		bed_test(without_bus_master_enable_nothing_is_touched),
		bed_test(nothing_overlapping_the_own_bar_is_performed),
		bed_test(outside_memory_is_used_for_all_but_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
