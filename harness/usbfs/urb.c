// SPDX-License-Identifier: MIT
/*
 * urb.c -- URBs (linux/usbdevice_fs.h) as packets for usb-core: control, bulk, interrupt, isochronous.
 * Those of one endpoint go one after the other. Nothing runs by itself: whoever submits, reaps or waits
 * lets the work go on.
 */
#include <errno.h>

#include "heap.h"
#include "usbfs/usbfs.h"

#define CHUNK_BYTES 16384u
#define NOW_TRIES 64u /* a device that does not answer until then does not answer */

enum stage {
	STAGE_SETUP,
	STAGE_DATA,
	STAGE_STATUS,
};

struct usbfs_urb {
	struct usbfs_urb *next;
	struct usbfs *f;
	struct usbdevfs_urb *user; /* the caller's */
	enum stage stage;
	struct usb_packet *packet;
	uint8_t *data;         /* the caller's: what follows the setup bytes */
	uint32_t len, done;    /* bytes */
	uint32_t frame, moved; /* isochronous: which one; bytes of all */
	bool in, zero, finished;
};

static void finish(struct usbfs_urb *u, int status)
{
	usb_packet_free(u->packet);
	u->packet = NULL;
	u->finished = true;
	u->user->status = status;
	u->user->actual_length = (int)(u->user->type == USBDEVFS_URB_TYPE_ISO ? u->moved : u->done);
}

static int errno_of(enum usb_status status)
{
	switch (status) {
	case USB_OK:
		return 0;
	case USB_STALL:
		return -EPIPE;
	case USB_BABBLE:
		return -EOVERFLOW;
	case USB_NODEV:
		return -ESHUTDOWN;
	default:
		return -EPROTO;
	}
}

/* ---- packets ------------------------------------------------------------------------------- */

static uint32_t max_packet(const struct usbfs_urb *u)
{
	const struct usb_packet *p = u->packet;

	return p && p->ep && p->ep->max_packet ? p->ep->max_packet : 8;
}

static uint32_t packet_bytes(const struct usbfs_urb *u)
{
	struct usb_device *dev = u->f->port.dev;
	const struct usb_endpoint *ep = dev
		? usb_endpoint_get(dev, u->in ? USB_IN : USB_OUT, u->user->endpoint & 15)
		: NULL;
	uint32_t mps = ep && ep->max_packet ? ep->max_packet : 8;

	if (u->stage == STAGE_SETUP)
		return 8;
	if (u->stage == STAGE_STATUS)
		return 0;
	if (u->user->type == USBDEVFS_URB_TYPE_ISO)
		return u->user->iso_frame_desc[u->frame].length;
	if (u->user->type == USBDEVFS_URB_TYPE_CONTROL)
		return u->len;
	return (uint32_t)min_u64(u->len - u->done,
				 u->user->type == USBDEVFS_URB_TYPE_INTERRUPT
					 ? mps
					 : CHUNK_BYTES - CHUNK_BYTES % mps);
}

static void ignore(struct usb_packet *p)
{
	(void)p; /* its state tells */
}

static void make_packet(struct usbfs_urb *u)
{
	enum usb_pid pid = u->in ? USB_IN : USB_OUT;
	uint32_t len = packet_bytes(u);

	if (u->stage == STAGE_SETUP)
		pid = USB_SETUP;
	else if (u->stage == STAGE_STATUS)
		pid = u->in && u->len ? USB_OUT : USB_IN;
	/* No device: a packet of nobody's cannot be made. */
	u->packet = u->f->port.dev
		? usb_packet_new(u->f->port.dev, pid, u->user->endpoint & 15, len)
		: NULL;
	if (!u->packet)
		return;
	u->packet->complete = ignore;
	u->packet->stream =
		u->user->type == USBDEVFS_URB_TYPE_BULK ? (uint16_t)u->user->stream_id : 0;
	if (u->stage == STAGE_SETUP)
		memcpy(u->packet->data, u->user->buffer, 8);
	else if (pid == USB_OUT && len)
		memcpy(u->packet->data, u->data + u->done, len);
}

