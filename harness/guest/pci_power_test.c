// SPDX-License-Identifier: MIT
/* pci_power_test.c -- D3hot, resets of the function, PME#, SERR#, SMI. */
#include "guest/testbed.h"

#define PMCSR (bed_identity.pm_cap + 4u)
#define DEVICE_CONTROL (bed_identity.pcie_cap + 8u)
#define PME_STATUS 0x8000u
#define PME_ENABLE 0x0100u

static unsigned resets;

static void count_reset(void *function)
{
	(void)function;
	resets++;
}

static struct bed *bed_with(bool soft_reset, bool flr, struct pci_identity *id)
{
	struct bed *bed;

	*id = bed_identity;
	id->soft_reset = soft_reset;
	id->flr = flr;
	bed = bed_new(id);
	bed->guest.pci.function_reset = count_reset;
	resets = 0;
	return bed;
}

static unsigned wires(const struct bed *bed, enum irq_what what)
{
	unsigned n = 0;

	for (unsigned i = 0; i < bed->row_count && i < BED_ROWS; i++)
		n += bed->row[i].kind == TRACE_IRQ && bed->row[i].what == what;
	return n;
}

static void d3hot_keeps_the_state_of_a_function_that_says_so(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(false, false, &id);

	(void)state;
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 6, 2);
	assert_int_equal(pci_config_read(&bed->guest, PMCSR, 2) & 8, 8); /* No_Soft_Reset */
	pci_config_write(&bed->guest, PMCSR, 3, 2);
	assert_false(pci_memory_enabled(&bed->guest));
	assert_false(pci_master_enabled(&bed->guest));
	pci_config_write(&bed->guest, PMCSR, 0, 2);
	assert_true(pci_memory_enabled(&bed->guest));
	assert_int_equal(resets, 0);
	bed_free(bed);
}

static void leaving_d3hot_starts_a_function_over_that_has_no_memory(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(true, false, &id);

	(void)state;
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 6, 2);
	pci_config_write(&bed->guest, PMCSR, PME_ENABLE | 3, 2);
	pci_wake(&bed->guest);
	assert_int_equal(resets, 0);
	pci_config_write(&bed->guest, PMCSR, PME_ENABLE, 2);
	assert_int_equal(resets, 1);
	assert_int_equal(wires(bed, IRQ_RESET), 1);
	assert_int_equal(pci_config_read(&bed->guest, PCI_REG_COMMAND, 2), 0);
	assert_int_equal(pci_config_read(&bed->guest, PMCSR, 2), PME_STATUS | PME_ENABLE);
	bed_free(bed);
}

static void a_function_level_reset_is_the_bit_and_nothing_beside_it(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(false, true, &id);

	(void)state;
	assert_true(pci_config_read(&bed->guest, bed_identity.pcie_cap + 4, 4) & 1u << 28);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 6, 2);
	pci_config_write(&bed->guest, DEVICE_CONTROL, 0x7fff, 2);
	pci_config_write(&bed->guest, DEVICE_CONTROL, 0xff, 1);
	assert_int_equal(resets, 0);
	pci_config_write(&bed->guest, DEVICE_CONTROL, 0x8000, 4);
	assert_int_equal(resets, 1);
	pci_config_write(&bed->guest, DEVICE_CONTROL + 1, 0x80, 1);
	assert_int_equal(resets, 2);
	assert_int_equal(pci_config_read(&bed->guest, PCI_REG_COMMAND, 2), 0);
	assert_int_equal(pci_config_read(&bed->guest, DEVICE_CONTROL, 2), 0);
	bed_free(bed);
}

static void a_function_without_flr_ignores_the_bit(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(false, false, &id);

	(void)state;
	pci_config_write(&bed->guest, DEVICE_CONTROL, 0x8000, 2);
	assert_int_equal(resets, 0);
	bed_free(bed);
}

static void pme_is_pulled_once_until_its_status_is_cleared(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(false, false, &id);

	(void)state;
	pci_wake(&bed->guest); /* not enabled: status alone */
	assert_int_equal(wires(bed, IRQ_PME), 0);
	pci_config_write(&bed->guest, PMCSR, PME_STATUS | PME_ENABLE, 2);
	assert_int_equal(pci_config_read(&bed->guest, PMCSR, 2) & PME_STATUS, 0);
	pci_wake(&bed->guest);
	pci_wake(&bed->guest);
	assert_int_equal(wires(bed, IRQ_PME), 1);
	bed_free(bed);
}

static void serr_needs_the_command_register(void **state)
{
	struct pci_identity id;
	struct bed *bed = bed_with(false, false, &id);

	(void)state;
	pci_serr(&bed->guest);
	assert_int_equal(wires(bed, IRQ_SERR), 0);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, PCI_COMMAND_SERR, 2);
	pci_serr(&bed->guest);
	assert_int_equal(wires(bed, IRQ_SERR), 1);
	assert_true(pci_config_read(&bed->guest, PCI_REG_STATUS, 2) & PCI_STATUS_SERR);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d3hot_keeps_the_state_of_a_function_that_says_so),
		cmocka_unit_test(leaving_d3hot_starts_a_function_over_that_has_no_memory),
		cmocka_unit_test(a_function_level_reset_is_the_bit_and_nothing_beside_it),
		cmocka_unit_test(a_function_without_flr_ignores_the_bit),
		cmocka_unit_test(pme_is_pulled_once_until_its_status_is_cleared),
		cmocka_unit_test(serr_needs_the_command_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
