// SPDX-License-Identifier: MIT
/*
 * repro.c -- `gauntlet repro` and `gauntlet explain`: one case played in a child with its readable
 * trace, then what the sanitizers said, then the verdict line.
 */
#include "capture/capture.h"
#include "tool/explain.h"
#include "tool/known.h"
#include "tool/verbs.h"

#define ROWS_DEFAULT 20000u

/* What the child tells of what it plays. */
struct telling {
	struct explain explain;
	bool trace;
	const char *pcap_path;
	struct pcap_file *pcap; /* NULL = no capture */
	uint64_t captured;      /* events that are safe in the file */
	struct known_list known;
};

static void row_written(void *opaque, const struct trace_row *row)
{
	struct telling *t = opaque;

	if (t->trace)
		explain_row(&t->explain, row);
	if (!t->pcap)
		return;
	pcap_file_row(t->pcap, row);
	if (pcap_file_count(t->pcap) == t->captured)
		return;
	t->captured = pcap_file_count(t->pcap);
	pcap_file_flush(t->pcap); /* the next row may be the last */
}

/* In the child: what is played, before it is. */
static void begin(void *opaque, const struct tool_case *c)
{
	struct telling *t = opaque;

	if (!t->trace || c->target != TARGET_DESCRIPTOR)
		return;
	fprintf(t->explain.out, "descriptor set, %zu bytes\n", c->len);
	explain_descriptors(t->explain.out, c->bytes, c->len, "  ", false);
}

static void end(void *opaque)
{
	struct telling *t = opaque;
	int err = pcap_file_close(t->pcap);

	if (err)
		tool_refuse("%s: %s", t->pcap_path, strerror(-err));
	if (t->trace)
		explain_end(&t->explain);
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

static int play_and_tell(const struct tool_case *c, struct telling *t, unsigned timeout_sec)
{
	struct tool_play p = {.timeout_sec = timeout_sec};

	if (t->trace || t->pcap) {
		p.also = row_written;
		p.also_opaque = t;
		p.begin = begin;
		p.end = end;
	}
	if (tool_play(&p, c))
		return EXIT_BAD;
	known_apply(&t->known, &p.verdict);
	print_report(&p);
	if (t->trace || *p.report)
		putchar('\n');
	if (p.verdict.kind == VERDICT_VIOLATED && *p.detail)
		printf("%s\n", p.detail);
	if (p.verdict.kind == VERDICT_HANG)
		printf("it was still at op %u\n", p.verdict.op);
	if (p.verdict.kind == VERDICT_VIOLATED || p.verdict.kind == VERDICT_HANG)
		printf("bucket %016llx\n", (unsigned long long)p.verdict.bucket);
	tool_verdict_print(&p.verdict, stdout);
	putchar('\n');
	tool_play_free(&p);
	return p.verdict.kind == VERDICT_CLEAN ? EXIT_CLEAN : EXIT_FINDING;
}

static int tell(const struct tool_verb *verb, char **value, char **operand, bool program)
{
	struct telling t = {.trace = program || !tool_option_get(verb, value, "quiet"),
			    .pcap_path = tool_option_get(verb, value, "pcap")};
	unsigned rows = ROWS_DEFAULT, timeout_sec = 0;
	struct tool_case c;
	int status, err;

	if (tool_option_number(verb, value, "rows", 0, UINT32_MAX, &rows) ||
	    tool_option_number(verb, value, "timeout", 1, 86400, &timeout_sec) ||
	    known_read(&t.known, verb, value))
		return EXIT_BAD;
	if (tool_case_read(&c, operand[0], tool_option_get(verb, value, "target"))) {
		known_free(&t.known);
		return EXIT_BAD;
	}
	err = t.pcap_path ? pcap_file_open(t.pcap_path, 0, &t.pcap) : 0;
	if (err) {
		known_free(&t.known);
		tool_case_free(&c);
		return tool_refuse("%s: %s", t.pcap_path, strerror(-err));
	}
	explain_init(&t.explain, stdout, &c.program, rows);
	if (t.trace)
		printf("%s: target %s, %zu bytes, %u ops\n", c.path, tool_targets[c.target].name,
		       c.len, c.program.count);
	if (program)
		print_program(&c);
	status = play_and_tell(&c, &t, timeout_sec);
	pcap_file_close(t.pcap); /* nothing of ours is in it: the child has written */
	known_free(&t.known);
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
		{"pcap", 'w', "OUT", "also write the USB traffic, for Wireshark"},                 \
		{"timeout", 'T', "SECS", "after so long it is a HANG (25)"}, KNOWN_OPTIONS

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
