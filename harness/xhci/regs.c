// SPDX-License-Identifier: MIT
/*
 * regs.c -- the register file as a table (xHCI 5.4 to 5.6; 5.3 is regs_capability.c). A row says where a
 * register is, which bits software may set, which it clears by writing 1, and what else a
 * write does. 64-bit registers are two rows; each half takes effect when it is written.
 */
#include "xhci/xhci.h"

struct reg {
	const char *name;
	uint32_t offset; /* in its bank */
	uint32_t field;  /* offsetof in the bank's object */
	uint32_t rw, rw1c;
	uint32_t (*read)(void *object);                               /* NULL: the field */
	void (*write)(void *object, uint32_t before, uint32_t value); /* after rw/rw1c */
};

#define ROW(reg_name, reg_offset, type, member, rw_mask, rw1c_mask, ...)                           \
	{                                                                                          \
		.name = reg_name, .offset = reg_offset, .field = offsetof(struct type, member),    \
		.rw = rw_mask, .rw1c = rw1c_mask, __VA_ARGS__                                      \
	}
#define HIGH(reg_name, reg_offset, type, member, rw_mask, ...)                                     \
	{                                                                                          \
		.name = reg_name, .offset = reg_offset,                                            \
		.field = offsetof(struct type, member) + 4, .rw = rw_mask, __VA_ARGS__             \
	}

/* ---- operational registers ---- */

static void usbcmd_written(void *object, uint32_t before, uint32_t value)
{
	struct xhci *x = object;

	if (value & USBCMD_HCRST) {
		xhci_reset_by_software(x);
		return;
	}
	if (!(x->profile->hccparams2 & HCC2_CMC))
		x->usbcmd &= ~USBCMD_CME;
	if (value & USBCMD_CSS && !xhci_running(x))
		xhci_save_state(x);
	if (value & USBCMD_CRS && !xhci_running(x))
		xhci_restore_state(x);
	if (value & USBCMD_RS && !(before & USBCMD_RS))
		xhci_run(x);
	if (!(value & USBCMD_RS) && before & USBCMD_RS)
		xhci_halt_begin(x);
	if ((value ^ before) & USBCMD_EWE)
		xhci_mfindex_arm(x);
	if (!xhci_running(x))
		x->usbcmd &= ~USBCMD_RS;
	xhci_mfindex_update(x);
	xhci_interrupter_update(x);
}

static uint32_t pagesize_read(void *object)
{
	(void)object;
	return 1; /* 4 KiB */
}

/* xHCI 5.4.5: pointer and RCS read as 0 and can be set only while the ring is stopped. */
static uint32_t crcr_read(void *object)
{
	return (uint32_t)((struct xhci *)object)->crcr & CRCR_CRR;
}

static uint32_t zero_read(void *object)
{
	(void)object;
	return 0;
}

static void crcr_low_written(void *object, uint32_t before, uint32_t value)
{
	struct xhci *x = object;
	bool stop = value & (CRCR_CS | CRCR_CA);

	(void)before;
	x->crcr_stopping = x->command_running && stop;
	if (x->crcr_stopping) {
		xhci_command_stop(x, value & CRCR_CA);
	} else if (!x->command_running) {
		x->command_ring.dequeue =
			(x->command_ring.dequeue & ~UINT64_C(0xffffffff)) | (value & ~0x3fu);
		x->command_ring.cycle = value & CRCR_RCS;
	}
}

static void crcr_high_written(void *object, uint32_t before, uint32_t value)
{
	struct xhci *x = object;

	(void)before;
	/* The other half of a write that stopped the ring says nothing about its pointer. */
	if (!x->command_running && !x->crcr_stopping)
		x->command_ring.dequeue =
			(x->command_ring.dequeue & 0xffffffff) | (uint64_t)value << 32;
	x->crcr_stopping = false;
}

/* Bits of what HCCPARAMS2 does not promise stay 0 (xHCI 5.3.9). */
static void config_written(void *object, uint32_t before, uint32_t value)
{
	struct xhci *x = object;
	uint32_t has = x->profile->hccparams2;

	(void)before, (void)value;
	x->config &= ~((has & HCC2_U3C ? 0 : CONFIG_U3E) | (has & HCC2_CIC ? 0 : CONFIG_CIE));
}

#define USBCMD_STORED                                                                              \
	(USBCMD_RS | USBCMD_INTE | USBCMD_HSEE | USBCMD_EWE | USBCMD_EU3S | USBCMD_CME)

