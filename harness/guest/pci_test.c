// SPDX-License-Identifier: MIT
#include "guest/testbed.h"

static uint32_t get(struct bed *bed, unsigned offset, unsigned size)
{
	return pci_config_read(&bed->guest, offset, size);
}

static void put(struct bed *bed, unsigned offset, uint32_t value, unsigned size)
{
	pci_config_write(&bed->guest, offset, value, size);
}

static void the_identity_is_readable_at_its_places_and_read_only(void **state)
{
	static const struct {
		unsigned offset, size;
		uint32_t value;
	} want[] = {
		{0x00, 4, 0x56781234}, {0x08, 4, 0x0c033003}, {0x0e, 1, 0x00},
		{0x2c, 4, 0x11001af4}, {0x3d, 1, 0x01},       {0x60, 1, 0x30},
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		put(*state, want[i].offset, 0xffffffff, want[i].size);
		assert_int_equal(get(*state, want[i].offset, want[i].size), want[i].value);
	}
}

static void after_reset_the_bar_is_assigned_and_both_gates_are_shut(void **state)
{
	struct bed *bed = *state;

	put(bed, PCI_REG_BAR0, 0, 4);
	guest_reset(&bed->guest);
	assert_int_equal(get(bed, PCI_REG_COMMAND, 2), 0);
	assert_false(pci_memory_enabled(&bed->guest) || pci_master_enabled(&bed->guest));
	assert_int_equal(pci_bar0(&bed->guest), GUEST_BAR0);
	assert_int_equal(get(bed, PCI_REG_BAR0, 4), 0xfebf0004);
}

static void writing_ones_to_the_bar_shows_its_size(void **state)
{
	struct bed *bed = *state;

	put(bed, PCI_REG_BAR0, 0xffffffff, 4);
	put(bed, PCI_REG_BAR0 + 4, 0xffffffff, 4);
	assert_int_equal(get(bed, PCI_REG_BAR0, 4), 0xffffc004);
	assert_int_equal(get(bed, PCI_REG_BAR0 + 4, 4), 0xffffffff);
	put(bed, PCI_REG_BAR0, 0x12345678, 4);
	put(bed, PCI_REG_BAR0 + 4, 0x9a, 4);
	assert_true(pci_bar0(&bed->guest) == UINT64_C(0x9a12344000));
	for (unsigned bar = 2; bar < 6; bar++) {
		put(bed, PCI_REG_BAR0 + 4 * bar, 0xffffffff, 4);
		assert_int_equal(get(bed, PCI_REG_BAR0 + 4 * bar, 4), 0);
	}
}

static void a_32_bit_bar_has_no_upper_half(void **state)
{
	struct pci_identity id = bed_identity;
	struct bed *bed;

	(void)state;
	id.bar0_64bit = false;
	id.bar0_size = 0x100000;
	bed = bed_new(&id);
	assert_int_equal(pci_bar0(&bed->guest), 0xfeb00000);
	put(bed, PCI_REG_BAR0, 0xffffffff, 4);
	put(bed, PCI_REG_BAR0 + 4, 0xffffffff, 4);
	assert_int_equal(get(bed, PCI_REG_BAR0, 4), 0xfff00000);
	assert_int_equal(get(bed, PCI_REG_BAR0 + 4, 4), 0);
	assert_int_equal(pci_bar0(&bed->guest), 0xfff00000);
	bed_free(bed);
}

static void only_the_implemented_command_bits_are_writable(void **state)
{
	struct bed *bed = *state;

	put(bed, PCI_REG_COMMAND, 0xffff, 2);
	assert_int_equal(get(bed, PCI_REG_COMMAND, 2), 0x0506);
	put(bed, PCI_REG_COMMAND, 0, 1);
	assert_int_equal(get(bed, PCI_REG_COMMAND, 2), 0x0500);
	assert_false(pci_memory_enabled(&bed->guest) || pci_master_enabled(&bed->guest));
}

static void small_registers_take_what_they_have_bits_for(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(get(bed, 0x61, 1), 0x20);
	put(bed, 0x61, 0xff, 1);
	assert_int_equal(get(bed, 0x61, 1), 0x3f);
	put(bed, 0x3c, 0x1234, 2);
	assert_int_equal(get(bed, 0x3c, 2), 0x0134);
	put(bed, 0x0c, 0xff, 1);
	assert_int_equal(get(bed, 0x0c, 1), 0xff);
}

