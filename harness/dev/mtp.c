// SPDX-License-Identifier: MIT
/*
 * mtp.c -- a media device: containers over a bulk pair (Still Image Class 1.0, MTP 1.1). A transaction is a
 * command, perhaps data in one direction, and a response; what comes out of turn is answered or stalls.
 * Left out: events (the endpoint is there and silent), thumbnails, edits of objects.
 */
#include <errno.h>

#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/mtp.h"
#include "heap.h"

#define DATA_IN 0x81
#define DATA_OUT 0x02
#define EVENT_IN 0x83
#define CHUNK 4096u /* bytes of an object that are read at once */

enum container { /* Still Image Class 1.0, table 7.1-2 */
	COMMAND = 1,
	DATA = 2,
	RESPONSE = 3,
};

enum { /* Still Image Class 1.0, 5.2 */
	CANCEL = 0x64,
	RESET = 0x66,
	GET_STATUS = 0x67,
};

/* clang-format off */
#define DESC_SET(bulk, interval)                                                                   \
	{                                                                                          \
		DEVICE_DESC(0x0200, 64, 0x000a),                                                   \
		CONFIG_DESC(39, 1, 0xc0, 50),                                                      \
		9, 4, 0, 0, 3, 6, 1, 1, 4,                                                         \
		ENDPOINT_DESC(DATA_IN, 2, bulk, 0), ENDPOINT_DESC(DATA_OUT, 2, bulk, 0),           \
		ENDPOINT_DESC(EVENT_IN, 3, 64, interval),                                          \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 3, 3, 'm', 0, 't', 0, 'p', 0,                                              \
		2 + 2 * 1, 3, '1', 0,                                                              \
		2 + 2 * 3, 3, 'M', 0, 'T', 0, 'P', 0, /* of the interface: by that hosts tell it */   \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(64, 10);
static const uint8_t high_speed_desc[] = DESC_SET(512, 7);

static struct mtp *to_mtp(struct usb_device *dev)
{
	return container_of(dev, struct mtp, usb);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	*ret_len = sizeof(full_speed_desc);
	return speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc;
}

static void wake_in(struct mtp *m)
{
	if (m->usb.ep_in[DATA_IN & 15].present)
		usb_wakeup(&m->usb.ep_in[DATA_IN & 15]);
}

/* ---- to the host --------------------------------------------------------------------------- */

static void drop_in(struct mtp *m)
{
	heap_free(m->in);
	m->in = NULL;
	m->in_len = m->in_pos = 0;
	m->stream = 0;
	m->stream_left = 0;
}

static uint8_t *container(struct mtp *m, enum container type, uint16_t code, size_t len,
			  uint64_t claimed)
{
	drop_in(m);
	m->in_len = MTP_HEAD + len;
	m->in = heap_zero(m->in_len);
	put_le32(m->in, (uint32_t)min_u64(claimed, UINT32_MAX));
	put_le16(m->in + 4, (uint16_t)type);
	put_le16(m->in + 6, code);
	put_le32(m->in + 8, m->transaction);
	return m->in + MTP_HEAD;
}

uint8_t *mtp_data_in(struct mtp *m, size_t len, uint64_t stream)
{
	uint8_t *at = container(m, DATA, m->code, len, MTP_HEAD + len + stream);

	m->stream_left = stream;
	m->phase = MTP_DATA_IN;
	return at;
}

static void make_response(struct mtp *m)
{
	size_t len = 4 * (size_t)m->answer_count;
	uint8_t *at = container(m, RESPONSE, m->result, len, MTP_HEAD + len);

	for (unsigned i = 0; i < m->answer_count; i++)
		put_le32(at + 4 * i, m->answer[i]);
}

static void put_stream(struct mtp *m, struct usb_packet *p)
{
	const struct mtp_object *o = mtp_store_find(m->store, m->stream);
	uint8_t chunk[CHUNK];

	while (m->stream_left && p->actual < p->len) {
		size_t room = min_u64(min_u64(sizeof(chunk), p->len - p->actual), m->stream_left);
		ssize_t n = o ? m->store->ops->read(m->store, o, m->stream_pos, chunk, room) : 0;

		if (n <= 0) { /* it is shorter than it was: so is the data phase */
			m->result = MTP_INCOMPLETE;
			m->stream_left = 0;
			return;
		}
		usb_packet_put(p, chunk, (size_t)n);
		m->stream_pos += (uint64_t)n;
		m->stream_left -= (uint64_t)n;
	}
}

/* The container is with the host: the response follows data, nothing a response. */
static void container_sent(struct mtp *m)
{
	bool data = m->phase == MTP_DATA_IN;

	drop_in(m);
	m->phase = data ? MTP_RESPONSE : MTP_COMMAND;
}

static enum usb_status in(struct mtp *m, struct usb_endpoint *ep, struct usb_packet *p)
{
	size_t n;

	if (m->in_end) {
		m->in_end = false;
		return USB_OK;
	}
	if (m->phase != MTP_DATA_IN && m->phase != MTP_RESPONSE)
		return USB_NAK;
	if (!m->in)
		make_response(m);
	n = min_u64(m->in_len - m->in_pos, p->len);
	usb_packet_put(p, m->in + m->in_pos, n);
	m->in_pos += n;
	put_stream(m, p);
	if (m->in_pos < m->in_len || m->stream_left)
		return USB_OK;
	m->in_end = dev_ends_full(ep, p->actual);
	container_sent(m);
	return USB_OK;
}

/* ---- from the host ------------------------------------------------------------------------- */

static void gather(struct mtp *m, const struct usb_packet *p)
{
	if (m->out_len < sizeof(m->out))
		memcpy(m->out + m->out_len, p->data, min_u64(p->len, sizeof(m->out) - m->out_len));
	m->out_len += p->len;
}

static enum usb_status stall(struct mtp *m)
{
	m->out_len = 0;
	m->phase = MTP_COMMAND;
	drop_in(m);
	return USB_STALL;
}

static enum usb_status take_command(struct mtp *m)
{
	uint64_t len = m->out_len;

	m->out_len = 0;
	if (len < MTP_HEAD || len > MTP_HEAD + 4 * MTP_PARAMS || len % 4 ||
	    get_le32(m->out) != len || get_le16(m->out + 4) != COMMAND)
		return stall(m);
	m->code = get_le16(m->out + 6);
	m->transaction = get_le32(m->out + 8);
	m->param_count = (unsigned)(len - MTP_HEAD) / 4;
	memset(m->param, 0, sizeof(m->param));
	for (unsigned i = 0; i < m->param_count; i++)
		m->param[i] = get_le32(m->out + MTP_HEAD + 4 * i);
	mtp_begin(m);
	wake_in(m);
	return USB_OK;
}

/* The head of a data container must be that of this transaction. */
static bool head_fits(const struct mtp *m)
{
	return m->out_len >= MTP_HEAD && get_le16(m->out + 4) == DATA &&
		get_le16(m->out + 6) == m->code && get_le32(m->out + 8) == m->transaction;
}

static void end_data(struct mtp *m)
{
	if (m->code == MTP_SEND_OBJECT_INFO) {
		if (m->out_len > sizeof(m->out)) {
			m->result = MTP_INVALID_DATASET;
			m->phase = MTP_RESPONSE;
		} else {
			mtp_take_object_info(m, m->out_len - MTP_HEAD);
		}
	} else {
		m->sending = 0;
		m->phase = MTP_RESPONSE;
	}
	m->out_len = 0;
	wake_in(m);
}

static enum usb_status out(struct mtp *m, struct usb_endpoint *ep, struct usb_packet *p)
{
	bool last = !p->len || !ep->max_packet || p->len % ep->max_packet;
	uint64_t before = m->out_len;

	if (m->out_end && !p->len) {
		m->out_end = false;
		return USB_OK;
	}
	if (m->phase != MTP_COMMAND && m->phase != MTP_DATA_OUT)
		return USB_NAK; /* it has to take the response first */
	m->out_end = false;
	gather(m, p);
	if (m->phase == MTP_COMMAND) {
		last |= m->out_len >= MTP_HEAD && m->out_len == get_le32(m->out);
		return last && m->out_len ? take_command(m) : USB_OK;
	}
	if (m->out_len < MTP_HEAD && !last)
		return USB_OK;
	if (!head_fits(m))
		return stall(m);
	if (m->code == MTP_SEND_OBJECT) {
		uint64_t skip = before < MTP_HEAD ? MTP_HEAD - before : 0;

		mtp_take_object(m, p->data + skip, p->len - skip);
	}
	if (last || m->out_len == get_le32(m->out)) {
		m->out_end = !last;
		end_data(m);
	}
	return USB_OK;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	switch (ep->address) {
	case DATA_IN:
		return in(to_mtp(dev), ep, p);
	case DATA_OUT:
		return out(to_mtp(dev), ep, p);
	case EVENT_IN:
		return USB_NAK;
	default:
		return USB_STALL;
	}
}

/* ---- requests and life --------------------------------------------------------------------- */

static void idle(struct mtp *m)
{
	drop_in(m);
	m->phase = MTP_COMMAND;
	m->out_len = 0;
	m->in_end = m->out_end = false;
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	uint8_t status[4] = {4, 0, 0x01, 0x20}; /* length, OK */
	struct mtp *m = to_mtp(dev);

	if (dev->state != USB_CONFIGURED || s->index || s->value)
		return -USB_STALL;
	if (s->type == 0xa1 && s->request == GET_STATUS) {
		len = (uint32_t)min_u64(len, sizeof(status));
		if (len)
			memcpy(bytes, status, len);
		return (int)len;
	}
	if (s->type != 0x21)
		return -USB_STALL;
	if (s->request == CANCEL && len == 6 && get_le16(bytes) == 0x4001) {
		idle(m);
		return 0;
	}
	if (s->request != RESET || len)
		return -USB_STALL;
	idle(m);
	m->session = m->sending = 0;
	return 0;
}

static void reset(struct usb_device *dev)
{
	struct mtp *m = to_mtp(dev);

	idle(m);
	m->session = m->sending = 0;
}

static void mtp_free(struct usb_device *dev)
{
	struct mtp *m = to_mtp(dev);

	usb_device_fini(dev);
	drop_in(m);
	mtp_store_free(m->store);
	heap_free(m);
}

static const struct usb_device_ops ops = {
	.model = "mtp",
	.ms_compat = "MTP\0\0\0\0\0\0\0\0\0\0\0\0",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = describe,
	.reset = reset,
	.control = control,
	.data = data,
	.configured = reset,
	.free = mtp_free,
};

struct usb_device *mtp_new(struct mtp_store *store)
{
	struct mtp *m = heap_zero(sizeof(*m));

	usb_device_init(&m->usb, &ops, NULL, 0); /* see describe */
	m->store = store ? store : mtp_memory_new();
	return &m->usb;
}
