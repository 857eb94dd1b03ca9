// SPDX-License-Identifier: MIT
/*
 * redir_transfer.c -- packets and requests of the guest as messages with an id, and what is kept of them
 * until the answer comes.
 */
#include "dev/redir.h"
#include "heap.h"

enum {
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
};

enum usb_status redir_status(uint8_t status)
{
	switch (status) {
	case usb_redir_success:
		return USB_OK;
	case usb_redir_stall:
		return USB_STALL;
	case usb_redir_babble:
		return USB_BABBLE;
	default: /* cancelled, inval, ioerror, timeout, and what nobody knows */
		return USB_XACT;
	}
}

struct redir_pending *redir_pending_add(struct redir *r, enum redir_kind kind, struct usb_packet *p)
{
	struct redir_pending *q = heap_zero(sizeof(*q)), **link = &r->pending;

	q->kind = (uint8_t)kind;
	q->p = p;
	q->id = r->next_id++;
	if (p) {
		q->endpoint = p->ep->address;
		q->stream = p->stream;
		q->len = p->len;
	}
	while (*link)
		link = &(*link)->next;
	*link = q;
	return q;
}

static void pending_free(struct redir_pending **link)
{
	struct redir_pending *q = *link;

	*link = q->next;
	redir_block_free(q->block);
	heap_free(q);
}

void redir_transfer_forget_all(struct redir *r)
{
	while (r->pending)
		pending_free(&r->pending);
}

