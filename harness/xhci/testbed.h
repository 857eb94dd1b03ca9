// SPDX-License-Identifier: MIT
/*
 * testbed.h -- a controller with a bus and the smallest possible driver, for the tests here.
 *
 *   0x1000 DCBAA   0x2000 command ring   0x3000 ERST      0x4000 event ring
 *   0x8000 + slot * 0x2000: device context, +0x1000 input context
 *   0x100000 + (slot * 32 + dci) * 0x1000: transfer rings      0x1000000: data
 */
#ifndef XHCI_TESTBED_H
#define XHCI_TESTBED_H

#include "heap.h"
#include "xhci/xhci.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BED_DCBAA 0x1000u
#define BED_COMMANDS 0x2000u
#define BED_ERST 0x3000u
#define BED_EVENTS 0x4000u
#define BED_DATA 0x1000000u

struct bed {
	struct trace trace;
	struct guest guest;
	struct usb_bus bus;
	struct xhci *x;
	uint64_t command_at;
	uint32_t event_at, event_trbs;
	bool event_cycle;
	uint64_t ring_at[64][32];
	unsigned interrupts; /* INTx rises */
};

static inline uint32_t bed_oper(const struct bed *bed, uint32_t reg)
{
	return bed->x->profile->cap_length + reg;
}

static inline uint32_t bed_portsc(const struct bed *bed, unsigned port)
{
	return bed_oper(bed, XHCI_PORTS + 16 * (port - 1));
}

static inline uint32_t bed_intr(const struct bed *bed, unsigned i, uint32_t reg)
{
	return bed->x->profile->rtsoff + XHCI_INTR + 32 * i + reg;
}

static inline uint32_t bed_get(struct bed *bed, uint32_t offset)
{
	return (uint32_t)mmio_read(&bed->guest, offset, 4);
}

static inline void bed_set(struct bed *bed, uint32_t offset, uint32_t value)
{
	mmio_write(&bed->guest, offset, value, 4);
}

static inline void bed_set64(struct bed *bed, uint32_t offset, uint64_t value)
{
	bed_set(bed, offset, (uint32_t)value);
	bed_set(bed, offset + 4, (uint32_t)(value >> 32));
}

static inline void bed_doorbell(struct bed *bed, unsigned slot, uint32_t value)
{
	bed_set(bed, bed->x->profile->dboff + 4 * slot, value);
}

static inline void bed_store(struct bed *bed, uint64_t addr, const struct trb *t)
{
	uint8_t raw[TRB_SIZE];

	trb_encode(t, raw);
	assert_int_equal(mem_write(bed->guest.mem, addr, raw, sizeof(raw)), 0);
}

static inline void bed_store32(struct bed *bed, uint64_t addr, uint32_t value)
{
	uint8_t raw[4];

	put_le32(raw, value);
	assert_int_equal(mem_write(bed->guest.mem, addr, raw, 4), 0);
}

static inline uint32_t bed_load32(struct bed *bed, uint64_t addr)
{
	uint8_t raw[4];

	assert_int_equal(mem_read(bed->guest.mem, addr, raw, 4), 0);
	return get_le32(raw);
}

/* Time passes, and what is pending gets done. */
static inline void bed_step(struct bed *bed, uint64_t usec)
{
	clock_step(&bed->guest.clock, usec * 1000);
	for (unsigned i = 0; i < 64 && xhci_work(bed->x); i++)
		;
}

static void bed_intx(void *opaque, bool level)
{
	struct bed *bed = opaque;

	bed->interrupts += level;
}

/* A controller of a profile of the test's own, which has to stay as long as the bed. */
static inline struct bed *bed_new_as(const struct xhci_profile *profile)
{
	struct bed *bed = heap_zero(sizeof(*bed));

	trace_reset(&bed->trace);
	guest_init(&bed->guest, &bed->trace, &profile->pci);
	usb_bus_init(&bed->bus, &bed->trace, &bed->guest.clock.now_ns);
	bed->x = xhci_new(&bed->guest, &bed->bus, profile);
	bed->guest.pci.intx_changed = bed_intx;
	bed->guest.pci.opaque = bed;
	pci_config_write(&bed->guest, 4, 6, 2); /* MSE, BME */
	return bed;
}

static inline struct bed *bed_new(unsigned profile)
{
	return bed_new_as(&xhci_profiles[profile]);
}

