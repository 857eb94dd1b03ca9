// SPDX-License-Identifier: MIT
/*
 * device_fuzzer.c -- polite guests and every device model: whatever a class's requests, messages and
 * answers hold, and whenever a device comes and goes. Every oracle on.
 */
#include "../target.h"
#include "heap.h"
#include "tool/tool.h"

static struct harness *harness;

static void print_ops(void)
{
	tool_stat_print(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!harness) {
		heap_arena_open();
		harness = harness_new(NULL);
		atexit(print_ops);
	}
	harness_fuzz_polite(harness, data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return op_mutate_polite(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return op_crossover_polite(a, a_size, b, b_size, out, max_size, seed);
}
