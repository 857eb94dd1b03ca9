// SPDX-License-Identifier: MIT
/*
 * libusb_fuzzer.c -- hostile devices in the hands of a real libusb.
 */
#include "../target.h"
#include "library.h"
#include "usbfs/exercise.h"

static struct exercise *exercise;

static void print_calls(void)
{
	fprintf(stderr, "stat::ops_executed: %llu\n", (unsigned long long)exercise->counter);
	exercise_free(exercise);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	if (!exercise) {
		heap_lend(heap_arena_open());
		exercise = exercise_new(&err);
		if (!exercise) {
			fprintf(stderr, "libusb: %s\n", libusb_error_name(err));
			exit(2);
		}
		atexit(print_calls);
		exercise_keep(exercise);
	}
	library_begin();
	if (!exercise_run(exercise, data, size))
		abort();
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return exercise_mutate(data, size, max_size, seed);
}
