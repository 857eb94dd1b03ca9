// SPDX-License-Identifier: MIT
/*
 * request.c -- what the other side asks: reset, configurations and settings, streams of bulk endpoints, control,
 * bulk and interrupt packets, and taking them back (usbredir protocol 0.7).
 */
#include <errno.h>

#include "export/export.h"
#include "usb/desc.h"

#define BULK_BYTES(h) ((uint32_t)(h)->length_high << 16 | (h)->length)

uint8_t export_status(int err)
{
	switch (err) {
	case 0:
		return usb_redir_success;
	case -EPIPE:
		return usb_redir_stall;
	case -EOVERFLOW:
		return usb_redir_babble;
	case -ETIMEDOUT:
		return usb_redir_timeout;
	case -EINVAL:
	case -ENOMEM:
		return usb_redir_inval;
	default:
		return usb_redir_ioerror;
	}
}

/* ---- URBs ------------------------------------------------------------------------------------ */

struct export_urb *export_urb_new(struct export *e, uint8_t message, uint32_t len, unsigned frames)
{
	struct export_urb *u = alloc_zero(sizeof(*u));

	u->message = message;
	u->data = alloc_zero(len ? len : 1);
	u->user = alloc_zero(sizeof(*u->user) + frames * sizeof(u->user->iso_frame_desc[0]));
	*u->user = (struct usbdevfs_urb){.usercontext = u,
					 .buffer = u->data,
					 .buffer_length = (int)len,
					 .number_of_packets = (int)frames};
	u->next = e->urbs;
	e->urbs = u;
	return u;
}

void export_urb_free(struct export *e, struct export_urb *u)
{
	struct export_urb **link = &e->urbs;

	while (*link != u)
		link = &(*link)->next;
	*link = u->next;
	free(u->user);
	free(u->data);
	free(u);
}

int export_urb_submit(struct export *e, struct export_urb *u)
{
	int err = e->open ? usbfs_urb_submit(&e->usbfs, u->user) : -ENODEV;

	if (err)
		export_urb_free(e, u);
	return err;
}

/* ---- answers ---------------------------------------------------------------------------------- */

static void answer_control(struct export *e, struct export_urb *u, uint8_t status, uint32_t moved)
{
	struct usb_redir_control_packet_header h = u->of.control;
	bool in = h.requesttype & 0x80;

	h.status = status;
	h.length = (uint16_t)moved;
	usbredirparser_send_control_packet(e->parser, u->id, &h, in && moved ? u->data + 8 : NULL,
					   in ? (int)moved : 0);
}

static void answer_bulk(struct export *e, struct export_urb *u, uint8_t status, uint32_t moved)
{
	struct usb_redir_bulk_packet_header h = u->of.bulk;
	bool in = h.endpoint & 0x80;

	h.status = status;
	h.length = (uint16_t)moved;
	h.length_high = (uint16_t)(moved >> 16);
	usbredirparser_send_bulk_packet(e->parser, u->id, &h, in && moved ? u->data : NULL,
					in ? (int)moved : 0);
}

static void answer_interrupt(struct export *e, struct export_urb *u, uint8_t status, uint32_t moved)
{
	struct usb_redir_interrupt_packet_header h = u->of.interrupt;

	h.status = status;
	h.length = (uint16_t)moved;
	usbredirparser_send_interrupt_packet(e->parser, u->id, &h, NULL, 0);
}

static void answer_with(struct export *e, struct export_urb *u, uint8_t status, uint32_t moved)
{
	if (u->message == usb_redir_control_packet)
		answer_control(e, u, status, moved);
	else if (u->message == usb_redir_bulk_packet)
		answer_bulk(e, u, status, moved);
	else if (u->message == usb_redir_interrupt_packet)
		answer_interrupt(e, u, status, moved);
}

void export_answer(struct export *e, struct export_urb *u)
{
	uint8_t status = export_status(u->user->status);

	if (u->late && u->user->status == -ENOENT)
		status = usb_redir_timeout;
	else if (u->cancelled && u->user->status == -ENOENT)
		status = usb_redir_cancelled;
	answer_with(e, u, status,
		    (uint32_t)(u->user->actual_length < 0 ? 0 : u->user->actual_length));
}

/* It is with the device, or answered. */
static void hand_over(struct export *e, struct export_urb *u)
{
	int err = e->open ? usbfs_urb_submit(&e->usbfs, u->user) : -ENODEV;

	if (!err)
		return;
	/* An endpoint that is not there is the other side's mistake. */
	answer_with(e, u, err == -ENOENT ? usb_redir_inval : export_status(err), 0);
	export_urb_free(e, u);
}

