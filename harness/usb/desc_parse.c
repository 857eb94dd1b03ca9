// SPDX-License-Identifier: MIT
/*
 * desc_parse.c -- descriptor set to tree (USB2 9.5, 9.6, USB3 9.6). See desc.h.
 *
 * One cursor walks the bytes once. A configuration or BOS lasts as long as its wTotalLength says,
 * but never beyond the set and never across a descriptor that cannot be inside one. Each look is
 * preceded by a comparison with what is left. A bLength below 2 ends the container, or at top
 * level the set, so the walk always advances.
 */
#include "heap.h"
#include "usb/desc_parse.h"

/* Types that are never inside a configuration or BOS. */
static bool ends_container(uint8_t type)
{
	switch (type) {
	case USB_DT_DEVICE:
	case USB_DT_CONFIG:
	case USB_DT_STRING:
	case USB_DT_QUALIFIER:
	case USB_DT_OTHER_SPEED:
	case USB_DT_BOS:
		return true;
	default:
		return false;
	}
}

static bool add_in_config(struct usb_desc_parser *s, uint8_t type, size_t n)
{
	switch (type) {
	case USB_DT_INTERFACE:
		if (n < 9)
			break;
		usb_desc_add_interface(s, n);
		return true;
	case USB_DT_ENDPOINT:
		if (n < 7)
			break;
		if (!s->alternate) {
			usb_desc_note(s, USB_DESC_OUTSIDE_INTERFACE, type, 0);
			return false;
		}
		usb_desc_add_endpoint(s, n);
		return true;
	case USB_DT_IAD:
		if (n < 8)
			break;
		usb_desc_add_iad(s, n);
		return true;
	case USB_DT_COMPANION:
	case USB_DT_SSP_COMPANION:
		if (n < (type == USB_DT_COMPANION ? 6 : 8))
			break;
		if (!s->endpoint ||
		    (type == USB_DT_COMPANION ? !!s->endpoint->companion
					      : !!s->endpoint->ssp_companion)) {
			usb_desc_note(s, USB_DESC_COMPANION_ALONE, type, 0);
			return false;
		}
		usb_desc_add_companion(s, n);
		return true;
	default:
		return false;
	}
	usb_desc_note(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n, 0);
	return false;
}

static bool add_in_bos(struct usb_desc_parser *s, uint8_t type, size_t n)
{
	if (type != USB_DT_CAPABILITY)
		return false;
	if (n < 3) {
		usb_desc_note(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n, 3);
		return false;
	}
	usb_desc_add_capability(s, n);
	return true;
}

/* Shortest length a descriptor of the top level can be understood with; 0 = any. */
static size_t header_length(uint8_t type)
{
	switch (type) {
	case USB_DT_DEVICE:
		return 18;
	case USB_DT_CONFIG:
	case USB_DT_OTHER_SPEED:
		return 9;
	case USB_DT_QUALIFIER:
		return 10;
	case USB_DT_BOS:
		return 5;
	default:
		return 0;
	}
}

/* There is one of this type already and there may be only one. */
static bool is_repeated(const struct usb_desc *d, uint8_t type)
{
	return (type == USB_DT_DEVICE && d->device) || (type == USB_DT_BOS && d->bos) ||
		(type == USB_DT_QUALIFIER && d->qualifier);
}

static bool add_at_top(struct usb_desc_parser *s, uint8_t type, size_t n)
{
	if (n < header_length(type)) {
		usb_desc_note(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n,
			      (uint32_t)header_length(type));
		return false;
	}
	if (is_repeated(s->d, type)) {
		usb_desc_note(s, USB_DESC_REPEATED, type, 0);
		return false;
	}
	switch (type) {
	case USB_DT_DEVICE:
		usb_desc_add_device(s, n);
		return true;
	case USB_DT_CONFIG:
	case USB_DT_OTHER_SPEED:
		usb_desc_add_config(s, n);
		return true;
	case USB_DT_BOS:
		usb_desc_add_bos(s, n);
		return true;
	case USB_DT_STRING:
		usb_desc_add_string(s, n);
		return true;
	case USB_DT_QUALIFIER:
		s->d->qualifier =
			usb_desc_add_node(s, USB_DESC_QUALIFIER, sizeof(struct usb_desc_node), n);
		return true;
	case USB_DT_INTERFACE:
	case USB_DT_ENDPOINT:
	case USB_DT_IAD:
	case USB_DT_CAPABILITY:
	case USB_DT_COMPANION:
	case USB_DT_SSP_COMPANION:
		usb_desc_note(s, USB_DESC_OUTSIDE_CONFIG, type, 0);
		return false;
	default:
		return false;
	}
}

/* The bytes the descriptor at the cursor has, or 0 if nothing after it can be found. */
static size_t length_here(struct usb_desc_parser *s, size_t left)
{
	uint8_t claimed = s->d->bytes[s->pos];
	uint8_t type = s->d->bytes[s->pos + 1];
	size_t header = s->config || s->bos || is_repeated(s->d, type) ? 0 : header_length(type);

	if (claimed < 2) {
		usb_desc_note(s, USB_DESC_LENGTH_BELOW_2, claimed, (uint32_t)header);
		return header <= left ? header : 0;
	}
	if (claimed > left) {
		usb_desc_note(s, USB_DESC_LENGTH_BEYOND_END, claimed, (uint32_t)left);
		return 0;
	}
	return claimed;
}

static void close_container(struct usb_desc_parser *s)
{
	s->config = NULL;
	s->bos = NULL;
	s->alternate = NULL;
	s->endpoint = NULL;
	s->end = s->d->len;
}

static void take_one(struct usb_desc_parser *s, uint8_t type, size_t n)
{
	bool known;

	if (s->config)
		known = add_in_config(s, type, n);
	else if (s->bos)
		known = add_in_bos(s, type, n);
	else
		known = add_at_top(s, type, n);
	if (!known)
		usb_desc_add_other(s, n);
	s->pos += n;
}

static void parse(struct usb_desc_parser *s)
{
	for (;;) {
		size_t left = s->end - s->pos, n = 0;

		if (!left && s->end == s->d->len)
			return;
		if (!left) {
			close_container(s);
			continue;
		}
		if (s->d->node_count == USB_DESC_MAX_NODES) {
			usb_desc_note(s, USB_DESC_SET_COUNT, USB_DESC_MAX_NODES, 0);
			return;
		}
		if (left < 2) {
			usb_desc_note(s, USB_DESC_LENGTH_BEYOND_END, 2, (uint32_t)left);
		} else if ((s->config || s->bos) && ends_container(s->d->bytes[s->pos + 1])) {
			usb_desc_note(s, USB_DESC_TOTAL_OVERLAPS, s->d->bytes[s->pos + 1], 0);
			close_container(s);
			continue;
		} else {
			n = length_here(s, left);
		}
		if (n)
			take_one(s, s->d->bytes[s->pos + 1], n);
		else
			s->pos = s->end;
	}
}

struct usb_desc *usb_desc_parse(const uint8_t *bytes, size_t len)
{
	struct usb_desc *d = heap_zero(sizeof(*d));
	struct usb_desc_parser s = {.d = d};

	d->len = min_u64(len, USB_DESC_MAX_BYTES);
	d->bytes = heap_zero(d->len);
	if (d->len)
		memcpy(d->bytes, bytes, d->len);
	s.end = d->len;
	if (len > d->len)
		usb_desc_note(&s, USB_DESC_SET_LENGTH, (uint32_t)min_u64(len, UINT32_MAX),
			      USB_DESC_MAX_BYTES);
	parse(&s);
	return d;
}
