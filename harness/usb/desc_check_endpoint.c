// SPDX-License-Identifier: MIT
/*
 * desc_check_endpoint.c -- well-formedness of endpoints and their companions: sizes, intervals and
 * reserved bits by speed and transfer type (USB2 5.5 to 5.8, 9.6.6, USB3 9.6.6, 9.6.7).
 */
#include "usb/desc_check.h"

static enum usb_ep_type type_of(const struct usb_desc_endpoint *e)
{
	return e->attributes & 3;
}

static bool is_periodic(const struct usb_desc_endpoint *e)
{
	return type_of(e) == USB_EP_ISOCH || type_of(e) == USB_EP_INTERRUPT;
}

static bool full_size(unsigned size)
{
	return size == 8 || size == 16 || size == 32 || size == 64;
}

static bool control_size_fits(enum usb_speed speed, unsigned size)
{
	switch (speed) {
	case USB_SPEED_LOW:
		return size == 8;
	case USB_SPEED_HIGH:
		return size == 64;
	case USB_SPEED_SUPER:
		return size == 512;
	default:
		return full_size(size);
	}
}

/* USB2 table 9-14: with more transactions per microframe each must be larger. */
static bool high_periodic_size_fits(unsigned size, unsigned mult)
{
	return size <= 1024 && (mult != 1 || size > 512) && (mult != 2 || size > 682);
}

static bool periodic_size_fits(enum usb_speed speed, const struct usb_desc_endpoint *e,
			       unsigned size)
{
	bool interrupt = type_of(e) == USB_EP_INTERRUPT;

	if (interrupt && !size)
		return false;
	switch (speed) {
	case USB_SPEED_LOW:
		return size <= 8;
	case USB_SPEED_HIGH:
		return high_periodic_size_fits(size, e->max_packet >> 11 & 3);
	case USB_SPEED_SUPER:
		return size <= 1024 && (size == 1024 || !e->companion || !e->companion->max_burst);
	default:
		return size <= (interrupt ? 64u : 1023u);
	}
}

static bool size_fits(enum usb_speed speed, const struct usb_desc_endpoint *e)
{
	unsigned size = e->max_packet & 0x7ff;

	switch (type_of(e)) {
	case USB_EP_CONTROL:
		return control_size_fits(speed, size);
	case USB_EP_BULK:
		if (speed == USB_SPEED_HIGH)
			return size == 512;
		return speed == USB_SPEED_SUPER ? size == 1024 : full_size(size);
	default:
		return periodic_size_fits(speed, e, size);
	}
}

static bool interval_fits(enum usb_speed speed, const struct usb_desc_endpoint *e)
{
	if (!is_periodic(e))
		return true; /* USB2 9.6.6: ignored, or a NAK rate that may be anything */
	if (type_of(e) == USB_EP_INTERRUPT && speed == USB_SPEED_LOW)
		return e->interval >= 10;
	if (type_of(e) == USB_EP_INTERRUPT && speed == USB_SPEED_FULL)
		return e->interval >= 1;
	return e->interval >= 1 && e->interval <= 16;
}

static uint8_t reserved_attributes(enum usb_speed speed, const struct usb_desc_endpoint *e)
{
	if (type_of(e) == USB_EP_ISOCH)
		return 0xc0;
	if (type_of(e) == USB_EP_INTERRUPT && speed == USB_SPEED_SUPER)
		return 0xcc; /* bits 5..4 are the usage type */
	return 0xfc;
}

static void check_packet(struct usb_desc_checker *c, const struct usb_desc_endpoint *e)
{
	unsigned mult = e->max_packet >> 11 & 3;
	bool may_mult = c->speed == USB_SPEED_HIGH && is_periodic(e);

	if (e->max_packet & 0xe000)
		usb_desc_report(c, USB_DESC_ENDPOINT_PACKET_BITS, &e->node, e->max_packet,
				e->max_packet & 0x1fff);
	if (mult && (!may_mult || mult == 3))
		usb_desc_report(c, USB_DESC_ENDPOINT_MULT, &e->node, e->max_packet, 0);
	if (!size_fits(c->speed, e))
		usb_desc_report(c, USB_DESC_ENDPOINT_PACKET, &e->node, e->max_packet & 0x7ff, 0);
	if (type_of(e) == USB_EP_ISOCH && !e->alternate->setting && e->max_packet & 0x7ff)
		usb_desc_report(c, USB_DESC_ISOCH_IN_ALTERNATE_0, &e->node, e->max_packet, 0);
}

