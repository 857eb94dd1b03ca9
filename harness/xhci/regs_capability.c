// SPDX-License-Identifier: MIT
/*
 * regs_capability.c -- capability registers (xHCI 5.3) and the extended capability list (7): USB
 * Legacy Support where firmware owned the controller before, Supported Protocols with their speeds, and
 * what the vendor has (vendor.c). All of it follows from the profile; only the hand-off between firmware
 * and system is written, and the vendor's.
 */
#include "xhci/xhci.h"

#define CAP_LEGACY 1u
#define CAP_PROTOCOL 2u
#define LEGACY_BYTES 16u
#define FIRMWARE_NS UINT64_C(1000000) /* what ours needs to let go */

static uint32_t hcsparams2(const struct xhci_profile *pr)
{
	const uint32_t spr = 1u << 26; /* the state saved by CSS is kept there */

	return pr->ist | (uint32_t)pr->erst_max << 4 | (uint32_t)(pr->scratchpads >> 5) << 21 |
		(pr->scratchpads ? spr : 0) | (uint32_t)(pr->scratchpads & 0x1f) << 27;
}

/* ---- Supported Protocol (xHCI 7.2) ------------------------------------------------------------- */

/* Protocol Speed ID dwords, xHCI 7.2.2.1.1: the default speeds, spelled out. */
static const uint32_t psi_usb2[] = {
	12u << 16 | 2u << 4 | 1,   /* 12 Mb/s */
	1500u << 16 | 1u << 4 | 2, /* 1500 kb/s */
	480u << 16 | 2u << 4 | 3,  /* 480 Mb/s */
};
static const uint32_t psi_usb3[] = {5u << 16 | 1u << 8 | 3u << 4 | 4}; /* 5 Gb/s, full duplex */

static unsigned psi_count(const struct xhci_protocol *row)
{
	if (!row->psi)
		return 0;
	return row->major == 3 ? ARRAY_SIZE(psi_usb3) : ARRAY_SIZE(psi_usb2);
}

static unsigned protocol_bytes(const struct xhci_protocol *row)
{
	return 4 * ((4 + psi_count(row) + 3) & ~3u);
}

static uint32_t protocol_dword(const struct xhci_profile *pr, unsigned nth, unsigned dword)
{
	const struct xhci_protocol *row = &pr->protocol[nth];
	bool last = !pr->vendor && (nth + 1 == XHCI_MAX_PROTOCOLS || !row[1].ports);
	unsigned first = 1;

	for (unsigned i = 0; i < nth; i++)
		first += pr->protocol[i].ports;
	switch (dword) {
	case 0:
		return CAP_PROTOCOL | (last ? 0 : protocol_bytes(row) / 4 << 8) |
			(uint32_t)row->minor << 16 | (uint32_t)row->major << 24;
	case 1:
		return 0x20425355; /* "USB " */
	case 2:
		return first | (uint32_t)row->ports << 8 | psi_count(row) << 28;
	case 3:
		return row->slot_type;
	}
	if (dword - 4 >= psi_count(row))
		return 0;
	return row->major == 3 ? psi_usb3[dword - 4] : psi_usb2[dword - 4];
}

/* Where the vendor's capability lies in the list: behind all others. */
static uint64_t vendor_offset(const struct xhci_profile *pr)
{
	uint64_t at = pr->legacy ? LEGACY_BYTES : 0;

	for (unsigned i = 0; i < XHCI_MAX_PROTOCOLS && pr->protocol[i].ports; i++)
		at += protocol_bytes(&pr->protocol[i]);
	return at;
}

static uint32_t vendor_dword(const struct xhci *x, uint64_t at)
{
	const struct xhci_vendor_cap *v = x->profile->vendor;

	if (!v || at / 4 >= v->dwords)
		return 0;
	return at ? v->read(x, (unsigned)at / 4) : v->id;
}

static uint32_t extended_dword(const struct xhci *x, uint64_t at)
{
	const struct xhci_profile *pr = x->profile;

	if (pr->legacy) {
		if (at == 0)
			return CAP_LEGACY | LEGACY_BYTES / 4 << 8 | x->legacy_support;
		if (at < LEGACY_BYTES)
			return at == 4 ? x->legacy_control : 0;
		at -= LEGACY_BYTES;
	}
	for (unsigned i = 0; i < XHCI_MAX_PROTOCOLS && pr->protocol[i].ports; i++) {
		if (at < protocol_bytes(&pr->protocol[i]))
			return protocol_dword(pr, i, (unsigned)at / 4);
		at -= protocol_bytes(&pr->protocol[i]);
	}
	return vendor_dword(x, at);
}