void redir_transfer_cancel(struct redir *r, struct usb_packet *p)
{
	for (struct redir_pending **link = &r->pending; *link; link = &(*link)->next) {
		struct redir_pending *q = *link;

		if (p ? q->p != p : q->kind >= REDIR_BULK)
			continue;
		/* Settings cannot be taken back; their answer will find nobody. */
		if (r->parser && !r->leaving && (p || q->kind == REDIR_CONTROL))
			usbredirparser_send_cancel_data_packet(r->parser, q->id);
		pending_free(link);
		if (!r->leaving)
			redir_flush(r);
		return;
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool set_configuration(struct redir *r, const struct usb_setup *s)
{
	struct usb_redir_set_configuration_header h = {s->value & 0xff};

	if (s->type || s->length || r->device->usb.state < USB_ADDRESSED)
		return false;
	redir_end(r, UINT32_MAX);
	usbredirparser_send_set_configuration(
		r->parser, redir_pending_add(r, REDIR_SET_CONFIGURATION, NULL)->id, &h);
	return true;
}

static bool set_interface(struct redir *r, const struct usb_setup *s)
{
	struct usb_redir_set_alt_setting_header h = {s->index & 0xff, s->value & 0xff};
	uint32_t endpoints = 0;

	if (s->type != 1 || s->length || r->device->usb.state != USB_CONFIGURED)
		return false;
	for (unsigned i = 1; i < REDIR_ENDPOINTS; i++)
		if (r->ep[i].interface == h.interface)
			endpoints |= UINT32_C(1) << i;
	redir_end(r, endpoints);
	usbredirparser_send_set_alt_setting(
		r->parser, redir_pending_add(r, REDIR_SET_INTERFACE, NULL)->id, &h);
	return true;
}

static bool get_configuration(struct redir *r, const struct usb_setup *s)
{
	if (s->type != 0x80)
		return false;
	usbredirparser_send_get_configuration(
		r->parser, redir_pending_add(r, REDIR_GET_CONFIGURATION, NULL)->id);
	return true;
}

static bool get_interface(struct redir *r, const struct usb_setup *s)
{
	struct usb_redir_get_alt_setting_header h = {s->index & 0xff};

	if (s->type != 0x81)
		return false;
	usbredirparser_send_get_alt_setting(
		r->parser, redir_pending_add(r, REDIR_GET_INTERFACE, NULL)->id, &h);
	return true;
}

static bool any_request(struct redir *r, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	bool in = s->type & 0x80;
	struct usb_redir_control_packet_header h = {
		.endpoint = in ? 0x80 : 0,
		.request = s->request,
		.requesttype = s->type,
		.value = s->value,
		.index = s->index,
		.length = s->length,
	};

	usbredirparser_send_control_packet(r->parser, redir_pending_add(r, REDIR_CONTROL, NULL)->id,
					   &h, in || !len ? NULL : data, in ? 0 : (int)len);
	return true;
}

int redir_transfer_control(struct redir *r, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	bool standard = !(s->type & 0x60), sent;

	if (redir_is_full(r))
		return -(int)USB_NAK;
	if (standard && s->request == SET_CONFIGURATION)
		sent = set_configuration(r, s);
	else if (standard && s->request == SET_INTERFACE)
		sent = set_interface(r, s);
	else if (standard && s->request == GET_CONFIGURATION)
		sent = get_configuration(r, s);
	else if (standard && s->request == GET_INTERFACE)
		sent = get_interface(r, s);
	else
		sent = any_request(r, s, data, len);
	redir_flush(r);
	return sent ? USB_CONTROL_ASYNC : -(int)USB_STALL;
}

/* ---- packets --------------------------------------------------------------------------------- */

/* What the guest had under way when the session was saved, and has come back for. */
static struct redir_pending *resume(struct redir *r, struct usb_packet *p)
{
	for (struct redir_pending *q = r->pending; q; q = q->next)
		if (q->restored && !q->p && q->endpoint == p->ep->address &&
		    q->stream == p->stream && q->len == p->len)
			return q;
	return NULL;
}

static enum usb_status answer_of(struct redir *r, struct redir_pending *q, struct usb_packet *p)
{
	struct redir_pending **link = &r->pending;
	enum usb_status status = q->status;

	if (status == USB_OK || q->block->len)
		status = redir_answer_fill(r, p, q->block);
	while (*link != q)
		link = &(*link)->next;
	pending_free(link);
	return status;
}

uint32_t redir_asked(const struct redir *r, const struct usb_packet *p)
{
	uint32_t max_packet = r->ep[redir_index(p->ep->address)].max_packet;

	/* No size: the other side, or a snapshot, has no such endpoint. */
	if (p->len <= UINT16_MAX || !max_packet ||
	    redir_peer_can(r, usb_redir_cap_32bits_bulk_length))
		return p->len;
	return UINT16_MAX / max_packet * max_packet;
}

static enum usb_status send_bulk(struct redir *r, struct usb_packet *p)
{
	bool in = p->pid == USB_IN;
	uint32_t len = redir_asked(r, p);
	struct usb_redir_bulk_packet_header h = {.endpoint = p->ep->address,
						 .stream_id = p->stream};

	if (len < p->len && !in) {
		redir_say(r, "the other side takes no more than 65535 bytes at once");
		return USB_XACT;
	}
	p->short_not_ok |= len < p->len; /* the rest of it comes before what is behind it */
	if (p->stream)
		redir_have_streams(r, redir_index(p->ep->address));
	h.length = len & 0xffff;
	h.length_high = (uint16_t)(len >> 16);
	usbredirparser_send_bulk_packet(r->parser, redir_pending_add(r, REDIR_BULK, p)->id, &h,
					in || !len ? NULL : p->data, in ? 0 : (int)len);
	return USB_ASYNC;
}

static enum usb_status send_interrupt(struct redir *r, struct usb_packet *p)
{
	struct usb_redir_interrupt_packet_header h = {.endpoint = p->ep->address,
						      .length = (uint16_t)p->len};

	if (p->len > UINT16_MAX)
		return USB_XACT;
	usbredirparser_send_interrupt_packet(r->parser,
					     redir_pending_add(r, REDIR_INTERRUPT, p)->id, &h,
					     p->len ? p->data : NULL, (int)p->len);
	return USB_ASYNC;
}

/* Nobody says whether it arrived. */
static enum usb_status send_iso(struct redir *r, unsigned index, struct usb_packet *p)
{
	struct usb_redir_iso_packet_header h = {.endpoint = p->ep->address,
						.length = (uint16_t)p->len};

	if (p->len > UINT16_MAX)
		return USB_XACT;
	redir_start(r, index);
	usbredirparser_send_iso_packet(r->parser, r->next_id++, &h, p->len ? p->data : NULL,
				       (int)p->len);
	return USB_OK;
}

static enum usb_status receive(struct redir *r, unsigned index, struct usb_packet *p)
{
	struct redir_ep *e = &r->ep[index];
	bool was_full = redir_queue_is_full(r), found;
	enum usb_status status = USB_NAK;

	found = e->type == USB_EP_BULK ? redir_queue_read(e, p, &status)
				       : redir_queue_take(e, p, &status);
	if (!found && e->error != USB_OK) {
		status = e->error;
		e->error = USB_OK;
		return status;
	}
	if (!found)
		redir_start(r, index);
	if (was_full && redir_usb(r))
		usb_device_arm(redir_usb(r), 0); /* there is more in the line */
	/* An isochronous packet is never late, only empty. */
	return !found && e->type == USB_EP_ISOCH ? USB_OK : status;
}

static bool is_read_ahead(struct redir *r, const struct redir_ep *e, const struct usb_packet *p)
{
	if (e->type == USB_EP_INTERRUPT || e->type == USB_EP_ISOCH)
		return true;
	return !p->stream &&
		(e->started || e->first ||
		 (r->config.buffered && redir_peer_can(r, usb_redir_cap_bulk_receiving)));
}

enum usb_status redir_transfer_data(struct redir *r, struct usb_endpoint *ep, struct usb_packet *p)
{
	unsigned index = redir_index(ep->address);
	struct redir_ep *e = &r->ep[index];
	struct redir_pending *q = resume(r, p);
	enum usb_status status;

	if (q) {
		if (q->answered)
			return answer_of(r, q, p);
		q->p = p;
		return USB_ASYNC;
	}
	if (p->pid == USB_IN && is_read_ahead(r, e, p))
		return receive(r, index, p);
	if (e->error != USB_OK) {
		status = e->error;
		e->error = USB_OK;
		return status;
	}
	if (redir_is_full(r)) {
		e->held = true;
		return USB_NAK;
	}
	switch (e->type) {
	case USB_EP_BULK:
		status = send_bulk(r, p);
		break;
	case USB_EP_INTERRUPT:
		status = send_interrupt(r, p);
		break;
	case USB_EP_ISOCH:
		status = send_iso(r, index, p);
		break;
	default:
		return USB_STALL;
	}
	redir_flush(r);
	return status;
}
