// SPDX-License-Identifier: MIT
/*
 * device_fuzzer.c -- polite guests and every device model: whatever a class's requests, messages and
 * answers hold, and whenever a device comes and goes. Every oracle on.
 */
#include "harness.h"

static const struct harness_options polite = {.polite = true};

#define TARGET_OPTIONS &polite
#include "../program.h"
