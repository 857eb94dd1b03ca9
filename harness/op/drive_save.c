// SPDX-License-Identifier: MIT
/*
 * drive_save.c -- a driver around the loss of power (xHCI 4.23.2), in the order that Linux has: registers
 * are written back, then Restore State, then a new command ring; after Save/Restore Error everything is
 * begun anew. Left out: stopping the endpoints before, which is the program's choice.
 */
#include "op/drive_core.h"

void drive_save(struct drive *d)
{
	drive_halt(d, 0);
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) | USBCMD_CSS);
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_SSS, 0);
}

static void event_ring(struct drive *d, unsigned intr)
{
	const struct drive_event_ring *r = &d->intr[intr];
	uint64_t erdp = r->first + r->segment * r->stride + r->index * (uint64_t)TRB_SIZE;
	uint32_t at = drive_intr_offset(d, intr, 0);

	if (!r->open)
		return;
	drive_write32(d, at + XHCI_ERSTSZ, r->segments);
	drive_write32(d, at + XHCI_ERSTBA, (uint32_t)r->table);
	drive_write32(d, at + XHCI_ERSTBA + 4, (uint32_t)(r->table >> 32));
	drive_write32(d, at + XHCI_ERDP, (uint32_t)erdp | ERDP_EHB);
	drive_write32(d, at + XHCI_ERDP + 4, (uint32_t)(erdp >> 32));
	drive_write32(d, at + XHCI_IMAN, d->irq_driven ? IMAN_IE : 0);
}

void drive_restore(struct drive *d)
{
	drive_halt(d, 0);
	drive_oper_write64(d, XHCI_DCBAAP, DRIVE_DCBAA);
	drive_oper_write(d, XHCI_CONFIG, d->caps.slots);
	for (unsigned i = 0; i < d->intr_count; i++)
		event_ring(d, i);
	drive_ring_make(d, &d->command, DRIVE_COMMAND, DRIVE_COMMAND_TRBS, true);
	drive_oper_write64(d, XHCI_CRCR, DRIVE_COMMAND | CRCR_RCS);
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) | USBCMD_CRS);
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_RSS, 0);
	if (drive_oper_read(d, XHCI_USBSTS) & USBSTS_SRE) {
		drive_start(d, DRIVER_LINUX, 0, 0);
		return;
	}
	drive_run(d, d->irq_driven ? USBCMD_INTE : 0);
	d->started = true;
}
