// SPDX-License-Identifier: MIT
/*
 * endpoint.h -- one endpoint and its transfer rings: ring.c, endpoint.c, stream.c, td.c, transfer.c,
 * completion.c. A part of xhci.h, which is what to include.
 */
#ifndef XHCI_ENDPOINT_H
#define XHCI_ENDPOINT_H

#include "guest/guest.h"
#include "usb/usb.h"
#include "xhci/abi.h"

struct xhci;

/* ---- ring.c: the consumer's walk (xHCI 4.9.2) ------------------------------------------------ */

struct ring {
	uint64_t dequeue; /* address of the next TRB */
	bool cycle;       /* Consumer Cycle State */
};

enum ring_poll {
	RING_READY,  /* *trb is the next TRB and the ring has moved past it */
	RING_EMPTY,  /* the next TRB still belongs to software */
	RING_BUDGET, /* budget used up; call again later */
	RING_ERROR,  /* memory could not be read: a host system error */
};

/*
 * Fetch one TRB, following Link TRBs (each costs one of *budget). tag says whose ring it is.
 * *ret_addr is the TRB's own address. With show_links a Link TRB that asks for an event (IOC) is
 * handed out like any other, so that its event comes in its turn.
 */
enum ring_poll xhci_ring_fetch(struct xhci *x, struct ring *ring, struct dma_tag tag,
			       unsigned *budget, bool show_links, struct trb *ret_trb,
			       uint64_t *ret_addr);

/* ---- what is known of a TD and an endpoint ---------------------------------------------------- */

#define XHCI_WINDOW 32u /* TRBs of one TD held at a time; longer TDs slide through */
/* Bytes handed to a device at a time (bulk, control data), unless the owner has set another xhci.chunk. */
#define XHCI_CHUNK 16384u

struct td_trb {
	uint64_t addr;
	bool cycle; /* the ring's consumer cycle at this TRB */
	struct trb trb;
	uint32_t length; /* bytes this TRB moves; 0 for Event Data and the like */
	uint32_t done;   /* bytes moved so far */
	bool bad;        /* a TRB that cannot stand here: TRB Error when its turn comes */
};

enum control_stage {
	STAGE_SETUP,
	STAGE_DATA_OR_STATUS,
	STAGE_STATUS
};

struct td {
	unsigned first, count; /* TRBs held, oldest first */
	bool active;           /* between the first TRB's fetch and the end of the TD */
	bool complete;         /* the last TRB (CH = 0) has been fetched */
	bool in;
	bool skip;               /* a short packet ended the data; only flags are evaluated */
	bool sent;               /* at least one packet went out: a zero-length TD needs one */
	bool evaluate_next;      /* ENT of the TRB that was done last */
	bool event_data_seen;    /* behind a short packet: without PAE only the first one counts */
	bool isp_reported;       /* the short TRB had its event by ISP; IOC gets a second one */
	uint32_t residual;       /* of the TRB where the short packet happened */
	uint32_t resume;         /* bytes already moved of the TRB that is fetched next ... */
	uint32_t resume_left;    /* ... and those that were not, when it was fetched last */
	uint32_t edtla;          /* 24 bits (xHCI 4.11.5.2) */
	bool placed;             /* isochronous: its frame is known to be one to come */
	bool missed;             /* isochronous: its frame has gone; nothing more is told of it */
	uint32_t interval_bytes; /* isochronous: moved in this service interval */
	struct td_trb trb[XHCI_WINDOW]; /* last: td_clear leaves it alone */
};

/*
 * A TD behind the one under way. Its bytes are in the packet of one before it (combined), in its own,
 * or in none yet.
 */
struct xhci_ahead {
	struct xhci_ahead *next;
	struct usb_packet *packet;
	bool combined;
	struct td td;
};

/*
 * An endpoint with streams has no ring; each of its streams that was used is a struct xhci_ep of its
 * own with ring, TD and packet, and the endpoint's state.
 */
