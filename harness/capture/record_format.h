// SPDX-License-Identifier: MIT
/*
 * record_format.h -- the numbers of a recording, for who writes it and who reads it.
 */
#ifndef CAPTURE_RECORD_FORMAT_H
#define CAPTURE_RECORD_FORMAT_H

#define RECORD_MAGIC "usb-gauntlet rec" /* 16 bytes */
#define RECORD_VERSION 1u
#define RECORD_HEAD_BYTES 64u
#define RECORD_ROW_BYTES 40u

#endif
