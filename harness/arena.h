// SPDX-License-Identifier: MIT
/*
 * arena.h -- private to heap.c and heap_image.c: one arena for all blocks of the machine. In a build
 * without AddressSanitizer there is none, and arena_open says so.
 */
#ifndef ARENA_H
#define ARENA_H

#include "base.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && defined(__x86_64__)
#define HAS_ARENA 1
#endif
#endif

/* The functions that touch red zones and shadow must not be checked, nor end in checked ones. */
#define UNCHECKED __attribute__((no_sanitize("address"), no_builtin("memset", "memcpy")))

/* False if there is none: nothing else of this header may be called then. */
bool arena_open(void);

/* As heap_zero and heap_free. */
void *arena_zero(size_t n);
void arena_free(void *p);
/* The same, every byte of this value; who: for heap_each_since. */
void *arena_filled(size_t n, uint8_t value, uint32_t who);

bool arena_has(const void *p);
/* Bytes that were asked for; 0: it is no block in use. */
size_t arena_size(const void *p);

/* Blocks in use. */
uint64_t arena_live(void);
/* heap_each_since of library.h, from an offset at which a block begins. */
bool arena_each(uint64_t from, bool (*each)(void *opaque, uint32_t who), void *opaque);

/* All that the arena's state is: so many bytes, and a byte of shadow for each eight of them. */
struct arena_extent {
	uint8_t *bytes, *shadow;
	uint64_t top;
};
struct arena_extent arena_extent(void);

/* The bytes of a state that ended at top are put back next. */
void arena_rewind(uint64_t top);

#endif
