// SPDX-License-Identifier: MIT
/*
 * vfio_mutate.c -- programs of vfio_client.h into slightly different ones: records come, go and change
 * places, fields of records and of vfio-user messages get the values that decide something.
 */
#include "backend/vfio_abi.h"
#include "backend/vfio_client.h"
#include "op/mutate.h"

#define RECORDS 128u /* that the mutator sees */
#define NEW_BYTES 96u

struct edit {
	struct op_random random;
	uint8_t *data;
	size_t len, room;
	size_t at[RECORDS + 1]; /* where records begin; the last: where they end */
	unsigned count;
	unsigned enough; /* records: longer programs shrink rather than grow */
};

/* Bytes of the fields of each kind, before the data. */
static const uint8_t head_bytes[VFIO_CLIENT_KINDS] = {
	[VFIO_CLIENT_MESSAGE] = 7, [VFIO_CLIENT_BYTES] = 4,   [VFIO_CLIENT_MEMORY] = 5,
	[VFIO_CLIENT_STEP] = 2,    [VFIO_CLIENT_CONNECT] = 2, [VFIO_CLIENT_ANSWER] = 3,
	[VFIO_CLIENT_SHRINK] = 2,  [VFIO_CLIENT_DEAF] = 2,
};

static bool has_data(uint8_t kind)
{
	return kind % VFIO_CLIENT_KINDS <= VFIO_CLIENT_MEMORY;
}

size_t vfio_client_record_bytes(const uint8_t *data, size_t len, size_t at)
{
	size_t head, bytes;

	if (at >= len)
		return 0;
	head = bytes = head_bytes[data[at] % VFIO_CLIENT_KINDS];
	if (has_data(data[at]) && head <= len - at)
		bytes += get_le16(data + at + head - 2);
	return min_u64(bytes, len - at);
}

static void split(struct edit *e)
{
	size_t at = min_u64(e->len, 1);

	for (e->count = 0; at < e->len && e->count < RECORDS; e->count++) {
		e->at[e->count] = at;
		at += vfio_client_record_bytes(e->data, e->len, at);
	}
	e->at[e->count] = at;
}

static unsigned below(struct edit *e, unsigned n)
{
	return op_random_below(&e->random, n);
}

static void insert(struct edit *e, size_t at, const uint8_t *bytes, size_t len)
{
	if (len > e->room - e->len)
		return;
	memmove(e->data + at + len, e->data + at, e->len - at);
	memcpy(e->data + at, bytes, len);
	e->len += len;
}

static void cut(struct edit *e, size_t at, size_t len)
{
	memmove(e->data + at, e->data + at + len, e->len - at - len);
	e->len -= len;
}

/* ---- values --------------------------------------------------------------------------------- */

static uint64_t number(struct edit *e)
{
	static const uint64_t edge[] = {
		0,         1,          2,
		4,         7,          8,
		9,         16,         20,
		24,        32,         40,
		0x20,      0x24,       0x40,
		0x58,      0x60,       0x78,
		0x100,     4095,       4096,
		4097,      0x1000,     0x1020,
		0x1038,    0x2000,     0x4000,
		0x8000,    0xffff,     0x10000,
		0x10010,   0x11000,    0x1f000,
		0x20000,   INT32_MAX,  UINT32_MAX,
		INT64_MAX, UINT64_MAX, UINT64_MAX - 4095,
	};

	switch (below(e, 4)) {
	case 0:
		return op_random_next(&e->random) >> below(e, 64);
	case 1:
		return below(e, 64) * 4;
	default:
		return edge[below(e, ARRAY_SIZE(edge))];
	}
}

static void put_number(struct edit *e, uint8_t *at, size_t room)
{
	unsigned wide = 1u << below(e, 4);
	uint64_t old = 0, value;

	while (wide > room)
		wide /= 2;
	if (!wide)
		return;
	memcpy(&old, at, wide);
	switch (below(e, 4)) {
	case 0:
		value = old + 1 - 2 * below(e, 2);
		break;
	case 1:
		value = old ^ UINT64_C(1) << below(e, 8 * wide);
		break;
	default:
		value = number(e);
	}
	memcpy(at, &value, wide);
}

/* ---- messages ------------------------------------------------------------------------------- */

struct template
{
	uint8_t command, files;
	uint8_t len;
	uint32_t word[8];
};

