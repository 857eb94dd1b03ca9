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

void coverage_get(uint8_t *to)
{
	if (coverage_bytes())
		memcpy(to, __start___sancov_cntrs, coverage_bytes());
}

void coverage_set(const uint8_t *from)
{
	if (coverage_bytes())
		memcpy(__start___sancov_cntrs, from, coverage_bytes());
}