struct xhci_ep {
	struct xhci *x;
	struct xhci_ep *owner;        /* of a stream: its endpoint; else itself */
	struct xhci_streams *streams; /* an endpoint with streams, else NULL */
	struct xhci_ep *stream_next;  /* a stream: in its bucket */
	uint64_t stream_context;      /* a stream: where its context lies */
	struct xhci_ep *queue_next, *nak_next;
	struct usb_packet *packet; /* in flight, or refused with NAK and kept for the retry */
	struct timer timer;        /* next service opportunity of a periodic endpoint */
	uint64_t next_service_ns;
	uint64_t interval_ns; /* periodic endpoints, else 0 */
	uint32_t dw[5];       /* the endpoint context as software gave it */
	struct ring ring;     /* next TRB to fetch */
	struct td td;
	struct xhci_ahead *ahead;       /* TDs behind it that were fetched, oldest first */
	uint8_t slot, dci, type, state; /* enum ep_type, enum ep_state */
	uint8_t stream_type;            /* SCT of a stream's context: 0 or 1 */
	uint16_t stream;                /* a stream's id, else 0 */
	uint16_t max_packet;
	uint8_t stage; /* enum control_stage */
	bool rung;     /* a doorbell came since the ring was last seen empty (xHCI 4.7) */
	bool queued, naked, idle_reported;
	bool dry; /* its ring was empty: service intervals are counted anew from the next TD */
	uint8_t retries; /* XACT answers in a row */
};

/* ---- endpoint.c (xHCI 4.8.3) ------------------------------------------------------------------ */

/* Create endpoint dci from an input endpoint context; state Running, DMA-free. */
struct xhci_ep *xhci_ep_new(struct xhci *x, unsigned slot_id, unsigned dci, const uint32_t dw[8]);
void xhci_ep_free(struct xhci_ep *ep);
bool xhci_ep_is_isoch(const struct xhci_ep *ep);
void xhci_ep_set_state(struct xhci_ep *ep, enum ep_state state);
/* Forget the TD under way and any packet with it; the ring stands at the TRB not done yet. */
void xhci_ep_drop_td(struct xhci_ep *ep);
/* Reset Device: endpoint 0 is Running whatever it was (xHCI 4.6.11). */
void xhci_ep_restart(struct xhci_ep *ep);
/*
 * The endpoint leaves Running: held TRBs are given back (software may change them), the byte
 * position is kept, so that a doorbell goes on in the middle of the TD (xHCI 4.6.9).
 */
void xhci_ep_park_td(struct xhci_ep *ep);

/* The device has something, or room, for this endpoint: those with TDs ask it again. */
void xhci_ep_wake(struct xhci_ep *ep);

/* ---- stream.c (xHCI 4.12) ------------------------------------------------------------------- */

#define XHCI_STREAM_BUCKETS 32u
#define XHCI_STREAM_ID_LIMIT 65534u /* USB3 8.12.1.4.2: Prime, NoStream and 0 are no streams */

struct xhci_streams {
	uint64_t array;         /* the primary stream context array */
	unsigned exponent;      /* it has 2 to the (exponent + 1) entries */
	bool linear;            /* LSA: no secondary arrays */
	struct xhci_ep *halted; /* the stream whose TD halted the endpoint */
	struct xhci_ep *bucket[XHCI_STREAM_BUCKETS];
};

/* May MaxPStreams and LSA of an endpoint context be so here (xHCI 6.2.3)? */
bool xhci_stream_context_valid(const struct xhci *x, const uint32_t *dw);
/* An endpoint's streams by its context; no memory is read before a doorbell rings. */
struct xhci_streams *xhci_streams_new(const uint32_t *dw);
void xhci_streams_free(struct xhci_ep *ep);
/*
 * The stream of an id. Its context is read when it is first used. NULL: *ret_code says why, or is
 * CC_SUCCESS if memory failed and the controller stands with a host system error.
 */
