// SPDX-License-Identifier: MIT
/*
 * heap_image.c -- the arena as it was. Most of an image is the same as in the first one ever made (the
 * machine at power-on), so that an image holds the chunks that are not: less to copy, and memory that
 * stays in the processor's cache.
 *
 * Storage is not from malloc: nobody need look there for leaks. It only grows: mapping and faulting it
 * in again would take longer than all that is copied.
 */
#include "arena.h"
#include "library.h"

#ifdef HAS_ARENA
#include <sys/mman.h>

#define CHUNK 256u /* bytes of the arena; of shadow an eighth as many */
#define CHUNKS_MAX 4096u
#define FAULT_STEP UINT64_C(65536)
#define ROOM_MIN (UINT64_C(1) << 20) /* addresses, not memory: most images never need more */

struct heap_image {
	uint64_t top;
	uint64_t chunks; /* that are compared with base's; what comes after them is kept whole */
	uint64_t used, room, faulted_in;
	const struct heap_image *base; /* NULL: the first one, which has no chunks */
	uint8_t *bytes; /* chunks that differ, each with its shadow; the rest, its shadow */
	uint64_t differs[CHUNKS_MAX / 64];
};

typedef uint64_t any_word __attribute__((aligned(1), may_alias));

UNCHECKED static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

UNCHECKED static void copy_words(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i += sizeof(any_word))
		*(any_word *)(to + i) = *(const any_word *)(from + i);
}

UNCHECKED static bool is_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t differing = 0;

	for (size_t i = 0; i < n; i += sizeof(any_word))
		differing |= *(const any_word *)(a + i) ^ *(const any_word *)(b + i);
	return !differing;
}

static void make_room(struct heap_image *image, uint64_t bytes)
{
	if (bytes <= image->room)
		return;
	if (image->bytes)
		munmap(image->bytes, image->room);
	image->room = bytes + bytes / 4 + ROOM_MIN;
	image->faulted_in = 0;
	image->bytes = mmap(NULL, image->room, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(image->bytes != MAP_FAILED);
}

/* In one call, which is cheaper than a fault for each page. Where there is none, they come as needed. */
static void fault_in(struct heap_image *image, uint64_t n)
{
	uint64_t from = image->faulted_in, to = (n + FAULT_STEP - 1) / FAULT_STEP * FAULT_STEP;

	to = min_u64(to, image->room / FAULT_STEP * FAULT_STEP);
	if (to <= from)
		return;
	image->faulted_in = to;
#ifdef MADV_POPULATE_WRITE
	madvise(image->bytes + from, to - from, MADV_POPULATE_WRITE);
#endif
}

static void put(struct heap_image *image, const uint8_t *from, uint64_t n)
{
	fault_in(image, image->used + n);
	copy(image->bytes + image->used, from, n);
	image->used += n;
}

struct heap_image *heap_image_save(struct heap_image *image, const struct heap_image *base)
{
	struct arena_extent now = arena_extent();

	REQUIRE(!base || (!base->base && base != image));
	if (!image)
		image = alloc_zero(sizeof(*image));
	make_room(image, now.top + now.top / 8 + CHUNK);
	image->base = base;
	image->top = now.top;
	image->used = 0;
	image->chunks = base ? min_u64(min_u64(base->top, now.top) / CHUNK, CHUNKS_MAX) : 0;
	for (uint64_t i = 0; i < image->chunks; i++) {
		const uint8_t *bytes = now.bytes + i * CHUNK, *shadow = now.shadow + i * CHUNK / 8;
		bool same = is_same(bytes, base->bytes + i * CHUNK, CHUNK) &&
			is_same(shadow, base->bytes + base->top + i * CHUNK / 8, CHUNK / 8);

		if (i % 64 == 0)
			image->differs[i / 64] = 0;
		image->differs[i / 64] |= (uint64_t)!same << i % 64;
		if (same)
			continue;
		copy_words(image->bytes + image->used, bytes, CHUNK);
		copy_words(image->bytes + image->used + CHUNK, shadow, CHUNK / 8);
		image->used += CHUNK + CHUNK / 8;
	}
	put(image, now.bytes + image->chunks * CHUNK, image->top - image->chunks * CHUNK);
	put(image, now.shadow + image->chunks * CHUNK / 8,
	    image->top / 8 - image->chunks * CHUNK / 8);
	return image;
}

void heap_image_restore(const struct heap_image *image)
{
	struct arena_extent now = arena_extent();
	const struct heap_image *base = image->base;
	const uint8_t *from = image->bytes;
	uint64_t same = image->chunks * CHUNK;

	arena_rewind(image->top);
	if (base) {
		copy(now.bytes, base->bytes, same);
		copy(now.shadow, base->bytes + base->top, same / 8);
	}
	for (uint64_t i = 0; i < image->chunks; i++) {
		if (!(image->differs[i / 64] >> i % 64 & 1))
			continue;
		copy_words(now.bytes + i * CHUNK, from, CHUNK);
		copy_words(now.shadow + i * CHUNK / 8, from + CHUNK, CHUNK / 8);
		from += CHUNK + CHUNK / 8;
	}
	copy(now.bytes + same, from, image->top - same);
	copy(now.shadow + same / 8, from + image->top - same, (image->top - same) / 8);
}

bool heap_each_since(const struct heap_image *image, bool (*each)(void *opaque, uint32_t who),
		     void *opaque)
{
	return arena_each(image->top, each, opaque);
}

void heap_image_free(struct heap_image *image)
{
	if (!image)
		return;
	if (image->bytes)
		munmap(image->bytes, image->room);
	free(image);
}
#else
struct heap_image *heap_image_save(struct heap_image *image, const struct heap_image *base)
{
	(void)image, (void)base;
	REQUIRE(false); /* there is no arena in this build */
	return NULL;
}

void heap_image_restore(const struct heap_image *image)
{
	(void)image;
	REQUIRE(false);
}

void heap_image_free(struct heap_image *image)
{
	(void)image;
}

bool heap_each_since(const struct heap_image *image, bool (*each)(void *opaque, uint32_t who),
		     void *opaque)
{
	(void)image;
	return arena_each(0, each, opaque);
}
#endif
