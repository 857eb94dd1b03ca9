// SPDX-License-Identifier: MIT
/*
 * drive_reg.c -- registers: what the controller says of itself (xHCI 5.3, 7.2), register access
 * by name, raw accesses to BAR 0 and to configuration space.
 */
#include "op/drive_core.h"

#define PCI_COMMAND 0x04u
#define PCI_COMMAND_MEMORY_MASTER 0x06u
#define MAX_EXTENDED_CAPS 16u

uint32_t drive_read32(struct drive *d, uint32_t offset)
{
	return (uint32_t)d->b->ops->mmio_read(d->b, offset, 4);
}

void drive_write32(struct drive *d, uint32_t offset, uint32_t value)
{
	d->b->ops->mmio_write(d->b, offset, value, 4);
}

uint32_t drive_oper_read(struct drive *d, uint32_t reg)
{
	return drive_read32(d, d->caps.caplength + reg);
}

void drive_oper_write(struct drive *d, uint32_t reg, uint32_t value)
{
	drive_write32(d, d->caps.caplength + reg, value);
}

void drive_oper_write64(struct drive *d, uint32_t reg, uint64_t value)
{
	drive_oper_write(d, reg, (uint32_t)value);
	drive_oper_write(d, reg + 4, (uint32_t)(value >> 32));
}

uint32_t drive_intr_offset(const struct drive *d, unsigned intr, uint32_t reg)
{
	return d->caps.rtsoff + XHCI_INTR + intr * 32 + reg;
}

uint32_t drive_port_read(struct drive *d, unsigned port)
{
	return drive_oper_read(d, XHCI_PORTS + (port - 1) * 16 + XHCI_PORTSC);
}

void drive_port_write(struct drive *d, unsigned port, uint32_t set)
{
	uint32_t keep = PORTSC_PP | PORTSC_PIC_MASK | PORTSC_WCE | PORTSC_WDE | PORTSC_WOE;
	uint32_t now = drive_port_read(d, port) & keep;

	drive_oper_write(d, XHCI_PORTS + (port - 1) * 16 + XHCI_PORTSC, now | set);
}

void drive_doorbell(struct drive *d, unsigned slot, unsigned target, unsigned stream)
{
	drive_write32(d, d->caps.dboff + (slot & 0xff) * 4, (target & 0xff) | stream << 16);
}

static void add_ports(uint8_t *port, unsigned *ret_count, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count && *ret_count < DRIVE_MAX_CONNECTORS; i++)
		port[++*ret_count] = (uint8_t)(first + i);
}

/* Supported Protocol capabilities (xHCI 7.2): which PORTSC is USB2, which USB3. */
static void probe_protocols(struct drive *d)
{
	uint32_t offset = (d->caps.hcc1 >> 16) * 4;

	for (unsigned i = 0; i < MAX_EXTENDED_CAPS && offset; i++) {
		uint32_t head = drive_read32(d, offset);

		if ((head & 0xff) == 2) {
			uint32_t ports = drive_read32(d, offset + 8);
			unsigned first = ports & 0xff, count = ports >> 8 & 0xff;
			uint8_t slot_type = drive_read32(d, offset + 12) & 31;

			for (unsigned k = first; k < first + count && k < 256; k++)
				d->caps.slot_type[k] = slot_type;
			if (head >> 24 == 2)
				add_ports(d->caps.usb2_port, &d->caps.usb2_count, first, count);
			else if (head >> 24 == 3)
				add_ports(d->caps.usb3_port, &d->caps.usb3_count, first, count);
		}
		offset = (head >> 8 & 0xff) ? offset + (head >> 8 & 0xff) * 4 : 0;
	}
}

void drive_probe(struct drive *d)
{
	struct drive_caps *c = &d->caps;
	uint32_t command;

	if (d->probed)
		return;
	d->probed = true;
	command = d->b->ops->config_read(d->b, PCI_COMMAND, 2);
	d->b->ops->config_write(d->b, PCI_COMMAND, (command | PCI_COMMAND_MEMORY_MASTER) & 0xffff,
				2);
	c->caplength = drive_read32(d, XHCI_CAPLENGTH) & 0xff;
	c->hcs1 = drive_read32(d, XHCI_HCSPARAMS1);
	c->hcs2 = drive_read32(d, XHCI_HCSPARAMS2);
	c->hcc1 = drive_read32(d, XHCI_HCCPARAMS1);
	c->dboff = drive_read32(d, XHCI_DBOFF) & ~3u;
	c->rtsoff = drive_read32(d, XHCI_RTSOFF) & ~31u;
	c->slots = c->hcs1 & 0xff;
	c->intrs = (c->hcs1 >> 8) & 0x7ff;
	c->ports = c->hcs1 >> 24;
	c->scratchpads = (unsigned)(bits(c->hcs2, 25, 21) << 5 | bits(c->hcs2, 31, 27));
	c->ctx_bytes = c->hcc1 & HCC1_CSZ ? 64 : 32;
	probe_protocols(d);
}

