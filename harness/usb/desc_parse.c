// SPDX-License-Identifier: MIT
/*
 * desc_parse.c -- descriptor set to tree (USB2 9.5, 9.6, USB3 9.6). See desc.h.
 *
 * One cursor walks the bytes once. A configuration or BOS lasts as long as its wTotalLength says,
 * but never beyond the set and never across a descriptor that cannot be inside one. Each look is
 * preceded by a comparison with what is left. A bLength below 2 ends the container, or at top
 * level the set, so the walk always advances.
 */
#include "usb/desc.h"
#include "usb/desc_arena.h"

struct parser {
	struct usb_desc *d;
	size_t pos, end; /* end: of the container, or of the set */
	struct usb_desc_config *config;
	struct usb_desc_bos *bos;
	struct usb_desc_alternate *alternate;
	struct usb_desc_endpoint *endpoint;
};

#define APPEND(first, last, link, item)                                                            \
	do {                                                                                       \
		if (last)                                                                          \
			(last)->link = (item);                                                     \
		else                                                                               \
			(first) = (item);                                                          \
		(last) = (item);                                                                   \
	} while (0)

static void mishap(struct parser *s, enum usb_desc_problem problem, uint32_t value, uint32_t want)
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
static void *add_node(struct parser *s, enum usb_desc_kind kind, size_t struct_size, size_t n)
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

static void add_other(struct parser *s, size_t n)
{
	struct usb_desc_node *node = add_node(s, USB_DESC_OTHER, sizeof(*node), n);

	if (s->endpoint)
		APPEND(s->endpoint->extra, s->endpoint->extra_last, sibling, node);
	else if (s->alternate)
		APPEND(s->alternate->extra, s->alternate->extra_last, sibling, node);
	else if (s->config)
		APPEND(s->config->extra, s->config->extra_last, sibling, node);
	else if (s->bos)
		APPEND(s->bos->extra, s->bos->extra_last, sibling, node);
}

