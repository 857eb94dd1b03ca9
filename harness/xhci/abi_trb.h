// SPDX-License-Identifier: MIT
/*
 * abi_trb.h -- TRBs and completion codes (xHCI 6.4); a part of abi.h, which is what to include.
 */
#ifndef XHCI_ABI_TRB_H
#define XHCI_ABI_TRB_H

#include "base.h"

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
#define X(name, value, text) [value] = text,
	static const char *const names[] = {TRB_TYPES(X)};
#undef X

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
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

static inline unsigned trb_slot_type(const struct trb *t) /* Enable Slot */
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
#define X(name, value, text) [value] = text,
	static const char *const names[] = {COMPLETION_CODES(X)};
#undef X

	return code < ARRAY_SIZE(names) ? names[code] : NULL;
}

#endif
