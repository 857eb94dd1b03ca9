// SPDX-License-Identifier: MIT
/*
 * desc_node.c -- making the nodes of a descriptor tree and linking them (USB2 9.6, USB3 9.6). The
 * caller (desc_parse.c) has checked that the bytes a node is made of are there.
 */
#include "usb/desc_parse.h"

#define APPEND(first, last, link, item)                                                            \
	do {                                                                                       \
		if (last)                                                                          \
			(last)->link = (item);                                                     \
		else                                                                               \
			(first) = (item);                                                          \
		(last) = (item);                                                                   \
	} while (0)

void usb_desc_note(struct usb_desc_parser *s, enum usb_desc_problem problem, uint32_t value,
		   uint32_t want)
{
	struct usb_desc_mishap *m = usb_desc_arena(s->d, sizeof(*m));

	m->finding.problem = problem;
	m->finding.offset = (uint32_t)s->pos;
	m->finding.value = value;
	m->finding.want = want;
	APPEND(s->d->mishaps, s->d->mishap_last, next, m);
	s->d->mishap_count++;
}

/* Make a node of size struct_size for the n bytes at the cursor. */
void *usb_desc_add_node(struct usb_desc_parser *s, enum usb_desc_kind kind, size_t struct_size,
			size_t n)
{
	struct usb_desc_node *node = usb_desc_arena(s->d, struct_size);

	node->bytes = s->d->bytes + s->pos;
	node->offset = (uint32_t)s->pos;
	node->kind = (uint8_t)kind;
	node->type = node->bytes[1];
	node->length = (uint8_t)n;
	node->top = !s->config && !s->bos;
	APPEND(s->d->nodes, s->d->last, next, node);
	if (node->top)
		APPEND(s->d->top, s->d->top_last, sibling, node);
	if (s->config)
		s->config->last = node;
	if (s->bos)
		s->bos->last = node;
	s->d->node_count++;
	return node;
}

void usb_desc_add_other(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_node *node = usb_desc_add_node(s, USB_DESC_OTHER, sizeof(*node), n);

	if (s->endpoint)
		APPEND(s->endpoint->extra, s->endpoint->extra_last, sibling, node);
	else if (s->alternate)
		APPEND(s->alternate->extra, s->alternate->extra_last, sibling, node);
	else if (s->config)
		APPEND(s->config->extra, s->config->extra_last, sibling, node);
	else if (s->bos)
		APPEND(s->bos->extra, s->bos->extra_last, sibling, node);
}

void usb_desc_add_device(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_device *dev = usb_desc_add_node(s, USB_DESC_DEVICE, sizeof(*dev), n);
	const uint8_t *b = dev->node.bytes;

	dev->usb = get_le16(b + 2);
	dev->class = b[4];
	dev->subclass = b[5];
	dev->protocol = b[6];
	dev->max_packet0 = b[7];
	dev->vendor = get_le16(b + 8);
	dev->product = get_le16(b + 10);
	dev->release = get_le16(b + 12);
	dev->str_manufacturer = b[14];
	dev->str_product = b[15];
	dev->str_serial = b[16];
	dev->num_configs = b[17];
	s->d->device = dev;
}

/* How far a container that claims total bytes and starts at the cursor may reach. */
static size_t open_container(struct usb_desc_parser *s, uint16_t total, size_t n)
{
	size_t left = s->d->len - s->pos;

	if (total < n) {
		usb_desc_note(s, USB_DESC_TOTAL_TOO_SMALL, total, (uint32_t)n);
		return n;
	}
	if (total > left) {
		usb_desc_note(s, USB_DESC_TOTAL_BEYOND_SET, total, (uint32_t)left);
		return left;
	}
	return total;
}

void usb_desc_add_config(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_config *c = usb_desc_add_node(s, USB_DESC_CONFIG, sizeof(*c), n);
	const uint8_t *b = c->node.bytes;

	c->total_length = get_le16(b + 2);
	c->num_interfaces = b[4];
	c->value = b[5];
	c->string = b[6];
	c->attributes = b[7];
	c->max_power = b[8];
	c->last = &c->node;
	c->length = (uint32_t)open_container(s, c->total_length, n);
	if (c->node.type == USB_DT_CONFIG) {
		APPEND(s->d->configs, s->d->config_last, next, c);
		s->d->config_count++;
	} else {
		APPEND(s->d->other_speed, s->d->other_speed_last, next, c);
	}
	s->config = c;
	s->end = s->pos + c->length;
}

