// SPDX-License-Identifier: MIT
/*
 * descriptor_fuzzer.c -- bytes as a device's descriptor set: read, judged, walked, built again; then
 * a polite guest enumerates the device that serves it.
 */
#include "tool/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct harness *harness;
static struct op_program program;

static void print_ops(void)
{
	fprintf(stderr, "stat::ops_executed: %llu\n",
		(unsigned long long)harness_ops_played(harness));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[OP_MAX_BLOB + 64];
	char why[120];

	if (!harness) {
		harness = harness_new(NULL);
		op_program_init(&program);
		atexit(print_ops);
	}
	if (!tool_descriptor_stable(data, size, why, sizeof(why))) {
		fprintf(stderr, "VIOLATED USB2 9.5 descriptor rebuild at op 0: %s\n", why);
		abort();
	}
	tool_descriptor_program(&program, data, size);
	harness_fuzz_one(harness, bytes, op_encode(&program, bytes, sizeof(bytes)));
	return 0;
}