static inline void bed_free(struct bed *bed)
{
	usb_bus_reset(&bed->bus);
	xhci_power_on(bed->x);
	assert_int_equal(bed->bus.live_packets, 0);
	assert_int_equal(xhci_live_endpoints(bed->x), 0);
	assert_null(bed->guest.clock.first);
	xhci_free(bed->x);
	guest_fini(&bed->guest);
	heap_free(bed);
}

static inline void bed_events(struct bed *bed, uint32_t trbs)
{
	bed->event_trbs = trbs;
	bed->event_at = 0;
	bed->event_cycle = true;
	bed_store(bed, BED_ERST, &(struct trb){BED_EVENTS, trbs, 0});
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), 1);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERDP), BED_EVENTS);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), BED_ERST);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMOD), 0);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IE);
}

static inline void bed_start(struct bed *bed, uint32_t event_trbs)
{
	bed->command_at = BED_COMMANDS;
	bed_set(bed, bed_oper(bed, XHCI_CONFIG), bed->x->profile->slots);
	bed_set64(bed, bed_oper(bed, XHCI_DCBAAP), BED_DCBAA);
	bed_set64(bed, bed_oper(bed, XHCI_CRCR), BED_COMMANDS | CRCR_RCS);
	bed_events(bed, event_trbs);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
}

/* The next event, if there is one; ERDP stays (bed_ack moves it). */
static inline bool bed_event(struct bed *bed, struct trb *ret)
{
	uint8_t raw[TRB_SIZE];

	assert_int_equal(
		mem_read(bed->guest.mem, BED_EVENTS + TRB_SIZE * bed->event_at, raw, sizeof(raw)),
		0);
	*ret = trb_decode(raw);
	if (!!(ret->control & TRB_CYCLE) != bed->event_cycle)
		return false;
	if (++bed->event_at == bed->event_trbs) {
		bed->event_at = 0;
		bed->event_cycle = !bed->event_cycle;
	}
	return true;
}

static inline void bed_ack(struct bed *bed)
{
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERDP),
		  (BED_EVENTS + TRB_SIZE * bed->event_at) | ERDP_EHB);
}

/* The next event must be of this type; port changes on the way are skipped. */
static inline struct trb bed_expect(struct bed *bed, unsigned type)
{
	struct trb t;

	do
		assert_true(bed_event(bed, &t));
	while (trb_type(&t) == TRB_EV_PORT && type != TRB_EV_PORT);
	assert_string_equal(trb_type_name(trb_type(&t)), trb_type_name(type));
	bed_ack(bed);
	return t;
}

static inline void bed_expect_none(struct bed *bed)
{
	struct trb t;

	assert_false(bed_event(bed, &t));
}

/* Put a command on the ring and ring; the caller takes the events. */
static inline void bed_submit(struct bed *bed, unsigned type, uint64_t parameter, uint32_t status,
			      uint32_t control)
{
	bed_store(bed, bed->command_at,
		  &(struct trb){parameter, status, trb_type_bits(type) | control | TRB_CYCLE});
	bed->command_at += TRB_SIZE;
	bed_doorbell(bed, 0, 0);
}

/* The same, and its completion event. */
static inline struct trb bed_command(struct bed *bed, unsigned type, uint64_t parameter,
				     uint32_t control)
{
	struct trb t;

	bed_submit(bed, type, parameter, 0, control);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(t.parameter, bed->command_at - TRB_SIZE);
	return t;
}

static inline unsigned bed_code(struct bed *bed, unsigned type, uint64_t parameter,
				uint32_t control)
{
	struct trb t = bed_command(bed, type, parameter, control);

	return trb_completion(&t);
}

static inline uint64_t bed_ctx(unsigned slot)
{
	return 0x8000 + 0x2000 * slot;
}

static inline uint64_t bed_input(unsigned slot)
{
	return bed_ctx(slot) + 0x1000;
}

static inline uint64_t bed_ring(unsigned slot, unsigned dci)
{
	return 0x100000 + (slot * 32 + dci) * 0x1000;
}

/* An input endpoint context and its Add flag. */
static inline void bed_input_ep(struct bed *bed, unsigned slot, unsigned dci, unsigned type,
				unsigned max_packet, unsigned interval)
{
	uint64_t at = bed_input(slot) + (dci + 1) * xhci_context_bytes(bed->x);

	bed_store32(bed, bed_input(slot), 0);
	bed_store32(bed, bed_input(slot) + 4, bed_load32(bed, bed_input(slot) + 4) | 1u << dci | 1);
	bed_store32(bed, at, interval << 16);
	bed_store32(bed, at + 4, 3 << 1 | type << 3 | max_packet << 16);
	bed_store32(bed, at + 8, (uint32_t)bed_ring(slot, dci) | 1);
	bed_store32(bed, at + 12, 0);
	bed_store32(bed, at + 16, 8);
	bed->ring_at[slot][dci] = bed_ring(slot, dci);
}

