// SPDX-License-Identifier: MIT
/*
 * ccid_card.c -- a small card: one application, one transparent file, challenges (ISO 7816-4 7.1, 7.2,
 * 7.5). Left out: secure messaging, extended lengths (refused), logical channels.
 */
#include "dev/ccid_card.h"

#define SW_DONE 0x9000u
#define SW_WRONG_LENGTH 0x6700u
#define SW_NOT_ALLOWED 0x6985u
#define SW_NO_FILE 0x6a82u
#define SW_WRONG_OFFSET 0x6b00u
#define SW_NO_INSTRUCTION 0x6d00u
#define SW_NO_CLASS 0x6e00u

enum {
	INS_GET_CHALLENGE = 0x84,
	INS_SELECT = 0xa4,
	INS_READ_BINARY = 0xb0,
	INS_UPDATE_BINARY = 0xd6,
};

static const uint8_t name[] = {0xf0, 'g', 'a', 'u', 'n', 't', 'l', 'e', 't'};

struct apdu { /* of the four cases of ISO 7816-4 5.1, short */
	uint8_t ins, p1, p2;
	const uint8_t *data;
	size_t data_len;
	size_t expected; /* 0 = none */
};

static bool parse(struct apdu *a, const uint8_t *bytes, size_t len)
{
	if (len < 4)
		return false;
	*a = (struct apdu){.ins = bytes[1], .p1 = bytes[2], .p2 = bytes[3]};
	if (len == 4)
		return true;
	if (len == 5) {
		a->expected = bytes[4] ? bytes[4] : 256;
		return true;
	}
	a->data = bytes + 5;
	a->data_len = bytes[4];
	if (!a->data_len || 5 + a->data_len > len || len > 6 + a->data_len)
		return false;
	if (len == 6 + a->data_len)
		a->expected = bytes[len - 1] ? bytes[len - 1] : 256;
	return true;
}

const uint8_t *ccid_card_reset(struct ccid_card *card, size_t *ret_len)
{
	static const uint8_t atr[] = {0x3b, 0x02, 0x14, 0x50}; /* T=0, two historical bytes */

	card->selected = false;
	*ret_len = sizeof(atr);
	return atr;
}

static unsigned select_file(struct ccid_card *card, const struct apdu *a)
{
	card->selected =
		a->p1 == 4 && a->data_len == sizeof(name) && !memcmp(a->data, name, sizeof(name));
	return card->selected ? SW_DONE : SW_NO_FILE;
}

static unsigned read_file(const struct ccid_card *card, const struct apdu *a, uint8_t *out,
			  size_t *ret_len)
{
	size_t offset = (size_t)(a->p1 & 0x7f) << 8 | a->p2;

	if (!card->selected)
		return SW_NOT_ALLOWED;
	if (offset >= CARD_FILE_BYTES)
		return SW_WRONG_OFFSET;
	*ret_len = min_u64(a->expected, CARD_FILE_BYTES - offset);
	memcpy(out, card->file + offset, *ret_len);
	return SW_DONE;
}

static unsigned update_file(struct ccid_card *card, const struct apdu *a)
{
	size_t offset = (size_t)(a->p1 & 0x7f) << 8 | a->p2;

	if (!card->selected)
		return SW_NOT_ALLOWED;
	if (!a->data_len)
		return SW_WRONG_LENGTH;
	if (offset + a->data_len > CARD_FILE_BYTES)
		return SW_WRONG_OFFSET;
	memcpy(card->file + offset, a->data, a->data_len);
	return SW_DONE;
}

static unsigned challenge(struct ccid_card *card, const struct apdu *a, uint8_t *out,
			  size_t *ret_len)
{
	*ret_len = a->expected;
	for (size_t i = 0; i < a->expected; i++) {
		card->challenge = card->challenge * 1103515245u + 12345u;
		out[i] = (uint8_t)(card->challenge >> 16);
	}
	return SW_DONE;
}

static unsigned answer(struct ccid_card *card, const uint8_t *bytes, size_t len, uint8_t *out,
		       size_t *ret_len)
{
	struct apdu a;

	if (!parse(&a, bytes, len))
		return SW_WRONG_LENGTH;
	if (bytes[0])
		return SW_NO_CLASS;
	switch (a.ins) {
	case INS_SELECT:
		return select_file(card, &a);
	case INS_READ_BINARY:
		return read_file(card, &a, out, ret_len);
	case INS_UPDATE_BINARY:
		return update_file(card, &a);
	case INS_GET_CHALLENGE:
		return challenge(card, &a, out, ret_len);
	default:
		return SW_NO_INSTRUCTION;
	}
}

size_t ccid_card_apdu(struct ccid_card *card, const uint8_t *apdu, size_t len,
		      uint8_t out[CARD_ANSWER_MAX])
{
	size_t n = 0;
	unsigned status = answer(card, apdu, len, out, &n);

	out[n] = (uint8_t)(status >> 8);
	out[n + 1] = (uint8_t)status;
	return n + 2;
}
