// SPDX-License-Identifier: MIT
/*
 * device_op.h -- ops of the device side (key, pointer, answer, finish) played on one device, whoever its host is.
 */
#ifndef BACKEND_DEVICE_OP_H
#define BACKEND_DEVICE_OP_H

#include "op/op.h"
#include "usb/usb.h"

/* 0; -ENODEV: dev is NULL or of another model; -ENOSYS: the op is of another kind; what the model says. */
int device_op(struct usb_device *dev, const struct op *op);

#endif
