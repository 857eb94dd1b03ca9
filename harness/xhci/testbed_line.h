// SPDX-License-Identifier: MIT
/*
 * testbed_line.h -- a device that numbers every byte: what it sends is a sequence that never repeats,
 * and what it takes must be that sequence, none lost, none twice. It answers at once, later, in
 * parts, or not now, as the dice fall.
 */
#ifndef XHCI_TESTBED_LINE_H
#define XHCI_TESTBED_LINE_H

#include "dev/scripted_desc.h"
#include "op/random.h"
#include "xhci/testbed.h"

struct line {
	struct usb_device usb;
	struct op_random random;
	uint64_t moved; /* bytes of the sequence sent or taken so far */
	uint64_t wrong; /* bytes taken that were not the next of the sequence */
	bool shorts;    /* it ends packets early now and then */
	struct usb_packet *held[USB_PIPELINE_PACKETS]; /* oldest first */
	unsigned held_count, held_most;
};

static inline uint8_t line_byte(uint64_t position)
{
	return (uint8_t)(position * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Move n bytes of the sequence in the packet's direction. */
static inline void line_move(struct line *l, struct usb_packet *p, uint32_t n)
{
	uint8_t some[512];

	while (n) {
		uint32_t part = (uint32_t)min_u64(n, sizeof(some));

		if (p->pid == USB_OUT)
			assert_int_equal(usb_packet_get(p, some, part), part);
		for (uint32_t i = 0; i < part; i++) {
			uint8_t next = line_byte(l->moved++);

			if (p->pid == USB_OUT)
				l->wrong += some[i] != next;
			some[i] = next;
		}
		if (p->pid == USB_IN)
			assert_true(usb_packet_put(p, some, part));
		n -= part;
	}
}

static inline void line_whole(struct line *l, struct usb_packet *p)
{
	uint32_t left = p->len - p->actual;

	if (p->pid == USB_IN && l->shorts && op_random_one_in(&l->random, 6))
		left = op_random_below(&l->random, left);
	line_move(l, p, left);
}

/* A part of what is left: whole transactions of the bus. */
static inline void line_part(struct line *l, struct usb_packet *p)
{
	uint32_t packets = (p->len - p->actual) / p->ep->max_packet;

	if (packets > 1)
		line_move(l, p, op_random_below(&l->random, packets) * p->ep->max_packet);
}

static inline enum usb_status line_data(struct usb_device *usb, struct usb_endpoint *ep,
					struct usb_packet *p)
{
	struct line *l = (struct line *)usb;

	(void)ep;
	switch (op_random_below(&l->random, 4)) {
	case 0:
		return USB_NAK;
	case 1:
		if (!l->held_count && op_random_one_in(&l->random, 2))
			line_part(l, p);
		break;
	default:
		if (l->held_count) /* the sequence goes to the oldest first */
			break;
		line_whole(l, p);
		return USB_OK;
	}
	assert_in_range(l->held_count, 0, USB_PIPELINE_PACKETS - 1);
	l->held[l->held_count++] = p;
	if (l->held_count > l->held_most)
		l->held_most = l->held_count;
	return USB_ASYNC;
}

static inline void line_cancel(struct usb_device *usb, struct usb_packet *p)
{
	struct line *l = (struct line *)usb;

	/* Newest first, or what is left over would be moved in the wrong order. */
	assert_int_not_equal(l->held_count, 0);
	assert_ptr_equal(l->held[l->held_count - 1], p);
	l->held_count--;
}

/* The packet that waits gets a part, or all of it and is over. */
static inline void line_go_on(struct line *l)
{
	struct usb_packet *p = l->held[0];

	if (!l->held_count)
		return;
	if (op_random_one_in(&l->random, 3)) {
		line_part(l, p);
		return;
	}
	line_whole(l, p);
	memmove(l->held, l->held + 1, --l->held_count * sizeof(l->held[0]));
	usb_packet_complete(p, USB_OK);
}

static inline void line_free(struct usb_device *usb)
{
	usb_device_fini(usb);
	heap_free(usb);
}

static inline struct line *line_new(uint64_t seed)
{
	static const struct usb_device_ops ops = {
		.model = "line",
		.speed_mask = 1 << USB_SPEED_HIGH,
		.data = line_data,
		.cancel = line_cancel,
		.free = line_free,
	};
	struct line *l = heap_zero(sizeof(*l));
	const uint8_t *desc;
	size_t len;

	desc = scripted_desc(USB_SPEED_HIGH, &len);
	usb_device_init(&l->usb, &ops, desc, len);
	l->random.state = seed;
	return l;
}

#endif
