// SPDX-License-Identifier: MIT
/*
 * names.h -- the named values that op.def speaks of, each table once: X(identifier, text, value).
 * The row number is what the byte format holds; the value is what op_get and op_value give, and
 * what the enumerator is. The first row is the polite choice. Rows are only ever appended.
 * Bit sets: row n is bit n in the byte format, and the value is the mask it stands for.
 */
#ifndef OP_NAMES_H
#define OP_NAMES_H

#include "op/op.h"
#include "xhci/abi.h"

/* Device models, in the order of backend->port_model. */
#define NAMES_MODEL(X)                                                                             \
	X(MODEL_KEYBOARD, "keyboard", 0)                                                           \
	X(MODEL_TABLET, "tablet", 1)                                                               \
	X(MODEL_STORAGE, "storage", 2)                                                             \
	X(MODEL_SCRIPTED, "scripted", 3)                                                           \
	X(MODEL_HUB, "hub", 4)                                                                     \
	X(MODEL_SUPER_HUB, "super-hub", 5)                                                         \
	X(MODEL_MOUSE, "mouse", 6)                                                                 \
	X(MODEL_SERIAL, "serial", 7)                                                               \
	X(MODEL_NETWORK, "network", 8)                                                             \
	X(MODEL_CCID, "ccid", 9)                                                                   \
	X(MODEL_UAS, "uas", 10)                                                                    \
	X(MODEL_CDROM, "cdrom", 11)                                                                \
	X(MODEL_MTP, "mtp", 12)                                                                    \
	X(MODEL_AUDIO, "audio", 13)                                                                \
	X(MODEL_ZERO, "zero", 14)

/* Values: default Protocol Speed IDs, xHCI 7.2.2.1.1. auto: the fastest that model and port do. */
#define NAMES_SPEED(X)                                                                             \
	X(SPEED_AUTO, "auto", 0)                                                                   \
	X(SPEED_FULL, "full", 1)                                                                   \
	X(SPEED_HIGH, "high", 3)                                                                   \
	X(SPEED_SUPER, "super", 4)                                                                 \
	X(SPEED_LOW, "low", 2)

/* Whose order of register accesses the driver follows at start. */
#define NAMES_DRIVER(X)                                                                            \
	X(DRIVER_LINUX, "linux", 0)                                                                \
	X(DRIVER_UBOOT, "uboot", 1)                                                                \
	X(DRIVER_SEABIOS, "seabios", 2)                                                            \
	X(DRIVER_EDK2, "edk2", 3)

#define NAMES_CONTROLLER_ACTION(X)                                                                 \
	X(ACTION_RUN, "run", 0)                                                                    \
	X(ACTION_HALT, "halt", 1)                                                                  \
	X(ACTION_RESET, "reset", 2)                                                                \
	X(ACTION_SAVE, "save", 3)                                                                  \
	X(ACTION_RESTORE, "restore", 4)

#define NAMES_YES_NO(X)                                                                            \
	X(ANSWER_NO, "no", 0)                                                                      \
	X(ANSWER_YES, "yes", 1)

#define NAMES_CONTROL_FLAG(X)                                                                      \
	X(CONTROL_IOC_DATA, "ioc-data", 1u << 0)   /* IOC on the Data TRB too */                   \
	X(CONTROL_NO_STATUS, "no-status", 1u << 1) /* leave the Status TRB out */                  \
	X(CONTROL_NO_SETUP, "no-setup", 1u << 2)   /* leave the Setup TRB out */                   \
	X(CONTROL_WRONG_DIR, "wrong-dir", 1u << 3) /* Data and Status against bmRequestType */     \
	X(CONTROL_NO_DOORBELL, "no-doorbell", 1u << 4)                                             \
	X(CONTROL_IDT, "idt", 1u << 5)               /* IDT on the Data TRB */                     \
	X(CONTROL_EVENT_DATA, "event-data", 1u << 6) /* Event Data TRB after Data */

/*
 * Value: DCI (xHCI 4.5.1), 0 is the command ring. Where the command ring makes no sense 0 is the
 * polite choice instead: `transfer`: the slot's first bulk or interrupt IN endpoint; `command`:
 * endpoint 0.
 */
