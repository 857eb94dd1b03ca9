// SPDX-License-Identifier: MIT
/*
 * descriptor_fuzzer.c -- bytes as a device's descriptor set, parsed, rebuilt and enumerated.
 */
#include "../target.h"
#include "heap.h"
#include "tool/tool.h"

static struct harness *harness;
static struct op_program program;
static uint64_t inputs;

static void print_ops(void)
{
	tool_stat_print(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[OP_MAX_BLOB + 64];
	char why[120];

	if (!inputs) {
		heap_arena_open();
		harness = harness_new(NULL);
		atexit(print_ops);
	}
	if (!tool_descriptor_stable(data, size, why, sizeof(why))) {
		fprintf(stderr, "VIOLATED USB2 9.5 descriptor rebuild at op 0: %s\n", why);
		abort();
	}
	if (!tool_descriptor_due(inputs++, data, size))
		return 0;
	tool_descriptor_program(&program, data, size);
	harness_fuzz_one(harness, bytes, op_encode(&program, bytes, sizeof(bytes)));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return tool_descriptor_mutate(data, size, max_size, seed);
}
