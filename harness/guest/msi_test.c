// SPDX-License-Identifier: MIT
#include "guest/testbed.h"

#define MSI_CONTROL 0x72u
#define MSIX_CONTROL 0x92u
#define MSIX_ON 0x8000u
#define MSIX_MASK_ALL 0x4000u
#define TABLE(vector) (0x3000u + 16 * (vector))
#define PBA 0x3800u

static void msi_program(struct bed *bed, uint64_t addr, uint16_t data, unsigned log2_count)
{
	struct guest *g = &bed->guest;

	pci_config_write(g, 0x74, (uint32_t)addr, 4);
	pci_config_write(g, 0x78, (uint32_t)(addr >> 32), 4);
	pci_config_write(g, 0x7c, data, 2);
	pci_config_write(g, MSI_CONTROL, 1 | log2_count << 4, 2);
}

static void msix_program(struct bed *bed, unsigned vector, uint64_t addr, uint32_t data)
{
	mmio_write(&bed->guest, TABLE(vector), addr, 8);
	mmio_write(&bed->guest, TABLE(vector) + 8, data, 8); /* and vector control: unmasked */
}

static uint32_t word_at(struct bed *bed, uint64_t addr)
{
	uint8_t bytes[4];

	mem_read(bed->guest.mem, addr, bytes, 4);
	return get_le32(bytes);
}

static void without_messages_the_caller_uses_the_line(void **state)
{
	struct bed *bed = *state;

	assert_false(pci_notify(&bed->guest, 0));
	assert_int_equal(bed->row_count, 0);
}

static void msi_control_offers_what_the_identity_says(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(pci_config_read(&bed->guest, MSI_CONTROL, 2), 0x0086);
	pci_config_write(&bed->guest, MSI_CONTROL, 0xffff, 2);
	/* More messages than there are is cut. */
	assert_int_equal(pci_config_read(&bed->guest, MSI_CONTROL, 2), 0x00b7);
	assert_true(pci_msi_enabled(&bed->guest));
	pci_config_write(&bed->guest, 0x74, 0xffffffff, 4);
	assert_int_equal(pci_config_read(&bed->guest, 0x74, 4), 0xfffffffc);
}

static void an_msi_is_a_traced_write_of_its_data(void **state)
{
	struct bed *bed = *state;

	msi_program(bed, UINT64_C(0x1fee00000), 0x4141, 0);
	assert_true(pci_notify(&bed->guest, 0));
	assert_int_equal(word_at(bed, UINT64_C(0x1fee00000)), 0x4141);
	assert_int_equal(bed_row(bed, 1)->kind, TRACE_DMA);
	assert_int_equal(bed_row(bed, 1)->what, DMA_MSI);
	assert_int_equal(bed_row(bed, 1)->flags, TRACE_WRITE);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_IRQ);
	assert_int_equal(bed_row(bed, 0)->what, IRQ_MSI);
	assert_true(bed_row(bed, 0)->addr == UINT64_C(0x1fee00000));
	assert_int_equal(bed_row(bed, 0)->value, 0x4141);
	assert_int_equal(bed->guest.pci.message_count, 1);
}

static void several_msi_messages_differ_in_their_low_bits(void **state)
{
	struct bed *bed = *state;

	msi_program(bed, 0xfee00000, 0x41ff, 2);
	pci_notify(&bed->guest, 3);
	assert_int_equal(word_at(bed, 0xfee00000), 0x41ff);
	pci_notify(&bed->guest, 1);
	assert_int_equal(word_at(bed, 0xfee00000), 0x41fd);
	pci_notify(&bed->guest, 5); /* beyond what is enabled */
	assert_int_equal(word_at(bed, 0xfee00000), 0x41fc);
	msi_program(bed, 0xfee00000, 0x41ff, 0);
	pci_notify(&bed->guest, 1000);
	assert_int_equal(word_at(bed, 0xfee00000), 0x41ff);
}

static void a_message_obeys_bus_mastering_faults_and_the_own_bar(void **state)
{
	struct bed *bed = *state;

	msi_program(bed, 0x8000, 1, 0);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE, 2);
	assert_true(pci_notify(&bed->guest, 0));
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_BLOCKED | TRACE_WRITE);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE | PCI_COMMAND_BME, 2);
	mem_set_fault(bed->guest.mem, 0x8000, MEM_WRITE);
	assert_true(pci_notify(&bed->guest, 0));
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT | TRACE_WRITE);
	msi_program(bed, GUEST_BAR0 + 0x3000, 1, 0);
	assert_true(pci_notify(&bed->guest, 0));
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT | TRACE_OWN_BAR | TRACE_WRITE);
	assert_int_equal(bed->guest.pci.message_count, 0);
}

