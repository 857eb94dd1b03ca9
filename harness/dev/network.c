// SPDX-License-Identifier: MIT
/*
 * network.c -- a network card in two ways: Remote NDIS (configuration 1) and CDC Ethernet (CDC 1.2, ECM
 * 1.2; configuration 2). Frames go to a line of link.h. Left out: statistics and power filters of ECM.
 */
#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/link.h"
#include "dev/rndis.h"
#include "heap.h"

#define NOTIFY_IN 0x81
#define DATA_IN 0x82
#define DATA_OUT 0x02
#define CONFIG_RNDIS 1u
#define GATHER_MAX 4096u /* bytes of one OUT transfer; what is longer is lost */
#define MESSAGES_MAX 16u /* in one transfer */
#define MAC_STRING_BYTES (2u + 2 * 12)

enum { /* CDC 1.2 table 19, ECM 1.2 table 6 */
	SEND_ENCAPSULATED_COMMAND = 0x00,
	GET_ENCAPSULATED_RESPONSE = 0x01,
	SET_MULTICAST_FILTERS = 0x40,
	SET_PACKET_FILTER = 0x43,
};

/* clang-format off */
#define DESC_SET(bulk, interval)                                                                   \
	{                                                                                          \
		18, 1, LE16(0x0200), 2, 0, 0, 64, LE16(0x1209), LE16(0x0008), LE16(0x0100),        \
		1, 2, 3, 2,                                                                        \
		9, 2, LE16(67), 2, CONFIG_RNDIS, 0, 0xc0, 50,                                      \
		INTERFACE_DESC(0, 0, 1, 2, 2, 0xff),                                               \
		CDC_HEADER_DESC, CDC_CALL_DESC(0, 1), CDC_ACM_DESC(0), CDC_UNION_DESC(0, 1),       \
		ENDPOINT_DESC(NOTIFY_IN, 3, 16, interval),                                         \
		INTERFACE_DESC(1, 0, 2, 10, 0, 0),                                                 \
		ENDPOINT_DESC(DATA_IN, 2, bulk, 0), ENDPOINT_DESC(DATA_OUT, 2, bulk, 0),           \
		9, 2, LE16(80), 2, 2, 0, 0xc0, 50,                                                 \
		INTERFACE_DESC(0, 0, 1, 2, 6, 0),                                                  \
		CDC_HEADER_DESC, CDC_UNION_DESC(0, 1),                                             \
		13, 0x24, 0x0f, 4, 0, 0, 0, 0, LE16(1514), LE16(0), 0,                             \
		ENDPOINT_DESC(NOTIFY_IN, 3, 16, interval),                                         \
		INTERFACE_DESC(1, 0, 0, 10, 0, 0),                                                 \
		INTERFACE_DESC(1, 1, 2, 10, 0, 0),                                                 \
		ENDPOINT_DESC(DATA_IN, 2, bulk, 0), ENDPOINT_DESC(DATA_OUT, 2, bulk, 0),           \
		10, 6, LE16(0x0200), 2, 0, 0, 64, 2, 0,                                            \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 7, 3, 'n', 0, 'e', 0, 't', 0, 'w', 0, 'o', 0, 'r', 0, 'k', 0,              \
		2 + 2 * 1, 3, '1', 0,                                                              \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(64, 10);
static const uint8_t high_speed_desc[] = DESC_SET(512, 7);

struct network {
	struct usb_device usb; /* first member */
	struct dev_link *link;
	struct rndis rndis;
	uint8_t mac[6];
	uint8_t set[sizeof(full_speed_desc) + MAC_STRING_BYTES];
	bool up_told, speed_told; /* ECM notifications */
	uint8_t out[GATHER_MAX];  /* an OUT transfer so far */
	size_t out_len, out_pos;
	bool out_whole, out_lost; /* all of it is there; it is too long */
	bool sending;
	uint8_t in[RNDIS_HEADER + RNDIS_FRAME];
	size_t in_len, in_pos; /* the frame on its way to the host */
	bool in_end;           /* an empty packet has to tell its end */
};

static struct network *to_network(struct usb_device *dev)
{
	return container_of(dev, struct network, usb);
}

static bool is_rndis(const struct network *net)
{
	return net->usb.configuration == CONFIG_RNDIS;
}

/* The address is that of the place it is plugged into, so that no two are the same. */
static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	static const char digit[] = "0123456789ABCDEF";
	struct network *net = to_network(dev);
	uint8_t *text = net->set + sizeof(full_speed_desc);

	memcpy(net->set, speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc,
	       sizeof(full_speed_desc));
	text[0] = MAC_STRING_BYTES;
	text[1] = 3;
	for (unsigned i = 0; i < 12; i++) {
		text[2 + 2 * i] = (uint8_t)digit[net->mac[i / 2] >> (i & 1 ? 0 : 4) & 0xf];
		text[3 + 2 * i] = 0;
	}
	*ret_len = sizeof(net->set);
	return net->set;
}

