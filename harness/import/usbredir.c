// SPDX-License-Identifier: MIT
/*
 * usbredir.c -- what two sides of usbredir (protocol 0.7) have said, each in a file of its bytes, as `gauntlet
 * redir-peer --record` writes them. The host's answers repeat what they answer, so the guest's side may be missing:
 * then data that were sent to the device are, too. Isochronous packets are left out, as in captures.
 */
#include <errno.h>

#include <usbredirproto.h>

#include "import/traffic.h"

#define HELLO_BYTES 64u             /* and a word of capabilities, or several */
#define UNASKED (UINT64_C(1) << 63) /* in the ids of packets that no message asked for */
#define CAP(name) (UINT32_C(1) << usb_redir_cap_##name)

struct stream {
	const uint8_t *bytes;
	size_t len, at;
	uint32_t caps; /* of this side; then of both */
};

struct message {
	uint32_t type, len;
	uint64_t id;
	const uint8_t *body;
};

/* A hello has short ids: the other side's capabilities are not known yet. */
static bool take(struct stream *s, bool hello, struct message *m)
{
	size_t head = !hello && s->caps & CAP(64bits_ids) ? 16 : 12, left = s->len - s->at;
	const uint8_t *b = s->bytes + s->at;

	if (left < head || get_le32(b + 4) > left - head)
		return false;
	m->type = get_le32(b);
	m->len = get_le32(b + 4);
	m->id = head == 16 ? get_le64(b + 8) : get_le32(b + 8);
	m->body = b + head;
	s->at += head + m->len;
	return true;
}

static bool take_hello(struct stream *s)
{
	struct message m;

	if (!take(s, true, &m) || m.type != usb_redir_hello || m.len < HELLO_BYTES || m.len % 4)
		return false;
	s->caps = m.len > HELLO_BYTES ? get_le32(m.body + HELLO_BYTES) : 0;
	return true;
}

/* Whether the messages after the hello make sense with these capabilities of both. */
static bool makes_sense(struct stream s, uint32_t caps)
{
	struct message m;

	s.caps = caps;
	for (unsigned i = 0; i < 4 && take(&s, false, &m); i++)
		if (m.type == usb_redir_hello || m.type > usb_redir_buffered_bulk_packet ||
		    (m.type > usb_redir_bulk_receiving_status && m.type < usb_redir_control_packet))
			return false;
	return s.at > HELLO_BYTES + 12;
}

/* ---- URBs ------------------------------------------------------------------------------------ */

static int status_of(uint8_t status)
{
	return status == usb_redir_success ? 0 : status == usb_redir_stall ? -EPIPE : -EPROTO;
}

/* What a message says of an URB; endpoint and data are set where it has them. */
static struct import_event event_of(const struct message *m)
{
	return (struct import_event){.id = m->id, .bus = 1, .device = 1};
}

static void set_data(struct import_event *e, const struct message *m, uint32_t head)
{
	e->data = m->body + head;
	e->len = m->len - head;
}

static bool control(const struct message *m, struct import_event *e)
{
	const uint8_t *b = m->body;

	if (m->len < 10)
		return false;
	e->transfer = IMPORT_CONTROL;
	e->endpoint = b[2] & 0x80;
	e->has_setup = true;
	e->status = status_of(b[3]);
	e->setup[0] = b[2];
	e->setup[1] = b[1];
	memcpy(e->setup + 2, b + 4, 6); /* wValue, wIndex, wLength */
	e->urb_len = get_le16(b + 8);
	set_data(e, m, 10);
	return true;
}

static bool bulk(const struct message *m, bool wide, struct import_event *e)
{
	uint32_t head = wide ? 10 : 8;

	if (m->len < head)
		return false;
	e->transfer = IMPORT_BULK;
	e->endpoint = m->body[0];
	e->status = status_of(m->body[1]);
	e->urb_len = get_le16(m->body + 2) | (wide ? (uint32_t)get_le16(m->body + 8) << 16 : 0);
	set_data(e, m, head);
	return true;
}

