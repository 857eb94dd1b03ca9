// SPDX-License-Identifier: MIT
/*
 * device_state.c -- what usb-core knows of a device as saved state: its state (USB2 9.1), its alternate
 * settings and halts, the control transfer under way. Endpoint tables are made again from descriptors.
 * No packet is with the device. The control buffer has exactly wLength bytes, and no count may be
 * larger: QEMU once believed one (CVE-2013-4541).
 */
#include "heap.h"
#include "state.h"
#include "usb/desc.h"
#include "usb/usb.h"

static const struct state_field device_fields[] = {
	STATE_RANGE(usb_device, state, USB_ATTACHED, USB_CONFIGURED),
	STATE_RANGE(usb_device, address, 0, 127),
	STATE_ANY(usb_device, configuration),
	STATE_FLAG(usb_device, suspended),
	STATE_FLAG(usb_device, remote_wakeup),
	STATE_FLAG(usb_device, self_powered),
	STATE_FLAG(usb_device, pipeline),
	STATE_ANY(usb_device, u_features),
	STATE_FLAG(usb_device, ep0.halted),
};

static const struct state_field control_fields[] = {
	STATE_RANGE(usb_device, control.stage, USB_STAGE_IDLE, USB_STAGE_STATUS),
	STATE_ANY(usb_device, control.setup.type),
	STATE_ANY(usb_device, control.setup.request),
	STATE_ANY(usb_device, control.setup.value),
	STATE_ANY(usb_device, control.setup.index),
	STATE_ANY(usb_device, control.setup.length),
	STATE_RANGE(usb_device, control.answer, 0, UINT16_MAX),
	STATE_RANGE(usb_device, control.pos, 0, UINT16_MAX),
	STATE_FLAG(usb_device, control.ran),
};

static void walk_halts(struct state *st, struct usb_device *dev)
{
	uint32_t in = 0, out = 0;

	for (unsigned i = 1; i < 16; i++) {
		in |= (uint32_t)dev->ep_in[i].halted << i;
		out |= (uint32_t)dev->ep_out[i].halted << i;
	}
	in = (uint32_t)state_number(st, "halted IN", in, 0, 0xffff);
	out = (uint32_t)state_number(st, "halted OUT", out, 0, 0xffff);
	if (!st->loading)
		return;
	for (unsigned i = 1; i < 16; i++) {
		dev->ep_in[i].halted = in >> i & 1;
		dev->ep_out[i].halted = out >> i & 1;
	}
}

static void walk_buffer(struct state *st, struct usb_device *dev)
{
	uint32_t length = dev->control.setup.length;
	bool has = state_number(st, "control buffer", dev->control.buf != NULL, 0, 1);

	if (st->loading && has && length)
		dev->control.buf = heap_zero(length);
	state_check(st, !has || length, "a control buffer of nothing");
	state_check(st, has == (length != 0) || dev->control.stage == USB_STAGE_IDLE,
		    "a control transfer without its buffer");
	state_check(st, dev->control.stage != USB_STAGE_DATA || length,
		    "a data stage of a control transfer that has none");
	state_check(st, dev->control.answer <= length && dev->control.pos <= length,
		    "more bytes of a control transfer than it has");
	state_check(st,
		    dev->control.pos <= dev->control.answer || !(dev->control.setup.type & 0x80),
		    "more bytes of an answer than there are");
	if (dev->control.buf && !st->refused)
		state_bytes(st, "control data", dev->control.buf, length);
}

static void walk_control(struct state *st, struct usb_device *dev)
{
	/* stored as numbers that are not negative */
	int result = -(int)state_number(st, "result", (uint64_t)-dev->control.result, 0, USB_NODEV);
	int address = (int)state_number(st, "address to be",
					(uint64_t)(dev->control.new_address + 1), 0, 128) -
		1;

	state_walk(st, control_fields, ARRAY_SIZE(control_fields), dev);
	if (st->loading) {
		dev->control.result = result;
		dev->control.new_address = (int16_t)address;
	}
	walk_buffer(st, dev);
	if (st->refused && st->loading) {
		dev->control.stage = USB_STAGE_IDLE;
		dev->control.answer = dev->control.pos = 0;
	}
}

bool usb_device_may_be_saved(const struct usb_device *dev)
{
	return dev->ops->saved && dev->control.result > USB_CONTROL_ASYNC && !dev->in_handler;
}

/* Loading: the device has just been plugged, at the speed it had. */
void usb_device_walk(struct state *st, struct usb_device *dev)
{
	state_section(st, "device");
	state_walk(st, device_fields, ARRAY_SIZE(device_fields), dev);
	for (unsigned i = 0; i < USB_MAX_INTERFACES; i++)
		dev->alternate[i] = (uint8_t)state_number(st, "setting", dev->alternate[i], 0, 255);
	state_check(st, dev->state != USB_CONFIGURED || dev->configuration,
		    "configured with no configuration");
	if (st->loading)
		usb_endpoint_setup(dev);
	walk_halts(st, dev);
	walk_control(st, dev);
	state_section(st, dev->ops->model);
	dev->ops->saved(dev, st);
}
