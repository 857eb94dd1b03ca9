// SPDX-License-Identifier: MIT
/*
 * arena.c -- an arena that AddressSanitizer watches as it does its own blocks.
 *
 * Memory is handed out in order. A block lies between red zones and is poisoned when it is freed,
 * with the marks of ASan's own allocator, so that a report reads as usual (heap-buffer-overflow,
 * heap-use-after-free) but for the stacks of allocation and free: replay of the same input has
 * those. A freed block is not used again before QUARANTINE others of its size were freed. All
 * bookkeeping is in the arena itself: its bytes and their shadow are its whole state.
 */
#include "arena.h"
#include "library.h"

#if defined(ARENA_REQUIRED) && !defined(HAS_ARENA)
#error "fuzzing without the arena is several times slower: see build/fuzz in the Makefile"
#endif

#ifdef HAS_ARENA
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>

#define ARENA_BYTES (UINT64_C(1) << 28)
#define TRIM_BYTES (UINT64_C(1) << 25) /* what an input used beyond this goes back to the system */
#define ROOT_STEP (UINT64_C(1) << 20)
#define GRANULE 16u
#define CLASSES 160u
#define QUARANTINE 32u
#define MARK_REDZONE 0xfau /* ASan's marks: heap left red zone, freed heap */
#define MARK_FREED 0xfdu
#define MAGIC_USED 0x6b636f6cu
#define MAGIC_FREED 0x65657266u

struct block {
	uint32_t magic;
	uint32_t class;
	uint32_t size; /* bytes the owner asked for */
	uint32_t next; /* freed: the next of its queue, an offset, 0 = last; in use: whose it is */
};

struct queue {
	uint32_t first, last, count;
};

struct arena {
	uint64_t top; /* offset of the first byte never handed out */
	uint64_t live;
	struct queue freed[CLASSES];
};

static struct arena *arena;
static uint8_t *arena_shadow;
static uint64_t arena_root; /* bytes that LeakSanitizer looks through */

typedef uint64_t any_word __attribute__((aligned(1), may_alias));

UNCHECKED static inline void fill(uint8_t *to, uint8_t value, size_t n)
{
	uint64_t word = value * UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word))
		*(any_word *)(to + i) = word;
	for (; i < n; i++)
		to[i] = value;
}

UNCHECKED static inline uint8_t *shadow_of(uint64_t offset)
{
	return arena_shadow + offset / 8;
}

/* Blocks up to 1 KiB have a class for each 16 bytes, larger ones eight for each power of two. */
UNCHECKED static inline unsigned class_of(size_t n, uint32_t *stride)
{
	size_t room = (n + GRANULE - 1) / GRANULE * GRANULE, step = GRANULE;
	unsigned octave = 0;

	room += sizeof(struct block) + (room > 256 ? 64 : GRANULE);
	while (room > (size_t)1024 << octave)
		octave++;
	if (octave)
		step = (size_t)64 << octave;
	*stride = (uint32_t)((room + step - 1) / step * step);
	return octave ? 64 + (octave - 1) * 8 + (unsigned)(*stride / step - 9)
		      : *stride / GRANULE - 1;
}

/* LeakSanitizer looks for pointers where something was, not in all that could be. */
static void root_grow(void)
{
	__lsan_register_root_region((uint8_t *)arena + arena_root, ROOT_STEP);
	arena_root += ROOT_STEP;
}

UNCHECKED static struct block *take(unsigned class, uint32_t stride)
{
	struct queue *q = &arena->freed[class];
	struct block *b;

	if (q->count > QUARANTINE) {
		b = (struct block *)((uint8_t *)arena + q->first);
		q->first = b->next;
		q->count--;
		return b;
	}
	REQUIRE(arena->top + stride <= ARENA_BYTES); /* budgets keep an input far below */
	b = (struct block *)((uint8_t *)arena + arena->top);
	arena->top += stride;
	while (arena->top > arena_root)
		root_grow();
	fill(shadow_of((uint64_t)((uint8_t *)b - (uint8_t *)arena)), MARK_REDZONE, stride / 8);
	return b;
}

