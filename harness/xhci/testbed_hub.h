// SPDX-License-Identifier: MIT
/*
 * testbed_hub.h -- the bed with a high-speed hub, and devices behind its ports, for tests of
 * translators and of their bandwidth.
 */
#ifndef XHCI_TESTBED_HUB_H
#define XHCI_TESTBED_HUB_H

#include "dev/dev.h"
#include "xhci/testbed.h"

#define HUB_PORTS 4u
#define PORT_RESET 4u
#define PORT_POWER 8u

static inline void bed_request(struct bed *bed, unsigned slot, uint64_t setup)
{
	struct trb t;

	bed_control(bed, slot, setup, 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
}

/* A dword of the slot context in the input context: (old & ~mask) | value. */
static inline void bed_tweak_slot(struct bed *bed, unsigned slot, unsigned dword, uint32_t mask,
				  uint32_t value)
{
	uint64_t at = bed_input(slot) + xhci_context_bytes(bed->x) + 4 * dword;

	bed_store32(bed, at, (bed_load32(bed, at) & ~mask) | value);
}

/* A hub in connector 1, addressed and configured; mtt: a translator for each port. */
static inline unsigned bed_hub(struct bed *bed, struct usb_device **ret_hub, bool mtt)
{
	unsigned slot;

	*ret_hub = hub_new(HUB_PORTS, mtt);
	slot = bed_address(bed, *ret_hub, 0);
	bed_tweak_slot(bed, slot, 0, 3u << 25, 1u << 26 | (mtt ? 1u << 25 : 0));
	bed_tweak_slot(bed, slot, 1, 0xffu << 24, HUB_PORTS << 24);
	bed_store32(bed, bed_input(slot) + 4, 1);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	bed_request(bed, slot, SETUP(0, 9, 1, 0, 0));
	for (unsigned port = 1; port <= HUB_PORTS; port++)
		bed_request(bed, slot, SETUP(0x23, 3, PORT_POWER, port, 0));
	return slot;
}

/* What Address Device says of a device behind a port of that hub; TT fields for full and low speed. */
static inline void bed_input_behind(struct bed *bed, unsigned slot, unsigned hub, unsigned port,
				    enum usb_speed speed)
{
	bool split = speed == USB_SPEED_FULL || speed == USB_SPEED_LOW;

	bed_input_slot(bed, slot, bed->x->slots[hub].root_port);
	bed_tweak_slot(bed, slot, 0, 0xffffff, (uint32_t)speed << 20 | port);
	bed_tweak_slot(bed, slot, 2, 0xffff, split ? port << 8 | hub : 0);
	bed_input_ep(bed, slot, 1, EP_CONTROL, speed == USB_SPEED_LOW ? 8 : 64, 0);
}

/* Plug a device there, reset its port and address it: the slot. */
static inline unsigned bed_behind(struct bed *bed, struct usb_device *hub_dev, unsigned hub,
				  unsigned port, struct usb_device *dev)
{
	unsigned slot;
	struct trb t;

	assert_int_equal(usb_plug(&hub_dev->downstream[port - 1], dev), 0);
	bed_request(bed, hub, SETUP(0x23, 3, PORT_RESET, port, 0));
	bed_step(bed, 20000);
	usb_device_timer(hub_dev); /* nobody else has a clock for it here */
	t = bed_command(bed, TRB_ENABLE_SLOT, 0, 0);
	slot = trb_slot(&t);
	bed_input_behind(bed, slot, hub, port, (enum usb_speed)dev->speed);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	return slot;
}

#endif
