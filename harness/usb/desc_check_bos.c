// SPDX-License-Identifier: MIT
/*
 * desc_check_bos.c -- well-formedness of the Binary Object Store and its device capabilities
 * (USB3 9.6.2). Capabilities of unknown type are taken as they are.
 */
#include "usb/desc_check.h"

enum { /* USB3 table 9-14 */
	CAP_WIRELESS = 1,
	CAP_USB2_EXTENSION = 2,
	CAP_SUPERSPEED = 3,
	CAP_CONTAINER_ID = 4,
	CAP_PLATFORM = 5,
	CAP_SUPERSPEED_PLUS = 10,
	CAP_PRECISION_TIME = 11,
};

static bool length_fits(const struct usb_desc_capability *cap)
{
	const uint8_t *b = cap->node.bytes;
	unsigned n = cap->node.length;

	switch (cap->capability) {
	case CAP_WIRELESS:
		return n == 11;
	case CAP_USB2_EXTENSION:
		return n == 7;
	case CAP_SUPERSPEED:
		return n == 10;
	case CAP_CONTAINER_ID:
		return n == 20;
	case CAP_PLATFORM: /* a UUID, then whatever that UUID says */
		return n >= 20;
	case CAP_SUPERSPEED_PLUS: /* one more speed than bits 4..0 say, 4 bytes each */
		return n >= 12 && n == 12 + 4 * ((b[4] & 0x1fu) + 1);
	case CAP_PRECISION_TIME:
		return n == 3;
	default:
		return true;
	}
}

/* Only asked when length_fits. */
static bool reserved_fits(const struct usb_desc_capability *cap)
{
	const uint8_t *b = cap->node.bytes;

	switch (cap->capability) {
	case CAP_USB2_EXTENSION: /* bits 31..16 and 0; 15..8 hold BESL values */
		return !(get_le32(b + 3) & 0xffff0001);
	case CAP_SUPERSPEED:
		return !(b[3] & 0xfd) && !(get_le16(b + 4) & 0xfff0);
	case CAP_CONTAINER_ID:
	case CAP_PLATFORM:
	case CAP_SUPERSPEED_PLUS:
		return !b[3];
	default:
		return true;
	}
}

void usb_desc_check_bos(struct usb_desc_checker *c, const struct usb_desc_bos *bos)
{
	uint32_t sum = usb_desc_sum(&bos->node, bos->last);

	usb_desc_check_length(c, &bos->node, 5);
	if (bos->total_length != sum)
		usb_desc_report(c, USB_DESC_BOS_TOTAL_LENGTH, &bos->node, bos->total_length, sum);
	if (bos->num_caps != bos->cap_count)
		usb_desc_report(c, USB_DESC_BOS_NUM_CAPS, &bos->node, bos->num_caps,
				bos->cap_count);
	for (const struct usb_desc_node *n = bos->extra; n; n = n->sibling)
		usb_desc_report(c, USB_DESC_BOS_FOREIGN, n, n->type, 0);
	for (const struct usb_desc_capability *cap = bos->caps; cap; cap = cap->next) {
		if (!length_fits(cap))
			usb_desc_report(c, USB_DESC_CAPABILITY_LENGTH, &cap->node, cap->node.length,
					0);
		else if (!reserved_fits(cap))
			usb_desc_report(c, USB_DESC_CAPABILITY_RESERVED, &cap->node,
					cap->capability, 0);
	}
}
