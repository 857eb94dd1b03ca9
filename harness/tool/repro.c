// SPDX-License-Identifier: MIT
/*
 * repro.c -- `gauntlet repro` and `gauntlet explain`: one case played in a child with its readable
 * trace, then what the sanitizers said, then the verdict line.
 */
#include "tool/explain.h"
#include "tool/verbs.h"

#define ROWS_DEFAULT 20000u

/* In the child: what is played, before it is. */
static void begin(void *opaque, const struct tool_case *c)
{
	struct explain *e = opaque;

	if (c->target != TARGET_DESCRIPTOR)
		return;
	fprintf(e->out, "descriptor set, %zu bytes\n", c->len);
	explain_descriptors(e->out, c->bytes, c->len, "  ", false);
}

static void end(void *opaque)
{
	explain_end(opaque);
}

static void print_report(const struct tool_play *p)
{
	if (!*p->report)
		return;
	fputs("\n---- report ----\n", stdout);
	fputs(p->report, stdout);
}

static void print_program(const struct tool_case *c)
{
	char *text = op_print_program(&c->program);

	printf("program, %u ops\n", c->program.count);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			printf("  %s\n", line);
	free(text);
}

static int play_and_tell(const struct tool_case *c, unsigned long rows, unsigned timeout_sec,
			 bool trace)
{
	struct tool_play p = {.timeout_sec = timeout_sec};
	struct explain e;

	explain_init(&e, stdout, &c->program, rows);
	if (trace) {
		p.also = explain_row;
		p.also_opaque = &e;
		p.begin = begin;
		p.end = end;
	}
	if (tool_play(&p, c))
		return EXIT_BAD;
	print_report(&p);
	if (trace || *p.report)
		putchar('\n');
	if (p.verdict.kind == VERDICT_VIOLATED && *p.detail)
		printf("%s\n", p.detail);
	if (p.verdict.kind == VERDICT_HANG)
		printf("it was still at op %u\n", p.verdict.op);
	if (p.verdict.kind != VERDICT_CLEAN && p.verdict.kind != VERDICT_CRASH)
		printf("bucket %016llx\n", (unsigned long long)p.verdict.bucket);
	tool_verdict_print(&p.verdict, stdout);
	putchar('\n');
	tool_play_free(&p);
	return p.verdict.kind == VERDICT_CLEAN ? EXIT_CLEAN : EXIT_FINDING;
}

static int tell(const struct tool_verb *verb, char **value, char **operand, bool program)
{
	bool trace = program || !tool_option_get(verb, value, "quiet");
	unsigned rows = ROWS_DEFAULT, timeout_sec = 0;
	struct tool_case c;
	int status;

	if (tool_option_number(verb, value, "rows", 0, UINT32_MAX, &rows) ||
	    tool_option_number(verb, value, "timeout", 1, 86400, &timeout_sec) ||
	    tool_case_read(&c, operand[0], tool_option_get(verb, value, "target")))
		return EXIT_BAD;
	if (trace)
		printf("%s: target %s, %zu bytes, %u ops\n", c.path, tool_targets[c.target].name,
		       c.len, c.program.count);
	if (program)
		print_program(&c);
	status = play_and_tell(&c, rows, timeout_sec, trace);
	tool_case_free(&c);
	return status;
}

static int repro(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	(void)count;
	return tell(verb, value, operand, false);
}

static int explain(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	(void)count;
	return tell(verb, value, operand, true);
}

#define TRACE_OPTIONS                                                                              \
	{"target", 0, "NAME", "the target that raw bytes are for"},                                \
		{"rows", 0, "N", "rows of the trace to print at most (20000; 0: all)"},            \
	{                                                                                          \
		"timeout", 'T', "SECS", "after so long it is a HANG (25)"                          \
	}

#define FILE_KINDS                                                                                 \
	"FILE is a program (.ops), bytes in hex (.hex), or raw bytes as an engine\n"               \
	"leaves them. The last line is the verdict: CLEAN, VIOLATED, CRASH, HANG or LEAK."

const struct tool_verb verb_repro = {
	.name = "repro",
	.operands = "FILE",
	.help = "replay one case: readable trace, sanitizer report, verdict",
	.min = 1,
	.max = 1,
	.option = {TRACE_OPTIONS, {"quiet", 0, NULL, "no trace, only report and verdict"}},
	.run = repro,
	.more = FILE_KINDS,
};

const struct tool_verb verb_explain = {
	.name = "explain",
	.operands = "FILE",
	.help = "print the program of a case, then replay it with its readable trace",
	.min = 1,
	.max = 1,
	.option = {TRACE_OPTIONS},
	.run = explain,
	.more = FILE_KINDS,
};
