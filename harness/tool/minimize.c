// SPDX-License-Identifier: MIT
/* minimize.c -- `gauntlet minimize`: the smallest case with the same bucket. */
#include <errno.h>
#include <limits.h>

#include "tool/verbs.h"

static int shrink(struct tool_shrink *s, struct tool_case *c, const char *path)
{
	bool ops = tool_targets[c->target].ops;
	size_t was = ops ? c->program.count : c->len;
	char *text;
	int err = tool_shrink(s, c);

	if (err)
		return err;
	text = tool_case_text(c);
	err = tool_file_write(path, text, strlen(text));
	free(text);
	if (!err)
		printf("%s: %zu of %zu %s left, %u tries%s\n", path,
		       ops ? c->program.count : c->len, was, ops ? "ops" : "bytes", s->tries,
		       s->out_of_time ? "; time is up, --max-total-time gives more" : "");
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
	struct tool_shrink s = {.timeout_sec = 0};
	unsigned max_sec = 600;
	char path[PATH_MAX];
	struct tool_case c;
	int err;

	(void)count;
	if (tool_option_number(verb, value, "timeout", 1, 86400, &s.timeout_sec) ||
	    tool_option_number(verb, value, "max-total-time", 1, 86400, &max_sec) ||
	    tool_case_read(&c, operand[0], tool_option_get(verb, value, "target")))
		return EXIT_BAD;
	p.timeout_sec = s.timeout_sec;
	err = tool_play(&p, &c);
	if (!err && p.verdict.kind == VERDICT_CLEAN)
		err = tool_refuse("%s is clean: there is nothing to keep", c.path);
	s.verdict = p.verdict;
	s.end_msec = tool_now_msec() + 1000ull * max_sec;
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
		   {"timeout", 'T', "SECS", "after so long a try is a HANG (25)"},
		   {"max-total-time", 0, "SECS",
		    "after so long the smallest case so far will do (600)"}},
	.run = minimize,
};