#define NAMES_RING(X)                                                                              \
	X(RING_COMMAND, "command", 0)                                                              \
	X(RING_EP0, "ep0", 1)                                                                      \
	X(RING_EP1OUT, "ep1out", 2)                                                                \
	X(RING_EP1IN, "ep1in", 3)                                                                  \
	X(RING_EP2OUT, "ep2out", 4)                                                                \
	X(RING_EP2IN, "ep2in", 5)                                                                  \
	X(RING_EP3OUT, "ep3out", 6)                                                                \
	X(RING_EP3IN, "ep3in", 7)                                                                  \
	X(RING_EP4OUT, "ep4out", 8)                                                                \
	X(RING_EP4IN, "ep4in", 9)                                                                  \
	X(RING_EP5OUT, "ep5out", 10)                                                               \
	X(RING_EP5IN, "ep5in", 11)                                                                 \
	X(RING_EP6OUT, "ep6out", 12)                                                               \
	X(RING_EP6IN, "ep6in", 13)                                                                 \
	X(RING_EP7OUT, "ep7out", 14)                                                               \
	X(RING_EP7IN, "ep7in", 15)                                                                 \
	X(RING_EP8OUT, "ep8out", 16)                                                               \
	X(RING_EP8IN, "ep8in", 17)                                                                 \
	X(RING_EP9OUT, "ep9out", 18)                                                               \
	X(RING_EP9IN, "ep9in", 19)                                                                 \
	X(RING_EP10OUT, "ep10out", 20)                                                             \
	X(RING_EP10IN, "ep10in", 21)                                                               \
	X(RING_EP11OUT, "ep11out", 22)                                                             \
	X(RING_EP11IN, "ep11in", 23)                                                               \
	X(RING_EP12OUT, "ep12out", 24)                                                             \
	X(RING_EP12IN, "ep12in", 25)                                                               \
	X(RING_EP13OUT, "ep13out", 26)                                                             \
	X(RING_EP13IN, "ep13in", 27)                                                               \
	X(RING_EP14OUT, "ep14out", 28)                                                             \
	X(RING_EP14IN, "ep14in", 29)                                                               \
	X(RING_EP15OUT, "ep15out", 30)                                                             \
	X(RING_EP15IN, "ep15in", 31)

#define NAMES_TRANSFER_FLAG(X)                                                                     \
	X(TRANSFER_ISP, "isp", 1u << 0)               /* interrupt on short packet */              \
	X(TRANSFER_NO_IOC, "no-ioc", 1u << 1)         /* the last TRB asks for no event */         \
	X(TRANSFER_CHAIN_LAST, "chain-last", 1u << 2) /* chain bit on the last TRB too */          \
	X(TRANSFER_EVENT_DATA, "event-data", 1u << 3) /* an Event Data TRB ends the TD */          \
	X(TRANSFER_NO_DOORBELL, "no-doorbell", 1u << 4)                                            \
	X(TRANSFER_IDT, "idt", 1u << 5)     /* data in the TRB itself */                           \
	X(TRANSFER_ISOCH, "isoch", 1u << 6) /* the first TRB is an Isoch TRB with SIA */

#define NAMES_DIRECTION(X)                                                                         \
	X(DIRECTION_NONE, "none", 0)                                                               \
	X(DIRECTION_IN, "in", 1)                                                                   \
	X(DIRECTION_OUT, "out", 2)

/*
 * Values: the bits of the TRB's control dword (xHCI 6.4), except the first two, which are orders
 * to the driver: mask them off with TRB_FLAG_CONTROL. In text also `ent` and `toggle` (= tc),
 * `bsr`, `dc`, `tsp` (= bei: bit 9 is theirs in commands), `cycle` (what is done anyway: nothing).
 */
#define NAMES_TRB_FLAG(X)                                                                          \
	X(TRB_FLAG_CYCLE_WRONG, "cycle-wrong", 1u << 0) /* invert the cycle bit */                 \
	X(TRB_FLAG_STAY, "stay", 1u << 10)              /* do not advance the enqueue pointer */   \
	X(TRB_FLAG_TC, "tc", TRB_TC)                                                               \
	X(TRB_FLAG_ISP, "isp", TRB_ISP)                                                            \
	X(TRB_FLAG_NS, "ns", TRB_NS)                                                               \
	X(TRB_FLAG_CH, "ch", TRB_CH)                                                               \
	X(TRB_FLAG_IOC, "ioc", TRB_IOC)                                                            \
	X(TRB_FLAG_IDT, "idt", TRB_IDT)                                                            \
	X(TRB_FLAG_BEI, "bei", TRB_BEI)                                                            \
	X(TRB_FLAG_DIR_IN, "dir-in", TRB_DIR_IN)                                                   \
	X(TRB_FLAG_SIA, "sia", TRB_SIA)

#define TRB_FLAG_CONTROL (~(uint32_t)(TRB_FLAG_CYCLE_WRONG | TRB_FLAG_STAY))

