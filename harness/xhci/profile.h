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
	XHCI_PROFILE_FULL,
	XHCI_PROFILES
};

/* A Supported Protocol capability (xHCI 7.2) and its ports, numbered on from the row before. */
struct xhci_protocol {
	uint8_t major, minor; /* of USB, BCD: 2 and 0x00, 3 and 0x10 */
	uint8_t ports;        /* 0 ends the list */
	uint8_t slot_type;    /* 0..31, what Enable Slot has to name (xHCI 4.6.3) */
	bool psi;             /* says its speeds (xHCI 7.2.2) instead of leaving the default ones */
};

#define XHCI_MAX_PROTOCOLS 4u

struct xhci;

/* A vendor defined capability (vendor.c); dword 0 is the head of every capability. */
struct xhci_vendor_cap {
	uint8_t id; /* 192..255 */
	uint8_t dwords;
	uint32_t (*read)(const struct xhci *x, unsigned dword);
	void (*write)(struct xhci *x, unsigned dword, uint32_t value);
};
extern const struct xhci_vendor_cap xhci_vendor_role_switch;

struct xhci_profile {
	const char *name;
	struct pci_identity pci;
	uint16_t hci_version;   /* BCD: 0x0100, 0x0120 */
	uint8_t cap_length;     /* bytes */
	uint32_t rtsoff, dboff; /* bytes from BAR 0 */
	uint16_t slots;         /* 1..255 */
	uint16_t intrs;         /* 1..1024 */
	struct xhci_protocol protocol[XHCI_MAX_PROTOCOLS];
	uint8_t erst_max;     /* log2 of the largest ERST, 0..15 */
	uint16_t scratchpads; /* pages the controller asks for, 0..1023 */
	uint16_t endpoints;   /* of all slots together; 0: as many as there can be */
	uint8_t ist;          /* Isochronous Scheduling Threshold, as in HCSPARAMS2 */
	uint32_t hccparams1;  /* without xECP */
	uint32_t hccparams2;
	uint16_t u1_exit_usec, u2_exit_usec;  /* HCSPARAMS3 */
	const struct xhci_vendor_cap *vendor; /* or NULL */
	bool checks_places; /* structures that lie as table 6-1 forbids are refused */
	bool legacy;        /* firmware owns it at power-on (xHCI 7.1) */
	/* how long things take in virtual time; 0: over at once, as in QEMU */
	uint16_t port_reset_usec;
	uint16_t link_usec;     /* USB3: link training, Recovery */
	uint16_t resume_usec;   /* USB2: from the write of U0 to U0 */
	uint16_t ready_usec;    /* Controller Not Ready after HCRST */
	uint16_t save_usec;     /* SSS after CSS, RSS after CRS */
	bool nec;               /* vendor commands 49, 50 */
	bool forced_stop_event; /* xHCI >= 1.1: Stop Endpoint on an idle ring reports 27 */
};

extern const struct xhci_profile xhci_profiles[XHCI_PROFILES];

/* How many root hub ports of a protocol, 2 or 3. */
unsigned xhci_profile_ports(const struct xhci_profile *profile, unsigned protocol);

#define XHCI_XECP 0x20u /* where the extended capability list starts in BAR 0 */

#endif
