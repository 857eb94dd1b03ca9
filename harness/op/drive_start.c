// SPDX-License-Identifier: MIT
/*
 * drive_start.c -- bringing a controller up (xHCI 4.2) in the order and with the access sizes of
 * four drivers: Linux, U-Boot, SeaBIOS, EDK2. Only the first takes interrupts.
 */
#include "op/drive_core.h"

#define PATIENCE 8u /* looks at a status bit, a millisecond of virtual time between them */
#define PCI_CAP_POINTER 0x34u
#define PCI_MAX_CAPS 16u
#define MSI_ADDRESS 0xfee00000u
#define MSI_DATA 0x4021u
#define DNCTRL_FUNCTION_WAKE (1u << 1)
#define IMOD_40_USEC 160u

bool drive_wait_oper(struct drive *d, uint32_t reg, uint32_t mask, uint32_t want)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if ((drive_oper_read(d, reg) & mask) == want)
			return true;
		drive_step(d, 1000);
	}
	return false;
}

void drive_halt(struct drive *d, uint32_t clear)
{
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) & ~(clear | USBCMD_RS));
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_HCH, USBSTS_HCH);
}

static void reset(struct drive *d)
{
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) | USBCMD_HCRST);
	drive_wait_oper(d, XHCI_USBCMD, USBCMD_HCRST, 0);
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_CNR, 0);
}

void drive_run(struct drive *d, uint32_t set)
{
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) | USBCMD_RS | set);
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_HCH, 0);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void lay_out_scratchpads(struct drive *d)
{
	uint8_t entry[8], array[8 * DRIVE_SCRATCH_PAGES];
	unsigned count = (unsigned)min_u64(d->caps.scratchpads, DRIVE_SCRATCH_PAGES);

	if (!count)
		return;
	for (unsigned i = 0; i < count; i++)
		put_le64(array + 8 * i, DRIVE_SCRATCH + 0x1000 + i * UINT64_C(0x1000));
	drive_mem_write(d, DRIVE_SCRATCH, array, 8 * count);
	put_le64(entry, DRIVE_SCRATCH);
	drive_mem_write(d, DRIVE_DCBAA, entry, 8);
}

static void lay_out(struct drive *d)
{
	while (d->used_count)
		drive_slot_forget(d, d->used[0]);
	memset(d->intr, 0, sizeof(d->intr));
	d->intr_count = 0;
	d->data_next = DRIVE_DATA;
	if (!d->fresh)
		drive_mem_zero(d, DRIVE_DCBAA, 0x1000);
	drive_ring_make(d, &d->command, DRIVE_COMMAND, DRIVE_COMMAND_TRBS, false);
	lay_out_scratchpads(d);
}

/* ---- interrupts ---------------------------------------------------------------------------- */

static void msix_enable(struct drive *d, unsigned cap, unsigned vectors)
{
	uint32_t control = d->b->ops->config_read(d->b, cap + 2, 2);
	uint32_t table = d->b->ops->config_read(d->b, cap + 4, 4) & ~7u;

	vectors = (unsigned)min_u64(vectors, (control & 0x7ff) + 1);
	for (unsigned i = 0; i < vectors; i++) {
		drive_write32(d, table + i * 16, MSI_ADDRESS);
		drive_write32(d, table + i * 16 + 4, 0);
		drive_write32(d, table + i * 16 + 8, MSI_DATA + i);
		drive_write32(d, table + i * 16 + 12, 0);
	}
	d->b->ops->config_write(d->b, cap + 2, (control | 0x8000) & 0xbfff, 2);
}

static void msi_enable(struct drive *d, unsigned cap)
{
	uint32_t control = d->b->ops->config_read(d->b, cap + 2, 2);
	bool wide = control & 0x80;

	d->b->ops->config_write(d->b, cap + 4, MSI_ADDRESS, 4);
	if (wide)
		d->b->ops->config_write(d->b, cap + 8, 0, 4);
	d->b->ops->config_write(d->b, cap + (wide ? 12 : 8), MSI_DATA, 2);
	d->b->ops->config_write(d->b, cap + 2, (control & ~0x70u) | 1, 2);
}

/* MSI-X, else MSI, else the line. */
static void interrupts_enable(struct drive *d, unsigned vectors)
{
	unsigned cap = d->b->ops->config_read(d->b, PCI_CAP_POINTER, 1) & 0xfc, msi = 0;

	for (unsigned i = 0; i < PCI_MAX_CAPS && cap >= 0x40; i++) {
		uint32_t head = d->b->ops->config_read(d->b, cap, 2);

		if ((head & 0xff) == 0x11) {
			msix_enable(d, cap, vectors);
			return;
		}
		if ((head & 0xff) == 0x05)
			msi = cap;
		cap = head >> 8 & 0xfc;
	}
	if (msi)
		msi_enable(d, msi);
}