/* Values: TRB types (enum trb_type). */
#define NAMES_COMMAND_TYPE(X)                                                                      \
	X(COMMAND_NO_OP, "no-op-command", TRB_NO_OP_COMMAND)                                       \
	X(COMMAND_ENABLE_SLOT, "enable-slot", TRB_ENABLE_SLOT)                                     \
	X(COMMAND_DISABLE_SLOT, "disable-slot", TRB_DISABLE_SLOT)                                  \
	X(COMMAND_ADDRESS_DEVICE, "address-device", TRB_ADDRESS_DEVICE)                            \
	X(COMMAND_CONFIGURE_ENDPOINT, "configure-endpoint", TRB_CONFIGURE_ENDPOINT)                \
	X(COMMAND_EVALUATE_CONTEXT, "evaluate-context", TRB_EVALUATE_CONTEXT)                      \
	X(COMMAND_RESET_ENDPOINT, "reset-endpoint", TRB_RESET_ENDPOINT)                            \
	X(COMMAND_STOP_ENDPOINT, "stop-endpoint", TRB_STOP_ENDPOINT)                               \
	X(COMMAND_SET_TR_DEQUEUE, "set-tr-dequeue", TRB_SET_TR_DEQUEUE)                            \
	X(COMMAND_RESET_DEVICE, "reset-device", TRB_RESET_DEVICE)                                  \
	X(COMMAND_FORCE_EVENT, "force-event", TRB_FORCE_EVENT)                                     \
	X(COMMAND_NEGOTIATE_BW, "negotiate-bandwidth", TRB_NEGOTIATE_BW)                           \
	X(COMMAND_SET_LTV, "set-ltv", TRB_SET_LTV)                                                 \
	X(COMMAND_GET_PORT_BW, "get-port-bandwidth", TRB_GET_PORT_BW)                              \
	X(COMMAND_FORCE_HEADER, "force-header", TRB_FORCE_HEADER)                                  \
	X(COMMAND_GET_EXT_PROPERTY, "get-extended-property", TRB_GET_EXT_PROPERTY)                 \
	X(COMMAND_SET_EXT_PROPERTY, "set-extended-property", TRB_SET_EXT_PROPERTY)                 \
	X(COMMAND_NEC_GET_FW, "nec-get-firmware", TRB_NEC_GET_FW)                                  \
	X(COMMAND_NEC_CHALLENGE, "nec-challenge", TRB_NEC_CHALLENGE)                               \
	X(COMMAND_RESERVED_26, "reserved-26", 26)                                                  \
	X(COMMAND_RESERVED_47, "reserved-47", 47)                                                  \
	X(COMMAND_RESERVED_63, "reserved-63", 63)

#define NAMES_COMMAND_FLAG(X)                                                                      \
	X(COMMAND_FLAG_BSR, "bsr", 1u << 0)         /* Address Device: no SET_ADDRESS */           \
	X(COMMAND_FLAG_DC, "dc", 1u << 1)           /* Configure Endpoint: deconfigure */          \
	X(COMMAND_FLAG_TSP, "tsp", 1u << 2)         /* Reset Endpoint: keep transfer state */      \
	X(COMMAND_FLAG_SP, "sp", 1u << 3)           /* Stop Endpoint: suspend */                   \
	X(COMMAND_FLAG_NO_WAIT, "no-wait", 1u << 4) /* do not wait for the event */                \
	X(COMMAND_FLAG_NO_DOORBELL, "no-doorbell", 1u << 5)

