// SPDX-License-Identifier: MIT
/*
 * mutate_context.c -- op `tweak` in terms of the fields of contexts (xHCI 6.2.2, 6.2.3, 6.2.5.1): one
 * field of one context gets a value at its edges, and its neighbours stay as a correct driver has
 * them, so that one check of the controller is tried at a time.
 */
#include "op/mutate.h"

struct context_field {
	uint8_t dword, shift, width;
};

static const struct context_field control_field[] = {
	{0, 0, 32}, {1, 0, 32}, {1, 0, 2}, {7, 0, 8}, {7, 8, 8}, {7, 16, 8},
};

static const struct context_field slot_field[] = {
	{0, 0, 20},  /* Route String */
	{0, 20, 4},  /* Speed */
	{0, 25, 1},  /* MTT */
	{0, 26, 1},  /* Hub */
	{0, 27, 5},  /* Context Entries */
	{1, 0, 16},  /* Max Exit Latency */
	{1, 16, 8},  /* Root Hub Port Number */
	{1, 24, 8},  /* Number of Ports */
	{2, 0, 8},   /* Parent Hub Slot ID */
	{2, 8, 8},   /* Parent Port Number */
	{2, 16, 2},  /* TT Think Time */
	{2, 22, 10}, /* Interrupter Target */
	{3, 0, 8},   /* USB Device Address */
	{3, 27, 5},  /* Slot State */
};

static const struct context_field endpoint_field[] = {
	{0, 0, 3},   /* EP State */
	{0, 8, 2},   /* Mult */
	{0, 10, 5},  /* MaxPStreams */
	{0, 15, 1},  /* LSA */
	{0, 16, 8},  /* Interval */
	{0, 24, 8},  /* Max ESIT Payload, high */
	{1, 1, 2},   /* CErr */
	{1, 3, 3},   /* EP Type */
	{1, 7, 1},   /* HID */
	{1, 8, 8},   /* Max Burst Size */
	{1, 16, 16}, /* Max Packet Size */
	{2, 0, 1},   /* DCS */
	{2, 4, 28},  /* TR Dequeue Pointer */
	{3, 0, 32},  /* the same, high */
	{4, 0, 16},  /* Average TRB Length */
	{4, 16, 16}, /* Max ESIT Payload, low */
};

/* Input control, slot, endpoint 0, then mostly the endpoints that small devices have. */
static unsigned pick_context(struct op_random *r)
{
	unsigned n = op_random_below(r, 16);

	if (n < 5)
		return n / 2;
	if (n < 9)
		return 4; /* 1 IN: the one that nearly every device has */
	return n < 15 ? 3 + op_random_below(r, 4) : op_random_below(r, 33);
}

static uint32_t pick_value(struct op_random *r, uint32_t most)
{
	switch (op_random_below(r, 4)) {
	case 0:
		return 0;
	case 1:
		return most;
	case 2:
		return (uint32_t)1 << op_random_below(r, 32) & most;
	default:
		return (uint32_t)op_random_next(r) & most;
	}
}

void mutate_context_fill(struct op_random *r, struct op *op)
{
	const struct op_info *info = &op_table[OP_TWEAK];
	unsigned context = pick_context(r);
	struct context_field f;
	uint32_t most;

	if (context == 0)
		f = control_field[op_random_below(r, ARRAY_SIZE(control_field))];
	else if (context == 1)
		f = slot_field[op_random_below(r, ARRAY_SIZE(slot_field))];
	else
		f = endpoint_field[op_random_below(r, ARRAY_SIZE(endpoint_field))];
	most = ~UINT32_C(0) >> (32 - f.width);
	op->v[op_field_find(info, "context")] = context;
	op->v[op_field_find(info, "dword")] = f.dword;
	op->v[op_field_find(info, "mask")] = most << f.shift;
	op->v[op_field_find(info, "value")] = pick_value(r, most) << f.shift;
}
