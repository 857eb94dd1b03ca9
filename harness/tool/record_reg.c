// SPDX-License-Identifier: MIT
/*
 * record_reg.c -- accesses to BAR 0 as ops: by the register's name where it has one, so that the program means
 * the same on a controller with another layout.
 */
#include "op/args.h"
#include "op/names.h"
#include "tool/record.h"
#include "xhci/abi.h"

#define PORTS 255u
#define INTERRUPTERS 1024u
#define DOORBELLS 256u

struct place { /* a register, which of them, how many bytes into it */
	unsigned reg, index, rest;
};

static uint32_t base_of(const struct record_head *where, uint8_t block)
{
	switch (block) {
	case REG_OPERATIONAL:
		return where->oper;
	case REG_RUNTIME:
		return where->runtime;
	case REG_DOORBELLS:
		return where->doorbell;
	default:
		return 0;
	}
}

static unsigned count_of(const struct op_reg *r)
{
	if (!r->stride)
		return 1;
	return r->block == REG_DOORBELLS  ? DOORBELLS
		: r->block == REG_RUNTIME ? INTERRUPTERS
					  : PORTS;
}

/* Is the offset in one of these registers? */
static bool is_in(const struct op_reg *r, uint64_t base, uint64_t offset, struct place *ret)
{
	uint64_t first = base + r->offset, into;

	if (offset < first)
		return false;
	into = r->stride ? (offset - first) % r->stride : offset - first;
	ret->rest = (unsigned)into;
	ret->index = r->stride ? (unsigned)((offset - first) / r->stride) : 0;
	return into < r->size && ret->index < count_of(r);
}

/* The tables of ports and doorbells have no end that a recording knows: the block nearest below counts. */
static bool find(const struct record_head *where, uint64_t offset, struct place *ret)
{
	uint32_t best = 0;
	bool found = false;
	struct place p;

	for (unsigned i = 0; i < names_reg.count; i++) {
		uint32_t base = base_of(where, op_reg_table[i].block);

		if (base < best || !is_in(&op_reg_table[i], base, offset, &p))
			continue;
		*ret = p;
		ret->reg = i;
		best = base;
		found = true;
	}
	return found;
}

static uint64_t size_row(unsigned size)
{
	return (uint64_t)op_names_find_value(&names_access_size, size);
}

/* The row of the size field for an access to a whole register or its beginning. */
static uint64_t size_for(const struct op_reg *r, unsigned size)
{
	return r->size == size && size != 8 ? 0 : size_row(size);
}

void record_reg_write(const struct record_head *where, const struct trace_row *row, struct op *ret)
{
	struct place p;

	*ret = (struct op){.id = OP_POKE};
	if (find(where, row->addr, &p) && !p.rest) {
		ret->id = OP_WRITE;
		ret->v[ARG_INDEX(WRITE, reg)] = p.reg;
		ret->v[ARG_INDEX(WRITE, index)] = p.index;
		ret->v[ARG_INDEX(WRITE, value)] = row->value;
		ret->v[ARG_INDEX(WRITE, size)] = size_for(&op_reg_table[p.reg], row->len);
		return;
	}
	ret->v[ARG_INDEX(POKE, offset)] = row->addr;
	ret->v[ARG_INDEX(POKE, value)] = row->value;
	ret->v[ARG_INDEX(POKE, size)] = size_for(&(struct op_reg){.size = 4}, row->len);
}

void record_reg_read(const struct record_head *where, const struct trace_row *row, struct op *ret)
{
	struct place p;

	*ret = (struct op){.id = OP_PEEK};
	if (find(where, row->addr, &p) && !p.rest) {
		ret->id = OP_READ;
		ret->v[ARG_INDEX(READ, reg)] = p.reg;
		ret->v[ARG_INDEX(READ, index)] = p.index;
		ret->v[ARG_INDEX(READ, size)] = size_for(&op_reg_table[p.reg], row->len);
		return;
	}
	ret->v[ARG_INDEX(PEEK, offset)] = row->addr;
	ret->v[ARG_INDEX(PEEK, size)] = size_for(&(struct op_reg){.size = 4}, row->len);
}

bool record_reg_join(const struct record_head *where, struct op *low, const struct op *high)
{
	unsigned reg = (unsigned)low->v[ARG_INDEX(WRITE, reg)];
	struct place p;

	if (low->id != OP_WRITE || high->id != OP_POKE || op_reg_table[reg].size != 8 ||
	    low->v[ARG_INDEX(WRITE, size)] != size_row(4) || high->v[ARG_INDEX(POKE, size)] ||
	    !find(where, high->v[ARG_INDEX(POKE, offset)], &p) || p.reg != reg || p.rest != 4 ||
	    p.index != low->v[ARG_INDEX(WRITE, index)])
		return false;
	low->v[ARG_INDEX(WRITE, value)] |= high->v[ARG_INDEX(POKE, value)] << 32;
	low->v[ARG_INDEX(WRITE, size)] = 0;
	return true;
}

bool record_reg_is_doorbell(const struct record_head *where, const struct trace_row *row)
{
	return row->kind == TRACE_MMIO && row->flags & TRACE_WRITE && row->addr > where->doorbell &&
		row->addr < where->doorbell + 4 * DOORBELLS;
}

bool record_reg_is_reset(const struct record_head *where, const struct trace_row *row)
{
	return row->kind == TRACE_MMIO && row->flags & TRACE_WRITE &&
		row->addr == where->oper + XHCI_USBCMD && row->value & USBCMD_HCRST;
}
