// SPDX-License-Identifier: MIT
/*
 * state.c -- the walk over tables of fields. Numbers are little-endian and as wide as in the object;
 * the order of the tables is the format, and each section's name guards against walking out of step.
 */
#include "heap.h"
#include "state.h"

#define NUMBER_BYTES 8u

void state_save(struct state *st)
{
	*st = (struct state){.room = 256};
	st->bytes = heap_zero(st->room);
}

void state_load(struct state *st, const void *bytes, size_t len)
{
	*st = (struct state){.loading = true, .len = len, .room = len + NUMBER_BYTES};
	st->bytes = heap_zero(st->room);
	memcpy(st->bytes, bytes, len);
}

void state_free(struct state *st)
{
	heap_free(st->bytes);
	st->bytes = NULL;
}

static bool refuse(struct state *st, const char *name, const char *why)
{
	if (!st->refused)
		snprintf(st->why, sizeof(st->why), "saved state, %s, %s: %s",
			 st->section ? st->section : "beginning", name, why);
	st->refused = true;
	return false;
}

bool state_check(struct state *st, bool holds, const char *what)
{
	if (!st->loading || holds)
		return true;
	return refuse(st, "together", what);
}

void state_refuse(struct state *st, const char *what)
{
	refuse(st, "as a whole", what);
}

/* Where len more bytes go. Behind them there is always room for a number. */
static uint8_t *put(struct state *st, size_t len)
{
	if (st->len + len + NUMBER_BYTES > st->room) {
		size_t room = 2 * (st->len + len + NUMBER_BYTES);
		uint8_t *larger = heap_zero(room);

		memcpy(larger, st->bytes, st->len);
		heap_free(st->bytes);
		st->bytes = larger;
		st->room = room;
	}
	st->len += len;
	return st->bytes + st->len - len;
}

/* Where the next len bytes are, and a number's more that mean nothing; NULL: not there. */
static const uint8_t *take(struct state *st, const char *name, size_t len)
{
	if (st->refused)
		return NULL;
	if (st->len - st->at < len) {
		refuse(st, name, "it ends here");
		return NULL;
	}
	st->at += len;
	return st->bytes + st->at - len;
}

static bool lies(struct state *st)
{
	uint64_t nth = st->walked++;

	return st->lie && st->lie->nth == nth;
}

static uint64_t wrong(const struct state_lie *lie, uint64_t value, uint64_t min, uint64_t max)
{
	switch (lie->how % 8) {
	case 0:
		return lie->value;
	case 1:
		return max;
	case 2:
		return max + 1;
	case 3:
		return min - 1;
	case 4:
		return value + 1;
	case 5:
		return value - 1;
	case 6:
		return value ^ UINT64_C(1) << (lie->value & 63);
	default:
		return max == UINT64_MAX ? value + lie->value : min + lie->value % (max - min + 1);
	}
}

static uint64_t number(struct state *st, const struct state_field *f, uint64_t value)
{
	uint64_t most = f->size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * f->size) - 1;
	uint64_t max = min_u64(f->max, most);
	const uint8_t *raw;

	/* Eight bytes at a time, whatever its size: a snapshot has thousands of numbers. */
	if (!st->loading) {
		if (lies(st))
			value = wrong(st->lie, value, f->min, max);
		put_le64(put(st, f->size), value);
		return value;
	}
	raw = take(st, f->name, f->size);
	if (!raw)
		return f->min;
	value = get_le64(raw) & most;
	if (value < f->min || value > max || value & f->zero) {
		refuse(st, f->name, "out of its range");
		return f->min;
	}
	return value;
}

static uint64_t get_host(const void *at, unsigned size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	}
	REQUIRE(size == 8);
	return *(const uint64_t *)at;
}

static void set_host(void *at, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}

void state_walk(struct state *st, const struct state_field *field, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++) {
		void *at = (char *)object + field[i].offset;
		uint64_t value = number(st, &field[i], get_host(at, field[i].size));

		if (st->loading)
			set_host(at, field[i].size, value);
	}
}

uint64_t state_number(struct state *st, const char *name, uint64_t value, uint64_t min,
		      uint64_t max)
{
	const struct state_field f = {
		.name = name,
		.size = max >> 32   ? 8
			: max >> 16 ? 4
			: max >> 8  ? 2
				    : 1,
		.min = min,
		.max = max,
	};
	uint64_t walked = number(st, &f, value);

	return st->loading ? walked : value; /* a lie is only told, not believed */
}

void state_bytes(struct state *st, const char *name, void *bytes, size_t len)
{
	size_t before = st->len;
	const uint8_t *from;

	if (st->loading) {
		from = take(st, name, len);
		if (!from)
			memset(bytes, 0, len);
		else if (len)
			memcpy(bytes, from, len);
		return;
	}
	if (len)
		memcpy(put(st, len), bytes, len);
	if (lies(st) && len)
		st->bytes[before + st->lie->value % len] ^= (uint8_t)(1 + st->lie->how);
}

uint64_t state_sum(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ b[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void state_section(struct state *st, const char *name)
{
	uint32_t mark = (uint32_t)state_sum(name, strlen(name));
	const uint8_t *raw;

	st->section = name;
	if (!st->loading) {
		put_le32(put(st, 4), mark);
		return;
	}
	raw = take(st, "name", 4);
	if (raw && get_le32(raw) != mark)
		refuse(st, "name", "something else is here");
}

bool state_loaded(struct state *st)
{
	if (!st->refused && st->at != st->len)
		refuse(st, "end", "there is more behind it");
	return !st->refused;
}
