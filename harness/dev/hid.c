// SPDX-License-Identifier: MIT
/*
 * hid.c -- report queue and class requests of a HID device with one interface and one interrupt
 * IN endpoint (1). Left out: feature reports, report ids, several interfaces, physical
 * descriptors (HID 1.11, 6.2.3).
 */
#include "dev/hid.h"
#include "heap.h"
#include "state.h"

#define HID_INTERFACE 0u
#define HID_ENDPOINT 1u
#define IDLE_UNIT_NS UINT64_C(4000000)

/* HID 1.11, 7.2 */
enum hid_request {
	GET_REPORT = 0x01,
	GET_IDLE = 0x02,
	GET_PROTOCOL = 0x03,
	SET_REPORT = 0x09,
	SET_IDLE = 0x0a,
	SET_PROTOCOL = 0x0b,
};

enum report_type {
	REPORT_INPUT = 1,
	REPORT_OUTPUT = 2
};

static struct hid *to_hid(struct usb_device *dev)
{
	return container_of(dev, struct hid, usb);
}

static void arm_idle(struct hid *hid)
{
	hid->idle_due = false;
	usb_device_arm(&hid->usb, hid->idle ? hid->idle * IDLE_UNIT_NS : UINT64_MAX);
}

static void wakeup(struct hid *hid)
{
	if (hid->usb.ep_in[HID_ENDPOINT].present)
		usb_wakeup(&hid->usb.ep_in[HID_ENDPOINT]);
}

void hid_changed(struct hid *hid)
{
	unsigned last;

	if (hid->count < HID_QUEUE)
		hid->count++;
	last = (hid->head + hid->count - 1) % HID_QUEUE;
	hid->kind->report(&hid->usb, hid->queue[last]);
	wakeup(hid);
}

const uint8_t *hid_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	const struct hid_kind *kind = container_of(dev, struct hid, usb)->kind;

	if (speed == USB_SPEED_LOW) {
		*ret_len = kind->low_speed.len;
		return kind->low_speed.desc;
	}
	*ret_len = speed == USB_SPEED_HIGH ? kind->high_speed.len : kind->full_speed.len;
	return speed == USB_SPEED_HIGH ? kind->high_speed.desc : kind->full_speed.desc;
}

void hid_reset(struct usb_device *dev)
{
	struct hid *hid = to_hid(dev);

	hid->head = hid->count = 0;
	hid->leds = 0;
	hid->idle = 0;
	hid->protocol = 1;
	if (dev->port)
		arm_idle(hid);
}

void hid_timer(struct usb_device *dev)
{
	struct hid *hid = to_hid(dev);

	hid->idle_due = hid->idle != 0;
	wakeup(hid);
}

static uint8_t report_len(const struct hid *hid)
{
	return hid->protocol || !hid->kind->boot_len ? hid->kind->report_len : hid->kind->boot_len;
}

enum usb_status hid_data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct hid *hid = to_hid(dev);
	uint8_t report[HID_MAX_REPORT];

	if (ep->address != (0x80 | HID_ENDPOINT))
		return USB_STALL;
	if (hid->count) {
		memcpy(report, hid->queue[hid->head], sizeof(report));
		hid->head = (hid->head + 1) % HID_QUEUE;
		hid->count--;
	} else if (hid->idle_due) {
		hid->kind->report(dev, report);
	} else {
		return USB_NAK;
	}
	arm_idle(hid);
	return usb_packet_put(p, report, report_len(hid)) ? USB_OK : USB_BABBLE;
}

static int copy_out(uint8_t *data, uint32_t len, const uint8_t *from, size_t from_len)
{
	size_t n = min_u64(len, from_len);

	if (n)
		memcpy(data, from, n);
	return (int)n;
}

static int get_descriptor(const struct hid *hid, const struct usb_setup *s, uint8_t *data,
			  uint32_t len)
{
	/* 9 bytes, HID 1.11, no country, 1 class descriptor: report */
	uint8_t desc[HID_DESC_BYTES] = {HID_DESC_BYTES, 0x21, 0x11, 0x01, 0, 1, 0x22};

	switch (s->value) {
	case 0x2100:
		put_le16(desc + 7, hid->kind->report_desc_len);
		return copy_out(data, len, desc, sizeof(desc));
	case 0x2200:
		return copy_out(data, len, hid->kind->report_desc, hid->kind->report_desc_len);
	default:
		return -USB_STALL;
	}
}

static int get_report(struct hid *hid, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	uint8_t report[HID_MAX_REPORT];

	if (s->value == REPORT_INPUT << 8) {
		hid->kind->report(&hid->usb, report);
		return copy_out(data, len, report, report_len(hid));
	}
	if (s->value == REPORT_OUTPUT << 8 && hid->kind->leds)
		return copy_out(data, len, &hid->leds, 1);
	return -USB_STALL;
}

static int class_in(struct hid *hid, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	switch (s->request) {
	case GET_REPORT:
		return get_report(hid, s, data, len);
	case GET_IDLE:
		return s->value ? -USB_STALL : copy_out(data, len, &hid->idle, 1);
	case GET_PROTOCOL:
		return hid->kind->boot ? copy_out(data, len, &hid->protocol, 1) : -USB_STALL;
	default:
		return -USB_STALL;
	}
}

static int class_out(struct hid *hid, const struct usb_setup *s, const uint8_t *data, uint32_t len)
{
	switch (s->request) {
	case SET_REPORT:
		if (s->value != REPORT_OUTPUT << 8 || !hid->kind->leds || len != 1)
			return -USB_STALL;
		hid->leds = data[0] & 0x1f;
		return 0;
	case SET_IDLE:
		if (s->value & 0xff)
			return -USB_STALL; /* of one report id: there are none */
		hid->idle = (uint8_t)(s->value >> 8);
		arm_idle(hid);
		return 0;
	case SET_PROTOCOL:
		if (!hid->kind->boot || s->value > 1)
			return -USB_STALL;
		hid->protocol = (uint8_t)s->value;
		return 0;
	default:
		return -USB_STALL;
	}
}

int hid_control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct hid *hid = to_hid(dev);

	if (s->index != HID_INTERFACE)
		return -USB_STALL;
	switch (s->type) {
	case 0x81: /* standard, interface, IN */
		return s->request == 6 ? get_descriptor(hid, s, data, len) : -USB_STALL;
	case 0xa1:
		return class_in(hid, s, data, len);
	case 0x21:
		return class_out(hid, s, data, len);
	default:
		return -USB_STALL;
	}
}

void hid_init(struct hid *hid, const struct hid_kind *kind, const struct usb_device_ops *ops)
{
	hid->kind = kind;
	hid->protocol = 1;
	usb_device_init(&hid->usb, ops, NULL, 0); /* see hid_describe */
}

static const struct state_field saved_fields[] = {
	STATE_RANGE(hid, head, 0, HID_QUEUE - 1),
	STATE_RANGE(hid, count, 0, HID_QUEUE),
	STATE_ANY(hid, idle),
	STATE_FLAG(hid, idle_due),
	STATE_RANGE(hid, protocol, 0, 1),
	STATE_BITS(hid, leds, 0x1f),
};

void hid_saved(struct usb_device *dev, struct state *st)
{
	struct hid *hid = to_hid(dev);

	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), hid);
	state_bytes(st, "reports", hid->queue, sizeof(hid->queue));
}

void hid_free(struct usb_device *dev)
{
	usb_device_fini(dev);
	heap_free(to_hid(dev));
}
