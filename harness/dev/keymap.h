// SPDX-License-Identifier: MIT
/*
 * keymap.h -- what the keys are called and what they send.
 */
#ifndef DEV_KEYMAP_H
#define DEV_KEYMAP_H

#include "base.h"

struct keymap_row {
	const char *name; /* QEMU's QKeyCode */
	uint8_t qnum;     /* AT set 1 with bit 7 in place of the prefix e0 */
	uint16_t atset1;  /* 0xe0xx: with prefix e0 */
	uint16_t atset2;
	uint8_t usage; /* HID usage page 0x07; 0 = none there */
};

/* The rows in ascending order of qnum; NULL after the last. */
const struct keymap_row *keymap_at(size_t index);
/* NULL: no such key. */
const struct keymap_row *keymap_find_qnum(unsigned qnum);
const struct keymap_row *keymap_find_name(const char *name);
/* By what a PS/2 keyboard sends; set 1 or 2. */
const struct keymap_row *keymap_find_at(unsigned set, unsigned code);
/* By any of them: "a", "qnum:242", "set1:e072", "set2:39". */
const struct keymap_row *keymap_find(const char *text);

#endif
