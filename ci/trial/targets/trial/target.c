// SPDX-License-Identifier: MIT
#include "usb/magic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long long ops;

static void print_ops(void)
{
	fprintf(stderr, "stat::ops_executed: %llu\n", ops);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ops)
		atexit(print_ops);
	ops += 3;
	if (usb_magic_check(data, size))
		abort();
	return 0;
}
