// SPDX-License-Identifier: MIT
/*
 * replay.c -- a main without an engine: gives each file, and each file in a folder, to the target.
 */
#include "target.h"
#include "tool/tool.h"

static bool replay(const char *path)
{
	uint8_t *bytes, *exact;
	size_t len;

	if (tool_file_read(path, &bytes, &len))
		return false;
	/* Exactly as large as it is, so that reading past it is noticed. */
	exact = alloc_zero(len);
	memcpy(exact, bytes, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	free(bytes);
	return true;
}

int main(int argc, char **argv)
{
	struct tool_list list = {0};
	bool good = argc > 1;

	if (!good)
		tool_refuse("usage: %s FILE|FOLDER...", argv[0]);
	for (int i = 1; i < argc && good; i++)
		good = !tool_list_add(&list, argv[i]);
	for (unsigned i = 0; i < list.count && good; i++)
		good = replay(list.path[i]);
	if (good)
		printf("%u inputs replayed\n", list.count);
	tool_list_free(&list);
	return good ? 0 : 2;
}
