// SPDX-License-Identifier: MIT
/*
 * redir.c -- a session: connection, greeting, a device that comes and goes, filters, and the bytes
 * that come in.
 *
 * One message that libusbredirparser refuses ends the connection: whatever follows is not believed.
 */
#include <errno.h>
#include <stdarg.h>

#include "dev/redir.h"
#include "heap.h"

#define ROUND_BYTES (1u << 20) /* read before others have their turn */

void redir_say(struct redir *r, const char *format, ...)
{
	char line[200];
	va_list args;

	if (!r->config.warn || ++r->warnings > REDIR_MAX_WARNINGS)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	r->config.warn(r->config.opaque, line);
}

void redir_fail(struct redir *r, const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!r->failed)
		redir_say(r, "the connection ends: %s", line);
	r->failed = true;
}

struct usb_device *redir_usb(const struct redir *r)
{
	return r->device && !r->device->usb.gone ? &r->device->usb : NULL;
}

bool redir_peer_can(const struct redir *r, int cap)
{
	return usbredirparser_peer_has_cap(r->parser, cap) != 0;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static int read_input(void *priv, uint8_t *data, int count)
{
	struct redir *r = priv;
	size_t n;

	if (r->failed || r->visits != r->link->visits)
		return -1;
	if (redir_queue_is_full(r))
		return 0;
	n = dev_link_receive(r->link, data, min_u64((uint64_t)count, r->budget));
	r->budget -= n;
	return (int)n;
}

static void parser_says(void *priv, int level, const char *line)
{
	if (level <= usbredirparser_warning)
		redir_say(priv, "%s", line);
}

/* ---- a device comes and goes ----------------------------------------------------------------- */

/* Whether the rules let it in. */
static bool may_come(struct redir *r)
{
	struct usb_redir_interface_info_header *i = &r->interfaces;

	return !r->config.rule_count ||
		!usbredirfilter_check(
			r->config.rules, r->config.rule_count, r->info.device_class,
			r->info.device_subclass, r->info.device_protocol, i->interface_class,
			i->interface_subclass, i->interface_protocol, (int)i->interface_count,
			r->info.vendor_id, r->info.product_id, r->info.device_version_bcd, 0);
}

static void reject(struct redir *r)
{
	r->connected = false;
	if (redir_peer_can(r, usb_redir_cap_filter))
		usbredirparser_send_filter_reject(r->parser);
}

/* Everything that has to be known of it is: the order of the messages does not matter. */
static void consider(struct redir *r)
{
	struct redir_device *d;
	int err;

	if (r->device || !r->connected || !r->have_interfaces || !r->have_endpoints)
		return;
	if (!may_come(r)) {
		redir_say(r, "device %04x:%04x is not let in", r->info.vendor_id,
			  r->info.product_id);
		reject(r);
		return;
	}
	d = redir_device_new(r);
	r->device = d;
	err = r->config.plug(r->config.opaque, &d->usb);
	if (!err)
		return;
	redir_say(r, "device %04x:%04x finds no port: %s", r->info.vendor_id, r->info.product_id,
		  strerror(-err));
	r->device = NULL;
	d->r = NULL;
	d->ops.free(&d->usb);
	reject(r);
}

static void unplug(struct redir *r)
{
	struct usb_device *dev = redir_usb(r);

	r->leaving = true;
	if (dev)
		usb_unplug(dev->port);
	if (r->device) { /* a handler of it is on the stack: it goes when that returns */
		r->device->r = NULL;
		r->device = NULL;
	}
	r->leaving = false;
	redir_transfer_forget_all(r);
	redir_stop_endpoints(r);
	r->connected = r->have_interfaces = r->have_endpoints = false;
}

static void said_hello(void *priv, struct usb_redir_hello_header *hello)
{
	struct redir *r = priv;

	(void)hello;
	if (r->config.rule_count && redir_peer_can(r, usb_redir_cap_filter))
		usbredirparser_send_filter_filter(r->parser, r->config.rules, r->config.rule_count);
}

static void connects(void *priv, struct usb_redir_device_connect_header *info)
{
	struct redir *r = priv;

	if (r->connected) {
		redir_fail(r, "a second device, and the first has not left");
		return;
	}
	r->info = *info;
	if (!redir_peer_can(r, usb_redir_cap_connect_device_version))
		r->info.device_version_bcd = 0;
	r->connected = true;
	consider(r);
}

/* The parser acknowledges it. */
static void disconnects(void *priv)
{
	unplug(priv);
}

static void tells_interfaces(void *priv, struct usb_redir_interface_info_header *info)
{
	struct redir *r = priv;

	if (info->interface_count > ARRAY_SIZE(info->interface)) {
		redir_fail(r, "%u interfaces", info->interface_count);
		return;
	}
	r->interfaces = *info;
	r->have_interfaces = true;
	if (redir_usb(r) && !may_come(r)) {
		redir_say(r, "device %04x:%04x has become one that is not let in",
			  r->info.vendor_id, r->info.product_id);
		unplug(r);
		reject(r);
		return;
	}
	consider(r);
}

static void tells_endpoints(void *priv, struct usb_redir_ep_info_header *info)
{
	struct redir *r = priv;
	struct usb_device *dev = redir_usb(r);

	redir_take_endpoints(r, info);
	r->have_endpoints = true;
	if (dev) {
		usb_device_hold(dev);
		redir_apply_endpoints(r);
		usb_device_release(dev);
	}
	consider(r);
}

/* What the other side would let us have is its affair. */
static void tells_filter(void *priv, struct usbredirfilter_rule *rules, int count)
{
	(void)priv;
	(void)count;
	usbredirfilter_free(rules);
}

struct usbredirparser *redir_parser_new(struct redir *r, int flags)
{
	struct usbredirparser *parser = usbredirparser_create();
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	REQUIRE(parser);
	parser->priv = r;
	parser->log_func = parser_says;
	parser->read_func = read_input;
	parser->write_func = redir_out_take;
	parser->hello_func = said_hello;
	parser->device_connect_func = connects;
	parser->device_disconnect_func = disconnects;
	parser->interface_info_func = tells_interfaces;
	parser->ep_info_func = tells_endpoints;
	parser->filter_filter_func = tells_filter;
	redir_endpoint_callbacks(parser);
	redir_answer_callbacks(parser);
	for (int cap = usb_redir_cap_bulk_streams; cap <= usb_redir_cap_bulk_receiving; cap++)
		usbredirparser_caps_set_cap(caps, cap);
	usbredirparser_init(parser, "usb-gauntlet " GAUNTLET_VERSION, caps, USB_REDIR_CAPS_SIZE,
			    flags | usbredirparser_fl_write_cb_owns_buffer);
	return parser;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void end_connection(struct redir *r)
{
	unplug(r);
	if (r->parser)
		usbredirparser_destroy(r->parser);
	r->parser = NULL;
	redir_out_drop(r);
	if (r->failed && r->link && r->link->visits & 1)
		dev_link_hang_up(r->link);
	r->failed = false;
	r->warnings = 0;
}

/* The other side has come, gone, or both. */
static void follow_visits(struct redir *r)
{
	if (r->visits == r->link->visits && !r->failed)
		return;
	if (r->parser)
		end_connection(r);
	r->visits = r->link->visits;
	if (r->visits & 1 && !r->over)
		r->parser = redir_parser_new(r, 0);
}

static void read_round(struct redir *r)
{
	r->budget = ROUND_BYTES;
	if (usbredirparser_do_read(r->parser) == usbredirparser_read_parse_error)
		redir_fail(r, "a message that makes no sense");
	if (r->budget)
		return;
	if (redir_usb(r))
		usb_device_arm(redir_usb(r), 0);
	else
		redir_fail(r, "so much, and no device");
}

void redir_work(struct redir *r)
{
	if (r->busy) {
		r->again = true;
		return;
	}
	r->busy = true;
	for (unsigned rounds = 0; rounds < 4; rounds++) {
		r->again = false;
		follow_visits(r);
		if (!r->parser)
			break;
		read_round(r);
		redir_flush(r);
		if (!r->again && !r->failed && r->visits == r->link->visits)
			break;
	}
	r->busy = false;
}

static void line_ready(void *opaque)
{
	redir_work(opaque);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct redir *redir_make(struct dev_link *link, const struct redir_config *config)
{
	struct redir *r = heap_zero(sizeof(*r));

	r->config = *config;
	if (!r->config.max_out)
		r->config.max_out = REDIR_MAX_OUT;
	if (!r->config.max_buffered)
		r->config.max_buffered = REDIR_MAX_BUFFERED;
	r->link = link;
	r->next_id = 1;
	link->ready = line_ready;
	link->opaque = r;
	return r;
}

struct redir *redir_new(struct dev_link *link, const struct redir_config *config)
{
	struct redir *r = redir_make(link, config);

	redir_work(r);
	return r;
}

void redir_free(struct redir *r)
{
	if (!r)
		return;
	REQUIRE(!r->busy);
	r->busy = r->failed = true;
	end_connection(r);
	dev_link_free(r->link);
	heap_free(r);
}

struct dev_link *redir_part(struct redir *r)
{
	struct dev_link *link = r->link;

	link->ready = NULL;
	r->link = NULL;
	redir_free(r);
	return link;
}
