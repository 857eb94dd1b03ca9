// SPDX-License-Identifier: MIT
/*
 * keyboard.c -- a HID boot keyboard (HID 1.11 appendices B.1, C, F.3): report of modifiers, a
 * reserved byte and six keys. Left out: remote wake-up while suspended.
 */
#include <errno.h>

#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/hid.h"
#include "dev/keymap.h"
#include "heap.h"
#include "state.h"

#define REPORT_KEYS 6u
#define ROLLOVER 0x01u /* usage ErrorRollOver: more keys are down than the report has room for */
#define FIRST_MODIFIER 0xe0u
#define LAST_MODIFIER 0xe7u

struct keyboard {
	struct hid hid;
	uint8_t modifiers;
	uint8_t down[256]; /* usages of the keys that are down, oldest first */
	unsigned down_count;
};

static const uint8_t report_desc[] = {
	0x05, 0x01,       /* Usage Page (Generic Desktop) */
	0x09, 0x06,       /* Usage (Keyboard) */
	0xa1, 0x01,       /* Collection (Application) */
	0x05, 0x07,       /* Usage Page (Keyboard) */
	0x19, 0xe0,       /* Usage Minimum (Left Control) */
	0x29, 0xe7,       /* Usage Maximum (Right GUI) */
	0x15, 0x00,       /* Logical Minimum (0) */
	0x25, 0x01,       /* Logical Maximum (1) */
	0x75, 0x01,       /* Report Size (1) */
	0x95, 0x08,       /* Report Count (8) */
	0x81, 0x02,       /* Input (Data, Variable, Absolute): modifiers */
	0x95, 0x01,       /* Report Count (1) */
	0x75, 0x08,       /* Report Size (8) */
	0x81, 0x01,       /* Input (Constant): reserved */
	0x95, 0x05,       /* Report Count (5) */
	0x75, 0x01,       /* Report Size (1) */
	0x05, 0x08,       /* Usage Page (LEDs) */
	0x19, 0x01,       /* Usage Minimum (Num Lock) */
	0x29, 0x05,       /* Usage Maximum (Kana) */
	0x91, 0x02,       /* Output (Data, Variable, Absolute) */
	0x95, 0x01,       /* Report Count (1) */
	0x75, 0x03,       /* Report Size (3) */
	0x91, 0x01,       /* Output (Constant) */
	0x95, 0x06,       /* Report Count (6) */
	0x75, 0x08,       /* Report Size (8) */
	0x15, 0x00,       /* Logical Minimum (0) */
	0x26, 0xff, 0x00, /* Logical Maximum (255) */
	0x05, 0x07,       /* Usage Page (Keyboard) */
	0x19, 0x00,       /* Usage Minimum (0) */
	0x2a, 0xff, 0x00, /* Usage Maximum (255) */
	0x81, 0x00,       /* Input (Data, Array) */
	0xc0,             /* End Collection */
};

/* clang-format off */
#define DESC_SET(interval)                                                                         \
	{                                                                                          \
		DEVICE_DESC(0x0200, 64, 0x0001),                                                   \
		CONFIG_DESC(34, 1, 0xa0, 50),                                                      \
		INTERFACE_DESC(0, 0, 1, 3, 1, 1),                                                  \
		HID_DESC(sizeof(report_desc)),                                                     \
		ENDPOINT_DESC(0x81, 3, 8, interval),                                               \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 8, 3, 'k', 0, 'e', 0, 'y', 0, 'b', 0, 'o', 0, 'a', 0, 'r', 0, 'd', 0,      \
		2 + 2 * 1, 3, '1', 0,                                                              \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(10);
/* 2^(7-1) microframes = 8 ms */
static const uint8_t high_speed_desc[] = DESC_SET(7);

static struct keyboard *to_keyboard(struct usb_device *dev)
{
	return container_of(container_of(dev, struct hid, usb), struct keyboard, hid);
}

static void report(struct usb_device *dev, uint8_t *report_bytes)
{
	const struct keyboard *kbd = to_keyboard(dev);

	memset(report_bytes, 0, 8);
	report_bytes[0] = kbd->modifiers;
	if (kbd->down_count > REPORT_KEYS)
		memset(report_bytes + 2, ROLLOVER, REPORT_KEYS);
	else
		memcpy(report_bytes + 2, kbd->down, kbd->down_count);
}

static const struct hid_kind kind = {
	.full_speed = {full_speed_desc, sizeof(full_speed_desc)},
	.high_speed = {high_speed_desc, sizeof(high_speed_desc)},
	.report_desc = report_desc,
	.report_desc_len = sizeof(report_desc),
	.report_len = 8,
	.boot = true,
	.leds = true,
	.report = report,
};

static const struct state_field saved_fields[] = {
	STATE_ANY(keyboard, modifiers),
	STATE_RANGE(keyboard, down_count, 0, 255),
};

static void saved(struct usb_device *dev, struct state *st)
{
	struct keyboard *kbd = to_keyboard(dev);
	bool twice = false;

	hid_saved(dev, st);
	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), kbd);
	state_bytes(st, "keys", kbd->down, kbd->down_count);
	for (unsigned i = 1; i < kbd->down_count; i++)
		twice |= memchr(kbd->down, kbd->down[i], i) != NULL;
	if (!state_check(st, !twice, "one key down twice"))
		kbd->down_count = 0;
}

static const struct usb_device_ops ops = {
	.model = "keyboard",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = hid_describe,
	.reset = hid_reset,
	.control = hid_control,
	.data = hid_data,
	.timer = hid_timer,
	.saved = saved,
	.free = hid_free,
};

struct usb_device *keyboard_new(void)
{
	struct keyboard *kbd = heap_zero(sizeof(*kbd));

	hid_init(&kbd->hid, &kind, &ops);
	return &kbd->hid.usb;
}

/* Returns whether anything changed. */
static bool set_modifier(struct keyboard *kbd, uint8_t usage, bool down)
{
	uint8_t bit = (uint8_t)(1u << (usage - FIRST_MODIFIER));
	uint8_t modifiers = down ? kbd->modifiers | bit : kbd->modifiers & (uint8_t)~bit;
	bool changed = modifiers != kbd->modifiers;

	kbd->modifiers = modifiers;
	return changed;
}

static bool set_key(struct keyboard *kbd, uint8_t usage, bool down)
{
	uint8_t *found = memchr(kbd->down, usage, kbd->down_count);

	if (down == (found != NULL))
		return false;
	if (down) {
		REQUIRE(kbd->down_count < sizeof(kbd->down)); /* each usage at most once */
		kbd->down[kbd->down_count++] = usage;
	} else {
		kbd->down_count--;
		memmove(found, found + 1, (size_t)(kbd->down + kbd->down_count - found));
	}
	return true;
}

int keyboard_press(struct usb_device *dev, unsigned qnum, bool down)
{
	const struct keymap_row *key = keymap_find_qnum(qnum);
	struct keyboard *kbd;
	bool changed;

	if (dev->ops != &ops)
		return -ENODEV;
	if (!key)
		return -ENOENT;
	if (!key->usage)
		return -ENOTSUP;
	kbd = to_keyboard(dev);
	if (key->usage >= FIRST_MODIFIER && key->usage <= LAST_MODIFIER)
		changed = set_modifier(kbd, key->usage, down);
	else
		changed = set_key(kbd, key->usage, down);
	if (changed)
		hid_changed(&kbd->hid);
	return 0;
}

uint8_t keyboard_leds(const struct usb_device *dev)
{
	return dev->ops == &ops ? container_of(dev, struct hid, usb)->leds : 0;
}