static const struct reg oper_regs[] = {
	ROW("USBCMD", XHCI_USBCMD, xhci, usbcmd, USBCMD_STORED, 0, .write = usbcmd_written),
	ROW("USBSTS", XHCI_USBSTS, xhci, usbsts, 0,
	    USBSTS_HSE | USBSTS_EINT | USBSTS_PCD | USBSTS_SRE),
	ROW("PAGESIZE", XHCI_PAGESIZE, xhci, config, 0, 0, .read = pagesize_read),
	ROW("DNCTRL", XHCI_DNCTRL, xhci, dnctrl, 0xffff, 0),
	ROW("CRCR", XHCI_CRCR, xhci, crcr, 0, 0, .read = crcr_read, .write = crcr_low_written),
	HIGH("CRCR_HI", XHCI_CRCR + 4, xhci, crcr, 0, .read = zero_read,
	     .write = crcr_high_written),
	ROW("DCBAAP", XHCI_DCBAAP, xhci, dcbaap, 0xffffffc0, 0),
	HIGH("DCBAAP_HI", XHCI_DCBAAP + 4, xhci, dcbaap, 0xffffffff),
	ROW("CONFIG", XHCI_CONFIG, xhci, config, 0x3ff, 0, .write = config_written),
};

/* ---- ports ---- */

static uint32_t portsc_read(void *object)
{
	return xhci_port_read(object);
}

static void portpmsc_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	xhci_port_write_pmsc(object, value);
}

static void porthlpmc_written(void *object, uint32_t before, uint32_t value)
{
	struct xhci_port *p = object;

	(void)before;
	if (p->protocol == 2)
		p->porthlpmc = value & HLPMC2_STORED;
}

static void portsc_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	xhci_port_write(object, value);
}

static const struct reg port_regs[] = {
	ROW("PORTSC", XHCI_PORTSC, xhci_port, portsc, 0, 0, .read = portsc_read,
	    .write = portsc_written),
	ROW("PORTPMSC", XHCI_PORTPMSC, xhci_port, portpmsc, 0, 0, .write = portpmsc_written),
	ROW("PORTLI", XHCI_PORTLI, xhci_port, portli, 0, 0),
	ROW("PORTHLPMC", XHCI_PORTHLPMC, xhci_port, porthlpmc, 0, 0, .write = porthlpmc_written),
};

/* ---- runtime registers ---- */

static uint32_t mfindex_read(void *object)
{
	return (uint32_t)xhci_microframe(object) & 0x3fff;
}

static const struct reg runtime_regs[] = {
	ROW("MFINDEX", XHCI_MFINDEX, xhci, config, 0, 0, .read = mfindex_read),
};

static void iman_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	xhci_interrupter_write_iman(object, value);
}

static uint32_t imod_read(void *object)
{
	return xhci_interrupter_read_imod(object);
}

static void imod_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	xhci_interrupter_write_imod(object, value);
}

/* xHCI 4.9.4: writing ERSTBA starts the event ring over at its first segment. */
static void erstba_written(void *object, uint32_t before, uint32_t value)
{
	struct interrupter *in = object;

	(void)before;
	(void)value;
	in->load = true;
	if (in->full) {
		in->full = false;
		in->x->full_rings--;
	}
	in->pending_count = 0;
	in->lost = in->resumes = false;
}

static uint32_t erdp_read(void *object)
{
	struct interrupter *in = object;

	return (uint32_t)in->erdp | (in->ehb ? ERDP_EHB : 0);
}

static void erdp_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	xhci_interrupter_write_erdp(object, value);
}

static void erdp_high_written(void *object, uint32_t before, uint32_t value)
{
	(void)before;
	(void)value;
	xhci_event_dequeue_moved(object);
}

static const struct reg intr_regs[] = {
	ROW("IMAN", XHCI_IMAN, interrupter, iman, 0, 0, .write = iman_written),
	ROW("IMOD", XHCI_IMOD, interrupter, imod, 0, 0, .read = imod_read, .write = imod_written),
	ROW("ERSTSZ", XHCI_ERSTSZ, interrupter, erstsz, 0xffff, 0),
	ROW("ERSTBA", XHCI_ERSTBA, interrupter, erstba, 0xffffffc0, 0, .write = erstba_written),
	HIGH("ERSTBA_HI", XHCI_ERSTBA + 4, interrupter, erstba, 0xffffffff,
	     .write = erstba_written),
	ROW("ERDP", XHCI_ERDP, interrupter, erdp, 0, 0, .read = erdp_read, .write = erdp_written),
	HIGH("ERDP_HI", XHCI_ERDP + 4, interrupter, erdp, 0xffffffff, .write = erdp_high_written),
};

