// SPDX-License-Identifier: MIT
/*
 * reports.h -- what the sanitizers wrote while a whole virtual machine ran: many reports in many
 * files, sorted by cause.
 */
#ifndef TOOL_REPORTS_H
#define TOOL_REPORTS_H

#include "tool/tool.h"

enum reports_sort {
	REPORTS_ERROR, /* of ASan or UBSan, a failed REQUIRE or assertion */
	REPORTS_RULE,  /* a broken rule of the specification: an oracle's line */
	REPORTS_LEAK
};

/* All reports of one cause. */
struct reports_row {
	enum reports_sort sort;
	uint64_t bucket;
	char what[TOOL_NAME * 3]; /* "heap-buffer-overflow WRITE answer_data" */
	unsigned count;           /* reports */
	uint64_t bytes, objects;  /* leaks: sums */
	bool direct;              /* leaks */
	char *text;               /* the first report's lines, without addresses in its frames */
	char *files;              /* a line each */
};

struct reports {
	struct reports_row *row;
	unsigned rows;
	unsigned files, empty_files; /* read; without any report */
	/* Of the file that is being read: */
	const char *path;
	char *text; /* the report so far */
	size_t len;
	int state;
	unsigned in_file;
};

/* Add what a file holds. 0 or -errno, message printed. */
int reports_add_file(struct reports *r, const char *path);
/* The same from a stream; path is its name in the result. */
void reports_add(struct reports *r, FILE *in, const char *path);
/* After the last file: errors first, then rules, then leaks, each the most frequent first. */
void reports_finish(struct reports *r);
void reports_free(struct reports *r);

/* How many rows of a sort there are. */
unsigned reports_count(const struct reports *r, enum reports_sort sort);
void reports_print_text(const struct reports *r, FILE *out);
void reports_print_json(const struct reports *r, FILE *out);

#endif
