// SPDX-License-Identifier: MIT
/*
 * set.h -- private to this folder: what the oracles know. The shared part is a model of what the
 * guest published (registers.c, command.c, endpoint.c), each oracle's own state is beside it.
 *
 * Two rules keep it honest. Silence where the specification says "undefined": state that a guest
 * made ambiguous is marked unknown and judged again from its next clean start. And no memory per
 * row: everything has a fixed place, and what overflows is no longer judged.
 */
#ifndef ORACLE_SET_H
#define ORACLE_SET_H

#include "base.h"
#include "oracle/oracle.h"
#include "oracle/progress.h"
#include "trace.h"
#include "xhci/abi.h"

extern const struct oracle oracle_event_ring, oracle_command, oracle_transfer, oracle_slot_state,
	oracle_ep_state, oracle_published, oracle_ring_walk, oracle_silence, oracle_halted,
	oracle_stream, oracle_refetch, oracle_work, oracle_master, oracle_interrupt, oracle_leak,
	oracle_packet, oracle_progress, oracle_save;

#define UNKNOWN 0xffu /* of a state or a cycle bit */

/* ---- registers.c: as the guest wrote them ---------------------------------------------------- */

#define ORACLE_RINGS 32u   /* interrupters that are modelled */
#define ORACLE_WINDOWS 16u /* values a pointer register had since the last HCRST */

struct pointer_history {
	uint64_t value[ORACLE_WINDOWS];
	unsigned count; /* may be larger than ORACLE_WINDOWS: then anything is accepted */
};

struct interrupter_registers {
	uint32_t iman, erstsz;
	uint64_t erstba, erdp;
	bool erdp_torn; /* only the high half of a new value has arrived */
};

struct registers {
	uint32_t cap_length, rtsoff, dboff, max_intrs;
	uint8_t context_bytes; /* 32, 64, or 0 while not learnt */
	bool blind;            /* an access that the model cannot place: registers are unknown */
	uint32_t usbcmd;
	uint64_t crcr;
	uint64_t dcbaap_now;
	struct pointer_history dcbaap;
	bool not_ready;     /* CNR = 1 was read last */
	bool halt_read;     /* HCH = 1 was read since R/S was last written 1 */
	uint64_t halted_ns; /* R/S = 0: no work from this time on */
	uint8_t pci_command;
	struct interrupter_registers intr[ORACLE_RINGS];
	unsigned intr_used; /* intr[0 .. intr_used - 1] may be non-zero */
	bool beyond;        /* an interrupter that is not modelled was set up */
};

void oracle_registers_reset(struct oracle_set *s);
/* A function level reset, or the like: registers as at power-on. */
void oracle_registers_function_reset(struct oracle_set *s);
void oracle_registers_mmio(struct oracle_set *s, const struct trace_row *row);
void oracle_registers_config(struct oracle_set *s, const struct trace_row *row);
/* True if p ever pointed to base since HCRST, or if it had too many values to tell. */
bool oracle_history_has(const struct pointer_history *p, uint64_t base);
void oracle_history_add(struct pointer_history *p, uint64_t base);

/* ---- event_ring.c ---------------------------------------------------------------------------- */

#define ORACLE_SEGMENTS 16u

struct event_ring {
	bool load;     /* ERSTBA was written: the next read of entry 0 starts the ring anew */
	bool no_table; /* or ERSTSZ was 0 since, and no table is read till ERSTBA is written again */
	bool tracked;  /* all entries were read; position and cycle are certain */
	bool full;     /* event 21 was written and ERDP has not moved */
	enum {
		RESUMES_NOT,
		RESUMES,
		RESUMES_SOMEWHERE
	} resumes; /* restored: where it goes on once its table was read */
	uint32_t resume_enqueue;
	uint8_t resume_cycle;
	bool was_full; /* since the ring started: events may still wait for ERDP to get on */
	uint8_t cycle;
	uint32_t count, seen;    /* segments to be read, read so far (bit mask) */
	uint32_t enqueue, total; /* in TRBs over all segments */
	struct {
		uint64_t base;
		uint32_t trbs;
	} segment[ORACLE_SEGMENTS];
};

