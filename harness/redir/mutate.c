// SPDX-License-Identifier: MIT
/*
 * mutate.c -- inputs of play.h into slightly different ones: records are added, dropped, moved, doubled and
 * changed field by field; messages are those of the table, with endpoints, lengths and counts that matter.
 */
#include "op/random.h"
#include "redir/play.h"

#define MAX_BYTES 8192u

struct record {
	size_t at, len; /* of all of it */
};

struct script {
	uint8_t bytes[MAX_BYTES];
	size_t len;
	struct record record[PLAY_MAX_RECORDS];
	unsigned count;
};

static void scan(struct script *s)
{
	size_t at = PLAY_HEAD_BYTES;

	s->count = 0;
	while (at + PLAY_RECORD_BYTES <= s->len && s->count < PLAY_MAX_RECORDS) {
		size_t n = PLAY_RECORD_BYTES + get_le16(s->bytes + at + 1);

		n = min_u64(n, s->len - at);
		s->record[s->count++] = (struct record){at, n};
		at += n;
	}
	s->len = at < s->len ? at : s->len;
}

static void load(struct script *s, const uint8_t *data, size_t size)
{
	s->len = min_u64(size, MAX_BYTES);
	memset(s->bytes, 0, PLAY_HEAD_BYTES);
	memcpy(s->bytes, data, s->len);
	if (s->len < PLAY_HEAD_BYTES)
		s->len = PLAY_HEAD_BYTES;
	scan(s);
}

static void drop(struct script *s, unsigned i)
{
	struct record *k = &s->record[i];

	memmove(s->bytes + k->at, s->bytes + k->at + k->len, s->len - k->at - k->len);
	s->len -= k->len;
	scan(s);
}

/* Before record i; i = count: at the end. */
static void insert(struct script *s, unsigned i, const uint8_t *bytes, size_t len)
{
	size_t at = i < s->count ? s->record[i].at : s->len;

	if (s->len + len > MAX_BYTES || s->count == PLAY_MAX_RECORDS)
		return;
	memmove(s->bytes + at + len, s->bytes + at, s->len - at);
	memcpy(s->bytes + at, bytes, len);
	s->len += len;
	scan(s);
}

/* ---- values that matter ---------------------------------------------------------------------- */

static uint8_t an_endpoint(struct op_random *r)
{
	static const uint8_t known[] = {PEER_BULK_IN,
					PEER_BULK_OUT,
					PEER_INTERRUPT_IN,
					PEER_INTERRUPT_OUT,
					PEER_ISO_IN,
					PEER_ISO_OUT,
					0x80,
					0x00};

	return op_random_one_in(r, 12) ? (uint8_t)op_random_next(r)
				       : known[op_random_below(r, ARRAY_SIZE(known))];
}

static uint16_t a_length(struct op_random *r)
{
	static const uint16_t known[] = {0, 1, 8, 18, 63, 64, 65, 192, 511, 512, 513, 1024, 4096};

	if (op_random_one_in(r, 16))
		return (uint16_t)op_random_next(r);
	return known[op_random_below(r, ARRAY_SIZE(known))];
}

static uint8_t a_status(struct op_random *r)
{
	return (uint8_t)(op_random_one_in(r, 2)           ? 0
				 : op_random_one_in(r, 8) ? op_random_next(r)
							  : op_random_below(r, 8));
}

static size_t fill_endpoints(struct op_random *r, uint8_t *header)
{
	for (unsigned i = 0; i < 32; i++) {
		bool there = op_random_one_in(r, 3);

		header[i] = (uint8_t)(there ? op_random_below(r, 5) : 255);
		header[32 + i] = (uint8_t)op_random_below(r, 3);
		header[64 + i] = (uint8_t)op_random_below(r, 3);
		put_le16(header + 96 + 2 * i, a_length(r));
		put_le32(header + 160 + 4 * i,
			 op_random_one_in(r, 4) ? op_random_below(r, 70000) : 0);
	}
	return 288;
}

