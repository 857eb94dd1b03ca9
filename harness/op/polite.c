// SPDX-License-Identifier: MIT
/*
 * polite.c -- programs in which the guest behaves as a driver does and only the device side is rude:
 * what no driver would do is left out, and what an op has of rudeness is taken from it. And honest ones:
 * saved state is loaded as it was saved.
 */
#include "op/names.h"
#include "op/op.h"

/* What a driver does, or what happens to it. */
static bool is_polite(unsigned id)
{
	switch (id) {
	case OP_ENUMERATE:
	case OP_STEP:
	case OP_ADDRESS:
	case OP_CONFIGURE:
	case OP_CONTROL:
	case OP_CONTROL_OUT:
	case OP_TRANSFER:
	case OP_READ_SECTOR:
	case OP_WRITE_SECTOR:
	case OP_SCSI:
	case OP_PROFILE:
	case OP_SNAPSHOT:
		return true;
	default:
		return op_table[id].side == SIDE_DEVICE;
	}
}

static uint64_t *field(struct op *op, const char *name)
{
	int i = op_field_find(&op_table[op->id], name);

	REQUIRE(i >= 0);
	return &op->v[i];
}

void op_program_honest(struct op_program *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->op[i].id == OP_SNAPSHOT && p->op[i].v[0] > SNAPSHOT_KEEP)
			p->op[i].v[0] = SNAPSHOT_LOAD;
}

void op_program_polite(struct op_program *p)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->count; i++) {
		struct op *op = &p->op[i];

		if (!is_polite(op->id))
			continue;
		if (op->id == OP_CONTROL) {
			*field(op, "flags") &= CONTROL_IOC_DATA | CONTROL_EVENT_DATA;
			*field(op, "trb_length") = 0; /* as wLength says */
		} else if (op->id == OP_TRANSFER) {
			*field(op, "flags") &= TRANSFER_ISP | TRANSFER_EVENT_DATA | TRANSFER_ISOCH;
		}
		p->op[kept++] = *op;
	}
	p->count = kept;
}

size_t op_make_polite(uint8_t *data, size_t size, size_t max_size)
{
	struct op_program p;

	op_program_init(&p);
	op_decode(&p, data, size);
	op_program_polite(&p);
	size = op_encode(&p, data, max_size);
	op_program_fini(&p);
	return size;
}
