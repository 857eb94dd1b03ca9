// SPDX-License-Identifier: MIT
/*
 * coverage.c -- the 8-bit counters of clang's -fsanitize=fuzzer: one array, between two symbols
 * of the linker's making.
 */
#include "coverage.h"

extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

size_t coverage_bytes(void)
{
	return (size_t)((uintptr_t)__stop___sancov_cntrs - (uintptr_t)__start___sancov_cntrs);
}

/* For each input: not through the checked memcpy, which would look at every byte's shadow first. */
static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
	if (n)
		memcpy(to, from, n);
#endif
}

void coverage_get(uint8_t *to)
{
	copy(to, __start___sancov_cntrs, coverage_bytes());
}

void coverage_set(const uint8_t *from)
{
	copy(__start___sancov_cntrs, from, coverage_bytes());
}
