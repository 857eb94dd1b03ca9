// SPDX-License-Identifier: MIT
/*
 * redir_restore.c -- a session from bytes.
 *
 * They are as foreign as any message: each length is compared with what is left before anything is allocated
 * for it, and the parser's own part, which that library believes, is walked first.
 */
#include <errno.h>

#include "dev/redir.h"
#include "heap.h"

#define PARSER_MAX_MESSAGE (1024u + (128u << 20)) /* what the library takes from a line */

struct reader {
	const uint8_t *data;
	size_t left;
	bool bad;
	bool foreign; /* it is the library that refuses its own part */
};

/* n bytes, or NULL if there are not that many. */
static const uint8_t *get(struct reader *in, size_t n)
{
	const uint8_t *data = in->data;

	if (in->bad || n > in->left) {
		in->bad = true;
		return NULL;
	}
	in->data += n;
	in->left -= n;
	return data;
}

/* 0 if there are none. */
static uint64_t get_number(struct reader *in, unsigned bytes)
{
	const uint8_t *data = get(in, bytes);
	uint64_t v = 0;

	for (unsigned i = data ? bytes : 0; i; i--)
		v = v << 8 | data[i - 1];
	return v;
}

/* More than most is bad. */
static uint64_t get_limited(struct reader *in, unsigned bytes, uint64_t most)
{
	uint64_t v = get_number(in, bytes);

	in->bad |= v > most;
	return in->bad ? 0 : v;
}

static struct redir_block *get_block(struct reader *in)
{
	enum usb_status status = (enum usb_status)get_limited(in, 1, USB_XACT);
	uint32_t len = (uint32_t)get_number(in, 4), pos = (uint32_t)get_limited(in, 4, len);
	const uint8_t *data = get(in, len);
	struct redir_block *b;

	if (in->bad || status == USB_NAK)
		return NULL;
	b = redir_block_new(data, len, status);
	b->pos = pos;
	return b;
}

static void get_endpoint(struct reader *in, struct redir_ep *e)
{
	uint32_t count;
	unsigned flags;

	e->type = (uint8_t)get_limited(in, 1, USB_EP_INTERRUPT);
	e->interval = (uint8_t)get_number(in, 1);
	e->interface = (uint8_t)get_number(in, 1);
	e->max_packet = (uint16_t)get_limited(in, 2, 0x7ff);
	e->max_streams = (uint32_t)get_limited(in, 4, 65536);
	flags = (unsigned)get_limited(in, 1, 15);
	e->started = flags & 1;
	e->streams = flags >> 1 & 1;
	e->held = flags >> 2 & 1;
	e->dropping = flags >> 3 & 1;
	e->error = (enum usb_status)get_limited(in, 1, USB_XACT);
	count = (uint32_t)get_number(in, 4);
	in->bad |= e->error == USB_NAK || (!e->type && count);
	if (e->type)
		in->bad |= !e->max_packet || !e->interval || e->max_streams == 1;
	for (; count && !in->bad; count--) {
		struct redir_block *b = get_block(in);

		in->bad |= !b;
		if (b)
			redir_queue_append(e, b);
	}
}

static void get_pending(struct reader *in, struct redir *r)
{
	uint32_t count = (uint32_t)get_limited(in, 4, REDIR_STATE_PENDING);
	struct redir_pending **last = &r->pending;

	for (; count && !in->bad; count--) {
		struct redir_pending *q = heap_zero(sizeof(*q));

		*last = q;
		last = &q->next;
		q->id = get_number(in, 8);
		q->stream = (uint32_t)get_number(in, 4);
		q->len = (uint32_t)get_number(in, 4);
		q->kind = (uint8_t)get_limited(in, 1, REDIR_INTERRUPT);
		q->endpoint = (uint8_t)get_number(in, 1);
		q->restored = true;
		q->answered = get_limited(in, 1, 1);
		if (q->answered && !in->bad) {
			q->block = get_block(in);
			in->bad |= !q->block;
			q->status = q->block ? q->block->status : 0;
		}
		in->bad |= q->kind < REDIR_BULK;
	}
}

static void get_output(struct reader *in, struct redir *r)
{
	uint32_t count = (uint32_t)get_limited(in, 4, 4 * REDIR_MAX_OUT_COUNT);

	for (; count && !in->bad; count--) {
		uint32_t len = (uint32_t)get_number(in, 4);
		const uint8_t *data = get(in, len);
		struct redir_out *o;

		if (!data || !len) {
			in->bad = true;
			break;
		}
		o = heap_zero(sizeof(*o) + len);
		o->len = len;
		memcpy(o->data, data, len);
		if (r->out_last)
			r->out_last->next = o;
		else
			r->out = o;
		r->out_last = o;
		r->out_bytes += len;
		r->out_count++;
	}
}

/* A run of bytes with its length before it; most: that there may be. */
static const uint8_t *get_run(struct reader *in, uint32_t most, uint32_t *ret_len)
{
	*ret_len = (uint32_t)get_limited(in, 4, most);
	return get(in, *ret_len);
}

/*
 * The parser's part, as that library writes it: magic, length, capabilities of both sides, bytes to skip,
 * a message read in part, messages to be written. Ours never skips, and never has any to be written.
 */
