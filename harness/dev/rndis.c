// SPDX-License-Identifier: MIT
/*
 * rndis.c -- Remote NDIS messages (MS-RNDIS 2.2): initialize, halt, query, set, reset, keepalive and data.
 * Every offset and length that the host names is compared with the bytes that came, as numbers that
 * cannot wrap. Left out: out-of-band data, per-packet information, status indications.
 */
#include "dev/rndis.h"
#include "heap.h"

enum {
	MSG_PACKET = 1,
	MSG_INITIALIZE = 2,
	MSG_HALT = 3,
	MSG_QUERY = 4,
	MSG_SET = 5,
	MSG_RESET = 6,
	MSG_KEEPALIVE = 8,
};

#define DONE 0x80000000u /* | message: its completion */
#define STATUS_SUCCESS 0u
#define STATUS_NOT_SUPPORTED 0xc00000bbu
#define STATUS_INVALID_DATA 0xc0010015u
#define QUERY_HEAD 24u
#define SET_HEAD 28u
#define OFFSETS_FROM 8u /* offsets in a message count from its request id */

enum { /* MS-RNDIS, NDIS: object ids */
	OID_SUPPORTED_LIST = 0x00010101,
	OID_CURRENT_PACKET_FILTER = 0x0001010e,
	OID_VENDOR_DESCRIPTION = 0x0001010d,
	OID_XMIT_OK = 0x00020101,
	OID_RCV_OK = 0x00020102,
	OID_PERMANENT_ADDRESS = 0x01010101,
	OID_CURRENT_ADDRESS = 0x01010102,
	OID_MULTICAST_LIST = 0x01010103,
};

static const struct {
	uint32_t oid, value; /* of those that are one number, always the same */
} fixed[] = {
	{0x00010102, 0},           /* hardware status: ready */
	{0x00010103, 0},           /* media supported: 802.3 */
	{0x00010104, 0},           /* media in use */
	{0x00010106, 1500},        /* maximum frame size */
	{0x00010107, 1000000},     /* link speed, 100 bit/s */
	{0x0001010a, RNDIS_FRAME}, /* transmit block size */
	{0x0001010b, RNDIS_FRAME}, /* receive block size */
	{0x0001010c, 0x00001209},  /* vendor id */
	{0x00010111, RNDIS_FRAME}, /* maximum total size */
	{0x00010114, 0},           /* media connect status: connected */
	{0x00010115, 1},           /* maximum send packets */
	{0x00010116, 1},           /* vendor driver version */
	{0x00010202, 0},           /* physical medium: unspecified */
	{0x00020103, 0},           /* transmit errors */
	{0x00020104, 0},           /* receive errors */
	{0x00020105, 0},           /* receives without a buffer */
	{0x01010104, 1},           /* maximum list size */
	{0x01020101, 0},           /* receive alignment errors */
	{0x01020102, 0},           /* one collision */
	{0x01020103, 0},           /* more collisions */
};

static const uint32_t other[] = {
	OID_SUPPORTED_LIST, OID_CURRENT_PACKET_FILTER, OID_VENDOR_DESCRIPTION, OID_XMIT_OK,
	OID_RCV_OK,         OID_PERMANENT_ADDRESS,     OID_CURRENT_ADDRESS,    OID_MULTICAST_LIST,
};

#define OIDS (ARRAY_SIZE(fixed) + ARRAY_SIZE(other))
#define VALUE_MAX (4 * OIDS)

static void drop(struct rndis *r, unsigned index)
{
	heap_free(r->answer[index].bytes);
	r->answer_count--;
	memmove(&r->answer[index], &r->answer[index + 1],
		(r->answer_count - index) * sizeof(r->answer[0]));
}

void rndis_reset(struct rndis *r)
{
	while (r->answer_count)
		drop(r, r->answer_count - 1);
	r->ready = false;
	r->filter = 0;
	r->sent = r->received = 0;
}

/* An answer of len bytes, zeroed but for its head; the oldest is lost if too many wait. */
static uint8_t *add_answer(struct rndis *r, uint32_t message, uint32_t len)
{
	struct rndis_answer *a;

	if (r->answer_count == RNDIS_ANSWERS)
		drop(r, 0);
	a = &r->answer[r->answer_count++];
	*a = (struct rndis_answer){heap_zero(len), len};
	put_le32(a->bytes, message | DONE);
	put_le32(a->bytes + 4, len);
	return a->bytes;
}

static void initialize(struct rndis *r, uint32_t id)
{
	uint8_t *a = add_answer(r, MSG_INITIALIZE, 52);

	put_le32(a + 8, id);
	put_le32(a + 12, STATUS_SUCCESS);
	put_le32(a + 16, 1);                          /* version 1.0 */
	put_le32(a + 24, 1);                          /* connectionless */
	put_le32(a + 32, 1);                          /* packets in one message */
	put_le32(a + 36, RNDIS_HEADER + RNDIS_FRAME); /* bytes of a message */
	r->ready = true;
}

/* ---- query --------------------------------------------------------------------------------- */

static size_t put_value32(uint8_t *out, uint32_t value)
{
	put_le32(out, value);
	return 4;
}

