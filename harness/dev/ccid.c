// SPDX-License-Identifier: MIT
/*
 * ccid.c -- a smart card reader with one slot (CCID 1.1) that exchanges whole APDUs, and a card in it. The
 * length in a message's header is only believed if it is the length of what came. Left out: secure PIN
 * entry, mechanical parts, a clock that stops (refused as not supported).
 */
#include <errno.h>

#include "dev/ccid_card.h"
#include "dev/ccid_desc.h"
#include "dev/dev.h"
#include "heap.h"

#define HEAD 10u
#define ANSWERS 4u /* that may wait; then the host has to */

enum { /* CCID 6.1, 6.2 */
	SET_PARAMETERS = 0x61,
	ICC_POWER_ON = 0x62,
	ICC_POWER_OFF = 0x63,
	GET_SLOT_STATUS = 0x65,
	GET_PARAMETERS = 0x6c,
	RESET_PARAMETERS = 0x6d,
	XFR_BLOCK = 0x6f,
	ABORT = 0x72,
	DATA_BLOCK = 0x80,
	SLOT_STATUS = 0x81,
	PARAMETERS = 0x82,
	NOTIFY_SLOT_CHANGE = 0x50,
};

enum { /* CCID 6.2.6: bError where the command failed */
	ERROR_UNSUPPORTED = 0,
	ERROR_LENGTH = 1,
	ERROR_SLOT = 5,
	ERROR_ICC_MUTE = 0xfe,
};

#define FAILED (1u << 6) /* bmCommandStatus */

enum icc { /* bmICCStatus */
	ICC_ACTIVE,
	ICC_INACTIVE,
	ICC_ABSENT,
};

struct answer {
	uint8_t *bytes; /* own allocation of exactly len */
	size_t len;
};

struct ccid {
	struct usb_device usb; /* first member */
	struct ccid_card card;
	bool present, powered, untold;
	uint8_t parameters[5];         /* T=0, CCID 6.1.7 */
	uint8_t out[CCID_MESSAGE_MAX]; /* a message so far */
	size_t out_len;                /* may be more than fits: then it is too long */
	struct answer answer[ANSWERS];
	unsigned answer_count;
	size_t in_pos; /* of the oldest answer */
	bool in_end;   /* an empty packet has to tell its end */
};

static struct ccid *to_ccid(struct usb_device *dev)
{
	return container_of(dev, struct ccid, usb);
}

static void wake(struct usb_endpoint *ep)
{
	if (ep->present)
		usb_wakeup(ep);
}

/* ---- answers ------------------------------------------------------------------------------- */

static uint8_t icc_status(const struct ccid *c)
{
	return !c->present ? ICC_ABSENT : c->powered ? ICC_ACTIVE : ICC_INACTIVE;
}

static void drop_answer(struct ccid *c)
{
	heap_free(c->answer[0].bytes);
	c->answer_count--;
	memmove(&c->answer[0], &c->answer[1], c->answer_count * sizeof(c->answer[0]));
	c->in_pos = 0;
}

static void reply(struct ccid *c, uint8_t type, uint8_t status, uint8_t error, const uint8_t *bytes,
		  size_t len)
{
	struct answer *a = &c->answer[c->answer_count++];

	*a = (struct answer){heap_zero(HEAD + len), HEAD + len};
	a->bytes[0] = type;
	put_le32(a->bytes + 1, (uint32_t)len);
	a->bytes[5] = c->out[5]; /* slot and sequence number of the command */
	a->bytes[6] = c->out[6];
	a->bytes[7] = status | icc_status(c);
	a->bytes[8] = error;
	if (len)
		memcpy(a->bytes + HEAD, bytes, len);
	wake(&c->usb.ep_in[CCID_BULK_IN & 15]);
}

