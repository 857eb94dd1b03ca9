// SPDX-License-Identifier: MIT
/*
 * serial.c -- a serial line as CDC-ACM has it (CDC 1.2, PSTN 1.2): a communication interface with a
 * notification endpoint and a data interface with a bulk pair, on a line of link.h. Line coding is only
 * remembered; there is no parity or framing error on such a line. Left out: encapsulated commands, ring.
 */
#include <errno.h>

#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/link.h"
#include "heap.h"
#include "state.h"

#define NOTIFY_IN 0x83
#define DATA_IN 0x81
#define DATA_OUT 0x02
#define CODING_BYTES 7u

enum { /* PSTN 1.2, table 13 */
	SET_LINE_CODING = 0x20,
	GET_LINE_CODING = 0x21,
	SET_CONTROL_LINE_STATE = 0x22,
	SEND_BREAK = 0x23,
};

enum { /* PSTN 1.2, table 31: UART state */
	STATE_DCD = 1 << 0,
	STATE_DSR = 1 << 1,
};

struct serial {
	struct usb_device usb; /* first member */
	struct dev_link *link;
	uint8_t coding[CODING_BYTES];
	uint8_t lines; /* bit 0 DTR, 1 RTS */
	bool untold;   /* SERIAL_STATE not sent yet */
	uint8_t *rest; /* of an OUT packet that the line did not take, own allocation */
	size_t rest_len, rest_pos;
};

