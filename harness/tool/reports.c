// SPDX-License-Identifier: MIT
/*
 * reports.c -- a log with any number of sanitizer reports, cut into single ones and sorted by cause.
 * A report's bucket is the verdict's: kind, access, our functions at the top. A leak's is its whole
 * stack, by function names. Leaves out symbolising: the sanitizers do that as they write.
 */
#include <ctype.h>
#include <errno.h>

#include "tool/reports.h"

#define TEXT_MAX (64u * 1024) /* bytes of one report that are kept */
#define ROWS_MAX 4096u        /* causes; more are counted with the last */

enum state {
	OUTSIDE,
	IN_ASSERT, /* a failed assertion: the report of its SIGABRT may follow */
	IN_ERROR,  /* until its SUMMARY */
	IN_UBSAN,  /* until the first line that is no frame */
	IN_LEAK
};

static bool is_frame(const char *line)
{
	while (*line == ' ')
		line++;
	return line[0] == '#' && isdigit((unsigned char)line[1]);
}

static void keep(struct reports *r, const char *line)
{
	size_t n = strlen(line), room = TEXT_MAX - r->len - 2;

	n = min_u64(n, room);
	memcpy(r->text + r->len, line, n);
	r->len += n;
	r->text[r->len++] = '\n';
	r->text[r->len] = 0;
	if (r->len + 2 > TEXT_MAX)
		r->len = TEXT_MAX - 2;
}

/* "    #3 0x55d2 in f a.c:1" without the address: the same in each run. */
static void keep_frame(struct reports *r, const char *line)
{
	const char *in = strstr(line, " in "), *address = strstr(line, " 0x");
	char frame[1024];

	line += strspn(line, " ");
	if (in && address && address < in)
		snprintf(frame, sizeof(frame), "    %.*s%s", (int)strcspn(line, " "), line, in);
	else
		snprintf(frame, sizeof(frame), "    %s", line);
	keep(r, frame);
}

/*
 * The next frame of a text: its function, or its module and offset where there are no names. NULL
 * after the last.
 */
static const char *next_frame(const char *text, char *name, size_t room)
{
	const char *at = strstr(text, "\n    #");
	size_t n;

	if (!at)
		return NULL;
	at += 6 + strcspn(at + 6, " \n");
	at += strspn(at, " ");
	if (!strncmp(at, "in ", 3))
		at += 3;
	else
		at += strcspn(at, "(\n");
	n = strcspn(at, " \n");
	snprintf(name, room, "%.*s", (int)n, at);
	return at + n;
}

static void add_file_name(struct reports_row *row, const char *path)
{
	size_t old = row->files ? strlen(row->files) : 0, len = strlen(path);
	char *last = row->files ? strrchr(row->files, '\n') : NULL, *all;

	last = last ? last + 1 : row->files;
	if (last && !strcmp(last, path))
		return;
	all = alloc_zero(old + len + 2);
	if (old) {
		memcpy(all, row->files, old);
		all[old++] = '\n';
	}
	memcpy(all + old, path, len);
	free(row->files);
	row->files = all;
}

/* The row of a cause, made if it is new. */
static struct reports_row *row_of(struct reports *r, enum reports_sort sort, uint64_t bucket,
				  const char *what)
{
	struct reports_row *row;

	for (unsigned i = 0; i < r->rows; i++)
		if (r->row[i].sort == sort && r->row[i].bucket == bucket)
			return &r->row[i];
	if (r->rows == ROWS_MAX)
		return &r->row[ROWS_MAX - 1];
	if (!r->row)
		r->row = alloc_zero(ROWS_MAX * sizeof(*r->row));
	row = &r->row[r->rows++];
	row->sort = sort;
	row->bucket = bucket;
	snprintf(row->what, sizeof(row->what), "%s", what);
	row->text = alloc_zero(strlen(r->text) + 1);
	strcpy(row->text, r->text);
	return row;
}

static struct reports_row *count(struct reports *r, enum reports_sort sort, uint64_t bucket,
				 const char *what)
{
	struct reports_row *row = row_of(r, sort, bucket, what);

	row->count++;
	add_file_name(row, r->path);
	r->in_file++;
	return row;
}

/* All of the stack. */
static uint64_t add_stack(uint64_t bucket, const char *text)
{
	char name[TOOL_NAME * 2];

	while ((text = next_frame(text, name, sizeof(name))))
		bucket = tool_bucket_add(bucket, name);
	return bucket;
}

static void end_error(struct reports *r)
{
	struct tool_verdict v;
	struct tool_report report;

	tool_report_parse(&report, r->text);
	tool_verdict_crash(&v, &report, 0, 0);
	/* Stacks without names still tell causes apart. */
	if (!report.frames)
		v.bucket = add_stack(v.bucket, r->text);
	count(r, REPORTS_ERROR, v.bucket, v.what);
}

/* "Indirect leak of 8 byte(s) in 2 object(s) allocated from:" and its stack */
static void end_leak(struct reports *r)
{
	static const char opening[] = "ERROR: LeakSanitizer: leak\n";
	bool direct = !strncmp(r->text, "Direct", 6);
	unsigned long long bytes = 0, objects = 0;
	uint64_t bucket = tool_bucket_add(TOOL_BUCKET_START, direct ? "direct" : "indirect");
	char *text = alloc_zero(sizeof(opening) + r->len);
	struct tool_report report;
	struct reports_row *row;

	/* NOLINTNEXTLINE(cert-err34-c): the numbers are LeakSanitizer's own, and only printed */
	sscanf(r->text, "%*s leak of %llu byte(s) in %llu object(s)", &bytes, &objects);
	strcpy(text, opening);
	strcat(text, r->text);
	tool_report_parse(&report, text);
	free(text);
	bucket = add_stack(bucket, r->text);
	row = count(r, REPORTS_LEAK, bucket, report.frames ? report.frame[0] : "somewhere");
	row->direct = direct;
	row->bytes += bytes;
	row->objects += objects;
}

