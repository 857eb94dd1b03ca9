// SPDX-License-Identifier: MIT
/*
 * profile.c -- which controller this is: identities and capabilities as rows.
 * qemu-xhci and nec-usb-xhci have the register layout of QEMU's controllers, so that one
 * program means the same on both; conformant is xHCI 1.2 with what is implemented switched on.
 */
#include "xhci/xhci.h"

#define QEMU_LAYOUT                                                                                \
	.hci_version = 0x0100, .cap_length = 0x40, .rtsoff = 0x1000, .dboff = 0x2000, .slots = 64, \
	.intrs = 16, .usb2_ports = 4, .usb3_ports = 4, .usb3_first = true,                         \
	.hccparams1 = 0x7000 | HCC1_AC64

const struct xhci_profile xhci_profiles[XHCI_PROFILES] = {
	[XHCI_PROFILE_QEMU] =
		{
			.name = "qemu-xhci",
			.pci = {.vendor = 0x1b36,
				.device = 0x000d,
				.subsystem_vendor = 0x1af4,
				.subsystem = 0x1100,
				.revision = 1,
				.prog_if = 0x30,
				.subclass = 0x03,
				.class_code = 0x0c,
				.sbrn = 0x30,
				.fladj = 0x20,
				.bar0_size = 0x4000,
				.bar0_64bit = true,
				.msix_cap = 0x90,
				.msix_vectors = 16,
				.msix_table = 0x3000,
				.msix_pba = 0x3800},
			QEMU_LAYOUT,
		},
	[XHCI_PROFILE_NEC] =
		{
			.name = "nec-usb-xhci",
			.pci = {.vendor = 0x1033,
				.device = 0x0194,
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
				.msi_vectors = 16,
				.msix_cap = 0x90,
				.msix_vectors = 16,
				.msix_table = 0x3000,
				.msix_pba = 0x3800},
			QEMU_LAYOUT,
			.nec = true,
		},
	[XHCI_PROFILE_CONFORMANT] =
		{
			.name = "conformant",
			.pci = {.vendor = 0x1b36,
				.device = 0x000d,
				.subsystem_vendor = 0x1af4,
				.subsystem = 0x1101,
				.revision = 2,
				.prog_if = 0x30,
				.subclass = 0x03,
				.class_code = 0x0c,
				.sbrn = 0x31,
				.fladj = 0x20,
				.bar0_size = 0x10000,
				.bar0_64bit = true,
				.msi_cap = 0x70,
				.msi_vectors = 32,
				.msix_cap = 0x90,
				.msix_vectors = 32,
				.msix_table = 0x8000,
				.msix_pba = 0x9000,
				.pm_cap = 0xa0},
			.hci_version = 0x0120,
			.cap_length = 0x40,
			.rtsoff = 0x4000,
			.dboff = 0x3000,
			.slots = 64,
			.intrs = 32,
			.usb2_ports = 4,
			.usb3_ports = 4,
			.erst_max = 4,
			.scratchpads = 2,
			.port_reset_usec = 10000,
			.hccparams1 =
				0xf000 | HCC1_AC64 | HCC1_CSZ | HCC1_SPC | HCC1_SEC | HCC1_CFC,
			.forced_stop_event = true,
		},
};
