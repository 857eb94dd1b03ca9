// SPDX-License-Identifier: MIT
/*
 * peer.c -- a polite "usb-host" of usbredir: it introduces a device with an endpoint of each kind and
 * answers whatever the other side asks. What the real parser refuses is noted.
 */
#include "heap.h"
#include "redir/peer.h"

static int read_wire(void *priv, uint8_t *data, int count)
{
	struct peer *peer = priv;
	size_t n = peer->wire ? wire_take(&peer->wire->out, data, (size_t)count) : 0;

	for (size_t i = 0; i < n; i++)
		peer->hash = (peer->hash ^ data[i]) * UINT64_C(0x100000001b3);
	return (int)n;
}

static int write_wire(void *priv, uint8_t *data, int count)
{
	struct peer *peer = priv;

	if (peer->wire)
		wire_append(&peer->wire->in, data, (size_t)count);
	return count;
}

static void says(void *priv, int level, const char *line)
{
	(void)priv;
	(void)level;
	(void)line;
}

/* ---- what the other side says ------------------------------------------------------------------ */

static void hello(void *priv, struct usb_redir_hello_header *h)
{
	struct peer *peer = priv;

	(void)h;
	peer->hellos++;
}

static void reset(void *priv)
{
	struct peer *peer = priv;

	peer->resets++;
}

static void set_configuration(void *priv, uint64_t id, struct usb_redir_set_configuration_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_configuration_status_header answer = {0, h->configuration};

	peer->configuration = h->configuration;
	peer_tell_endpoints(peer);
	usbredirparser_send_configuration_status(peer->parser, id, &answer);
}

static void get_configuration(void *priv, uint64_t id)
{
	struct peer *peer = priv;
	struct usb_redir_configuration_status_header answer = {0, peer->configuration};

	usbredirparser_send_configuration_status(peer->parser, id, &answer);
}

static void set_setting(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_alt_setting_status_header answer = {0, h->interface, h->alt};

	peer->alternate[h->interface & 31] = h->alt;
	peer_tell_endpoints(peer);
	usbredirparser_send_alt_setting_status(peer->parser, id, &answer);
}

static void get_setting(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_alt_setting_status_header answer = {0, h->interface,
							     peer->alternate[h->interface & 31]};

	usbredirparser_send_alt_setting_status(peer->parser, id, &answer);
}

static void start_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_iso_stream_status_header answer = {0, h->endpoint};

	peer->started[redir_index(h->endpoint)]++;
	usbredirparser_send_iso_stream_status(peer->parser, id, &answer);
}

static void stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_iso_stream_status_header answer = {0, h->endpoint};

	peer->stopped[redir_index(h->endpoint)]++;
	usbredirparser_send_iso_stream_status(peer->parser, id, &answer);
}

static void start_interrupt(void *priv, uint64_t id,
			    struct usb_redir_start_interrupt_receiving_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_interrupt_receiving_status_header answer = {0, h->endpoint};

	peer->started[redir_index(h->endpoint)]++;
	usbredirparser_send_interrupt_receiving_status(peer->parser, id, &answer);
}

static void stop_interrupt(void *priv, uint64_t id,
			   struct usb_redir_stop_interrupt_receiving_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_interrupt_receiving_status_header answer = {0, h->endpoint};

	peer->stopped[redir_index(h->endpoint)]++;
	usbredirparser_send_interrupt_receiving_status(peer->parser, id, &answer);
}

static void start_bulk(void *priv, uint64_t id, struct usb_redir_start_bulk_receiving_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_bulk_receiving_status_header answer = {h->stream_id, h->endpoint, 0};

	peer->started[redir_index(h->endpoint)]++;
	usbredirparser_send_bulk_receiving_status(peer->parser, id, &answer);
}

static void stop_bulk(void *priv, uint64_t id, struct usb_redir_stop_bulk_receiving_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_bulk_receiving_status_header answer = {h->stream_id, h->endpoint, 0};

	peer->stopped[redir_index(h->endpoint)]++;
	usbredirparser_send_bulk_receiving_status(peer->parser, id, &answer);
}

static void alloc_streams(void *priv, uint64_t id, struct usb_redir_alloc_bulk_streams_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_bulk_streams_status_header answer = {h->endpoints, h->no_streams, 0};

	peer->streams = h->no_streams;
	usbredirparser_send_bulk_streams_status(peer->parser, id, &answer);
}

static void free_streams(void *priv, uint64_t id, struct usb_redir_free_bulk_streams_header *h)
{
	struct peer *peer = priv;
	struct usb_redir_bulk_streams_status_header answer = {h->endpoints, 0, 0};

	peer->streams = 0;
	usbredirparser_send_bulk_streams_status(peer->parser, id, &answer);
}

static void cancel(void *priv, uint64_t id)
{
	struct peer *peer = priv;

	peer->cancels++;
	for (unsigned i = 0; i < peer->owed_count; i++)
		if (peer->owed[i].id == id) {
			peer_answer(peer, i, usb_redir_cancelled);
			return;
		}
}

static void reject(void *priv)
{
	struct peer *peer = priv;

	peer->rejects++;
}

static void filter(void *priv, struct usbredirfilter_rule *rules, int count)
{
	struct peer *peer = priv;

	(void)count;
	peer->filters++;
	usbredirfilter_free(rules);
}

static void acknowledge(void *priv)
{
	struct peer *peer = priv;

	peer->acks++;
}

static void control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
		    uint8_t *data, int len)
{
	struct peer *peer = priv;

	(void)len;
	usbredirparser_free_packet_data(peer->parser, data);
	peer_owe(peer, &(struct peer_owed){.id = id, .kind = PEER_CONTROL, .h.control = *h});
}

