// SPDX-License-Identifier: MIT
/* regs_capability_test.c -- what the profiles say of themselves; the hand-off from firmware. */
#include "xhci/testbed.h"

#include "dev/dev.h"

static uint32_t legacy(struct bed *bed)
{
	return bed_get(bed, XHCI_XECP);
}

static void the_firmware_lets_go_when_the_system_asks(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	assert_int_equal(legacy(bed) & 0xff, 1);
	assert_int_equal(legacy(bed) >> 16, LEGACY_BIOS_OWNED >> 16);
	mmio_write(&bed->guest, XHCI_XECP + 3, 1, 1); /* the OS semaphore's own byte */
	assert_int_equal(legacy(bed) >> 16, (LEGACY_OS_OWNED | LEGACY_BIOS_OWNED) >> 16);
	bed_step(bed, 1000);
	assert_int_equal(legacy(bed) >> 16, LEGACY_OS_OWNED >> 16);
	mmio_write(&bed->guest, XHCI_XECP + 2, 1, 1); /* the firmware's bit is not ours */
	assert_int_equal(legacy(bed) >> 16, LEGACY_OS_OWNED >> 16);
	bed_set(bed, XHCI_XECP, 0);
	bed_step(bed, 1000);
	assert_int_equal(legacy(bed) >> 16, LEGACY_BIOS_OWNED >> 16);
	bed_free(bed);
}

static unsigned smi;

static void count_smi(void *opaque, enum irq_what what)
{
	(void)opaque;
	smi += what == IRQ_SMI;
}

static void ownership_changes_raise_an_smi_if_enabled(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	smi = 0;
	bed->guest.pci.wire_pulled = count_smi;
	bed_set(bed, XHCI_XECP, LEGACY_OS_OWNED);
	assert_int_equal(smi, 0);
	assert_int_equal(bed_get(bed, XHCI_XECP + 4), LEGACY_OWNERSHIP_CHANGED);
	bed_set(bed, XHCI_XECP + 4, 0xffffffff);
	assert_int_equal(bed_get(bed, XHCI_XECP + 4), LEGACY_SMI_ENABLES);
	bed_set(bed, XHCI_XECP, 0);
	assert_int_equal(smi, 1);
	mmio_write(&bed->guest, XHCI_XECP + 4, 0, 1); /* a byte beside it clears no status */
	assert_int_equal(bed_get(bed, XHCI_XECP + 4),
			 LEGACY_OWNERSHIP_CHANGED | (LEGACY_SMI_ENABLES & ~0xffu));
	bed_free(bed);
}

static void the_full_profile_has_the_largest_counts(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	assert_int_equal(bed_get(bed, XHCI_HCSPARAMS1), 8u << 24 | 1024u << 8 | 255);
	assert_int_equal(bed_get(bed, XHCI_HCSPARAMS2) >> 4 & 15, 15);
	assert_int_equal((bed_get(bed, XHCI_HCSPARAMS2) >> 21 & 31) << 5 |
				 bed_get(bed, XHCI_HCSPARAMS2) >> 27,
			 240);
	assert_int_equal(bed_get(bed, XHCI_HCSPARAMS3), 200u << 16 | 4);
	bed_set(bed, bed_intr(bed, 1023, XHCI_IMOD), 0x1234);
	assert_int_equal(bed_get(bed, bed_intr(bed, 1023, XHCI_IMOD)) & 0xffff, 0x1234);
	bed_set(bed, bed_intr(bed, 1024, XHCI_IMOD), 0x1234); /* beyond the last */
	assert_int_equal(bed_get(bed, bed_intr(bed, 1024, XHCI_IMOD)), 0);
	bed_start(bed, 64);
	for (unsigned i = 1; i <= 255; i++) {
		struct trb t = bed_command(bed, TRB_ENABLE_SLOT, 0, 0);

		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		assert_int_equal(trb_slot(&t), i);
	}
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_NO_SLOTS);
	bed_free(bed);
}

static void speeds_are_spelled_out_where_the_profile_says_so(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t usb3 = XHCI_XECP + 16, usb2 = usb3 + 32, last = usb2 + 32;

	(void)state;
	assert_int_equal(bed_get(bed, usb3) >> 16, 0x0310);
	assert_int_equal(bed_get(bed, usb3 + 8), 1u << 28 | 2 << 8 | 1);
	assert_int_equal(bed_get(bed, usb3 + 16), 0x00050134);
	assert_int_equal(bed_get(bed, usb2 + 8), 3u << 28 | 4 << 8 | 3);
	assert_int_equal(bed_get(bed, usb2 + 24), 0x01e00023);
	assert_int_equal(bed_get(bed, last + 8), 2 << 8 | 7);
	assert_int_equal(bed_get(bed, last) >> 8 & 0xff, 4); /* then the vendor's */
	assert_int_equal(bed_get(bed, last + 16), 192);
	bed_free(bed);
}

