// SPDX-License-Identifier: MIT
/*
 * testbed.h -- a bus with one port and a host that plays packets, for the tests beside the files.
 */
#ifndef DEV_TESTBED_H
#define DEV_TESTBED_H

#include "dev/dev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct bed {
	struct usb_bus bus;
	struct usb_port port;
	uint64_t now_ns,
		timer_ns;    /* timer_ns: when the device's timer is due, UINT64_MAX = never */
	unsigned wakeups;    /* of any endpoint but 0 */
	uint8_t last_wakeup; /* its bEndpointAddress */
};

static inline void bed_wakeup(struct usb_port *port, struct usb_device *dev,
			      struct usb_endpoint *ep)
{
	struct bed *bed = port->opaque;

	(void)dev;
	bed->wakeups++;
	bed->last_wakeup = ep->address;
}

static const struct usb_port_ops bed_port_ops = {.wakeup = bed_wakeup};

static inline void bed_arm(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	struct bed *bed = opaque;

	if (dev != bed->port.dev) /* something behind a hub */
		return;
	bed->timer_ns = delay_ns == UINT64_MAX ? UINT64_MAX : bed->now_ns + delay_ns;
}

/* Plug dev at this speed and reset it. */
static inline void bed_plug(struct bed *bed, struct usb_device *dev, enum usb_speed speed)
{
	memset(bed, 0, sizeof(*bed));
	bed->timer_ns = UINT64_MAX;
	usb_bus_init(&bed->bus, NULL, &bed->now_ns);
	bed->bus.arm_timer = bed_arm;
	bed->bus.timer_opaque = bed;
	bed->port.ops = &bed_port_ops;
	bed->port.opaque = bed;
	bed->port.speed_mask = (uint8_t)(1u << speed);
	usb_bus_add_port(&bed->bus, &bed->port);
	assert_int_equal(usb_plug(&bed->port, dev), 0);
	usb_device_reset(dev);
}

/* Unplug; nothing may be left. */
static inline void bed_end(struct bed *bed)
{
	usb_unplug(&bed->port);
	assert_int_equal(bed->bus.live_packets, 0);
	assert_int_equal(bed->bus.live_devices, 0);
	assert_true(bed->timer_ns == UINT64_MAX);
}

/* Let virtual time pass; the timer runs as often as it is due. */
static inline void bed_step(struct bed *bed, uint64_t ns)
{
	uint64_t end_ns = bed->now_ns + ns;

	while (bed->timer_ns <= end_ns && bed->port.dev) {
		bed->now_ns = bed->timer_ns > bed->now_ns ? bed->timer_ns : bed->now_ns;
		bed->timer_ns = UINT64_MAX;
		usb_device_timer(bed->port.dev);
	}
	bed->now_ns = end_ns;
}

/* One packet of len bytes, OUT and SETUP from data, IN to data (may be NULL); *ret_actual may be
 * NULL. What is answered USB_ASYNC is taken back. */
static inline enum usb_status bed_packet(struct bed *bed, enum usb_pid pid, unsigned number,
					 void *data, uint32_t len, uint32_t *ret_actual)
{
	struct usb_packet *p = usb_packet_new(bed->port.dev, pid, number, len);
	enum usb_status status;

	if (pid != USB_IN && len && data)
		memcpy(p->data, data, len);
	status = usb_packet_submit(p);
	if (pid == USB_IN && data)
		memcpy(data, p->data, p->actual);
	if (ret_actual)
		*ret_actual = p->actual;
	usb_packet_free(p);
	return status;
}

static inline enum usb_status bed_setup(struct bed *bed, uint8_t type, uint8_t request,
					uint16_t value, uint16_t index, uint16_t length)
{
	uint8_t raw[8] = {type, request};

	put_le16(raw + 2, value);
	put_le16(raw + 4, index);
	put_le16(raw + 6, length);
	return bed_packet(bed, USB_SETUP, 0, raw, sizeof(raw), NULL);
}

/* A control transfer; returns the bytes moved or -status. */
static inline int bed_control(struct bed *bed, uint8_t type, uint8_t request, uint16_t value,
			      uint16_t index, uint16_t length, void *data)
{
	bool in = type & 0x80;
	uint32_t actual = 0;
	enum usb_status status = bed_setup(bed, type, request, value, index, length);

	if (status == USB_OK && length)
		status = bed_packet(bed, in ? USB_IN : USB_OUT, 0, data, length, &actual);
	if (status == USB_OK)
		status = bed_packet(bed, in && length ? USB_OUT : USB_IN, 0, NULL, 0, NULL);
	return status == USB_OK ? (int)actual : -(int)status;
}

/* Address 1, configuration 1. */
static inline void bed_configure(struct bed *bed)
{
	assert_int_equal(bed_control(bed, 0, 5, 1, 0, 0, NULL), 0);
	assert_int_equal(bed_control(bed, 0, 9, 1, 0, 0, NULL), 0);
	assert_int_equal(bed->port.dev->state, USB_CONFIGURED);
}

#endif
