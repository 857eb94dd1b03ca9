// SPDX-License-Identifier: MIT
/*
 * hub_request.c -- the class requests of a hub (USB2 11.24.2, USB3 10.16.2). A feature that cannot be
 * set or cleared, a port that is not there and what belongs to the other protocol are refused.
 */
#include "dev/hub.h"

#define REFUSED (-(int)USB_STALL)

enum { /* USB2 table 11-16, USB3 table 10-8 */
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	GET_DESCRIPTOR = 6,
	CLEAR_TT_BUFFER = 8,
	RESET_TT = 9,
	GET_TT_STATE = 10,
	STOP_TT = 11,
	SET_HUB_DEPTH = 12,
	GET_PORT_ERR_COUNT = 13,
};

enum { /* USB2 table 11-17, USB3 table 10-9 */
	C_HUB_LOCAL_POWER = 0,
	C_HUB_OVER_CURRENT = 1,
	PORT_ENABLE = 1,
	PORT_SUSPEND = 2,
	PORT_RESET = 4,
	PORT_LINK_STATE = 5,
	PORT_POWER = 8,
	C_PORT_CONNECTION = 16,
	C_PORT_ENABLE = 17,
	C_PORT_SUSPEND = 18,
	C_PORT_OVER_CURRENT = 19,
	C_PORT_RESET = 20,
	PORT_TEST = 21,
	PORT_INDICATOR = 22,
	PORT_U1_TIMEOUT = 23,
	PORT_U2_TIMEOUT = 24,
	C_PORT_LINK_STATE = 25,
	C_PORT_CONFIG_ERROR = 26,
	PORT_REMOTE_WAKE_MASK = 27,
	BH_PORT_RESET = 28,
	C_BH_PORT_RESET = 29,
	FORCE_LINKPM_ACCEPT = 30,
};

#define SUPER_DEPTHS 5u

static int answer(uint8_t *data, uint32_t len, const void *bytes, size_t n)
{
	size_t fits = min_u64(n, len);

	if (fits)
		memcpy(data, bytes, fits);
	return (int)fits;
}

/* 0-based index of a request's port, or -1. */
static int port_index(const struct hub *hub, const struct usb_setup *s)
{
	unsigned port = s->index & 0xff;

	return port >= 1 && port <= hub->usb.downstream_count ? (int)port - 1 : -1;
}

/* ---- status -------------------------------------------------------------------------------- */

static uint16_t port_status(const struct hub *hub, const struct hub_port *p)
{
	uint16_t status = p->status | (p->overloaded ? HUB_OVER_CURRENT : 0);

	if (!hub_is_super(hub))
		return status;
	/* USB3 table 10-10: link state in bits 8..5, power in 9, speed 0 = 5 Gb/s */
	return (status & (HUB_CONNECTION | HUB_ENABLE | HUB_OVER_CURRENT | HUB_RESET)) |
		(uint16_t)(p->link << 5) | (status & HUB_POWER ? 1u << 9 : 0);
}

static int get_status(struct hub *hub, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	int index = port_index(hub, s);
	uint8_t status[4] = {0};

	if (s->value)
		return REFUSED;
	if (s->type == 0xa0) {
		put_le16(status + 2, hub->hub_change);
		return s->index ? REFUSED : answer(data, len, status, sizeof(status));
	}
	if (index < 0 || s->index > 0xff)
		return REFUSED;
	put_le16(status, port_status(hub, &hub->port[index]));
	put_le16(status + 2, hub->port[index].change);
	return answer(data, len, status, sizeof(status));
}

/* ---- features ------------------------------------------------------------------------------ */

static uint16_t change_bit(const struct hub *hub, unsigned feature)
{
	bool super = hub_is_super(hub);

	switch (feature) {
	case C_PORT_CONNECTION:
		return HUB_C_CONNECTION;
	case C_PORT_ENABLE:
		return super ? 0 : HUB_C_ENABLE;
	case C_PORT_SUSPEND:
		return super ? 0 : HUB_C_SUSPEND;
	case C_PORT_OVER_CURRENT:
		return HUB_C_OVER_CURRENT;
	case C_PORT_RESET:
		return HUB_C_RESET;
	case C_PORT_LINK_STATE:
		return super ? HUB_C_LINK_STATE : 0;
	case C_PORT_CONFIG_ERROR:
		return super ? HUB_C_CONFIG_ERROR : 0;
	case C_BH_PORT_RESET:
		return super ? HUB_C_BH_RESET : 0;
	default:
		return 0;
	}
}