static void misaligned_oversized_and_distant_accesses_are_not_performed(void **state)
{
	static const struct {
		unsigned offset, size;
	} bad[] = {{1, 2}, {2, 4}, {0, 3}, {0, 8}, {0, 0}, {256, 1}, {256, 4}, {4096, 4}, {~3u, 4}};
	struct bed *bed = *state;
	uint8_t before[PCI_CONFIG_SIZE];

	memcpy(before, bed->guest.pci.config, sizeof(before));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t ones = bad[i].size == 1 ? 0xff : bad[i].size == 2 ? 0xffff : 0xffffffff;

		assert_int_equal(get(bed, bad[i].offset, bad[i].size), ones);
		assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT);
		put(bed, bad[i].offset, 0, bad[i].size);
		assert_int_equal(bed_row(bed, 0)->flags, TRACE_FAULT | TRACE_WRITE);
	}
	assert_memory_equal(before, bed->guest.pci.config, sizeof(before));
}

static void configuration_rows_carry_offset_size_and_value(void **state)
{
	struct bed *bed = *state;

	get(bed, 2, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_CONFIG);
	assert_int_equal(bed_row(bed, 0)->addr, 2);
	assert_int_equal(bed_row(bed, 0)->len, 2);
	assert_int_equal(bed_row(bed, 0)->value, 0x5678);
	put(bed, 0x3c, 0xabcd, 1);
	assert_int_equal(bed_row(bed, 0)->flags, TRACE_WRITE);
	assert_int_equal(bed_row(bed, 0)->value, 0xcd);
}

static void the_capability_list_ends_and_holds_each_capability_once(void **state)
{
	struct bed *bed = *state;
	unsigned at = get(bed, 0x34, 1), found = 0;

	assert_true(get(bed, PCI_REG_STATUS, 2) & PCI_STATUS_CAPS);
	// NOLINTNEXTLINE(bugprone-infinite-loop): `at` moves at its end
	for (unsigned budget = 8; at; budget--) {
		unsigned id = get(bed, at, 1);

		assert_true(budget > 0);
		assert_true((id == 0x01 && at == 0x50) || (id == 0x05 && at == 0x70) ||
			    (id == 0x11 && at == 0x90) || (id == 0x10 && at == 0xa0));
		found++;
		at = get(bed, at + 1, 1);
	}
	assert_int_equal(found, 4);
}

static void a_function_without_capabilities_says_so(void **state)
{
	struct pci_identity id = bed_identity;
	struct bed *bed;

	(void)state;
	id.msi_cap = id.msix_cap = id.pcie_cap = id.pm_cap = 0;
	bed = bed_new(&id);
	assert_int_equal(get(bed, 0x34, 1), 0);
	assert_int_equal(get(bed, PCI_REG_STATUS, 2), 0);
	assert_int_equal(bed->guest.mmio.region_count, 0);
	for (unsigned at = 0x40; at < PCI_CONFIG_SIZE; at += 4)
		put(bed, at, 0xffffffff, 4);
	assert_false(pci_msi_enabled(&bed->guest) || pci_msix_enabled(&bed->guest));
	assert_false(pci_notify(&bed->guest, 0));
	bed_free(bed);
}

static void the_pcie_capability_is_a_read_only_endpoint(void **state)
{
	struct bed *bed = *state;
	uint8_t before[PCI_CONFIG_SIZE];

	assert_int_equal(get(bed, 0xa2, 2), 2);
	memcpy(before, bed->guest.pci.config, sizeof(before));
	for (unsigned at = 0xa0; at < 0xdc; at += 4)
		put(bed, at, 0xffffffff, 4);
	assert_memory_equal(before, bed->guest.pci.config, sizeof(before));
}

static void d3hot_shuts_both_gates_and_keeps_the_registers(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(get(bed, 0x54, 2), 0x0008); /* No_Soft_Reset */
	put(bed, 0x54, 3, 2);
	assert_false(pci_memory_enabled(&bed->guest) || pci_master_enabled(&bed->guest));
	assert_int_equal(get(bed, PCI_REG_COMMAND, 2), PCI_COMMAND_MSE | PCI_COMMAND_BME);
	put(bed, 0x54, 0, 2);
	assert_true(pci_memory_enabled(&bed->guest) && pci_master_enabled(&bed->guest));
}

static void power_states_that_are_not_there_are_discarded(void **state)
{
	struct bed *bed = *state;

	put(bed, 0x54, 1, 2);
	assert_int_equal(get(bed, 0x54, 1), 0x08);
	put(bed, 0x54, 3, 2);
	put(bed, 0x54, 2, 2);
	assert_int_equal(get(bed, 0x54, 1), 0x0b);
}

