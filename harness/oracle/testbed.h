// SPDX-License-Identifier: MIT
/*
 * testbed.h -- for this folder's tests: writes rows by hand, as a correct controller and a polite
 * guest would cause them, and says what the oracles made of it.
 */
#ifndef ORACLE_TESTBED_H
#define ORACLE_TESTBED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap.h"
#include "oracle/set.h"

#define BED_OPER 0x40u
#define BED_RUNTIME 0x1000u
#define BED_DOORBELL 0x2000u
#define BED_DCBAA 0x10000u
#define BED_COMMANDS 0x11000u
#define BED_ERST 0x12000u
#define BED_EVENTS 0x13000u
#define BED_EVENT_TRBS 16u
#define BED_INPUT 0x14000u
#define BED_CONTEXT 0x15000u /* + 0x1000 * slot */
#define BED_RING 0x40000u    /* + 0x1000 * dci */
#define BED_DATA 0x80000u

struct bed {
	struct oracle_set *set;
	uint64_t time_ns;
	uint64_t command, last_command; /* addresses: next and last */
	uint32_t event;                 /* index of the next event */
	unsigned event_cycle;
	uint64_t trb[32]; /* next TRB of each endpoint's ring */
	uint64_t packet;
};

static inline void bed_row(struct bed *b, struct trace_row row)
{
	row.time_ns = b->time_ns;
	oracle_set_row(b->set, &row);
}

static inline void bed_write(struct bed *b, uint64_t addr, uint64_t value, unsigned size)
{
	bed_row(b,
		(struct trace_row){.kind = TRACE_MMIO,
				   .flags = TRACE_WRITE,
				   .addr = addr,
				   .len = size,
				   .value = value});
}

static inline void bed_read(struct bed *b, uint64_t addr, uint64_t value, unsigned size)
{
	bed_row(b,
		(struct trace_row){.kind = TRACE_MMIO, .addr = addr, .len = size, .value = value});
}

static inline void bed_dma(struct bed *b, unsigned flags, unsigned what, unsigned slot,
			   unsigned dci, uint64_t addr, const void *data, uint32_t len)
{
	bed_row(b,
		(struct trace_row){.kind = TRACE_DMA,
				   .flags = (uint8_t)flags,
				   .what = (uint8_t)what,
				   .slot = (uint8_t)slot,
				   .dci = (uint8_t)dci,
				   .addr = addr,
				   .len = len,
				   .data = data});
}

/* ---- register names ---- */

static inline void bed_oper(struct bed *b, unsigned reg, uint64_t value, unsigned size)
{
	bed_write(b, BED_OPER + reg, value, size);
}

static inline void bed_intr(struct bed *b, unsigned intr, unsigned reg, uint64_t value,
			    unsigned size)
{
	bed_write(b, BED_RUNTIME + XHCI_INTR + 32 * intr + reg, value, size);
}

static inline void bed_doorbell(struct bed *b, unsigned slot, unsigned target)
{
	bed_write(b, BED_DOORBELL + 4 * slot, target, 4);
}

/* Software has taken all events. */
static inline void bed_take_events(struct bed *b)
{
	bed_intr(b, 0, XHCI_ERDP, (BED_EVENTS + b->event * TRB_SIZE) | ERDP_EHB, 8);
}

/* ---- rings ---- */

static inline void bed_trb(struct bed *b, unsigned what, unsigned slot, unsigned dci, uint64_t addr,
			   struct trb t)
{
	uint8_t raw[TRB_SIZE];

	trb_encode(&t, raw);
	bed_dma(b, what == DMA_EVENT_TRB ? TRACE_WRITE : 0, what, slot, dci, addr, raw,
		sizeof(raw));
}

static inline void bed_event_at(struct bed *b, uint32_t index, unsigned cycle, struct trb t)
{
	t.control = (t.control & ~TRB_CYCLE) | cycle;
	bed_trb(b, DMA_EVENT_TRB, 0, 0, BED_EVENTS + index * TRB_SIZE, t);
}

static inline void bed_event(struct bed *b, struct trb t)
{
	bed_event_at(b, b->event, b->event_cycle, t);
	if (++b->event == BED_EVENT_TRBS) {
		b->event = 0;
		b->event_cycle ^= 1;
	}
}