struct xhci_ep *xhci_stream_get(struct xhci_ep *ep, unsigned id, enum completion_code *ret_code);
/* The stream of an id if it was used before, else NULL. */
struct xhci_ep *xhci_stream_find(const struct xhci_ep *ep, unsigned id);
/* A stream that is not there yet; context is the first quadword of its context. */
struct xhci_ep *xhci_stream_add(struct xhci_ep *ep, unsigned id, uint64_t addr, uint64_t context);
/* Write a stream's context to the guest. */
void xhci_stream_write_context(struct xhci_ep *of);
/* A doorbell names a stream that is none: say so (xHCI 4.12.2). */
void xhci_stream_refuse(struct xhci_ep *ep, enum completion_code code);
/* Set TR Dequeue Pointer of one stream (xHCI 4.6.10); parameter as in the command. */
enum completion_code xhci_stream_set_dequeue(struct xhci_ep *ep, unsigned id, uint64_t parameter);
/* Stop Endpoint: events for the streams whose TDs are under way. */
void xhci_stream_stop(struct xhci_ep *ep);
/* The endpoint's state has changed; if it leaves Running, each stream's context is written. */
void xhci_stream_set_state(struct xhci_ep *ep, enum ep_state state, bool leaves);
/* Queue the streams that have been rung. */
void xhci_stream_wake(struct xhci_ep *ep);
void xhci_stream_each(struct xhci_ep *ep, void (*act)(struct xhci_ep *of, void *opaque),
		      void *opaque);
/* The device is gone: packets it refused with NAK go with it. */
void xhci_stream_device_gone(struct xhci_ep *ep);

/* ---- td.c, transfer.c (xHCI 4.10, 4.11) ------------------------------------------------------ */

void td_clear(struct td *td);
struct td_trb *td_first(struct td *td);
/* Bytes that the held TRBs still want to move. */
uint32_t td_bytes(const struct td *td);

enum td_poll {
	TD_READY,
	TD_WAIT,
	TD_BUDGET,
	TD_HOST_ERROR
};
/* Hold enough of td, which the ring stands in or before, to make a packet of want bytes. */
enum td_poll xhci_td_gather(struct xhci_ep *ep, struct td *td, uint32_t want, unsigned *budget);
/* Release the oldest TRB of ep->td; with the last one of a TD the TD is over, and the next has its turn. */
void xhci_td_retire(struct xhci_ep *ep);

/* Let an endpoint work. Returns true if the budget ran out and there is more to do. */
bool xhci_transfer_run(struct xhci_ep *ep, unsigned *budget);
/*
 * Work ends here for now, so the packet does: what the device has answered takes effect, a packet that
 * is still with it is taken back, and the bytes that have moved count. Of an endpoint that is halting
 * already a second error is not told: its TD will be tried again.
 */
void xhci_transfer_settle(struct xhci_ep *ep);

/* A packet for td and what is combined behind it: len bytes of it. NULL: its data could not be read. */
struct usb_packet *xhci_transfer_packet(struct xhci_ep *ep, const struct td *td,
					const struct xhci_ahead *behind, enum usb_pid pid,
					uint32_t len);

/* What a packet uses up of the budget. */
void xhci_transfer_cost(const struct usb_packet *p, unsigned *budget);

/* ---- ahead.c (xHCI 3.2.8, 4.11) --------------------------------------------------------------- */

/* Where the device takes several packets of this endpoint at a time, its endpoint; else NULL. */
struct usb_endpoint *xhci_ahead_pipe(const struct xhci_ep *ep);
/*
 * len bytes of td go into a packet: if that is its end, and nobody waits for it alone, the TDs behind it
 * go there, too. Returns the bytes of all.
 */
uint32_t xhci_ahead_combine(struct xhci_ep *ep, const struct td *td, struct xhci_ahead **behind,
			    uint32_t len, unsigned *budget);
/* While a packet is with the device: submit those that may follow. True: the budget ran out. */
bool xhci_ahead_run(struct xhci_ep *ep, unsigned *budget);
/* A TD behind the first is with the device, or was answered already. */
bool xhci_ahead_began(const struct xhci_ep *ep);
/* A TD is over: the next one that was fetched, and its packet, are the endpoint's now. */
void xhci_ahead_next(struct xhci_ep *ep);
/* Take back what is with the device, newest first; the TDs stay. */
void xhci_ahead_take_back(struct xhci_ep *ep);
/* Does software wait for something in this TD as it is held? */
bool xhci_td_int_req(const struct td *td);
/* Forget all of it. */
void xhci_ahead_drop(struct xhci_ep *ep);

