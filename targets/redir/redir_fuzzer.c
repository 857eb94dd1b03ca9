// SPDX-License-Identifier: MIT
/*
 * redir_fuzzer.c -- the device `redir` between hostile other sides and hostile guests.
 */
#include "../target.h"
#include "library.h"
#include "redir/play.h"

static uint64_t inputs;
static struct heap_image *nothing;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;

	if (!inputs && heap_arena_open()) {
		heap_lend(true);
		nothing = heap_image_save(NULL, NULL);
	}
	if (nothing)
		heap_image_restore(nothing);
	library_begin();
	wrong = play_judge(data, size, inputs++ % 64 == 0);
	if (wrong) {
		fprintf(stderr, "VIOLATED usbredir 0.7 guest side at op 0: %s\n", wrong);
		abort();
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return play_mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return play_crossover(a, a_size, b, b_size, out, max_size, seed);
}