static void name_yourself(struct network *net)
{
	struct usb_port *port = net->usb.port;
	uint32_t place = usb_port_root(port)->number * 0x3d1u + usb_port_route(port) * 7;
	const uint8_t mac[6] = {0x52,
				0x54,
				(uint8_t)(place >> 24),
				(uint8_t)(place >> 16),
				(uint8_t)(place >> 8),
				(uint8_t)place};

	memcpy(net->mac, mac, sizeof(mac));
}

static void wake(struct usb_endpoint *ep)
{
	if (ep->present)
		usb_wakeup(ep);
}

/* ---- data ---------------------------------------------------------------------------------- */

static void drop_out(struct network *net)
{
	net->out_len = net->out_pos = 0;
	net->out_whole = net->out_lost = false;
}

static bool send_messages(struct network *net)
{
	size_t offset, len, whole;

	for (unsigned i = 0; i < MESSAGES_MAX && net->out_pos < net->out_len; i++) {
		const uint8_t *message = net->out + net->out_pos;

		whole = rndis_unwrap(message, net->out_len - net->out_pos, &offset, &len);
		if (!whole)
			break;
		if (len && net->rndis.ready &&
		    dev_link_send(net->link, message + offset, len) < len)
			return false;
		net->rndis.sent++;
		net->out_pos += whole;
	}
	return true;
}

/* Every frame in what the host has sent. False: the line is full, ask again. */
static bool send_frames(struct network *net)
{
	bool all;

	if (!net->out_whole)
		return true;
	if (net->sending) /* a loop tells us of our own frame */
		return false;
	net->sending = true;
	all = is_rndis(net) ? send_messages(net)
			    : dev_link_send(net->link, net->out, net->out_len) == net->out_len;
	net->sending = false;
	if (all)
		drop_out(net);
	return all;
}

static void line_ready(void *opaque)
{
	struct network *net = opaque;

	usb_device_hold(&net->usb);
	send_frames(net);
	wake(&net->usb.ep_in[DATA_IN & 15]);
	wake(&net->usb.ep_out[DATA_OUT & 15]);
	usb_device_release(&net->usb);
}

/* A transfer ends with a packet that is not full (USB2 5.8.3). */
static enum usb_status out(struct network *net, struct usb_endpoint *ep, struct usb_packet *p)
{
	bool last = !p->len || !ep->max_packet || p->len % ep->max_packet;

	if (!send_frames(net))
		return USB_NAK;
	if (!net->out_lost && net->out_len + p->len <= sizeof(net->out)) {
		memcpy(net->out + net->out_len, p->data, p->len);
		net->out_len += p->len;
	} else {
		net->out_lost = true;
	}
	if (last && net->out_lost)
		drop_out(net);
	net->out_whole = last && net->out_len;
	send_frames(net);
	return USB_OK;
}

static bool next_frame(struct network *net)
{
	size_t head = is_rndis(net) ? RNDIS_HEADER : 0;
	size_t n = dev_link_receive(net->link, net->in + head, RNDIS_FRAME);

	if (!n)
		return false;
	send_frames(net); /* there is room now */
	if (head)
		rndis_wrap(net->in, (uint32_t)n);
	net->rndis.received++;
	net->in_len = head + n;
	net->in_pos = 0;
	return true;
}

static enum usb_status in(struct network *net, struct usb_endpoint *ep, struct usb_packet *p)
{
	size_t n;

	if (net->in_end) {
		net->in_end = false;
		return USB_OK;
	}
	if (is_rndis(net) && (!net->rndis.ready || !net->rndis.filter))
		return USB_NAK;
	if (net->in_pos == net->in_len && !next_frame(net))
		return USB_NAK;
	n = min_u64(net->in_len - net->in_pos, p->len);
	usb_packet_put(p, net->in + net->in_pos, n);
	net->in_pos += n;
	net->in_end = net->in_pos == net->in_len && dev_ends_full(ep, n);
	return USB_OK;
}