/* The header of a message; how much of it is given. */
static size_t fill_header(struct op_random *r, const struct play_message *m, uint8_t *header)
{
	size_t n = 0;

	if (m->type == usb_redir_ep_info)
		return fill_endpoints(r, header);
	for (unsigned i = 0; i < m->bytes && i < 16; i++)
		header[i] = a_status(r);
	if (m->endpoint != 255) {
		header[m->endpoint] = an_endpoint(r);
		n = m->endpoint + 1u;
	}
	switch (m->type) {
	case usb_redir_bulk_packet:
	case usb_redir_interrupt_packet:
	case usb_redir_iso_packet:
		header[1] = a_status(r);
		return op_random_one_in(r, 4) ? m->bytes : 2;
	case usb_redir_control_packet:
		header[0] = op_random_one_in(r, 3) ? 0 : 0x80;
		header[3] = a_status(r);
		return op_random_one_in(r, 4) ? 10 : 4;
	case usb_redir_interface_info:
		put_le32(header, op_random_one_in(r, 4) ? op_random_below(r, 256) : 1);
		return 4;
	case usb_redir_hello:
		return 0;
	case usb_redir_device_connect:
		header[0] = (uint8_t)op_random_below(r, 5);
		return m->bytes;
	default:
		return n > m->bytes || op_random_one_in(r, 2) ? min_u64(m->bytes, 16) : n;
	}
}

static size_t fill_message(struct op_random *r, uint8_t *body)
{
	/* Half of the table is what only we may send: the parser refuses it. */
	unsigned index = op_random_below(r, op_random_one_in(r, 16) ? PLAY_MESSAGES : 18);

	body[0] = (uint8_t)index;
	body[1] = (uint8_t)(op_random_one_in(r, 3) ? op_random_below(r, 80) : 0);
	body[2] = (uint8_t)(op_random_one_in(r, 24) ? op_random_below(r, 8) : 0);
	put_le16(body + 3, op_random_one_in(r, 2) ? a_length(r) : 0);
	return 5 + fill_header(r, &play_messages[index], body + 5);
}

static size_t fill_request(struct op_random *r, uint8_t *body)
{
	static const uint8_t known[][8] = {
		{0x80, 6, 0, 1, 0, 0, 18},
		{0x80, 6, 0, 2, 0, 0, 255},
		{0, 9, 1},
		{0, 9, 0},
		{0x80, 8, 0, 0, 0, 0, 1},
		{1, 11, 1},
		{0x81, 10, 0, 0, 0, 0, 1},
		{2, 1, 0, 0, 0x81},
		{2, 3, 0, 0, 0x81},
		{0x21, 9, 0, 0, 0, 0, 200},
		{0xc0, 1, 0, 0, 0, 0, 0, 4},
		{0, 5, 2},
	};

	memcpy(body, known[op_random_below(r, ARRAY_SIZE(known))], 8);
	if (op_random_one_in(r, 4))
		body[op_random_below(r, 8)] = (uint8_t)op_random_next(r);
	return 8;
}

static size_t fill_spoil(struct op_random *r, uint8_t *body)
{
	unsigned n = 1 + op_random_below(r, 4);

	for (unsigned i = 0; i < n; i++) {
		bool cut = op_random_one_in(r, 8);

		put_le16(body + 3 * i, cut ? 0xff00 : (uint16_t)op_random_below(r, 1400));
		body[3 * i + 2] = (uint8_t)(op_random_one_in(r, 2) ? op_random_next(r)
								   : 1u << op_random_below(r, 8));
	}
	return 3 * n;
}