void oracle_event_ring_size_written(struct oracle_set *s, unsigned intr);
void oracle_event_ring_erst_written(struct oracle_set *s, unsigned intr);
void oracle_event_ring_erdp_written(struct oracle_set *s, unsigned intr);
void oracle_event_ring_entry(struct oracle_set *s, const struct trace_row *row);
/* An event was written; the interrupter whose ring it is, or -1 if that is uncertain. */
int oracle_event_ring_write(struct oracle_set *s, const struct trace_row *row);
void oracle_event_ring_reset(struct oracle_set *s);
/* Restore State: the ring goes on where it was. */
void oracle_event_ring_resume(struct event_ring *r, const struct event_ring *saved);
/* The primary ring is known well, and an event would have its place there now. */
bool oracle_event_ring_has_room(const struct oracle_set *s);
/* So does every other ring that is in use. */
bool oracle_event_rings_have_room(const struct oracle_set *s);
/* Events for the primary ring may have no place there. */
bool oracle_event_ring_loses(const struct oracle_set *s);

/* ---- command.c: the commands that were fetched and have no completion yet --------------------- */

#define ORACLE_COMMANDS 32u
#define ORACLE_STARTS 4u /* ring positions that software published and that were not used yet */

struct command_seen {
	uint64_t addr, parameter;
	uint32_t control, status;
	uint32_t add, drop; /* flags of the input control context, if it was read */
	bool control_read;
	bool may_vanish;    /* no finding if its event never comes */
	uint64_t doorbells; /* s->doorbells when it was fetched */
	uint64_t time_ns;   /* when it was fetched */
	uint64_t read[2];   /* 32-byte pieces of the input context that were read */
	bool pointer_read;  /* the slot's entry of the DCBAA was read */
};

struct command_ring {
	struct command_seen pending[ORACLE_COMMANDS];
	unsigned first, count;
	bool lost;                     /* order is unknown until HCRST */
	bool started;                  /* cycle, next_cycle and next are valid */
	bool any_start;                /* more start positions than fit, or a torn one */
	uint64_t start[ORACLE_STARTS]; /* CRCR values not used yet: pointer | cycle */
	unsigned start_count;
	uint8_t cycle, next_cycle;
	uint64_t last, next; /* addresses of the last and the next fetch */
};

void oracle_command_reset(struct oracle_set *s);
void oracle_command_crcr(struct oracle_set *s, bool torn);
void oracle_command_fetch(struct oracle_set *s, const struct trace_row *row);
void oracle_command_event(struct oracle_set *s, const struct trb *event);
/* Time has moved: a command that is still under way is late. */
void oracle_command_step(struct oracle_set *s);
/* From now on events of commands and TRBs under way may be missing. */
void oracle_command_disturb(struct oracle_set *s);
/* Restore State: events that were not on a ring when the state was saved may still come. */
void oracle_command_resume(struct oracle_set *s, const struct command_ring *saved);
#define ANY_SLOT 256u
/* The pending command of this type and slot (or any), and endpoint (unless 0); NULL if none. */
struct command_seen *oracle_command_find(struct oracle_set *s, unsigned type, unsigned slot,
					 unsigned dci);
/* Pending commands, 0 = the oldest; NULL beyond the last. */
struct command_seen *oracle_command_get(struct oracle_set *s, unsigned i);

static inline unsigned command_type(const struct command_seen *c)
{
	return (unsigned)bits(c->control, 15, 10);
}

static inline unsigned command_slot(const struct command_seen *c)
{
	return c->control >> 24;
}

static inline unsigned command_ep(const struct command_seen *c)
{
	return (unsigned)bits(c->control, 20, 16);
}

/* ---- endpoint.c: TRBs fetched for an endpoint and where its ring may be ------------------------ */

#define ORACLE_ENDPOINTS 128u
#define ORACLE_TRBS 128u
#define ORACLE_TRB_CHUNK 16u
#define ORACLE_ARRAYS 8u

struct trb_seen {
	uint64_t addr, parameter;
	uint32_t length, control;
	uint8_t cycle;  /* the consumer's, UNKNOWN if ambiguous */
	uint8_t events; /* successful ones that named it */
	uint16_t interrupter;
	uint64_t rung; /* the endpoint's, when it was fetched */
};