static int clear_port_feature(struct hub *hub, unsigned feature, unsigned index)
{
	uint16_t bit = change_bit(hub, feature);

	if (bit) {
		hub->port[index].change &= (uint16_t)~bit;
		return 0;
	}
	switch (feature) {
	case PORT_POWER:
		hub_port_power(hub, index, false);
		return 0;
	case PORT_ENABLE:
		if (hub_is_super(hub))
			return REFUSED;
		hub_port_disable(hub, index);
		return 0;
	case PORT_SUSPEND:
		if (hub_is_super(hub))
			return REFUSED;
		hub_port_resume(hub, index);
		return 0;
	case PORT_INDICATOR:
		hub->port[index].status &= (uint16_t)~HUB_INDICATOR;
		return hub_is_super(hub) ? REFUSED : 0;
	case FORCE_LINKPM_ACCEPT:
		return hub_is_super(hub) ? 0 : REFUSED;
	default:
		return REFUSED;
	}
}

static int set_port_2(struct hub *hub, unsigned feature, unsigned index, unsigned selector)
{
	struct hub_port *p = &hub->port[index];

	switch (feature) {
	case PORT_SUSPEND:
		hub_port_suspend(hub, index);
		return 0;
	case PORT_TEST: /* USB2 11.24.2.13: only of a port that is not in use */
		if (!selector || selector > 5 || p->status & HUB_ENABLE)
			return REFUSED;
		p->status |= HUB_TEST;
		return 0;
	case PORT_INDICATOR:
		if (selector > 3)
			return REFUSED;
		p->status &= (uint16_t)~HUB_INDICATOR;
		p->status |= selector ? HUB_INDICATOR : 0;
		return 0;
	default:
		return REFUSED;
	}
}

/* A write of the link state (USB3 10.16.2.10): false if it is none that may be written. */
static bool set_link(struct hub *hub, unsigned index, unsigned link)
{
	struct hub_port *p = &hub->port[index];

	switch (link) {
	case HUB_U0:
		if (p->status & HUB_SUSPEND)
			hub_port_resume(hub, index);
		else if (p->status & HUB_ENABLE)
			p->link = HUB_U0;
		return true;
	case HUB_U1:
	case HUB_U2:
		if (p->status & HUB_ENABLE && !(p->status & HUB_SUSPEND))
			p->link = (uint8_t)link;
		return true;
	case HUB_U3:
		hub_port_suspend(hub, index);
		return true;
	case HUB_DISABLED:
		hub_port_disable(hub, index);
		p->status &= (uint16_t)~HUB_CONNECTION;
		p->link = HUB_DISABLED;
		return true;
	case HUB_RX_DETECT:
		if (p->link != HUB_DISABLED || !(p->status & HUB_POWER))
			return true;
		p->link = HUB_RX_DETECT;
		if (hub->usb.downstream[index].dev)
			hub_port_connect(hub, index);
		return true;
	default:
		return false;
	}
}

static int set_port_3(struct hub *hub, unsigned feature, unsigned index, unsigned selector)
{
	struct hub_port *p = &hub->port[index];

	switch (feature) {
	case PORT_LINK_STATE:
		return set_link(hub, index, selector) ? 0 : REFUSED;
	case PORT_U1_TIMEOUT:
		p->u1 = (uint8_t)selector;
		return 0;
	case PORT_U2_TIMEOUT:
		p->u2 = (uint8_t)selector;
		return 0;
	case PORT_REMOTE_WAKE_MASK:
		p->wake = (uint8_t)selector;
		return 0;
	case BH_PORT_RESET:
		hub_port_reset(hub, index, true);
		return 0;
	case FORCE_LINKPM_ACCEPT:
		return 0;
	default:
		return REFUSED;
	}
}

