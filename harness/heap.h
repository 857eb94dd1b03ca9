// SPDX-License-Identifier: MIT
/*
 * heap.h -- memory of the emulated machine and of what plays it: everything that has to be the same
 * at the start of every input lives here.
 */
#ifndef HEAP_H
#define HEAP_H

#include "base.h"

/* n zeroed bytes (at least 1), owned by the caller; never NULL. A byte beyond n is watched by ASan. */
void *heap_zero(size_t n);

/* Give back what heap_zero gave; NULL is allowed. */
void heap_free(void *p);

/* Blocks that are in use. */
uint64_t heap_live(void);

#endif