/* ---- hand-off (xHCI 4.22.1) -------------------------------------------------------------------- */

/* The firmware of this machine answers its SMI, or finds the wish when it looks by itself. */
static void firmware_lets_go(void *opaque)
{
	struct xhci *x = opaque;

	if (x->legacy_support & LEGACY_OS_OWNED)
		x->legacy_support &= ~LEGACY_BIOS_OWNED;
	else
		x->legacy_support |= LEGACY_BIOS_OWNED;
}

static void support_written(struct xhci *x, uint32_t value)
{
	uint32_t before = x->legacy_support;

	/* Software owns the OS semaphore; the firmware's bit is the firmware's. */
	x->legacy_support = (before & ~LEGACY_OS_OWNED) | (value & LEGACY_OS_OWNED);
	if (x->legacy_support == before)
		return;
	x->legacy_control |= LEGACY_OWNERSHIP_CHANGED;
	if (x->legacy_control & LEGACY_SMI_ON_OWNERSHIP)
		pci_smi(x->g);
	clock_arm(&x->g->clock, &x->legacy_timer, x->g->clock.now_ns + FIRMWARE_NS);
}

static void control_written(struct xhci *x, uint32_t value)
{
	uint32_t status = x->legacy_control & LEGACY_SMI_STATUS & ~value;

	x->legacy_control = (value & LEGACY_SMI_ENABLES) | status;
}

void xhci_legacy_power_on(struct xhci *x)
{
	clock_disarm(&x->g->clock, &x->legacy_timer);
	x->legacy_timer.fire = firmware_lets_go;
	x->legacy_timer.opaque = x;
	x->legacy_support = LEGACY_BIOS_OWNED;
	x->legacy_control = 0;
}

/* ---- the region -------------------------------------------------------------------------------- */

static uint32_t cap_dword(const struct xhci *x, uint64_t offset)
{
	const struct xhci_profile *pr = x->profile;

	switch (offset) {
	case XHCI_CAPLENGTH:
		return pr->cap_length | (uint32_t)pr->hci_version << 16;
	case XHCI_HCSPARAMS1:
		return pr->slots | (uint32_t)pr->intrs << 8 | (uint32_t)x->port_count << 24;
	case XHCI_HCSPARAMS2:
		return hcsparams2(pr);
	case XHCI_HCSPARAMS3:
		return pr->u1_exit_usec | (uint32_t)pr->u2_exit_usec << 16;
	case XHCI_HCCPARAMS1:
		return pr->hccparams1 | (XHCI_XECP / 4) << 16;
	case XHCI_DBOFF:
		return pr->dboff;
	case XHCI_RTSOFF:
		return pr->rtsoff;
	case XHCI_HCCPARAMS2:
		return pr->hccparams2;
	}
	return offset >= XHCI_XECP ? extended_dword(x, offset - XHCI_XECP) : 0;
}

static uint64_t cap_read(void *opaque, uint64_t offset, unsigned size)
{
	uint64_t value = cap_dword(opaque, offset & ~UINT64_C(3)) >> (8 * (offset & 3));

	if (size == 8)
		return value | (uint64_t)cap_dword(opaque, offset + 4) << 32;
	return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

static void dword_written(struct xhci *x, uint64_t offset, uint32_t value)
{
	const struct xhci_vendor_cap *v = x->profile->vendor;
	uint64_t vendor = XHCI_XECP + vendor_offset(x->profile);

	if (x->profile->legacy && offset == XHCI_XECP)
		support_written(x, value);
	else if (x->profile->legacy && offset == XHCI_XECP + 4)
		control_written(x, value);
	else if (v && offset > vendor && offset < vendor + v->dwords * 4u)
		v->write(x, (unsigned)(offset - vendor) / 4, value);
}

/* A byte is a write of its dword with the others as they are, but clears no status beside it. */
static void cap_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
	struct xhci *x = opaque;
	uint64_t at = offset & ~UINT64_C(3);
	unsigned shift = 8 * (unsigned)(offset & 3);
	uint32_t mask = size >= 4 ? UINT32_MAX : ((1u << 8 * size) - 1) << shift;

	dword_written(
		x, at,
		(cap_dword(x, at) & (at == XHCI_XECP + 4 ? ~LEGACY_SMI_STATUS : ~0u) & ~mask) |
			((uint32_t)value << shift & mask));
	if (size == 8)
		dword_written(x, at + 4, (uint32_t)(value >> 32));
}

const struct mmio_ops xhci_capability_ops = {cap_read, cap_write, 1, 8, 1, 8, false};
