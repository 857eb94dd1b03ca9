// SPDX-License-Identifier: MIT
/*
 * explain.h -- the readable trace: names instead of numbers. A trace_sink that prints.
 */
#ifndef TOOL_EXPLAIN_H
#define TOOL_EXPLAIN_H

#include "op/op.h"
#include "trace.h"

#define EXPLAIN_PORTS 32u

struct explain {
	FILE *out;
	const struct op_program *program; /* for the headings; borrowed */
	unsigned long rows_max, rows;     /* rows to print at most, printed or left out */

	/* Where register blocks lie: from the capability registers once they were read. */
	uint32_t oper, doorbell, runtime, extended;
	unsigned ports, interrupters;
	struct trace_row last; /* what came before; of its data the hash is kept */
	uint64_t last_hash;
	unsigned long again;     /* how often it came again since */
	struct explain_request { /* the control request under way at each root port */
		bool open;
		uint8_t address, setup[8];
	} request[EXPLAIN_PORTS + 1];
};

/* program may be NULL. rows_max = 0: all of them. */
void explain_init(struct explain *e, FILE *out, const struct op_program *program,
		  unsigned long rows_max);
/* A trace_sink; opaque is the struct explain. */
void explain_row(void *opaque, const struct trace_row *row);
/* How many rows were left out, if so. */
void explain_end(struct explain *e);

/* explain_reg.c */
void explain_mmio(struct explain *e, const struct trace_row *row);
void explain_config(struct explain *e, const struct trace_row *row);
/* explain_trb.c: one TRB as words. dci = 0: command or event ring. */
void explain_trb(struct explain *e, const uint8_t raw[16], unsigned slot, unsigned dci, bool event);
/* "ep1in" for endpoint id 3; "command" for 0. buf has room for 16 characters. */
const char *explain_endpoint(unsigned dci, char *buf);
/* explain_dma.c */
void explain_dma(struct explain *e, const struct trace_row *row);
/* A short dump of at most 32 bytes. */
void explain_bytes(struct explain *e, const uint8_t *data, size_t len);
/* explain_usb.c */
#define EXPLAIN_PLACE 24u
/* "1.2": a port and the way behind it. */
const char *explain_place(unsigned port, uint64_t route, char out[EXPLAIN_PLACE]);
void explain_packet(struct explain *e, const struct trace_row *row);
/* "GET_DESCRIPTOR(device) wLength=18" */
void explain_setup(struct explain *e, const uint8_t setup[8]);
/* A descriptor set, or a part of one, as lsusb -v shows it, each line behind the indent. A part
 * of a set is not judged. */
void explain_descriptors(FILE *out, const uint8_t *bytes, size_t len, const char *indent,
			 bool partial);

#endif
