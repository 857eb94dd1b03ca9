// SPDX-License-Identifier: MIT
/*
 * xhci_ring_fuzzer.c -- programs of ops against the built-in machine, every oracle on.
 */
#define TARGET_OPTIONS NULL
#include "../program.h"
