// SPDX-License-Identifier: MIT
/*
 * testbed.h -- somebody else's USB host on the real libusbredirparser, between which and an exported device all bytes
 * go at once; what it was told last is there to be looked at.
 */
#ifndef EXPORT_TESTBED_H
#define EXPORT_TESTBED_H

#include "dev/dev.h"
#include "export/export.h"
#include "heap.h"
#include "redir/peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The last message of a kind, and how many there were. */
struct said {
	unsigned count;
	uint64_t id;
	uint8_t endpoint, status;
	uint32_t len; /* as its header has it */
	uint8_t data[32];
};

struct guest {
	struct export e;
	struct usbredirparser *parser;
	struct wire_bytes to, from; /* the export, as it has it */
	bool deaf;                  /* it takes nothing more */
	uint64_t now_ns;
	struct disk *disk;
	unsigned hellos, connects, disconnects;
	struct usb_redir_device_connect_header device;
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header ep;
	struct said control, bulk, interrupt, iso, buffered, configuration, setting, streams,
		iso_status, interrupt_status, bulk_status;
	char line[200];
};

/* ---- what it is told ---------------------------------------------------------------------------- */

static inline void guest_note(struct said *s, uint64_t id, uint8_t endpoint, uint8_t status,
			      uint32_t len, const uint8_t *data, int data_len)
{
	*s = (struct said){s->count + 1, id, endpoint, status, len, {0}};
	if (data && data_len > 0)
		memcpy(s->data, data, min_u64((uint64_t)data_len, sizeof(s->data)));
}

static inline void guest_hello(void *priv, struct usb_redir_hello_header *h)
{
	struct guest *g = priv;

	(void)h;
	g->hellos++;
}

static inline void guest_connect(void *priv, struct usb_redir_device_connect_header *h)
{
	struct guest *g = priv;

	g->connects++;
	g->device = *h;
}

static inline void guest_disconnect(void *priv)
{
	struct guest *g = priv;

	g->disconnects++;
}

static inline void guest_interfaces(void *priv, struct usb_redir_interface_info_header *h)
{
	((struct guest *)priv)->interfaces = *h;
}

static inline void guest_endpoints(void *priv, struct usb_redir_ep_info_header *h)
{
	((struct guest *)priv)->ep = *h;
}

/* A packet with data, which is ours then. */
#define GUEST_PACKET(name, length)                                                                 \
	static inline void guest_##name(void *priv, uint64_t id,                                   \
					struct usb_redir_##name##_packet_header *h, uint8_t *data, \
					int len)                                                   \
	{                                                                                          \
		struct guest *g = priv;                                                            \
                                                                                                   \
		guest_note(&g->name, id, h->endpoint, h->status, (length), data, len);             \
		usbredirparser_free_packet_data(g->parser, data);                                  \
	}
GUEST_PACKET(control, h->length)
GUEST_PACKET(bulk, (uint32_t)h->length_high << 16 | h->length)
GUEST_PACKET(interrupt, h->length)
GUEST_PACKET(iso, h->length)

static inline void guest_buffered(void *priv, uint64_t id,
				  struct usb_redir_buffered_bulk_packet_header *h, uint8_t *data,
				  int len)
{
	struct guest *g = priv;

	guest_note(&g->buffered, id, h->endpoint, h->status, h->length, data, len);
	usbredirparser_free_packet_data(g->parser, data);
}

static inline void guest_configuration(void *priv, uint64_t id,
				       struct usb_redir_configuration_status_header *h)
{
	guest_note(&((struct guest *)priv)->configuration, id, 0, h->status, h->configuration, NULL,
		   0);
}

static inline void guest_setting(void *priv, uint64_t id,
				 struct usb_redir_alt_setting_status_header *h)
{
	guest_note(&((struct guest *)priv)->setting, id, h->interface, h->status, h->alt, NULL, 0);
}

static inline void guest_streams(void *priv, uint64_t id,
				 struct usb_redir_bulk_streams_status_header *h)
{
	guest_note(&((struct guest *)priv)->streams, id, 0, h->status, h->no_streams, NULL, 0);
}

static inline void guest_iso_status(void *priv, uint64_t id,
				    struct usb_redir_iso_stream_status_header *h)
{
	guest_note(&((struct guest *)priv)->iso_status, id, h->endpoint, h->status, 0, NULL, 0);
}

static inline void guest_interrupt_status(void *priv, uint64_t id,
					  struct usb_redir_interrupt_receiving_status_header *h)
{
	guest_note(&((struct guest *)priv)->interrupt_status, id, h->endpoint, h->status, 0, NULL,
		   0);
}

static inline void guest_bulk_status(void *priv, uint64_t id,
				     struct usb_redir_bulk_receiving_status_header *h)
{
	guest_note(&((struct guest *)priv)->bulk_status, id, h->endpoint, h->status, 0, NULL, 0);
}

static inline void guest_log(void *priv, int level, const char *line)
{
	(void)priv;
	(void)level;
	(void)line;
}

/* ---- the line ------------------------------------------------------------------------------------ */

static inline int guest_read(void *priv, uint8_t *data, int count)
{
	return (int)wire_take(&((struct guest *)priv)->from, data, (size_t)count);
}

static inline int guest_write(void *priv, uint8_t *data, int count)
{
	wire_append(&((struct guest *)priv)->to, data, (size_t)count);
	return count;
}

