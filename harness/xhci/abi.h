// SPDX-License-Identifier: MIT
/*
 * abi.h -- what the xHCI specification fixes: offsets, bits, TRB and context layouts, completion
 * codes. No behaviour; the only header of this folder that drivers and oracles share.
 * Tables are X-macros so that every number has its name exactly once.
 */
#ifndef XHCI_ABI_H
#define XHCI_ABI_H

#include "base.h"
#include "xhci/abi_trb.h"

/* ---- xHCI 5.3 capability registers --------------------------------------------------------- */
#define XHCI_CAPLENGTH 0x00
#define XHCI_HCIVERSION 0x02
#define XHCI_HCSPARAMS1 0x04
#define XHCI_HCSPARAMS2 0x08
#define XHCI_HCSPARAMS3 0x0c
#define XHCI_HCCPARAMS1 0x10
#define XHCI_DBOFF 0x14
#define XHCI_RTSOFF 0x18
#define XHCI_HCCPARAMS2 0x1c

/* HCCPARAMS1 bits */
#define HCC1_AC64 (1u << 0)
#define HCC1_CSZ (1u << 2)
#define HCC1_PPC (1u << 3)
#define HCC1_PIND (1u << 4)
#define HCC1_LHRC (1u << 5)
#define HCC1_LTC (1u << 6)
#define HCC1_NSS (1u << 7)
#define HCC1_PAE (1u << 8)
#define HCC1_SPC (1u << 9)
#define HCC1_SEC (1u << 10)
#define HCC1_CFC (1u << 11)

/* HCCPARAMS2 bits */
#define HCC2_U3C (1u << 0)
#define HCC2_CMC (1u << 1)
#define HCC2_FSC (1u << 2)
#define HCC2_CTC (1u << 3)
#define HCC2_LEC (1u << 4)
#define HCC2_CIC (1u << 5)

/* ---- xHCI 5.4 operational registers (from CAPLENGTH) --------------------------------------- */
#define XHCI_USBCMD 0x00
#define XHCI_USBSTS 0x04
#define XHCI_PAGESIZE 0x08
#define XHCI_DNCTRL 0x14
#define XHCI_CRCR 0x18
#define XHCI_DCBAAP 0x30
#define XHCI_CONFIG 0x38
#define XHCI_PORTS 0x400 /* 16 bytes per port */
#define XHCI_PORTSC 0x0
#define XHCI_PORTPMSC 0x4
#define XHCI_PORTLI 0x8
#define XHCI_PORTHLPMC 0xc

#define USBCMD_RS (1u << 0)
#define USBCMD_HCRST (1u << 1)
#define USBCMD_INTE (1u << 2)
#define USBCMD_HSEE (1u << 3)
#define USBCMD_LHCRST (1u << 7)
#define USBCMD_CSS (1u << 8)
#define USBCMD_CRS (1u << 9)
#define USBCMD_EWE (1u << 10)
#define USBCMD_EU3S (1u << 11)
#define USBCMD_CME (1u << 13)

#define USBSTS_HCH (1u << 0)
#define USBSTS_HSE (1u << 2)
#define USBSTS_EINT (1u << 3)
#define USBSTS_PCD (1u << 4)
#define USBSTS_SSS (1u << 8)
#define USBSTS_RSS (1u << 9)
#define USBSTS_SRE (1u << 10)
#define USBSTS_CNR (1u << 11)
#define USBSTS_HCE (1u << 12)

#define CRCR_RCS (1u << 0)
#define CRCR_CS (1u << 1)
#define CRCR_CA (1u << 2)
#define CRCR_CRR (1u << 3)

#define CONFIG_U3E (1u << 8)
#define CONFIG_CIE (1u << 9)

#define PORTSC_CCS (1u << 0)
#define PORTSC_PED (1u << 1)
#define PORTSC_OCA (1u << 3)
#define PORTSC_PR (1u << 4)
#define PORTSC_PLS_SHIFT 5
#define PORTSC_PLS_MASK (0xfu << 5)
#define PORTSC_PP (1u << 9)
#define PORTSC_SPEED_SHIFT 10
#define PORTSC_SPEED_MASK (0xfu << 10)
#define PORTSC_PIC_MASK (3u << 14)
#define PORTSC_LWS (1u << 16)
#define PORTSC_CSC (1u << 17)
#define PORTSC_PEC (1u << 18)
#define PORTSC_WRC (1u << 19)
#define PORTSC_OCC (1u << 20)
#define PORTSC_PRC (1u << 21)
#define PORTSC_PLC (1u << 22)
#define PORTSC_CEC (1u << 23)
#define PORTSC_CAS (1u << 24)
#define PORTSC_WCE (1u << 25)
#define PORTSC_WDE (1u << 26)
#define PORTSC_WOE (1u << 27)
#define PORTSC_DR (1u << 30)
#define PORTSC_WPR (1u << 31)
#define PORTSC_CHANGES                                                                             \
	(PORTSC_CSC | PORTSC_PEC | PORTSC_WRC | PORTSC_OCC | PORTSC_PRC | PORTSC_PLC | PORTSC_CEC)

