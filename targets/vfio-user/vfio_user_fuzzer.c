// SPDX-License-Identifier: MIT
/*
 * vfio_user_fuzzer.c -- clients of all kinds against the server of `gauntlet serve`.
 */
#include "../target.h"
#include "tool/tool.h"

static struct vfio_client *client;

static void print_messages(void)
{
	tool_vfio_stat_print(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *wrong;

	if (!client) {
		client = vfio_client_new();
		atexit(print_messages);
	}
	wrong = vfio_client_fuzz(client, data, size);
	if (wrong) {
		fprintf(stderr, "VIOLATED vfio-user 0.0 server at op 0: %s\n", wrong);
		abort();
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return vfio_client_mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned seed)
{
	return vfio_client_crossover(a, a_size, b, b_size, out, max_size, seed);
}
