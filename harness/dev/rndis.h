// SPDX-License-Identifier: MIT
/*
 * rndis.h -- Remote NDIS messages (MS-RNDIS): what the network device understands and answers.
 */
#ifndef DEV_RNDIS_H
#define DEV_RNDIS_H

#include "base.h"

#define RNDIS_HEADER 44u        /* bytes before the frame in a packet message */
#define RNDIS_FRAME 1514u       /* bytes of the longest frame */
#define RNDIS_ANSWERS 8u        /* that may wait to be fetched */
#define RNDIS_COMMAND_MAX 1025u /* bytes of a command that are looked at */

struct rndis_answer {
	uint8_t *bytes; /* own allocation of exactly len */
	uint32_t len;
};

struct rndis {
	const uint8_t *mac; /* borrowed, 6 bytes */
	struct rndis_answer answer[RNDIS_ANSWERS];
	unsigned answer_count; /* oldest first */
	bool ready;            /* initialized */
	uint32_t filter;       /* 0 = takes no frames */
	uint32_t sent, received;
};

void rndis_reset(struct rndis *r);
/* A command as it came; what it is answered with waits in answer. False: it makes no sense. */
bool rndis_command(struct rndis *r, const uint8_t *bytes, size_t len);
/* The oldest answer, at most room bytes; 0 = none waits. */
size_t rndis_fetch(struct rndis *r, uint8_t *bytes, size_t room);
/* Header before a frame of len bytes. */
void rndis_wrap(uint8_t header[RNDIS_HEADER], uint32_t len);
/*
 * The first message in len bytes: its frame's place and length (0 = none in it). Returns how many bytes
 * the message takes, 0 if it makes no sense.
 */
size_t rndis_unwrap(const uint8_t *bytes, size_t len, size_t *ret_offset, size_t *ret_len);

#endif