static bool interrupt(const struct message *m, struct import_event *e)
{
	if (m->len < 4)
		return false;
	e->transfer = IMPORT_INTERRUPT;
	e->endpoint = m->body[0];
	e->status = status_of(m->body[1]);
	e->urb_len = get_le16(m->body + 2);
	set_data(e, m, 4);
	return true;
}

static bool buffered(const struct message *m, struct import_event *e)
{
	if (m->len < 10)
		return false;
	e->transfer = IMPORT_BULK;
	e->endpoint = m->body[8];
	e->status = status_of(m->body[9]);
	e->urb_len = get_le32(m->body + 4);
	set_data(e, m, 10);
	return true;
}

/* Messages of their own for what is a request on the bus (USB2 9.4.7). */
static bool set_configuration(const struct message *m, uint32_t at, struct import_event *e)
{
	if (m->len <= at)
		return false;
	e->transfer = IMPORT_CONTROL;
	e->has_setup = true;
	e->status = at ? status_of(m->body[0]) : 0;
	e->setup[1] = 9;
	e->setup[2] = m->body[at];
	return true;
}

/* ---- both sides ------------------------------------------------------------------------------- */

static void add_request(struct import_traffic *t, const struct stream *s, const struct message *m)
{
	struct import_event e = event_of(m);
	bool good = false;

	if (m->type == usb_redir_control_packet)
		good = control(m, &e);
	else if (m->type == usb_redir_bulk_packet)
		good = bulk(m, s->caps & CAP(32bits_bulk_length), &e);
	else if (m->type == usb_redir_interrupt_packet)
		good = interrupt(m, &e);
	else if (m->type == usb_redir_set_configuration)
		good = set_configuration(m, 0, &e);
	if (good)
		import_traffic_add(t, &e);
}

/* asked: the other side's messages are there, so only what comes by itself is not in t yet. */
static void add_answer(struct import_traffic *t, const struct stream *s, const struct message *m,
		       bool asked)
{
	struct import_event e = event_of(m), submit;
	bool good = false, unasked = !asked;

	if (m->type == usb_redir_control_packet) {
		good = control(m, &e);
	} else if (m->type == usb_redir_bulk_packet) {
		good = bulk(m, s->caps & CAP(32bits_bulk_length), &e);
	} else if (m->type == usb_redir_interrupt_packet) {
		good = interrupt(m, &e);
		unasked |= e.endpoint & 0x80;
	} else if (m->type == usb_redir_buffered_bulk_packet) {
		good = unasked = buffered(m, &e);
	} else if (m->type == usb_redir_configuration_status) {
		good = set_configuration(m, 1, &e);
	}
	if (!good || (unasked && !e.has_setup && !(e.endpoint & 0x80)))
		return;
	if (unasked) {
		e.id |= UNASKED;
		submit = e;
		submit.len = 0;
		import_traffic_add(t, &submit);
	}
	e.completes = true;
	import_traffic_add(t, &e);
}

int import_usbredir(const uint8_t *host, size_t host_len, const uint8_t *guest, size_t guest_len,
		    struct import_traffic *ret)
{
	struct stream h = {host, host_len, 0, 0}, g = {guest, guest_len, 0, 0};
	struct message m;

	memset(ret, 0, sizeof(*ret));
	if (!take_hello(&h))
		return -EINVAL;
	if (guest && !take_hello(&g))
		guest = NULL;
	if (guest)
		h.caps &= g.caps;
	/* A guest that was not recorded may have had less. */
	if (!guest && !makes_sense(h, h.caps))
		h.caps &= ~CAP(64bits_ids);
	g.caps = h.caps;
	while (guest && take(&g, false, &m))
		add_request(ret, &g, &m);
	while (take(&h, false, &m))
		add_answer(ret, &h, &m, guest);
	return 0;
}
