// SPDX-License-Identifier: MIT
/*
 * snapshot_fuzzer.c -- programs in which the machine's state is saved, made wrong and loaded. After a lie
 * that was taken only memory, undefined behaviour and what is left at the end are judged.
 */
#include "harness.h"

static const struct harness_options lies = {.lies = true};

#define TARGET_OPTIONS &lies
#include "../program.h"
