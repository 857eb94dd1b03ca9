// SPDX-License-Identifier: MIT
/*
 * xhci.h -- the controller, one section per file: controller.c, regs.c, event.c, interrupter.c,
 * command*.c, context.c, slot.c, bandwidth.c. Those of an endpoint and its rings are in endpoint.h, those of
 * profile.c and port.c in profile.h and port.h.
 *
 * How a TRB travels: doorbell (regs.c) -> work queue (controller.c) -> ring.c fetches it once
 * -> td.c gathers it -> transfer.c hands packets to usb -> event.c reports -> interrupter.c.
 *
 * The private structures here are the only truth. What the controller writes to guest memory
 * (contexts, events) is never read back.
 */
#ifndef XHCI_XHCI_H
#define XHCI_XHCI_H

#include "base.h"
#include "guest/guest.h"
#include "usb/usb.h"
#include "xhci/abi.h"
#include "xhci/endpoint.h"
#include "xhci/port.h"
#include "xhci/profile.h"

/* ---- event.c: event rings (xHCI 4.9.4) ------------------------------------------------------- */

#define XHCI_MAX_PENDING 64u /* events kept while a ring is full: ports and packets in flight */

#define XHCI_IMOD_DEFAULT 4000u /* xHCI 5.5.2.2 */

struct event_segment {
	uint64_t base;
	uint32_t trbs;
};

struct event_place {
	unsigned segment;
	uint32_t first; /* index of the segment's first TRB in the ring */
};

struct interrupter {
	struct xhci *x;
	uint32_t iman, imod, erstsz;
	uint64_t erstba, erdp;  /* erdp with DESI, a hint that nobody needs here, without EHB */
	bool ehb, ipe;          /* Event Handler Busy, Interrupt Pending Enable (xHCI 4.17.2) */
	uint64_t imod_until_ns; /* moderation counter reaches 0 then */
	struct timer timer;
	/* the producer's side */
	bool load;  /* ERSTBA was written: read the table before the next event */
	bool valid; /* segments are usable */
	bool full;  /* Event Ring Full was reported and ERDP has not moved since */
	struct event_segment *segment; /* segment_room of them, of the last table that was read */
	unsigned segment_count, segment_room;
	struct event_place writer, reader; /* segments of enqueue and of the last ERDP */
	uint32_t total;                    /* TRBs of all segments */
	uint32_t enqueue, dequeue;         /* indexes over all segments, < total */
	bool cycle;                        /* Producer Cycle State */
	struct trb *pending;               /* XHCI_MAX_PENDING, allocated when first needed */
	unsigned pending_first, pending_count;
	bool lost;    /* more than could be kept: Event Lost is due */
	bool resumes; /* restored: with the table's next reading the ring goes on here */
	uint32_t resume_enqueue;
	bool resume_cycle;
};

/* Post an event to an interrupter (out of range: the primary). block: BEI, no interrupt. */
void xhci_event_post(struct xhci *x, unsigned interrupter, const struct trb *event, bool block);
/* ERDP was written: move the consumer's index, write what waited. */
void xhci_event_dequeue_moved(struct interrupter *in);
/* R/S went to 1: what waited, and for which ERDP made room while the controller was halted, is written. */
void xhci_event_run(struct xhci *x);
/* True while no ring may be consumed because an event ring is full. */
bool xhci_event_full(const struct xhci *x);

/* ---- interrupter.c (xHCI 4.17) ------------------------------------------------------------- */

void xhci_interrupter_reset(struct interrupter *in);
/* An event is on the ring: assert IP now, or when EHB and moderation allow. */
void xhci_interrupter_raise(struct interrupter *in);
/* Registers changed: bring the interrupt line and messages in step with IP, IE and INTE. */
void xhci_interrupter_update(struct xhci *x);
void xhci_interrupter_write_iman(struct interrupter *in, uint32_t value);
void xhci_interrupter_write_imod(struct interrupter *in, uint32_t value);
uint32_t xhci_interrupter_read_imod(const struct interrupter *in);
/* Low dword of ERDP with the EHB bit as the guest wrote it. */
void xhci_interrupter_write_erdp(struct interrupter *in, uint32_t low);

/* ---- slot.c, context.c --------------------------------------------------------------------- */

#define XHCI_MAX_SLOTS 255u
struct slot {
	uint8_t state; /* enum slot_state */
	uint8_t address;
	uint8_t root_port;
	uint8_t type;           /* Slot Type, of the protocol it is for (xHCI 4.6.3) */
	uint32_t route;         /* xHCI 8.9, 0 = on the root port itself */
	uint64_t context;       /* device context, from the DCBAA when the slot was addressed */
	uint32_t dw[4];         /* slot context, ours */
	struct xhci_ep *ep[32]; /* [1..31], NULL = Disabled */
};

