// SPDX-License-Identifier: MIT
/*
 * abi.h -- what the xHCI specification fixes: offsets, bits, TRB and context layouts, completion
 * codes. No behaviour; the only header of this folder that drivers and oracles share.
 * Tables are X-macros so that every number has its name exactly once.
 */
#ifndef XHCI_ABI_H
#define XHCI_ABI_H

#include "base.h"

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
#define HCC1_NSS (1u << 7)
#define HCC1_PAE (1u << 8)
#define HCC1_SPC (1u << 9)
#define HCC1_SEC (1u << 10)
#define HCC1_CFC (1u << 11)

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

/* ---- xHCI 6.4 TRBs ------------------------------------------------------------------------- */
#define TRB_SIZE 16u

struct trb {
	uint64_t parameter;
	uint32_t status;
	uint32_t control;
};

static inline struct trb trb_decode(const void *raw)
{
	const uint8_t *b = raw;

	return (struct trb){get_le64(b), get_le32(b + 8), get_le32(b + 12)};
}

static inline void trb_encode(const struct trb *t, void *raw)
{
	uint8_t *b = raw;

	put_le64(b, t->parameter);
	put_le32(b + 8, t->status);
	put_le32(b + 12, t->control);
}

/* xHCI table 6-91; X(name, value, text) */
#define TRB_TYPES(X)                                                                               \
	X(RESERVED, 0, "reserved")                                                                 \
	X(NORMAL, 1, "normal")                                                                     \
	X(SETUP, 2, "setup")                                                                       \
	X(DATA, 3, "data")                                                                         \
	X(STATUS, 4, "status")                                                                     \
	X(ISOCH, 5, "isoch")                                                                       \
	X(LINK, 6, "link")                                                                         \
	X(EVENT_DATA, 7, "event-data")                                                             \
	X(NO_OP, 8, "no-op")                                                                       \
	X(ENABLE_SLOT, 9, "enable-slot")                                                           \
	X(DISABLE_SLOT, 10, "disable-slot")                                                        \
	X(ADDRESS_DEVICE, 11, "address-device")                                                    \
	X(CONFIGURE_ENDPOINT, 12, "configure-endpoint")                                            \
	X(EVALUATE_CONTEXT, 13, "evaluate-context")                                                \
	X(RESET_ENDPOINT, 14, "reset-endpoint")                                                    \
	X(STOP_ENDPOINT, 15, "stop-endpoint")                                                      \
	X(SET_TR_DEQUEUE, 16, "set-tr-dequeue")                                                    \
	X(RESET_DEVICE, 17, "reset-device")                                                        \
	X(FORCE_EVENT, 18, "force-event")                                                          \
	X(NEGOTIATE_BW, 19, "negotiate-bandwidth")                                                 \
	X(SET_LTV, 20, "set-ltv")                                                                  \
	X(GET_PORT_BW, 21, "get-port-bandwidth")                                                   \
	X(FORCE_HEADER, 22, "force-header")                                                        \
	X(NO_OP_COMMAND, 23, "no-op-command")                                                      \
	X(GET_EXT_PROPERTY, 24, "get-extended-property")                                           \
	X(SET_EXT_PROPERTY, 25, "set-extended-property")                                           \
	X(EV_TRANSFER, 32, "transfer-event")                                                       \
	X(EV_COMMAND, 33, "command-completion-event")                                              \
	X(EV_PORT, 34, "port-status-change-event")                                                 \
	X(EV_BANDWIDTH, 35, "bandwidth-request-event")                                             \
	X(EV_DOORBELL, 36, "doorbell-event")                                                       \
	X(EV_HOST, 37, "host-controller-event")                                                    \
	X(EV_DEVICE_NOTE, 38, "device-notification-event")                                         \
	X(EV_MFINDEX, 39, "mfindex-wrap-event")                                                    \
	X(NEC_EVENT, 48, "nec-command-completion")                                                 \
	X(NEC_GET_FW, 49, "nec-get-firmware")                                                      \
	X(NEC_CHALLENGE, 50, "nec-challenge")

enum trb_type {
#define X(name, value, text) TRB_##name = value,
	TRB_TYPES(X)
#undef X
};

/* "normal", or NULL for a number the specification does not name. */
static inline const char *trb_type_name(unsigned type)
{
	switch (type) {
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return text;
		TRB_TYPES(X)
#undef X
	default:
		return NULL;
	}
}

#define TRB_CYCLE (1u << 0)
#define TRB_TC (1u << 1) /* Link: Toggle Cycle */
#define TRB_ENT (1u << 1)
#define TRB_ISP (1u << 2)
#define TRB_NS (1u << 3)
#define TRB_CH (1u << 4)
#define TRB_IOC (1u << 5)
#define TRB_IDT (1u << 6)
#define TRB_BEI (1u << 9)
#define TRB_BSR (1u << 9) /* Address Device */
#define TRB_DC (1u << 9)  /* Configure Endpoint */
#define TRB_TSP (1u << 9) /* Reset Endpoint */
#define TRB_DIR_IN (1u << 16)
#define TRB_SIA (1u << 31)
#define TRB_SP (1u << 23)   /* Stop Endpoint: suspend */
#define TRB_EV_ED (1u << 2) /* Transfer Event: parameter is Event Data */

