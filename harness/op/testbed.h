// SPDX-License-Identifier: MIT
/*
 * testbed.h -- the driver on the built-in machine, for the tests beside the files: everything real,
 * seen through the backend.
 */
#ifndef OP_TESTBED_H
#define OP_TESTBED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "op/args.h"
#include "op/drive.h"
#include "op/names.h"
#include "xhci/abi.h"

#define OPER 0x40u /* of qemu-xhci */
#define RUNTIME 0x1000u

struct bed {
	struct trace trace;
	struct backend *b;
	struct drive *d;
	struct op_program p;
	unsigned doorbells;
};

static inline void count_row(void *opaque, const struct trace_row *row)
{
	struct bed *bed = opaque;

	if (row->kind == TRACE_MMIO && row->flags & TRACE_WRITE && row->addr >= 0x2000 &&
	    row->addr < 0x3000)
		bed->doorbells++;
}

static inline int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	trace_reset(&bed->trace);
	bed->b = backend_open_emu(&bed->trace);
	bed->trace.sink = count_row;
	bed->trace.sink_opaque = bed;
	bed->d = drive_new(bed->b);
	op_program_init(&bed->p);
	*state = bed;
	return 0;
}

static inline int teardown(void **state)
{
	struct bed *bed = *state;

	drive_free(bed->d);
	bed->b->ops->close(bed->b);
	op_program_fini(&bed->p);
	free(bed);
	return 0;
}

static inline void play(struct bed *bed, const char *text)
{
	struct op_error error = {0};

	op_program_clear(&bed->p);
	if (op_parse(&bed->p, text, strlen(text), &error))
		fail_msg("line %u: %s", error.line, error.message);
	for (unsigned i = 0; i < bed->p.count; i++)
		drive_op(bed->d, &bed->p.op[i]);
}

static inline void power_on(struct bed *bed)
{
	bed->b->ops->reset(bed->b);
	drive_reset(bed->d);
}

static inline uint32_t oper(struct bed *bed, uint32_t reg)
{
	return (uint32_t)bed->b->ops->mmio_read(bed->b, OPER + reg, 4);
}

static inline uint32_t guest32(struct bed *bed, uint64_t addr)
{
	uint8_t raw[4];

	assert_int_equal(bed->b->ops->mem_read(bed->b, addr, raw, 4), 0);
	return get_le32(raw);
}

/* As the controller wrote it for the guest (32-byte contexts). */
static inline unsigned slot_state(struct bed *bed, unsigned slot)
{
	return guest32(bed, DRIVE_SLOTS + slot * DRIVE_SLOT_STRIDE + 12) >> 27;
}

static inline unsigned ep_state(struct bed *bed, unsigned slot, unsigned dci)
{
	return guest32(bed, DRIVE_SLOTS + slot * DRIVE_SLOT_STRIDE + dci * 32) & 7;
}

#define bed_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
