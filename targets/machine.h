// SPDX-License-Identifier: MIT
/*
 * machine.h -- what the targets that play ops have in common: one machine for all inputs, in an arena
 * where there is one, and at exit a word of how many ops were played.
 */
#ifndef TARGETS_MACHINE_H
#define TARGETS_MACHINE_H

#include "heap.h"
#include "tool/tool.h"

static struct harness *target_harness;

static void target_at_exit(void)
{
	tool_stat_print(target_harness);
}

/* The harness with these options (NULL: none), made at the first call. */
static inline struct harness *target_machine(const struct harness_options *options)
{
	if (!target_harness) {
		heap_arena_open();
		target_harness = harness_new(options);
		atexit(target_at_exit);
	}
	return target_harness;
}

#endif
