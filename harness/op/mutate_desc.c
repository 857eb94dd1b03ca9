// SPDX-License-Identifier: MIT
/*
 * mutate_desc.c -- a blob read as a row of USB descriptors (USB2 9.5, 9.6; USB3 9.6), edited where
 * parsers take decisions: lengths, counts, types, endpoint addresses, and the order of things.
 */
#include "op/mutate.h"

#define MAX_DESCRIPTORS 64u

enum {
	DEVICE = 1,
	CONFIG,
	STRING,
	INTERFACE,
	ENDPOINT,
	BOS = 0x0f
};

/* Whole descriptors worth having one more of. The first byte is the length. */
static const uint8_t part_list[][26] = {
	{18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 1, 2, 3, 1},
	{18, 1, 0, 3, 0, 0, 0, 9, 0xf4, 0x46, 1, 0, 0, 1, 1, 2, 3, 1},
	{10, 6, 0, 2, 0, 0, 0, 64, 1, 0},
	{9, 2, 32, 0, 1, 1, 0, 0xc0, 50},
	{8, 11, 0, 2, 1, 6, 0, 0},
	{9, 4, 0, 0, 2, 0xff, 0, 0, 0},
	{9, 4, 0, 1, 2, 0xff, 0, 0, 0},
	{9, 4, 1, 0, 1, 3, 1, 1, 0},
	{9, 4, 0, 0, 2, 8, 6, 0x50, 0},
	{9, 4, 0, 1, 4, 8, 6, 0x62, 0},
	{9, 4, 0, 0, 1, 9, 0, 0, 0},
	{9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0},
	{7, 5, 0x81, 3, 8, 0, 10},
	{7, 5, 0x81, 2, 0, 2, 0},
	{7, 5, 0x02, 2, 0, 2, 0},
	{7, 5, 0x83, 1, 0, 4, 1},
	{9, 5, 0x04, 9, 192, 0, 1, 0, 0},
	{6, 0x30, 0, 0, 0, 0},
	{6, 0x30, 15, 4, 0, 0},
	{8, 0x31, 0, 0, 0, 0, 0, 0},
	{4, 0x24, 1, 0},
	{5, 15, 22, 0, 2},
	{7, 16, 2, 2, 0, 0, 0},
	{10, 16, 3, 0, 14, 0, 1, 10, 255, 7},
	{4, 3, 9, 4},
	{6, 3, 'u', 0, 's', 0},
	{9, 0x29, 4, 9, 0, 50, 100, 0, 0xff},
};

struct walk {
	unsigned at[MAX_DESCRIPTORS], count;
};

/* Where descriptors begin, as far as the lengths make sense. */
static void walk(struct walk *w, const struct mutate_blob *blob)
{
	unsigned at = 0;

	w->count = 0;
	while (at + 2 <= blob->len && w->count < MAX_DESCRIPTORS) {
		w->at[w->count++] = at;
		if (blob->bytes[at] < 2)
			break;
		at += blob->bytes[at];
	}
}

static unsigned length_at(const struct mutate_blob *blob, unsigned at)
{
	return (unsigned)min_u64(blob->bytes[at], blob->len - at);
}

static uint8_t tweak(struct op_random *r, uint8_t v)
{
	static const uint8_t edges[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 31, 32, 127, 128, 254, 255};

	switch (op_random_below(r, 3)) {
	case 0:
		return (uint8_t)(v + 1);
	case 1:
		return (uint8_t)(v - 1);
	default:
		return edges[op_random_below(r, ARRAY_SIZE(edges))];
	}
}

/* The offset of a byte that matters in a descriptor of this type. */
static unsigned weak_spot(struct op_random *r, uint8_t type)
{
	static const uint8_t device[] = {2, 3, 4, 7, 17}, config[] = {2, 3, 4, 5, 7};
	static const uint8_t interface[] = {2, 3, 4, 5, 6, 7};
	static const uint8_t endpoint[] = {2, 2, 2, 3, 3, 4, 5, 6}; /* address and type: often */

	switch (type) {
	case DEVICE:
		return device[op_random_below(r, ARRAY_SIZE(device))];
	case CONFIG:
		return config[op_random_below(r, ARRAY_SIZE(config))];
	case INTERFACE:
		return interface[op_random_below(r, ARRAY_SIZE(interface))];
	case ENDPOINT:
		return endpoint[op_random_below(r, ARRAY_SIZE(endpoint))];
	default:
		return 2 + op_random_below(r, 5);
	}
}

