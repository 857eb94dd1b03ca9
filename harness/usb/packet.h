// SPDX-License-Identifier: MIT
/*
 * packet.h -- packets, from their making to their end: packet.c. A part of usb.h, which is what to
 * include.
 */
#ifndef USB_PACKET_H
#define USB_PACKET_H

#include "base.h"

enum usb_packet_state {
	USB_PACKET_IDLE,
	USB_PACKET_WITH_DEVICE,
	USB_PACKET_DONE
};

struct usb_packet {
	struct usb_bus *bus;
	struct usb_device *dev;
	struct usb_endpoint *ep; /* NULL if there is no such endpoint */
	enum usb_packet_state state;
	uint8_t pid;    /* enum usb_pid */
	uint8_t number; /* endpoint number 0..15 */
	uint8_t status; /* enum usb_status when DONE */
	uint8_t address,
		port;   /* of the device at the last submit, for the trace: root port and ... */
	uint32_t route; /* ... route string */
	uint16_t stream;
	bool short_not_ok; /* it is not the end of its transfer: a short answer is */
	bool ended;        /* set by a device: that is all of the transfer, whatever was moved */
	bool int_req;      /* software waits for just this one: it cannot be part of a larger one */
	uint64_t id;
	uint8_t *data;        /* len bytes, exact allocation */
	uint32_t len, actual; /* bytes */
	/* Called once if the submit answered USB_ASYNC and nobody cancelled it. */
	void (*complete)(struct usb_packet *p);
	void *opaque;
	struct usb_packet *next;                 /* in the endpoint's list of USB_ASYNC packets */
	struct usb_packet *dev_next, **dev_link; /* in dev->packets */
	struct usb_packet *outer;                /* in dev->handling */
	bool submitting;                         /* its submit is on the stack */
	bool taken_back;                         /* ... and it was cancelled or flushed meanwhile */
	bool freed;                              /* ... and it was freed meanwhile */
};

/* A packet for dev; data is zeroed (IN: marker-filled 0xa5, see usb_packet_put). Caller owns.
 * When the device goes away, dev and ep become NULL and a submit gives USB_NODEV. */
struct usb_packet *usb_packet_new(struct usb_device *dev, enum usb_pid pid, unsigned number,
				  uint32_t len);
/* Cancels if it is still with the device, then frees. NULL is fine. */
void usb_packet_free(struct usb_packet *p);

/*
 * Hand it to the device. Returns the final status, or USB_ASYNC. USB_NAK leaves the packet
 * IDLE with actual = 0, ready to be submitted again. If a handler frees p meanwhile (an unplug
 * inside it, say), the answer is USB_NODEV and p is gone.
 */
enum usb_status usb_packet_submit(struct usb_packet *p);
/*
 * It was answered USB_OK with less than was asked for, and that ends its transfer: by an empty packet or
 * one that is not full (USB2 5.8.3). Whoever answers for a device elsewhere (libusb, usbredir) has seen
 * more than what was moved, and says so.
 */
bool usb_packet_ends_short(const struct usb_packet *p, uint32_t max_packet);
/* Take an USB_ASYNC packet back, synchronously: IDLE again, actual = what was moved; complete is
 * not called. Nothing happens in any other state. */
void usb_packet_cancel(struct usb_packet *p);
/* For devices: finish an USB_ASYNC packet (any order). Nothing happens if it is not with the
 * device. A status that is none, or USB_ASYNC, becomes USB_XACT. */
void usb_packet_complete(struct usb_packet *p, enum usb_status status);
/*
 * For devices: append to an IN packet, returns false (and the packet's status must become
 * USB_BABBLE) if n is more than there is room for; as much as fits is kept.
 */
bool usb_packet_put(struct usb_packet *p, const void *data, size_t n);
/* For devices: take up to n bytes out of an OUT packet; returns the count. */
size_t usb_packet_get(struct usb_packet *p, void *data, size_t n);
/* For devices that move data in place: what of the packet's data is left (*ret_len bytes), until the
 * handler returns; and that n <= *ret_len bytes of it were filled or taken. */
uint8_t *usb_packet_rest(struct usb_packet *p, size_t *ret_len);
void usb_packet_moved(struct usb_packet *p, size_t n);

#endif