static size_t list_oids(uint8_t out[VALUE_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		n += put_value32(out + n, other[i]);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		n += put_value32(out + n, fixed[i].oid);
	return n;
}

/* The value of an object; false: there is no such object. */
static bool value_of(const struct rndis *r, uint32_t oid, uint8_t out[VALUE_MAX], size_t *ret_len)
{
	static const char name[] = "usb-gauntlet network";

	switch (oid) {
	case OID_SUPPORTED_LIST:
		*ret_len = list_oids(out);
		return true;
	case OID_CURRENT_PACKET_FILTER:
		*ret_len = put_value32(out, r->filter);
		return true;
	case OID_VENDOR_DESCRIPTION:
		memcpy(out, name, sizeof(name));
		*ret_len = sizeof(name);
		return true;
	case OID_XMIT_OK:
		*ret_len = put_value32(out, r->sent);
		return true;
	case OID_RCV_OK:
		*ret_len = put_value32(out, r->received);
		return true;
	case OID_PERMANENT_ADDRESS:
	case OID_CURRENT_ADDRESS:
		memcpy(out, r->mac, 6);
		*ret_len = 6;
		return true;
	case OID_MULTICAST_LIST:
		*ret_len = 0;
		return true;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i].oid == oid) {
			*ret_len = put_value32(out, fixed[i].value);
			return true;
		}
	return false;
}

static void query(struct rndis *r, uint32_t id, uint32_t oid)
{
	uint8_t value[VALUE_MAX], *a;
	size_t len = 0;
	bool known = value_of(r, oid, value, &len);

	a = add_answer(r, MSG_QUERY, (uint32_t)(QUERY_HEAD + len));
	put_le32(a + 8, id);
	put_le32(a + 12, known ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
	put_le32(a + 16, (uint32_t)len);
	put_le32(a + 20, len ? QUERY_HEAD - OFFSETS_FROM : 0);
	if (len)
		memcpy(a + QUERY_HEAD, value, len);
}

/* ---- set ----------------------------------------------------------------------------------- */

static uint32_t set_value(struct rndis *r, const uint8_t *bytes, size_t len)
{
	uint64_t size = get_le32(bytes + 16), offset = get_le32(bytes + 20) + UINT64_C(8);

	if (offset + size > len)
		return STATUS_INVALID_DATA;
	switch (get_le32(bytes + 12)) {
	case OID_CURRENT_PACKET_FILTER:
		if (size != 4)
			return STATUS_INVALID_DATA;
		r->filter = get_le32(bytes + offset);
		return STATUS_SUCCESS;
	case OID_MULTICAST_LIST:
		return size % 6 ? STATUS_INVALID_DATA : STATUS_SUCCESS;
	default:
		return STATUS_NOT_SUPPORTED;
	}
}

static void put_status(struct rndis *r, uint32_t message, uint32_t first, uint32_t second)
{
	uint8_t *a = add_answer(r, message, 16);

	put_le32(a + 8, first);
	put_le32(a + 12, second);
}

bool rndis_command(struct rndis *r, const uint8_t *bytes, size_t len)
{
	uint32_t message, id;

	if (len < 12 || get_le32(bytes + 4) > len || get_le32(bytes + 4) < 12)
		return false;
	len = get_le32(bytes + 4);
	message = get_le32(bytes);
	id = get_le32(bytes + 8);
	switch (message) {
	case MSG_INITIALIZE:
		if (len < 24)
			return false;
		initialize(r, id);
		return true;
	case MSG_HALT:
		rndis_reset(r);
		return true;
	case MSG_QUERY:
		if (len < 28)
			return false;
		query(r, id, get_le32(bytes + 12));
		return true;
	case MSG_SET:
		if (len < SET_HEAD)
			return false;
		put_status(r, MSG_SET, id, set_value(r, bytes, len));
		return true;
	case MSG_RESET:
		rndis_reset(r);
		put_status(r, MSG_RESET, STATUS_SUCCESS, 1);
		return true;
	case MSG_KEEPALIVE:
		put_status(r, MSG_KEEPALIVE, id, STATUS_SUCCESS);
		return true;
	default:
		return false;
	}
}

size_t rndis_fetch(struct rndis *r, uint8_t *bytes, size_t room)
{
	size_t n;

	if (!r->answer_count)
		return 0;
	n = min_u64(r->answer[0].len, room);
	if (n)
		memcpy(bytes, r->answer[0].bytes, n);
	drop(r, 0);
	return n;
}

/* ---- data ---------------------------------------------------------------------------------- */

void rndis_wrap(uint8_t header[RNDIS_HEADER], uint32_t len)
{
	memset(header, 0, RNDIS_HEADER);
	put_le32(header, MSG_PACKET);
	put_le32(header + 4, RNDIS_HEADER + len);
	put_le32(header + 8, RNDIS_HEADER - OFFSETS_FROM);
	put_le32(header + 12, len);
}

size_t rndis_unwrap(const uint8_t *bytes, size_t len, size_t *ret_offset, size_t *ret_len)
{
	uint64_t whole, offset, size;

	*ret_offset = *ret_len = 0;
	if (len < RNDIS_HEADER || get_le32(bytes) != MSG_PACKET)
		return 0;
	whole = get_le32(bytes + 4);
	offset = get_le32(bytes + 8) + UINT64_C(8);
	size = get_le32(bytes + 12);
	if (whole < RNDIS_HEADER || whole > len || offset + size > whole || offset < RNDIS_HEADER)
		return 0;
	*ret_offset = offset;
	*ret_len = size;
	return whole;
}
