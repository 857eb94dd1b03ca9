// SPDX-License-Identifier: MIT
/*
 * xhci_ring_fuzzer.c -- programs of ops against the built-in machine, every oracle on.
 */
#include "../machine.h"
#include "../target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	harness_fuzz_one(target_machine(NULL), data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return harness_mutate(target_machine(NULL), data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return harness_crossover(target_machine(NULL), a, a_size, b, b_size, out, max_size, seed);
}
