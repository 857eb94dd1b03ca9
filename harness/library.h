// SPDX-License-Identifier: MIT
/*
 * library.h -- the heap as libraries under test have it: their blocks come from the arena, too, once it is lent to
 * them, and what they leave there is found.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "heap.h"

/*
 * Blocks in use that were not yet handed out when the image was saved, to each until it returns false; then
 * this is false, too. who tells from where a library asked for it, 0: we did.
 */
bool heap_each_since(const struct heap_image *image, bool (*each)(void *opaque, uint32_t who),
		     void *opaque);

/* From here on (or no longer) they take from the arena, too, if there is one; heap_live counts them. */
void heap_lend(bool on);
bool heap_is_lent(void);
/* From here on (or no longer) the C library is asked, although there is an arena: reports have stacks then. */
void heap_bypass(bool on);

/* LeakSanitizer's own look at all that malloc gave: true if it reports something. */
bool heap_leaks(void);

/*
 * Called by libraries under test instead of vsnprintf in build/fuzz: to put a message together costs more than all else
 * of many an input, so after the first LIBRARY_MESSAGES since library_begin the format has to do.
 */
#define LIBRARY_MESSAGES 3u
void library_begin(void);
int library_vsnprintf(char *to, size_t room, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/*
 * What libusb and libusbredirparser call instead of malloc and its kin in build/fuzz (the Makefile renames it in
 * the static libraries). More than LIBRARY_MAX_BYTES at once is refused: what a length of the other side
 * makes them ask for costs more than all the rest of an input, and they have to cope with the refusal.
 */
#define LIBRARY_MAX_BYTES (1u << 18)
void *library_malloc(size_t n);
void *library_calloc(size_t count, size_t n);
void *library_realloc(void *p, size_t n);
void library_free(void *p);

#endif
