// SPDX-License-Identifier: MIT
/*
 * peer_answer.c -- what the polite other side owes for requests and packets, and data it sends unasked.
 */
#include "heap.h"
#include "redir/peer.h"

void peer_owe(struct peer *peer, const struct peer_owed *o)
{
	peer->last_id = o->id;
	if (peer->owed_count == PEER_MAX_OWED)
		return;
	peer->owed[peer->owed_count++] = *o;
	if (!peer->lazy)
		peer_answer(peer, peer->owed_count - 1, usb_redir_success);
}

static uint8_t *pattern(uint32_t len)
{
	uint8_t *data = len ? heap_zero(len) : NULL;

	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)i;
	return data;
}

static void answer_control(struct peer *peer, struct peer_owed *o, uint8_t status)
{
	static const uint8_t device[18] = {18,   1,    0, 2, 0xff, 0, 0, 64, 0x09,
					   0x12, 0x13, 0, 0, 1,    0, 0, 0,  1};
	struct usb_redir_control_packet_header h = o->h.control;
	uint16_t len = 0;
	uint8_t *data = NULL;

	h.status = status;
	if (h.endpoint & 0x80 && status == usb_redir_success) {
		len = h.length;
		data = pattern(len);
		if (h.request == 6 && h.value == 0x0100) {
			len = (uint16_t)min_u64(len, sizeof(device));
			if (len)
				memcpy(data, device, len);
		}
	}
	if (h.endpoint & 0x80)
		h.length = len;
	usbredirparser_send_control_packet(peer->parser, o->id, &h, data, len);
	heap_free(data);
}

static void answer_bulk(struct peer *peer, struct peer_owed *o, uint8_t status)
{
	struct usb_redir_bulk_packet_header h = o->h.bulk;
	uint32_t len = (uint32_t)h.length_high << 16 | h.length;
	uint8_t *data = NULL;

	h.status = status;
	if (status != usb_redir_success)
		len = 0;
	if (h.endpoint & 0x80) {
		len = peer->most ? (uint32_t)min_u64(len, peer->most) : len;
		data = pattern(len);
	}
	h.length = (uint16_t)len;
	h.length_high = (uint16_t)(len >> 16);
	usbredirparser_send_bulk_packet(peer->parser, o->id, &h, data,
					h.endpoint & 0x80 ? (int)len : 0);
	heap_free(data);
}

bool peer_answer(struct peer *peer, unsigned nth, uint8_t status)
{
	struct peer_owed o;

	if (nth >= peer->owed_count)
		return false;
	o = peer->owed[nth];
	peer->owed_count--;
	memmove(&peer->owed[nth], &peer->owed[nth + 1],
		(peer->owed_count - nth) * sizeof(peer->owed[0]));
	if (o.kind == PEER_CONTROL) {
		answer_control(peer, &o, status);
	} else if (o.kind == PEER_BULK) {
		answer_bulk(peer, &o, status);
	} else {
		o.h.interrupt.status = status;
		usbredirparser_send_interrupt_packet(peer->parser, o.id, &o.h.interrupt, NULL, 0);
	}
	usbredirparser_do_write(peer->parser);
	return true;
}

void peer_push(struct peer *peer, uint8_t endpoint, uint32_t len)
{
	uint8_t *data = pattern(len), type = peer->ep.type[redir_index(endpoint)];
	struct usb_redir_iso_packet_header iso = {endpoint, 0, (uint16_t)len};
	struct usb_redir_interrupt_packet_header interrupt = {endpoint, 0, (uint16_t)len};
	struct usb_redir_buffered_bulk_packet_header bulk = {.length = len, .endpoint = endpoint};

	if (type == usb_redir_type_iso)
		usbredirparser_send_iso_packet(peer->parser, 1, &iso, data, (uint16_t)len);
	else if (type == usb_redir_type_interrupt)
		usbredirparser_send_interrupt_packet(peer->parser, 1, &interrupt, data,
						     (uint16_t)len);
	else if (type == usb_redir_type_bulk)
		usbredirparser_send_buffered_bulk_packet(peer->parser, 1, &bulk, data, (int)len);
	heap_free(data);
	usbredirparser_do_write(peer->parser);
}
