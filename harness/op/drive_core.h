// SPDX-License-Identifier: MIT
/*
 * drive_core.h -- what the files of the driver share; nobody else includes it. Sections follow
 * the files.
 */
#ifndef OP_DRIVE_CORE_H
#define OP_DRIVE_CORE_H

#include "op/args.h"
#include "op/drive.h"
#include "op/names.h"
#include "xhci/abi.h"

#define DRIVE_MAX_INTRS 16u
#define DRIVE_MAX_TWEAKS 16u
#define DRIVE_MAX_CONNECTORS 32u
#define DRIVE_MAX_TRANSFER 0x20000u /* bytes of one TD */
#define DRIVE_MAX_CONFIG 1024u      /* bytes of a configuration that are looked at */
#define DRIVE_EVENT_BUDGET 256u     /* events taken per look */

struct drive_caps {
	uint32_t caplength, dboff, rtsoff;
	uint32_t hcs1, hcs2, hcc1;
	unsigned slots, intrs, ports, scratchpads;
	unsigned ctx_bytes; /* 32 or 64 */
	/* PORTSC numbers, 1-based, of the nth connector; 0 = it has none of that protocol */
	uint8_t usb2_port[DRIVE_MAX_CONNECTORS + 1], usb3_port[DRIVE_MAX_CONNECTORS + 1];
	unsigned usb2_count, usb3_count;
	uint8_t slot_type[256]; /* of a port's protocol */
};

struct drive_ring {
	uint64_t base, enqueue, dequeue; /* guest-physical */
	unsigned trbs;                   /* with the Link at the end; 0 = not made yet */
	bool cycle;
};

struct drive_ep {
	struct drive_ring ring;
	uint8_t address, attributes; /* as in the endpoint descriptor */
	uint8_t interval, burst, mult;
	uint16_t max_packet;
	uint16_t esit_bytes;
	bool known;      /* from the descriptors, or endpoint 0 */
	bool configured; /* Configure Endpoint succeeded */
	bool stuck;      /* a TD was given up on and still sits there */
	uint8_t last_cc;
	uint32_t residual; /* bytes */
};

struct drive_slot {
	uint8_t id;
	uint8_t connector, port; /* as ops name it; as PORTSC and the slot context name it */
	uint8_t speed;
	bool enabled, addressed, configured;
	bool fresh; /* its memory is still as power-on left it */
	uint8_t config_value, interface, class_code, subclass, protocol;
	uint32_t route; /* behind hubs: its way (xHCI 6.2.2) */
	uint8_t hub_ports, tt_slot, tt_port;
	uint8_t listen; /* endpoint id whose reports are taken, 0 = none */
	bool listening;
	uint8_t device_desc[18];
	uint8_t max_lun;
	uint32_t bot_tag;
	struct drive_ep ep[32];
};

struct drive_event_ring {
	uint64_t table, first; /* ERST; first segment */
	uint64_t stride;       /* bytes from segment to segment */
	unsigned segments, trbs;
	unsigned segment, index;         /* where the next event is expected */
	unsigned ack_segment, ack_index; /* what the controller was told */
	unsigned untold;                 /* events taken since then */
	bool cycle, open;
};

#define DRIVE_PATIENCE 4u

struct drive_wait {
	bool active, done;
	uint64_t trb;      /* the command, or the TD's last TRB */
	uint8_t slot, dci; /* 0, 0: a command */
	uint8_t cc;
	uint8_t ret_slot;
	uint32_t residual;
};

#define DRIVE_STREAM_EPS 4u    /* endpoints with streams at a time */
#define DRIVE_STREAM_RINGS 16u /* of each: 8 primary, 8 behind a secondary array */

struct drive_streams {
	uint8_t slot, dci; /* slot 0: not in use */
	uint8_t exponent;  /* MaxPStreams */
	bool linear;
	struct drive_ring ring[DRIVE_STREAM_RINGS];
};

struct drive_tweak {
	uint8_t context, dword;
	uint32_t mask, value;
};

