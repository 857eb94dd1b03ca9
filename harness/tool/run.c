// SPDX-License-Identifier: MIT
/*
 * run.c -- `gauntlet run`: many cases, one line each. Every case has a child of its own, so a crash
 * is a verdict as any other.
 */
#include "tool/known.h"
#include "tool/verbs.h"

struct tally {
	unsigned long cases, findings, known, bad;
	struct known_list list;
};

static void run_one(struct tally *t, const char *path, const char *target, bool hash, bool quiet,
		    unsigned timeout_sec)
{
	struct tool_play p = {.timeout_sec = timeout_sec, .quiet_child = true};
	struct tool_case c;

	if (tool_case_read(&c, path, target)) {
		t->bad++;
		return;
	}
	if (tool_play(&p, &c)) {
		t->bad++;
	} else {
		bool clean = p.verdict.kind == VERDICT_CLEAN, known;

		known_apply(&t->list, &p.verdict);
		known = *p.verdict.known;
		t->cases++;
		t->findings += !clean && !known;
		t->known += known;
		if (hash) {
			printf("%016llx %s\n", (unsigned long long)p.hash, path);
		} else if (!quiet || !clean) {
			printf("%s: ", path);
			tool_verdict_print(&p.verdict, stdout);
			putchar('\n');
		}
	}
	tool_play_free(&p);
	tool_case_free(&c);
}

static int run(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *target = tool_option_get(verb, value, "target");
	bool hash = tool_option_get(verb, value, "hash"),
	     quiet = tool_option_get(verb, value, "quiet");
	struct tool_list list = {0};
	struct tally t = {0};
	unsigned timeout_sec = 0;

	if (tool_option_number(verb, value, "timeout", 1, 86400, &timeout_sec))
		return EXIT_BAD;
	if (target && tool_target_find(target) < 0)
		return tool_refuse("there is no target '%s'", target);
	if (known_read(&t.list, verb, value))
		return EXIT_BAD;
	for (unsigned i = 0; i < count; i++)
		t.bad += tool_list_add(&list, operand[i]) != 0;
	for (unsigned i = 0; i < list.count; i++)
		run_one(&t, list.path[i], target, hash, quiet, timeout_sec);
	tool_list_free(&list);
	known_free(&t.list);
	if (!hash && t.known)
		printf("%lu cases, %lu findings, %lu known\n", t.cases, t.findings, t.known);
	else if (!hash)
		printf("%lu cases, %lu findings\n", t.cases, t.findings);
	return t.bad ? EXIT_BAD : t.findings ? EXIT_FINDING : EXIT_CLEAN;
}

const struct tool_verb verb_run = {
	.name = "run",
	.operands = "FILE|FOLDER...",
	.help = "play cases, one line with the verdict for each",
	.min = 1,
	.max = ~0u,
	.option = {{"hash", 'H', NULL, "print the trace's hash instead of the verdict"},
		   {"quiet", 0, NULL, "only what is not clean, and the sum"},
		   {"target", 0, "NAME", "the target that raw bytes are for"},
		   {"timeout", 'T', "SECS", "after so long it is a HANG (25)"},
		   KNOWN_OPTIONS},
	.run = run,
};
