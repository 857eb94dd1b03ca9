// SPDX-License-Identifier: MIT
/*
 * hub_desc.c -- the descriptors of a hub (USB2 11.23, USB3 10.15), made for its number of ports: at high
 * speed with a transaction translator for all ports or, as a second setting, one for each.
 */
#include "dev/desc_bytes.h"
#include "dev/hub.h"

#define PRODUCT 0x0005

/* clang-format off */
#define HUB_DEVICE(usb, protocol, ep0_size)                                                        \
	18, 1, LE16(usb), 9, 0, protocol, ep0_size, LE16(0x1209), LE16(PRODUCT), LE16(0x0100),     \
	1, 2, 3, 1
#define HUB_STRINGS                                                                                \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 3, 3, 'h', 0, 'u', 0, 'b', 0, 2 + 2 * 1, 3, '1', 0
#define HUB_QUALIFIER(protocol) 10, 6, LE16(0x0200), 9, 0, protocol, 64, 1, 0

static const uint8_t full_speed[] = {
	HUB_DEVICE(0x0200, 0, 64),
	CONFIG_DESC(25, 1, 0xe0, 0),
	INTERFACE_DESC(0, 0, 1, 9, 0, 0),
	ENDPOINT_DESC(0x81, 3, 1, 255),
	HUB_STRINGS, HUB_QUALIFIER(1),
};
static const uint8_t single_tt[] = {
	HUB_DEVICE(0x0200, 1, 64),
	CONFIG_DESC(25, 1, 0xe0, 0),
	INTERFACE_DESC(0, 0, 1, 9, 0, 0),
	ENDPOINT_DESC(0x81, 3, 1, 12),
	HUB_STRINGS, HUB_QUALIFIER(0),
};
static const uint8_t multi_tt[] = {
	HUB_DEVICE(0x0200, 2, 64),
	CONFIG_DESC(41, 1, 0xe0, 0),
	INTERFACE_DESC(0, 0, 1, 9, 0, 1),
	ENDPOINT_DESC(0x81, 3, 1, 12),
	INTERFACE_DESC(0, 1, 1, 9, 0, 2),
	ENDPOINT_DESC(0x81, 3, 1, 12),
	HUB_STRINGS, HUB_QUALIFIER(0),
};
/* With a container id, as USB3 9.6.2.3 asks of every hub. */
static const uint8_t super_speed[] = {
	HUB_DEVICE(0x0300, 3, 9),
	CONFIG_DESC(31, 1, 0xe0, 0),
	INTERFACE_DESC(0, 0, 1, 9, 0, 0),
	ENDPOINT_DESC(0x81, 0x13, 2, 8),
	COMPANION_DESC(0, 0, 2),
	HUB_STRINGS,
	5, 15, LE16(42), 3,
	USB2_EXTENSION_CAP,
	SUPERSPEED_CAP,
	CONTAINER_CAP(PRODUCT),
};
/* clang-format on */

/* wMaxPacketSize of every endpoint: a bit for the hub and one for each port. */
static void fit_endpoints(struct hub *hub)
{
	for (size_t i = 18; i + 7 <= hub->set_len && hub->set[i]; i += hub->set[i])
		if (hub->set[i + 1] == 5 && hub->usb.downstream_count > 7)
			hub->set[i + 4] = 2;
}

const uint8_t *hub_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	struct hub *hub = hub_of(dev);
	const uint8_t *from = speed == USB_SPEED_FULL ? full_speed
		: speed == USB_SPEED_SUPER            ? super_speed
		: hub->multi_tt                       ? multi_tt
						      : single_tt;
	size_t len = speed == USB_SPEED_FULL ? sizeof(full_speed)
		: speed == USB_SPEED_SUPER   ? sizeof(super_speed)
		: hub->multi_tt              ? sizeof(multi_tt)
					     : sizeof(single_tt);

	REQUIRE(len <= sizeof(hub->set));
	memcpy(hub->set, from, len);
	hub->set_len = len;
	fit_endpoints(hub);
	*ret_len = len;
	return hub->set;
}

size_t hub_descriptor(const struct hub *hub, uint8_t out[HUB_DESC_MAX])
{
	uint8_t ports = hub->usb.downstream_count;
	unsigned bitmap = ports / 8u + 1;

	memset(out, 0, HUB_DESC_MAX);
	out[2] = ports;
	out[3] = 0x89; /* power and over-current of each port by itself, indicators */
	out[5] = 10;   /* 20 ms until power is good */
	if (hub_is_super(hub)) {
		out[0] = 12;
		out[1] = 0x2a;
		out[3] = 0x09;
		out[7] = 4; /* 0.4 us to decode a header */
		return 12;
	}
	out[0] = (uint8_t)(7 + 2 * bitmap);
	out[1] = 0x29;
	memset(out + 7 + bitmap, 0xff, bitmap);
	return out[0];
}
