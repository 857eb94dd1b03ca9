// SPDX-License-Identifier: MIT
/*
 * play.c -- inputs of play.h: a bus with one port, a guest that is a handful of packets, and an other side.
 *
 * Judged is our side: what it sends, the real parser has to take; when all is over no packet, device or
 * block may be left; and a snapshot taken of what was restored from one is that one again.
 */
#include <errno.h>

#include "heap.h"
#include "redir/play.h"

static void is_wrong(struct play *y, const char *what)
{
	if (!y->wrong)
		y->wrong = what;
}

/* ---- the bus --------------------------------------------------------------------------------- */

static void woken(struct usb_port *port, struct usb_device *dev, struct usb_endpoint *ep)
{
	(void)dev;
	play_see(port->opaque, ep->address);
}

static const struct usb_port_ops port_ops = {.wakeup = woken};

static void arm(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	struct play *y = opaque;

	(void)dev;
	y->timer_ns = delay_ns == UINT64_MAX ? UINT64_MAX : y->now_ns + delay_ns;
}

static int plug(void *opaque, struct usb_device *dev)
{
	struct play *y = opaque;

	return usb_plug(&y->port, dev);
}

/* ---- records --------------------------------------------------------------------------------- */

static uint8_t byte(const uint8_t *body, size_t len, size_t at)
{
	return at < len ? body[at] : 0;
}

static uint16_t word(const uint8_t *body, size_t len, size_t at)
{
	return (uint16_t)(byte(body, len, at) | byte(body, len, at + 1) << 8);
}

static void op_message(struct play *y, const uint8_t *body, size_t len)
{
	bool wide = y->peer.caps >> usb_redir_cap_64bits_ids & 1;

	y->ragged |= byte(body, len, 2) != 0;
	if (y->peer.wire)
		play_message_write(&y->peer.wire->in, &y->left, &y->peer, wide, body, len);
}

static void op_raw(struct play *y, const uint8_t *body, size_t len)
{
	if (y->peer.wire)
		wire_append(&y->peer.wire->in, body, len);
	y->ragged = true;
}

static void op_control(struct play *y, const uint8_t *body, size_t len)
{
	uint8_t raw[8] = {0x80, 6, 0, 1, 0, 0, 18};

	if (len)
		memcpy(raw, body, min_u64(len, sizeof(raw)));
	play_control(y, raw);
}

/* Endpoint u8, length u16 (bit 15: times 16), stream u8, how many more u8. */
static void op_packet(struct play *y, const uint8_t *body, size_t len)
{
	uint8_t address = len ? body[0] : PEER_BULK_IN;
	uint32_t bytes = len > 1 ? word(body, len, 1) : 512;

	for (unsigned i = 0; i <= (byte(body, len, 4) & 15u); i++) {
		struct play_packet *k = play_place(y);

		*k = (struct play_packet){.address = address, .stream = byte(body, len, 3)};
		k->len = play_spend(y, bytes & 0x8000 ? (bytes & 0x7fff) * 16 : bytes);
		play_submit(y, k);
	}
}

static void op_cancel(struct play *y, const uint8_t *body, size_t len)
{
	play_let_go(y, &y->packet[byte(body, len, 0) % PLAY_MAX_PACKETS]);
}

static void op_step(struct play *y, const uint8_t *body, size_t len)
{
	play_step(y, byte(body, len, 0));
}

static void op_reset(struct play *y, const uint8_t *body, size_t len)
{
	if (!y->port.dev)
		return;
	if (byte(body, len, 0))
		usb_device_reset(y->port.dev);
	else
		play_enumerate(y);
}

/* Which u8, status u8, how many more u8. */
static void op_answer(struct play *y, const uint8_t *body, size_t len)
{
	for (unsigned i = 0; i <= byte(body, len, 2); i++)
		if (!peer_answer(&y->peer, byte(body, len, 0), byte(body, len, 1)))
			break;
}

/* Endpoint u8, length u16, how many more u8: some more than may wait are as good as any number. */
static void op_push(struct play *y, const uint8_t *body, size_t len)
{
	for (unsigned i = 0; i <= min_u64(byte(body, len, 3), REDIR_MAX_WAITING + 16); i++)
		peer_push(&y->peer, len ? body[0] : PEER_INTERRUPT_IN,
			  play_spend(y, len > 1 ? word(body, len, 1) : 8));
}

