// SPDX-License-Identifier: MIT
/*
 * snapshot_fuzzer.c -- programs in which the machine's state is saved, made wrong and loaded. After a lie
 * that was taken only memory, undefined behaviour and what is left at the end are judged.
 */
#include "../machine.h"
#include "../target.h"

static const struct harness_options options = {.lies = true};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	harness_fuzz_one(target_machine(&options), data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return harness_mutate(target_machine(&options), data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return harness_crossover(target_machine(&options), a, a_size, b, b_size, out, max_size,
				 seed);
}
