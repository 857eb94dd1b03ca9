// SPDX-License-Identifier: MIT
/*
 * minimize.c -- `gauntlet minimize`: the smallest case with the same bucket. Programs shrink by ops
 * and fields (op/shrink.c), others by bytes. Each try has a child of its own.
 */
#include <errno.h>
#include <limits.h>

#include "tool/verbs.h"

struct search {
	struct tool_verdict verdict; /* of the smallest case so far */
	unsigned tries, timeout_sec;
	int err;
};

/* Does this case still end the same way? */
static bool same(struct search *s, struct tool_case *c)
{
	struct tool_play p = {.timeout_sec = s->timeout_sec, .quiet_child = true};
	bool good;

	s->tries++;
	s->err = tool_play(&p, c);
	good = !s->err && p.verdict.kind == s->verdict.kind &&
		p.verdict.bucket == s->verdict.bucket;
	if (good)
		s->verdict = p.verdict;
	tool_play_free(&p);
	return good;
}

static bool same_program(const struct op_program *program, void *opaque)
{
	struct search *s = opaque;
	struct tool_case c = {.path = "(a try)", .target = TARGET_RING, .program = *program};

	return !s->err && same(s, &c);
}

static bool same_bytes(struct search *s, enum tool_target target, const uint8_t *bytes, size_t len)
{
	struct tool_case c = {.path = "(a try)"};
	bool good;

	op_program_init(&c.program);
	tool_case_make(&c, target, bytes, len);
	good = !s->err && same(s, &c);
	tool_case_free(&c);
	return good;
}

/* Take out runs of bytes, long ones first, then bring single bytes to zero. */
static size_t shrink_bytes(struct search *s, enum tool_target target, uint8_t *bytes, size_t len)
{
	uint8_t *copy = alloc_zero(len);

	for (size_t run = len; run; run /= 2) {
		for (size_t at = 0; at < len;) {
			size_t cut = min_u64(run, len - at);

			memcpy(copy, bytes, at);
			memcpy(copy + at, bytes + at + cut, len - at - cut);
			if (same_bytes(s, target, copy, len - cut)) {
				memcpy(bytes, copy, len - cut);
				len -= cut;
			} else {
				at += cut;
			}
		}
	}
	for (size_t at = 0; at < len; at++) {
		uint8_t was = bytes[at];

		bytes[at] = 0;
		if (was && !same_bytes(s, target, bytes, len))
			bytes[at] = was;
	}
	free(copy);
	return len;
}

static int shrink(struct search *s, struct tool_case *c, const char *path)
{
	bool set = !tool_targets[c->target].ops;
	size_t was = set ? c->len : c->program.count;
	char *text;
	int err;

	if (set)
		c->len = shrink_bytes(s, c->target, c->bytes, c->len);
	else
		op_shrink(&c->program, same_program, s);
	if (s->err)
		return s->err;
	text = tool_case_text(c);
	err = tool_file_write(path, text, strlen(text));
	free(text);
	if (!err)
		printf("%s: %zu of %zu %s left, %u tries\n", path, set ? c->len : c->program.count,
		       was, set ? "bytes" : "ops", s->tries);
	return err;
}

/* "case.ops" -> "case.min.ops" */
static int default_path(char *to, size_t room, const struct tool_case *c)
{
	const char *dot = strrchr(c->path, '.'), *slash = strrchr(c->path, '/');
	bool text =
		dot && (!slash || dot > slash) && (!strcmp(dot, ".ops") || !strcmp(dot, ".hex"));
	int stem = text ? (int)(dot - c->path) : (int)strlen(c->path);

	if (snprintf(to, room, "%.*s.min.%s", stem, c->path,
		     tool_targets[c->target].ops ? "ops" : "hex") < (int)room)
		return 0;
	return tool_refuse("%s: %s", c->path, strerror(ENAMETOOLONG));
}

static int minimize(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *out = tool_option_get(verb, value, "output");
	struct tool_play p = {.quiet_child = true};
	struct search s = {.timeout_sec = 0};
	char path[PATH_MAX];
	struct tool_case c;
	int err;

	(void)count;
	if (tool_option_number(verb, value, "timeout", 1, 86400, &s.timeout_sec) ||
	    tool_case_read(&c, operand[0], tool_option_get(verb, value, "target")))
		return EXIT_BAD;
	p.timeout_sec = s.timeout_sec;
	err = tool_play(&p, &c);
	if (!err && p.verdict.kind == VERDICT_CLEAN)
		err = tool_refuse("%s is clean: there is nothing to keep", c.path);
	s.verdict = p.verdict;
	tool_play_free(&p);
	if (!err && !out)
		err = default_path(path, sizeof(path), &c);
	if (!err)
		err = shrink(&s, &c, out ? out : path);
	if (!err) {
		tool_verdict_print(&s.verdict, stdout);
		putchar('\n');
	}
	tool_case_free(&c);
	return err ? EXIT_BAD : EXIT_CLEAN;
}

const struct tool_verb verb_minimize = {
	.name = "minimize",
	.operands = "FILE",
	.help = "the smallest case that ends in the same bucket, as text",
	.min = 1,
	.max = 1,
	.option = {{"output", 'o', "OUT", "where to; otherwise FILE.min.ops or FILE.min.hex"},
		   {"target", 0, "NAME", "the target that raw bytes are for"},
		   {"timeout", 'T', "SECS", "after so long a try is a HANG (25)"}},
	.run = minimize,
};
