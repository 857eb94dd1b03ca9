// SPDX-License-Identifier: MIT
/*
 * play.h -- the target `redir`: a session of the device `redir` between a guest and an other side that do
 * what the input says, polite or not, message by message or byte by byte.
 *
 * An input is a head and records; every run of bytes is one, missing ones are 0:
 *   head    caps u8 (the other side's, exclusive or with all), flags u8 (enum play_flag), speed u8
 *           (exclusive or with high), takes u8 (0: the line takes all; else so many times 16 bytes a step)
 *   record  op u8 (modulo PLAY_OPS), len u16, len bytes: see play_ops in play.c
 */
#ifndef REDIR_PLAY_H
#define REDIR_PLAY_H

#include "redir/peer.h"

#define PLAY_HEAD_BYTES 4u
#define PLAY_RECORD_BYTES 3u
#define PLAY_MAX_RECORDS 32u
#define PLAY_MAX_PACKETS 16u
#define PLAY_MAX_BYTES                                                                             \
	32768u /* of data in an input, both ways; the limits of the session are that much lower */

enum play_flag {
	PLAY_BUFFERED = 1 << 0, /* the device reads ahead */
	PLAY_RULES = 1 << 1,    /* and has a filter */
	PLAY_LAZY = 1 << 2,     /* the other side answers when a record says so */
	PLAY_STRANGER = 1 << 3, /* nobody introduces a device */
	PLAY_UNREADY = 1 << 4,  /* the guest does not enumerate by itself */
};

enum play_op {
	PLAY_MESSAGE, /* a message of the table, with any contents */
	PLAY_RAW,     /* bytes from the other side */
	PLAY_CONTROL, /* a request of the guest */
	PLAY_PACKET,  /* packets of the guest */
	PLAY_CANCEL,  /* one of them is taken back */
	PLAY_STEP,    /* time passes; what was not ready is tried again */
	PLAY_RESET,
	PLAY_ANSWER,    /* the other side answers what it owes */
	PLAY_PUSH,      /* the other side sends of its own accord */
	PLAY_INTRODUCE, /* it introduces a device, politely */
	PLAY_LEAVE,     /* it takes the device away, or hangs up and calls again */
	PLAY_UNPLUG,    /* somebody pulls the device out */
	PLAY_MOVE,      /* the session goes on elsewhere */
	PLAY_RESTORE,   /* the same of bytes that are not what they were */
	PLAY_ENDPOINTS, /* the other side's table changes: record u8, type u8, size u16, streams u16 */
	PLAY_OPS,
};

/* ---- message.c: the messages of usbredir 0.7 ------------------------------------------------- */

struct play_message {
	uint8_t type;
	uint16_t bytes;      /* of its header, as it is sent to us */
	uint8_t endpoint;    /* offset of the endpoint in it; 255 = none */
	uint8_t length;      /* offset of the data's length; 255 = none */
	uint8_t length_size; /* bytes */
	bool data;           /* may follow */
};

#define PLAY_MESSAGES 33u
extern const struct play_message play_messages[PLAY_MESSAGES];

/* Put a message into b out of the body of a PLAY_MESSAGE record: index u8, id u8, lie u8, data u16, header. */
/* *left: bytes of data that it may have, and has then. */
void play_message_write(struct wire_bytes *b, uint32_t *left, const struct peer *peer,
			bool wide_ids, const uint8_t *body, size_t len);

/* ---- the state of it ---------------------------------------------------------------------------- */

struct play_packet {
	struct usb_packet *p; /* NULL = free */
	uint8_t address;
	uint32_t len;
	uint16_t stream;
};

struct play {
	struct usb_bus bus;
	struct usb_port port;
	uint64_t now_ns, timer_ns;
	struct peer peer;
	struct redir *r;
	struct redir_config config;
	struct play_packet packet[PLAY_MAX_PACKETS];
	uint8_t flags;
	uint32_t left;     /* of PLAY_MAX_BYTES */
	size_t takes;      /* bytes of the line a step; SIZE_MAX = all */
	uint64_t hash;     /* of what the guest saw */
	bool ragged;       /* bytes came that may be no whole messages */
	const char *wrong; /* the first thing that was against a rule; NULL = none */
};

/* ---- play_guest.c ---------------------------------------------------------------------------- */

/* Something that has to be the same whenever the input is. */
void play_see(struct play *y, uint64_t v);
/* Until neither side has anything to say, or both have said enough. */
void play_talk(struct play *y);
/* So many bytes of data, or what is left of them. */
uint32_t play_spend(struct play *y, uint32_t bytes);
/* A free place for a packet, or one that is made free; its packet handed over; given back. */
struct play_packet *play_place(struct play *y);
void play_submit(struct play *y, struct play_packet *k);
void play_let_go(struct play *y, struct play_packet *k);
/* Give back what is done. */
void play_sweep(struct play *y);
void play_control(struct play *y, const uint8_t raw[8]);
/* Reset, address, device descriptor, configuration. */
void play_enumerate(struct play *y);
/* Time passes; what was not ready is handed over again. */
void play_step(struct play *y, unsigned ms);

/* ---- play.c: what is judged ------------------------------------------------------------------ */

/*
 * Play an input; nothing of it outlives the call. *ret_hash: of all that either side saw. NULL, or what was
 * wrong with our side.
 */
const char *play_run(const uint8_t *data, size_t len, uint64_t *ret_hash);
/* The same; with twice, played again: both have to be alike. */
const char *play_judge(const uint8_t *data, size_t len, bool twice);

/* ---- mutate.c -------------------------------------------------------------------------------- */

/* A LLVMFuzzerCustomMutator that knows records and messages. */
size_t play_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);
/* A LLVMFuzzerCustomCrossOver: records of both. */
size_t play_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
		      uint8_t *out, size_t max_size, unsigned seed);

#endif
