// SPDX-License-Identifier: MIT
/*
 * Import: text that people keep about USB devices -> the bytes of a descriptor set.
 *
 * A descriptor set is the format of Linux's sysfs file `descriptors`: the 18-byte device
 * descriptor, then each configuration with its wTotalLength bytes, in order. Further top-level
 * descriptors may follow, each of which tells its own length: device qualifier (USB2 9.6.2), BOS
 * with its capabilities (USB3.2 9.6.2), hub descriptor (USB2 11.23.2.1, USB3.2 10.15.2.1) and the
 * string descriptors in index order, beginning with index 0 (USB2 9.6.7).
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stddef.h>
#include <stdint.h>

// What an import could not take at face value. All counts are 0 for a complete dump.
struct import_note {
	unsigned skipped;          // lines that look like a field but could not be used
	unsigned guessed;          // values the text does not tell, derived from others
	unsigned padded;           // bytes filled with zero because the dump says less than bLength
	unsigned cut;              // bytes dropped because the dump says more than bLength
	unsigned totals_rewritten; // wTotalLength fields that did not match what was found
	unsigned last_line;        // line (from 1) of the last of these problems, 0 = none
};

/*
 * Text of `lsusb -v` -> descriptor set. device_index picks the n-th device of the text, from 0.
 * Serial numbers, MAC addresses and container ids are replaced by neutral ones: they belong to a
 * person's device, not to its kind. The caller frees *ret_bytes. *note may be NULL.
 * 0, or -EINVAL (no device in the text), -ENOENT (fewer devices than device_index), -ENOMEM.
 */
int import_lsusb(const char *text, size_t text_len, unsigned device_index, uint8_t **ret_bytes,
		 size_t *ret_len, struct import_note *note);

/*
 * What umockdev-record writes (its device file) -> descriptor set. device_index counts blocks that have
 * descriptors, from 0. Serial numbers become neutral. The caller frees *ret_bytes.
 * 0, -EINVAL (no such block in the text) or -ENOENT (fewer than device_index).
 */
int import_umockdev(const char *text, size_t text_len, unsigned device_index, uint8_t **ret_bytes,
		    size_t *ret_len);

/*
 * Text of a .hex file -> bytes: hex digits in pairs, alone or in runs, white space between them,
 * `#` starts a comment up to the end of the line. A text without bytes gives *ret_len = 0.
 * The caller frees *ret_bytes (never NULL on success). 0, -ENOMEM, or -EINVAL with the line and
 * column (both from 1) of the character that does not belong there.
 */
int import_hex(const char *text, size_t text_len, uint8_t **ret_bytes, size_t *ret_len,
	       unsigned *ret_line, unsigned *ret_column);

#endif