static void next_frame(struct usbfs_urb *u, enum usb_status status, uint32_t moved)
{
	struct usbdevfs_iso_packet_desc *frame = &u->user->iso_frame_desc[u->frame];

	frame->actual_length = moved;
	frame->status = (unsigned)errno_of(status);
	u->user->error_count += status != USB_OK;
	u->moved += moved;
	u->done += frame->length;
	if (status == USB_NODEV || ++u->frame == (uint32_t)u->user->number_of_packets)
		finish(u, status == USB_NODEV ? -ESHUTDOWN : 0);
}

static void next_data(struct usbfs_urb *u, uint32_t moved, bool ends_short)
{
	bool control = u->user->type == USBDEVFS_URB_TYPE_CONTROL;

	u->done += moved;
	if (control) {
		u->stage = STAGE_STATUS;
	} else if (ends_short) {
		finish(u, u->user->flags & USBDEVFS_URB_SHORT_NOT_OK ? -EREMOTEIO : 0);
	} else if (u->done >= u->len) {
		/* What is a multiple of the packet size may be asked to end with an empty one. */
		if (u->zero && !u->in && u->len)
			u->zero = false;
		else
			finish(u, 0);
	}
}

static void take_answer(struct usbfs_urb *u)
{
	struct usb_packet *p = u->packet;
	enum usb_status status = p->status;
	bool data = u->stage == STAGE_DATA;
	uint32_t moved = data && status == USB_OK ? (p->pid == USB_IN ? p->actual : p->len) : 0;
	bool is_short = usb_packet_ends_short(p, max_packet(u));

	if (data && p->pid == USB_IN && status != USB_STALL)
		moved = p->actual;
	if (data && p->pid == USB_IN && moved)
		memcpy(u->data + u->done, p->data, moved);
	usb_packet_free(p);
	u->packet = NULL;
	if (u->user->type == USBDEVFS_URB_TYPE_ISO) {
		next_frame(u, status, moved);
	} else if (status != USB_OK) {
		u->done += moved;
		finish(u, errno_of(status));
	} else if (u->stage == STAGE_SETUP) {
		u->stage = u->len ? STAGE_DATA : STAGE_STATUS;
	} else if (u->stage == STAGE_STATUS) {
		finish(u, 0);
	} else {
		next_data(u, moved, is_short);
	}
}

/* As far as it goes now. */
static void advance(struct usbfs_urb *u)
{
	while (!u->finished) {
		if (!u->packet)
			make_packet(u);
		if (!u->packet) {
			finish(u, -ESHUTDOWN);
			return;
		}
		if (u->packet->state == USB_PACKET_WITH_DEVICE)
			return;
		if (u->packet->state == USB_PACKET_IDLE) {
			enum usb_status status = usb_packet_submit(u->packet);

			if (status == USB_ASYNC || status == USB_NAK)
				return;
		}
		take_answer(u);
	}
}

static bool is_first(const struct usbfs *f, const struct usbfs_urb *u)
{
	for (const struct usbfs_urb *other = f->first; other != u; other = other->next)
		if (!other->finished && other->user->endpoint == u->user->endpoint &&
		    (!u->user->stream_id || other->user->stream_id == u->user->stream_id))
			return false;
	return true;
}

static void work(struct usbfs *f)
{
	for (struct usbfs_urb *u = f->first; u; u = u->next)
		if (!u->finished && is_first(f, u))
			advance(u);
}

/* ---- what callers do ----------------------------------------------------------------------- */

static int check_isochronous(struct usbdevfs_urb *user)
{
	uint64_t bytes = 0;

	if (user->number_of_packets < 1 || user->number_of_packets > 128)
		return -EINVAL;
	for (int i = 0; i < user->number_of_packets; i++)
		bytes += user->iso_frame_desc[i].length;
	user->error_count = 0;
	return bytes <= (unsigned)user->buffer_length ? 0 : -EINVAL;
}

