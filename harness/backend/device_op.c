// SPDX-License-Identifier: MIT
/*
 * device_op.c -- what a key, a movement, an answer or its end means to a device model.
 */
#include <errno.h>

#include "backend/device_op.h"
#include "dev/dev.h"
#include "op/args.h"
#include "op/names.h"

static int key(struct usb_device *dev, const struct op *op)
{
	unsigned qnum = (unsigned)ARG(op, KEY, qnum), state = (unsigned)ARG(op, KEY, state);
	int err;

	if (state == KEY_RELEASE)
		return keyboard_press(dev, qnum, false);
	err = keyboard_press(dev, qnum, true);
	return err || state != KEY_TAP ? err : keyboard_press(dev, qnum, false);
}

static int pointer(struct usb_device *dev, const struct op *op)
{
	if (dev->model == DEV_MOUSE)
		return mouse_move(dev, (int16_t)ARG(op, POINTER, x), (int16_t)ARG(op, POINTER, y),
				  (uint8_t)ARG(op, POINTER, buttons), 0);
	return tablet_move(dev, (uint16_t)ARG(op, POINTER, x), (uint16_t)ARG(op, POINTER, y),
			   (uint8_t)ARG(op, POINTER, buttons), 0);
}

static int answer(struct usb_device *dev, const struct op *op)
{
	uint32_t flags = (uint32_t)ARG(op, ANSWER, flags);
	unsigned pid = (unsigned)ARG(op, ANSWER, pid);
	struct scripted_answer a = {
		.number = ARG(op, ANSWER, ep) & 15,
		.pid = pid == PID_ANY ? SCRIPTED_ANY : (uint8_t)(pid - PID_OUT),
		.status = (uint8_t)ARG(op, ANSWER, status),
		.delay_ns = ARG(op, ANSWER, delay_usec) * 1000,
		.detach = flags & ANSWER_DETACH,
		.data = op->blob,
		.len = op->blob_len,
	};

	if (flags & ANSWER_ANY_EP)
		a.number = SCRIPTED_ANY;
	else if (!a.number && pid == PID_ANY) /* a request that usb-core does not know */
		a.request = true;
	if (a.delay_ns) {
		a.later_status = a.status == USB_ASYNC ? USB_OK : a.status;
		a.status = USB_ASYNC;
	}
	return scripted_answer(dev, &a);
}

int device_op(struct usb_device *dev, const struct op *op)
{
	if (!dev)
		return -ENODEV;
	switch (op->id) {
	case OP_KEY:
		return key(dev, op);
	case OP_POINTER:
		return pointer(dev, op);
	case OP_ANSWER:
		return answer(dev, op);
	case OP_FINISH:
		return scripted_finish(dev, (unsigned)ARG(op, FINISH, nth),
				       (uint8_t)ARG(op, FINISH, status), op->blob, op->blob_len);
	default:
		return -ENOSYS;
	}
}