static void msix_wins_where_both_are_enabled(void **state)
{
	struct bed *bed = *state;

	msi_program(bed, 0x8000, 1, 0);
	msix_program(bed, 0, 0x9000, 2);
	pci_config_write(&bed->guest, MSIX_CONTROL, MSIX_ON, 2);
	assert_false(pci_msi_enabled(&bed->guest));
	assert_true(pci_msix_enabled(&bed->guest));
	pci_notify(&bed->guest, 0);
	assert_int_equal(word_at(bed, 0x8000), 0);
	assert_int_equal(word_at(bed, 0x9000), 2);
	assert_int_equal(bed_row(bed, 0)->what, IRQ_MSIX);
}

static void the_msix_capability_names_table_and_pending_bits(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(pci_config_read(&bed->guest, MSIX_CONTROL, 2), 15);
	assert_int_equal(pci_config_read(&bed->guest, 0x94, 4), 0x3000);
	assert_int_equal(pci_config_read(&bed->guest, 0x98, 4), 0x3800);
	pci_config_write(&bed->guest, MSIX_CONTROL, 0xffff, 2);
	assert_int_equal(pci_config_read(&bed->guest, MSIX_CONTROL, 2), 0xc00f);
}

static void table_entries_start_masked_and_keep_only_defined_bits(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	for (unsigned v = 0; v < 16; v++)
		assert_true(mmio_read(g, TABLE(v) + 8, 8) == UINT64_C(1) << 32);
	mmio_write(g, TABLE(5), UINT64_MAX, 8);
	mmio_write(g, TABLE(5) + 8, 0xffffffff, 4);
	mmio_write(g, TABLE(5) + 12, 0xffffffff, 4);
	assert_true(mmio_read(g, TABLE(5), 8) == UINT64_MAX - 3);
	assert_int_equal(mmio_read(g, TABLE(5) + 4, 4), 0xffffffff);
	assert_int_equal(mmio_read(g, TABLE(5) + 12, 4), 1);
	assert_int_equal(mmio_read(g, TABLE(4), 8), 0);
	/* Other widths are not defined. */
	mmio_write(g, TABLE(6), 0xff, 1);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED | TRACE_WRITE);
	mmio_read(g, TABLE(6), 2);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_UNASSIGNED);
	assert_int_equal(mmio_read(g, TABLE(6), 4), 0);
}

static void a_masked_vector_waits_and_is_sent_once_when_unmasked(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	msix_program(bed, 9, 0x9000, 7);
	mmio_write(g, TABLE(9) + 12, 1, 4);
	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	assert_true(pci_notify(g, 9));
	assert_true(pci_notify(g, 9));
	assert_int_equal(g->pci.message_count, 0);
	assert_int_equal(mmio_read(g, PBA, 8), 1 << 9);
	/* Still masked: changing the data sends nothing. */
	mmio_write(g, TABLE(9) + 8, 8, 4);
	assert_int_equal(g->pci.message_count, 0);
	mmio_write(g, TABLE(9) + 12, 0, 4);
	assert_int_equal(g->pci.message_count, 1);
	assert_int_equal(word_at(bed, 0x9000), 8);
	assert_int_equal(mmio_read(g, PBA, 8), 0);
	mmio_write(g, TABLE(9) + 12, 0, 4);
	assert_int_equal(g->pci.message_count, 1);
}

static void the_function_mask_holds_all_back(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	msix_program(bed, 0, 0x9000, 1);
	msix_program(bed, 15, 0x9100, 2);
	pci_config_write(g, MSIX_CONTROL, MSIX_ON | MSIX_MASK_ALL, 2);
	pci_notify(g, 0);
	pci_notify(g, 15);
	pci_notify(g, 3); /* masked by itself, too */
	mmio_write(g, TABLE(0) + 12, 0, 4);
	assert_int_equal(g->pci.message_count, 0);
	assert_int_equal(mmio_read(g, PBA, 4), 0x8009);
	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	assert_int_equal(g->pci.message_count, 2);
	assert_int_equal(word_at(bed, 0x9000), 1);
	assert_int_equal(word_at(bed, 0x9100), 2);
	assert_int_equal(mmio_read(g, PBA, 4), 8);
}