/* ---- access ---- */

static uint32_t access_row(const struct reg *row, void *object, bool write, uint32_t value)
{
	uint32_t *field = (uint32_t *)((char *)object + row->field);
	uint32_t before = *field;

	if (!write)
		return row->read ? row->read(object) : before;
	if (row->rw | row->rw1c)
		*field = ((before & ~row->rw) | (value & row->rw)) & ~(value & row->rw1c);
	if (row->write)
		row->write(object, before, value);
	return 0;
}

static uint32_t access_table(const struct reg *rows, size_t count, void *object, uint64_t offset,
			     bool write, uint32_t value)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].offset == offset)
			return access_row(&rows[i], object, write, value);
	return 0; /* reserved: reads 0, writes vanish */
}

static uint32_t oper_access(struct xhci *x, uint64_t offset, bool write, uint32_t value)
{
	if (write && x->usbsts & USBSTS_CNR && offset != XHCI_USBSTS)
		return 0; /* xHCI 4.2: not before the controller is ready */
	return access_table(oper_regs, ARRAY_SIZE(oper_regs), x, offset, write, value);
}

static uint32_t port_access(struct xhci *x, uint64_t offset, bool write, uint32_t value)
{
	struct xhci_port *p = xhci_port_get(x, (unsigned)(offset / 16) + 1);

	if (!p)
		return 0;
	return access_table(port_regs, ARRAY_SIZE(port_regs), p, offset % 16, write, value);
}

static uint32_t runtime_access(struct xhci *x, uint64_t offset, bool write, uint32_t value)
{
	uint64_t i;

	/* Everything below the first interrupter is not an interrupter (catalogue A14). */
	if (offset < XHCI_INTR)
		return access_table(runtime_regs, ARRAY_SIZE(runtime_regs), x, offset, write,
				    value);
	i = (offset - XHCI_INTR) / 32;
	if (i >= x->profile->intrs)
		return 0;
	if (write && (unsigned)i >= x->intr_touched)
		x->intr_touched = (unsigned)i + 1;
	return access_table(intr_regs, ARRAY_SIZE(intr_regs), &x->intr[i],
			    (offset - XHCI_INTR) % 32, write, value);
}

static uint32_t doorbell_access(struct xhci *x, uint64_t offset, bool write, uint32_t value)
{
	if (write && offset / 4 <= x->profile->slots)
		xhci_doorbell(x, (unsigned)(offset / 4), value);
	return 0;
}

/* ---- banks ---- */

#define DWORD_BANK(bank)                                                                           \
	static uint64_t bank##_read(void *opaque, uint64_t offset, unsigned size)                  \
	{                                                                                          \
		(void)size;                                                                        \
		return bank##_access(opaque, offset, false, 0);                                    \
	}                                                                                          \
	static void bank##_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)     \
	{                                                                                          \
		(void)size;                                                                        \
		bank##_access(opaque, offset, true, (uint32_t)value);                              \
	}

DWORD_BANK(oper)
DWORD_BANK(port)
DWORD_BANK(runtime)
DWORD_BANK(doorbell)

static const struct mmio_ops oper_ops = {oper_read, oper_write, 4, 8, 4, 4, false};
static const struct mmio_ops port_ops = {port_read, port_write, 4, 4, 4, 4, false};
static const struct mmio_ops runtime_ops = {runtime_read, runtime_write, 4, 8, 4, 4, false};
static const struct mmio_ops doorbell_ops = {doorbell_read, doorbell_write, 4, 4, 4, 4, false};

void xhci_regs_init(struct xhci *x)
{
	const struct xhci_profile *pr = x->profile;
	const struct mmio_region regions[] = {
		{"capability", 0, pr->cap_length, 0, &xhci_capability_ops, x},
		{"operational", pr->cap_length, XHCI_PORTS, 0, &oper_ops, x},
		{"port", pr->cap_length + XHCI_PORTS, 16u * x->port_count, 0, &port_ops, x},
		{"runtime", pr->rtsoff, XHCI_INTR + 32u * pr->intrs, 0, &runtime_ops, x},
		{"doorbell", pr->dboff, 4u * (pr->slots + 1u), 0, &doorbell_ops, x},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
		mmio_add(&x->g->mmio, &regions[i]);
}
