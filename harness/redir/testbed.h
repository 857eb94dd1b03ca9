// SPDX-License-Identifier: MIT
/*
 * testbed.h -- a session between a port of a bus and a peer, for the tests of the device `redir`.
 */
#ifndef REDIR_TESTBED_H
#define REDIR_TESTBED_H

#include "dev/testbed.h"
#include "heap.h"
#include "redir/peer.h"

struct redir_bed {
	struct bed bed;
	struct peer peer;
	struct redir_config config;
	struct redir *r;
	unsigned warnings;
	char warning[256];
	uint64_t blocks; /* of the heap, before */
};

static inline int redir_bed_plug(void *opaque, struct usb_device *dev)
{
	struct redir_bed *b = opaque;
	int err = usb_plug(&b->bed.port, dev);

	if (!err)
		usb_device_reset(dev);
	return err;
}

static inline void redir_bed_warn(void *opaque, const char *line)
{
	struct redir_bed *b = opaque;

	b->warnings++;
	snprintf(b->warning, sizeof(b->warning), "%s", line);
}

/* Until neither side has anything to say. */
static inline void redir_bed_talk(struct redir_bed *b)
{
	for (unsigned i = 0; i < 8; i++) {
		peer_work(&b->peer);
		if (b->peer.wire)
			dev_link_ready(&b->peer.wire->link);
	}
}

/* A bus, a line and a greeting; nothing is introduced. */
static inline void redir_bed_open(struct redir_bed *b, uint32_t caps)
{
	struct bed *bed = &b->bed;

	bed->timer_ns = UINT64_MAX;
	usb_bus_init(&bed->bus, NULL, &bed->now_ns);
	bed->bus.arm_timer = bed_arm;
	bed->bus.timer_opaque = bed;
	bed->port.ops = &bed_port_ops;
	bed->port.opaque = bed;
	bed->port.speed_mask = 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER | 1 << USB_SPEED_FULL |
		1 << USB_SPEED_LOW;
	usb_bus_add_port(&bed->bus, &bed->port);
	b->blocks = heap_live();
	b->config.plug = redir_bed_plug;
	b->config.warn = redir_bed_warn;
	b->config.opaque = b;
	peer_init(&b->peer, caps);
	b->r = redir_new(&b->peer.wire->link, &b->config);
	redir_bed_talk(b);
}

static inline void redir_bed_introduce(struct redir_bed *b)
{
	peer_introduce(&b->peer, usb_redir_speed_high);
	redir_bed_talk(b);
}

/* A control transfer that the peer has to answer; bytes moved or -status. */
static inline int redir_bed_control(struct redir_bed *b, uint8_t type, uint8_t request,
				    uint16_t value, uint16_t index, uint16_t length, void *data)
{
	bool in = type & 0x80;
	struct usb_packet *p;
	enum usb_status status = bed_setup(&b->bed, type, request, value, index, length);
	int moved = 0;

	if (status == USB_OK && length) {
		p = usb_packet_new(b->bed.port.dev, in ? USB_IN : USB_OUT, 0, length);
		if (!in)
			memcpy(p->data, data, length);
		status = usb_packet_submit(p);
		redir_bed_talk(b);
		status = status == USB_ASYNC ? (enum usb_status)p->status : status;
		if (in && data)
			memcpy(data, p->data, p->actual);
		moved = (int)p->actual;
		usb_packet_free(p);
	}
	if (status == USB_OK) {
		p = usb_packet_new(b->bed.port.dev, in && length ? USB_OUT : USB_IN, 0, 0);
		status = usb_packet_submit(p);
		redir_bed_talk(b);
		status = status == USB_ASYNC ? (enum usb_status)p->status : status;
		usb_packet_free(p);
	}
	return status == USB_OK ? moved : -(int)status;
}

static inline void redir_bed_configure(struct redir_bed *b)
{
	assert_int_equal(redir_bed_control(b, 0, 5, 1, 0, 0, NULL), 0);
	assert_int_equal(redir_bed_control(b, 0, 9, 1, 0, 0, NULL), 0);
	assert_int_equal(b->bed.port.dev->state, USB_CONFIGURED);
}

/* A packet that is handed over; the caller's. */
static inline struct usb_packet *redir_bed_submit(struct redir_bed *b, uint8_t address,
						  uint32_t len, enum usb_status *ret)
{
	struct usb_packet *p = usb_packet_new(b->bed.port.dev, address & 0x80 ? USB_IN : USB_OUT,
					      address & 15, len);

	*ret = usb_packet_submit(p);
	return p;
}

/* Nothing may be left. */
static inline void redir_bed_close(struct redir_bed *b)
{
	redir_free(b->r);
	peer_fini(&b->peer);
	assert_false(b->peer.refused);
	assert_int_equal(b->bed.bus.live_packets, 0);
	assert_int_equal(b->bed.bus.live_devices, 0);
	assert_int_equal(heap_live(), b->blocks);
}

/* For each test: one that is not opened yet, ... */
static inline int redir_bed_new(void **state)
{
	*state = alloc_zero(sizeof(struct redir_bed));
	return 0;
}

static inline int redir_bed_free(void **state)
{
	free(*state);
	return 0;
}

/* ... and made ready for a guest. */
static inline struct redir_bed *redir_bed_opened(void **state)
{
	struct redir_bed *b = *state;

	redir_bed_open(b, PEER_ALL_CAPS);
	redir_bed_introduce(b);
	assert_non_null(b->bed.port.dev);
	redir_bed_configure(b);
	return b;
}

#endif
