// SPDX-License-Identifier: MIT
/*
 * play_guest.c -- the guest of play.h: a handful of packets, a control pipe and a clock, and the two sides
 * that take turns.
 */
#include "heap.h"
#include "redir/play.h"

#define MS_NS UINT64_C(1000000)

void play_see(struct play *y, uint64_t v)
{
	y->hash = (y->hash ^ v) * UINT64_C(0x100000001b3);
}

/* Until neither side has anything to say, or has said enough. */
void play_talk(struct play *y)
{
	for (unsigned i = 0; i < 4 && y->peer.wire; i++) {
		struct wire *w = y->peer.wire;
		bool in = w->in.pos < w->in.len, out = w->out.pos < w->out.len;

		if (in || y->r->out || y->r->failed || y->r->visits != w->link.visits)
			dev_link_ready(&w->link);
		else if (!out)
			break;
		peer_work(&y->peer);
	}
}

/* So many bytes of data, or what is left of them. */
uint32_t play_spend(struct play *y, uint32_t bytes)
{
	bytes = (uint32_t)min_u64(bytes, y->left);
	y->left -= bytes;
	return bytes;
}

void play_let_go(struct play *y, struct play_packet *k)
{
	if (k->p) {
		play_see(y, k->p->status);
		play_see(y, k->p->actual);
		if (k->p->actual && k->address & 0x80)
			play_see(y, k->p->data[k->p->actual - 1]);
	}
	usb_packet_free(k->p);
	k->p = NULL;
}

void play_submit(struct play *y, struct play_packet *k)
{
	bool in = k->address & 0x80;

	if (!k->p && y->port.dev)
		k->p = usb_packet_new(y->port.dev, in ? USB_IN : USB_OUT, k->address & 15, k->len);
	if (!k->p)
		return;
	k->p->stream = k->stream;
	play_see(y, usb_packet_submit(k->p));
}

void play_sweep(struct play *y)
{
	for (unsigned i = 0; i < PLAY_MAX_PACKETS; i++)
		if (y->packet[i].p && y->packet[i].p->state == USB_PACKET_DONE)
			play_let_go(y, &y->packet[i]);
}

struct play_packet *play_place(struct play *y)
{
	for (unsigned i = 0; i < PLAY_MAX_PACKETS; i++)
		if (!y->packet[i].p)
			return &y->packet[i];
	play_let_go(y, &y->packet[0]);
	return &y->packet[0];
}

/* One token on endpoint 0; what is not answered now is taken back. */
static enum usb_status token(struct play *y, enum usb_pid pid, const void *data, uint32_t len)
{
	struct usb_packet *p;
	enum usb_status status;

	if (!y->port.dev)
		return USB_NODEV;
	p = usb_packet_new(y->port.dev, pid, 0, len);
	if (pid != USB_IN && data && len)
		memcpy(p->data, data, len);
	status = usb_packet_submit(p);
	if (status == USB_ASYNC) {
		play_talk(y);
		status = (enum usb_status)p->status;
	}
	play_see(y, status);
	play_see(y, p->actual);
	usb_packet_free(p);
	return status;
}

void play_control(struct play *y, const uint8_t raw[8])
{
	bool in = raw[0] & 0x80;
	uint16_t len = (uint16_t)play_spend(y, get_le16(raw + 6));

	if (token(y, USB_SETUP, raw, 8) != USB_OK)
		return;
	if (len && token(y, in ? USB_IN : USB_OUT, NULL, len) != USB_OK)
		return;
	token(y, in && len ? USB_OUT : USB_IN, NULL, 0);
}

void play_enumerate(struct play *y)
{
	static const uint8_t requests[][8] = {
		{0, 5, 1},
		{0x80, 6, 0, 1, 0, 0, 18},
		{0, 9, 1},
	};

	if (!y->port.dev)
		return;
	usb_device_reset(y->port.dev);
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++)
		play_control(y, requests[i]);
}

void play_step(struct play *y, unsigned ms)
{
	uint64_t end_ns = y->now_ns + ms * MS_NS;

	if (y->peer.wire)
		y->peer.wire->takes = y->takes;
	for (unsigned i = 0; i < 8 && y->timer_ns <= end_ns && y->port.dev; i++) {
		y->now_ns = max_u64(y->timer_ns, y->now_ns);
		y->timer_ns = UINT64_MAX;
		usb_device_timer(y->port.dev);
	}
	y->now_ns = end_ns;
	for (unsigned i = 0; i < PLAY_MAX_PACKETS; i++)
		if (y->packet[i].p && y->packet[i].p->state == USB_PACKET_IDLE)
			play_submit(y, &y->packet[i]);
}
