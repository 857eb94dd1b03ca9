// SPDX-License-Identifier: MIT
/*
 * profile.c -- which controller this is: identities and capabilities as rows.
 * qemu-xhci and nec-usb-xhci have the register layout of QEMU's controllers, so that one
 * program means the same on both; conformant is xHCI 1.2 with what is implemented switched on;
 * full has everything as large as it gets, ports in several blocks, power switches, and takes its
 * time for everything.
 */
#include "xhci/xhci.h"

#define QEMU_LAYOUT                                                                                \
	.hci_version = 0x0100, .cap_length = 0x40, .rtsoff = 0x1000, .dboff = 0x2000, .slots = 64, \
	.intrs = 16, .protocol = {{3, 0, 4, 0, false}, {2, 0, 4, 0, false}}, .ist = 15,            \
	.hccparams1 = 0x7000 | HCC1_AC64

const struct xhci_profile xhci_profiles[XHCI_PROFILES] =
	{
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
				.protocol = {{2, 0, 4, 0, false}, {3, 0, 4, 0, false}},
				.erst_max = 4,
				.scratchpads = 64,
				.ist = 15,
				.port_reset_usec = 10000,
				.hccparams1 = 0xf000 | HCC1_AC64 | HCC1_CSZ | HCC1_PAE | HCC1_SPC |
					HCC1_SEC | HCC1_CFC,
				.hccparams2 = HCC2_U3C | HCC2_CMC | HCC2_FSC | HCC2_CTC | HCC2_CIC,
				.forced_stop_event = true,
			},
		[XHCI_PROFILE_FULL] =
			{
				.name = "full",
				.pci = {.vendor = 0x1b36,
					.device = 0x000d,
					.subsystem_vendor = 0x1af4,
					.subsystem = 0x1102,
					.revision = 3,
					.prog_if = 0x30,
					.subclass = 0x03,
					.class_code = 0x0c,
					.sbrn = 0x31,
					.fladj = 0x20,
					.bar0_size = 0x20000,
					.msi_cap = 0x70,
					.msi_vectors = 32,
					.msix_cap = 0x90,
					.msix_vectors = 1024,
					.msix_table = 0x14000,
					.msix_pba = 0x18000,
					.pcie_cap = 0xb0,
					.pm_cap = 0xa8,
					.soft_reset = true,
					.flr = true},
				.hci_version = 0x0110,
				.cap_length = 0xa0,
				.rtsoff = 0x8000,
				.dboff = 0x2000,
				.slots = 255,
				.intrs = 1024,
				.protocol = {{3, 0x10, 2, 0, true},
					     {2, 0, 4, 0, true},
					     {3, 0, 2, 1, false}},
				.erst_max = 15,
				.scratchpads = 240,
				.ist = 4,
				.endpoints = 64,
				.u1_exit_usec = 4,
				.u2_exit_usec = 200,
				.vendor = &xhci_vendor_role_switch,
				.checks_places = true,
				.legacy = true,
				.port_reset_usec = 10000,
				.link_usec = 500,
				.resume_usec = 1000,
				.ready_usec = 200,
				.save_usec = 300,
				.hccparams1 = 0xf000 | HCC1_AC64 | HCC1_CSZ | HCC1_PPC | HCC1_PIND |
					HCC1_LHRC | HCC1_PAE | HCC1_SPC | HCC1_SEC | HCC1_CFC,
				.hccparams2 = HCC2_U3C | HCC2_CMC | HCC2_FSC | HCC2_CTC | HCC2_CIC,
				.forced_stop_event = true,
			},
};

unsigned xhci_profile_ports(const struct xhci_profile *profile, unsigned protocol)
{
	unsigned n = 0;

	for (unsigned i = 0; i < XHCI_MAX_PROTOCOLS; i++)
		if (profile->protocol[i].major == protocol)
			n += profile->protocol[i].ports;
	return n;
}