void export_cancel(struct export *e, int interface)
{
	struct usb_redir_ep_info_header info;

	if (!e->open || !e->usbfs.port.dev)
		return;
	export_endpoint_info(e->usbfs.port.dev, &info);
	for (unsigned r = 0; r < 32; r++)
		if (interface < 0 || info.interface[r] == interface)
			export_stream_stop(e, r);
	for (struct export_urb *u = e->urbs; u; u = u->next) {
		unsigned r = export_record(u->user->endpoint);

		if (u->kind == EXPORT_ONCE && (r & 15) &&
		    (interface < 0 || info.interface[r] == interface)) {
			u->cancelled = true;
			usbfs_urb_discard(&e->usbfs, u->user);
		}
	}
}

/* ---- reset, configurations, settings ------------------------------------------------------------- */

static struct usb_device *device(struct export *e)
{
	return e->open ? e->usbfs.port.dev : NULL;
}

static void reset(void *priv)
{
	struct export *e = priv;

	if (!device(e))
		return;
	export_say(e, "reset");
	export_cancel(e, -1);
	usbfs_request(&e->usbfs, USBDEVFS_RESET, NULL);
}

static void send_configuration(struct export *e, uint64_t id, uint8_t status)
{
	struct usb_redir_configuration_status_header h = {
		.status = status, .configuration = device(e) ? device(e)->configuration : 0};

	usbredirparser_send_configuration_status(e->parser, id, &h);
}

static void set_configuration(void *priv, uint64_t id, struct usb_redir_set_configuration_header *h)
{
	struct export *e = priv;
	int value = h->configuration, err = -ENODEV;

	export_cancel(e, -1);
	if (device(e))
		err = usbfs_request(&e->usbfs, USBDEVFS_SETCONFIGURATION, &value);
	export_say(e, "configuration %d%s", value, err < 0 ? " refused" : "");
	export_send_info(e);
	send_configuration(e, id, export_status(err));
}

static void get_configuration(void *priv, uint64_t id)
{
	struct export *e = priv;

	send_configuration(e, id, device(e) ? usb_redir_success : usb_redir_ioerror);
}

static void send_setting(struct export *e, uint64_t id, uint8_t interface, uint8_t status)
{
	struct usb_redir_alt_setting_status_header h = {.status = status, .interface = interface};

	if (device(e) && interface < USB_MAX_INTERFACES)
		h.alt = device(e)->alternate[interface];
	usbredirparser_send_alt_setting_status(e->parser, id, &h);
}

static void set_setting(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *h)
{
	struct usbdevfs_setinterface set = {.interface = h->interface, .altsetting = h->alt};
	struct export *e = priv;
	int err = -ENODEV;

	export_cancel(e, h->interface);
	if (device(e))
		err = usbfs_request(&e->usbfs, USBDEVFS_SETINTERFACE, &set);
	export_say(e, "interface %u setting %u%s", h->interface, h->alt, err < 0 ? " refused" : "");
	export_send_info(e);
	send_setting(e, id, h->interface, export_status(err));
}

static void get_setting(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *h)
{
	struct export *e = priv;

	send_setting(e, id, h->interface, device(e) ? usb_redir_success : usb_redir_ioerror);
}

/* ---- streams of bulk endpoints --------------------------------------------------------------------- */

static void answer_streams(struct export *e, uint64_t id, uint32_t endpoints, uint32_t count,
			   bool on)
{
	struct usb_redir_bulk_streams_status_header h = {endpoints, count, usb_redir_success};
	struct usbdevfs_streams *s = alloc_zero(sizeof(*s) + 32);
	int result = -ENODEV;

	for (unsigned r = 0; r < 32; r++)
		if (endpoints >> r & 1)
			s->eps[s->num_eps++] = (unsigned char)((r & 16) << 3 | (r & 15));
	s->num_streams = count;
	if (device(e))
		result = usbfs_request(&e->usbfs,
				       on ? USBDEVFS_ALLOC_STREAMS : USBDEVFS_FREE_STREAMS, s);
	free(s);
	if (result < 0 || (on && (uint32_t)result < count)) /* all or nothing, says the protocol */
		h.status = result < 0 ? export_status(result) : usb_redir_inval;
	export_say(e, "%u streams on endpoints %08x%s", count, endpoints,
		   h.status ? " refused" : "");
	usbredirparser_send_bulk_streams_status(e->parser, id, &h);
}

static void alloc_streams(void *priv, uint64_t id, struct usb_redir_alloc_bulk_streams_header *h)
{
	answer_streams(priv, id, h->endpoints, h->no_streams, true);
}

