// SPDX-License-Identifier: MIT
/*
 * base.h -- what every file may use: little-endian access, bit fields, REQUIRE, our version. Nothing else.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAUNTLET_VERSION "0.1"

/*
 * REQUIRE: a rule of our own code. Nothing that a guest, a device or a file can do may make it
 * false; reaching it is a bug of this program and is reported as one.
 */
#ifndef COVERAGE
#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			require_failed(#cond, __FILE__, __LINE__);                                 \
	} while (0)
#else /* what cannot happen is no branch that an input could take: it is counted once, here */
#define REQUIRE(cond) require_that((cond), #cond, __FILE__, __LINE__)
#endif

_Noreturn static inline void require_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "REQUIRE failed: %s (%s:%d): this is a bug of usb-gauntlet\n", cond, file,
		line);
	abort();
}

#ifdef COVERAGE
static inline void require_that(bool cond, const char *text, const char *file, int line)
{
	if (!cond)
		require_failed(text, file, line);
}
#endif

/* Sanitized builds would otherwise call the byte accessors as functions. */
#define FORCE_INLINE inline __attribute__((always_inline))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static FORCE_INLINE uint16_t get_le16(const void *p)
{
	const uint8_t *b = p;
	return (uint16_t)(b[0] | b[1] << 8);
}

static FORCE_INLINE uint32_t get_le32(const void *p)
{
	const uint8_t *b = p;
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static FORCE_INLINE uint64_t get_le64(const void *p)
{
	return get_le32(p) | (uint64_t)get_le32((const uint8_t *)p + 4) << 32;
}

static FORCE_INLINE void put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;
	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static FORCE_INLINE void put_le32(void *p, uint32_t v)
{
	put_le16(p, (uint16_t)v);
	put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static FORCE_INLINE void put_le64(void *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

static FORCE_INLINE uint32_t get_be32(const void *p)
{
	return __builtin_bswap32(get_le32(p));
}

static FORCE_INLINE uint16_t get_be16(const void *p)
{
	return __builtin_bswap16(get_le16(p));
}

static FORCE_INLINE uint64_t get_be64(const void *p)
{
	return __builtin_bswap64(get_le64(p));
}

static FORCE_INLINE void put_be16(void *p, uint16_t v)
{
	put_le16(p, __builtin_bswap16(v));
}

static FORCE_INLINE void put_be32(void *p, uint32_t v)
{
	put_le32(p, __builtin_bswap32(v));
}

static FORCE_INLINE void put_be64(void *p, uint64_t v)
{
	put_le64(p, __builtin_bswap64(v));
}

/* Bits hi..lo of v (0 <= lo <= hi <= 63). */
static FORCE_INLINE uint64_t bits(uint64_t v, unsigned hi, unsigned lo)
{
	return (v >> lo) & (~UINT64_C(0) >> (63 - (hi - lo)));
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Memory of our own size; running out of it is the host's failure and ends the program. */
static inline void *alloc_zero(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p) {
		fprintf(stderr, "out of memory (%zu bytes)\n", n);
		exit(2);
	}
	return p;
}

#endif