/* PORTPMSC and PORTHLPMC, xHCI 5.4.9, 5.4.11 */
#define PMSC2_L1S_MASK 7u
#define PMSC2_HLE (1u << 16)
#define PMSC2_TM_SHIFT 28
#define PMSC2_TM_MASK (0xfu << 28)
#define PMSC2_STORED 0x1fff8u /* RWE, BESL, L1 Device Slot, HLE */
#define PMSC3_U1_MASK 0xffu
#define PMSC3_STORED 0x1ffffu /* U1 and U2 timeout, Force Link PM Accept */
#define HLPMC2_STORED 0x3fffu /* HIRDM, L1 timeout, BESLD */

enum l1_status {
	L1_SUCCESS = 1,
	L1_NOT_YET = 2,
	L1_NOT_SUPPORTED = 3,
	L1_TIMEOUT = 4,
};

enum port_test_mode {
	TEST_FORCE_ENABLE = 5,
	TEST_ERROR = 15,
};

/* xHCI 5.4.8, PLS */
#define PORT_LINK_STATES(X)                                                                        \
	X(U0, 0)                                                                                   \
	X(U1, 1)                                                                                   \
	X(U2, 2)                                                                                   \
	X(U3, 3)                                                                                   \
	X(DISABLED, 4)                                                                             \
	X(RXDETECT, 5)                                                                             \
	X(INACTIVE, 6)                                                                             \
	X(POLLING, 7)                                                                              \
	X(RECOVERY, 8)                                                                             \
	X(HOT_RESET, 9)                                                                            \
	X(COMPLIANCE, 10)                                                                          \
	X(TEST, 11)                                                                                \
	X(RESUME, 15)

enum port_link_state {
#define X(name, value) PLS_##name = value,
	PORT_LINK_STATES(X)
#undef X
};

/* ---- xHCI 5.5 runtime registers (from RTSOFF), 5.6 doorbells (from DBOFF) ------------------- */
#define XHCI_MFINDEX 0x00
#define XHCI_INTR 0x20 /* 32 bytes per interrupter */
#define XHCI_IMAN 0x00
#define XHCI_IMOD 0x04
#define XHCI_ERSTSZ 0x08
#define XHCI_ERSTBA 0x10
#define XHCI_ERDP 0x18

#define IMAN_IP (1u << 0)
#define IMAN_IE (1u << 1)
#define ERDP_EHB (1u << 3)

/* ---- xHCI 7.1 USB Legacy Support (extended capability 1) ------------------------------------- */
#define LEGACY_BIOS_OWNED (1u << 16)
#define LEGACY_OS_OWNED (1u << 24)
#define LEGACY_SMI_ENABLES 0xe011u /* USB, HSE, OS ownership, PCI command, BAR */
#define LEGACY_SMI_ON_OWNERSHIP (1u << 13)
#define LEGACY_OWNERSHIP_CHANGED (1u << 29)
#define LEGACY_SMI_STATUS (7u << 29) /* write 1 to clear */

/* ---- xHCI 6.2 contexts (32-byte form; with CSZ = 1 each is padded to 64) -------------------- */
enum slot_state {         /* xHCI table 6-7 */
	SLOT_ENABLED = 0, /* Disabled and Enabled share 0 in the context */
	SLOT_DEFAULT = 1,
	SLOT_ADDRESSED = 2,
	SLOT_CONFIGURED = 3,
	SLOT_DISABLED = 4, /* ours: not a context value */
};

enum ep_state { /* xHCI table 6-8 */
	EP_DISABLED = 0,
	EP_RUNNING = 1,
	EP_HALTED = 2,
	EP_STOPPED = 3,
	EP_ERROR = 4,
};