UNCHECKED static void *hand_out(size_t n, uint8_t value, uint32_t who)
{
	uint32_t stride;
	unsigned class;
	struct block *b;
	uint8_t *shadow;

	REQUIRE(n <= ARENA_BYTES / 4);
	class = class_of(n, &stride);
	REQUIRE(class < CLASSES);
	b = take(class, stride);
	*b = (struct block){.magic = MAGIC_USED, .class = class, .size = (uint32_t)n, .next = who};
	arena->live++;
	fill((uint8_t *)(b + 1), value, n);
	shadow = shadow_of((uint64_t)((uint8_t *)(b + 1) - (uint8_t *)arena));
	fill(shadow, 0, n / 8);
	if (n % 8)
		shadow[n / 8] = n % 8;
	fill(shadow + (n + 7) / 8, MARK_REDZONE, (stride - sizeof(*b)) / 8 - (n + 7) / 8);
	return b + 1;
}

void *arena_zero(size_t n)
{
	return hand_out(n, 0, 0);
}

void *arena_filled(size_t n, uint8_t value, uint32_t who)
{
	return hand_out(n, value, who);
}

bool arena_has(const void *p)
{
	return arena && (uintptr_t)p - (uintptr_t)arena < ARENA_BYTES;
}

UNCHECKED size_t arena_size(const void *p)
{
	const struct block *b = (const struct block *)p - 1;

	return b->magic == MAGIC_USED ? b->size : 0;
}

UNCHECKED void arena_free(void *p)
{
	struct block *b = (struct block *)p - 1;
	uint32_t offset = (uint32_t)((uint8_t *)b - (uint8_t *)arena);
	struct queue *q;

	if (!arena_has(p) || b->magic != MAGIC_USED) {
		free(p); /* ASan's own report: freed before, or never allocated */
		REQUIRE(false);
	}
	b->magic = MAGIC_FREED;
	b->next = 0;
	q = &arena->freed[b->class];
	if (q->count++)
		((struct block *)((uint8_t *)arena + q->last))->next = offset;
	else
		q->first = offset;
	q->last = offset;
	arena->live--;
	fill(shadow_of(offset + sizeof(*b)), MARK_FREED, (b->size + 7) / 8);
}

bool arena_open(void)
{
	size_t scale, shadow_offset;

	arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED) {
		arena = NULL;
		return false;
	}
	__asan_get_shadow_mapping(&scale, &shadow_offset);
	REQUIRE(scale == 3);
	arena_shadow = (uint8_t *)(((uintptr_t)arena >> scale) + shadow_offset);
	arena->top = (sizeof(*arena) + GRANULE - 1) / GRANULE * GRANULE;
	arena_root = 0;
	root_grow();
	return true;
}

uint64_t arena_live(void)
{
	return arena->live;
}

bool heap_leaks(void)
{
	return __lsan_do_recoverable_leak_check() != 0;
}

static uint32_t stride_of(unsigned class)
{
	if (class < 64)
		return (class + 1) * GRANULE;
	return ((class - 64) % 8 + 9) * (64u << ((class - 64) / 8 + 1));
}

UNCHECKED bool arena_each(uint64_t from, bool (*each)(void *opaque, uint32_t who), void *opaque)
{
	for (uint64_t at = from; at < arena->top;) {
		const struct block *b = (const struct block *)((uint8_t *)arena + at);

		if (b->magic == MAGIC_USED && !each(opaque, b->next))
			return false;
		at += stride_of(b->class);
	}
	return true;
}

struct arena_extent arena_extent(void)
{
	return (struct arena_extent){(uint8_t *)arena, arena_shadow, arena->top};
}

UNCHECKED void arena_rewind(uint64_t top)
{
	if (arena->top > top) /* nobody may touch what was handed out since */
		fill(shadow_of(top), MARK_REDZONE, (arena->top - top) / 8);
	if (arena->top > TRIM_BYTES)
		madvise((uint8_t *)arena + TRIM_BYTES, ARENA_BYTES - TRIM_BYTES, MADV_DONTNEED);
}
#else
bool arena_open(void)
{
	return false;
}

void *arena_zero(size_t n)
{
	return alloc_zero(n);
}

void *arena_filled(size_t n, uint8_t value, uint32_t who)
{
	(void)value;
	(void)who;
	return alloc_zero(n);
}

void arena_free(void *p)
{
	free(p);
}

bool arena_has(const void *p)
{
	(void)p;
	return false;
}

size_t arena_size(const void *p)
{
	(void)p;
	return 0;
}

uint64_t arena_live(void)
{
	return 0;
}

struct arena_extent arena_extent(void)
{
	return (struct arena_extent){0};
}

void arena_rewind(uint64_t top)
{
	(void)top;
}

bool heap_leaks(void)
{
	return false;
}

bool arena_each(uint64_t from, bool (*each)(void *opaque, uint32_t who), void *opaque)
{
	(void)from;
	(void)each;
	(void)opaque;
	return true;
}
#endif
