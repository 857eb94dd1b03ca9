// SPDX-License-Identifier: MIT
/*
 * zero.c -- a source of zeroes and a sink for them, as test drivers of hosts want it (Linux's usbtest):
 * IN endpoints give as much as is asked for, OUT endpoints take zeroes and STALL at anything else, and
 * what vendor request 5Bh writes 5Ch reads back. Setting 0 of the interface has a bulk pair, setting 1
 * also an interrupt and an isochronous one. Left out: loopback.
 */
#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "heap.h"
#include "state.h"

#define BULK 2
#define INTERRUPT 3
#define ISOCH 5 /* asynchronous */

enum {
	REQUEST_WRITE = 0x5b,
	REQUEST_READ = 0x5c,
};

struct zero {
	struct usb_device usb;
	uint8_t *written; /* by REQUEST_WRITE, an allocation of its own */
	uint32_t written_len;
};

#define PAIR(number, attributes, max_packet, interval, ...)                                        \
	ENDPOINT_DESC(0x80 | (number), attributes, max_packet, interval), ##__VA_ARGS__,           \
		ENDPOINT_DESC(number, attributes, max_packet, interval), ##__VA_ARGS__

#define STRINGS                                                                                    \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 4, 3, 'z', 0, 'e', 0, 'r', 0, 'o', 0, 2 + 2 * 1,   \
		3, '1', 0

/* clang-format off */
#define CONFIG_AT_OTHER_SPEED(total) 9, 7, LE16(total), 1, 1, 0, 0xc0, 0
#define INTERFACES(bulk, interrupt_interval, isoch, isoch_interval)                                \
	INTERFACE_DESC(0, 0, 2, 0xff, 0, 0), PAIR(1, BULK, bulk, 0),                               \
	INTERFACE_DESC(0, 1, 6, 0xff, 0, 0), PAIR(1, BULK, bulk, 0),                               \
		PAIR(2, INTERRUPT, 64, interrupt_interval), PAIR(3, ISOCH, isoch, isoch_interval)
#define FULL_SPEED_INTERFACES INTERFACES(64, 1, 192, 1)
#define HIGH_SPEED_INTERFACES INTERFACES(512, 4, 1024, 4)
/* clang-format on */

static const uint8_t full_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x000f),
	CONFIG_DESC(83, 1, 0xc0, 0),
	FULL_SPEED_INTERFACES,
	QUALIFIER_DESC,
	CONFIG_AT_OTHER_SPEED(83),
	HIGH_SPEED_INTERFACES,
	STRINGS,
};

static const uint8_t high_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x000f),
	CONFIG_DESC(83, 1, 0xc0, 0),
	HIGH_SPEED_INTERFACES,
	QUALIFIER_DESC,
	CONFIG_AT_OTHER_SPEED(83),
	FULL_SPEED_INTERFACES,
	STRINGS,
};

static const uint8_t super_speed_desc[] = {
	DEVICE_DESC(0x0300, 9, 0x000f),
	CONFIG_DESC(131, 1, 0xc0, 0),
	INTERFACE_DESC(0, 0, 2, 0xff, 0, 0),
	PAIR(1, BULK, 1024, 0, COMPANION_DESC(15, 0, 0)),
	INTERFACE_DESC(0, 1, 6, 0xff, 0, 0),
	PAIR(1, BULK, 1024, 0, COMPANION_DESC(15, 0, 0)),
	PAIR(2, INTERRUPT, 64, 4, COMPANION_DESC(0, 0, 64)),
	PAIR(3, ISOCH, 1024, 4, COMPANION_DESC(0, 0, 1024)),
	BOS_DESC,
	STRINGS,
};

static struct zero *to_zero(struct usb_device *dev)
{
	return container_of(dev, struct zero, usb);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	if (speed == USB_SPEED_SUPER) {
		*ret_len = sizeof(super_speed_desc);
		return super_speed_desc;
	}
	*ret_len = speed == USB_SPEED_HIGH ? sizeof(high_speed_desc) : sizeof(full_speed_desc);
	return speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc;
}

static void forget(struct zero *z)
{
	heap_free(z->written);
	z->written = NULL;
	z->written_len = 0;
}

static void reset(struct usb_device *dev)
{
	forget(to_zero(dev));
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct zero *z = to_zero(dev);

	if (s->type == 0x40 && s->request == REQUEST_WRITE && !s->value && !s->index) {
		forget(z);
		if (len) {
			z->written = heap_zero(len);
			memcpy(z->written, data, len);
			z->written_len = len;
		}
		return 0;
	}
	if (s->type == 0xc0 && s->request == REQUEST_READ && !s->value && !s->index) {
		len = (uint32_t)min_u64(len, z->written_len);
		if (len)
			memcpy(data, z->written, len);
		return (int)len;
	}
	return -USB_STALL;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	static const uint8_t zeroes[1024];
	uint8_t chunk[1024];
	size_t n;

	(void)dev;
	if (ep->address & 0x80) {
		for (size_t left = p->len; left; left -= n) {
			n = min_u64(left, sizeof(zeroes));
			usb_packet_put(p, zeroes, n);
		}
		return USB_OK;
	}
	while ((n = usb_packet_get(p, chunk, sizeof(chunk))))
		if (memcmp(chunk, zeroes, n))
			return USB_STALL;
	return USB_OK;
}

static void saved(struct usb_device *dev, struct state *st)
{
	struct zero *z = to_zero(dev);
	uint32_t len = (uint32_t)state_number(st, "written", z->written_len, 0, UINT16_MAX);

	if (st->loading && len) {
		z->written = heap_zero(len);
		z->written_len = len;
	}
	if (len)
		state_bytes(st, "written", z->written, len);
}

static void release(struct usb_device *dev)
{
	struct zero *z = to_zero(dev);

	forget(z);
	usb_device_fini(dev);
	heap_free(z);
}

static const struct usb_device_ops ops = {
	.model = "zero",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER,
	.describe = describe,
	.reset = reset,
	.control = control,
	.data = data,
	.saved = saved,
	.free = release,
};

struct usb_device *zero_new(void)
{
	struct zero *z = heap_zero(sizeof(*z));

	usb_device_init(&z->usb, &ops, NULL, 0); /* see describe */
	return &z->usb;
}
