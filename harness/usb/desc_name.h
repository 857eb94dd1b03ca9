// SPDX-License-Identifier: MIT
/*
 * desc_name.h -- names for numbers in descriptors. Never NULL; "" where there is no name.
 */
#ifndef USB_DESC_NAME_H
#define USB_DESC_NAME_H

#include "usb/desc.h"

const char *usb_desc_class_name(uint8_t class);
const char *usb_desc_type_name(uint8_t type);
const char *usb_desc_transfer_name(uint8_t attributes);
const char *usb_desc_capability_name(uint8_t capability);
/* A class-specific descriptor, told by the interface it belongs to (NULL: none). */
const char *usb_desc_extra_name(const struct usb_desc_node *node,
				const struct usb_desc_alternate *a);

#endif