static inline struct trb bed_port_event(void)
{
	return (struct trb){UINT64_C(1) << 24, CC_SUCCESS << 24, trb_type_bits(TRB_EV_PORT)};
}

static inline void bed_command(struct bed *b, unsigned type, uint64_t parameter, uint32_t control)
{
	b->last_command = b->command;
	bed_trb(b, DMA_CMD_TRB, 0, 0, b->command,
		(struct trb){parameter, 0, control | trb_type_bits(type) | TRB_CYCLE});
	b->command += TRB_SIZE;
}

static inline void bed_complete_at(struct bed *b, uint64_t addr, unsigned code, unsigned slot)
{
	bed_event(b, (struct trb){addr, code << 24, trb_type_bits(TRB_EV_COMMAND) | slot << 24});
}

static inline void bed_complete(struct bed *b, unsigned code, unsigned slot)
{
	bed_complete_at(b, b->last_command, code, slot);
}

/* ---- contexts ---- */

static inline void bed_slot_context(struct bed *b, unsigned slot, unsigned state)
{
	uint8_t raw[32] = {0};

	put_le32(raw + 12, state << 27 | (state < SLOT_ADDRESSED ? 0 : slot));
	bed_dma(b, TRACE_WRITE, DMA_OUT_CTX, slot, 0, BED_CONTEXT + 0x1000 * slot, raw,
		sizeof(raw));
}

static inline void bed_ep_context(struct bed *b, unsigned slot, unsigned dci, unsigned state,
				  unsigned type)
{
	uint8_t raw[32] = {0};

	put_le32(raw, state);
	put_le32(raw + 4, type << 3);
	bed_dma(b, TRACE_WRITE, DMA_OUT_CTX, slot, dci, BED_CONTEXT + 0x1000 * slot + 32 * dci, raw,
		sizeof(raw));
}

/* The controller reads control and slot context, and the context of one endpoint. */
static inline void bed_input(struct bed *b, unsigned slot, uint32_t add, unsigned dci)
{
	uint8_t raw[32] = {0};

	put_le32(raw + 4, add);
	bed_dma(b, 0, DMA_INPUT_CTX, slot, 0, BED_INPUT, raw, sizeof(raw));
	memset(raw, 0, sizeof(raw));
	bed_dma(b, 0, DMA_INPUT_CTX, slot, 0, BED_INPUT + 32, raw, sizeof(raw));
	put_le64(raw + 8, (BED_RING + 0x1000 * dci) | 1);
	bed_dma(b, 0, DMA_INPUT_CTX, slot, dci, BED_INPUT + 32 * (dci + 1), raw, sizeof(raw));
	b->trb[dci] = BED_RING + 0x1000 * dci;
}

/* ---- whole steps ---- */

static inline void bed_enable_slot(struct bed *b, unsigned slot)
{
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_ENABLE_SLOT, 0, 0);
	bed_complete(b, CC_SUCCESS, slot);
	bed_take_events(b);
}

static inline void bed_address(struct bed *b, unsigned slot)
{
	uint8_t entry[8];

	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, slot << 24);
	bed_input(b, slot, 3, 1);
	put_le64(entry, BED_CONTEXT + 0x1000 * slot);
	bed_dma(b, 0, DMA_DCBAA, slot, 0, BED_DCBAA + 8 * slot, entry, sizeof(entry));
	bed_slot_context(b, slot, SLOT_ADDRESSED);
	bed_ep_context(b, slot, 1, EP_RUNNING, EP_CONTROL);
	bed_complete(b, CC_SUCCESS, slot);
	bed_take_events(b);
}

static inline void bed_configure(struct bed *b, unsigned slot, unsigned dci, unsigned type)
{
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_CONFIGURE_ENDPOINT, BED_INPUT, slot << 24);
	bed_input(b, slot, 1 | 1u << dci, dci);
	bed_ep_context(b, slot, dci, EP_RUNNING, type);
	bed_slot_context(b, slot, SLOT_CONFIGURED);
	bed_complete(b, CC_SUCCESS, slot);
	bed_take_events(b);
}