/* Which register; where it is: op_reg_table. Writing 0 to the first row does nothing. */
#define NAMES_REG(X)                                                                               \
	X(REG_USBSTS, "USBSTS", 0)                                                                 \
	X(REG_USBCMD, "USBCMD", 1)                                                                 \
	X(REG_PAGESIZE, "PAGESIZE", 2)                                                             \
	X(REG_DNCTRL, "DNCTRL", 3)                                                                 \
	X(REG_CRCR, "CRCR", 4)                                                                     \
	X(REG_DCBAAP, "DCBAAP", 5)                                                                 \
	X(REG_CONFIG, "CONFIG", 6)                                                                 \
	X(REG_PORTSC, "PORTSC", 7)                                                                 \
	X(REG_PORTPMSC, "PORTPMSC", 8)                                                             \
	X(REG_PORTLI, "PORTLI", 9)                                                                 \
	X(REG_PORTHLPMC, "PORTHLPMC", 10)                                                          \
	X(REG_MFINDEX, "MFINDEX", 11)                                                              \
	X(REG_IMAN, "IMAN", 12)                                                                    \
	X(REG_IMOD, "IMOD", 13)                                                                    \
	X(REG_ERSTSZ, "ERSTSZ", 14)                                                                \
	X(REG_ERSTBA, "ERSTBA", 15)                                                                \
	X(REG_ERDP, "ERDP", 16)                                                                    \
	X(REG_DOORBELL, "DOORBELL", 17)                                                            \
	X(REG_CAPLENGTH, "CAPLENGTH", 18)                                                          \
	X(REG_HCIVERSION, "HCIVERSION", 19)                                                        \
	X(REG_HCSPARAMS1, "HCSPARAMS1", 20)                                                        \
	X(REG_HCSPARAMS2, "HCSPARAMS2", 21)                                                        \
	X(REG_HCSPARAMS3, "HCSPARAMS3", 22)                                                        \
	X(REG_HCCPARAMS1, "HCCPARAMS1", 23)                                                        \
	X(REG_DBOFF, "DBOFF", 24)                                                                  \
	X(REG_RTSOFF, "RTSOFF", 25)                                                                \
	X(REG_HCCPARAMS2, "HCCPARAMS2", 26)

/* Values: bytes. natural: the register's own size, 64 bits as two dwords, low first. */
#define NAMES_ACCESS_SIZE(X)                                                                       \
	X(SIZE_NATURAL, "natural", 0)                                                              \
	X(SIZE_1, "1", 1)                                                                          \
	X(SIZE_2, "2", 2)                                                                          \
	X(SIZE_4, "4", 4)                                                                          \
	X(SIZE_8, "8", 8)                                                                          \
	X(SIZE_HI_LO, "hi-lo", 16) /* two dwords, high first */

#define NAMES_ACK_MODE(X)                                                                          \
	X(ACK_EACH_OP, "each-op", 0)                                                               \
	X(ACK_NEVER, "never", 1)                                                                   \
	X(ACK_ONCE, "once", 2)

/* What `fault` makes fail. */
#define NAMES_ACCESS(X)                                                                            \
	X(ACCESS_READ, "read", 0)                                                                  \
	X(ACCESS_WRITE, "write", 1)                                                                \
	X(ACCESS_BOTH, "both", 2)                                                                  \
	X(ACCESS_NONE, "none", 3) /* undo */

#define NAMES_KEY(X)                                                                               \
	X(KEY_PRESS, "press", 0)                                                                   \
	X(KEY_RELEASE, "release", 1)                                                               \
	X(KEY_TAP, "tap", 2)

#define NAMES_ON_OFF(X)                                                                            \
	X(SWITCH_ON, "on", 1)                                                                      \
	X(SWITCH_OFF, "off", 0)

#define NAMES_PID(X)                                                                               \
	X(PID_ANY, "any", 0)                                                                       \
	X(PID_OUT, "out", 1)                                                                       \
	X(PID_IN, "in", 2)                                                                         \
	X(PID_SETUP, "setup", 3)

/* In the order of usb-core's enum usb_status. */
#define NAMES_USB_STATUS(X)                                                                        \
	X(STATUS_OK, "ok", 0)                                                                      \
	X(STATUS_NAK, "nak", 1)                                                                    \
	X(STATUS_STALL, "stall", 2)                                                                \
	X(STATUS_BABBLE, "babble", 3)                                                              \
	X(STATUS_TRANSACTION, "transaction", 4)                                                    \
	X(STATUS_NODEV, "nodev", 5)                                                                \
	X(STATUS_ASYNC, "async", 6)

#define NAMES_ANSWER_FLAG(X)                                                                       \
	X(ANSWER_DETACH, "detach", 1u << 0) /* unplug the device inside the handler */             \
	X(ANSWER_ANY_EP, "any-ep", 1u << 1) /* for whatever endpoint asks next */

#define NAMES_PROFILE(X)                                                                           \
	X(PROFILE_QEMU_XHCI, "qemu-xhci", 0)                                                       \
	X(PROFILE_NEC_USB_XHCI, "nec-usb-xhci", 1)                                                 \
	X(PROFILE_CONFORMANT, "conformant", 2)                                                     \
	X(PROFILE_FULL, "full", 3)

