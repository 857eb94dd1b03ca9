// SPDX-License-Identifier: MIT
/*
 * heap.c -- blocks from the C library or, once it is open, from the arena.
 */
#include "arena.h"
#include "heap.h"

static bool from_arena;
static uint64_t live; /* blocks of the C library */

bool heap_arena_open(void)
{
	const char *how = getenv("GAUNTLET_HEAP");

	if (from_arena)
		return true;
	REQUIRE(!live);
	from_arena = !(how && !strcmp(how, "malloc")) && arena_open();
	return from_arena;
}

bool heap_has_arena(void)
{
	return from_arena;
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
	if (from_arena) {
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
