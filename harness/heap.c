// SPDX-License-Identifier: MIT
/*
 * heap.c -- memory of the emulated machine.
 */
#include "heap.h"

static uint64_t live;

void *heap_zero(size_t n)
{
	live++;
	return alloc_zero(n);
}

void heap_free(void *p)
{
	if (!p)
		return;
	live--;
	free(p);
}

uint64_t heap_live(void)
{
	return live;
}
