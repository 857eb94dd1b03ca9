// SPDX-License-Identifier: MIT
/*
 * testbed_hub.h -- a hub on a bus, and what its driver does, for the tests of the hub's files.
 */
#ifndef DEV_TESTBED_HUB_H
#define DEV_TESTBED_HUB_H

#include "dev/hub.h"
#include "dev/testbed.h"

#define MS UINT64_C(1000000)

struct hub_bed {
	struct bed bed;
	struct hub *hub;
};

static inline void start(struct hub_bed *b, enum usb_speed speed, unsigned ports)
{
	struct usb_device *dev =
		speed == USB_SPEED_SUPER ? hub_new_super(ports) : hub_new(ports, true);

	b->hub = hub_of(dev);
	bed_plug(&b->bed, dev, speed);
	bed_configure(&b->bed);
	if (speed == USB_SPEED_SUPER)
		assert_int_equal(bed_control(&b->bed, 0x20, 12, 0, 0, 0, NULL), 0);
}

static inline int set(struct hub_bed *b, unsigned feature, unsigned index)
{
	return bed_control(&b->bed, 0x23, 3, (uint16_t)feature, (uint16_t)index, 0, NULL);
}

static inline int clear(struct hub_bed *b, unsigned feature, unsigned index)
{
	return bed_control(&b->bed, 0x23, 1, (uint16_t)feature, (uint16_t)index, 0, NULL);
}

/* wPortChange << 16 | wPortStatus */
static inline uint32_t status(struct hub_bed *b, unsigned port)
{
	uint8_t raw[4];

	assert_int_equal(bed_control(&b->bed, 0xa3, 0, 0, (uint16_t)port, 4, raw), 4);
	return get_le32(raw);
}

static inline enum usb_status poll(struct hub_bed *b, uint8_t map[2])
{
	memset(map, 0, 2);
	return bed_packet(&b->bed, USB_IN, 1, map, b->hub->usb.ep_in[1].max_packet, NULL);
}

static inline struct usb_device *plug(struct hub_bed *b, unsigned port)
{
	struct usb_device *dev = scripted_new(NULL, 0, 0);

	assert_int_equal(usb_plug(&b->hub->usb.downstream[port - 1], dev), 0);
	return dev;
}

/* A device in port 2 that is powered, reset and acknowledged. */
static inline struct usb_device *enabled(struct hub_bed *b)
{
	struct usb_device *dev = plug(b, 2);

	assert_int_equal(set(b, 8, 2), 0);
	assert_int_equal(set(b, 4, 2), 0);
	bed_step(&b->bed, 10 * MS);
	clear(b, 16, 2);
	clear(b, 20, 2);
	assert_ptr_equal(usb_route_device(&b->bed.port, 2), dev);
	return dev;
}

#endif