/* ---- payload.c (xHCI 4.10.1, 4.11.2) ---------------------------------------------------------- */

/* Fill an OUT packet from a TD and those combined behind it. False: a buffer could not be read. */
bool xhci_payload_fill(struct xhci_ep *ep, const struct td *td, const struct xhci_ahead *behind,
		       struct usb_packet *p);
/*
 * Move p->actual bytes to (IN) or past (OUT) the held TRBs; those that are done have their events.
 * False: memory failed.
 */
bool xhci_payload_spread(struct xhci_ep *ep, const struct usb_packet *p);

/* ---- isoch.c (xHCI 4.10.3, 4.11.2.5) --------------------------------------------------------- */

/* May the TD of the oldest TRB begin? *ret_ns: not before then, 0 = now. False: its frame has gone. */
bool xhci_isoch_due(struct xhci_ep *ep, uint64_t *ret_ns);
/*
 * The link is in U0, or wakes within the Max Exit Latency that software said, which is when the ping goes
 * out (xHCI 4.23.5.2). Asked before anything else uses the link.
 */
bool xhci_isoch_pinged(struct xhci_ep *ep);
/* Is it for its buffer that an IN packet has less room than the interval (xHCI 4.10.3.4)? */
bool xhci_isoch_buffer_short(const struct xhci_ep *ep, const struct usb_packet *p);
/* A service interval was used: when the next one begins. */
void xhci_isoch_served(struct xhci_ep *ep);
/* Bytes that one service interval of a periodic endpoint has room for. */
uint32_t xhci_interval_payload(const struct xhci_ep *ep);
/* So many bytes more have moved. True: the TD has more than its interval has room for. */
bool xhci_isoch_overrun(struct xhci_ep *ep, uint32_t moved);

/* ---- completion.c (xHCI 4.10) -------------------------------------------------------------- */

#define XHCI_EDTLA_MASK 0xffffffu

/* A Transfer Event for the TRB t of an endpoint. */
void xhci_transfer_event(struct xhci_ep *ep, const struct td_trb *t, enum completion_code code,
			 uint32_t residual);
/* The oldest TRB has done all it can without trouble: its event, and on to the next. */
void xhci_td_finish_trb(struct xhci_ep *ep);
/* Report an error on the oldest TRB and halt; isochronous endpoints skip the TD instead. */
void xhci_td_fail(struct xhci_ep *ep, enum completion_code code);
/* The oldest TRB cannot stand where it stands: TRB Error, endpoint state Error. */
void xhci_td_trb_error(struct xhci_ep *ep);
/* A short packet ended in the oldest TRB: the rest of the TD is only looked through. */
void xhci_td_short(struct xhci_ep *ep);
/* The oldest TRB comes after a short packet: only its flags count. */
void xhci_td_look_through(struct xhci_ep *ep);
/* An isochronous TD's frame has gone before it had its turn (xHCI 4.10.3.2). */
void xhci_td_missed(struct xhci_ep *ep);
/* An isochronous ring ran dry; reported once per dry stretch (xHCI 4.10.3.1). */
void xhci_td_ring_dry(struct xhci_ep *ep);
/*
 * Stop Endpoint (xHCI 4.6.9): what the device has answered counts, which may halt the endpoint; else
 * report 26, 27 or 28 where the TD stands and cancel the packet.
 */
void xhci_transfer_stop(struct xhci_ep *ep);
/* Its parts, for streams: false if no TD is under way; the event of an idle ring; the end. */
bool xhci_stop_report(struct xhci_ep *ep);
void xhci_stop_report_idle(struct xhci_ep *ep);
void xhci_stop_park(struct xhci_ep *ep);

#endif
