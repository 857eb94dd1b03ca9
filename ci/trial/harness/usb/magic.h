// SPDX-License-Identifier: MIT
#ifndef USB_MAGIC_H
#define USB_MAGIC_H

#include "base.h"

/* True when the bytes begin with the magic. */
bool usb_magic_check(const uint8_t *data, size_t len);

#endif
