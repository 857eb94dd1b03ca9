// SPDX-License-Identifier: MIT
/*
 * scripted_desc.h -- what a scripted device is when the program does not say.
 */
#ifndef DEV_SCRIPTED_DESC_H
#define DEV_SCRIPTED_DESC_H

#include "usb/usb.h"

const uint8_t *scripted_desc(enum usb_speed speed, size_t *ret_len);

#endif
