// SPDX-License-Identifier: MIT
/*
 * storage_desc.c -- the descriptors of the bulk-only disk and CD drive (BOT 4): two devices that differ in
 * product and in one string.
 */
#include "dev/storage_desc.h"
#include "dev/desc_bytes.h"

#define EP_IN STORAGE_EP_IN
#define EP_OUT STORAGE_EP_OUT
#define DISK_PRODUCT 0x0003
#define CD_PRODUCT 0x000c

/* BOT 4.1.1: at least 12 digits, 0..9 and A..F */
#define SERIAL                                                                                     \
	2 + 2 * 12, 3, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0,     \
		'0', 0, '0', 0, '1', 0
#define DISK_STRINGS                                                                               \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 7, 3, 's', 0, 't', 0, 'o', 0, 'r', 0, 'a', 0, 'g', \
		0, 'e', 0, SERIAL
#define CD_STRINGS                                                                                 \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 5, 3, 'c', 0, 'd', 0, 'r', 0, 'o', 0, 'm', 0, SERIAL

#define BULK_ONLY_INTERFACE INTERFACE_DESC(0, 0, 2, 8, 6, 0x50)

#define USB2_SET(product, max_packet)                                                              \
	DEVICE_DESC(0x0200, 64, product), CONFIG_DESC(32, 1, 0xc0, 0), BULK_ONLY_INTERFACE,        \
		ENDPOINT_DESC(0x80 | EP_IN, 2, max_packet, 0),                                     \
		ENDPOINT_DESC(EP_OUT, 2, max_packet, 0), QUALIFIER_DESC

#define USB3_SET(product)                                                                          \
	DEVICE_DESC(0x0300, 9, product), CONFIG_DESC(44, 1, 0xc0, 0), BULK_ONLY_INTERFACE,         \
		ENDPOINT_DESC(0x80 | EP_IN, 2, 1024, 0), COMPANION_DESC(15, 0, 0),                 \
		ENDPOINT_DESC(EP_OUT, 2, 1024, 0), COMPANION_DESC(15, 0, 0), BOS_DESC

static const uint8_t disk_full[] = {USB2_SET(DISK_PRODUCT, 64), DISK_STRINGS};
static const uint8_t disk_high[] = {USB2_SET(DISK_PRODUCT, 512), DISK_STRINGS};
static const uint8_t disk_super[] = {USB3_SET(DISK_PRODUCT), DISK_STRINGS};
static const uint8_t cd_full[] = {USB2_SET(CD_PRODUCT, 64), CD_STRINGS};
static const uint8_t cd_high[] = {USB2_SET(CD_PRODUCT, 512), CD_STRINGS};
static const uint8_t cd_super[] = {USB3_SET(CD_PRODUCT), CD_STRINGS};

const uint8_t *storage_describe(bool cd, enum usb_speed speed, size_t *ret_len)
{
	switch (speed) {
	case USB_SPEED_SUPER:
		*ret_len = cd ? sizeof(cd_super) : sizeof(disk_super);
		return cd ? cd_super : disk_super;
	case USB_SPEED_HIGH:
		*ret_len = cd ? sizeof(cd_high) : sizeof(disk_high);
		return cd ? cd_high : disk_high;
	default:
		*ret_len = cd ? sizeof(cd_full) : sizeof(disk_full);
		return cd ? cd_full : disk_full;
	}
}
