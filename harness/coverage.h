// SPDX-License-Identifier: MIT
/*
 * coverage.h -- the fuzzing engine's counters of what an input covered: to take them away and to
 * put them back where an input is played in part, or twice.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include "base.h"

/* Size in bytes; 0 in a build that counts nothing. */
size_t coverage_bytes(void);

/* Copy out of, and into, the counters: coverage_bytes() each. */
void coverage_get(uint8_t *to);
void coverage_set(const uint8_t *from);

#endif