/* NULL unless 1 <= id <= slots and the slot is enabled. */
struct slot *xhci_slot_get(struct xhci *x, unsigned id);
/* Endpoint dci 1..31 of an enabled slot, NULL if Disabled or out of range. */
struct xhci_ep *xhci_ep_get(struct xhci *x, unsigned slot_id, unsigned dci);
/* Through this setter pass all slot state changes. */
void xhci_slot_set_state(struct slot *s, enum slot_state state);
/* All endpoints gone, slot Disabled. Touches no guest memory. */
void xhci_slot_disable(struct xhci *x, unsigned id);
/* The device behind a slot now, NULL if unplugged or its port is not enabled. */
struct usb_device *xhci_slot_device(struct xhci *x, const struct slot *s);

/* The device there was unplugged: what waits for it goes on to fail. */
void xhci_slot_device_gone(struct xhci *x, unsigned root_port, uint32_t route);
/* The device that a root port and a route string lead to now, NULL if none is reached. */
struct usb_device *xhci_slot_route(struct xhci *x, unsigned root_port, uint32_t route);

/* Bytes of one context: 32, or 64 with CSZ. */
unsigned xhci_context_bytes(const struct xhci *x);
/*
 * xHCI table 6-1: may a structure begin there, with elements of so many bytes up to the last one? It is
 * aligned to 64 bytes and within a page, or the profile does not look.
 */
bool xhci_context_place_valid(const struct xhci *x, uint64_t base, unsigned bytes, unsigned last);
/* One context of an input context: index 0 = input control, 1 = slot, 1 + dci = endpoint. */
bool xhci_context_read_input(struct xhci *x, unsigned slot_id, uint64_t input, unsigned index,
			     uint32_t dw[8]);
/* Write our slot context, or one endpoint's, to the guest. */
void xhci_context_write_slot(struct xhci *x, unsigned id);
void xhci_context_write_ep(struct xhci *x, unsigned id, unsigned dci);
/* xHCI 6.2.3: may this endpoint context be used? CC_SUCCESS, or the code to answer with. */
enum completion_code xhci_context_ep_check(const struct xhci *x, const struct slot *s, unsigned dci,
					   const uint32_t dw[8]);

/*
 * xHCI 6.2.2: do the TT fields of a slot context name a port of a high-speed hub on the same root
 * port? CC_SUCCESS, also where they mean nothing, or the code to answer with.
 */
enum completion_code xhci_context_tt_check(struct xhci *x, const uint32_t dw[4]);
/* What software says of a hub (xHCI 6.2.2.2): Hub, MTT, Number of Ports, TT Think Time. */
void xhci_context_take_hub(struct slot *s, const uint32_t dw[4]);

/* ---- bandwidth.c (xHCI 4.16) ------------------------------------------------------------------- */

struct xhci_change { /* what Configure Endpoint is about to do */
	unsigned slot;
	uint32_t drop, add;      /* bits by DCI */
	const uint32_t (*dw)[8]; /* [dci]: contexts of those that are added */
};

/* May that be? CC_SUCCESS, or Resource, Bandwidth or Secondary Bandwidth Error. */
enum completion_code xhci_bandwidth_check(struct xhci *x, const struct xhci_change *change);
/* May the way to the device sleep so deeply (xHCI 4.6.7, 4.23.5.2)? */
bool xhci_bandwidth_bears(struct xhci *x, const struct xhci_change *change, unsigned mel_usec);

/* ---- command*.c (xHCI 4.6) -------------------------------------------------------------------- */

struct command { /* the one being executed */
	struct trb trb;
	uint64_t addr;
	uint32_t parameter;  /* 24 bits for the completion event */
	bool vendor_event;   /* NEC: event type 48 */
	uint8_t vendor_bits; /* NEC: bits 23..16 of the event's control dword */
};

/* Every handler returns the completion code, or COMMAND_WAITS if the event comes later. */
#define COMMAND_WAITS (-1)
typedef int command_handler(struct xhci *x, struct command *c, unsigned *slot_id);

