// SPDX-License-Identifier: MIT
/*
 * args.h -- fields of an op by name without looking them up: op.def once more as structs of
 * bytes, so that a field's offset is its index. ARG(op, STEP, usec) does not compile if `step`
 * has no field usec.
 */
#ifndef OP_ARGS_H
#define OP_ARGS_H

#include <stddef.h>

#include "op/op.h"

#define OP(id, name, side, help, fields)                                                           \
	struct args_##id {                                                                         \
		fields uint8_t end_of_fields;                                                      \
	};
#define F(name, type) uint8_t name;
#define E(name, table) uint8_t name;
#define B(name, table) uint8_t name;
#include "op/op.def"
#undef OP
#undef F
#undef E
#undef B

#define ARG_INDEX(ID, field) ((unsigned)offsetof(struct args_##ID, field))
/* Enums and bit sets come as the value their name stands for. */
#define ARG(op, ID, field) op_value(op, ARG_INDEX(ID, field))

#endif
