// SPDX-License-Identifier: MIT
/*
 * descriptor_fuzzer.c -- bytes as a device's descriptor set, parsed, rebuilt and enumerated.
 */
#include "../machine.h"
#include "../target.h"

static struct op_program program;
static uint64_t inputs;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[OP_MAX_BLOB + 64];
	char why[120];

	if (!tool_descriptor_stable(data, size, why, sizeof(why))) {
		fprintf(stderr, "VIOLATED USB2 9.5 descriptor rebuild at op 0: %s\n", why);
		abort();
	}
	if (!tool_descriptor_due(inputs++, data, size))
		return 0;
	tool_descriptor_program(&program, data, size);
	harness_fuzz_one(target_machine(NULL), bytes, op_encode(&program, bytes, sizeof(bytes)));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return tool_descriptor_mutate(data, size, max_size, seed);
}
