// SPDX-License-Identifier: MIT
/*
 * arena.h -- private to heap.c: one arena for all blocks of the machine. In a build without
 * AddressSanitizer there is none, and arena_open says so.
 */
#ifndef ARENA_H
#define ARENA_H

#include "base.h"

/* False if there is none: nothing else of this header may be called then. */
bool arena_open(void);

/* As heap_zero and heap_free. */
void *arena_zero(size_t n);
void arena_free(void *p);

/* Blocks in use. */
uint64_t arena_live(void);

#endif