void usb_desc_check_endpoint(struct usb_desc_checker *c, const struct usb_desc_endpoint *e)
{
	/* Audio endpoints have bRefresh and bSynchAddress too (Audio 1.0, 4.6.1.1). */
	if (e->node.length != 9 || e->alternate->class != 1)
		usb_desc_check_length(c, &e->node, 7);
	if (!(e->address & 0x0f))
		usb_desc_report(c, USB_DESC_ENDPOINT_0, &e->node, e->address, 0);
	if (e->address & 0x70)
		usb_desc_report(c, USB_DESC_ENDPOINT_ADDRESS, &e->node, e->address,
				e->address & 0x8f);
	if (e->attributes & reserved_attributes(c->speed, e))
		usb_desc_report(c, USB_DESC_ENDPOINT_ATTRIBUTES, &e->node, e->attributes, 0);
	if (c->speed == USB_SPEED_LOW && type_of(e) != USB_EP_INTERRUPT &&
	    type_of(e) != USB_EP_CONTROL)
		usb_desc_report(c, USB_DESC_ENDPOINT_TYPE, &e->node, e->attributes, 0);
	else
		check_packet(c, e);
	if (!interval_fits(c->speed, e))
		usb_desc_report(c, USB_DESC_ENDPOINT_INTERVAL, &e->node, e->interval, 0);
}

static bool companion_attributes_fit(const struct usb_desc_endpoint *e)
{
	uint8_t a = e->companion->attributes;

	switch (type_of(e)) {
	case USB_EP_BULK: /* streams: 2 to the n */
		return a <= 16;
	case USB_EP_ISOCH: /* bit 7: an SSP companion follows; then Mult is not used */
		if (a & 0x80)
			return a == 0x80 && e->ssp_companion;
		return a <= 2 && (!a || e->companion->max_burst);
	default:
		return !a;
	}
}

static bool companion_bytes_fit(const struct usb_desc_endpoint *e)
{
	const struct usb_desc_companion *k = e->companion;
	uint32_t most = (uint32_t)(e->max_packet & 0x7ff) * (k->max_burst + 1u);

	if (!is_periodic(e))
		return !k->bytes_per_interval;
	if (type_of(e) == USB_EP_ISOCH)
		most *= (k->attributes & 3) + 1u;
	return k->bytes_per_interval <= most;
}

void usb_desc_check_companion(struct usb_desc_checker *c, const struct usb_desc_endpoint *e)
{
	const struct usb_desc_companion *k = e->companion;

	if (!k) {
		if (c->speed == USB_SPEED_SUPER)
			usb_desc_report(c, USB_DESC_COMPANION_MISSING, &e->node, e->address, 0);
		return;
	}
	usb_desc_check_length(c, &k->node, 6);
	if (c->speed != USB_SPEED_SUPER) {
		usb_desc_report(c, USB_DESC_COMPANION_SPEED, &k->node, e->address, 0);
		return;
	}
	if (e->node.next != &k->node || (e->ssp_companion && k->node.next != e->ssp_companion))
		usb_desc_report(c, USB_DESC_COMPANION_LATE, &k->node, e->address, 0);
	if (k->max_burst > (type_of(e) == USB_EP_CONTROL ? 0 : 15))
		usb_desc_report(c, USB_DESC_COMPANION_BURST, &k->node, k->max_burst, 0);
	if (!companion_attributes_fit(e))
		usb_desc_report(c, USB_DESC_COMPANION_ATTRIBUTES, &k->node, k->attributes, 0);
	if (!companion_bytes_fit(e))
		usb_desc_report(c, USB_DESC_COMPANION_BYTES, &k->node, k->bytes_per_interval, 0);
}
