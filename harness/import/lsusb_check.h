// SPDX-License-Identifier: MIT
/*
 * What the importer's tests share: an import of an exact-size copy, a comparison with hex text, a
 * shortest device to hang descriptors on.
 */
#ifndef IMPORT_LSUSB_CHECK_H
#define IMPORT_LSUSB_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base.h"
#include "import/import.h"

struct result {
	int ret;
	uint8_t *bytes;
	size_t len;
	struct import_note note;
};

static inline struct result import(const char *text, size_t len, unsigned device_index)
{
	struct result r = {0};
	char *copy = malloc(len ? len : 1); // exact size: a read past the end is seen

	assert_non_null(copy);
	if (len)
		memcpy(copy, text, len);
	r.ret = import_lsusb(copy, len, device_index, &r.bytes, &r.len, &r.note);
	free(copy);
	return r;
}

// Imports the text and compares what follows the first `skip` bytes.
static inline struct import_note assert_set(const char *text, size_t skip, const char *hex)
{
	struct result r = import(text, strlen(text), 0);
	unsigned line, column;
	uint8_t *want;
	size_t want_len;

	assert_int_equal(import_hex(hex, strlen(hex), &want, &want_len, &line, &column), 0);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.len, skip + want_len);
	assert_memory_equal(r.bytes + skip, want, want_len);
	free(want);
	free(r.bytes);
	return r.note;
}

static inline void assert_complete(const struct import_note note)
{
	assert_int_equal(note.skipped + note.guessed + note.padded + note.cut +
				 note.totals_rewritten + note.last_line,
			 0);
}

// A shortest device, to which a test adds one configuration.
#define DEVICE(usb)                                                                                \
	"Device Descriptor:\n  bLength 18\n  bDescriptorType 1\n  bcdUSB " usb "\n"                \
	"  bDeviceClass 0 \n  bDeviceSubClass 0\n  bDeviceProtocol 0\n  bMaxPacketSize0 64\n"      \
	"  idVendor 0x1234 x\n  idProduct 0x5678 y\n  bcdDevice 1.00\n  iManufacturer 0\n"         \
	"  iProduct 0\n  iSerial 0\n  bNumConfigurations 1\n"
#define CONFIG(total)                                                                                \
	"  Configuration Descriptor:\n    bLength 9\n    bDescriptorType 2\n    wTotalLength " total \
	"\n    bNumInterfaces 1\n    bConfigurationValue 1\n    iConfiguration 0\n"                  \
	"    bmAttributes 0x80\n      (Bus Powered)\n    MaxPower 100mA\n"

#endif
