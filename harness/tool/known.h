// SPDX-License-Identifier: MIT
/*
 * known.h -- findings in libraries of others that have a public report: they are shown as such, and fail
 * nothing. The list is corpus/known-findings, which says what its lines mean.
 */
#ifndef TOOL_KNOWN_H
#define TOOL_KNOWN_H

#include "tool/tool.h"

#define KNOWN_LIST "corpus/known-findings"

struct known_row {
	uint64_t bucket;
	char library[16], versions[32], reference[TOOL_KNOWN];
};

struct known_list {
	struct known_row *row;
	unsigned rows;
};

/* Rows of a list's text are added. 0, or the number of the first line that is none. */
unsigned known_parse(struct known_list *list, const char *text);
/*
 * What the options --known and --strict say; without them KNOWN_LIST, where it is there. 0 or -errno,
 * message printed.
 */
int known_read(struct known_list *list, const struct tool_verb *verb, char **value);
void known_free(struct known_list *list);

/* "1.0.26" is in "1.0.22-1.0.29", "1.0.26", "-1.0.29" and "1.0.22-". */
bool known_version_in(const char *version, const char *versions);
/* NULL: not known of this version of this library. */
const struct known_row *known_find(const struct known_list *list, uint64_t bucket,
				   const char *library, const char *version);
/* If what came of a case is known of a library we are linked to, the verdict says so. */
void known_apply(const struct known_list *list, struct tool_verdict *v);

#define KNOWN_OPTIONS                                                                              \
	{"known", 'K', "FILE", "the list of known findings (" KNOWN_LIST ")"},                     \
	{                                                                                          \
		"strict", 'S', NULL, "nothing is known"                                            \
	}

#endif
