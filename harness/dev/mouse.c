// SPDX-License-Identifier: MIT
/*
 * mouse.c -- a boot mouse (HID 1.11 appendix B.2) of five buttons and a wheel: four byte reports of
 * buttons and relative x, y, wheel. The only model for low speed, too. Left out: resolution multipliers.
 */
#include <errno.h>

#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/hid.h"
#include "heap.h"
#include "state.h"

#define BUTTON_MASK 0x1fu

struct mouse {
	struct hid hid;
	int x, y, wheel; /* not reported yet */
	uint8_t buttons;
};

static const uint8_t report_desc[] = {
	0x05, 0x01, /* Usage Page (Generic Desktop) */
	0x09, 0x02, /* Usage (Mouse) */
	0xa1, 0x01, /* Collection (Application) */
	0x09, 0x01, /* Usage (Pointer) */
	0xa1, 0x00, /* Collection (Physical) */
	0x05, 0x09, /* Usage Page (Button) */
	0x19, 0x01, /* Usage Minimum (1) */
	0x29, 0x05, /* Usage Maximum (5) */
	0x15, 0x00, /* Logical Minimum (0) */
	0x25, 0x01, /* Logical Maximum (1) */
	0x95, 0x05, /* Report Count (5) */
	0x75, 0x01, /* Report Size (1) */
	0x81, 0x02, /* Input (Data, Variable, Absolute): buttons */
	0x95, 0x01, /* Report Count (1) */
	0x75, 0x03, /* Report Size (3) */
	0x81, 0x01, /* Input (Constant) */
	0x05, 0x01, /* Usage Page (Generic Desktop) */
	0x09, 0x30, /* Usage (X) */
	0x09, 0x31, /* Usage (Y) */
	0x09, 0x38, /* Usage (Wheel) */
	0x15, 0x81, /* Logical Minimum (-127) */
	0x25, 0x7f, /* Logical Maximum (127) */
	0x75, 0x08, /* Report Size (8) */
	0x95, 0x03, /* Report Count (3) */
	0x81, 0x06, /* Input (Data, Variable, Relative): x, y, wheel */
	0xc0,       /* End Collection */
	0xc0,       /* End Collection */
};

/* clang-format off */
#define DESC_SET(ep0_size, interval)                                                               \
	{                                                                                          \
		DEVICE_DESC(0x0200, ep0_size, 0x0006),                                             \
		CONFIG_DESC(34, 1, 0xa0, 50),                                                      \
		INTERFACE_DESC(0, 0, 1, 3, 1, 2),                                                  \
		HID_DESC(sizeof(report_desc)),                                                     \
		ENDPOINT_DESC(0x81, 3, 4, interval),                                               \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 5, 3, 'm', 0, 'o', 0, 'u', 0, 's', 0, 'e', 0,                              \
		2 + 2 * 1, 3, '1', 0,                                                              \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t low_speed_desc[] = DESC_SET(8, 10);
static const uint8_t full_speed_desc[] = DESC_SET(64, 10);
/* 2^(7-1) microframes = 8 ms */
static const uint8_t high_speed_desc[] = DESC_SET(64, 7);

static struct mouse *to_mouse(struct usb_device *dev)
{
	return container_of(container_of(dev, struct hid, usb), struct mouse, hid);
}

static int8_t take(int *rest)
{
	int now = *rest > 127 ? 127 : *rest < -127 ? -127 : *rest;

	*rest -= now;
	return (int8_t)now;
}

/* Relative: what one report tells, the next does not. */
static void report(struct usb_device *dev, uint8_t *bytes)
{
	struct mouse *mouse = to_mouse(dev);

	bytes[0] = mouse->buttons;
	bytes[1] = (uint8_t)take(&mouse->x);
	bytes[2] = (uint8_t)take(&mouse->y);
	bytes[3] = (uint8_t)take(&mouse->wheel);
}

static const struct hid_kind kind = {
	.low_speed = {low_speed_desc, sizeof(low_speed_desc)},
	.full_speed = {full_speed_desc, sizeof(full_speed_desc)},
	.high_speed = {high_speed_desc, sizeof(high_speed_desc)},
	.report_desc = report_desc,
	.report_desc_len = sizeof(report_desc),
	.report_len = 4,
	.boot = true,
	.boot_len = 3,
	.report = report,
};

/* Not reported yet: so far a pointer may have run away. */
#define FAR 0x40000

static int walk_way(struct state *st, int way)
{
	return (int)state_number(st, "way", (uint64_t)way + FAR, 0, 2 * FAR) - FAR;
}

static const struct state_field saved_fields[] = {STATE_BITS(mouse, buttons, 0x1f)};

static void saved(struct usb_device *dev, struct state *st)
{
	struct mouse *mouse = to_mouse(dev);

	hid_saved(dev, st);
	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), mouse);
	mouse->x = walk_way(st, mouse->x);
	mouse->y = walk_way(st, mouse->y);
	mouse->wheel = walk_way(st, mouse->wheel);
}

static const struct usb_device_ops ops = {
	.model = "mouse",
	.speed_mask = 1 << USB_SPEED_LOW | 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = hid_describe,
	.reset = hid_reset,
	.control = hid_control,
	.data = hid_data,
	.timer = hid_timer,
	.saved = saved,
	.free = hid_free,
};

struct usb_device *mouse_new(void)
{
	struct mouse *mouse = heap_zero(sizeof(*mouse));

	hid_init(&mouse->hid, &kind, &ops);
	return &mouse->hid.usb;
}

int mouse_move(struct usb_device *dev, int16_t dx, int16_t dy, uint8_t buttons, int8_t wheel)
{
	struct mouse *mouse;

	if (dev->ops != &ops)
		return -ENODEV;
	mouse = to_mouse(dev);
	mouse->x = dx;
	mouse->y = dy;
	mouse->wheel = wheel;
	mouse->buttons = buttons & BUTTON_MASK;
	do
		hid_changed(&mouse->hid);
	while (mouse->x || mouse->y || mouse->wheel);
	return 0;
}