struct drive {
	struct backend *b;
	struct drive_caps caps;
	bool probed, started;
	bool fresh;      /* never started since power-on: memory is zero */
	bool irq_driven; /* acknowledges as an interrupt handler does, else as a poller */
	uint8_t ack_mode;
	uint8_t current; /* slot */
	struct drive_ring command;
	uint8_t command_type[DRIVE_COMMAND_TRBS];
	uint8_t command_slot[DRIVE_COMMAND_TRBS];
	struct drive_event_ring intr[DRIVE_MAX_INTRS];
	unsigned intr_count; /* those from here on were never set up */
	unsigned patience;   /* steps that a wait may take, less after each in vain within one op */
	struct drive_wait wait;
	struct drive_slot *slot[256]; /* made when first needed, kept over resets */
	bool slot_used[256];
	bool slot_dirty[256]; /* its memory may hold something */
	uint8_t used[256];
	unsigned used_count;
	uint8_t connector_slot[DRIVE_MAX_CONNECTORS + 1];
	uint64_t data_next;
	struct drive_tweak tweak[DRIVE_MAX_TWEAKS];
	unsigned tweak_count;
	struct drive_streams streams[DRIVE_STREAM_EPS];
	unsigned streams_next;     /* whose turn it is to be given up */
	uint32_t changed_ports[8]; /* bit per PORTSC: an event told of it */
};

/* ---- drive.c ------------------------------------------------------------------------------- */

/* The slot's record, made on demand; id 0..255. */
struct drive_slot *drive_slot_get(struct drive *d, unsigned id);
/* The slot an op means: its field, or the current one; never NULL. */
struct drive_slot *drive_slot_pick(struct drive *d, uint64_t field);
void drive_slot_forget(struct drive *d, unsigned id);
/* An address in its meaning for slot s and ring dci (0 = command ring). */
uint64_t drive_resolve_in(struct drive *d, const struct op *op, struct drive_slot *s, unsigned dci,
			  uint64_t automatic);
/* Guest memory; failures are the guest's own problem. A failed read gives zeros. */
void drive_mem_write(struct drive *d, uint64_t addr, const void *buf, size_t len);
void drive_mem_read(struct drive *d, uint64_t addr, void *buf, size_t len);
void drive_mem_zero(struct drive *d, uint64_t addr, size_t len);
/* A data buffer of len bytes that does not cross 64 KiB unless it is larger. */
uint64_t drive_data_alloc(struct drive *d, uint32_t len);
/* Bytes that depend on the place only. */
void drive_data_pattern(struct drive *d, uint64_t addr, uint32_t len);
void drive_step(struct drive *d, uint64_t usec);

/* ---- drive_reg.c --------------------------------------------------------------------------- */

/* PCI command register, capabilities: once. */
void drive_probe(struct drive *d);
uint32_t drive_read32(struct drive *d, uint32_t offset);
void drive_write32(struct drive *d, uint32_t offset, uint32_t value);
uint32_t drive_oper_read(struct drive *d, uint32_t reg);
void drive_oper_write(struct drive *d, uint32_t reg, uint32_t value);
/* 64 bits as two dwords, low first. */
void drive_oper_write64(struct drive *d, uint32_t reg, uint64_t value);
uint32_t drive_intr_offset(const struct drive *d, unsigned intr, uint32_t reg);
uint32_t drive_port_read(struct drive *d, unsigned port);
/* Set bits in PORTSC without touching what writing it back would change. */
void drive_port_write(struct drive *d, unsigned port, uint32_t set);
void drive_doorbell(struct drive *d, unsigned slot, unsigned target, unsigned stream);
void drive_op_write(struct drive *d, const struct op *op);
void drive_op_read(struct drive *d, const struct op *op);
void drive_op_poke(struct drive *d, const struct op *op);
void drive_op_peek(struct drive *d, const struct op *op);
void drive_op_config_write(struct drive *d, const struct op *op);
void drive_op_config_read(struct drive *d, const struct op *op);

/* ---- drive_start.c ------------------------------------------------------------------------- */

