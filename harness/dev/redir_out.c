// SPDX-License-Identifier: MIT
/*
 * redir_out.c -- what is to be sent. All that libusbredirparser has is taken from it at once into a queue of
 * ours, which has a bound: beyond it the guest waits, and who provokes answers without reading them is let go.
 */
#include "dev/redir.h"
#include "heap.h"

int redir_out_take(void *priv, uint8_t *data, int count)
{
	struct redir *r = priv;
	struct redir_out *o;

	if (r->out_count > 2 * REDIR_MAX_OUT_COUNT) { /* the guest had to stop long before */
		redir_fail(r, "the other side does not read");
	} else {
		o = heap_zero(sizeof(*o) + (size_t)count);
		o->len = (uint32_t)count;
		memcpy(o->data, data, o->len);
		if (r->out_last)
			r->out_last->next = o;
		else
			r->out = o;
		r->out_last = o;
		r->out_bytes += o->len;
		r->out_count++;
	}
	usbredirparser_free_write_buffer(r->parser, data);
	return count;
}

void redir_out_drop(struct redir *r)
{
	while (r->out) {
		struct redir_out *o = r->out;

		r->out = o->next;
		heap_free(o);
	}
	r->out_last = NULL;
	r->out_bytes = 0;
	r->out_count = 0;
}

static void wake_held(struct redir *r)
{
	struct usb_device *dev = redir_usb(r);

	for (unsigned i = 1; dev && i < REDIR_ENDPOINTS; i++) {
		if (!r->ep[i].held)
			continue;
		r->ep[i].held = false;
		usb_wakeup(i < 16 ? &dev->ep_out[i] : &dev->ep_in[i & 15]);
		dev = redir_usb(r);
	}
}

void redir_flush(struct redir *r)
{
	bool was_full = redir_is_full(r);

	if (r->parser)
		usbredirparser_do_write(r->parser);
	while (r->out && r->visits == r->link->visits) {
		struct redir_out *o = r->out;
		size_t n = dev_link_send(r->link, o->data + o->pos, o->len - o->pos);

		o->pos += (uint32_t)n;
		r->out_bytes -= n;
		if (o->pos < o->len)
			break;
		r->out = o->next;
		if (!r->out)
			r->out_last = NULL;
		r->out_count--;
		heap_free(o);
	}
	if (was_full && !redir_is_full(r))
		wake_held(r);
	/* Outside of a round nobody else would see to it. */
	if ((r->failed || r->visits != r->link->visits) && redir_usb(r))
		usb_device_arm(redir_usb(r), 0);
}

bool redir_is_full(struct redir *r)
{
	return r->out_bytes > r->config.max_out || r->out_count > REDIR_MAX_OUT_COUNT;
}
