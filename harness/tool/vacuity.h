// SPDX-License-Identifier: MIT
/*
 * vacuity.h -- what a corpus has reached, and what it should.
 */
#ifndef TOOL_VACUITY_H
#define TOOL_VACUITY_H

#include "op/names.h"
#include "trace.h"
#include "xhci/abi.h"

#define REACHED_TABLES 32u
#define REACHED_ROWS 64u
#define REACHED_PROBLEMS 256u

/* Flags; lies in memory that the children share. */
struct reached {
	uint8_t op[OP_COUNT], addr_kind[ADDR_KINDS];
	uint8_t transfer[64], command[64], event[64]; /* by TRB type */
	uint8_t completion[256];
	uint8_t dma[DMA_WHATS], irq[IRQ_WHATS], packet_status[8];
	uint8_t problem[REACHED_PROBLEMS]; /* enum usb_desc_problem */
	struct reached_table {
		uint8_t row[REACHED_ROWS];
	} table[REACHED_TABLES];
	unsigned expected; /* set by reached_compare */
};

/* Where the values of a named set are noted; NULL for sets that are not looked at. */
struct reached_table *reached_table(struct reached *r, const struct op_names *names);
/* What usb_desc_check finds in a set. */
void reached_descriptors(struct reached *r, const uint8_t *bytes, size_t len);
/* Print what is missing, one line each, and return how many there are. */
unsigned reached_compare(struct reached *r, FILE *out);

#endif
