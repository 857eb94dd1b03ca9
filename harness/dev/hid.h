// SPDX-License-Identifier: MIT
/*
 * hid.h -- what HID devices have in common: a queue of input reports on an interrupt endpoint,
 * idle rate, protocol, and the class requests (HID 1.11, 7.2).
 */
#ifndef DEV_HID_H
#define DEV_HID_H

#include "usb/usb.h"

#define HID_QUEUE 16u
#define HID_MAX_REPORT 8u

struct hid_kind {
	struct {
		const uint8_t *desc; /* descriptor set at this speed */
		size_t len;
	} low_speed, full_speed, high_speed;
	const uint8_t *report_desc; /* report descriptor, HID 1.11 6.2.2 */
	uint16_t report_desc_len;   /* bytes */
	uint8_t report_len;         /* input report, bytes, <= HID_MAX_REPORT */
	bool boot;                  /* has GET_PROTOCOL and SET_PROTOCOL */
	uint8_t boot_len;           /* of the report in the boot protocol; 0 = the same */
	bool leds;                  /* has an output report of one byte */
	/* The input report as of now: report_len bytes. */
	void (*report)(struct usb_device *dev, uint8_t *report);
};

struct hid {
	struct usb_device usb; /* first: a hid is an usb_device */
	const struct hid_kind *kind;
	uint8_t queue[HID_QUEUE][HID_MAX_REPORT];
	unsigned head, count;
	uint8_t idle;     /* HID 7.2.4: in 4 ms, 0 = report changes only */
	bool idle_due;    /* the idle time is over: send the report though nothing changed */
	uint8_t protocol; /* 0 boot, 1 report */
	uint8_t leds;
};

#define HID_DESC_BYTES 9u

/* A zeroed hid becomes a device of that kind, in the report protocol (HID 7.2.6). */
void hid_init(struct hid *hid, const struct hid_kind *kind, const struct usb_device_ops *ops);

/*
 * The state changed: queue the current report. When the host does not fetch them and the queue is
 * full, the newest is replaced, so that the last report the host gets is the true state (no key
 * stays down).
 */
void hid_changed(struct hid *hid);

/* The members of struct usb_device_ops. */
const uint8_t *hid_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len);
void hid_reset(struct usb_device *dev);
int hid_control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len);
enum usb_status hid_data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p);
void hid_timer(struct usb_device *dev);
void hid_free(struct usb_device *dev);
void hid_saved(struct usb_device *dev, struct state *st);

#endif