struct endpoint {
	uint8_t slot, dci;
	uint8_t state;  /* enum ep_state as last written to the guest, or UNKNOWN */
	uint8_t type;   /* enum ep_type likewise */
	bool unsure;    /* its ring position is unknown until it is moved */
	bool any_start; /* more start positions than fit: accept any address */
	bool retried;   /* a Reset Endpoint may have moved bytes twice */
	bool laps;      /* two fetches of one TRB waited for events at once: which was which? */
	bool streams;   /* it has many rings; which one a TRB is of is not known */
	uint64_t rung;  /* s->doorbells after its last doorbell */
	uint64_t quiet; /* no work unless rung > quiet */
	struct {
		uint64_t addr;
		uint8_t cycle;
	} start[ORACLE_STARTS];
	unsigned start_count;
	bool started;
	uint64_t next;
	uint8_t next_cycle;
	uint64_t bytes_asked, bytes_written; /* IN data */
	struct debt debt;
	uint32_t packets, packets_before; /* rows about its packets; and when time moved last */
	uint8_t interval;                 /* of its context: an exponent */
	struct {
		uint64_t base;
		uint32_t bytes;
	} stream_array[ORACLE_ARRAYS];
	unsigned stream_arrays; /* more than ORACLE_ARRAYS: the last ones are kept */
	unsigned total;         /* TRBs recorded in all; the last ORACLE_TRBS are kept */
	unsigned rewind;        /* those before this one are never fetched again */
	unsigned in_order;      /* those from this one on are reported in ring order */
	uint64_t disturbed;     /* s->disturbed when in_order was right */
	struct trb_seen *trb[ORACLE_TRBS / ORACLE_TRB_CHUNK]; /* made as they are needed */
};

/* R/S went from 0 to 1: endpoints that were not stopped go on. */
void oracle_endpoint_run_all(struct oracle_set *s);
/* Those that may work do it again from where they are. */
void oracle_endpoint_go_on_all(struct oracle_set *s);
/* The endpoint's record, made on first use; NULL for bad ids or when there are too many. */
struct endpoint *oracle_endpoint_get(struct oracle_set *s, unsigned slot, unsigned dci);
struct endpoint *oracle_endpoint_find(struct oracle_set *s, unsigned slot, unsigned dci);
void oracle_endpoint_reset(struct oracle_set *s);
void oracle_endpoint_free(struct endpoint *ep);
/* The slot is gone: so are its rings. */
void oracle_endpoint_forget_slot(struct oracle_set *s, unsigned slot);
/* A dequeue pointer that software published: its ring may continue there. */
void oracle_endpoint_start(struct endpoint *ep, uint64_t dequeue);
/* Software may have said where its rings and stream contexts are, and nobody listened. */
void oracle_endpoint_unsure(struct endpoint *ep);
/* Nothing is known of it: what was restored is of another run. */
void oracle_endpoint_unknown(struct endpoint *ep);
/* The ring now is where oracle_endpoint_start said last, unless it has been there already. */
void oracle_endpoint_restart(struct endpoint *ep);
/* No work from now on until a doorbell that is newer than so many. */
static inline void endpoint_quiet(struct endpoint *ep, uint64_t doorbells)
{
	if (ep->quiet < doorbells)
		ep->quiet = doorbells;
}

static inline bool endpoint_is_quiet(const struct endpoint *ep)
{
	return ep->rung <= ep->quiet;
}
void oracle_endpoint_fetch(struct oracle_set *s, const struct trace_row *row);
/* i = 0 is the newest; NULL beyond what is kept. */
static inline struct trb_seen *endpoint_trb(struct endpoint *ep, unsigned i)
{
	if (i >= ep->total || i >= ORACLE_TRBS)
		return NULL;
	i = (ep->total - 1 - i) % ORACLE_TRBS;
	return &ep->trb[i / ORACLE_TRB_CHUNK][i % ORACLE_TRB_CHUNK];
}

/* ---- slot_state.c, ep_state.c ----------------------------------------------------------------- */

struct slot_seen {
	uint8_t state;                  /* enum slot_state by completed commands, or UNKNOWN */
	uint8_t written;                /* slot context's state as last written, or UNKNOWN */
	struct pointer_history context; /* device contexts its DCBAA entry named */
	struct endpoint *endpoint[32];  /* by endpoint id; of oracle_set's */
};

void oracle_slot_state_completed(struct oracle_set *s, const struct command_seen *c, unsigned code,
				 unsigned slot);
void oracle_slot_state_context(struct oracle_set *s, unsigned slot, const uint32_t dw[4]);
void oracle_slot_state_reset(struct oracle_set *s);
struct slot_seen *oracle_slot_get(struct oracle_set *s, unsigned slot);
void oracle_ep_state_completed(struct oracle_set *s, const struct command_seen *c, unsigned code);
void oracle_ep_state_context(struct oracle_set *s, unsigned slot, unsigned dci,
			     const uint32_t dw[2]);

