// SPDX-License-Identifier: MIT
/*
 * program.h -- what an engine calls of a target whose inputs are programs of ops. The target says how
 * its machine differs from xhci-ring's: TARGET_OPTIONS, a struct harness_options * or NULL.
 */
#include "machine.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	harness_fuzz_one(target_machine(TARGET_OPTIONS), data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return harness_mutate(target_machine(TARGET_OPTIONS), data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return harness_crossover(target_machine(TARGET_OPTIONS), a, a_size, b, b_size, out,
				 max_size, seed);
}