/* The controller fetches a TRB with a buffer of length bytes at BED_DATA. */
static inline uint64_t bed_fetch(struct bed *b, unsigned dci, unsigned type, uint32_t length,
				 uint32_t flags)
{
	uint64_t addr = b->trb[dci];

	bed_trb(b, DMA_XFER_TRB, 1, dci, addr,
		(struct trb){BED_DATA, length, trb_type_bits(type) | flags | TRB_CYCLE});
	b->trb[dci] += TRB_SIZE;
	return addr;
}

static inline void bed_transfer_event(struct bed *b, unsigned dci, uint64_t addr, unsigned code,
				      uint32_t left)
{
	bed_event(b,
		  (struct trb){addr, left | code << 24,
			       trb_type_bits(TRB_EV_TRANSFER) | 1u << 24 | dci << 16});
}

/* A device delivers len bytes of value on an IN endpoint. */
static inline void bed_packet(struct bed *b, unsigned dci, const void *data, uint32_t len)
{
	struct trace_row row = {.kind = TRACE_PACKET,
				.what = PACKET_SUBMIT,
				.dci = (uint8_t)(dci / 2 | 0x80),
				.pid = 1,
				.len = len,
				.value = b->packet++};

	bed_row(b, row);
	row.what = PACKET_COMPLETE;
	row.data = data;
	bed_row(b, row);
}

static inline void bed_move(struct bed *b, uint64_t addr, uint32_t len)
{
	uint8_t *data = heap_zero(len);

	bed_packet(b, 3, data, len);
	bed_dma(b, TRACE_WRITE, DMA_DATA, 1, 3, addr, data, len);
	heap_free(data);
}

/* ---- the guest brings the controller up ---- */

static inline void bed_start(struct bed *b)
{
	uint8_t entry[16] = {0};

	bed_row(b,
		(struct trace_row){.kind = TRACE_CONFIG,
				   .flags = TRACE_WRITE,
				   .addr = 4,
				   .len = 2,
				   .value = 6});
	bed_read(b, XHCI_CAPLENGTH, 0x01000040, 4);
	bed_read(b, XHCI_HCSPARAMS1, 0x08001040, 4);
	bed_read(b, XHCI_HCCPARAMS1, 0x1, 4);
	bed_oper(b, XHCI_USBCMD, USBCMD_HCRST, 4);
	bed_oper(b, XHCI_DCBAAP, BED_DCBAA, 8);
	bed_oper(b, XHCI_CRCR, BED_COMMANDS | CRCR_RCS, 8);
	bed_intr(b, 0, XHCI_ERSTSZ, 1, 4);
	bed_intr(b, 0, XHCI_ERDP, BED_EVENTS, 8);
	bed_intr(b, 0, XHCI_ERSTBA, BED_ERST, 8);
	bed_oper(b, XHCI_USBCMD, USBCMD_RS, 4);
	put_le64(entry, BED_EVENTS);
	put_le32(entry + 8, BED_EVENT_TRBS);
	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST, entry, sizeof(entry));
	b->command = BED_COMMANDS;
	b->event = 0;
	b->event_cycle = 1;
}

/* Slot 1 with endpoint 1 IN (bulk, dci 3) and its doorbell rung. */
static inline void bed_bulk_in(struct bed *b)
{
	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 3, EP_BULK_IN);
	bed_doorbell(b, 1, 3);
}

static inline int bed_setup(void **state)
{
	struct bed *b = heap_zero(sizeof(*b));

	b->set = oracle_set_new();
	bed_start(b);
	*state = b;
	return 0;
}

static inline int bed_teardown(void **state)
{
	struct bed *b = *state;

	oracle_set_free(b->set);
	heap_free(b);
	return 0;
}

/* The oracle that fired, NULL if none did. */
static inline const struct oracle *bed_fired(const struct bed *b)
{
	const struct finding *f = oracle_set_finding(b->set);

	return f ? f->oracle : NULL;
}

static inline void assert_clean(const struct bed *b)
{
	const struct finding *f = oracle_set_finding(b->set);

	if (f)
		print_error("%s: %s\n", f->oracle->name, f->detail);
	assert_null(f);
}

#define assert_fired(b, which) assert_ptr_equal(bed_fired(b), &(which))
#define bed_test(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)

#endif