static const struct template templates[] = {
	{VFIO_VERSION, 0, 7, {0, 0x7d7b}},
	{VFIO_DMA_MAP, 0x01, 32, {32, 3, 0, 0, 0x10000, 0, 0x10000, 0}},
	{VFIO_DMA_MAP, 0x11, 32, {32, 3, 0, 0, 0x10000, 0, 0x10000, 0}},
	{VFIO_DMA_MAP, 0x71, 32, {32, 3, 0, 0, 0x20000, 0, 0x10000, 0}},
	{VFIO_DMA_MAP, 0, 32, {32, 3, 0, 0, 0x10000, 0, 0x10000, 0}},
	{VFIO_DMA_MAP, 0, 32, {32, 1, 0, 0, 0x12000, 0, 0x1000, 0}},
	{VFIO_DMA_UNMAP, 0, 24, {24, 0, 0x10000, 0, 0x10000, 0}},
	{VFIO_DMA_UNMAP, 0, 24, {24, VFIO_UNMAP_ALL}},
	{VFIO_GET_INFO, 0, 16, {16}},
	{VFIO_GET_REGION_INFO, 0, 32, {32, 0, VFIO_REGION_CONFIG}},
	{VFIO_GET_IRQ_INFO, 0, 16, {16, 0, VFIO_IRQ_MSIX}},
	{VFIO_SET_IRQS, 0x21, 20, {20, 0x24, VFIO_IRQ_INTX, 0, 1}},
	{VFIO_SET_IRQS, 0x21, 20, {20, 0x24, VFIO_IRQ_MSI, 0, 1}},
	{VFIO_SET_IRQS, 0x21, 20, {20, 0x24, VFIO_IRQ_MSIX, 0, 1}},
	{VFIO_SET_IRQS, 0, 20, {20, 0x21, VFIO_IRQ_MSIX, 0, 0}},
	{VFIO_SET_IRQS, 0, 20, {20, 0x09, VFIO_IRQ_INTX, 0, 1}},
	{VFIO_SET_IRQS, 0, 20, {20, 0x11, VFIO_IRQ_INTX, 0, 1}},
	{VFIO_SET_IRQS, 0, 21, {20, 0x22, VFIO_IRQ_INTX, 0, 1, 1}},
	{VFIO_REGION_READ, 0, 16, {0, 0, VFIO_REGION_CONFIG, 256}},
	{VFIO_REGION_READ, 0, 16, {0x44, 0, VFIO_REGION_BAR0, 4}},
	{VFIO_REGION_WRITE, 0, 18, {4, 0, VFIO_REGION_CONFIG, 2, 6}},
	{VFIO_REGION_WRITE, 0, 20, {0x10, 0, VFIO_REGION_CONFIG, 4, 0xfe000000}},
	{VFIO_REGION_WRITE, 0, 20, {0x40, 0, VFIO_REGION_BAR0, 4, 5}},
	{VFIO_REGION_WRITE, 0, 20, {0x40, 0, VFIO_REGION_BAR0, 4, 2}},
	{VFIO_REGION_WRITE, 0, 24, {0x58, 0, VFIO_REGION_BAR0, 8, 0x11001}},
	{VFIO_REGION_WRITE, 0, 24, {0x70, 0, VFIO_REGION_BAR0, 8, 0x10000}},
	{VFIO_REGION_WRITE, 0, 20, {0x2000, 0, VFIO_REGION_BAR0, 4, 0}},
	{VFIO_REGION_WRITE, 0, 20, {0x2004, 0, VFIO_REGION_BAR0, 4, 1}},
	{VFIO_REGION_WRITE_MULTI, 0, 32, {1, 0, 0x58, 0, VFIO_REGION_BAR0, 4, 0x11001}},
	{VFIO_DEVICE_RESET, 0, 0, {0}},
	{VFIO_DMA_READ, 0, 24, {0x10000, 0, 8, 0}},
};

static size_t make_message(struct edit *e, uint8_t *r)
{
	const struct template *t = &templates[below(e, ARRAY_SIZE(templates))];

	memset(r, 0, 7);
	r[1] = t->command;
	r[2] = below(e, 8) ? 0 : (uint8_t)number(e);
	r[3] = below(e, 8) ? t->files : (uint8_t)number(e);
	put_le16(r + 5, t->len);
	for (unsigned i = 0; i < ARRAY_SIZE(t->word); i++)
		put_le32(r + 7 + 4 * i, t->word[i]);
	return 7u + t->len;
}

/* A record that was not there; at most NEW_BYTES. */
static size_t make_record(struct edit *e, uint8_t *r)
{
	if (below(e, 3))
		return make_message(e, r);
	r[0] = (uint8_t)below(e, VFIO_CLIENT_KINDS);
	for (unsigned i = 1; i < 8; i++)
		r[i] = (uint8_t)number(e);
	if (!has_data(r[0]))
		return head_bytes[r[0]];
	for (unsigned i = 0; i < 64; i++)
		r[8 + i] = (uint8_t)number(e);
	put_le16(r + head_bytes[r[0]] - 2, (uint16_t)below(e, 64));
	return head_bytes[r[0]] + get_le16(r + head_bytes[r[0]] - 2);
}