/* clang-format off */
#define DESC_SET(bulk, interval)                                                                   \
	{                                                                                          \
		18, 1, LE16(0x0200), 0xef, 2, 1, 64, LE16(0x1209), LE16(0x0007), LE16(0x0100),     \
		1, 2, 3, 1,                                                                        \
		CONFIG_DESC(75, 2, 0xc0, 50),                                                      \
		IAD_DESC(0, 2, 2, 2, 1),                                                           \
		INTERFACE_DESC(0, 0, 1, 2, 2, 1),                                                  \
		CDC_HEADER_DESC, CDC_CALL_DESC(0, 1), CDC_ACM_DESC(6), CDC_UNION_DESC(0, 1),       \
		ENDPOINT_DESC(NOTIFY_IN, 3, 16, interval),                                         \
		INTERFACE_DESC(1, 0, 2, 10, 0, 0),                                                 \
		ENDPOINT_DESC(DATA_IN, 2, bulk, 0), ENDPOINT_DESC(DATA_OUT, 2, bulk, 0),           \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 6, 3, 's', 0, 'e', 0, 'r', 0, 'i', 0, 'a', 0, 'l', 0,                      \
		2 + 2 * 1, 3, '1', 0,                                                              \
		10, 6, LE16(0x0200), 0xef, 2, 1, 64, 1, 0,                                         \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(64, 10);
static const uint8_t high_speed_desc[] = DESC_SET(512, 7);

static struct serial *to_serial(struct usb_device *dev)
{
	return container_of(dev, struct serial, usb);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	*ret_len = sizeof(full_speed_desc);
	return speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc;
}

static void wake(struct usb_endpoint *ep)
{
	if (ep->present)
		usb_wakeup(ep);
}

static void line_ready(void *opaque)
{
	struct serial *serial = opaque;

	usb_device_hold(&serial->usb);
	wake(&serial->usb.ep_in[DATA_IN & 15]);
	if (serial->rest)
		wake(&serial->usb.ep_out[DATA_OUT & 15]);
	usb_device_release(&serial->usb);
}

/* ---- data ---------------------------------------------------------------------------------- */

static void drop_rest(struct serial *serial)
{
	heap_free(serial->rest);
	serial->rest = NULL;
	serial->rest_len = serial->rest_pos = 0;
}

static bool flush(struct serial *serial)
{
	if (!serial->rest)
		return true;
	serial->rest_pos += dev_link_send(serial->link, serial->rest + serial->rest_pos,
					  serial->rest_len - serial->rest_pos);
	if (serial->rest_pos < serial->rest_len)
		return false;
	drop_rest(serial);
	return true;
}

static enum usb_status out(struct serial *serial, struct usb_packet *p)
{
	size_t taken;

	if (!flush(serial))
		return USB_NAK;
	taken = dev_link_send(serial->link, p->data, p->len);
	if (taken < p->len) {
		serial->rest_len = p->len - taken;
		serial->rest = heap_zero(serial->rest_len);
		memcpy(serial->rest, p->data + taken, serial->rest_len);
	}
	return USB_OK;
}

static enum usb_status in(struct serial *serial, struct usb_packet *p)
{
	uint8_t bytes[512];
	bool any = false;

	while (p->actual < p->len) {
		size_t n = dev_link_receive(serial->link, bytes,
					    min_u64(sizeof(bytes), p->len - p->actual));

		if (!n)
			break;
		usb_packet_put(p, bytes, n);
		any = true;
	}
	flush(serial);
	return any || !p->len ? USB_OK : USB_NAK;
}

static enum usb_status notify(struct serial *serial, struct usb_packet *p)
{
	uint8_t state[10] = {0xa1, 0x20, 0, 0, 0, 0, 2, 0}; /* SERIAL_STATE, PSTN 1.2 6.5.4 */

	if (!serial->untold)
		return USB_NAK;
	put_le16(state + 8, serial->lines & 1 ? STATE_DCD | STATE_DSR : 0);
	serial->untold = false;
	return usb_packet_put(p, state, sizeof(state)) ? USB_OK : USB_BABBLE;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct serial *serial = to_serial(dev);

	switch (ep->address) {
	case DATA_IN:
		return in(serial, p);
	case DATA_OUT:
		return out(serial, p);
	case NOTIFY_IN:
		return notify(serial, p);
	default:
		return USB_STALL;
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	struct serial *serial = to_serial(dev);
	uint32_t n = (uint32_t)min_u64(len, CODING_BYTES);

	if (s->index || dev->state != USB_CONFIGURED)
		return -USB_STALL;
	if (s->type == 0xa1 && s->request == GET_LINE_CODING) {
		if (n)
			memcpy(bytes, serial->coding, n);
		return (int)n;
	}
	if (s->type != 0x21)
		return -USB_STALL;
	switch (s->request) {
	case SET_LINE_CODING:
		if (len != CODING_BYTES || bytes[4] > 2 || bytes[5] > 4)
			return -USB_STALL;
		memcpy(serial->coding, bytes, CODING_BYTES);
		return 0;
	case SET_CONTROL_LINE_STATE:
		serial->untold |= (serial->lines ^ s->value) & 1;
		serial->lines = s->value & 3;
		if (serial->untold)
			wake(&dev->ep_in[NOTIFY_IN & 15]);
		return 0;
	case SEND_BREAK:
		return 0;
	default:
		return -USB_STALL;
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static void reset(struct usb_device *dev)
{
	/* 115200 bits a second, 8 bits, no parity, 1 stop bit */
	static const uint8_t usual[CODING_BYTES] = {0x00, 0xc2, 0x01, 0x00, 0, 0, 8};
	struct serial *serial = to_serial(dev);

	memcpy(serial->coding, usual, sizeof(usual));
	serial->lines = 0;
	serial->untold = false;
	drop_rest(serial);
}

static const struct state_field saved_fields[] = {
	STATE_RANGE(serial, lines, 0, 3),
	STATE_FLAG(serial, untold),
	STATE_RANGE(serial, rest_len, 0, 1u << 20),
	STATE_RANGE(serial, rest_pos, 0, 1u << 20),
};

static void saved(struct usb_device *dev, struct state *st)
{
	struct serial *serial = to_serial(dev);

	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), serial);
	state_bytes(st, "line coding", serial->coding, CODING_BYTES);
	state_check(st, serial->coding[4] <= 2 && serial->coding[5] <= 4,
		    "a line coding that is none");
	if (!state_check(st, serial->rest_pos < serial->rest_len || !serial->rest_len,
			 "more sent than there was") ||
	    (st->loading && st->refused))
		serial->rest_len = serial->rest_pos = 0;
	if (st->loading && serial->rest_len)
		serial->rest = heap_zero(serial->rest_len);
	if (serial->rest_len)
		state_bytes(st, "rest", serial->rest, serial->rest_len);
	dev_link_saved(serial->link, st);
}

static void serial_free(struct usb_device *dev)
{
	struct serial *serial = to_serial(dev);

	usb_device_fini(dev);
	dev_link_free(serial->link);
	drop_rest(serial);
	heap_free(serial);
}

static const struct usb_device_ops ops = {
	.model = "serial",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = describe,
	.reset = reset,
	.control = control,
	.data = data,
	.saved = saved,
	.free = serial_free,
};

struct usb_device *serial_new(struct dev_link *link)
{
	struct serial *serial = heap_zero(sizeof(*serial));

	usb_device_init(&serial->usb, &ops, NULL, 0); /* see describe */
	serial->link = link ? link : link_loop_new(false);
	serial->link->ready = line_ready;
	serial->link->opaque = serial;
	reset(&serial->usb);
	return &serial->usb;
}