/* The first seven in the order of the controller's enum xhci_port_fault. */
#define NAMES_PORT_EVENT(X)                                                                        \
	X(EVENT_OVER_CURRENT, "over-current", 0)                                                   \
	X(EVENT_OVER_CURRENT_ENDS, "over-current-ends", 1)                                         \
	X(EVENT_DISABLE, "disable", 2)                                                             \
	X(EVENT_INACTIVE, "inactive", 3)                                                           \
	X(EVENT_CONFIG_ERROR, "config-error", 4)                                                   \
	X(EVENT_COMPLIANCE, "compliance", 5)                                                       \
	X(EVENT_COLD_ATTACH, "cold-attach", 6)                                                     \
	X(EVENT_WAKE, "wake", 7)

/* What is done with the machine's state; all but the first two only in the target snapshot. */
#define NAMES_SNAPSHOT(X)                                                                          \
	X(SNAPSHOT_LOAD, "load", 0)                                                                \
	X(SNAPSHOT_KEEP, "keep", 1) /* only save it: the machine goes on */                        \
	X(SNAPSHOT_LIE, "lie", 2)                                                                  \
	X(SNAPSHOT_CUT, "cut", 3)   /* value bytes are missing */                                  \
	X(SNAPSHOT_FLIP, "flip", 4) /* the nth byte is another, by value */

/* As state.h has it: struct state_lie. */
#define NAMES_LIE(X)                                                                               \
	X(LIE_VALUE, "value", 0)                                                                   \
	X(LIE_MAX, "max", 1)                                                                       \
	X(LIE_OVER, "over", 2)                                                                     \
	X(LIE_UNDER, "under", 3)                                                                   \
	X(LIE_MORE, "more", 4)                                                                     \
	X(LIE_LESS, "less", 5)                                                                     \
	X(LIE_BIT, "bit", 6)                                                                       \
	X(LIE_WITHIN, "within", 7)

/* All tables but trb_type: Y(table, list). */
#define NAMES_TABLES(Y)                                                                            \
	Y(model, NAMES_MODEL)                                                                      \
	Y(speed, NAMES_SPEED)                                                                      \
	Y(driver, NAMES_DRIVER)                                                                    \
	Y(controller_action, NAMES_CONTROLLER_ACTION)                                              \
	Y(yes_no, NAMES_YES_NO)                                                                    \
	Y(control_flag, NAMES_CONTROL_FLAG)                                                        \
	Y(ring, NAMES_RING)                                                                        \
	Y(transfer_flag, NAMES_TRANSFER_FLAG)                                                      \
	Y(direction, NAMES_DIRECTION)                                                              \
	Y(trb_flag, NAMES_TRB_FLAG)                                                                \
	Y(command_type, NAMES_COMMAND_TYPE)                                                        \
	Y(command_flag, NAMES_COMMAND_FLAG)                                                        \
	Y(reg, NAMES_REG)                                                                          \
	Y(access_size, NAMES_ACCESS_SIZE)                                                          \
	Y(ack_mode, NAMES_ACK_MODE)                                                                \
	Y(access, NAMES_ACCESS)                                                                    \
	Y(key, NAMES_KEY)                                                                          \
	Y(on_off, NAMES_ON_OFF)                                                                    \
	Y(pid, NAMES_PID)                                                                          \
	Y(usb_status, NAMES_USB_STATUS)                                                            \
	Y(answer_flag, NAMES_ANSWER_FLAG)                                                          \
	Y(profile, NAMES_PROFILE)                                                                  \
	Y(port_event, NAMES_PORT_EVENT)                                                            \
	Y(snapshot, NAMES_SNAPSHOT)                                                                \
	Y(lie, NAMES_LIE)

#define X(identifier, text, value) identifier = value,
#define Y(table, list)                                                                             \
	enum name_##table{list(X)};                                                                \
	extern const struct op_names names_##table;
NAMES_TABLES(Y)
#undef X
#undef Y

/* The kinds of symbolic addresses, enum addr_kind. */
extern const struct op_names names_addr_kind;

/* All 64 TRB types; name NULL for those xHCI table 6-91 leaves out. Row 0 is normal, 1 reserved. */
extern const struct op_names names_trb_type;

/* Where a register is. */
enum reg_block {
	REG_CAPABILITY,
	REG_OPERATIONAL,
	REG_RUNTIME,
	REG_DOORBELLS
};

struct op_reg {
	uint8_t block;   /* enum reg_block */
	uint8_t size;    /* bytes */
	uint16_t offset; /* bytes from the start of the block */
	uint16_t stride; /* bytes from one index to the next; 0: there is only one */
};

extern const struct op_reg op_reg_table[]; /* by enum name_reg */

/* Row of a name, or of a value; -1 if there is none. */
int op_names_find(const struct op_names *names, const char *name, size_t len);
int op_names_find_value(const struct op_names *names, uint64_t value);

#endif
