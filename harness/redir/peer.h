// SPDX-License-Identifier: MIT
/*
 * peer.h -- the other side of a redir session, in the same process: a line in memory, and a "usb-host" on
 * the real libusbredirparser with a device it makes up. Polite of itself; whoever has it may also write
 * any bytes into the line.
 */
#ifndef REDIR_PEER_H
#define REDIR_PEER_H

#include "dev/redir.h"

#define PEER_BULK_IN 0x81
#define PEER_BULK_OUT 0x02
#define PEER_INTERRUPT_IN 0x83
#define PEER_INTERRUPT_OUT 0x04
#define PEER_ISO_IN 0x85
#define PEER_ISO_OUT 0x06

#define PEER_ALL_CAPS 0xffu
#define PEER_MAX_OWED 64u

/* ---- wire.c ---------------------------------------------------------------------------------- */

struct wire_bytes {
	uint8_t *data;
	size_t len, pos, room;
};

/* The line as the device has it; the peer writes to `in` and reads from `out`. Freed by its device. */
struct wire {
	struct dev_link link; /* first member */
	struct wire_bytes in, out;
	size_t takes;        /* bytes it takes at once; SIZE_MAX = all */
	struct wire **owner; /* set to NULL when it is freed */
};

struct wire *wire_new(void);
void wire_append(struct wire_bytes *b, const void *bytes, size_t n);
size_t wire_take(struct wire_bytes *b, void *bytes, size_t room);
/* The other side comes (true) or goes; what was under way is lost. Call dev_link_ready afterwards. */
void wire_visit(struct wire *w, bool comes);

/* ---- peer.c ---------------------------------------------------------------------------------- */

enum peer_owed_kind {
	PEER_CONTROL,
	PEER_BULK,
	PEER_INTERRUPT,
};

struct peer_owed {
	uint64_t id;
	uint8_t kind;
	union {
		struct usb_redir_control_packet_header control;
		struct usb_redir_bulk_packet_header bulk;
		struct usb_redir_interrupt_packet_header interrupt;
	} h;
};

struct peer {
	struct wire *wire; /* NULL: the device has let it go */
	struct usbredirparser *parser;
	uint32_t caps;
	bool lazy;     /* data packets and requests wait for peer_answer */
	uint32_t most; /* bytes of a bulk IN packet's answer; 0 = as many as it asks for */
	bool refused;  /* the real parser did not take what the device's side sent */
	uint8_t configuration, alternate[32];
	struct usb_redir_ep_info_header ep;
	struct peer_owed owed[PEER_MAX_OWED]; /* oldest first */
	unsigned owed_count;
	/* what was seen, for tests */
	unsigned hellos, resets, cancels, rejects, filters, acks, out_packets, streams, started[32],
		stopped[32];
	uint64_t last_id;
	uint64_t hash; /* over all bytes that came */
};

/* On a new line, which becomes the device's. caps: a bit for each of usb_redir_cap_*. */
void peer_init(struct peer *peer, uint32_t caps);
void peer_fini(struct peer *peer);
/* It has hung up, and now calls again. */
void peer_come_again(struct peer *peer);
/* Introduce a device: speed as in the protocol. */
void peer_introduce(struct peer *peer, uint8_t speed);
void peer_tell_endpoints(struct peer *peer);
void peer_leave(struct peer *peer);
/* Read all there is and answer it; send what there is to send. */
void peer_work(struct peer *peer);

/* ---- peer_answer.c --------------------------------------------------------------------------- */

/* o is to be answered: at once unless the peer is lazy. */
void peer_owe(struct peer *peer, const struct peer_owed *o);
/* Answer the nth thing that is owed. False: there is none. */
bool peer_answer(struct peer *peer, unsigned nth, uint8_t status);
/* len bytes of its own accord, on an interrupt, isochronous or buffered bulk endpoint. */
void peer_push(struct peer *peer, uint8_t endpoint, uint32_t len);

#endif