void drive_start(struct drive *d, unsigned driver, unsigned slots, unsigned intrs);
/* Until the masked bits of a register are so, or patience ends: false. */
bool drive_wait_oper(struct drive *d, uint32_t reg, uint32_t mask, uint32_t want);
void drive_halt(struct drive *d, uint32_t clear);
void drive_run(struct drive *d, uint32_t set);
/* Started and running, whatever that takes. */
void drive_need(struct drive *d);
void drive_op_controller(struct drive *d, const struct op *op);

/* ---- drive_save.c --------------------------------------------------------------------------- */

void drive_save(struct drive *d);
void drive_restore(struct drive *d);

/* ---- drive_ring.c -------------------------------------------------------------------------- */

void drive_ring_make(struct drive *d, struct drive_ring *r, uint64_t base, unsigned trbs,
		     bool zero);
/* Room for that many TRBs as far as the events have told. */
bool drive_ring_room(const struct drive_ring *r, unsigned trbs);
/* Put a TRB with the right cycle bit and move on; returns its address. */
uint64_t drive_ring_put(struct drive *d, struct drive_ring *r, const struct trb *t);
/* The ring of an endpoint id, made on demand. */
struct drive_ring *drive_ep_ring(struct drive *d, struct drive_slot *s, unsigned dci);
uint64_t drive_ring_base(const struct drive_slot *s, unsigned dci);
void drive_op_trb(struct drive *d, const struct op *op);

/* ---- drive_event.c ------------------------------------------------------------------------- */

/* An event ring in memory and in our books; setup also tells the controller. */
void drive_intr_lay_out(struct drive *d, unsigned intr, unsigned segments, unsigned trbs);
void drive_intr_setup(struct drive *d, unsigned intr, unsigned segments, unsigned trbs);
/* Take events; with ack_mode each-op tell the controller (ERDP, EHB, IP). */
void drive_poll(struct drive *d);
/* Poll and let time pass until d->wait is done or patience ends: 0 for a command, 1 transfer. */
bool drive_wait(struct drive *d, bool transfer);
void drive_op_erst(struct drive *d, const struct op *op);
void drive_op_ack(struct drive *d, const struct op *op);

/* ---- drive_command.c ----------------------------------------------------------------------- */

/* Put a command, ring, wait. Returns the completion code, 0 if none came. */
unsigned drive_command(struct drive *d, uint64_t parameter, uint32_t status, uint32_t control);
/* Enable Slot of the type that a root hub port's protocol wants: wait.ret_slot. */
bool drive_enable_slot(struct drive *d, unsigned port);
/* A command completion at a place of the command ring: what it means for our books. */
void drive_command_done(struct drive *d, const struct trb *event);
void drive_command_note(struct drive *d, uint64_t addr, const struct trb *t);
void drive_op_command(struct drive *d, const struct op *op);
/* Halted or in error: Reset Endpoint, Set TR Dequeue Pointer, and CLEAR_FEATURE at the device. */
void drive_ep_recover(struct drive *d, struct drive_slot *s, unsigned dci);

/* ---- drive_context.c ----------------------------------------------------------------------- */

uint64_t drive_device_context(const struct drive_slot *s);
unsigned drive_ep_state(struct drive *d, struct drive_slot *s, unsigned dci);
/* Input contexts in DRIVE_INPUT, tweaks applied. */
void drive_input_address(struct drive *d, struct drive_slot *s);
void drive_input_configure(struct drive *d, struct drive_slot *s);
void drive_input_evaluate(struct drive *d, struct drive_slot *s);
/* For Configure Endpoint: one endpoint anew, with dwords 0 (MaxPStreams, LSA) and 2, 3 as given. */
void drive_input_streams(struct drive *d, struct drive_slot *s, unsigned dci, uint32_t streams,
			 uint64_t array);
/* For Configure Endpoint: no endpoint changes, the slot becomes a hub's. */
void drive_input_hub(struct drive *d, struct drive_slot *s);
/* Configure Endpoint succeeded. */
void drive_endpoints_added(struct drive_slot *s);
unsigned drive_ep0_packet(unsigned speed); /* bytes, before the device was asked */
void drive_op_tweak(struct drive *d, const struct op *op);

/* ---- drive_desc.c -------------------------------------------------------------------------- */

/* Endpoints and the first interface's class of a configuration; tolerates anything. */
void drive_desc_config(struct drive_slot *s, const uint8_t *bytes, size_t len);