static enum usb_status notify(struct network *net, struct usb_packet *p)
{
	uint8_t rndis[8] = {1};                             /* RESPONSE_AVAILABLE */
	uint8_t up[8] = {0xa1, 0x00, 1};                    /* NETWORK_CONNECTION */
	uint8_t speed[16] = {0xa1, 0x2a, 0, 0, 0, 0, 8, 0}; /* CONNECTION_SPEED_CHANGE */

	if (is_rndis(net)) {
		if (!net->rndis.answer_count || net->up_told)
			return USB_NAK;
		net->up_told = true;
		return usb_packet_put(p, rndis, sizeof(rndis)) ? USB_OK : USB_BABBLE;
	}
	if (!net->speed_told) {
		net->speed_told = true;
		put_le32(speed + 8, 100000000);
		put_le32(speed + 12, 100000000);
		return usb_packet_put(p, speed, sizeof(speed)) ? USB_OK : USB_BABBLE;
	}
	if (net->up_told)
		return USB_NAK;
	net->up_told = true;
	return usb_packet_put(p, up, sizeof(up)) ? USB_OK : USB_BABBLE;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct network *net = to_network(dev);

	switch (ep->address) {
	case DATA_IN:
		return in(net, ep, p);
	case DATA_OUT:
		return out(net, ep, p);
	case NOTIFY_IN:
		return notify(net, p);
	default:
		return USB_STALL;
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

static int rndis_request(struct network *net, const struct usb_setup *s, uint8_t *bytes,
			 uint32_t len)
{
	if (s->type == 0x21 && s->request == SEND_ENCAPSULATED_COMMAND) {
		if (len > RNDIS_COMMAND_MAX || !rndis_command(&net->rndis, bytes, len))
			return -USB_STALL;
		net->up_told = false;
		if (net->rndis.answer_count)
			wake(&net->usb.ep_in[NOTIFY_IN & 15]);
		wake(&net->usb.ep_in[DATA_IN & 15]);
		return 0;
	}
	if (s->type != 0xa1 || s->request != GET_ENCAPSULATED_RESPONSE)
		return -USB_STALL;
	if (!net->rndis.answer_count && len) { /* CDC 1.2: one zero byte says "nothing" */
		bytes[0] = 0;
		return 1;
	}
	net->up_told = net->rndis.answer_count <= 1;
	return (int)rndis_fetch(&net->rndis, bytes, len);
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	struct network *net = to_network(dev);

	if (dev->state != USB_CONFIGURED || s->index)
		return -USB_STALL;
	if (is_rndis(net))
		return rndis_request(net, s, bytes, len);
	if (s->type != 0x21)
		return -USB_STALL;
	switch (s->request) {
	case SET_PACKET_FILTER:
		return len ? -USB_STALL : 0;
	case SET_MULTICAST_FILTERS:
		return len == s->value * 6u ? 0 : -USB_STALL;
	default:
		return -USB_STALL;
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static void forget(struct usb_device *dev)
{
	struct network *net = to_network(dev);

	rndis_reset(&net->rndis);
	net->up_told = net->speed_told = false;
	drop_out(net);
	net->in_len = net->in_pos = 0;
	net->in_end = false;
}

static void interface_set(struct usb_device *dev, uint8_t interface, uint8_t alternate)
{
	(void)interface;
	(void)alternate;
	forget(dev);
	wake(&dev->ep_in[NOTIFY_IN & 15]);
}

static void network_free(struct usb_device *dev)
{
	struct network *net = to_network(dev);

	usb_device_fini(dev);
	rndis_reset(&net->rndis);
	dev_link_free(net->link);
	heap_free(net);
}

static const uint8_t *describe_here(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	name_yourself(to_network(dev));
	return describe(dev, speed, ret_len);
}

static const struct usb_device_ops ops = {
	.model = "network",
	.ms_compat = "RNDIS\0\0\0"
		     "5162001",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = describe_here,
	.reset = forget,
	.control = control,
	.data = data,
	.configured = forget,
	.interface_set = interface_set,
	.free = network_free,
};

struct usb_device *network_new(struct dev_link *link)
{
	struct network *net = heap_zero(sizeof(*net));

	usb_device_init(&net->usb, &ops, NULL, 0); /* see describe */
	net->rndis.mac = net->mac;
	net->link = link ? link : link_loop_new(true);
	net->link->ready = line_ready;
	net->link->opaque = net;
	return &net->usb;
}
