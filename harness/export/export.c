// SPDX-License-Identifier: MIT
/*
 * export.c -- the connection: hello, bytes in and out, the device that comes and goes, time.
 */
#include <errno.h>
#include <stdarg.h>

#include "export/export.h"

#define LINES_MAX 200u /* of a connection */
#define NS_PER_MS 1000000u

void export_say(struct export *e, const char *format, ...)
{
	char line[200];
	va_list args;

	if (!e->say || e->lines >= LINES_MAX)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	e->say(e->opaque, ++e->lines == LINES_MAX ? "(no more lines for this connection)" : line);
}

/* ---- what the parser asks for ----------------------------------------------------------------- */

static int read_bytes(void *priv, uint8_t *data, int count)
{
	struct export *e = priv;
	size_t n = min_u64(e->in_len, (uint64_t)count);

	if (n)
		memcpy(data, e->in, n);
	e->in += n;
	e->in_len -= n;
	return (int)n;
}

static int write_bytes(void *priv, uint8_t *data, int count)
{
	struct export *e = priv;

	return e->write(e->opaque, data, count);
}

static void log_line(void *priv, int level, const char *text)
{
	if (level == usbredirparser_error || level == usbredirparser_warning)
		export_say(priv, "usbredirparser: %.150s", text);
}

static void hello(void *priv, struct usb_redir_hello_header *h)
{
	struct export *e = priv;
	char version[sizeof(h->version) + 1] = "";

	memcpy(version, h->version, sizeof(h->version));
	for (char *c = version; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	export_say(e, "hello from '%s'", version);
	e->greeted = true;
	export_show(e);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void set_capabilities(uint32_t *caps)
{
	static const uint8_t ours[] = {
		usb_redir_cap_bulk_streams,
		usb_redir_cap_connect_device_version,
		usb_redir_cap_filter,
		usb_redir_cap_device_disconnect_ack,
		usb_redir_cap_ep_info_max_packet_size,
		usb_redir_cap_64bits_ids,
		usb_redir_cap_32bits_bulk_length,
		usb_redir_cap_bulk_receiving,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ours); i++)
		usbredirparser_caps_set_cap(caps, ours[i]);
}

void export_connect(struct export *e)
{
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	export_hang_up(e);
	e->parser = usbredirparser_create();
	REQUIRE(e->parser);
	e->parser->priv = e;
	e->parser->log_func = log_line;
	e->parser->read_func = read_bytes;
	e->parser->write_func = write_bytes;
	e->parser->hello_func = hello;
	export_request_callbacks(e);
	export_stream_callbacks(e);
	e->greeted = e->shown = false;
	e->wrong = e->lines = 0;
	set_capabilities(caps);
	usbredirparser_init(e->parser, "usb-gauntlet " GAUNTLET_VERSION, caps, USB_REDIR_CAPS_SIZE,
			    usbredirparser_fl_usb_host);
}

static void forget_urbs(struct export *e)
{
	if (e->open)
		usbfs_urb_forget_all(&e->usbfs);
	while (e->urbs)
		export_urb_free(e, e->urbs);
	memset(e->stream, 0, sizeof(e->stream));
}

void export_hang_up(struct export *e)
{
	forget_urbs(e);
	if (e->parser)
		usbredirparser_destroy(e->parser);
	e->parser = NULL;
	e->greeted = e->shown = false;
}

int export_plug(struct export *e, struct usb_device *dev, enum usb_speed speed)
{
	int err;

	export_unplug(e);
	err = usbfs_open(&e->usbfs, dev, speed);
	if (err)
		return err;
	e->open = true;
	e->epoch_ns = e->now_ns;
	export_show(e);
	return 0;
}

/* The device may have gone by itself. */
static void tell_gone(struct export *e)
{
	if (!e->open || e->usbfs.port.dev)
		return;
	forget_urbs(e);
	if (e->shown && e->parser) {
		usbredirparser_send_device_disconnect(e->parser);
		export_say(e, "device gone");
	}
	e->shown = false;
	usbfs_close(&e->usbfs);
	e->open = false;
}

void export_unplug(struct export *e)
{
	if (!e->open)
		return;
	usbfs_unplug(&e->usbfs);
	tell_gone(e);
}

/* ---- work ------------------------------------------------------------------------------------- */

bool export_is_ready(const struct export *e)
{
	return e->parser && usbredirparser_has_data_to_write(e->parser) < (int)EXPORT_QUEUE;
}

int export_receive(struct export *e, const uint8_t *bytes, size_t len)
{
	int result;

	e->in = bytes;
	e->in_len = len;
	/* It stops at each message that is none, and goes on behind it. */
	do {
		result = usbredirparser_do_read(e->parser);
	} while (result == usbredirparser_read_parse_error && ++e->wrong < EXPORT_WRONG_MAX);
	e->in = NULL;
	e->in_len = 0;
	return result ? -EPROTO : 0;
}

static void finish_urbs(struct export *e)
{
	struct usbdevfs_urb *user;

	/* An answer may start the next one, which may be done at once: not for ever. */
	for (unsigned i = 0; i < USBFS_URBS_MAX && e->open && !usbfs_urb_done(&e->usbfs, &user);
	     i++) {
		struct export_urb *u = user->usercontext;

		if (u->kind == EXPORT_STREAM)
			export_stream_answer(e, u);
		else
			export_answer(e, u);
		export_urb_free(e, u);
	}
}

static void give_up_late(struct export *e)
{
	for (struct export_urb *u = e->urbs; u; u = u->next)
		if (u->deadline_ns && u->deadline_ns <= e->usbfs.now_ns && !u->late) {
			u->late = true;
			usbfs_urb_discard(&e->usbfs, u->user);
		}
}

static void pass_time(struct export *e, uint64_t now_ns)
{
	struct usbfs *f = &e->usbfs;

	if (now_ns > f->now_ns + 1000u * NS_PER_MS) /* nobody looked for long */
		f->now_ns = now_ns - 1000u * NS_PER_MS;
	while (f->now_ns < now_ns && f->port.dev)
		usbfs_pass_time(f);
}

int export_work(struct export *e, uint64_t now_ns)
{
	e->now_ns = now_ns;
	if (e->open) {
		pass_time(e, now_ns - e->epoch_ns);
		if (e->parser) {
			export_stream_work(e);
			give_up_late(e);
			finish_urbs(e);
		}
		tell_gone(e);
	}
	if (!e->parser || !usbredirparser_has_data_to_write(e->parser))
		return 0;
	return usbredirparser_do_write(e->parser) ? -EPIPE : 0;
}

uint64_t export_wait_ns(const struct export *e)
{
	uint64_t wait = UINT64_MAX;

	if (!e->open)
		return wait;
	if (e->usbfs.urbs)
		wait = NS_PER_MS;
	if (e->usbfs.timer_ns != UINT64_MAX)
		wait = min_u64(wait,
			       e->usbfs.timer_ns > e->usbfs.now_ns
				       ? e->usbfs.timer_ns - e->usbfs.now_ns
				       : 0);
	for (unsigned r = 0; r < ARRAY_SIZE(e->stream); r++) {
		const struct export_stream *s = &e->stream[r];

		if (r >= 16 && s->message && s->urbs < s->urbs_max)
			wait = min_u64(wait,
				       s->due_ns > e->usbfs.now_ns ? s->due_ns - e->usbfs.now_ns
								   : NS_PER_MS);
	}
	return wait;
}
