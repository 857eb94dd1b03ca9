// SPDX-License-Identifier: MIT
/*
 * storage_desc.h -- the descriptors of the bulk-only disk and CD drive, for storage.c.
 */
#ifndef DEV_STORAGE_DESC_H
#define DEV_STORAGE_DESC_H

#include "usb/usb.h"

#define STORAGE_EP_IN 1u
#define STORAGE_EP_OUT 2u

/* The descriptor set at this speed: *ret_len static bytes. */
const uint8_t *storage_describe(bool cd, enum usb_speed speed, size_t *ret_len);

#endif