static void intrs_setup(struct drive *d, unsigned intrs)
{
	for (unsigned i = 0; i < intrs; i++)
		drive_intr_setup(d, i, 1, DRIVE_EVENT_TRBS);
}

/* The registers of interrupter 0's event ring, in the order a driver has. */
static void intr_first(struct drive *d, const uint32_t order[3], bool read_first)
{
	uint32_t size = drive_intr_offset(d, 0, XHCI_ERSTSZ);

	drive_intr_lay_out(d, 0, 1, DRIVE_EVENT_TRBS);
	for (unsigned i = 0; i < 3; i++) {
		uint32_t reg = drive_intr_offset(d, 0, order[i]);
		uint64_t value = order[i] == XHCI_ERSTBA ? DRIVE_ERST : DRIVE_EVENT;

		if (order[i] == XHCI_ERSTSZ) {
			uint32_t old = read_first ? drive_read32(d, size) & ~0xffffu : 0;

			drive_write32(d, size, old | 1);
			continue;
		}
		if (read_first) {
			(void)drive_read32(d, reg);
			(void)drive_read32(d, reg + 4);
		}
		drive_write32(d, reg, (uint32_t)value);
		drive_write32(d, reg + 4, (uint32_t)(value >> 32));
	}
}

/* ---- four drivers -------------------------------------------------------------------------- */

static void start_linux(struct drive *d, unsigned slots, unsigned intrs)
{
	static const uint32_t order[3] = {XHCI_ERSTSZ, XHCI_ERSTBA, XHCI_ERDP};
	uint32_t iman = drive_intr_offset(d, 0, XHCI_IMAN);
	uint32_t imod = drive_intr_offset(d, 0, XHCI_IMOD);

	drive_halt(d, USBCMD_INTE | USBCMD_HSEE | USBCMD_EWE);
	reset(d);
	(void)drive_oper_read(d, XHCI_PAGESIZE);
	drive_oper_write(d, XHCI_CONFIG, (drive_oper_read(d, XHCI_CONFIG) & ~0xffu) | slots);
	lay_out(d);
	drive_oper_write64(d, XHCI_DCBAAP, DRIVE_DCBAA);
	(void)drive_oper_read(d, XHCI_CRCR);
	drive_oper_write64(d, XHCI_CRCR, DRIVE_COMMAND | CRCR_RCS);
	intr_first(d, order, true);
	for (unsigned i = 1; i < intrs; i++)
		drive_intr_setup(d, i, 1, DRIVE_EVENT_TRBS);
	drive_oper_write(d, XHCI_DNCTRL, DNCTRL_FUNCTION_WAKE);
	interrupts_enable(d, intrs);
	drive_write32(d, imod, (drive_read32(d, imod) & ~0xffffu) | IMOD_40_USEC);
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) | USBCMD_INTE);
	for (unsigned i = 0; i < intrs; i++)
		drive_write32(d, iman + i * 32, drive_read32(d, iman + i * 32) | IMAN_IE);
	drive_run(d, 0);
	d->irq_driven = true;
}

static void start_uboot(struct drive *d, unsigned slots, unsigned intrs)
{
	static const uint32_t order[3] = {XHCI_ERDP, XHCI_ERSTSZ, XHCI_ERSTBA};

	drive_halt(d, 0);
	reset(d);
	(void)drive_read32(d, XHCI_HCSPARAMS1);
	drive_oper_write(d, XHCI_CONFIG, (drive_oper_read(d, XHCI_CONFIG) & ~0xffu) | slots);
	lay_out(d);
	drive_oper_write64(d, XHCI_DCBAAP, DRIVE_DCBAA);
	(void)drive_oper_read(d, XHCI_CRCR);
	(void)drive_oper_read(d, XHCI_CRCR + 4);
	drive_oper_write64(d, XHCI_CRCR, DRIVE_COMMAND | CRCR_RCS);
	(void)drive_read32(d, XHCI_DBOFF);
	(void)drive_read32(d, XHCI_RTSOFF);
	intr_first(d, order, true);
	for (unsigned i = 1; i < intrs; i++)
		drive_intr_setup(d, i, 1, DRIVE_EVENT_TRBS);
	drive_run(d, 0);
	drive_write32(d, drive_intr_offset(d, 0, XHCI_IMAN), 0);
	drive_write32(d, drive_intr_offset(d, 0, XHCI_IMOD), 0);
}

