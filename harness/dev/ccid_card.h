// SPDX-License-Identifier: MIT
/*
 * ccid_card.h -- the card in the reader: what it says when power comes, and an answer to each APDU.
 */
#ifndef DEV_CCID_CARD_H
#define DEV_CCID_CARD_H

#include "base.h"

#define CARD_FILE_BYTES 256u
#define CARD_ANSWER_MAX 258u /* data and status word */

struct ccid_card {
	uint8_t file[CARD_FILE_BYTES];
	bool selected; /* its application */
	uint32_t challenge;
};

/* Answer to Reset (ISO 7816-3 8.2); the length is in *ret_len. */
const uint8_t *ccid_card_reset(struct ccid_card *card, size_t *ret_len);
/* An APDU (ISO 7816-4 5.1) of len bytes; returns the answer's length, at least 2. */
size_t ccid_card_apdu(struct ccid_card *card, const uint8_t *apdu, size_t len,
		      uint8_t answer[CARD_ANSWER_MAX]);

#endif
