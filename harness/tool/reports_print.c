// SPDX-License-Identifier: MIT
/*
 * reports_print.c -- `gauntlet reports`: what the logs of a run come to, as text and as JSON.
 */
#include <jansson.h>

#include "tool/reports.h"
#include "tool/verbs.h"

static const char *const sort_name[] = {"error", "rule", "leak"};

static void print_row(const struct reports_row *row, FILE *out)
{
	fprintf(out, "\n%s [bucket %016llx] ", sort_name[row->sort],
		(unsigned long long)row->bucket);
	if (row->sort == REPORTS_LEAK)
		fprintf(out, "%llu bytes in %llu objects, %s: %s", (unsigned long long)row->bytes,
			(unsigned long long)row->objects, row->direct ? "direct" : "indirect",
			row->what);
	else
		fputs(row->what, out);
	if (row->count > 1)
		fprintf(out, ", %u times", row->count);
	fputs("\n  in ", out);
	for (const char *at = row->files; *at; at++)
		fputs(*at == '\n' ? ", " : (char[]){*at, 0}, out);
	fprintf(out, "\n%s", row->text);
}

void reports_print_text(const struct reports *r, FILE *out)
{
	unsigned leaks = reports_count(r, REPORTS_LEAK), errors = reports_count(r, REPORTS_ERROR);
	unsigned rules = reports_count(r, REPORTS_RULE);
	unsigned long long bytes = 0;

	for (unsigned i = 0; i < r->rows; i++) {
		print_row(&r->row[i], out);
		if (r->row[i].sort == REPORTS_LEAK)
			bytes += r->row[i].bytes;
	}
	if (!r->rows)
		fprintf(out, "no findings in %u files\n", r->files);
	else
		fprintf(out, "\n%u errors, %u broken rules, %u leaks (%llu bytes) in %u files\n",
			errors, rules, leaks, bytes, r->files - r->empty_files);
}

/* Lines of a text, as strings. Those that are no UTF-8 are left out. */
static json_t *lines(const char *text)
{
	json_t *all = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			json_array_append_new(all, json_stringn(text, n));
		text += n + (text[n] == '\n');
	}
	return all;
}

/* Of the first stack, "usb_control_data harness/usb/control.c:123:4". The others tell of the memory. */
static json_t *stack(const char *text)
{
	const char *at = strstr(text, "\n    #");
	json_t *all = json_array();

	while (at && !strncmp(at, "\n    #", 6)) {
		at += 6 + strcspn(at + 6, " \n");
		at += strspn(at, " ");
		if (!strncmp(at, "in ", 3))
			at += 3;
		json_array_append_new(all, json_stringn(at, strcspn(at, "\n")));
		at = strchr(at, '\n');
	}
	return all;
}

void reports_print_json(const struct reports *r, FILE *out)
{
	json_t *all = json_array(), *top;
	char bucket[20];

	for (unsigned i = 0; i < r->rows; i++) {
		const struct reports_row *row = &r->row[i];
		json_t *one;

		snprintf(bucket, sizeof(bucket), "%016llx", (unsigned long long)row->bucket);
		one = json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "sort", sort_name[row->sort],
				"bucket", bucket, "what", row->what, "count", (int)row->count,
				"files", lines(row->files), "stack", stack(row->text), "text",
				lines(row->text));
		if (row->sort == REPORTS_LEAK) {
			json_object_set_new(one, "bytes", json_integer((json_int_t)row->bytes));
			json_object_set_new(one, "objects", json_integer((json_int_t)row->objects));
			json_object_set_new(one, "direct", json_boolean(row->direct));
		}
		json_array_append_new(all, one);
	}
	top = json_pack("{s:i, s:i, s:i, s:i, s:o}", "files", (int)r->files, "errors",
			(int)reports_count(r, REPORTS_ERROR), "rules",
			(int)reports_count(r, REPORTS_RULE), "leaks",
			(int)reports_count(r, REPORTS_LEAK), "findings", all);
	json_dumpf(top, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(top);
}

static int verb(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	struct reports reports = {0};
	int status = EXIT_CLEAN;

	for (unsigned i = 0; i < count; i++)
		if (reports_add_file(&reports, operand[i]))
			status = EXIT_BAD;
	reports_finish(&reports);
	if (tool_option_get(verb, value, "json"))
		reports_print_json(&reports, stdout);
	else
		reports_print_text(&reports, stdout);
	if (status == EXIT_CLEAN && reports.rows)
		status = EXIT_FINDING;
	reports_free(&reports);
	return status;
}

const struct tool_verb verb_reports = {
	.name = "reports",
	.operands = "FILE...",
	.help = "what sanitizers wrote to log files, grouped by cause",
	.min = 1,
	.max = 100000,
	.option = {{"json", 0, NULL, "as JSON"}},
	.run = verb,
	.more = "FILE is a log of AddressSanitizer, LeakSanitizer or UBSan (log_path=...), or what a\n"
		"program wrote to stderr. Errors are grouped by kind and function, leaks by their stack.\n"
		"The status is 1 if there is any.",
};
