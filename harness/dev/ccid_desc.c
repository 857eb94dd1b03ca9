// SPDX-License-Identifier: MIT
/*
 * ccid_desc.c -- the descriptors of the card reader (CCID 5.1): one slot, T=0, short APDUs.
 */
#include "dev/ccid_desc.h"
#include "dev/desc_bytes.h"

#define CLASS_DESC_BYTES 54u

/* clang-format off */
#define CLASS_DESC                                                                                 \
	CLASS_DESC_BYTES, 0x21, LE16(0x0110), 0, 7, 1, 0, 0, 0,  /* 5, 3 and 1.8 V, T=0 */           \
	0xa0, 0x0f, 0, 0, 0xa0, 0x0f, 0, 0, 0,                  /* 4 MHz */                         \
	0x80, 0x25, 0, 0, 0x80, 0x25, 0, 0, 0,                  /* 9600 bit/s */                    \
	0xfe, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,                                                    \
	0xba, 0x04, 0x02, 0,                                    /* all by itself, short APDUs */    \
	LE16(CCID_MESSAGE_MAX), 0, 0, 0xff, 0xff, LE16(0), 0, 1
#define DESC_SET(bulk, interval)                                                                   \
	{                                                                                          \
		DEVICE_DESC(0x0200, 64, 0x0009),                                                   \
		CONFIG_DESC(9 + 9 + CLASS_DESC_BYTES + 21, 1, 0xc0, 50),                           \
		INTERFACE_DESC(0, 0, 3, 0x0b, 0, 0),                                               \
		CLASS_DESC,                                                                        \
		ENDPOINT_DESC(CCID_NOTIFY_IN, 3, 8, interval),                                          \
		ENDPOINT_DESC(CCID_BULK_IN, 2, bulk, 0), ENDPOINT_DESC(CCID_BULK_OUT, 2, bulk, 0),           \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 4, 3, 'c', 0, 'c', 0, 'i', 0, 'd', 0,                                      \
		2 + 2 * 1, 3, '1', 0,                                                              \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(64, 24);
static const uint8_t high_speed_desc[] = DESC_SET(512, 8);

const uint8_t *ccid_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	*ret_len = sizeof(full_speed_desc);
	return speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc;
}