static void end_report(struct reports *r)
{
	if (r->state == IN_LEAK)
		end_leak(r);
	else if (r->state != OUTSIDE)
		end_error(r);
	r->state = OUTSIDE;
	r->len = 0;
	r->text[0] = 0;
}

static void begin(struct reports *r, enum state state, const char *line)
{
	end_report(r);
	r->state = (int)state;
	keep(r, line);
}

/* "VIOLATED xHCI 4.9.4 event ring overwrite after 3.2 s: ..." */
static void rule(struct reports *r, const char *line)
{
	struct tool_verdict v;
	const char *clause = line + strlen("VIOLATED "), *end = strstr(clause, " after ");
	char what[sizeof(v.what)];

	snprintf(what, sizeof(what), "%.*s", (int)(end ? (size_t)(end - clause) : strlen(clause)),
		 clause);
	end_report(r);
	keep(r, line);
	count(r, REPORTS_RULE, tool_bucket_add(TOOL_BUCKET_START, what), what);
	r->len = 0;
	r->text[0] = 0;
}

/* True if the line opens a report. */
static bool opens(struct reports *r, const char *line)
{
	if (strstr(line, "ERROR: LeakSanitizer: ")) {
		end_report(r);
	} else if (strstr(line, "ERROR: AddressSanitizer: ") ||
		   strstr(line, "ERROR: UndefinedBehaviorSanitizer: ")) {
		if (r->state == IN_ASSERT)
			keep(r, line);
		else
			begin(r, IN_ERROR, line);
		r->state = IN_ERROR;
	} else if (strstr(line, ": runtime error: ")) {
		begin(r, IN_UBSAN, line);
	} else if (strstr(line, "Direct leak of ") == line ||
		   strstr(line, "Indirect leak of ") == line) {
		begin(r, IN_LEAK, line);
	} else if (!strncmp(line, "REQUIRE failed", 14) ||
		   (strstr(line, "Assertion `") && strstr(line, "failed"))) {
		begin(r, IN_ASSERT, line);
	} else if (!strncmp(line, "VIOLATED ", 9)) {
		rule(r, line);
	} else {
		return false;
	}
	return true;
}

static void take_line(struct reports *r, const char *line)
{
	if (opens(r, line) || r->state == OUTSIDE)
		return;
	if (is_frame(line))
		keep_frame(r, line);
	else if (r->state == IN_UBSAN || r->state == IN_LEAK)
		end_report(r);
	else if (strstr(line, "SUMMARY: ") || strstr(line, "==ABORTING") ||
		 !strncmp(line, "Shadow bytes", 12))
		end_report(r);
	else if (r->state == IN_ERROR && *line && *line != '=')
		keep(r, line);
}

void reports_add(struct reports *r, FILE *in, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!r->text)
		r->text = alloc_zero(TEXT_MAX + 1);
	r->path = path;
	r->in_file = 0;
	r->state = OUTSIDE;
	while ((n = getline(&line, &room, in)) >= 0) {
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = 0;
		take_line(r, line);
	}
	end_report(r);
	free(line);
	r->files++;
	r->empty_files += !r->in_file;
}

int reports_add_file(struct reports *r, const char *path)
{
	FILE *in = fopen(path, "re");
	int err = in ? 0 : -errno;

	if (in) {
		errno = 0;
		reports_add(r, in, path);
		err = ferror(in) ? -(errno ? errno : EIO) : 0;
		fclose(in);
	}
	if (err)
		tool_refuse("%s: %s", path, strerror(-err));
	return err;
}

/*
 * A program's stderr has the assertion, its sanitizer's log the stack of the SIGABRT: one cause. The
 * assertion's line goes in front of the stack.
 */
static void join_assertions(struct reports *r)
{
	for (unsigned i = 0; i < r->rows; i++) {
		struct reports_row *line = &r->row[i], *stack = NULL;
		char *both;

		if (line->sort != REPORTS_ERROR || strstr(line->text, "    #") ||
		    (strcmp(line->what, "REQUIRE") && strcmp(line->what, "assertion")))
			continue;
		for (unsigned k = 0; k < r->rows && !stack; k++)
			if (r->row[k].sort == REPORTS_ERROR && !strncmp(r->row[k].what, "ABRT", 4))
				stack = &r->row[k];
		if (!stack)
			continue;
		both = alloc_zero(strlen(line->text) + strlen(stack->text) + 1);
		strcpy(both, line->text);
		strcat(both, stack->text);
		free(stack->text);
		stack->text = both;
		free(line->text);
		free(line->files);
		*line = r->row[--r->rows];
		i--;
	}
}

static int by_weight(const void *left, const void *right)
{
	const struct reports_row *a = left, *b = right;

	if (a->sort != b->sort)
		return a->sort < b->sort ? -1 : 1;
	if (a->direct != b->direct)
		return a->direct ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->bucket < b->bucket ? -1 : a->bucket > b->bucket;
}

void reports_finish(struct reports *r)
{
	join_assertions(r);
	if (r->rows)
		qsort(r->row, r->rows, sizeof(*r->row), by_weight);
}

void reports_free(struct reports *r)
{
	for (unsigned i = 0; i < r->rows; i++) {
		free(r->row[i].text);
		free(r->row[i].files);
	}
	free(r->row);
	free(r->text);
	memset(r, 0, sizeof(*r));
}

unsigned reports_count(const struct reports *r, enum reports_sort sort)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->rows; i++)
		n += r->row[i].sort == sort;
	return n;
}