static void bits_that_hccparams2_does_not_promise_stay_zero(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		uint32_t config = bed_oper(bed, XHCI_CONFIG), command = bed_oper(bed, XHCI_USBCMD);
		bool has = profile >= XHCI_PROFILE_CONFORMANT;

		assert_int_equal(bed_get(bed, XHCI_HCCPARAMS2),
				 has ? HCC2_U3C | HCC2_CMC | HCC2_FSC | HCC2_CTC | HCC2_CIC : 0);
		bed_set(bed, config, 0xffffffff);
		assert_int_equal(bed_get(bed, config), has ? CONFIG_U3E | CONFIG_CIE | 0xff : 0xff);
		bed_set(bed, command, USBCMD_CME);
		assert_int_equal(bed_get(bed, command), has ? USBCMD_CME : 0);
		bed_free(bed);
	}
}

static void nothing_is_written_before_the_controller_is_ready(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t command = bed_oper(bed, XHCI_USBCMD), status = bed_oper(bed, XHCI_USBSTS);

	(void)state;
	bed_set(bed, command, USBCMD_HCRST);
	assert_true(bed_get(bed, command) & USBCMD_HCRST);
	assert_int_equal(bed_get(bed, status), USBSTS_CNR | USBSTS_HCH);
	bed_set(bed, bed_oper(bed, XHCI_CONFIG), 8);
	bed_set(bed, command, USBCMD_RS);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_CONFIG)), 0);
	bed_step(bed, 200);
	assert_int_equal(bed_get(bed, command), 0);
	assert_int_equal(bed_get(bed, status), USBSTS_HCH);
	bed_free(bed);
}

static void a_function_level_reset_forgets_slots_and_registers(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	bed_start(bed, 64);
	bed_address(bed, keyboard_new(), 0);
	pci_config_write(&bed->guest, xhci_profiles[XHCI_PROFILE_FULL].pci.pcie_cap + 8u, 0x8000,
			 2);
	assert_int_equal(xhci_live_endpoints(bed->x), 0);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 6, 2);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_CONFIG)), 0);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)), USBSTS_HCH);
	bed_free(bed);
}

static void a_host_system_error_stops_everything_until_reset(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	uint32_t command = bed_oper(bed, XHCI_USBCMD), status = bed_oper(bed, XHCI_USBSTS);

	(void)state;
	bed_start(bed, 64);
	pci_config_write(&bed->guest, PCI_REG_COMMAND, 6 | PCI_COMMAND_SERR, 2);
	bed_set(bed, command, USBCMD_RS | USBCMD_INTE | USBCMD_HSEE);
	mem_set_fault(bed->guest.mem, BED_COMMANDS, 0);
	mem_set_fault(bed->guest.mem, BED_COMMANDS, MEM_READ | MEM_WRITE);
	bed_doorbell(bed, 0, 0);
	assert_int_equal(bed_get(bed, status) & (USBSTS_HSE | USBSTS_HCH), USBSTS_HSE | USBSTS_HCH);
	assert_true(pci_config_read(&bed->guest, PCI_REG_STATUS, 2) & PCI_STATUS_SERR);
	mem_set_fault(bed->guest.mem, BED_COMMANDS, 0);
	bed_set(bed, command, USBCMD_RS);
	assert_true(bed_get(bed, status) & USBSTS_HCH);
	bed_set(bed, command, USBCMD_HCRST);
	bed_set(bed, command, USBCMD_RS);
	assert_false(bed_get(bed, status) & USBSTS_HCH);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_firmware_lets_go_when_the_system_asks),
		cmocka_unit_test(ownership_changes_raise_an_smi_if_enabled),
		cmocka_unit_test(the_full_profile_has_the_largest_counts),
		cmocka_unit_test(speeds_are_spelled_out_where_the_profile_says_so),
		cmocka_unit_test(bits_that_hccparams2_does_not_promise_stay_zero),
		cmocka_unit_test(nothing_is_written_before_the_controller_is_ready),
		cmocka_unit_test(a_function_level_reset_forgets_slots_and_registers),
		cmocka_unit_test(a_host_system_error_stops_everything_until_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