static int set_port_feature(struct hub *hub, const struct usb_setup *s, unsigned index)
{
	switch (s->value) {
	case PORT_RESET:
		hub_port_reset(hub, index, false);
		return 0;
	case PORT_POWER:
		hub_port_power(hub, index, true);
		return 0;
	default:
		return hub_is_super(hub) ? set_port_3(hub, s->value, index, s->index >> 8)
					 : set_port_2(hub, s->value, index, s->index >> 8);
	}
}

static int feature(struct hub *hub, const struct usb_setup *s)
{
	bool set = s->request == SET_FEATURE;
	int index = port_index(hub, s);

	if (s->length)
		return REFUSED;
	if (s->type == 0x20) { /* of the hub: only what tells of a change, and nothing changes */
		if (s->value > C_HUB_OVER_CURRENT || s->index)
			return REFUSED;
		hub->hub_change &= (uint16_t) ~(1u << s->value);
		hub->hub_change |= set ? (uint16_t)(1u << s->value) : 0;
		hub_notify(hub);
		return 0;
	}
	if (index < 0)
		return REFUSED;
	return set ? set_port_feature(hub, s, (unsigned)index)
		   : clear_port_feature(hub, s->value, (unsigned)index);
}

/* ---- transaction translators (USB2 11.24.2.3, 11.24.2.8 to 10) ------------------------------- */

/* One for all ports is named 1; one for each is named by its port. */
static bool has_tt(const struct hub *hub, const struct usb_setup *s)
{
	if (hub->usb.speed != USB_SPEED_HIGH)
		return false;
	return hub->usb.alternate[0] ? port_index(hub, s) >= 0 : s->index == 1;
}

static int translator(struct hub *hub, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	static const uint8_t quiet[8];

	if (!has_tt(hub, s))
		return REFUSED;
	if (s->request == GET_TT_STATE)
		return s->type == 0xa3 ? answer(data, len, quiet, sizeof(quiet)) : REFUSED;
	return s->type == 0x23 && !s->length ? 0 : REFUSED;
}

/* ---- dispatch ------------------------------------------------------------------------------ */

static int of_hub(struct hub *hub, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	uint8_t desc[HUB_DESC_MAX];

	switch (s->request) {
	case GET_DESCRIPTOR:
		if (s->type != 0xa0 || s->value != (hub_is_super(hub) ? 0x2a00 : 0x2900))
			return REFUSED;
		return answer(data, len, desc, hub_descriptor(hub, desc));
	case SET_HUB_DEPTH:
		if (s->type != 0x20 || !hub_is_super(hub) || s->value >= SUPER_DEPTHS || s->length)
			return REFUSED;
		hub->depth = (uint8_t)s->value;
		return 0;
	default:
		return REFUSED;
	}
}

int hub_control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	static const uint8_t no_errors[2];
	struct hub *hub = hub_of(dev);
	bool port = (s->type & 0x1f) == 3;

	if ((s->type & 0x60) != 0x20 || (s->type & 0x1f & ~3))
		return REFUSED;
	if (s->request == GET_DESCRIPTOR) /* may be asked before it is configured */
		return of_hub(hub, s, data, len);
	if (dev->state != USB_CONFIGURED || !port != !(s->type & 0x1f))
		return REFUSED;
	switch (s->request) {
	case GET_STATUS:
		return s->type & 0x80 ? get_status(hub, s, data, len) : REFUSED;
	case CLEAR_FEATURE:
	case SET_FEATURE:
		return s->type & 0x80 ? REFUSED : feature(hub, s);
	case CLEAR_TT_BUFFER:
	case RESET_TT:
	case GET_TT_STATE:
	case STOP_TT:
		return translator(hub, s, data, len);
	case GET_PORT_ERR_COUNT:
		if (!hub_is_super(hub) || s->type != 0xa3 || port_index(hub, s) < 0)
			return REFUSED;
		return answer(data, len, no_errors, sizeof(no_errors));
	default:
		return of_hub(hub, s, data, len);
	}
}
