// SPDX-License-Identifier: MIT
/*
 * traffic.c -- events to URBs, and the answers to GET_DESCRIPTOR to a descriptor set (USB2 9.4.3).
 */
#include <errno.h>

#include "import/traffic.h"
#include "usb/desc.h"

#define GET_DESCRIPTOR 6u

static struct import_urb *find_open(struct import_traffic *t, const struct import_event *e)
{
	while (t->open_from < t->count && t->urb[t->open_from].complete)
		t->open_from++;
	for (size_t i = t->count; i-- > t->open_from;) {
		struct import_urb *u = &t->urb[i];

		if (!u->complete && u->id == e->id && u->bus == e->bus &&
		    u->endpoint == e->endpoint)
			return u;
	}
	return NULL;
}

static void set_data(struct import_urb *u, const uint8_t *data, uint32_t len)
{
	free(u->data);
	u->len = (uint32_t)min_u64(len, IMPORT_URB_BYTES);
	u->data = u->len ? alloc_zero(u->len) : NULL;
	if (u->len)
		memcpy(u->data, data, u->len);
}

static struct import_urb *append(struct import_traffic *t)
{
	if (t->count == IMPORT_MAX_URBS)
		return NULL;
	if (t->count == t->room) {
		struct import_urb *more = alloc_zero((t->room * 2 + 64) * sizeof(*more));

		if (t->count)
			memcpy(more, t->urb, t->count * sizeof(*more));
		free(t->urb);
		t->urb = more;
		t->room = t->room * 2 + 64;
	}
	return &t->urb[t->count++];
}

void import_traffic_add(struct import_traffic *t, const struct import_event *e)
{
	struct import_urb *u;

	if (e->completes) {
		u = find_open(t, e);
		if (!u)
			return;
		u->complete = true;
		u->status = e->status;
		if (e->endpoint & 0x80)
			set_data(u, e->data, e->len);
		return;
	}
	u = append(t);
	if (!u)
		return;
	*u = (struct import_urb){.id = e->id,
				 .bus = e->bus,
				 .device = e->device,
				 .endpoint = e->endpoint,
				 .transfer = e->transfer,
				 .has_setup = e->has_setup,
				 .wanted = e->urb_len};
	memcpy(u->setup, e->setup, sizeof(u->setup));
	if (!(e->endpoint & 0x80))
		set_data(u, e->data, e->len);
}

void import_traffic_free(struct import_traffic *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->urb[i].data);
	free(t->urb);
	memset(t, 0, sizeof(*t));
}

/* ---- devices ------------------------------------------------------------------------------- */

/* An answer to GET_DESCRIPTOR of the device (hub descriptors are a class's request). */
static bool is_descriptor(const struct import_urb *u, unsigned type)
{
	return u->complete && !u->status && u->has_setup && u->len >= 2 &&
		(u->setup[0] == 0x80 || u->setup[0] == 0xa0) && u->setup[1] == GET_DESCRIPTOR &&
		u->setup[3] == type && u->data[1] == type;
}

static bool is_first_of_device(const struct import_traffic *t, size_t at)
{
	const struct import_urb *u = &t->urb[at];

	if (!u->device || !is_descriptor(u, USB_DT_DEVICE) || u->len < 18)
		return false;
	for (size_t i = 0; i < at; i++)
		if (t->urb[i].bus == u->bus && t->urb[i].device == u->device &&
		    is_descriptor(&t->urb[i], USB_DT_DEVICE) && t->urb[i].len >= 18)
			return false;
	return true;
}

const struct import_urb *import_traffic_device(const struct import_traffic *t, unsigned n)
{
	for (size_t i = 0; i < t->count; i++)
		if (is_first_of_device(t, i) && !n--)
			return &t->urb[i];
	return NULL;
}

/* ---- the set ------------------------------------------------------------------------------- */

struct set {
	uint8_t *bytes;
	size_t len;
};

static void put(struct set *s, const uint8_t *bytes, size_t len)
{
	uint8_t *all = alloc_zero(s->len + len);

	if (s->len)
		memcpy(all, s->bytes, s->len);
	memcpy(all + s->len, bytes, len);
	free(s->bytes);
	s->bytes = all;
	s->len += len;
}

/* The longest answer for a descriptor, or NULL. */
static const struct import_urb *longest(const struct import_traffic *t, const struct import_urb *of,
					unsigned type, unsigned index)
{
	const struct import_urb *best = NULL;

	for (size_t i = 0; i < t->count; i++) {
		const struct import_urb *u = &t->urb[i];

		if (u->bus == of->bus && u->device == of->device && is_descriptor(u, type) &&
		    u->setup[2] == index && (!best || u->len > best->len))
			best = u;
	}
	return best;
}

/* One that has its total length at 2 (configurations, BOS), or its length at 0. */
static void put_descriptor(struct set *s, const struct import_urb *u, bool total)
{
	size_t len;

	if (!u)
		return;
	len = total && u->len >= 4 ? get_le16(u->data + 2) : u->data[0];
	put(s, u->data, min_u64(len, u->len));
}

/* Strings in the order of their index: one that nobody asked for is an empty one. */
static void put_strings(struct set *s, const struct import_traffic *t, const struct import_urb *of,
			uint8_t serial)
{
	static const uint8_t none[] = {2, USB_DT_STRING}, languages[] = {4, USB_DT_STRING, 9, 4};
	static const uint8_t neutral[] = {10, USB_DT_STRING, '0', 0, '1', 0, '2', 0, '3', 0};
	unsigned last = 0;

	for (unsigned i = 1; i < 256; i++)
		if (longest(t, of, USB_DT_STRING, i))
			last = i;
	if (!last)
		return;
	if (longest(t, of, USB_DT_STRING, 0))
		put_descriptor(s, longest(t, of, USB_DT_STRING, 0), false);
	else
		put(s, languages, sizeof(languages));
	for (unsigned i = 1; i <= last; i++) {
		const struct import_urb *u = longest(t, of, USB_DT_STRING, i);

		if (u && i == serial)
			put(s, neutral, sizeof(neutral));
		else if (u && u->data[0] >= 2)
			put_descriptor(s, u, false);
		else
			put(s, none, sizeof(none));
	}
}

int import_traffic_descriptors(const struct import_traffic *t, unsigned n, uint8_t **ret_bytes,
			       size_t *ret_len)
{
	const struct import_urb *of = import_traffic_device(t, n), *device;
	struct set s = {0};

	*ret_bytes = NULL;
	*ret_len = 0;
	if (!of)
		return import_traffic_device(t, 0) ? -ENOENT : -EINVAL;
	device = longest(t, of, USB_DT_DEVICE, 0);
	device = device ? device : of;
	put(&s, device->data, 18);
	for (unsigned i = 0; i < 256; i++)
		put_descriptor(&s, longest(t, of, USB_DT_CONFIG, i), true);
	put_descriptor(&s, longest(t, of, USB_DT_QUALIFIER, 0), false);
	put_descriptor(&s, longest(t, of, USB_DT_BOS, 0), true);
	put_descriptor(&s, longest(t, of, USB_DT_HUB, 0), false);
	put_descriptor(&s, longest(t, of, USB_DT_SS_HUB, 0), false);
	put_strings(&s, t, of, device->data[16]);
	*ret_bytes = s.bytes;
	*ret_len = s.len;
	return 0;
}