/* ---- ops ----------------------------------------------------------------------------------- */

static uint32_t reg_offset(struct drive *d, unsigned reg, unsigned index)
{
	const struct op_reg *r = &op_reg_table[reg];
	uint32_t base = 0;

	switch ((enum reg_block)r->block) {
	case REG_CAPABILITY:
		break;
	case REG_OPERATIONAL:
		base = d->caps.caplength;
		break;
	case REG_RUNTIME:
		base = d->caps.rtsoff;
		break;
	case REG_DOORBELLS:
		base = d->caps.dboff;
		break;
	}
	return base + r->offset + r->stride * index;
}

static bool size_is_plain(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

void drive_op_write(struct drive *d, const struct op *op)
{
	unsigned reg = (unsigned)ARG(op, WRITE, reg), size = (unsigned)ARG(op, WRITE, size);
	uint64_t value = ARG(op, WRITE, value);
	uint32_t offset;

	drive_probe(d);
	offset = reg_offset(d, reg, (unsigned)ARG(op, WRITE, index));
	if (size_is_plain(size)) {
		d->b->ops->mmio_write(d->b, offset, value, size);
	} else if (op_reg_table[reg].size != 8) {
		d->b->ops->mmio_write(d->b, offset, value, op_reg_table[reg].size);
	} else if (size == SIZE_HI_LO) {
		drive_write32(d, offset + 4, (uint32_t)(value >> 32));
		drive_write32(d, offset, (uint32_t)value);
	} else {
		drive_write32(d, offset, (uint32_t)value);
		drive_write32(d, offset + 4, (uint32_t)(value >> 32));
	}
}

void drive_op_read(struct drive *d, const struct op *op)
{
	unsigned reg = (unsigned)ARG(op, READ, reg), size = (unsigned)ARG(op, READ, size);
	uint32_t offset;

	drive_probe(d);
	offset = reg_offset(d, reg, (unsigned)ARG(op, READ, index));
	if (size_is_plain(size)) {
		(void)d->b->ops->mmio_read(d->b, offset, size);
	} else if (op_reg_table[reg].size != 8) {
		(void)d->b->ops->mmio_read(d->b, offset, op_reg_table[reg].size);
	} else {
		(void)drive_read32(d, size == SIZE_HI_LO ? offset + 4 : offset);
		(void)drive_read32(d, size == SIZE_HI_LO ? offset : offset + 4);
	}
}

void drive_op_poke(struct drive *d, const struct op *op)
{
	unsigned size = (unsigned)ARG(op, POKE, size);

	drive_probe(d);
	d->b->ops->mmio_write(d->b, ARG(op, POKE, offset), ARG(op, POKE, value),
			      size_is_plain(size) ? size : 4);
}

void drive_op_peek(struct drive *d, const struct op *op)
{
	unsigned size = (unsigned)ARG(op, PEEK, size);

	drive_probe(d);
	(void)d->b->ops->mmio_read(d->b, ARG(op, PEEK, offset), size_is_plain(size) ? size : 4);
}

/* Configuration accesses are dwords at most. */
static unsigned config_size(uint64_t size)
{
	return size == 1 || size == 2 ? (unsigned)size : 4;
}

void drive_op_config_write(struct drive *d, const struct op *op)
{
	d->b->ops->config_write(d->b, (unsigned)ARG(op, CONFIG_WRITE, offset),
				(uint32_t)ARG(op, CONFIG_WRITE, value),
				config_size(ARG(op, CONFIG_WRITE, size)));
}

void drive_op_config_read(struct drive *d, const struct op *op)
{
	(void)d->b->ops->config_read(d->b, (unsigned)ARG(op, CONFIG_READ, offset),
				     config_size(ARG(op, CONFIG_READ, size)));
}