/* ---- stream.c: where the stream contexts of an endpoint may be (xHCI 4.12.2) -------------------- */

/* An input endpoint context with streams was read. */
void oracle_stream_learn(struct endpoint *ep, const uint8_t *raw);
/* A stream context was read or written. */
void oracle_stream_row(struct oracle_set *s, const struct trace_row *row);

/* ---- refetch.c ------------------------------------------------------------------------------- */

void oracle_refetch_row(struct oracle_set *s, const struct trace_row *row);
/* A TRB was read that is neither next nor where software moved the ring to. */
void oracle_refetch_trb(struct oracle_set *s, struct endpoint *ep, uint64_t addr);

/* ---- save.c ---------------------------------------------------------------------------------- */

struct save_seen;

/* USBCMD was written with CSS or CRS. */
void oracle_save_begin(struct oracle_set *s, uint32_t usbcmd);
/* What that made the controller do at once may still go on. */
bool oracle_save_busy(const struct oracle_set *s);
/* A register is accessed: what CSS or CRS began is done. */
void oracle_save_settle(struct oracle_set *s);
/* Entry 0 of the DCBAA was read. */
void oracle_save_array(struct oracle_set *s, uint64_t array);
void oracle_save_row(struct oracle_set *s, const struct trace_row *row);
void oracle_save_refused(struct oracle_set *s);
void oracle_save_status(struct oracle_set *s, uint32_t usbsts);
void oracle_save_cleared(struct oracle_set *s);
void oracle_save_runs(struct oracle_set *s);
void oracle_save_power_lost(struct oracle_set *s);
void oracle_save_free(struct oracle_set *s);

/* ---- the rest ----------------------------------------------------------------------------------- */

void oracle_transfer_event(struct oracle_set *s, const struct trb *event);
void oracle_published_row(struct oracle_set *s, const struct trace_row *row);

void oracle_quiet_dma(struct oracle_set *s, const struct trace_row *row);

struct interrupt_seen {
	bool line, ever_enabled;
	uint64_t messages, causes;
};

void oracle_interrupt_row(struct oracle_set *s, const struct trace_row *row);
/* Between two ops: the line must agree with what the guest enabled. */
void oracle_interrupt_settled(struct oracle_set *s);

struct leak_seen {
	uint64_t delivered[16], written[16]; /* IN bytes by endpoint number */
	bool marker_sent;                    /* a device really sent such bytes */
};

void oracle_leak_packet(struct oracle_set *s, const struct trace_row *row);
void oracle_leak_dma(struct oracle_set *s, const struct trace_row *row);

#define ORACLE_PACKETS 64u

struct packet_seen {
	struct {
		uint64_t id;
		uint32_t len;
		uint8_t pid, port;
	} live[ORACLE_PACKETS];
	unsigned count;
	bool lost;
};

void oracle_packet_row(struct oracle_set *s, const struct trace_row *row);

struct oracle_set {
	struct finding finding;
	uint32_t op; /* of the row being judged */
	uint64_t time_ns;
	uint64_t doorbells; /* written in all */
	uint64_t work;      /* DMA rows since the last access or move of time */
	uint64_t disturbed; /* how often events may have been lost */
	bool late_events;   /* a secondary event ring was full: its events may come late */
	bool slots_unsure;  /* an Enable Slot may have succeeded unseen */
	bool blind;         /* a state was loaded that is not what was: nothing is judged */
	bool restored; /* something that is not known: there may be endpoints nobody heard of */
	struct registers reg;
	struct event_ring ring[ORACLE_RINGS];
	struct command_ring command;
	struct interrupt_seen irq;
	struct leak_seen leak;
	struct packet_seen packet;
	struct save_seen *save; /* NULL: nobody saves */
	struct progress_seen progress;
	struct slot_seen *slot[256]; /* NULL: never heard of since HCRST */
	struct endpoint *endpoint[ORACLE_ENDPOINTS];
	unsigned endpoint_count;
};

/* Record a finding about the current row, unless there is one already. */
void oracle_report(struct oracle_set *s, const struct oracle *oracle, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The machine was saved and goes on; see enum state_what. */
void oracle_set_state(struct oracle_set *s, unsigned what);
/* HCRST: everything the guest published is withdrawn. */
void oracle_set_controller_reset(struct oracle_set *s);

#endif