/* ---- drive_slot.c -------------------------------------------------------------------------- */

unsigned drive_connector_count(struct drive *d);
bool drive_address(struct drive *d, unsigned connector, bool bsr);
bool drive_configure(struct drive *d, struct drive_slot *s, unsigned config_index);
void drive_enumerate(struct drive *d, unsigned connector, unsigned model);
/* Ask the backend to plug a model in; nothing happens if something is there. */
void drive_plug(struct drive *d, unsigned connector, uint32_t route, unsigned model);
/* An addressed device: configuration and class. */
void drive_set_up(struct drive *d, struct drive_slot *s);
/* A configured device: the slot's, else enumerates one of this model. */
struct drive_slot *drive_slot_ready(struct drive *d, uint64_t field, unsigned model);
/* A slot without a port gets one that has a device and no slot, else the first. */
void drive_slot_bind(struct drive *d, struct drive_slot *s);
void drive_op_address(struct drive *d, const struct op *op);
void drive_op_configure(struct drive *d, const struct op *op);
void drive_op_enumerate(struct drive *d, const struct op *op);
/* Ports that events told of: clear the change bits. */
void drive_ports_changed(struct drive *d);

/* ---- drive_hub.c --------------------------------------------------------------------------- */

void drive_hub_start(struct drive *d, struct drive_slot *s);
/* As drive_enumerate, of what hangs behind hubs; hubs that are not there are plugged, too. */
void drive_enumerate_behind(struct drive *d, unsigned connector, uint32_t way, unsigned model);

/* ---- drive_transfer.c ---------------------------------------------------------------------- */

struct drive_control {
	uint8_t type, request;
	uint16_t value, index, length;
	uint32_t trb_length;
	uint32_t flags; /* CONTROL_* */
	uint64_t data;  /* buffer */
};

/*
 * A TD of count TRBs, the first of this type; flags: TRANSFER_*. Returns the address of the last TRB
 * that moves data.
 */
uint64_t drive_td_put(struct drive *d, struct drive_ring *r, const struct drive_ep *ep,
		      uint64_t addr, uint32_t len, unsigned count, uint32_t flags, unsigned type);
/* The first endpoint of these transfer types (bit per type) and direction, 0 = none. */
unsigned drive_ep_first(const struct drive_slot *s, bool in, unsigned kinds);
/* A length that no driver of a small machine would use is folded, so that it costs little. */
uint32_t drive_length_fold(uint64_t length);
/* Put it on the ring and ring the doorbell; wait if it is complete. Returns the code, 0 = none. */
unsigned drive_control(struct drive *d, struct drive_slot *s, const struct drive_control *c);
/* IN request into buf (len bytes); returns bytes that came, or -1. */
int drive_control_in(struct drive *d, struct drive_slot *s, uint8_t type, uint8_t request,
		     uint16_t value, uint16_t index, void *buf, uint16_t len);
bool drive_control_out(struct drive *d, struct drive_slot *s, uint8_t type, uint8_t request,
		       uint16_t value, uint16_t index);
/* One TD of Normal TRBs; waits. Returns the completion code, 0 = none; residual in ep. */
unsigned drive_bulk(struct drive *d, struct drive_slot *s, unsigned dci, uint64_t addr,
		    uint32_t len);
void drive_listen(struct drive *d, struct drive_slot *s);
/* Every HID device is read again, as its driver does after each report. */
void drive_listen_all(struct drive *d);
void drive_op_control(struct drive *d, const struct op *op);
void drive_op_control_out(struct drive *d, const struct op *op);
void drive_op_transfer(struct drive *d, const struct op *op);

/* ---- drive_bot.c --------------------------------------------------------------------------- */

void drive_bot_start(struct drive *d, struct drive_slot *s);
void drive_op_sector(struct drive *d, const struct op *op, bool write);
void drive_op_scsi(struct drive *d, const struct op *op);

/* ---- drive_stream.c ------------------------------------------------------------------------ */

void drive_op_streams(struct drive *d, const struct op *op);
void drive_op_stream(struct drive *d, const struct op *op);

#endif
