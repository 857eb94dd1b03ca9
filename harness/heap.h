// SPDX-License-Identifier: MIT
/*
 * heap.h -- memory of the emulated machine and of what plays it: everything that has to be the same
 * at the start of every input lives here, and nothing else does.
 *
 * Two ways to run. Blocks come from the C library, where AddressSanitizer knows who allocated and
 * who freed each: replay, tests, the VM server. Or they come from an arena (heap_arena_open), where
 * they cost a tenth, and where all of them can be kept as an image and brought back: fuzzing.
 */
#ifndef HEAP_H
#define HEAP_H

#include "base.h"

/* n zeroed bytes (at least 1), owned by the caller; never NULL. Exactly n may be touched. */
void *heap_zero(size_t n);

/* Give back what heap_zero gave; NULL is allowed. Anything else is our bug. */
void heap_free(void *p);

/* Blocks in use. */
uint64_t heap_live(void);

/*
 * From here on heap_zero takes from the arena. Call once, before the first block. Returns false
 * where there is none: a build without AddressSanitizer, GAUNTLET_HEAP=malloc in the environment.
 */
bool heap_arena_open(void);
bool heap_has_arena(void);

/*
 * The arena as it is now, to be brought back any number of times: blocks keep their addresses. An
 * image that is not needed any more can be given for its storage; NULL makes a new one. With a base,
 * only what is not as in the base is kept: the base is an image without one, and must stay as it is while
 * the new one is used.
 */
struct heap_image;
struct heap_image *heap_image_save(struct heap_image *image, const struct heap_image *base);
void heap_image_restore(const struct heap_image *image);
void heap_image_free(struct heap_image *image);

#endif