enum ep_type { /* xHCI table 6-9 */
	EP_NOT_VALID = 0,
	EP_ISOCH_OUT = 1,
	EP_BULK_OUT = 2,
	EP_INTERRUPT_OUT = 3,
	EP_CONTROL = 4,
	EP_ISOCH_IN = 5,
	EP_BULK_IN = 6,
	EP_INTERRUPT_IN = 7,
};

static inline uint32_t slot_ctx_route(const uint32_t *dw)
{
	return dw[0] & 0xfffff;
}
static inline unsigned slot_ctx_speed(const uint32_t *dw)
{
	return (unsigned)bits(dw[0], 23, 20);
}
static inline unsigned slot_ctx_entries(const uint32_t *dw)
{
	return dw[0] >> 27;
}
static inline bool slot_ctx_mtt(const uint32_t *dw)
{
	return dw[0] & 1u << 25;
}
static inline bool slot_ctx_hub(const uint32_t *dw)
{
	return dw[0] & 1u << 26;
}
static inline unsigned slot_ctx_hub_ports(const uint32_t *dw)
{
	return dw[1] >> 24;
}
static inline unsigned slot_ctx_tt_slot(const uint32_t *dw)
{
	return dw[2] & 0xff;
}
static inline unsigned slot_ctx_tt_port(const uint32_t *dw)
{
	return (unsigned)bits(dw[2], 15, 8);
}
static inline unsigned slot_ctx_root_port(const uint32_t *dw)
{
	return (unsigned)bits(dw[1], 23, 16);
}
static inline unsigned slot_ctx_mel(const uint32_t *dw)
{
	return dw[1] & 0xffff;
}
static inline unsigned slot_ctx_interrupter(const uint32_t *dw)
{
	return dw[2] >> 22;
}
static inline unsigned slot_ctx_state(const uint32_t *dw)
{
	return dw[3] >> 27;
}
static inline unsigned slot_ctx_address(const uint32_t *dw)
{
	return dw[3] & 0xff;
}

static inline unsigned ep_ctx_state(const uint32_t *dw)
{
	return dw[0] & 7;
}
static inline unsigned ep_ctx_mult(const uint32_t *dw)
{
	return (unsigned)bits(dw[0], 9, 8);
}
static inline unsigned ep_ctx_max_pstreams(const uint32_t *dw)
{
	return (unsigned)bits(dw[0], 14, 10);
}
static inline unsigned ep_ctx_lsa(const uint32_t *dw)
{
	return (dw[0] >> 15) & 1;
}
static inline unsigned ep_ctx_interval(const uint32_t *dw)
{
	return (unsigned)bits(dw[0], 23, 16);
}
static inline unsigned ep_ctx_cerr(const uint32_t *dw)
{
	return (unsigned)bits(dw[1], 2, 1);
}
static inline unsigned ep_ctx_type(const uint32_t *dw)
{
	return (unsigned)bits(dw[1], 5, 3);
}
static inline unsigned ep_ctx_max_burst(const uint32_t *dw)
{
	return (unsigned)bits(dw[1], 15, 8);
}
static inline unsigned ep_ctx_max_packet(const uint32_t *dw)
{
	return dw[1] >> 16;
}
static inline uint32_t ep_ctx_max_esit(const uint32_t *dw) /* Max ESIT Payload, bytes */
{
	return (dw[0] >> 24) << 16 | dw[4] >> 16;
}
static inline uint64_t ep_ctx_dequeue(const uint32_t *dw)
{
	return (dw[2] & ~0xfu) | (uint64_t)dw[3] << 32;
}
static inline unsigned ep_ctx_dcs(const uint32_t *dw)
{
	return dw[2] & 1;
}

/* Stream contexts (xHCI 6.2.4.1): the type says what the pointer leads to. */
#define STREAM_CONTEXT_BYTES 16u
#define SCT_SECONDARY_RING 0u
#define SCT_PRIMARY_RING 1u
#define SCT_SECONDARY_ARRAY_8 2u /* 3: 16 entries, and so on to 7: 256 */

static inline unsigned stream_ctx_type(uint64_t qw)
{
	return (unsigned)bits(qw, 3, 1);
}
static inline uint32_t hcc1_max_psa(uint32_t hccparams1) /* the largest MaxPStreams */
{
	return (uint32_t)bits(hccparams1, 15, 12);
}

/* Endpoint id (xHCI 4.5.1): 1 for endpoint 0, else 2n + (IN ? 1 : 0). */
static inline unsigned xhci_dci(unsigned number, bool in)
{
	return number ? 2 * number + (in ? 1 : 0) : 1;
}

#endif
