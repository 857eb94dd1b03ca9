// SPDX-License-Identifier: MIT
/*
 * explain_reg.c -- register accesses by name (xHCI 5.3 to 5.6, PCI 3.0 6.1) with their bits.
 */
#include "op/names.h"
#include "tool/explain.h"
#include "xhci/abi.h"

struct bit_name {
	uint8_t reg; /* enum name_reg */
	uint8_t bit;
	const char *name;
};

static const struct bit_name bit_names[] = {
	{REG_USBCMD, 0, "RS"},       {REG_USBCMD, 1, "HCRST"},   {REG_USBCMD, 2, "INTE"},
	{REG_USBCMD, 3, "HSEE"},     {REG_USBCMD, 7, "LHCRST"},  {REG_USBCMD, 8, "CSS"},
	{REG_USBCMD, 9, "CRS"},      {REG_USBCMD, 10, "EWE"},    {REG_USBCMD, 11, "EU3S"},
	{REG_USBSTS, 0, "HCH"},      {REG_USBSTS, 2, "HSE"},     {REG_USBSTS, 3, "EINT"},
	{REG_USBSTS, 4, "PCD"},      {REG_USBSTS, 8, "SSS"},     {REG_USBSTS, 9, "RSS"},
	{REG_USBSTS, 10, "SRE"},     {REG_USBSTS, 11, "CNR"},    {REG_USBSTS, 12, "HCE"},
	{REG_CRCR, 0, "RCS"},        {REG_CRCR, 1, "CS"},        {REG_CRCR, 2, "CA"},
	{REG_CRCR, 3, "CRR"},        {REG_PORTSC, 0, "CCS"},     {REG_PORTSC, 1, "PED"},
	{REG_PORTSC, 3, "OCA"},      {REG_PORTSC, 4, "PR"},      {REG_PORTSC, 9, "PP"},
	{REG_PORTSC, 16, "LWS"},     {REG_PORTSC, 17, "CSC"},    {REG_PORTSC, 18, "PEC"},
	{REG_PORTSC, 19, "WRC"},     {REG_PORTSC, 20, "OCC"},    {REG_PORTSC, 21, "PRC"},
	{REG_PORTSC, 22, "PLC"},     {REG_PORTSC, 23, "CEC"},    {REG_PORTSC, 24, "CAS"},
	{REG_PORTSC, 25, "WCE"},     {REG_PORTSC, 26, "WDE"},    {REG_PORTSC, 27, "WOE"},
	{REG_PORTSC, 30, "DR"},      {REG_PORTSC, 31, "WPR"},    {REG_IMAN, 0, "IP"},
	{REG_IMAN, 1, "IE"},         {REG_ERDP, 3, "EHB"},       {REG_HCCPARAMS1, 0, "AC64"},
	{REG_HCCPARAMS1, 2, "CSZ"},  {REG_HCCPARAMS1, 3, "PPC"}, {REG_HCCPARAMS1, 7, "NSS"},
	{REG_HCCPARAMS1, 8, "PAE"},  {REG_HCCPARAMS1, 9, "SPC"}, {REG_HCCPARAMS1, 10, "SEC"},
	{REG_HCCPARAMS1, 11, "CFC"},
};

static const char *const link_state[16] = {
#define X(name, value) [value] = #name,
	PORT_LINK_STATES(X)
#undef X
};

/* The block that offset lies in: the one that begins last before it. */
static enum reg_block find_block(const struct explain *e, uint64_t offset, uint32_t *base)
{
	const uint32_t start[] = {[REG_CAPABILITY] = 0,
				  [REG_OPERATIONAL] = e->oper,
				  [REG_RUNTIME] = e->runtime,
				  [REG_DOORBELLS] = e->doorbell};
	unsigned block = REG_CAPABILITY;

	for (unsigned i = 0; i < ARRAY_SIZE(start); i++)
		if (start[i] <= offset && start[i] >= start[block])
			block = i;
	*base = start[block];
	return (enum reg_block)block;
}

/* Which register holds the byte at offset: enum name_reg, or -1. */
static int find_register(const struct explain *e, uint64_t offset, unsigned *index, unsigned *byte)
{
	uint32_t base;
	enum reg_block block = find_block(e, offset, &base);
	const unsigned count[] = {[REG_OPERATIONAL] = e->ports,
				  [REG_RUNTIME] = e->interrupters,
				  [REG_DOORBELLS] = 256};

	for (unsigned r = 0; r < names_reg.count; r++) {
		const struct op_reg *reg = &op_reg_table[r];
		uint64_t start = base + reg->offset, n = 0;

		if (reg->block != block || offset < start)
			continue;
		if (reg->stride)
			n = (offset - start) / reg->stride;
		if ((reg->stride && n >= count[block]) ||
		    offset - start - n * reg->stride >= reg->size)
			continue;
		*index = (unsigned)n;
		*byte = (unsigned)(offset - start - n * reg->stride);
		return (int)r;
	}
	return -1;
}