/* What a kernel checks first. */
static int fill(struct usbfs_urb *u, struct usbfs *f, struct usbdevfs_urb *user)
{
	struct usb_device *dev = f->port.dev;
	enum usb_pid pid = user->endpoint & 0x80 ? USB_IN : USB_OUT;
	const struct usb_endpoint *ep;

	*u = (struct usbfs_urb){.f = f, .user = user, .data = user->buffer, .in = pid == USB_IN};
	if (!dev)
		return -ENODEV;
	if (user->buffer_length < 0 || (unsigned)user->buffer_length > USBFS_URB_MAX_BYTES)
		return user->buffer_length < 0 ? -EINVAL : -ENOMEM;
	u->len = (uint32_t)user->buffer_length;
	u->stage = STAGE_DATA;
	u->zero = user->flags & USBDEVFS_URB_ZERO_PACKET;
	if (user->type == USBDEVFS_URB_TYPE_CONTROL) {
		if (user->endpoint & 15 || u->len < 8 ||
		    get_le16((uint8_t *)user->buffer + 6) > u->len - 8)
			return -EINVAL;
		u->stage = STAGE_SETUP;
		u->in = *(uint8_t *)user->buffer & 0x80;
		u->data += 8;
		u->len = get_le16((uint8_t *)user->buffer + 6);
		return 0;
	}
	ep = usb_endpoint_get(dev, pid, user->endpoint & 15);
	if (!ep || !(user->endpoint & 15))
		return -ENOENT;
	if (user->type == USBDEVFS_URB_TYPE_ISO)
		return ep->type == USB_EP_ISOCH ? check_isochronous(user) : -EINVAL;
	return ep->type == USB_EP_BULK || ep->type == USB_EP_INTERRUPT ? 0 : -EINVAL;
}

int usbfs_urb_submit(struct usbfs *f, struct usbdevfs_urb *user)
{
	struct usbfs_urb *u;
	int err;

	if (f->urbs == USBFS_URBS_MAX)
		return -ENOMEM;
	u = heap_zero(sizeof(*u));
	err = fill(u, f, user);
	if (err) {
		heap_free(u);
		return err;
	}
	user->status = -EINPROGRESS;
	user->actual_length = 0;
	*(f->last ? &f->last->next : &f->first) = u;
	f->last = u;
	f->urbs++;
	work(f);
	return 0;
}

int usbfs_urb_discard(struct usbfs *f, struct usbdevfs_urb *user)
{
	for (struct usbfs_urb *u = f->first; u; u = u->next)
		if (u->user == user && !u->finished) {
			finish(u, -ENOENT);
			return 0;
		}
	return -EINVAL;
}

static struct usbfs_urb *take_finished(struct usbfs *f)
{
	struct usbfs_urb *before = NULL, *u = f->first;

	while (u && !u->finished) {
		before = u;
		u = u->next;
	}
	if (!u)
		return NULL;
	*(before ? &before->next : &f->first) = u->next;
	if (f->last == u)
		f->last = before;
	f->urbs--;
	return u;
}

int usbfs_urb_reap(struct usbfs *f, struct usbdevfs_urb **ret)
{
	struct usbfs_urb *u = take_finished(f);

	if (!u && f->first) {
		usbfs_pass_time(f);
		work(f);
		if (f->patience && ++f->in_vain >= f->patience && !f->first->finished)
			finish(f->first, -EPROTO);
		u = take_finished(f);
	}
	if (!u)
		return f->port.dev ? -EAGAIN : -ENODEV;
	f->in_vain = 0;
	*ret = u->user;
	heap_free(u);
	return 0;
}

int usbfs_urb_done(struct usbfs *f, struct usbdevfs_urb **ret)
{
	struct usbfs_urb *u;

	work(f);
	u = take_finished(f);
	if (!u)
		return -EAGAIN;
	*ret = u->user;
	heap_free(u);
	return 0;
}

int usbfs_urb_now(struct usbfs *f, struct usbdevfs_urb *user)
{
	struct usbfs_urb u;
	int err = fill(&u, f, user);

	if (err)
		return err;
	advance(&u);
	for (unsigned i = 0; i < NOW_TRIES && !u.finished; i++) {
		usbfs_pass_time(f);
		advance(&u);
	}
	if (!u.finished)
		finish(&u, -ETIMEDOUT);
	return user->status ? user->status : user->actual_length;
}

void usbfs_urb_forget_all(struct usbfs *f)
{
	while (f->first) {
		struct usbfs_urb *u = f->first;

		f->first = u->next;
		usb_packet_free(u->packet);
		heap_free(u);
	}
	f->last = NULL;
	f->urbs = 0;
}
