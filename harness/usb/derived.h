// SPDX-License-Identifier: MIT
/*
 * derived.h -- what the core answers from what a device has said of itself (derived.c).
 */
#ifndef USB_DERIVED_H
#define USB_DERIVED_H

#include "usb/usb.h"

/* A descriptor that is not in the set; as usb_standard_request. */
int usb_derived_descriptor(struct usb_device *dev, uint8_t type, uint8_t index, uint8_t *data,
			   uint32_t len);
/* A vendor request of Microsoft's OS descriptors; as ops->control. */
int usb_derived_vendor(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
		       uint32_t len);

#endif
