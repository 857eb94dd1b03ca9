// SPDX-License-Identifier: MIT
/*
 * vfio_client.h -- a client of the served device that plays a program of bytes, in one process with
 * the server and at the other end of a real socket: what the target `vfio-user` fuzzes.
 *
 * A program is a byte that says what is plugged (a bit for each of keyboard, tablet, storage), then
 * records: kind u8, fields, data. The kind's low bits are one of the below, VFIO_CLIENT_HOLD means
 * that the server does not look yet. Every run of bytes is a program; what is cut short ends it.
 */
#ifndef BACKEND_VFIO_CLIENT_H
#define BACKEND_VFIO_CLIENT_H

#include "base.h"

enum vfio_client_kind {
	VFIO_CLIENT_MESSAGE, /* command u8, flags u8, files u8, lie i8, len u16; body */
	VFIO_CLIENT_BYTES,   /* files u8, len u16; bytes without a header */
	VFIO_CLIENT_MEMORY,  /* offset u16, len u16; bytes that go into the client's memory */
	VFIO_CLIENT_STEP,    /* time passes: n u8 * 10 microseconds */
	VFIO_CLIENT_CONNECT, /* greet u8: leave, come again, and if bit 0 is set begin politely */
	VFIO_CLIENT_ANSWER,  /* mode u8, records u8 */
	VFIO_CLIENT_SHRINK,  /* pages u8: the new size of the file that may change its size */
	VFIO_CLIENT_DEAF,    /* on u8: answers are not read */
	VFIO_CLIENT_KINDS,
};
#define VFIO_CLIENT_HOLD 0x80u

/*
 * MESSAGE: its size is said to be lie bytes larger than it is (-128: 2^32 - 1). Command 255 is 65535.
 * files: low nibble how many (15: 20), high nibble which one is first, one of the below modulo 8.
 */
enum vfio_client_file {
	VFIO_CLIENT_RAM,    /* memory, sealed; addresses modulo its size are its offsets */
	VFIO_CLIENT_LOOSE,  /* a file that may shrink */
	VFIO_CLIENT_EVENT,  /* an eventfd */
	VFIO_CLIENT_TINY,   /* a file of ten bytes */
	VFIO_CLIENT_PIPE,   /* where reading would block for ever */
	VFIO_CLIENT_SOCKET, /* the same, and no file at all */
	VFIO_CLIENT_NULL,   /* /dev/null */
	VFIO_CLIENT_FIXED,  /* the memory, for reading only */
	VFIO_CLIENT_FILES,
};
#define VFIO_CLIENT_RAM_BYTES 0x10000u

/*
 * ANSWER: how DMA messages are answered from now on. Before the next one is, so many records of the
 * program are played; those that make the client leave do so in the middle of it.
 */
enum vfio_client_answer {
	VFIO_CLIENT_POLITE,
	VFIO_CLIENT_ERROR,
	VFIO_CLIENT_SHORT,
	VFIO_CLIENT_LONG,
	VFIO_CLIENT_COUNT,   /* of the right size, with another count */
	VFIO_CLIENT_ID,      /* to another question */
	VFIO_CLIENT_COMMAND, /* of another command */
	VFIO_CLIENT_NONE,
	VFIO_CLIENT_HANG_UP,
	VFIO_CLIENT_HALF,        /* of the answer, and no more */
	VFIO_CLIENT_HALF_HANGUP, /* of the answer, then it dies */
	VFIO_CLIENT_REQUEST,     /* not marked as an answer */
	VFIO_CLIENT_TWICE,
	VFIO_CLIENT_ANSWERS,
};

struct vfio_client;

struct vfio_client *vfio_client_new(void);
void vfio_client_free(struct vfio_client *c);
/*
 * Play a program on a machine as after power-on, then see that the next client is served and every
 * file is closed. NULL, or a sentence about what the server did wrong.
 */
const char *vfio_client_play(struct vfio_client *c, const uint8_t *data, size_t len);
/* The same; every 64th program is played twice and must leave the same trace. */
const char *vfio_client_fuzz(struct vfio_client *c, const uint8_t *data, size_t len);
/* Of the trace of the last program. */
uint64_t vfio_client_hash(const struct vfio_client *c);
/* Messages that the server got, and connections, in all programs. */
void vfio_client_counts(const struct vfio_client *c, uint64_t *ret_messages,
			uint64_t *ret_connections);

/* ---- vfio_mutate.c --------------------------------------------------------------------------- */

/* Bytes of the record at at, at most what is there; 0 at the end. */
size_t vfio_client_record_bytes(const uint8_t *data, size_t len, size_t at);
/* LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver that know records and messages. */
size_t vfio_client_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t vfio_client_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			     uint8_t *out, size_t max_size, unsigned seed);

#endif
