// SPDX-License-Identifier: MIT
/*
 * desc_build.c -- tree to bytes: the reverse of desc_parse.c. Each known field is written from
 * the tree, lengths and counts from what the tree holds; bytes that no field stands for (longer
 * descriptors than their type needs, class descriptors) are copied.
 */
#include "heap.h"
#include "usb/desc.h"

static uint8_t count8(unsigned n)
{
	return n > 255 ? 255 : (uint8_t)n;
}

static void build_device(uint8_t *b, const struct usb_desc *d, const struct usb_desc_device *dev)
{
	put_le16(b + 2, dev->usb);
	b[4] = dev->class;
	b[5] = dev->subclass;
	b[6] = dev->protocol;
	b[7] = dev->max_packet0;
	put_le16(b + 8, dev->vendor);
	put_le16(b + 10, dev->product);
	put_le16(b + 12, dev->release);
	b[14] = dev->str_manufacturer;
	b[15] = dev->str_product;
	b[16] = dev->str_serial;
	b[17] = count8(d->config_count);
}

static void build_config(uint8_t *b, const struct usb_desc_config *c)
{
	put_le16(b + 2, (uint16_t)usb_desc_sum(&c->node, c->last));
	b[4] = count8(c->interface_count);
	b[5] = c->value;
	b[6] = c->string;
	b[7] = c->attributes;
	b[8] = c->max_power;
}

static void build_iad(uint8_t *b, const struct usb_desc_iad *iad)
{
	b[2] = iad->first;
	b[3] = iad->count;
	b[4] = iad->class;
	b[5] = iad->subclass;
	b[6] = iad->protocol;
	b[7] = iad->string;
}

static void build_interface(uint8_t *b, const struct usb_desc_alternate *a)
{
	b[2] = a->number;
	b[3] = a->setting;
	b[4] = count8(a->endpoint_count);
	b[5] = a->class;
	b[6] = a->subclass;
	b[7] = a->protocol;
	b[8] = a->string;
}

static void build_endpoint(uint8_t *b, const struct usb_desc_endpoint *e)
{
	b[2] = e->address;
	b[3] = e->attributes;
	put_le16(b + 4, e->max_packet);
	b[6] = e->interval;
}

static void build_companion(uint8_t *b, const struct usb_desc_companion *c)
{
	b[2] = c->max_burst;
	b[3] = c->attributes;
	put_le16(b + 4, c->bytes_per_interval);
}

static void build_bos(uint8_t *b, const struct usb_desc_bos *bos)
{
	put_le16(b + 2, (uint16_t)usb_desc_sum(&bos->node, bos->last));
	b[4] = count8(bos->cap_count);
}

static void build_node(uint8_t *b, const struct usb_desc *d, const struct usb_desc_node *n)
{
	memcpy(b, n->bytes, n->length);
	b[0] = n->length;
	b[1] = n->type;
	switch ((enum usb_desc_kind)n->kind) {
	case USB_DESC_DEVICE:
		build_device(b, d, (const struct usb_desc_device *)n);
		break;
	case USB_DESC_CONFIG:
		build_config(b, (const struct usb_desc_config *)n);
		break;
	case USB_DESC_IAD:
		build_iad(b, (const struct usb_desc_iad *)n);
		break;
	case USB_DESC_INTERFACE:
		build_interface(b, (const struct usb_desc_alternate *)n);
		break;
	case USB_DESC_ENDPOINT:
		build_endpoint(b, (const struct usb_desc_endpoint *)n);
		break;
	case USB_DESC_COMPANION:
		build_companion(b, (const struct usb_desc_companion *)n);
		break;
	case USB_DESC_BOS:
		build_bos(b, (const struct usb_desc_bos *)n);
		break;
	case USB_DESC_CAPABILITY:
		b[2] = ((const struct usb_desc_capability *)n)->capability;
		break;
	case USB_DESC_OTHER:
	case USB_DESC_SSP_COMPANION:
	case USB_DESC_STRING:
	case USB_DESC_QUALIFIER:
		break;
	}
}

uint8_t *usb_desc_build(const struct usb_desc *d, size_t *len)
{
	size_t sum = 0, pos = 0;
	uint8_t *bytes;

	for (const struct usb_desc_node *n = d->nodes; n; n = n->next)
		sum += n->length;
	bytes = heap_zero(sum);
	for (const struct usb_desc_node *n = d->nodes; n; n = n->next) {
		build_node(bytes + pos, d, n);
		pos += n->length;
	}
	*len = sum;
	return bytes;
}