static bool parser_is_sound(const uint8_t *bytes, size_t len)
{
	struct reader in = {.data = bytes, .left = len};
	const uint8_t *run;
	uint32_t n, both, whole;

	in.bad |= get_number(&in, 4) != USBREDIRPARSER_SERIALIZE_MAGIC;
	in.bad |= get_number(&in, 4) != len;
	run = get_run(&in, 4, &n);
	both = run && n == 4 ? get_le32(run) : 0;
	in.bad |= n != 4;
	run = get_run(&in, 4, &n);
	both &= run && n == 4 ? get_le32(run) : 0;
	in.bad |= n && n != 4;
	in.bad |= get_number(&in, 4) != 0;
	whole = both >> usb_redir_cap_64bits_ids & 1 ? 16 : 12;
	run = get_run(&in, whole, &n);
	in.bad |= run && n == whole && get_le32(run + 4) > PARSER_MAX_MESSAGE;
	get_run(&in, 288, &n);
	get_run(&in, PARSER_MAX_MESSAGE, &n);
	in.bad |= get_number(&in, 4) != 0;
	return !in.bad && !in.left;
}

static void get_parser(struct reader *in, struct redir *r)
{
	uint32_t len;
	const uint8_t *bytes = get_run(in, UINT32_MAX, &len);
	uint8_t *copy;

	if (!bytes || !parser_is_sound(bytes, len)) {
		in->bad = true;
		return;
	}
	copy = heap_zero(len); /* the library wants to write there */
	memcpy(copy, bytes, len);
	in->foreign = usbredirparser_unserialize(r->parser, copy, (int)len) != 0;
	in->bad |= in->foreign;
	heap_free(copy);
}

static void get_session(struct reader *in, struct redir *r)
{
	const uint8_t *bytes;
	unsigned flags;

	in->bad |= get_number(in, 4) != REDIR_STATE_MAGIC;
	get_parser(in, r);
	r->next_id = get_number(in, 8);
	flags = (unsigned)get_limited(in, 1, 7);
	r->connected = flags & 1;
	r->have_interfaces = flags & 2;
	r->have_endpoints = flags & 4;
	bytes = get(in, sizeof(r->info));
	if (bytes)
		memcpy(&r->info, bytes, sizeof(r->info));
	bytes = get(in, sizeof(r->interfaces));
	if (bytes)
		memcpy(&r->interfaces, bytes, sizeof(r->interfaces));
	/* There is no number for "not told": that is a flag of its own. */
	in->bad |= r->interfaces.interface_count > ARRAY_SIZE(r->interfaces.interface);
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++) {
		get_endpoint(in, &r->ep[i]);
		in->bad |= !(i & 15) && r->ep[i].type;
	}
	r->crowded = true;
	get_pending(in, r);
	get_output(in, r);
}

/* usb-core's part of the device. False: it makes no sense. */
static int get_device(struct reader *in, struct redir *r)
{
	bool plugged = get_limited(in, 1, 1);
	struct usb_device state = {0}, *dev;
	const uint8_t *alternate;
	uint32_t halted;
	int err;

	if (in->bad || !plugged)
		return in->bad || in->left ? -EINVAL : 0;
	state.state = (uint8_t)get_limited(in, 1, USB_CONFIGURED);
	state.address = (uint8_t)get_limited(in, 1, 127);
	state.configuration = (uint8_t)get_number(in, 1);
	alternate = get(in, sizeof(state.alternate));
	halted = (uint32_t)get_number(in, 4);
	if (in->bad || in->left || state.state < USB_ATTACHED || !r->connected ||
	    !r->have_interfaces || !r->have_endpoints ||
	    !state.configuration != (state.state != USB_CONFIGURED))
		return -EINVAL;
	r->device = redir_device_new(r);
	dev = &r->device->usb;
	err = r->config.plug(r->config.opaque, dev);
	if (err) {
		r->device->r = NULL;
		r->device = NULL;
		dev->ops->free(dev);
		return err;
	}
	dev->state = state.state;
	dev->address = state.address;
	dev->configuration = state.configuration;
	memcpy(dev->alternate, alternate, sizeof(state.alternate));
	usb_device_hold(dev);
	redir_apply_endpoints(r);
	for (unsigned i = 1; i < 16; i++) {
		dev->ep_out[i].halted = dev->ep_out[i].present && halted >> i & 1;
		dev->ep_in[i].halted = dev->ep_in[i].present && halted >> (16 + i) & 1;
	}
	usb_device_release(dev);
	return 0;
}

int redir_restore(struct dev_link *link, const struct redir_config *config, const uint8_t *bytes,
		  size_t len, struct redir **ret)
{
	struct reader in = {.data = bytes, .left = len, .bad = !(link->visits & 1)};
	struct redir *r = redir_make(link, config);
	int err;

	r->busy = true; /* nothing is read yet */
	r->visits = link->visits;
	r->parser = redir_parser_new(r, usbredirparser_fl_no_hello);
	get_session(&in, r);
	err = in.foreign ? -EPROTO : in.bad ? -EINVAL : get_device(&in, r);
	r->busy = false;
	if (err) {
		redir_part(r);
		return err;
	}
	*ret = r;
	redir_work(r);
	return 0;
}
