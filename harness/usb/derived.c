// SPDX-License-Identifier: MIT
/*
 * derived.c -- descriptors that follow from others: the configurations of the other speed (USB2 9.6.4),
 * and Microsoft's OS descriptors 1.0 and 2.0 that name a driver to a host that has none for the class.
 * Left out of those: extended properties, several functions.
 */
#include "usb/derived.h"
#include "usb/desc.h"

#define REFUSED (-(int)USB_STALL)
#define VENDOR_CODE 'Q'
#define MS_STRING 0xee
#define MS_SET_BYTES 30u /* OS 2.0: header and compatible id */

enum { /* wIndex of the vendor request */
	MS_COMPATIBLE_ID = 4,
	MS_SET = 7,
};

static int answer(uint8_t *data, uint32_t len, const void *bytes, size_t n)
{
	size_t fits = min_u64(n, len);

	if (fits)
		memcpy(data, bytes, fits);
	return (int)fits;
}

static int other_speed(struct usb_device *dev, uint8_t index, uint8_t *data, uint32_t len)
{
	enum usb_speed other = dev->speed == USB_SPEED_HIGH ? USB_SPEED_FULL : USB_SPEED_HIGH;
	const uint8_t *bytes;
	struct usb_desc *set;
	size_t n = 0;
	int r = REFUSED;

	if ((dev->speed != USB_SPEED_HIGH && dev->speed != USB_SPEED_FULL) ||
	    !(dev->ops->speed_mask & 1u << other) || !dev->ops->describe)
		return REFUSED;
	bytes = dev->ops->describe(dev, other, &n);
	set = usb_desc_parse(bytes, bytes ? n : 0);
	if (usb_desc_lookup(set, USB_DT_CONFIG, index, &bytes, &n))
		r = answer(data, len, bytes, n);
	usb_desc_free(set);
	if (r > 1)
		data[1] = USB_DT_OTHER_SPEED;
	return r;
}

static int ms_string(uint8_t *data, uint32_t len)
{
	static const uint8_t text[18] = {18, 3,   'M', 0,   'S', 0,   'F', 0,           'T',
					 0,  '1', 0,   '0', 0,   '0', 0,   VENDOR_CODE, 0};

	return answer(data, len, text, sizeof(text));
}

/* A BOS that leads to the OS 2.0 set. */
static int ms_bos(uint8_t *data, uint32_t len)
{
	static const uint8_t bos[33] = {5, USB_DT_BOS, 33, 0, 1, 28, USB_DT_CAPABILITY, 5, 0,
					/* D8DD60DF-4589-4CC7-9CD2-659D9E648A9F */
					0xdf, 0x60, 0xdd, 0xd8, 0x89, 0x45, 0xc7, 0x4c, 0x9c, 0xd2,
					0x65, 0x9d, 0x9e, 0x64, 0x8a, 0x9f, 0, 0, 3, 6,
					MS_SET_BYTES, 0, VENDOR_CODE, 0};

	return answer(data, len, bos, sizeof(bos));
}

int usb_derived_descriptor(struct usb_device *dev, uint8_t type, uint8_t index, uint8_t *data,
			   uint32_t len)
{
	if (type == USB_DT_OTHER_SPEED)
		return other_speed(dev, index, data, len);
	if (!dev->ops->ms_compat)
		return REFUSED;
	if (type == USB_DT_STRING && index == MS_STRING)
		return ms_string(data, len);
	return type == USB_DT_BOS && !index ? ms_bos(data, len) : REFUSED;
}

int usb_derived_vendor(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
		       uint32_t len)
{
	uint8_t compat[40] = {40, [5] = 1, [6] = MS_COMPATIBLE_ID, [8] = 1, [17] = 1};
	uint8_t set[MS_SET_BYTES] = {10, [6] = 3, [7] = 6, [8] = MS_SET_BYTES, [10] = 20, [12] = 3};

	if ((s->type != 0xc0 && s->type != 0xc1) || s->request != VENDOR_CODE ||
	    !dev->ops->ms_compat)
		return REFUSED;
	memcpy(compat + 18, dev->ops->ms_compat, 16);
	memcpy(set + 14, dev->ops->ms_compat, 16);
	if (s->index == MS_COMPATIBLE_ID)
		return answer(data, len, compat, sizeof(compat));
	return s->index == MS_SET ? answer(data, len, set, sizeof(set)) : REFUSED;
}
