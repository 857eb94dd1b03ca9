// SPDX-License-Identifier: MIT
/*
 * input.c -- a file becomes a case: the bytes a fuzz target would be given and the program that is
 * played. Text is known by its name (.ops, .hex), everything else is raw bytes.
 */
#include <errno.h>

#include "import/import.h"
#include "tool/tool.h"

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && !strcmp(path + n - m, end);
}

/* The line the error is in, and a caret under the place. */
static void show_place(const char *text, size_t len, unsigned line, unsigned column)
{
	size_t at = 0, end;

	for (unsigned i = 1; i < line; i++) {
		while (at < len && text[at] != '\n')
			at++;
		at += at < len;
	}
	for (end = at; end < len && text[end] != '\n' && end - at < 200; end++)
		;
	fputs("  ", stderr);
	for (size_t i = at; i < end; i++)
		fputc(text[i] >= ' ' && text[i] < 0x7f ? text[i]
			      : text[i] == '\t'        ? '\t'
						       : '?',
		      stderr);
	fputs("\n  ", stderr);
	for (size_t i = at; i < end && i + 1 < at + column; i++)
		fputc(text[i] == '\t' ? '\t' : ' ', stderr);
	fputs("^\n", stderr);
}

static void program_bytes(struct tool_case *c)
{
	c->len = op_encode(&c->program, NULL, 0);
	c->bytes = malloc(c->len ? c->len : 1);
	REQUIRE(c->bytes);
	op_encode(&c->program, c->bytes, c->len);
}

static int read_program(struct tool_case *c, const char *text, size_t len)
{
	struct op_error error = {0, 0, ""};

	if (!op_parse(&c->program, text, len, &error)) {
		c->target = TARGET_RING;
		program_bytes(c);
		return 0;
	}
	tool_refuse("%s:%u:%u: %s", c->path, error.line, error.column, error.message);
	show_place(text, len, error.line, error.column);
	return -EINVAL;
}

static int read_hex(struct tool_case *c, enum tool_target target, const char *text, size_t len)
{
	unsigned line = 0, column = 0;
	uint8_t *bytes;
	int err = import_hex(text, len, &bytes, &c->len, &line, &column);

	if (err == -EINVAL) {
		tool_refuse("%s:%u:%u: not a pair of hex digits", c->path, line, column);
		show_place(text, len, line, column);
	} else if (err) {
		tool_refuse("%s: %s", c->path, strerror(-err));
	}
	if (err)
		return err;
	tool_case_make(c, target, bytes, c->len);
	free(bytes);
	return 0;
}

void tool_case_make(struct tool_case *c, enum tool_target target, const uint8_t *bytes, size_t len)
{
	c->target = target;
	/* Exactly as large as it is, so that reading past it is noticed. */
	c->bytes = malloc(len ? len : 1);
	REQUIRE(c->bytes);
	if (len)
		memcpy(c->bytes, bytes, len);
	c->len = len;
	if (tool_targets[target].program)
		tool_targets[target].program(&c->program, bytes, len);
	else if (tool_targets[target].ops)
		op_decode(&c->program, bytes, len);
	if (target == TARGET_DEVICE)
		op_program_polite(&c->program);
	if (target != TARGET_SNAPSHOT)
		op_program_honest(&c->program);
}

/* Hex is for bytes; of which target is seldom said, and then it is a descriptor set. */
static enum tool_target hex_target(enum tool_target guessed)
{
	return guessed == TARGETS || tool_targets[guessed].ops ? TARGET_DESCRIPTOR : guessed;
}

int tool_case_read(struct tool_case *c, const char *path, const char *target)
{
	int known = target ? tool_target_find(target) : -1, err;
	enum tool_target guessed = tool_target_guess(path, TARGETS);
	uint8_t *bytes;
	char names[120];
	size_t len;

	memset(c, 0, sizeof(*c));
	c->path = path;
	if (target && known < 0) {
		tool_refuse("there is no target '%s': %s", target,
			    tool_target_names(names, sizeof(names)));
		return -EINVAL;
	}
	if (known >= 0)
		guessed = (enum tool_target)known;
	err = tool_file_read(path, &bytes, &len);
	if (err)
		return err;
	op_program_init(&c->program);
	if (ends_in(path, ".ops"))
		err = read_program(c, (const char *)bytes, len);
	else if (ends_in(path, ".hex"))
		err = read_hex(c, hex_target(guessed), (const char *)bytes, len);
	else
		tool_case_make(c, guessed == TARGETS ? TARGET_RING : guessed, bytes, len);
	free(bytes);
	if (err)
		tool_case_free(c);
	return err;
}

static char *hex_text(const uint8_t *bytes, size_t len)
{
	char *text = alloc_zero(3 * len + 2), *to = text;

	for (size_t i = 0; i < len; i++)
		to += sprintf(to, "%02x%c", bytes[i], i % 16 == 15 || i + 1 == len ? '\n' : ' ');
	return text;
}

char *tool_case_text(const struct tool_case *c)
{
	return tool_targets[c->target].ops ? op_print_program(&c->program)
					   : hex_text(c->bytes, c->len);
}

void tool_case_free(struct tool_case *c)
{
	op_program_fini(&c->program);
	free(c->bytes);
	c->bytes = NULL;
}
