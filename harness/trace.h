// SPDX-License-Identifier: MIT
/*
 * trace.h -- the record of what happened, the only thing oracles judge. Five writers: the runner
 * (which op), guest/mmio.c (register accesses), guest/dma.c (memory accesses of the controller),
 * guest/pci.c (configuration accesses and interrupts), usb (packets and plugging).
 */
#ifndef TRACE_H
#define TRACE_H

#include "base.h"

enum trace_kind {
	TRACE_OP,     /* an op begins: addr = index, value = op id */
	TRACE_MMIO,   /* addr = BAR 0 offset, len = size in bytes, value */
	TRACE_CONFIG, /* addr = configuration space offset, len = size in bytes, value */
	TRACE_DMA,    /* addr, len, data; what = enum dma_what, slot, dci */
	TRACE_IRQ,    /* what = enum irq_what, addr/value = MSI message or line level */
	TRACE_PACKET, /* what = enum packet_what; see struct trace_row */
	TRACE_PLUG, /* what = 1 plugged, 0 unplugged; slot = root port number (1 based), addr = route */
	TRACE_STEP,  /* the virtual clock was moved: value = new time in ns */
	TRACE_STATE, /* the machine was saved; what = enum state_what */
	TRACE_KINDS
};

enum trace_flag {
	TRACE_WRITE = 1 << 0,      /* else a read */
	TRACE_FAULT = 1 << 1,      /* DMA: refused by memory; MMIO/config: not performed */
	TRACE_OWN_BAR = 1 << 2,    /* DMA aimed at the function's own BAR: refused */
	TRACE_BLOCKED = 1 << 3,    /* DMA refused because Bus Master Enable is 0 */
	TRACE_UNASSIGNED = 1 << 4, /* MMIO: no region, or size/alignment not valid there */
};

/* What the controller says it was doing; oracles check that against what the guest published. */
enum dma_what {
	DMA_OTHER,
	DMA_DCBAA,     /* DCBAA entry (xHCI 6.1) */
	DMA_SCRATCH,   /* scratchpad array or page (xHCI 6.6) */
	DMA_CMD_TRB,   /* command ring (xHCI 4.9.3) */
	DMA_XFER_TRB,  /* transfer ring (xHCI 4.9.2) */
	DMA_EVENT_TRB, /* event ring (xHCI 4.9.4) */
	DMA_ERST,      /* event ring segment table (xHCI 6.5) */
	DMA_INPUT_CTX, /* input context (xHCI 6.2.5) */
	DMA_OUT_CTX,   /* device context (xHCI 6.2.1) */
	DMA_STREAM_CTX,
	DMA_DATA,    /* data buffer of a TD */
	DMA_PORT_BW, /* port bandwidth context (xHCI 6.2.6) */
	DMA_MSI,     /* an interrupt message */
	DMA_WHATS
};

enum irq_what {
	IRQ_INTX,
	IRQ_MSI,
	IRQ_MSIX,
	IRQ_PME, /* these: value 1 */
	IRQ_SERR,
	IRQ_SMI,
	IRQ_RESET, /* the function started over: FLR, or D3hot to D0 */
	IRQ_WHATS
};

enum state_what {
	STATE_WHOLE,   /* it goes on as it was: here, or where the state was loaded */
	STATE_LIED,    /* something untrue was loaded: rules of behaviour end here */
	STATE_REFUSED, /* it was not loaded: power-on, nothing plugged */
};

enum packet_what {
	PACKET_SUBMIT,   /* handed to the device */
	PACKET_COMPLETE, /* the device (or core) finished it: status, actual_length, data */
	PACKET_CANCEL,   /* the controller took it back */
};

struct trace_row {
	uint8_t kind;
	uint8_t flags; /* enum trace_flag; PACKET: enum usb_ep_type, control if there is none */
	uint8_t what;
	uint8_t slot;     /* DMA: slot id or 0; PLUG: root port; PACKET: device address */
	uint8_t dci;      /* DMA: endpoint id 1..31 or 0; PACKET: bEndpointAddress */
	uint8_t pid;      /* PACKET: enum usb_pid */
	uint8_t status;   /* PACKET: enum usb_status */
	uint8_t port;     /* PACKET: root port number */
	uint32_t op;      /* index of the op that caused it */
	uint32_t len;     /* bytes */
	uint64_t time_ns; /* virtual */
	uint64_t addr;    /* PACKET, PLUG: route string, 0 = in a root port */
	uint64_t value;   /* PACKET: packet id */
	const uint8_t *
		data; /* DMA and PACKET: len bytes (of IN PACKETs the bytes that came), else NULL */
};

/* Called for each row as it is written; row and row->data live only during the call. */
typedef void trace_sink(void *opaque, const struct trace_row *row);

struct trace {
	uint64_t hash; /* over every row so far, independent of host addresses */
	uint64_t row_count;
	uint64_t byte_count; /* of data in those rows */
	bool unhashed; /* a served VM: nobody compares hashes there, and they cost a third of it */
	uint32_t op;   /* stamped on rows */
	const uint64_t *now_ns; /* stamped on rows; NULL = 0 */
	trace_sink *sink;       /* NULL = none */
	void *sink_opaque;
};

/* Start an empty trace; keeps sink and clock. */
void trace_reset(struct trace *t);

/* Append: stamps op and time, hashes, hands the row to the sink. */
void trace_append(struct trace *t, struct trace_row *row);

#endif