/* ---- edits ---------------------------------------------------------------------------------- */

static void add(struct edit *e)
{
	uint8_t r[NEW_BYTES];
	size_t len = make_record(e, r);

	insert(e, e->at[below(e, e->count + 1)], r, len);
}

static void copy(struct edit *e, unsigned from, unsigned to)
{
	uint8_t r[512];
	size_t n = min_u64(e->at[from + 1] - e->at[from], sizeof(r));

	memcpy(r, e->data + e->at[from], n);
	insert(e, e->at[to], r, n);
}

/* More or less data, and the length says so. */
static void resize(struct edit *e, size_t at, size_t bytes)
{
	uint8_t fresh[8];
	size_t head = head_bytes[e->data[at] % VFIO_CLIENT_KINDS], n = 1 + below(e, 8);
	size_t data = bytes - head;

	if (below(e, 2) && n <= data) {
		cut(e, at + bytes - n, n);
		put_le16(e->data + at + head - 2, (uint16_t)(data - n));
	} else if (n <= e->room - e->len && data + n <= UINT16_MAX) {
		for (size_t i = 0; i < n; i++)
			fresh[i] = (uint8_t)number(e);
		insert(e, at + bytes, fresh, n);
		put_le16(e->data + at + head - 2, (uint16_t)(data + n));
	}
}

static void change(struct edit *e, size_t at, size_t bytes)
{
	uint8_t *r = e->data + at;
	size_t head = head_bytes[r[0] % VFIO_CLIENT_KINDS];
	unsigned what = below(e, 8);

	if (bytes < head)
		return;
	if (!what)
		r[0] ^= VFIO_CLIENT_HOLD;
	else if (what == 1 && has_data(r[0]))
		resize(e, at, bytes);
	else if (what > 3 && bytes > head) {
		size_t into = head + below(e, (unsigned)(bytes - head));

		if (below(e, 4)) /* fields are words */
			into = head + (into - head) / 4 * 4;
		put_number(e, r + into, bytes - into);
	} else if (head > 1) {
		/* Not the length: that is resize's. */
		unsigned fields = (unsigned)head - 1 - (has_data(r[0]) ? 2 : 0);

		r[1 + below(e, fields)] = (uint8_t)(below(e, 2) ? below(e, 16) : number(e));
	}
}

static void edit(struct edit *e)
{
	unsigned pick, other, what;

	split(e);
	pick = below(e, e->count);
	other = below(e, e->count + 1);
	what = e->count ? below(e, 10) : 0;
	if (e->count > e->enough && (what < 2 || what == 3))
		what = 2;
	switch (what) {
	case 0:
	case 1:
		add(e);
		break;
	case 2:
		cut(e, e->at[pick], e->at[pick + 1] - e->at[pick]);
		break;
	case 3:
		copy(e, pick, other);
		break;
	case 4:
		e->data[0] = (uint8_t)below(e, 8);
		break;
	default:
		change(e, e->at[pick], e->at[pick + 1] - e->at[pick]);
	}
}

size_t vfio_client_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct edit e = {.random = {seed}, .data = data, .len = size, .room = max_size};

	if (LLVMFuzzerMutate && !below(&e, 8))
		return LLVMFuzzerMutate(data, size, max_size);
	if (!e.len && max_size)
		e.data[e.len++] = (uint8_t)below(&e, 8);
	if (!e.len)
		return 0;
	e.enough = 4u << below(&e, 5);
	for (unsigned n = 1 + below(&e, 4); n; n--)
		edit(&e);
	return e.len;
}

size_t vfio_client_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			     uint8_t *out, size_t max_size, unsigned seed)
{
	struct edit e = {.random = {seed}, .data = out, .len = min_u64(a_size, max_size)};
	struct edit other = {.data = (uint8_t *)(uintptr_t)b, .len = b_size};
	unsigned from;
	size_t n;

	e.room = max_size;
	memcpy(out, a, e.len);
	split(&e);
	split(&other);
	if (!other.count || !e.len)
		return e.len;
	/* The first records of one, the last of the other. */
	e.len = e.at[below(&e, e.count + 1)];
	from = below(&e, other.count);
	n = min_u64(b_size - other.at[from], max_size - e.len);
	memcpy(out + e.len, b + other.at[from], n);
	return e.len + n;
}