/* Capability registers tell where the others are. */
static void learn(struct explain *e, const struct trace_row *row)
{
	uint32_t value = (uint32_t)row->value;

	if (row->flags & (TRACE_WRITE | TRACE_FAULT | TRACE_UNASSIGNED))
		return;
	if (row->addr == XHCI_CAPLENGTH && (value & 0xff) >= 0x20)
		e->oper = value & 0xff;
	if (row->len != 4)
		return;
	if (row->addr == XHCI_HCSPARAMS1) {
		e->interrupters = (unsigned)bits(value, 18, 8);
		e->ports = value >> 24;
	}
	if (row->addr == XHCI_DBOFF)
		e->doorbell = value & ~3u;
	if (row->addr == XHCI_RTSOFF)
		e->runtime = value & ~31u;
	if (row->addr == XHCI_HCCPARAMS1)
		e->extended = (value >> 16) * 4;
}

static void print_bits(struct explain *e, int reg, uint64_t value, unsigned byte, bool write)
{
	value <<= 8 * byte;
	for (unsigned i = 0; i < ARRAY_SIZE(bit_names); i++)
		if (bit_names[i].reg == reg && bits(value, bit_names[i].bit, bit_names[i].bit))
			fprintf(e->out, " %s", bit_names[i].name);
	/* Writing it means something only together with LWS. */
	if (reg == REG_PORTSC && !byte && (!write || value & PORTSC_LWS)) {
		const char *state = link_state[bits(value, 8, 5)];

		fprintf(e->out, " PLS=%s", state ? state : "reserved");
		if (!write)
			fprintf(e->out, " speed=%u", (unsigned)bits(value, 13, 10));
	}
	if (reg == REG_HCSPARAMS1 && !byte)
		fprintf(e->out, " slots=%u interrupters=%u ports=%u", (unsigned)bits(value, 7, 0),
			(unsigned)bits(value, 18, 8), (unsigned)bits(value, 31, 24));
}

static void print_doorbell(struct explain *e, const struct trace_row *row, unsigned slot)
{
	char name[16];

	if (slot)
		fprintf(e->out, " target=%s",
			(row->value & 0xff) && (row->value & 0xff) < 32
				? explain_endpoint(row->value & 0xff, name)
				: "invalid");
	else
		fprintf(e->out, " target=%s", row->value & 0xff ? "invalid" : "command");
	if (bits(row->value, 31, 16))
		fprintf(e->out, " stream=%u", (unsigned)bits(row->value, 31, 16));
}

static void print_flags(struct explain *e, unsigned flags)
{
	if (flags & TRACE_UNASSIGNED)
		fprintf(e->out, "  (nothing there, or not in this size)");
	else if (flags & TRACE_FAULT)
		fprintf(e->out, "  (not performed)");
}

void explain_mmio(struct explain *e, const struct trace_row *row)
{
	unsigned index = 0, byte = 0;
	int reg = find_register(e, row->addr, &index, &byte);
	bool write = row->flags & TRACE_WRITE;

	learn(e, row);
	fprintf(e->out, "mmio  %s 0x%04llx ", write ? "write" : "read ",
		(unsigned long long)row->addr);
	if (reg < 0) {
		fprintf(e->out, "%s",
			e->extended && row->addr >= e->extended && row->addr < 0x400
				? "extended capability"
				: "no register");
	} else {
		bool port = reg >= REG_PORTSC && reg <= REG_PORTHLPMC;

		fprintf(e->out, "%s", names_reg.name[reg]);
		if (op_reg_table[reg].stride)
			fprintf(e->out, "[%u]", port ? index + 1 : index);
		if (byte == 4)
			fputs(" high", e->out);
		else if (byte)
			fprintf(e->out, "+%u", byte);
	}
	fprintf(e->out, " = 0x%0*llx", (int)(2 * min_u64(row->len, 8)),
		(unsigned long long)row->value);
	if (row->len != 4)
		fprintf(e->out, " (%u bytes)", row->len);
	if (reg == REG_DOORBELL && write && !byte)
		print_doorbell(e, row, index);
	else if (reg >= 0)
		print_bits(e, reg, row->value, byte, write);
	print_flags(e, row->flags);
	fputc('\n', e->out);
}

static const char *config_name(uint64_t offset)
{
	switch (offset & ~UINT64_C(1)) {
	case 0x00:
		return "vendor/device id";
	case 0x04:
		return "command";
	case 0x06:
		return "status";
	case 0x08:
		return "revision/class";
	case 0x10:
		return "BAR 0 low";
	case 0x14:
		return "BAR 0 high";
	case 0x34:
		return "capabilities pointer";
	case 0x3c:
		return "interrupt line/pin";
	default:
		return offset >= 0x40 ? "capability" : "header";
	}
}

void explain_config(struct explain *e, const struct trace_row *row)
{
	fprintf(e->out, "pci   %s 0x%02llx %s = 0x%0*llx",
		row->flags & TRACE_WRITE ? "write" : "read ", (unsigned long long)row->addr,
		config_name(row->addr), (int)(2 * min_u64(row->len, 8)),
		(unsigned long long)row->value);
	if ((row->addr & ~UINT64_C(1)) == 4)
		fprintf(e->out, "%s%s%s", row->value & 2 ? " memory" : "",
			row->value & 4 ? " bus-master" : "", row->value & 0x400 ? " no-intx" : "");
	print_flags(e, row->flags);
	fputc('\n', e->out);
}
