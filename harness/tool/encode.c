// SPDX-License-Identifier: MIT
/*
 * encode.c -- `gauntlet encode`, `decode` and `dict`: programs as text, and the bytes that engines
 * read.
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "tool/verbs.h"

/* "folder/name.bin" for a case's file. */
static int bin_path(char *to, size_t room, const char *folder, const char *from)
{
	const char *slash = strrchr(from, '/'), *name = slash ? slash + 1 : from,
		   *dot = strrchr(name, '.');
	int len = dot && dot != name ? (int)(dot - name) : (int)strlen(name);

	if (snprintf(to, room, "%s/%.*s.bin", folder, len, name) < (int)room)
		return 0;
	tool_refuse("%s: %s", from, strerror(ENAMETOOLONG));
	return -ENAMETOOLONG;
}

static int encode_one(const char *from, const char *to)
{
	struct tool_case c;
	int err = tool_case_read(&c, from, NULL);

	if (err)
		return err;
	err = tool_file_write(to, c.bytes, c.len);
	tool_case_free(&c);
	return err;
}

static bool is_text(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".ops") || !strcmp(dot, ".hex"));
}

static int encode_folder(const char *from, const char *to)
{
	struct tool_list list = {0};
	char path[PATH_MAX];
	int err = tool_list_add(&list, from);
	unsigned done = 0;

	for (unsigned i = 0; i < list.count && !err; i++) {
		if (!is_text(list.path[i]))
			continue;
		err = bin_path(path, sizeof(path), to, list.path[i]);
		if (!err)
			err = encode_one(list.path[i], path);
		done += !err;
	}
	tool_list_free(&list);
	if (!err)
		fprintf(stderr, "%u files\n", done);
	return err;
}

static int encode(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *folder = tool_option_get(verb, value, "dir"),
		   *out = tool_option_get(verb, value, "output");
	char path[PATH_MAX];
	struct stat st;
	bool into;

	if (!out)
		return tool_refuse("encode: -o is missing: a file or a folder");
	if (!folder == !count)
		return tool_refuse("encode: give either files or --dir");
	into = !stat(out, &st) && S_ISDIR(st.st_mode);
	if (folder && !into)
		return tool_refuse("%s: with --dir the output must be a folder that is there", out);
	if (count > 1 && !into)
		return tool_refuse("%s: several files need a folder that is there", out);
	if (folder)
		return encode_folder(folder, out) ? EXIT_BAD : EXIT_CLEAN;
	for (unsigned i = 0; i < count; i++)
		if ((into && bin_path(path, sizeof(path), out, operand[i])) ||
		    encode_one(operand[i], into ? path : out))
			return EXIT_BAD;
	return EXIT_CLEAN;
}

static int decode(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *out = tool_option_get(verb, value, "output");
	struct tool_case c;
	char *text;
	int err;

	(void)count;
	if (tool_case_read(&c, operand[0], tool_option_get(verb, value, "target")))
		return EXIT_BAD;
	text = tool_case_text(&c);
	err = tool_file_write(out ? out : "-", text, strlen(text));
	free(text);
	tool_case_free(&c);
	return err ? EXIT_BAD : EXIT_CLEAN;
}

static int dict(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	(void)verb, (void)value, (void)operand, (void)count;
	op_print_dictionary(stdout);
	return EXIT_CLEAN;
}

const struct tool_verb verb_encode = {
	.name = "encode",
	.operands = "[FILE...]",
	.help = "text (.ops, .hex) to the bytes that fuzz targets read",
	.max = ~0u,
	.option = {{"output", 'o', "OUT", "file, or a folder for <name>.bin"},
		   {"dir", 0, "FOLDER", "all .ops and .hex files below it"}},
	.run = encode,
};

const struct tool_verb verb_decode = {
	.name = "decode",
	.operands = "FILE",
	.help = "bytes to text: a program as .ops, others as .hex",
	.min = 1,
	.max = 1,
	.option = {{"output", 'o', "OUT", "file instead of standard output"},
		   {"target", 0, "NAME", "the target that raw bytes are for"}},
	.run = decode,
};

const struct tool_verb verb_dict = {
	.name = "dict",
	.operands = "",
	.help = "print the dictionary of the op language for libFuzzer",
	.run = dict,
};