int xhci_command_address_device(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_configure_endpoint(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_evaluate_context(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_reset_device(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_reset_endpoint(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_stop_endpoint(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_set_dequeue(struct xhci *x, struct command *c, unsigned *slot_id);
int xhci_command_port_bandwidth(struct xhci *x, struct command *c, unsigned *slot_id);

/* Consume the command ring. Returns true if the budget ran out. */
bool xhci_command_run(struct xhci *x, unsigned *budget);
/* CRCR CS or CA was written: stop, and with abort give up the command under way. */
void xhci_command_stop(struct xhci *x, bool abort_current);
/* The command that returned COMMAND_WAITS is over. */
void xhci_command_finish(struct xhci *x, enum completion_code code, unsigned slot_id);
/* Address Device gives up its SET_ADDRESS packets. */
void xhci_command_address_cancel(struct xhci *x);
/* The same, and the slot is as it was before the command. */
void xhci_command_address_fail(struct xhci *x);
/* Another try for a SET_ADDRESS that was refused with NAK. */
void xhci_command_address_retry(struct xhci *x);

/* ---- controller.c, regs.c ----------------------------------------------------------------------- */
#define XHCI_BUDGET_TRBS 64u /* per MMIO access and per piece of xhci_work */

struct xhci {
	struct guest *g;
	struct usb_bus *bus;
	const struct xhci_profile *profile;
	/* operational registers, xHCI 5.4 */
	uint32_t usbcmd, usbsts, dnctrl, config;
	uint64_t crcr, dcbaap;
	uint64_t mfindex_base_ns, mfindex_stood_ns;
	bool mfindex_stands; /* since mfindex_stood_ns */
	struct timer mfindex_timer;
	struct timer halt_timer;
	bool halting; /* R/S = 0, and HCH not 1 yet: nothing new is begun */
	/* command ring */
	struct ring command_ring;
	bool command_kicked, command_running; /* CRR */
	bool command_waiting;                 /* a command waits for a device */
	bool crcr_stopping;                   /* the last low half of CRCR had CS or CA */
	struct command command;
	struct {
		struct usb_packet *packet;
		uint8_t slot, stage; /* stage 0: SETUP, 1: status */
		bool naked;
	} address;
	struct slot *slots; /* [1..profile->slots] */
	struct interrupter *intr;
	unsigned intr_touched; /* interrupters from here on are as a reset leaves them */
	struct usb_port *connectors;
	unsigned connector_count;
	struct xhci_port port[XHCI_MAX_PORTS + 1];
	unsigned port_count;
	struct xhci_ep *queue_first, *queue_last; /* endpoints that may have work */
	struct xhci_ep *naked;                    /* to be asked again when time moves */
	uint64_t naked_asked_ns;
	bool role_device;                        /* vendor.c: the last connector is no host's now */
	uint32_t legacy_support, legacy_control; /* USBLEGSUP without its head, USBLEGCTLSTS */
	struct timer legacy_timer;
	struct timer ready_timer; /* end of Controller Not Ready */
	struct timer save_timer;  /* end of SSS or RSS */
	unsigned full_rings;      /* event rings that are full */
	unsigned live_endpoints;
	bool working;     /* inside xhci_work: work found there is done by its loop */
	bool defer;       /* MMIO handlers only queue; the owner calls xhci_work */
	bool unmoderated; /* IMOD is a register like any other and delays nothing, as in QEMU */
	uint32_t chunk;   /* see XHCI_CHUNK */
};

/* guest was initialised with profile->pci. Adds the MMIO regions and the bus's root ports. */
struct xhci *xhci_new(struct guest *g, struct usb_bus *bus, const struct xhci_profile *profile);
void xhci_free(struct xhci *x);
/* Back to power-on. Call after usb_bus_reset and guest_reset. */
void xhci_power_on(struct xhci *x);
/* A bounded piece of pending work; false = nothing is left that could be done now. */
bool xhci_work(struct xhci *x);
unsigned xhci_live_endpoints(const struct xhci *x);

bool xhci_running(const struct xhci *x);
/* USBCMD.HCRST (xHCI 4.2, 5.4.1): forget everything without DMA. */
void xhci_reset(struct xhci *x);
/* The same by USBCMD.HCRST: the controller takes its time to be ready again. */
void xhci_reset_by_software(struct xhci *x);
/* Controller Not Ready is over. */
void xhci_ready(void *opaque);
void xhci_run(struct xhci *x);
void xhci_halt(struct xhci *x);
/* halt.c: R/S went to 0. Halts when what is under way is over, or time is up (xHCI 5.4.1.1). */
void xhci_halt_init(struct xhci *x);
void xhci_halt_begin(struct xhci *x);
/* Something ended: perhaps it was the last. */
void xhci_halt_go_on(struct xhci *x);
/* Host System Error: memory failed us (xHCI 4.10.2.6). */
void xhci_host_system_error(struct xhci *x);
/* Host Controller Error: software broke the rings; dead until HCRST (xHCI 4.24.1). */
void xhci_host_controller_error(struct xhci *x);
/* save.c: USBCMD.CSS and CRS while halted, and the end of what they began (xHCI 4.23.2). */
void xhci_save_init(struct xhci *x);
void xhci_save_state(struct xhci *x);
void xhci_restore_state(struct xhci *x);
void xhci_save_over(struct xhci *x);
void xhci_queue_ep(struct xhci_ep *ep);
void xhci_unqueue_ep(struct xhci_ep *ep);
void xhci_nak_ep(struct xhci_ep *ep);
void xhci_doorbell(struct xhci *x, unsigned slot, uint32_t value);
void xhci_regs_init(struct xhci *x);
extern const struct mmio_ops xhci_capability_ops;
/* The firmware has the controller, if it ever has (xHCI 7.1). */
void xhci_legacy_power_on(struct xhci *x);
/* Endpoints that software rang go on. */
void xhci_wake_all(struct xhci *x);

/* ---- mfindex.c (xHCI 4.14.2) ------------------------------------------------------------------- */

void xhci_mfindex_init(struct xhci *x);
/* R/S went to 1: it counts from 0. */
void xhci_mfindex_start(struct xhci *x);
/* A port's state or EU3S changed: it may stand now, or go on. */
void xhci_mfindex_update(struct xhci *x);
uint64_t xhci_microframe(const struct xhci *x);
/* After a change of USBCMD.EWE or run state: the next MFINDEX wrap (xHCI 4.14.2). */
void xhci_mfindex_arm(struct xhci *x);

#endif