/* What kind of answer a command has, whether it works or not (CCID table 6.2-1). */
static uint8_t answer_type(uint8_t command)
{
	switch (command) {
	case ICC_POWER_ON:
	case XFR_BLOCK:
		return DATA_BLOCK;
	case GET_PARAMETERS:
	case RESET_PARAMETERS:
	case SET_PARAMETERS:
		return PARAMETERS;
	default:
		return SLOT_STATUS;
	}
}

static void fail(struct ccid *c, uint8_t error)
{
	reply(c, answer_type(c->out[0]), FAILED, error, NULL, 0);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void reset_parameters(struct ccid *c)
{
	static const uint8_t usual[5] = {0x11, 0x00, 0x00, 0x0a, 0x00};

	memcpy(c->parameters, usual, sizeof(usual));
}

static void power_on(struct ccid *c)
{
	const uint8_t *atr;
	size_t len;

	c->powered = true;
	reset_parameters(c);
	atr = ccid_card_reset(&c->card, &len);
	reply(c, DATA_BLOCK, 0, 0, atr, len);
}

static void exchange(struct ccid *c, const uint8_t *bytes, size_t len)
{
	uint8_t answer[CARD_ANSWER_MAX];

	if (!c->powered) {
		fail(c, ERROR_ICC_MUTE);
		return;
	}
	len = ccid_card_apdu(&c->card, bytes, len, answer);
	reply(c, DATA_BLOCK, 0, 0, answer, len);
}

static void parameters(struct ccid *c, const uint8_t *bytes, size_t len)
{
	if (c->out[0] == SET_PARAMETERS && (c->out[7] || len != sizeof(c->parameters))) {
		fail(c, c->out[7] ? 7 : ERROR_LENGTH); /* 7: where bProtocolNum is */
		return;
	}
	if (c->out[0] == SET_PARAMETERS)
		memcpy(c->parameters, bytes, sizeof(c->parameters));
	else if (c->out[0] == RESET_PARAMETERS)
		reset_parameters(c);
	reply(c, PARAMETERS, 0, 0, c->parameters, sizeof(c->parameters));
}

static void command(struct ccid *c)
{
	const uint8_t *bytes = c->out + HEAD;
	size_t len = c->out_len - HEAD;

	if (c->out_len > CCID_MESSAGE_MAX || get_le32(c->out + 1) != len) {
		fail(c, ERROR_LENGTH);
		return;
	}
	if (c->out[5]) {
		fail(c, ERROR_SLOT);
		return;
	}
	switch (c->out[0]) {
	case ICC_POWER_ON:
	case XFR_BLOCK:
		if (!c->present)
			fail(c, ERROR_ICC_MUTE);
		else if (c->out[0] == ICC_POWER_ON)
			power_on(c);
		else
			exchange(c, bytes, len);
		break;
	case ICC_POWER_OFF:
		c->powered = false;
		reply(c, SLOT_STATUS, 0, 0, NULL, 0);
		break;
	case GET_SLOT_STATUS:
	case ABORT:
		reply(c, SLOT_STATUS, 0, 0, NULL, 0);
		break;
	case GET_PARAMETERS:
	case RESET_PARAMETERS:
	case SET_PARAMETERS:
		parameters(c, bytes, len);
		break;
	default:
		fail(c, ERROR_UNSUPPORTED);
	}
}

/* ---- data ---------------------------------------------------------------------------------- */

/* A message ends with a packet that is not full, or where its header says. */
static enum usb_status out(struct ccid *c, struct usb_endpoint *ep, struct usb_packet *p)
{
	size_t room = sizeof(c->out) - min_u64(c->out_len, sizeof(c->out));
	bool last = !p->len || !ep->max_packet || p->len % ep->max_packet;

	if (c->answer_count == ANSWERS)
		return USB_NAK;
	if (min_u64(room, p->len))
		memcpy(c->out + c->out_len, p->data, min_u64(room, p->len));
	c->out_len = min_u64(c->out_len + p->len, CCID_MESSAGE_MAX + 1);
	if (c->out_len >= HEAD && c->out_len - HEAD == get_le32(c->out + 1))
		last = true;
	if (!last)
		return USB_OK;
	if (c->out_len >= HEAD)
		command(c);
	c->out_len = 0;
	return USB_OK;
}

static enum usb_status in(struct ccid *c, struct usb_endpoint *ep, struct usb_packet *p)
{
	const struct answer *a = &c->answer[0];
	size_t n;

	if (c->in_end) {
		c->in_end = false;
		return USB_OK;
	}
	if (!c->answer_count)
		return USB_NAK;
	n = min_u64(a->len - c->in_pos, p->len);
	usb_packet_put(p, a->bytes + c->in_pos, n);
	c->in_pos += n;
	if (c->in_pos < a->len)
		return USB_OK;
	c->in_end = dev_ends_full(ep, n);
	drop_answer(c);
	wake(&c->usb.ep_out[CCID_BULK_OUT & 15]);
	return USB_OK;
}

static enum usb_status notify(struct ccid *c, struct usb_packet *p)
{
	uint8_t note[2] = {NOTIFY_SLOT_CHANGE, (uint8_t)(2 | c->present)};

	if (!c->untold)
		return USB_NAK;
	c->untold = false;
	return usb_packet_put(p, note, sizeof(note)) ? USB_OK : USB_BABBLE;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	switch (ep->address) {
	case CCID_BULK_IN:
		return in(to_ccid(dev), ep, p);
	case CCID_BULK_OUT:
		return out(to_ccid(dev), ep, p);
	case CCID_NOTIFY_IN:
		return notify(to_ccid(dev), p);
	default:
		return USB_STALL;
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	static const uint8_t clock[4] = {0xa0, 0x0f, 0, 0}, rate[4] = {0x80, 0x25, 0, 0};
	uint32_t n = (uint32_t)min_u64(len, 4);
	struct ccid *c = to_ccid(dev);

	if (dev->state != USB_CONFIGURED || s->index)
		return -USB_STALL;
	if (s->type == 0x21 && s->request == 1) { /* ABORT: slot and sequence number in wValue */
		if (s->value & 0xff || len)
			return -USB_STALL;
		while (c->answer_count)
			drop_answer(c);
		c->out_len = 0;
		return 0;
	}
	if (s->type != 0xa1 || s->value || (s->request != 2 && s->request != 3))
		return -USB_STALL;
	if (n)
		memcpy(bytes, s->request == 2 ? clock : rate, n);
	return (int)n;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void reset(struct usb_device *dev)
{
	struct ccid *c = to_ccid(dev);

	while (c->answer_count)
		drop_answer(c);
	c->out_len = 0;
	c->in_end = false;
	c->powered = false;
	c->untold = true;
	reset_parameters(c);
}

static void ccid_free(struct usb_device *dev)
{
	struct ccid *c = to_ccid(dev);

	usb_device_fini(dev);
	while (c->answer_count)
		drop_answer(c);
	heap_free(c);
}

static const struct usb_device_ops ops = {
	.model = "ccid",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = ccid_describe,
	.reset = reset,
	.control = control,
	.data = data,
	.configured = reset,
	.free = ccid_free,
};

struct usb_device *ccid_new(void)
{
	struct ccid *c = heap_zero(sizeof(*c));

	usb_device_init(&c->usb, &ops, NULL, 0); /* see describe */
	c->present = true;
	reset_parameters(c);
	return &c->usb;
}

int ccid_insert(struct usb_device *dev, bool present)
{
	struct ccid *c;

	if (dev->ops != &ops)
		return -ENODEV;
	c = to_ccid(dev);
	if (c->present == present)
		return 0;
	c->present = present;
	c->powered = false;
	c->untold = true;
	wake(&dev->ep_in[CCID_NOTIFY_IN & 15]);
	return 0;
}
