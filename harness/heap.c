// SPDX-License-Identifier: MIT
/*
 * heap.c -- blocks from the C library or, once it is open, from the arena.
 */
#include <errno.h>

#include "arena.h"
#include "library.h"

#define UNWRITTEN 0xbe /* as ASan marks what malloc gives */

static bool is_open, from_arena;
static bool is_lent;
static unsigned messages; /* of libraries, since library_begin */
static uint64_t live;     /* blocks of the C library */

bool heap_arena_open(void)
{
	const char *how = getenv("GAUNTLET_HEAP");

	if (is_open)
		return true;
	REQUIRE(!live);
	is_open = from_arena = !(how && !strcmp(how, "malloc")) && arena_open();
	return is_open;
}

bool heap_has_arena(void)
{
	return is_open;
}

void heap_bypass(bool on)
{
	from_arena = is_open && !on;
}

void *heap_zero(size_t n)
{
	if (from_arena)
		return arena_zero(n);
	live++;
	return alloc_zero(n);
}

void heap_free(void *p)
{
	if (!p)
		return;
	if (from_arena || arena_has(p)) {
		arena_free(p);
		return;
	}
	live--;
	free(p);
}

uint64_t heap_live(void)
{
	return from_arena ? arena_live() : live;
}

/* ---- libraries under test --------------------------------------------------------------------- */

void heap_lend(bool on)
{
	is_lent = on;
}

bool heap_is_lent(void)
{
	return is_lent;
}

void library_begin(void)
{
	messages = 0;
}

int library_vsnprintf(char *to, size_t room, const char *format, va_list args)
{
	size_t len;

	if (!is_lent || !from_arena || messages++ < LIBRARY_MESSAGES)
		return vsnprintf(to, room, format, args);
	len = strlen(format);
	if (room) {
		size_t n = min_u64(len, room - 1);

		memcpy(to, format, n);
		to[n] = 0;
	}
	return (int)len;
}

/* The caller's caller, who: its address tells one call from another. */
static void *library_block(size_t n, uint8_t value, const void *who)
{
	if (n > LIBRARY_MAX_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	return arena_filled(n, value, (uint32_t)(uintptr_t)who);
}

void *library_malloc(size_t n)
{
	if (!is_lent || !from_arena)
		return malloc(n);
	return library_block(n, UNWRITTEN, __builtin_return_address(0));
}

void *library_calloc(size_t count, size_t n)
{
	if (!is_lent || !from_arena)
		return calloc(count, n);
	if (n && count > LIBRARY_MAX_BYTES / n)
		n = count = LIBRARY_MAX_BYTES; /* their product is refused */
	return library_block(count * n, 0, __builtin_return_address(0));
}

void *library_realloc(void *p, size_t n)
{
	void *to;

	if (p && !arena_has(p))
		return realloc(p, n);
	if (!p && (!is_lent || !from_arena))
		return malloc(n);
	to = library_block(n, UNWRITTEN, __builtin_return_address(0));
	if (to && p) {
		memcpy(to, p, min_u64(arena_size(p), n));
		arena_free(p);
	}
	return to;
}

void library_free(void *p)
{
	if (p && arena_has(p))
		arena_free(p);
	else
		free(p);
}
