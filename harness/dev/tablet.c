// SPDX-License-Identifier: MIT
/*
 * tablet.c -- an absolute pointer with five buttons and a wheel: six byte reports of buttons,
 * x, y (0..32767, little-endian) and wheel, as virtual machines use to follow the host's pointer.
 */
#include <errno.h>

#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/hid.h"
#include "heap.h"
#include "state.h"

#define BUTTON_MASK 0x1fu

struct tablet {
	struct hid hid;
	uint16_t x, y;
	uint8_t buttons;
	int8_t wheel; /* since the last queued report */
};

static const uint8_t report_desc[] = {
	0x05, 0x01,       /* Usage Page (Generic Desktop) */
	0x09, 0x02,       /* Usage (Mouse) */
	0xa1, 0x01,       /* Collection (Application) */
	0x09, 0x01,       /* Usage (Pointer) */
	0xa1, 0x00,       /* Collection (Physical) */
	0x05, 0x09,       /* Usage Page (Button) */
	0x19, 0x01,       /* Usage Minimum (1) */
	0x29, 0x05,       /* Usage Maximum (5) */
	0x15, 0x00,       /* Logical Minimum (0) */
	0x25, 0x01,       /* Logical Maximum (1) */
	0x95, 0x05,       /* Report Count (5) */
	0x75, 0x01,       /* Report Size (1) */
	0x81, 0x02,       /* Input (Data, Variable, Absolute): buttons */
	0x95, 0x01,       /* Report Count (1) */
	0x75, 0x03,       /* Report Size (3) */
	0x81, 0x01,       /* Input (Constant) */
	0x05, 0x01,       /* Usage Page (Generic Desktop) */
	0x09, 0x30,       /* Usage (X) */
	0x09, 0x31,       /* Usage (Y) */
	0x15, 0x00,       /* Logical Minimum (0) */
	0x26, 0xff, 0x7f, /* Logical Maximum (32767) */
	0x35, 0x00,       /* Physical Minimum (0) */
	0x46, 0xff, 0x7f, /* Physical Maximum (32767) */
	0x75, 0x10,       /* Report Size (16) */
	0x95, 0x02,       /* Report Count (2) */
	0x81, 0x02,       /* Input (Data, Variable, Absolute): x, y */
	0x09, 0x38,       /* Usage (Wheel) */
	0x15, 0x81,       /* Logical Minimum (-127) */
	0x25, 0x7f,       /* Logical Maximum (127) */
	0x35, 0x00,       /* Physical Minimum: as logical */
	0x45, 0x00,       /* Physical Maximum: as logical */
	0x75, 0x08,       /* Report Size (8) */
	0x95, 0x01,       /* Report Count (1) */
	0x81, 0x06,       /* Input (Data, Variable, Relative): wheel */
	0xc0,             /* End Collection */
	0xc0,             /* End Collection */
};

/* clang-format off */
#define DESC_SET(interval)                                                                         \
	{                                                                                          \
		DEVICE_DESC(0x0200, 64, 0x0002),                                                   \
		CONFIG_DESC(34, 1, 0xa0, 50),                                                      \
		INTERFACE_DESC(0, 0, 1, 3, 0, 0),                                                  \
		HID_DESC(sizeof(report_desc)),                                                     \
		ENDPOINT_DESC(0x81, 3, 8, interval),                                               \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 6, 3, 't', 0, 'a', 0, 'b', 0, 'l', 0, 'e', 0, 't', 0,                      \
		2 + 2 * 1, 3, '1', 0,                                                              \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(10);
/* 2^(4-1) microframes = 1 ms */
static const uint8_t high_speed_desc[] = DESC_SET(4);

static struct tablet *to_tablet(struct usb_device *dev)
{
	return container_of(container_of(dev, struct hid, usb), struct tablet, hid);
}

static void report(struct usb_device *dev, uint8_t *report_bytes)
{
	const struct tablet *tablet = to_tablet(dev);

	report_bytes[0] = tablet->buttons;
	put_le16(report_bytes + 1, tablet->x);
	put_le16(report_bytes + 3, tablet->y);
	report_bytes[5] = (uint8_t)tablet->wheel;
}

static const struct hid_kind kind = {
	.full_speed = {full_speed_desc, sizeof(full_speed_desc)},
	.high_speed = {high_speed_desc, sizeof(high_speed_desc)},
	.report_desc = report_desc,
	.report_desc_len = sizeof(report_desc),
	.report_len = 6,
	.report = report,
};

static const struct state_field saved_fields[] = {
	STATE_RANGE(tablet, x, 0, TABLET_MAX),
	STATE_RANGE(tablet, y, 0, TABLET_MAX),
	STATE_BITS(tablet, buttons, 0x1f),
	STATE_ANY(tablet, wheel),
};

static void saved(struct usb_device *dev, struct state *st)
{
	hid_saved(dev, st);
	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), to_tablet(dev));
}

static const struct usb_device_ops ops = {
	.model = "tablet",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = hid_describe,
	.reset = hid_reset,
	.control = hid_control,
	.data = hid_data,
	.timer = hid_timer,
	.saved = saved,
	.free = hid_free,
};

struct usb_device *tablet_new(void)
{
	struct tablet *tablet = heap_zero(sizeof(*tablet));

	hid_init(&tablet->hid, &kind, &ops);
	return &tablet->hid.usb;
}

int tablet_move(struct usb_device *dev, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel)
{
	struct tablet *tablet;

	if (dev->ops != &ops)
		return -ENODEV;
	tablet = to_tablet(dev);
	tablet->x = x < TABLET_MAX ? x : TABLET_MAX;
	tablet->y = y < TABLET_MAX ? y : TABLET_MAX;
	tablet->buttons = buttons & BUTTON_MASK;
	tablet->wheel = wheel == INT8_MIN ? -INT8_MAX : wheel;
	hid_changed(&tablet->hid);
	tablet->wheel = 0; /* relative: one report only */
	return 0;
}
