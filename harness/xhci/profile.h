// SPDX-License-Identifier: MIT
/*
 * profile.h -- which controllers there are: identity and capabilities as data (profile.c).
 */
#ifndef XHCI_PROFILE_H
#define XHCI_PROFILE_H

#include "guest/guest.h"

enum {
	XHCI_PROFILE_QEMU,
	XHCI_PROFILE_NEC,
	XHCI_PROFILE_CONFORMANT,
	XHCI_PROFILES
};

struct xhci_profile {
	const char *name;
	struct pci_identity pci;
	uint16_t hci_version;   /* BCD: 0x0100, 0x0120 */
	uint8_t cap_length;     /* bytes */
	uint32_t rtsoff, dboff; /* bytes from BAR 0 */
	uint16_t slots;         /* 1..255 */
	uint16_t intrs;         /* 1..1024 */
	uint8_t usb2_ports, usb3_ports;
	bool usb3_first;          /* root hub port numbering */
	uint8_t erst_max;         /* log2 of the largest ERST */
	uint8_t scratchpads;      /* pages the controller asks for */
	uint32_t hccparams1;      /* without xECP */
	uint16_t port_reset_usec; /* 0: a reset is over at once, as in QEMU */
	bool nec;                 /* vendor commands 49, 50 */
	bool forced_stop_event;   /* xHCI >= 1.1: Stop Endpoint on an idle ring reports 27 */
};

extern const struct xhci_profile xhci_profiles[XHCI_PROFILES];

#define XHCI_XECP 0x20u /* where the extended capability list starts in BAR 0 */

#endif