#define TRB_TRT_SHIFT 16
#define TRT_NO_DATA 0u
#define TRT_OUT 2u
#define TRT_IN 3u

static inline unsigned trb_type(const struct trb *t)
{
	return (unsigned)bits(t->control, 15, 10);
}

static inline uint32_t trb_type_bits(unsigned type)
{
	return (uint32_t)(type & 0x3f) << 10;
}

static inline uint32_t trb_length(const struct trb *t) /* bytes, 0..131071 */
{
	return (uint32_t)bits(t->status, 16, 0);
}

static inline unsigned trb_interrupter(const struct trb *t)
{
	return (unsigned)bits(t->status, 31, 22);
}

static inline unsigned trb_slot(const struct trb *t)
{
	return (unsigned)bits(t->control, 31, 24);
}

static inline unsigned trb_endpoint(const struct trb *t)
{
	return (unsigned)bits(t->control, 20, 16);
}

static inline unsigned trb_stream(const struct trb *t) /* Set TR Dequeue */
{
	return (unsigned)bits(t->status, 31, 16);
}

static inline unsigned trb_completion(const struct trb *t) /* events */
{
	return (unsigned)bits(t->status, 31, 24);
}

/* ---- xHCI table 6-90 completion codes; X(name, value, text) --------------------------------- */
#define COMPLETION_CODES(X)                                                                        \
	X(INVALID, 0, "Invalid")                                                                   \
	X(SUCCESS, 1, "Success")                                                                   \
	X(DATA_BUFFER, 2, "Data Buffer Error")                                                     \
	X(BABBLE, 3, "Babble Detected Error")                                                      \
	X(TRANSACTION, 4, "USB Transaction Error")                                                 \
	X(TRB, 5, "TRB Error")                                                                     \
	X(STALL, 6, "Stall Error")                                                                 \
	X(RESOURCE, 7, "Resource Error")                                                           \
	X(BANDWIDTH, 8, "Bandwidth Error")                                                         \
	X(NO_SLOTS, 9, "No Slots Available Error")                                                 \
	X(STREAM_TYPE, 10, "Invalid Stream Type Error")                                            \
	X(SLOT_NOT_ENABLED, 11, "Slot Not Enabled Error")                                          \
	X(EP_NOT_ENABLED, 12, "Endpoint Not Enabled Error")                                        \
	X(SHORT_PACKET, 13, "Short Packet")                                                        \
	X(RING_UNDERRUN, 14, "Ring Underrun")                                                      \
	X(RING_OVERRUN, 15, "Ring Overrun")                                                        \
	X(VF_RING_FULL, 16, "VF Event Ring Full Error")                                            \
	X(PARAMETER, 17, "Parameter Error")                                                        \
	X(BANDWIDTH_OVERRUN, 18, "Bandwidth Overrun Error")                                        \
	X(CONTEXT_STATE, 19, "Context State Error")                                                \
	X(NO_PING, 20, "No Ping Response Error")                                                   \
	X(EVENT_RING_FULL, 21, "Event Ring Full Error")                                            \
	X(INCOMPATIBLE, 22, "Incompatible Device Error")                                           \
	X(MISSED_SERVICE, 23, "Missed Service Error")                                              \
	X(COMMAND_STOPPED, 24, "Command Ring Stopped")                                             \
	X(COMMAND_ABORTED, 25, "Command Aborted")                                                  \
	X(STOPPED, 26, "Stopped")                                                                  \
	X(STOPPED_LENGTH, 27, "Stopped - Length Invalid")                                          \
	X(STOPPED_SHORT, 28, "Stopped - Short Packet")                                             \
	X(MAX_EXIT_LATENCY, 29, "Max Exit Latency Too Large Error")                                \
	X(ISOCH_OVERRUN, 31, "Isoch Buffer Overrun")                                               \
	X(EVENT_LOST, 32, "Event Lost Error")                                                      \
	X(UNDEFINED, 33, "Undefined Error")                                                        \
	X(STREAM_ID, 34, "Invalid Stream ID Error")                                                \
	X(SECONDARY_BANDWIDTH, 35, "Secondary Bandwidth Error")                                    \
	X(SPLIT, 36, "Split Transaction Error")

enum completion_code {
#define X(name, value, text) CC_##name = value,
	COMPLETION_CODES(X)
#undef X
};

/* "Short Packet", or NULL for a number the specification does not name. */
static inline const char *completion_name(unsigned code)
{
	switch (code) {
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return text;
		COMPLETION_CODES(X)
#undef X
	default:
		return NULL;
	}
}

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

struct slot_context {
	uint32_t dw[4];
};

static inline unsigned slot_ctx_speed(const uint32_t *dw)
{
	return (unsigned)bits(dw[0], 23, 20);
}
static inline unsigned slot_ctx_entries(const uint32_t *dw)
{
	return dw[0] >> 27;
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
static inline uint64_t ep_ctx_dequeue(const uint32_t *dw)
{
	return (dw[2] & ~0xfu) | (uint64_t)dw[3] << 32;
}
static inline unsigned ep_ctx_dcs(const uint32_t *dw)
{
	return dw[2] & 1;
}

/* Endpoint id (xHCI 4.5.1): 1 for endpoint 0, else 2n + (IN ? 1 : 0). */
static inline unsigned xhci_dci(unsigned number, bool in)
{
	return number ? 2 * number + (in ? 1 : 0) : 1;
}

#endif
