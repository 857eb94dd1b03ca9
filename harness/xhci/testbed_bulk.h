// SPDX-License-Identifier: MIT
/*
 * testbed_bulk.h -- the bed with the scripted device and its bulk pair, for tests of transfers.
 */
#ifndef XHCI_TESTBED_BULK_H
#define XHCI_TESTBED_BULK_H

#include "dev/dev.h"
#include "xhci/testbed.h"

#define EP1_IN 3u
#define EP1_OUT 2u

/* The scripted device at high speed with its bulk pair. */
static inline struct bed *bulk(struct usb_device **ret_dev, unsigned profile, unsigned *ret_slot)
{
	struct bed *bed = bed_new(profile);

	bed_start(bed, 256);
	*ret_dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	*ret_slot = bed_address(bed, *ret_dev, 0);
	bed_configure(bed, *ret_slot, EP1_IN, EP_BULK_IN, 512, 0);
	bed_input_ep(bed, *ret_slot, EP1_OUT, EP_BULK_OUT, 512, 0);
	bed_store32(bed, bed_input(*ret_slot) + 4, 1u << EP1_OUT | 1);
	assert_int_equal(
		bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(*ret_slot), *ret_slot << 24),
		CC_SUCCESS);
	return bed;
}

static inline void answer(struct usb_device *dev, unsigned number, unsigned pid, unsigned status,
			  size_t len)
{
	uint8_t data[65536];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(scripted_answer(dev,
					 &(struct scripted_answer){.number = (uint8_t)number,
								   .pid = (uint8_t)pid,
								   .status = (uint8_t)status,
								   .data = data,
								   .len = len}),
			 0);
}

#endif
