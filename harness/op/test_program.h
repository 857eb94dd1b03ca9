// SPDX-License-Identifier: MIT
/*
 * test_program.h -- programs for the tests of this folder: any op with any value its fields can
 * hold, drawn from a seed.
 */
#ifndef OP_TEST_PROGRAM_H
#define OP_TEST_PROGRAM_H

#include "op/op.h"
#include "op/random.h"

static inline void test_program_draw(struct op_program *p, struct op_random *r, unsigned ops)
{
	op_program_clear(p);
	while (ops--) {
		uint8_t blob[300];
		struct op op = {.id = (uint8_t)op_random_below(r, OP_COUNT)};
		unsigned i;

		op.addr_kind = (uint8_t)op_random_below(r, ADDR_KINDS);
		for (i = 0; i < OP_MAX_FIELDS; i++)
			op.v[i] = op_random_next(r) >> op_random_below(r, 64);
		for (i = 0; i < sizeof(blob); i++)
			blob[i] = (uint8_t)(ops & 1 ? 'a' + i % 26 : op_random_next(r));
		op.blob = blob;
		op.blob_len = (uint16_t)(op_random_one_in(r, 3) ? op_random_below(r, sizeof(blob))
								: op_random_below(r, 8));
		op_normalize(&op);
		op_program_append(p, &op);
	}
}

#endif