static void edit_weak_spot(struct op_random *r, struct mutate_blob *blob, unsigned at)
{
	static const uint8_t address[] = {0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x0f,
					  0x8f, 0x10, 0x90, 0x70, 0xf1, 0xff};
	static const uint8_t type[] = {1,  2,  3,  4,    5,    6,    7,    8,    0x0b,
				       15, 16, 33, 0x22, 0x24, 0x25, 0x29, 0x30, 0x31};
	unsigned spot = op_random_below(r, 8);

	if (spot > 1)
		spot = weak_spot(r, blob->bytes[at + 1]);
	if (spot >= blob->len - at)
		spot = op_random_below(r, 2);
	if (spot == 1)
		blob->bytes[at + 1] = type[op_random_below(r, ARRAY_SIZE(type))];
	else if (spot == 2 && blob->bytes[at + 1] == ENDPOINT)
		blob->bytes[at + 2] = address[op_random_below(r, ARRAY_SIZE(address))];
	else
		blob->bytes[at + spot] = tweak(r, blob->bytes[at + spot]);
}

static void insert_part(struct op_random *r, struct mutate_blob *blob, unsigned at)
{
	const uint8_t *part = part_list[op_random_below(r, ARRAY_SIZE(part_list))];

	mutate_blob_insert(blob, at, part, part[0]);
}

static void insert_copy(struct op_random *r, struct mutate_blob *blob, unsigned at, unsigned from)
{
	uint8_t copy[255];
	unsigned n = length_at(blob, from);

	(void)r;
	memcpy(copy, blob->bytes + from, n);
	mutate_blob_insert(blob, at, copy, n);
}

/* Make wTotalLength of a configuration or BOS fit what follows it, as an honest device would. */
static void mend_total(struct mutate_blob *blob, const struct walk *w)
{
	unsigned i, end = blob->len;

	for (i = w->count; i-- > 0;) {
		unsigned at = w->at[i];
		uint8_t type = blob->bytes[at + 1];

		if ((type == CONFIG || type == BOS) && blob->len - at >= 4)
			put_le16(blob->bytes + at + 2, (uint16_t)(end - at));
		if (type == CONFIG || type == BOS || type == STRING || type == DEVICE)
			end = at;
	}
}

void mutate_desc_change(struct op_random *r, struct mutate_blob *blob)
{
	struct walk w;
	unsigned at, other;

	walk(&w, blob);
	if (!w.count) {
		mutate_desc_fill(r, blob);
		return;
	}
	at = w.at[op_random_below(r, w.count)];
	other = w.at[op_random_below(r, w.count)];
	switch (op_random_below(r, 10)) {
	case 0:
		insert_part(r, blob, at);
		break;
	case 1:
		insert_copy(r, blob, at, other);
		break;
	case 2:
		mutate_blob_remove(blob, at, length_at(blob, at));
		break;
	case 3:
		insert_part(r, blob, blob->len);
		break;
	case 4:
		blob->len = at + op_random_below(r, length_at(blob, at) + 1);
		break;
	default:
		edit_weak_spot(r, blob, at);
		if (op_random_one_in(r, 2))
			edit_weak_spot(r, blob, other);
		return;
	}
	if (op_random_below(r, 4)) {
		walk(&w, blob);
		mend_total(blob, &w);
	}
}

void mutate_desc_fill(struct op_random *r, struct mutate_blob *blob)
{
	static const uint8_t set[] = {
		18, 1, 0,    2, 0, 0,    0, 64,   0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1, /* device */
		9,  2, 39,   0, 1, 1,    0, 0xc0, 50, /* configuration */
		9,  4, 0,    0, 3, 0xff, 0, 0,    0,  /* interface */
		7,  5, 0x81, 2, 0, 2,    0,           /* bulk in */
		7,  5, 0x02, 2, 0, 2,    0,           /* bulk out */
		7,  5, 0x83, 3, 8, 0,    4,           /* interrupt in */
	};

	blob->len = 0;
	switch (op_random_below(r, 4)) {
	case 0:
		mutate_blob_insert(blob, 0, set, 18);
		break;
	case 1:
		mutate_blob_insert(blob, 0, set + 18, sizeof(set) - 18);
		break;
	case 2:
		insert_part(r, blob, 0);
		break;
	default:
		mutate_blob_insert(blob, 0, set, sizeof(set));
	}
}
