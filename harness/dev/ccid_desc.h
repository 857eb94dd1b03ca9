// SPDX-License-Identifier: MIT
/*
 * ccid_desc.h -- what the reader says of itself (CCID 5).
 */
#ifndef DEV_CCID_DESC_H
#define DEV_CCID_DESC_H

#include "usb/usb.h"

#define CCID_NOTIFY_IN 0x81
#define CCID_BULK_IN 0x82
#define CCID_BULK_OUT 0x03
#define CCID_MESSAGE_MAX 271u /* bytes: header and a short APDU */

/* As usb_device_ops.describe. */
const uint8_t *ccid_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len);

#endif