void usb_desc_add_bos(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_bos *bos = usb_desc_add_node(s, USB_DESC_BOS, sizeof(*bos), n);

	bos->total_length = get_le16(bos->node.bytes + 2);
	bos->num_caps = bos->node.bytes[4];
	bos->last = &bos->node;
	bos->length = (uint32_t)open_container(s, bos->total_length, n);
	s->d->bos = bos;
	s->bos = bos;
	s->end = s->pos + bos->length;
}

void usb_desc_add_capability(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_capability *c = usb_desc_add_node(s, USB_DESC_CAPABILITY, sizeof(*c), n);

	c->capability = c->node.bytes[2];
	APPEND(s->bos->caps, s->bos->cap_last, next, c);
	s->bos->cap_count++;
}

void usb_desc_add_string(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_string *str = usb_desc_add_node(s, USB_DESC_STRING, sizeof(*str), n);

	APPEND(s->d->strings, s->d->string_last, next, str);
	s->d->string_count++;
}

void usb_desc_add_iad(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_iad *iad = usb_desc_add_node(s, USB_DESC_IAD, sizeof(*iad), n);
	const uint8_t *b = iad->node.bytes;

	iad->first = b[2];
	iad->count = b[3];
	iad->class = b[4];
	iad->subclass = b[5];
	iad->protocol = b[6];
	iad->string = b[7];
	APPEND(s->config->iads, s->config->iad_last, next, iad);
}

static struct usb_desc_interface *interface_of(struct usb_desc_parser *s, uint8_t number)
{
	struct usb_desc_interface *i = s->config->interface_last;

	/* The alternate settings of an interface mostly follow one another. */
	if (i && i->number == number)
		return i;
	for (i = s->config->interfaces; i; i = i->next)
		if (i->number == number)
			return i;
	i = usb_desc_arena(s->d, sizeof(*i));
	i->number = number;
	APPEND(s->config->interfaces, s->config->interface_last, next, i);
	s->config->interface_count++;
	return i;
}

void usb_desc_add_interface(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_alternate *a = usb_desc_add_node(s, USB_DESC_INTERFACE, sizeof(*a), n);
	const uint8_t *b = a->node.bytes;
	struct usb_desc_interface *i = interface_of(s, b[2]);

	a->number = b[2];
	a->setting = b[3];
	a->num_endpoints = b[4];
	a->class = b[5];
	a->subclass = b[6];
	a->protocol = b[7];
	a->string = b[8];
	APPEND(i->alternates, i->alternate_last, next, a);
	i->alternate_count++;
	APPEND(s->config->alternates, s->config->alternate_last, next_in_config, a);
	s->alternate = a;
	s->endpoint = NULL;
}

void usb_desc_add_endpoint(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_endpoint *e = usb_desc_add_node(s, USB_DESC_ENDPOINT, sizeof(*e), n);
	const uint8_t *b = e->node.bytes;

	e->address = b[2];
	e->attributes = b[3];
	e->max_packet = get_le16(b + 4);
	e->interval = b[6];
	e->alternate = s->alternate;
	APPEND(s->alternate->endpoints, s->alternate->endpoint_last, next, e);
	s->alternate->endpoint_count++;
	s->endpoint = e;
}

void usb_desc_add_companion(struct usb_desc_parser *s, size_t n)
{
	struct usb_desc_companion *c;

	if (s->d->bytes[s->pos + 1] == USB_DT_SSP_COMPANION) {
		s->endpoint->ssp_companion = usb_desc_add_node(s, USB_DESC_SSP_COMPANION,
							       sizeof(struct usb_desc_node), n);
		return;
	}
	c = usb_desc_add_node(s, USB_DESC_COMPANION, sizeof(*c), n);
	c->max_burst = c->node.bytes[2];
	c->attributes = c->node.bytes[3];
	c->bytes_per_interval = get_le16(c->node.bytes + 4);
	s->endpoint->companion = c;
}