struct line {
	unsigned changes;
	bool level;
};

static void line_changed(void *opaque, bool level)
{
	struct line *line = opaque;

	line->changes++;
	line->level = level;
}

static void the_line_is_shown_at_each_change_and_only_then(void **state)
{
	struct bed *bed = *state;
	struct line line = {0};

	bed->guest.pci.intx_changed = line_changed;
	bed->guest.pci.opaque = &line;
	pci_set_intx(&bed->guest, false);
	assert_int_equal(bed->row_count, 0);
	pci_set_intx(&bed->guest, true);
	pci_set_intx(&bed->guest, true);
	assert_int_equal(bed->row_count, 1);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_IRQ);
	assert_int_equal(bed_row(bed, 0)->what, IRQ_INTX);
	assert_int_equal(bed_row(bed, 0)->value, 1);
	assert_true(line.level);
	pci_set_intx(&bed->guest, false);
	assert_int_equal(bed_row(bed, 0)->value, 0);
	assert_int_equal(line.changes, 2);
	assert_int_equal(bed->row_count, 2);
}

static void a_disabled_line_is_remembered_and_shown_when_enabled(void **state)
{
	struct bed *bed = *state;
	unsigned rows;

	put(bed, PCI_REG_COMMAND, PCI_COMMAND_INTX_OFF, 2);
	rows = bed->row_count;
	pci_set_intx(&bed->guest, true);
	assert_int_equal(bed->row_count, rows);
	assert_true(get(bed, PCI_REG_STATUS, 2) & PCI_STATUS_INTX);
	put(bed, PCI_REG_COMMAND, 0, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_IRQ);
	assert_int_equal(bed_row(bed, 0)->value, 1);
	put(bed, PCI_REG_COMMAND, PCI_COMMAND_INTX_OFF, 2);
	assert_int_equal(bed_row(bed, 0)->value, 0);
	pci_set_intx(&bed->guest, false);
	assert_false(get(bed, PCI_REG_STATUS, 2) & PCI_STATUS_INTX);
	put(bed, PCI_REG_COMMAND, 0, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_CONFIG);
}

static void messages_and_d3hot_take_the_line_away(void **state)
{
	struct bed *bed = *state;

	pci_set_intx(&bed->guest, true);
	put(bed, 0x72, 1, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_IRQ);
	assert_int_equal(bed_row(bed, 0)->value, 0);
	assert_false(get(bed, PCI_REG_STATUS, 2) & PCI_STATUS_INTX);
	put(bed, 0x72, 0, 2);
	assert_int_equal(bed_row(bed, 0)->value, 1);
	put(bed, 0x92, 0x8000, 2);
	assert_int_equal(bed_row(bed, 0)->value, 0);
	put(bed, 0x92, 0, 2);
	put(bed, 0x54, 3, 2);
	assert_int_equal(bed_row(bed, 0)->kind, TRACE_IRQ);
	assert_int_equal(bed_row(bed, 0)->value, 0);
}

static void a_reset_lowers_the_line_without_a_row(void **state)
{
	struct bed *bed = *state;
	struct line line = {0};

	bed->guest.pci.intx_changed = line_changed;
	bed->guest.pci.opaque = &line;
	pci_set_intx(&bed->guest, true);
	guest_reset(&bed->guest);
	assert_int_equal(bed->row_count, 1);
	assert_int_equal(line.changes, 2);
	assert_false(line.level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(the_identity_is_readable_at_its_places_and_read_only),
		bed_test(after_reset_the_bar_is_assigned_and_both_gates_are_shut),
		bed_test(writing_ones_to_the_bar_shows_its_size),
		cmocka_unit_test(a_32_bit_bar_has_no_upper_half),
		bed_test(only_the_implemented_command_bits_are_writable),
		bed_test(small_registers_take_what_they_have_bits_for),
		bed_test(misaligned_oversized_and_distant_accesses_are_not_performed),
		bed_test(configuration_rows_carry_offset_size_and_value),
		bed_test(the_capability_list_ends_and_holds_each_capability_once),
		cmocka_unit_test(a_function_without_capabilities_says_so),
		bed_test(the_pcie_capability_is_a_read_only_endpoint),
		bed_test(d3hot_shuts_both_gates_and_keeps_the_registers),
		bed_test(power_states_that_are_not_there_are_discarded),
		bed_test(the_line_is_shown_at_each_change_and_only_then),
		bed_test(a_disabled_line_is_remembered_and_shown_when_enabled),
		bed_test(messages_and_d3hot_take_the_line_away),
		bed_test(a_reset_lowers_the_line_without_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