static void free_streams(void *priv, uint64_t id, struct usb_redir_free_bulk_streams_header *h)
{
	answer_streams(priv, id, h->endpoints, 0, false);
}

/* ---- packets ------------------------------------------------------------------------------------- */

static void take_data(struct export *e, uint8_t *to, uint32_t len, uint8_t *data, int data_len)
{
	if (data && data_len > 0)
		memcpy(to, data, min_u64(len, (uint64_t)data_len));
	if (data)
		usbredirparser_free_packet_data(e->parser, data);
}

static void control_packet(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
			   uint8_t *data, int data_len)
{
	struct export *e = priv;
	struct export_urb *u = export_urb_new(e, usb_redir_control_packet, 8u + h->length, 0);

	u->id = id;
	u->of.control = *h;
	u->deadline_ns = e->usbfs.now_ns + EXPORT_CONTROL_MSEC * UINT64_C(1000000);
	u->user->type = USBDEVFS_URB_TYPE_CONTROL;
	u->user->endpoint = h->endpoint;
	u->data[0] = h->requesttype;
	u->data[1] = h->request;
	put_le16(u->data + 2, h->value);
	put_le16(u->data + 4, h->index);
	put_le16(u->data + 6, h->length);
	take_data(e, u->data + 8, h->length, data, data_len);
	hand_over(e, u);
}

static void bulk_packet(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h,
			uint8_t *data, int data_len)
{
	struct export *e = priv;
	uint32_t len = BULK_BYTES(h);
	struct export_urb *u =
		export_urb_new(e, usb_redir_bulk_packet, len > USBFS_URB_MAX_BYTES ? 0 : len, 0);

	u->id = id;
	u->of.bulk = *h;
	u->user->type = USBDEVFS_URB_TYPE_BULK;
	u->user->endpoint = h->endpoint;
	u->user->buffer_length = (int)min_u64(len, INT32_MAX); /* too much is refused there */
	u->user->stream_id = h->stream_id;
	take_data(e, u->data, (uint32_t)u->user->buffer_length,
		  len > USBFS_URB_MAX_BYTES ? NULL : data, data_len);
	if (len > USBFS_URB_MAX_BYTES && data)
		usbredirparser_free_packet_data(e->parser, data);
	hand_over(e, u);
}

static void interrupt_packet(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *h,
			     uint8_t *data, int data_len)
{
	struct export *e = priv;
	struct export_urb *u = export_urb_new(e, usb_redir_interrupt_packet, h->length, 0);

	u->id = id;
	u->of.interrupt = *h;
	u->user->type = USBDEVFS_URB_TYPE_INTERRUPT;
	u->user->endpoint = h->endpoint & 0x7f; /* what comes in comes by a stream */
	take_data(e, u->data, h->length, data, data_len);
	hand_over(e, u);
}

/* Its answer says so, unless it was done before. */
static void cancel_packet(void *priv, uint64_t id)
{
	struct export *e = priv;

	for (struct export_urb *u = e->urbs; u; u = u->next)
		if (u->kind == EXPORT_ONCE && u->id == id && !u->cancelled) {
			u->cancelled = true;
			usbfs_urb_discard(&e->usbfs, u->user);
			return;
		}
}

/* ---- filters and goodbyes ------------------------------------------------------------------------- */

static void filter_reject(void *priv)
{
	struct export *e = priv;

	export_say(e, "the other side rejects the device by its filter");
	e->shown = false;
	export_cancel(e, -1);
}

static void filter_rules(void *priv, struct usbredirfilter_rule *rules, int count)
{
	export_say(priv, "the other side has a filter of %d rules", count);
	free(rules);
}

static void disconnect_ack(void *priv)
{
	export_say(priv, "the other side knows that the device is gone");
}

void export_request_callbacks(struct export *e)
{
	struct usbredirparser *p = e->parser;

	p->reset_func = reset;
	p->set_configuration_func = set_configuration;
	p->get_configuration_func = get_configuration;
	p->set_alt_setting_func = set_setting;
	p->get_alt_setting_func = get_setting;
	p->alloc_bulk_streams_func = alloc_streams;
	p->free_bulk_streams_func = free_streams;
	p->cancel_data_packet_func = cancel_packet;
	p->filter_reject_func = filter_reject;
	p->filter_filter_func = filter_rules;
	p->device_disconnect_ack_func = disconnect_ack;
	p->control_packet_func = control_packet;
	p->bulk_packet_func = bulk_packet;
	p->interrupt_packet_func = interrupt_packet;
}
