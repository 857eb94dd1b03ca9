// SPDX-License-Identifier: MIT
/*
 * desc_arena.h -- the memory of one descriptor tree: taken piece by piece, given back at once by
 * usb_desc_free. Only our own nodes live here; the device's bytes have their own allocation.
 */
#ifndef USB_DESC_ARENA_H
#define USB_DESC_ARENA_H

#include "usb/desc.h"

/* n zeroed bytes (n <= 256), aligned for any of the structs of desc.h. Never NULL. */
void *usb_desc_arena(struct usb_desc *d, size_t n);

#endif
