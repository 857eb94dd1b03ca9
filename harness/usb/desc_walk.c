// SPDX-License-Identifier: MIT
/*
 * desc_walk.c -- follow every pointer of a descriptor tree and read every byte, by the links that
 * users of the tree take, so that a wrong link or count shows under a sanitizer.
 */
#include "usb/desc.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t walk_node(uint64_t h, const struct usb_desc_node *n)
{
	h = mix(h, n->kind | (uint64_t)n->type << 8 | (uint64_t)n->top << 16);
	for (unsigned i = 0; i < n->length; i++)
		h = mix(h, n->bytes[i]);
	return h;
}

static uint64_t walk_extra(uint64_t h, const struct usb_desc_node *n)
{
	for (; n; n = n->sibling)
		h = walk_node(h, n);
	return h;
}

static uint64_t walk_endpoint(uint64_t h, const struct usb_desc_endpoint *e)
{
	h = walk_node(h, &e->node);
	h = mix(h, e->address | (uint64_t)e->max_packet << 16 | (uint64_t)e->interval << 32);
	h = mix(h, e->alternate->number);
	if (e->companion)
		h = walk_node(mix(h, e->companion->bytes_per_interval), &e->companion->node);
	if (e->ssp_companion)
		h = walk_node(h, e->ssp_companion);
	return walk_extra(h, e->extra);
}

static uint64_t walk_alternate(uint64_t h, const struct usb_desc_alternate *a)
{
	unsigned count = 0;

	h = walk_extra(walk_node(h, &a->node), a->extra);
	for (const struct usb_desc_endpoint *e = a->endpoints; e; e = e->next, count++)
		h = walk_endpoint(h, e);
	REQUIRE(count == a->endpoint_count);
	return h;
}

static uint64_t walk_config(uint64_t h, const struct usb_desc_config *c)
{
	unsigned interfaces = 0;

	h = walk_extra(walk_node(h, &c->node), c->extra);
	for (const struct usb_desc_iad *i = c->iads; i; i = i->next)
		h = walk_node(h, &i->node);
	for (const struct usb_desc_interface *i = c->interfaces; i; i = i->next, interfaces++) {
		unsigned alternates = 0;

		for (const struct usb_desc_alternate *a = i->alternates; a;
		     a = a->next, alternates++)
			h = walk_alternate(h, a);
		REQUIRE(alternates == i->alternate_count && alternates > 0);
	}
	REQUIRE(interfaces == c->interface_count);
	for (const struct usb_desc_alternate *a = c->alternates; a; a = a->next_in_config)
		h = mix(h, a->number | (uint64_t)a->setting << 8);
	return mix(h, (uint64_t)(c->last->offset - c->node.offset));
}

static uint64_t walk_bos(uint64_t h, const struct usb_desc_bos *bos)
{
	unsigned count = 0;

	h = walk_extra(walk_node(h, &bos->node), bos->extra);
	for (const struct usb_desc_capability *c = bos->caps; c; c = c->next, count++)
		h = walk_node(h, &c->node);
	REQUIRE(count == bos->cap_count);
	return h;
}

uint64_t usb_desc_walk(const struct usb_desc *d)
{
	uint64_t h = d->len;
	unsigned nodes = 0;

	for (const struct usb_desc_node *n = d->nodes; n; n = n->next, nodes++)
		h = mix(h, n->offset);
	REQUIRE(nodes == d->node_count);
	h = walk_extra(h, d->top);
	for (const struct usb_desc_config *c = d->configs; c; c = c->next)
		h = walk_config(h, c);
	for (const struct usb_desc_config *c = d->other_speed; c; c = c->next)
		h = walk_config(h, c);
	if (d->bos)
		h = walk_bos(h, d->bos);
	for (const struct usb_desc_string *s = d->strings; s; s = s->next)
		h = walk_node(h, &s->node);
	for (const struct usb_desc_mishap *m = d->mishaps; m; m = m->next)
		h = mix(h, m->finding.problem | (uint64_t)m->finding.offset << 16);
	return h;
}