static inline void bed_input_slot(struct bed *bed, unsigned slot, unsigned port)
{
	uint64_t at = bed_input(slot) + xhci_context_bytes(bed->x);
	unsigned speed =
		(bed_get(bed, bed_portsc(bed, port)) & PORTSC_SPEED_MASK) >> PORTSC_SPEED_SHIFT;

	bed_store32(bed, bed_input(slot) + 4, 0);
	bed_store32(bed, at, 31u << 27 | speed << 20);
	bed_store32(bed, at + 4, port << 16);
	bed_store32(bed, BED_DCBAA + 8 * slot, (uint32_t)bed_ctx(slot));
}

/* The root hub port on which the device of a connector (1-based) shows. */
static inline unsigned bed_port(struct bed *bed, unsigned connector)
{
	for (unsigned i = 1; i <= bed->x->port_count; i++)
		if (bed->x->port[i].connector->number == connector &&
		    bed->x->port[i].portsc & PORTSC_CCS)
			return i;
	return 0;
}

/* Plug into connector 1, reset, Enable Slot, Address Device: the slot. */
static inline unsigned bed_address(struct bed *bed, struct usb_device *dev, uint32_t bsr)
{
	unsigned port, slot;
	struct trb t;

	assert_int_equal(usb_plug(bed->bus.port[0], dev), 0);
	if (bed->x->profile->link_usec)
		bed_step(bed, bed->x->profile->link_usec); /* until the link is there */
	port = bed_port(bed, 1);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_PR);
	bed_step(bed, 20000);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
	t = bed_command(bed, TRB_ENABLE_SLOT, 0, 0);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	slot = trb_slot(&t);
	bed_input_slot(bed, slot, port);
	bed_input_ep(bed, slot, 1, EP_CONTROL, dev->speed == USB_SPEED_SUPER ? 512 : 64, 0);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), bsr | slot << 24),
			 CC_SUCCESS);
	return slot;
}

static inline void bed_queue(struct bed *bed, unsigned slot, unsigned dci, uint64_t parameter,
			     uint32_t status, uint32_t control)
{
	bed_store(bed, bed->ring_at[slot][dci],
		  &(struct trb){parameter, status, control | TRB_CYCLE});
	bed->ring_at[slot][dci] += TRB_SIZE;
}

static inline void bed_normal(struct bed *bed, unsigned slot, unsigned dci, uint64_t data,
			      uint32_t len, uint32_t flags)
{
	bed_queue(bed, slot, dci, data, len, trb_type_bits(TRB_NORMAL) | flags);
}

/* The three TRBs of a control transfer and the doorbell. */
static inline void bed_control(struct bed *bed, unsigned slot, uint64_t setup, uint32_t len)
{
	bool in = setup & 0x80;
	uint32_t trt = len ? (in ? TRT_IN : TRT_OUT) : TRT_NO_DATA;

	bed_queue(bed, slot, 1, setup, 8,
		  trb_type_bits(TRB_SETUP) | TRB_IDT | trt << TRB_TRT_SHIFT);
	if (len)
		bed_queue(bed, slot, 1, BED_DATA, len,
			  trb_type_bits(TRB_DATA) | TRB_ISP | (in ? TRB_DIR_IN : 0));
	bed_queue(bed, slot, 1, 0, 0,
		  trb_type_bits(TRB_STATUS) | TRB_IOC | (in && len ? 0 : TRB_DIR_IN));
	bed_doorbell(bed, slot, 1);
}

#define SETUP(type, request, value, index, length)                                                 \
	((uint64_t)(type) | (uint64_t)(request) << 8 | (uint64_t)(value) << 16 |                   \
	 (uint64_t)(index) << 32 | (uint64_t)(length) << 48)

/* SET_CONFIGURATION 1 and one more endpoint in the slot. */
static inline void bed_configure(struct bed *bed, unsigned slot, unsigned dci, unsigned type,
				 unsigned max_packet, unsigned interval)
{
	struct trb t;

	bed_input_ep(bed, slot, dci, type, max_packet, interval);
	bed_store32(bed, bed_input(slot) + 4, 1u << dci | 1);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	bed_control(bed, slot, SETUP(0, 9, 1, 0, 0), 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
}

#endif
