// SPDX-License-Identifier: MIT
/*
 * target.h -- what a fuzzing engine calls; the custom ones are optional.
 */
#ifndef TARGETS_TARGET_H
#define TARGETS_TARGET_H

#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed);

#endif