static void start_seabios(struct drive *d, unsigned slots, unsigned intrs)
{
	static const uint32_t order[3] = {XHCI_ERSTSZ, XHCI_ERDP, XHCI_ERSTBA};

	(void)drive_oper_read(d, XHCI_PAGESIZE);
	if (drive_oper_read(d, XHCI_USBCMD) & USBCMD_RS)
		drive_halt(d, 0);
	drive_oper_write(d, XHCI_USBCMD, USBCMD_HCRST);
	drive_wait_oper(d, XHCI_USBCMD, USBCMD_HCRST, 0);
	drive_wait_oper(d, XHCI_USBSTS, USBSTS_CNR, 0);
	lay_out(d);
	drive_oper_write(d, XHCI_CONFIG, slots);
	drive_oper_write64(d, XHCI_DCBAAP, DRIVE_DCBAA);
	drive_oper_write64(d, XHCI_CRCR, DRIVE_COMMAND | CRCR_RCS);
	intr_first(d, order, false);
	for (unsigned i = 1; i < intrs; i++)
		drive_intr_setup(d, i, 1, DRIVE_EVENT_TRBS);
	drive_run(d, 0);
}

static void start_edk2(struct drive *d, unsigned slots, unsigned intrs)
{
	uint32_t iman = drive_intr_offset(d, 0, XHCI_IMAN);

	(void)d->b->ops->mmio_read(d->b, XHCI_CAPLENGTH, 1);
	(void)d->b->ops->mmio_read(d->b, XHCI_HCIVERSION, 2);
	drive_halt(d, 0);
	reset(d);
	lay_out(d);
	drive_oper_write(d, XHCI_CONFIG, slots);
	drive_oper_write64(d, XHCI_DCBAAP, DRIVE_DCBAA);
	drive_oper_write64(d, XHCI_CRCR, DRIVE_COMMAND | CRCR_RCS);
	drive_oper_write(d, XHCI_USBCMD, drive_oper_read(d, XHCI_USBCMD) & ~USBCMD_INTE);
	intrs_setup(d, intrs);
	drive_write32(d, iman, drive_read32(d, iman) | IMAN_IE);
	drive_run(d, 0);
}

void drive_start(struct drive *d, unsigned driver, unsigned slots, unsigned intrs)
{
	drive_probe(d);
	d->irq_driven = false;
	slots = slots ? slots : d->caps.slots;
	intrs = (unsigned)min_u64(intrs ? intrs : 1, d->caps.intrs ? d->caps.intrs : 1);
	intrs = (unsigned)min_u64(intrs, DRIVE_MAX_INTRS);
	switch (driver) {
	case DRIVER_UBOOT:
		start_uboot(d, slots, intrs);
		break;
	case DRIVER_SEABIOS:
		start_seabios(d, slots, intrs);
		break;
	case DRIVER_EDK2:
		start_edk2(d, slots, intrs);
		break;
	default:
		start_linux(d, slots, intrs);
	}
	d->fresh = false;
	d->started = true;
	drive_poll(d);
}

void drive_need(struct drive *d)
{
	uint32_t status;

	if (!d->started) {
		drive_start(d, DRIVER_LINUX, 0, 0);
		return;
	}
	status = drive_oper_read(d, XHCI_USBSTS);
	if (!(status & (USBSTS_HCH | USBSTS_HSE | USBSTS_HCE)))
		return;
	if (status & (USBSTS_HSE | USBSTS_HCE) || drive_oper_read(d, XHCI_DCBAAP) != DRIVE_DCBAA)
		drive_start(d, DRIVER_LINUX, 0, 0);
	else /* somebody halted it */
		drive_run(d, 0);
}

void drive_op_controller(struct drive *d, const struct op *op)
{
	drive_probe(d);
	switch (ARG(op, CONTROLLER, action)) {
	case ACTION_HALT:
		drive_halt(d, 0);
		break;
	case ACTION_RESET:
		drive_halt(d, 0);
		reset(d);
		d->started = false;
		break;
	case ACTION_SAVE:
		drive_save(d);
		break;
	case ACTION_RESTORE:
		drive_restore(d);
		break;
	default:
		if (d->started)
			drive_run(d, 0);
		else
			drive_need(d);
	}
}