static void add_device(struct parser *s, size_t n)
{
	struct usb_desc_device *dev = add_node(s, USB_DESC_DEVICE, sizeof(*dev), n);
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
static size_t open_container(struct parser *s, uint16_t total, size_t n)
{
	size_t left = s->d->len - s->pos;

	if (total < n) {
		mishap(s, USB_DESC_TOTAL_TOO_SMALL, total, (uint32_t)n);
		return n;
	}
	if (total > left) {
		mishap(s, USB_DESC_TOTAL_BEYOND_SET, total, (uint32_t)left);
		return left;
	}
	return total;
}

static void add_config(struct parser *s, size_t n)
{
	struct usb_desc_config *c = add_node(s, USB_DESC_CONFIG, sizeof(*c), n);
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

static void add_bos(struct parser *s, size_t n)
{
	struct usb_desc_bos *bos = add_node(s, USB_DESC_BOS, sizeof(*bos), n);

	bos->total_length = get_le16(bos->node.bytes + 2);
	bos->num_caps = bos->node.bytes[4];
	bos->last = &bos->node;
	bos->length = (uint32_t)open_container(s, bos->total_length, n);
	s->d->bos = bos;
	s->bos = bos;
	s->end = s->pos + bos->length;
}

static void add_capability(struct parser *s, size_t n)
{
	struct usb_desc_capability *c = add_node(s, USB_DESC_CAPABILITY, sizeof(*c), n);

	c->capability = c->node.bytes[2];
	APPEND(s->bos->caps, s->bos->cap_last, next, c);
	s->bos->cap_count++;
}

static void add_string(struct parser *s, size_t n)
{
	struct usb_desc_string *str = add_node(s, USB_DESC_STRING, sizeof(*str), n);

	APPEND(s->d->strings, s->d->string_last, next, str);
	s->d->string_count++;
}

static void add_iad(struct parser *s, size_t n)
{
	struct usb_desc_iad *iad = add_node(s, USB_DESC_IAD, sizeof(*iad), n);
	const uint8_t *b = iad->node.bytes;

	iad->first = b[2];
	iad->count = b[3];
	iad->class = b[4];
	iad->subclass = b[5];
	iad->protocol = b[6];
	iad->string = b[7];
	APPEND(s->config->iads, s->config->iad_last, next, iad);
}

static struct usb_desc_interface *interface_of(struct parser *s, uint8_t number)
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

static void add_interface(struct parser *s, size_t n)
{
	struct usb_desc_alternate *a = add_node(s, USB_DESC_INTERFACE, sizeof(*a), n);
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

static void add_endpoint(struct parser *s, size_t n)
{
	struct usb_desc_endpoint *e = add_node(s, USB_DESC_ENDPOINT, sizeof(*e), n);
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

static void add_companion(struct parser *s, size_t n)
{
	struct usb_desc_companion *c;

	if (s->d->bytes[s->pos + 1] == USB_DT_SSP_COMPANION) {
		s->endpoint->ssp_companion =
			add_node(s, USB_DESC_SSP_COMPANION, sizeof(struct usb_desc_node), n);
		return;
	}
	c = add_node(s, USB_DESC_COMPANION, sizeof(*c), n);
	c->max_burst = c->node.bytes[2];
	c->attributes = c->node.bytes[3];
	c->bytes_per_interval = get_le16(c->node.bytes + 4);
	s->endpoint->companion = c;
}

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

static bool add_in_config(struct parser *s, uint8_t type, size_t n)
{
	switch (type) {
	case USB_DT_INTERFACE:
		if (n < 9)
			break;
		add_interface(s, n);
		return true;
	case USB_DT_ENDPOINT:
		if (n < 7)
			break;
		if (!s->alternate) {
			mishap(s, USB_DESC_OUTSIDE_INTERFACE, type, 0);
			return false;
		}
		add_endpoint(s, n);
		return true;
	case USB_DT_IAD:
		if (n < 8)
			break;
		add_iad(s, n);
		return true;
	case USB_DT_COMPANION:
	case USB_DT_SSP_COMPANION:
		if (n < (type == USB_DT_COMPANION ? 6 : 8))
			break;
		if (!s->endpoint ||
		    (type == USB_DT_COMPANION ? !!s->endpoint->companion
					      : !!s->endpoint->ssp_companion)) {
			mishap(s, USB_DESC_COMPANION_ALONE, type, 0);
			return false;
		}
		add_companion(s, n);
		return true;
	default:
		return false;
	}
	mishap(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n, 0);
	return false;
}

static bool add_in_bos(struct parser *s, uint8_t type, size_t n)
{
	if (type != USB_DT_CAPABILITY)
		return false;
	if (n < 3) {
		mishap(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n, 3);
		return false;
	}
	add_capability(s, n);
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

static bool add_at_top(struct parser *s, uint8_t type, size_t n)
{
	if (n < header_length(type)) {
		mishap(s, USB_DESC_LENGTH_TOO_SMALL, (uint32_t)n, (uint32_t)header_length(type));
		return false;
	}
	if (is_repeated(s->d, type)) {
		mishap(s, USB_DESC_REPEATED, type, 0);
		return false;
	}
	switch (type) {
	case USB_DT_DEVICE:
		add_device(s, n);
		return true;
	case USB_DT_CONFIG:
	case USB_DT_OTHER_SPEED:
		add_config(s, n);
		return true;
	case USB_DT_BOS:
		add_bos(s, n);
		return true;
	case USB_DT_STRING:
		add_string(s, n);
		return true;
	case USB_DT_QUALIFIER:
		s->d->qualifier = add_node(s, USB_DESC_QUALIFIER, sizeof(struct usb_desc_node), n);
		return true;
	case USB_DT_INTERFACE:
	case USB_DT_ENDPOINT:
	case USB_DT_IAD:
	case USB_DT_CAPABILITY:
	case USB_DT_COMPANION:
	case USB_DT_SSP_COMPANION:
		mishap(s, USB_DESC_OUTSIDE_CONFIG, type, 0);
		return false;
	default:
		return false;
	}
}

/* The bytes the descriptor at the cursor has, or 0 if nothing after it can be found. */
static size_t length_here(struct parser *s, size_t left)
{
	uint8_t claimed = s->d->bytes[s->pos];
	uint8_t type = s->d->bytes[s->pos + 1];
	size_t header = s->config || s->bos || is_repeated(s->d, type) ? 0 : header_length(type);

	if (claimed < 2) {
		mishap(s, USB_DESC_LENGTH_BELOW_2, claimed, (uint32_t)header);
		return header <= left ? header : 0;
	}
	if (claimed > left) {
		mishap(s, USB_DESC_LENGTH_BEYOND_END, claimed, (uint32_t)left);
		return 0;
	}
	return claimed;
}

static void close_container(struct parser *s)
{
	s->config = NULL;
	s->bos = NULL;
	s->alternate = NULL;
	s->endpoint = NULL;
	s->end = s->d->len;
}

static void take_one(struct parser *s, uint8_t type, size_t n)
{
	bool known;

	if (s->config)
		known = add_in_config(s, type, n);
	else if (s->bos)
		known = add_in_bos(s, type, n);
	else
		known = add_at_top(s, type, n);
	if (!known)
		add_other(s, n);
	s->pos += n;
}

static void parse(struct parser *s)
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
			mishap(s, USB_DESC_SET_COUNT, USB_DESC_MAX_NODES, 0);
			return;
		}
		if (left < 2) {
			mishap(s, USB_DESC_LENGTH_BEYOND_END, 2, (uint32_t)left);
		} else if ((s->config || s->bos) && ends_container(s->d->bytes[s->pos + 1])) {
			mishap(s, USB_DESC_TOTAL_OVERLAPS, s->d->bytes[s->pos + 1], 0);
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
	struct usb_desc *d = alloc_zero(sizeof(*d));
	struct parser s = {.d = d};

	d->len = min_u64(len, USB_DESC_MAX_BYTES);
	d->bytes = alloc_zero(d->len);
	if (d->len)
		memcpy(d->bytes, bytes, d->len);
	s.end = d->len;
	if (len > d->len)
		mishap(&s, USB_DESC_SET_LENGTH, (uint32_t)min_u64(len, UINT32_MAX),
		       USB_DESC_MAX_BYTES);
	parse(&s);
	return d;
}
