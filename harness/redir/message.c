// SPDX-License-Identifier: MIT
/*
 * message.c -- the messages of usbredir 0.7 as a table, and one of them as bytes: right by default, with a
 * wrong length, an id that nobody knows or a header of any contents where the input says so.
 */
#include "heap.h"
#include "redir/play.h"

#define NONE 255

/* clang-format off */
const struct play_message play_messages[PLAY_MESSAGES] = {
	{usb_redir_bulk_packet, 10, 0, 2, 2, true},
	{usb_redir_control_packet, 10, 0, 8, 2, true},
	{usb_redir_interrupt_packet, 4, 0, 2, 2, true},
	{usb_redir_iso_packet, 4, 0, 2, 2, true},
	{usb_redir_buffered_bulk_packet, 10, 8, 4, 4, true},
	{usb_redir_ep_info, 288, NONE, NONE, 0, false},
	{usb_redir_interface_info, 132, NONE, NONE, 0, false},
	{usb_redir_device_connect, 10, NONE, NONE, 0, false},
	{usb_redir_device_disconnect, 0, NONE, NONE, 0, false},
	{usb_redir_configuration_status, 2, NONE, NONE, 0, false},
	{usb_redir_alt_setting_status, 3, NONE, NONE, 0, false},
	{usb_redir_iso_stream_status, 2, 1, NONE, 0, false},
	{usb_redir_interrupt_receiving_status, 2, 1, NONE, 0, false},
	{usb_redir_bulk_receiving_status, 6, 4, NONE, 0, false},
	{usb_redir_bulk_streams_status, 9, NONE, NONE, 0, false},
	{usb_redir_filter_filter, 0, NONE, NONE, 0, true},
	{usb_redir_filter_reject, 0, NONE, NONE, 0, false},
	{usb_redir_hello, 64, NONE, NONE, 0, true},
	/* from here on what only we may send */
	{usb_redir_device_disconnect_ack, 0, NONE, NONE, 0, false},
	{usb_redir_reset, 0, NONE, NONE, 0, false},
	{usb_redir_set_configuration, 1, NONE, NONE, 0, false},
	{usb_redir_get_configuration, 0, NONE, NONE, 0, false},
	{usb_redir_set_alt_setting, 2, NONE, NONE, 0, false},
	{usb_redir_get_alt_setting, 1, NONE, NONE, 0, false},
	{usb_redir_start_iso_stream, 3, 0, NONE, 0, false},
	{usb_redir_stop_iso_stream, 1, 0, NONE, 0, false},
	{usb_redir_start_interrupt_receiving, 1, 0, NONE, 0, false},
	{usb_redir_stop_interrupt_receiving, 1, 0, NONE, 0, false},
	{usb_redir_alloc_bulk_streams, 8, NONE, NONE, 0, false},
	{usb_redir_free_bulk_streams, 4, NONE, NONE, 0, false},
	{usb_redir_cancel_data_packet, 0, NONE, NONE, 0, false},
	{usb_redir_start_bulk_receiving, 10, 8, NONE, 0, false},
	{usb_redir_stop_bulk_receiving, 5, 4, NONE, 0, false},
};
/* clang-format on */

/* 0: the last that was asked; 1..64: so many before it; others: one that was never asked. */
static uint64_t id_of(const struct peer *peer, uint8_t choice)
{
	if (choice <= 64)
		return peer->last_id - choice;
	return choice < 128 ? choice : UINT64_MAX - choice;
}

static uint32_t lie(uint32_t len, uint8_t how)
{
	switch (how) {
	case 0:
		return len;
	case 1:
		return len + 1;
	case 2:
		return len - 1;
	case 3:
		return UINT32_MAX;
	case 4:
		return 0x80000000u;
	case 5:
		return 1u << 20; /* and never comes */
	default:
		return how;
	}
}

static void fill_rules(uint8_t *data, size_t len)
{
	static const char rule[] = "-1,-1,-1,-1,1|";

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)rule[i % (sizeof(rule) - 1)];
}

void play_message_write(struct wire_bytes *b, uint32_t *left, const struct peer *peer,
			bool wide_ids, const uint8_t *body, size_t len)
{
	uint8_t fixed[5] = {0}, head[16], header[288] = {0}, data[256];
	const struct play_message *m;
	uint32_t more;

	memcpy(fixed, body, min_u64(len, sizeof(fixed)));
	m = &play_messages[fixed[0] % PLAY_MESSAGES];
	if (len > sizeof(fixed))
		memcpy(header, body + sizeof(fixed), min_u64(len - sizeof(fixed), m->bytes));
	more = m->data ? (uint32_t)min_u64(get_le16(fixed + 3), *left) : 0;
	*left -= more;
	/* The data's length is right unless the header brings one of its own. */
	if (m->length != NONE && len < sizeof(fixed) + m->length + 1u)
		put_le16(header + m->length, (uint16_t)more);
	put_le32(head, m->type);
	put_le32(head + 4, lie(m->bytes + more, fixed[2]));
	put_le64(head + 8, id_of(peer, fixed[1]));
	wire_append(b, head, wide_ids ? 16 : 12);
	wire_append(b, header, m->bytes);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	if (m->type == usb_redir_filter_filter)
		fill_rules(data, sizeof(data));
	if (m->type == usb_redir_filter_filter && more && more <= sizeof(data))
		data[more - 1] = '\0';
	for (; more; more -= (uint32_t)min_u64(more, sizeof(data)))
		wire_append(b, data, min_u64(more, sizeof(data)));
}