static void pending_bits_survive_disabling_and_are_sent_when_enabled(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	pci_notify(g, 2);
	pci_config_write(g, MSIX_CONTROL, 0, 2);
	msix_program(bed, 2, 0x9000, 3);
	assert_int_equal(g->pci.message_count, 0);
	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	assert_int_equal(g->pci.message_count, 1);
}

static void writes_to_the_pending_bits_are_ignored(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	pci_notify(g, 1);
	mmio_write(g, PBA, UINT64_MAX, 8);
	assert_int_equal(mmio_read(g, PBA, 8), 2);
	mmio_write(g, PBA, 0, 4);
	assert_int_equal(mmio_read(g, PBA, 8), 2);
}

static void a_vector_beyond_the_table_is_dropped(void **state)
{
	struct bed *bed = *state;

	pci_config_write(&bed->guest, MSIX_CONTROL, MSIX_ON, 2);
	assert_true(pci_notify(&bed->guest, 16));
	assert_true(pci_notify(&bed->guest, UINT32_MAX));
	assert_int_equal(mmio_read(&bed->guest, PBA, 8), 0);
	assert_int_equal(bed->guest.pci.message_count, 0);
}

static void a_vector_aimed_at_the_table_changes_nothing(void **state)
{
	struct bed *bed = *state;
	struct guest *g = &bed->guest;

	pci_config_write(g, MSIX_CONTROL, MSIX_ON, 2);
	pci_notify(g, 0);
	msix_program(bed, 0, GUEST_BAR0 + TABLE(0) + 12, 1); /* unmasking sends it */
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_DMA);
	assert_true(bed_row(bed, 0)->flags & TRACE_OWN_BAR);
	assert_int_equal(mmio_read(g, TABLE(0) + 12, 4), 0);
}

struct inbox {
	uint64_t addr;
	uint32_t data;
	unsigned count;
};

static void message_arrived(void *opaque, uint64_t addr, uint32_t data)
{
	struct inbox *inbox = opaque;

	*inbox = (struct inbox){addr, data, inbox->count + 1};
}

static void a_served_vm_is_told_of_each_message(void **state)
{
	struct bed *bed = *state;
	struct inbox inbox = {0};

	bed->guest.pci.message_sent = message_arrived;
	bed->guest.pci.opaque = &inbox;
	msi_program(bed, 0xfee01004, 0x31, 0);
	pci_notify(&bed->guest, 0);
	assert_int_equal(inbox.count, 1);
	assert_int_equal(inbox.addr, 0xfee01004);
	assert_int_equal(inbox.data, 0x31);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 0, 2);
	pci_notify(&bed->guest, 0);
	assert_int_equal(inbox.count, 1);
}

static void the_largest_table_works_to_its_last_vector(void **state)
{
	struct pci_identity id = bed_identity;
	struct bed *bed;

	(void)state;
	id.msix_vectors = PCI_MAX_MSIX;
	id.bar0_size = 0x10000;
	id.msix_table = 0x8000;
	id.msix_pba = 0x4000;
	bed = bed_new(&id);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_MSE | PCI_COMMAND_BME, 2);
	pci_config_write(&bed->guest, MSIX_CONTROL, MSIX_ON, 2);
	pci_notify(&bed->guest, PCI_MAX_MSIX - 1);
	assert_true(mmio_read(&bed->guest, 0x4000 + 120, 8) == UINT64_C(1) << 63);
	mmio_write(&bed->guest, 0xbff8, 5, 8);
	assert_int_equal(bed->guest.pci.message_count, 1);
	assert_int_equal(word_at(bed, 0), 5);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(without_messages_the_caller_uses_the_line),
		bed_test(msi_control_offers_what_the_identity_says),
		bed_test(an_msi_is_a_traced_write_of_its_data),
		bed_test(several_msi_messages_differ_in_their_low_bits),
		bed_test(a_message_obeys_bus_mastering_faults_and_the_own_bar),
		bed_test(msix_wins_where_both_are_enabled),
		bed_test(the_msix_capability_names_table_and_pending_bits),
		bed_test(table_entries_start_masked_and_keep_only_defined_bits),
		bed_test(a_masked_vector_waits_and_is_sent_once_when_unmasked),
		bed_test(the_function_mask_holds_all_back),
		bed_test(pending_bits_survive_disabling_and_are_sent_when_enabled),
		bed_test(writes_to_the_pending_bits_are_ignored),
		bed_test(a_vector_beyond_the_table_is_dropped),
		bed_test(a_vector_aimed_at_the_table_changes_nothing),
		bed_test(a_served_vm_is_told_of_each_message),
		cmocka_unit_test(the_largest_table_works_to_its_last_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