/* A new record, whole. */
static size_t make(struct op_random *r, uint8_t *bytes)
{
	/* What a session is made of more often than what ends it. */
	static const uint8_t often[] = {PLAY_MESSAGE, PLAY_MESSAGE, PLAY_MESSAGE, PLAY_MESSAGE,
					PLAY_PACKET,  PLAY_PACKET,  PLAY_PACKET,  PLAY_CONTROL,
					PLAY_PUSH,    PLAY_PUSH,    PLAY_ANSWER,  PLAY_STEP};
	uint8_t op = op_random_one_in(r, 3) ? (uint8_t)op_random_below(r, PLAY_OPS)
					    : often[op_random_below(r, ARRAY_SIZE(often))];
	uint8_t *body = bytes + PLAY_RECORD_BYTES;
	size_t n = 0;

	switch (op) {
	case PLAY_MESSAGE:
		n = fill_message(r, body);
		break;
	case PLAY_RAW:
		for (n = 0; n < 1 + op_random_below(r, 12); n++)
			body[n] = (uint8_t)op_random_next(r);
		break;
	case PLAY_CONTROL:
		n = fill_request(r, body);
		break;
	case PLAY_PACKET:
		body[0] = an_endpoint(r);
		put_le16(body + 1, a_length(r));
		body[3] = (uint8_t)(op_random_one_in(r, 6) ? op_random_below(r, 20) : 0);
		body[4] = (uint8_t)(op_random_one_in(r, 6) ? op_random_below(r, 16) : 0);
		n = 5;
		break;
	case PLAY_PUSH:
		body[0] = an_endpoint(r);
		put_le16(body + 1, a_length(r));
		body[3] = (uint8_t)(op_random_one_in(r, 4) ? op_random_below(r, 200) : 0);
		n = 4;
		break;
	case PLAY_RESTORE:
		n = fill_spoil(r, body);
		break;
	case PLAY_ENDPOINTS:
		body[0] = (uint8_t)op_random_below(r, 32);
		body[1] = (uint8_t)op_random_below(r, 5);
		put_le16(body + 2, a_length(r));
		put_le16(body + 4, a_length(r));
		n = 6;
		break;
	case PLAY_MOVE:
	case PLAY_UNPLUG:
		break;
	default:
		body[0] = (uint8_t)(op_random_one_in(r, 2) ? 0 : op_random_below(r, 8));
		body[1] = a_status(r);
		body[2] = (uint8_t)(op_random_one_in(r, 4) ? op_random_below(r, 16) : 0);
		n = 3;
	}
	bytes[0] = op;
	put_le16(bytes + 1, (uint16_t)n);
	return PLAY_RECORD_BYTES + n;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void change_head(struct op_random *r, struct script *s)
{
	switch (op_random_below(r, 4)) {
	case 0:
		s->bytes[0] ^= (uint8_t)(1u << op_random_below(r, 8));
		break;
	case 1:
		s->bytes[1] ^= (uint8_t)(1u << op_random_below(r, 5));
		break;
	case 2:
		s->bytes[2] = (uint8_t)op_random_below(r, 5);
		break;
	default:
		s->bytes[3] = (uint8_t)(op_random_one_in(r, 2) ? 0 : op_random_below(r, 40));
	}
}

static void change_byte(struct op_random *r, struct script *s, const struct record *k)
{
	size_t n = k->len - PLAY_RECORD_BYTES;
	uint8_t *b;

	if (k->len <= PLAY_RECORD_BYTES)
		return;
	/* The first bytes of a body are its fields. */
	b = s->bytes + k->at + PLAY_RECORD_BYTES +
		op_random_below(r, (uint32_t)(op_random_one_in(r, 3) ? n : min_u64(n, 8)));
	switch (op_random_below(r, 4)) {
	case 0:
		*b = (uint8_t)op_random_next(r);
		break;
	case 1:
		*b ^= (uint8_t)(1u << op_random_below(r, 8));
		break;
	case 2:
		*b = an_endpoint(r);
		break;
	default:
		*b = (uint8_t)(*b + (op_random_one_in(r, 2) ? 1 : -1));
	}
}

static void change(struct op_random *r, struct script *s)
{
	uint8_t bytes[PLAY_RECORD_BYTES + 512];
	unsigned i = s->count ? op_random_below(r, s->count) : 0;
	size_t n;

	switch (s->count ? op_random_below(r, 10) : 9) {
	case 0:
		change_head(r, s);
		break;
	case 1:
		drop(s, i);
		break;
	case 2: /* the same again, elsewhere */
		n = min_u64(s->record[i].len, sizeof(bytes));
		if (n < s->record[i].len)
			break;
		memcpy(bytes, s->bytes + s->record[i].at, n);
		insert(s, op_random_below(r, s->count + 1), bytes, n);
		break;
	case 3:
	case 4:
	case 5:
		change_byte(r, s, &s->record[i]);
		break;
	case 6: /* another record in its place */
		drop(s, i);
		n = make(r, bytes);
		insert(s, i, bytes, n);
		break;
	default:
		n = make(r, bytes);
		insert(s, op_random_below(r, s->count + 1), bytes, n);
	}
}

size_t play_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct op_random r = {seed};
	struct script s;

	if (max_size < PLAY_HEAD_BYTES)
		return size;
	load(&s, data, size);
	for (unsigned n = 1 + op_random_below(&r, 3); n; n--)
		change(&r, &s);
	size = min_u64(s.len, max_size);
	memcpy(data, s.bytes, size);
	return size;
}

size_t play_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
		      uint8_t *out, size_t max_size, unsigned seed)
{
	struct op_random r = {seed};
	struct script s, t;
	unsigned first;

	load(&s, a, a_size);
	load(&t, b, b_size);
	first = t.count ? op_random_below(&r, t.count) : 0;
	for (unsigned i = first; i < t.count && i < first + 1 + op_random_below(&r, 8); i++)
		insert(&s, op_random_below(&r, s.count + 1), t.bytes + t.record[i].at,
		       t.record[i].len);
	max_size = min_u64(s.len, max_size);
	memcpy(out, s.bytes, max_size);
	return max_size;
}