static inline int guest_hear(void *opaque, const uint8_t *bytes, int count)
{
	struct guest *g = opaque;

	if (g->deaf)
		return 0;
	wire_append(&g->from, bytes, (size_t)count);
	return count;
}

static inline void guest_say(void *opaque, const char *line)
{
	struct guest *g = opaque;

	snprintf(g->line, sizeof(g->line), "%s", line);
}

/* Until neither side has anything to say; time stands still. */
static inline void guest_talk(struct guest *g)
{
	uint8_t bytes[4096];
	size_t n;

	for (unsigned i = 0; i < 6; i++) {
		usbredirparser_do_write(g->parser);
		while ((n = wire_take(&g->to, bytes, sizeof(bytes))))
			assert_int_equal(export_receive(&g->e, bytes, n), 0);
		assert_int_equal(export_work(&g->e, g->now_ns), 0);
		assert_int_equal(usbredirparser_do_read(g->parser), 0);
	}
}

static inline void guest_step(struct guest *g, unsigned msec)
{
	for (unsigned i = 0; i < msec; i++) {
		g->now_ns += 1000000;
		guest_talk(g);
	}
}

static inline void guest_call_with(struct guest *g, uint32_t can)
{
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {can};

	g->parser = usbredirparser_create();
	assert_non_null(g->parser);
	g->parser->priv = g;
	g->parser->log_func = guest_log;
	g->parser->read_func = guest_read;
	g->parser->write_func = guest_write;
	g->parser->hello_func = guest_hello;
	g->parser->device_connect_func = guest_connect;
	g->parser->device_disconnect_func = guest_disconnect;
	g->parser->interface_info_func = guest_interfaces;
	g->parser->ep_info_func = guest_endpoints;
	g->parser->control_packet_func = guest_control;
	g->parser->bulk_packet_func = guest_bulk;
	g->parser->interrupt_packet_func = guest_interrupt;
	g->parser->iso_packet_func = guest_iso;
	g->parser->buffered_bulk_packet_func = guest_buffered;
	g->parser->configuration_status_func = guest_configuration;
	g->parser->alt_setting_status_func = guest_setting;
	g->parser->bulk_streams_status_func = guest_streams;
	g->parser->iso_stream_status_func = guest_iso_status;
	g->parser->interrupt_receiving_status_func = guest_interrupt_status;
	g->parser->bulk_receiving_status_func = guest_bulk_status;
	usbredirparser_init(g->parser, "guest", caps, USB_REDIR_CAPS_SIZE, 0);
}

/* Somebody who knows all there is in 0.7. */
static inline void guest_call(struct guest *g)
{
	guest_call_with(g, PEER_ALL_CAPS);
}

/* ---- for each test --------------------------------------------------------------------------------- */

static inline int guest_setup(void **state)
{
	struct guest *g = alloc_zero(sizeof(*g));

	g->e.write = guest_hear;
	g->e.say = guest_say;
	g->e.opaque = g;
	export_connect(&g->e);
	guest_call(g);
	*state = g;
	return 0;
}

static inline int guest_teardown(void **state)
{
	struct guest *g = *state;

	export_hang_up(&g->e);
	export_unplug(&g->e);
	assert_null(g->e.urbs);
	assert_int_equal(g->e.usbfs.bus.live_packets, 0);
	assert_int_equal(g->e.usbfs.bus.live_devices, 0);
	usbredirparser_destroy(g->parser);
	heap_free(g->to.data);
	heap_free(g->from.data);
	disk_free(g->disk);
	free(g);
	return 0;
}

/* Plugged in, greeted and shown. */
static inline struct guest *guest_with(void **state, struct usb_device *dev, enum usb_speed speed)
{
	struct guest *g = *state;

	assert_int_equal(export_plug(&g->e, dev, speed), 0);
	guest_talk(g);
	assert_int_equal(g->connects, 1);
	return g;
}

#define guest_test(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)

/* ---- what it asks for ------------------------------------------------------------------------------- */

static inline void guest_ask(struct guest *g, uint64_t id, uint8_t type, uint8_t request,
			     uint16_t value, uint16_t index, uint16_t len, uint8_t *data)
{
	bool in = type & 0x80;
	struct usb_redir_control_packet_header h = {
		.endpoint = in ? 0x80 : 0,
		.request = request,
		.requesttype = type,
		.value = value,
		.index = index,
		.length = len,
	};

	usbredirparser_send_control_packet(g->parser, id, &h, in || !len ? NULL : data,
					   in ? 0 : len);
	guest_talk(g);
}

static inline void guest_move(struct guest *g, uint64_t id, uint8_t endpoint, uint32_t len,
			      uint8_t *data)
{
	struct usb_redir_bulk_packet_header h = {.endpoint = endpoint,
						 .length = (uint16_t)len,
						 .length_high = (uint16_t)(len >> 16)};

	usbredirparser_send_bulk_packet(g->parser, id, &h, data, data ? (int)len : 0);
	guest_talk(g);
}

static inline void guest_set(struct guest *g, uint64_t id, uint8_t interface, uint8_t setting)
{
	struct usb_redir_set_alt_setting_header h = {interface, setting};

	usbredirparser_send_set_alt_setting(g->parser, id, &h);
	guest_talk(g);
}

#endif