static void op_introduce(struct play *y, const uint8_t *body, size_t len)
{
	peer_introduce(&y->peer, byte(body, len, 0) ^ usb_redir_speed_high);
	play_talk(y);
	if (!(y->flags & PLAY_UNREADY))
		play_enumerate(y);
}

static void op_leave(struct play *y, const uint8_t *body, size_t len)
{
	if (!byte(body, len, 0)) {
		peer_leave(&y->peer);
	} else if (y->peer.wire) {
		if (byte(body, len, 0) & 1)
			peer_come_again(&y->peer);
		else
			wire_visit(y->peer.wire, false);
	}
}

static void op_unplug(struct play *y, const uint8_t *body, size_t len)
{
	(void)body;
	(void)len;
	usb_unplug(&y->port);
}

static void op_endpoints(struct play *y, const uint8_t *body, size_t len)
{
	unsigned i = byte(body, len, 0) % REDIR_ENDPOINTS;

	y->peer.ep.type[i] = byte(body, len, 1);
	y->peer.ep.max_packet_size[i] = word(body, len, 2);
	y->peer.ep.max_streams[i] = word(body, len, 4);
	peer_tell_endpoints(&y->peer);
	usbredirparser_do_write(y->peer.parser);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

/* The guest's packets are handed over again, to the device as it is now. */
static void come_back(struct play *y)
{
	for (unsigned i = 0; i < PLAY_MAX_PACKETS; i++) {
		struct play_packet *k = &y->packet[i];

		if (!k->p)
			continue;
		play_let_go(y, k);
		play_submit(y, k);
	}
}

static bool is_calm(const struct play *y)
{
	const struct wire *w = y->peer.wire;

	return w && w->in.pos == w->in.len && !y->r->out;
}

static void op_move(struct play *y, const uint8_t *body, size_t len)
{
	size_t n, again_n;
	uint8_t *bytes = redir_save(y->r, &n), *again;
	struct dev_link *link;
	bool calm = is_calm(y);
	int err;

	(void)body;
	(void)len;
	if (!bytes)
		return;
	link = redir_part(y->r);
	y->r = NULL;
	err = redir_restore(link, &y->config, bytes, n, &y->r);
	if (err) {
		/* The library refuses its own state of some messages that it has read in part. */
		if (!y->ragged && err != -EPROTO)
			is_wrong(y, "its own snapshot is refused");
		dev_link_hang_up(link);
		y->r = redir_new(link, &y->config);
		calm = false;
	}
	again = calm ? redir_save(y->r, &again_n) : NULL;
	if (again && (again_n != n || memcmp(again, bytes, n)))
		is_wrong(y, "a snapshot of what was restored differs");
	heap_free(again);
	heap_free(bytes);
	come_back(y);
}

/* Where u16 and what u8 is to be exclusive or, as often as there is; 0xffff: cut there. */
static void spoil(uint8_t *bytes, size_t *n, const uint8_t *body, size_t len)
{
	for (size_t i = 0; i + 3 <= len && *n; i += 3) {
		if (body[i + 1] == 0xff)
			*n = *n * body[i + 2] / 256;
		else
			bytes[get_le16(body + i) % *n] ^= body[i + 2];
	}
}

static void op_restore(struct play *y, const uint8_t *body, size_t len)
{
	struct wire *w = wire_new();
	struct redir *r = NULL;
	size_t n;
	uint8_t *bytes = redir_save(y->r, &n);

	if (bytes) {
		uint8_t *exact;

		spoil(bytes, &n, body, len);
		exact = heap_zero(n);
		memcpy(exact, bytes, n);
		heap_free(bytes);
		usb_unplug(&y->port);
		if (!redir_restore(&w->link, &y->config, exact, n, &r)) {
			come_back(y);
			play_step(y, 1);
		}
		heap_free(exact);
	}
	if (r)
		redir_free(r);
	else
		dev_link_free(&w->link);
}

/* ---- an input -------------------------------------------------------------------------------- */

static void (*const play_ops[PLAY_OPS])(struct play *y, const uint8_t *body, size_t len) = {
	[PLAY_MESSAGE] = op_message,     [PLAY_RAW] = op_raw,
	[PLAY_CONTROL] = op_control,     [PLAY_PACKET] = op_packet,
	[PLAY_CANCEL] = op_cancel,       [PLAY_STEP] = op_step,
	[PLAY_RESET] = op_reset,         [PLAY_ANSWER] = op_answer,
	[PLAY_PUSH] = op_push,           [PLAY_INTRODUCE] = op_introduce,
	[PLAY_LEAVE] = op_leave,         [PLAY_UNPLUG] = op_unplug,
	[PLAY_MOVE] = op_move,           [PLAY_RESTORE] = op_restore,
	[PLAY_ENDPOINTS] = op_endpoints,
};

static void begin(struct play *y, const uint8_t head[PLAY_HEAD_BYTES])
{
	static const struct usbredirfilter_rule rules[] = {{3, -1, -1, -1, 0},
							   {-1, 0x1209, -1, -1, 1}};

	y->timer_ns = UINT64_MAX;
	usb_bus_init(&y->bus, NULL, &y->now_ns);
	y->bus.arm_timer = arm;
	y->bus.timer_opaque = y;
	y->port.ops = &port_ops;
	y->port.opaque = y;
	y->port.speed_mask = 0xff;
	usb_bus_add_port(&y->bus, &y->port);
	y->flags = head[1];
	y->left = PLAY_MAX_BYTES;
	y->takes = head[3] ? head[3] * 16u : SIZE_MAX;
	y->config = (struct redir_config){
		.plug = plug,
		.opaque = y,
		.rules = rules,
		.rule_count = y->flags & PLAY_RULES ? ARRAY_SIZE(rules) : 0,
		.max_out = PLAY_MAX_BYTES / 32,
		.max_buffered = PLAY_MAX_BYTES / 32,
		.buffered = y->flags & PLAY_BUFFERED,
	};
	peer_init(&y->peer, head[0] ^ PEER_ALL_CAPS);
	y->r = redir_new(&y->peer.wire->link, &y->config);
	play_talk(y);
	if (!(y->flags & PLAY_STRANGER)) {
		uint8_t speed = head[2];

		op_introduce(y, &speed, 1);
	}
	y->peer.lazy = y->flags & PLAY_LAZY;
	if (y->peer.wire)
		y->peer.wire->takes = y->takes;
}

static void end(struct play *y)
{
	for (unsigned i = 0; i < PLAY_MAX_PACKETS; i++)
		play_let_go(y, &y->packet[i]);
	redir_free(y->r);
	peer_fini(&y->peer);
	usb_unplug(&y->port);
	/* Bytes that the peer's own parser did not write may have made it deaf; nothing did that here. */
	if (y->peer.refused)
		is_wrong(y, "the real parser does not take what it sends");
	if (y->bus.live_packets || y->bus.live_devices)
		is_wrong(y, "packets or devices are left");
	play_see(y, y->peer.hash);
}

const char *play_run(const uint8_t *data, size_t len, uint64_t *ret_hash)
{
	uint8_t head[PLAY_HEAD_BYTES] = {0};
	size_t at = min_u64(len, sizeof(head));
	uint64_t blocks = heap_live();
	struct play *y = heap_zero(sizeof(*y));
	const char *wrong;

	if (at)
		memcpy(head, data, at);
	begin(y, head);
	for (unsigned i = 0; i < PLAY_MAX_RECORDS && at < len; i++) {
		uint8_t record[PLAY_RECORD_BYTES] = {0};
		size_t n = min_u64(len - at, sizeof(record));

		memcpy(record, data + at, n);
		at += n;
		n = min_u64(get_le16(record + 1), len - at);
		play_ops[record[0] % PLAY_OPS](y, data + at, n);
		at += n;
		play_talk(y);
		play_sweep(y);
	}
	end(y);
	wrong = y->wrong;
	*ret_hash = y->hash;
	heap_free(y);
	return !wrong && heap_live() != blocks ? "memory is left" : wrong;
}

const char *play_judge(const uint8_t *data, size_t len, bool twice)
{
	uint64_t hash, again;
	const char *wrong = play_run(data, len, &hash);

	if (wrong || !twice)
		return wrong;
	wrong = play_run(data, len, &again);
	return !wrong && hash != again ? "the same input went another way" : wrong;
}
