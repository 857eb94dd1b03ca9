// SPDX-License-Identifier: MIT
/*
 * desc.c -- a parsed descriptor set in use: its memory, finding things in it, and what is served
 * for GET_DESCRIPTOR (USB2 9.4.3). Hostile sets are served as they are: only lengths that reach
 * beyond the set are cut.
 */
#include "heap.h"
#include "usb/desc.h"
#include "usb/desc_parse.h"

#define CHUNK_BYTES 3840u

/* Nodes take some 10 bytes for each byte of a usual set: a small set needs one small chunk. */
#define CHUNK_BYTES_PER_BYTE 12u

struct usb_desc_chunk {
	struct usb_desc_chunk *next;
	size_t used, size;
	uint8_t bytes[];
};

static struct usb_desc_chunk *new_chunk(struct usb_desc *d)
{
	size_t size = d->chunks ? CHUNK_BYTES : d->len * CHUNK_BYTES_PER_BYTE;
	struct usb_desc_chunk *c;

	size = min_u64(max_u64(size & ~(size_t)7, 256), CHUNK_BYTES);
	c = heap_zero(sizeof(*c) + size);
	c->size = size;
	c->next = d->chunks;
	d->chunks = c;
	return c;
}

void *usb_desc_arena(struct usb_desc *d, size_t n)
{
	struct usb_desc_chunk *c = d->chunks;
	void *p;

	n = (n + 7) & ~(size_t)7;
	REQUIRE(n <= 256);
	if (!c || c->size - c->used < n)
		c = new_chunk(d);
	p = c->bytes + c->used;
	c->used += n;
	return p;
}

void usb_desc_free(struct usb_desc *d)
{
	if (!d)
		return;
	while (d->chunks) {
		struct usb_desc_chunk *next = d->chunks->next;

		heap_free(d->chunks);
		d->chunks = next;
	}
	heap_free(d->bytes);
	heap_free(d);
}

const struct usb_desc_config *usb_desc_config_find(const struct usb_desc *d, uint8_t value)
{
	for (const struct usb_desc_config *c = d ? d->configs : NULL; c; c = c->next)
		if (c->value == value)
			return c;
	return NULL;
}

const struct usb_desc_interface *usb_desc_interface_find(const struct usb_desc_config *c,
							 uint8_t number)
{
	for (const struct usb_desc_interface *i = c->interfaces; i; i = i->next)
		if (i->number == number)
			return i;
	return NULL;
}

const struct usb_desc_alternate *usb_desc_alternate_find(const struct usb_desc_interface *i,
							 uint8_t setting)
{
	for (const struct usb_desc_alternate *a = i->alternates; a; a = a->next)
		if (a->setting == setting)
			return a;
	return NULL;
}

static size_t served_length(const struct usb_desc *d, const struct usb_desc_node *node)
{
	bool has_total = node->type == USB_DT_CONFIG || node->type == USB_DT_OTHER_SPEED ||
		node->type == USB_DT_BOS;
	size_t n = node->length;

	if (has_total && node->length >= 4)
		n = max_u64(n, get_le16(node->bytes + 2));
	return min_u64(n, d->len - node->offset);
}

bool usb_desc_lookup(const struct usb_desc *d, uint8_t type, uint8_t index, const uint8_t **bytes,
		     size_t *len)
{
	unsigned seen = 0;

	for (const struct usb_desc_node *n = d ? d->top : NULL; n; n = n->sibling) {
		if (n->type != type || seen++ != index)
			continue;
		*bytes = n->bytes;
		*len = served_length(d, n);
		return true;
	}
	/* A set whose very first length is wrong has no nodes; it is served all the same. */
	if (d && !d->top && d->len >= 2 && d->bytes[1] == type && index == 0) {
		*bytes = d->bytes;
		*len = min_u64(d->len, 18);
		return true;
	}
	return false;
}

uint32_t usb_desc_sum(const struct usb_desc_node *first, const struct usb_desc_node *last)
{
	uint32_t sum = first->length;

	for (const struct usb_desc_node *n = first; n != last; n = n->next)
		sum += n->next->length;
	return sum;
}

/* USB_SPEED_NONE: this endpoint fits more than one. */
static enum usb_speed speed_of_endpoint(const struct usb_desc_endpoint *e)
{
	unsigned size = e->max_packet & 0x7ff;

	if (e->companion)
		return USB_SPEED_SUPER;
	switch (e->attributes & 3) {
	case USB_EP_BULK:
		return size == 512 ? USB_SPEED_HIGH : USB_SPEED_FULL;
	case USB_EP_INTERRUPT:
		return size > 64 || e->max_packet & 0x1800 ? USB_SPEED_HIGH : USB_SPEED_NONE;
	case USB_EP_ISOCH:
		return size > 1023 || e->max_packet & 0x1800 ? USB_SPEED_HIGH : USB_SPEED_NONE;
	default:
		return USB_SPEED_NONE;
	}
}

enum usb_speed usb_desc_speed(const struct usb_desc *d)
{
	if (d->device && d->device->max_packet0 == 9 && d->device->usb >= 0x0300)
		return USB_SPEED_SUPER;
	for (const struct usb_desc_node *n = d->nodes; n; n = n->next) {
		enum usb_speed speed = USB_SPEED_NONE;

		if (n->kind == USB_DESC_OTHER && n->type == USB_DT_SS_HUB)
			return USB_SPEED_SUPER;
		if (n->kind == USB_DESC_ENDPOINT)
			speed = speed_of_endpoint((const struct usb_desc_endpoint *)n);
		if (speed != USB_SPEED_NONE)
			return speed;
	}
	return USB_SPEED_FULL;
}