static void bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h, uint8_t *data,
		 int len)
{
	struct peer *peer = priv;

	(void)len;
	peer->out_packets += !(h->endpoint & 0x80);
	usbredirparser_free_packet_data(peer->parser, data);
	peer_owe(peer, &(struct peer_owed){.id = id, .kind = PEER_BULK, .h.bulk = *h});
}

static void interrupt(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *h,
		      uint8_t *data, int len)
{
	struct peer *peer = priv;

	(void)len;
	peer->out_packets++;
	usbredirparser_free_packet_data(peer->parser, data);
	peer_owe(peer, &(struct peer_owed){.id = id, .kind = PEER_INTERRUPT, .h.interrupt = *h});
}

static void iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *h, uint8_t *data,
		int len)
{
	struct peer *peer = priv;

	(void)id;
	(void)h;
	(void)len;
	peer->out_packets++;
	usbredirparser_free_packet_data(peer->parser, data);
}

static void set_callbacks(struct usbredirparser *parser)
{
	parser->log_func = says;
	parser->read_func = read_wire;
	parser->write_func = write_wire;
	parser->hello_func = hello;
	parser->reset_func = reset;
	parser->set_configuration_func = set_configuration;
	parser->get_configuration_func = get_configuration;
	parser->set_alt_setting_func = set_setting;
	parser->get_alt_setting_func = get_setting;
	parser->start_iso_stream_func = start_iso;
	parser->stop_iso_stream_func = stop_iso;
	parser->start_interrupt_receiving_func = start_interrupt;
	parser->stop_interrupt_receiving_func = stop_interrupt;
	parser->start_bulk_receiving_func = start_bulk;
	parser->stop_bulk_receiving_func = stop_bulk;
	parser->alloc_bulk_streams_func = alloc_streams;
	parser->free_bulk_streams_func = free_streams;
	parser->cancel_data_packet_func = cancel;
	parser->filter_reject_func = reject;
	parser->filter_filter_func = filter;
	parser->device_disconnect_ack_func = acknowledge;
	parser->control_packet_func = control;
	parser->bulk_packet_func = bulk;
	parser->interrupt_packet_func = interrupt;
	parser->iso_packet_func = iso;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void set_endpoint(struct peer *peer, uint8_t address, uint8_t type, uint16_t size,
			 uint32_t streams)
{
	unsigned i = redir_index(address);

	peer->ep.type[i] = type;
	peer->ep.interval[i] = 1;
	peer->ep.max_packet_size[i] = size;
	peer->ep.max_streams[i] = streams;
}

static void begin(struct peer *peer)
{
	uint32_t caps = peer->caps;

	peer->parser = usbredirparser_create();
	REQUIRE(peer->parser);
	peer->parser->priv = peer;
	set_callbacks(peer->parser);
	usbredirparser_init(peer->parser, "peer", &caps, 1, usbredirparser_fl_usb_host);
	usbredirparser_do_write(peer->parser);
}

void peer_init(struct peer *peer, uint32_t caps)
{
	memset(peer, 0, sizeof(*peer));
	peer->wire = wire_new();
	peer->wire->owner = &peer->wire;
	memset(peer->ep.type, usb_redir_type_invalid, sizeof(peer->ep.type));
	peer->ep.type[0] = peer->ep.type[16] = usb_redir_type_control;
	set_endpoint(peer, PEER_BULK_IN, usb_redir_type_bulk, 512, 16);
	set_endpoint(peer, PEER_BULK_OUT, usb_redir_type_bulk, 512, 16);
	set_endpoint(peer, PEER_INTERRUPT_IN, usb_redir_type_interrupt, 64, 0);
	set_endpoint(peer, PEER_INTERRUPT_OUT, usb_redir_type_interrupt, 64, 0);
	set_endpoint(peer, PEER_ISO_IN, usb_redir_type_iso, 192, 0);
	set_endpoint(peer, PEER_ISO_OUT, usb_redir_type_iso, 192, 0);
	peer->caps = caps;
	begin(peer);
}

void peer_come_again(struct peer *peer)
{
	usbredirparser_destroy(peer->parser);
	peer->owed_count = 0;
	wire_visit(peer->wire, false);
	wire_visit(peer->wire, true);
	begin(peer);
}

void peer_fini(struct peer *peer)
{
	usbredirparser_destroy(peer->parser);
	if (peer->wire)
		peer->wire->owner = NULL;
}

void peer_tell_endpoints(struct peer *peer)
{
	usbredirparser_send_ep_info(peer->parser, &peer->ep);
}

void peer_introduce(struct peer *peer, uint8_t speed)
{
	struct usb_redir_interface_info_header interfaces = {.interface_count = 1,
							     .interface_class = {0xff}};
	struct usb_redir_device_connect_header info = {
		.speed = speed,
		.device_class = 0xff,
		.vendor_id = 0x1209,
		.product_id = 0x0013,
		.device_version_bcd = 0x0100,
	};

	usbredirparser_send_interface_info(peer->parser, &interfaces);
	peer_tell_endpoints(peer);
	usbredirparser_send_device_connect(peer->parser, &info);
	usbredirparser_do_write(peer->parser);
}

void peer_leave(struct peer *peer)
{
	usbredirparser_send_device_disconnect(peer->parser);
	usbredirparser_do_write(peer->parser);
}

void peer_work(struct peer *peer)
{
	if (usbredirparser_do_read(peer->parser) == usbredirparser_read_parse_error)
		peer->refused = true;
	usbredirparser_do_write(peer->parser);
}
