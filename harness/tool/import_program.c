// SPDX-License-Identifier: MIT
/*
 * import_program.c -- a recorded device as a program: the scripted device serves its descriptors, the driver
 * enumerates it and then asks what its host has asked, and each answer is the one that was recorded.
 *
 * What usb-core answers by itself is only asked. Left out: isochronous transfers, data that the host sent in
 * control transfers, what was never answered, and the fifth and further of transfers of the same kind.
 */
#include <errno.h>

#include "import/traffic.h"
#include "tool/tool.h"
#include "usb/desc.h"

#define SAME_MAX 4u /* transfers of a kind */
#define KINDS 512u  /* that are told apart */
#define OPS_MAX (OP_MAX_OPS - 8)
#define WANTED_MAX 4096u /* bytes: no answer is longer */

struct kinds {
	uint64_t hash[KINDS];
	uint8_t times[KINDS];
};

static uint64_t kind_of(const struct import_urb *u)
{
	uint64_t h = (uint64_t)u->endpoint << 8 | u->transfer | (uint64_t)(u->status != 0) << 16 |
		(uint64_t)(u->has_setup ? 0 : min_u64(u->len, 64)) << 20;

	if (u->has_setup)
		h ^= get_le64(u->setup) * UINT64_C(0x9e3779b97f4a7c15);
	return h | 1;
}

/* Has it been seen often enough? */
static bool is_enough(struct kinds *k, const struct import_urb *u)
{
	uint64_t hash = kind_of(u);
	unsigned i = (unsigned)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 40) % KINDS;

	for (unsigned n = 0; n < KINDS; n++, i = (i + 1) % KINDS) {
		if (!k->hash[i])
			k->hash[i] = hash;
		if (k->hash[i] == hash)
			return k->times[i]++ >= SAME_MAX;
	}
	return true;
}

static void put_data(FILE *out, const struct import_urb *u)
{
	if (!u->len)
		return;
	fputs(" data=", out);
	for (uint32_t i = 0; i < u->len; i++)
		fprintf(out, "%02x", u->data[i]);
}

static const char *status_of(const struct import_urb *u)
{
	return !u->status ? "" : u->status == -EPIPE ? " status=stall" : " status=transaction";
}

/* A request that usb-core leaves to the device: of a class or vendor, and descriptors of interfaces. */
static bool is_the_devices(const struct import_urb *u)
{
	return (u->setup[0] & 0x60) || ((u->setup[0] & 0x1f) && u->setup[1] == 6);
}

/* Returns the ops it took. */
static unsigned put_request(FILE *out, const struct import_urb *u)
{
	bool devices = is_the_devices(u);

	if (u->setup[0] == 0 && (u->setup[1] == 5 || u->setup[1] == 9))
		return 0; /* the driver has done that */
	if (devices) {
		fprintf(out, "answer%s", status_of(u));
		if (u->setup[0] & 0x80)
			put_data(out, u);
		fputc('\n', out);
	}
	fprintf(out, "control type=0x%02x request=%u value=0x%04x index=%u length=%u\n",
		u->setup[0], u->setup[1], get_le16(u->setup + 2), get_le16(u->setup + 4),
		(unsigned)min_u64(get_le16(u->setup + 6), WANTED_MAX));
	return 1 + devices;
}

static unsigned put_transfer(FILE *out, const struct import_urb *u)
{
	unsigned number = u->endpoint & 0x0f;
	bool in = u->endpoint & 0x80;

	if (!number)
		return 0;
	if (in || u->status) {
		fprintf(out, "answer ep=%u pid=%s%s", number, in ? "in" : "out", status_of(u));
		if (in)
			put_data(out, u);
		fputc('\n', out);
	}
	fprintf(out, "transfer ring=ep%u%s length=%u", number, in ? "in" : "out",
		(unsigned)(in ? min_u64(u->wanted, WANTED_MAX) : u->len));
	if (!in)
		put_data(out, u);
	fputc('\n', out);
	return 1 + (in || u->status);
}

static bool is_same_device(const struct import_urb *a, const struct import_urb *b)
{
	return a->bus == b->bus && a->device == b->device;
}

static bool is_set_configuration(const struct import_urb *u)
{
	return u->has_setup && u->setup[0] == 0 && u->setup[1] == 9;
}

/* Where the device was configured; the end if the capture began later. */
static size_t find_configured(const struct import_traffic *t, const struct import_urb *of)
{
	size_t i = 0;

	while (i < t->count &&
	       !(is_same_device(&t->urb[i], of) && is_set_configuration(&t->urb[i])))
		i++;
	return i;
}

/* The position in the set of the configuration that the host chose. */
static unsigned config_index(const struct usb_desc *desc, uint8_t value)
{
	unsigned index = 0;

	for (const struct usb_desc_config *c = desc->configs; c && c->value != value; c = c->next)
		index++;
	return index < desc->config_count ? index : 0;
}

static void put_traffic(FILE *out, const struct import_traffic *t, unsigned n,
			const struct usb_desc *desc)
{
	const struct import_urb *of = import_traffic_device(t, n);
	size_t i = find_configured(t, of);
	struct kinds *kinds = alloc_zero(sizeof(*kinds));
	unsigned ops = 0;

	fprintf(out, "address port=1\nconfigure config=%u\n",
		i < t->count ? config_index(desc, t->urb[i].setup[2]) : 0);
	/* what was before that is the enumeration, which the driver does */
	for (i = i < t->count ? i + 1 : 0; i < t->count && ops < OPS_MAX - 1; i++) {
		const struct import_urb *u = &t->urb[i];

		if (!is_same_device(u, of) || !u->complete || u->transfer == IMPORT_ISOCH ||
		    (u->status && u->status != -EPIPE && u->status != -EPROTO) ||
		    is_enough(kinds, u))
			continue;
		if (u->has_setup)
			ops += put_request(out, u);
		else if (u->transfer != IMPORT_CONTROL)
			ops += put_transfer(out, u);
	}
	free(kinds);
}

char *tool_import_program(const struct import_traffic *t, unsigned n, const uint8_t *set,
			  size_t len)
{
	struct usb_desc *desc = usb_desc_parse(set, len);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out);
	fprintf(out, "# A real device");
	if (desc->device)
		fprintf(out, ", %04x:%04x", desc->device->vendor, desc->device->product);
	fprintf(out, ", recorded: `gauntlet import`.\ndescriptors data=");
	for (size_t i = 0; i < min_u64(len, OP_MAX_BLOB); i++)
		fprintf(out, "%02x", set[i]);
	fprintf(out, "\nplug port=1 model=scripted speed=%u\n", (unsigned)usb_desc_speed(desc));
	if (t)
		put_traffic(out, t, n, desc);
	else
		fprintf(out, "enumerate port=1\n");
	fclose(out);
	usb_desc_free(desc);
	return text;
}
