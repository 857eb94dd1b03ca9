// SPDX-License-Identifier: MIT
/*
 * scripted_desc.c -- built-in descriptors of the scripted device: every transfer type, in both
 * directions, at every speed that has it. Interface 0: bulk pair 1 (SuperSpeed: with 16 streams),
 * interrupt pair 2. Interface 1: nothing, or in setting 1 the isochronous pair 3.
 */
#include "dev/desc_bytes.h"
#include "dev/scripted_desc.h"

#define BULK 2
#define INTERRUPT 3
#define ISOCH 5 /* asynchronous */

/* Endpoint pair with a companion (bytes, or nothing) after each. */
#define PAIR(number, attributes, max_packet, interval, ...)                                        \
	ENDPOINT_DESC(0x80 | (number), attributes, max_packet, interval), ##__VA_ARGS__,           \
		ENDPOINT_DESC(number, attributes, max_packet, interval), ##__VA_ARGS__

#define VENDOR_INTERFACE(number, alternate, endpoints)                                             \
	INTERFACE_DESC(number, alternate, endpoints, 0xff, 0, 0)

#define STRINGS                                                                                    \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 8, 3, 's', 0, 'c', 0, 'r', 0, 'i', 0, 'p', 0, 't', \
		0, 'e', 0, 'd', 0, 2 + 2 * 1, 3, '1', 0

/* Low speed has interrupt endpoints only (USB2 5.3). */
static const uint8_t low_speed_desc[] = {
	DEVICE_DESC(0x0200, 8, 0x0004),
	CONFIG_DESC(32, 1, 0xc0, 0),
	VENDOR_INTERFACE(0, 0, 2),
	PAIR(2, INTERRUPT, 8, 10),
	STRINGS,
};

static const uint8_t full_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x0004),
	CONFIG_DESC(78, 2, 0xc0, 0),
	VENDOR_INTERFACE(0, 0, 4),
	PAIR(1, BULK, 64, 0),
	PAIR(2, INTERRUPT, 64, 1),
	VENDOR_INTERFACE(1, 0, 0),
	VENDOR_INTERFACE(1, 1, 2),
	PAIR(3, ISOCH, 192, 1),
	STRINGS,
};

static const uint8_t high_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x0004),
	CONFIG_DESC(78, 2, 0xc0, 0),
	VENDOR_INTERFACE(0, 0, 4),
	PAIR(1, BULK, 512, 0),
	PAIR(2, INTERRUPT, 64, 4),
	VENDOR_INTERFACE(1, 0, 0),
	VENDOR_INTERFACE(1, 1, 2),
	PAIR(3, ISOCH, 1024, 1),
	QUALIFIER_DESC,
	STRINGS,
};

static const uint8_t super_speed_desc[] = {
	DEVICE_DESC(0x0300, 9, 0x0004),
	CONFIG_DESC(114, 2, 0xc0, 0),
	VENDOR_INTERFACE(0, 0, 4),
	PAIR(1, BULK, 1024, 0, COMPANION_DESC(15, 4, 0)),
	PAIR(2, INTERRUPT, 64, 4, COMPANION_DESC(0, 0, 64)),
	VENDOR_INTERFACE(1, 0, 0),
	VENDOR_INTERFACE(1, 1, 2),
	PAIR(3, ISOCH, 1024, 1, COMPANION_DESC(2, 0, 3072)),
	BOS_DESC,
	STRINGS,
};

#define SET(bytes)                                                                                 \
	{                                                                                          \
		bytes, sizeof(bytes)                                                               \
	}

const uint8_t *scripted_desc(enum usb_speed speed, size_t *ret_len)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} set[] = {
		[USB_SPEED_FULL] = SET(full_speed_desc),
		[USB_SPEED_LOW] = SET(low_speed_desc),
		[USB_SPEED_HIGH] = SET(high_speed_desc),
		[USB_SPEED_SUPER] = SET(super_speed_desc),
	};

	REQUIRE(speed != USB_SPEED_NONE && speed < ARRAY_SIZE(set));
	*ret_len = set[speed].len;
	return set[speed].bytes;
}
