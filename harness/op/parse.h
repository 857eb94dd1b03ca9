// SPDX-License-Identifier: MIT
/*
 * parse.h -- between parse.c (lines and fields) and parse_value.c (what stands behind the '=').
 */
#ifndef OP_PARSE_H
#define OP_PARSE_H

#include "op/op.h"

#define PARSE_MAX_WORD 31u /* characters of the longest word that can mean anything */

struct parse_scan {
	const char *line, *at, *end; /* start of the line, next character, end of the line */
	unsigned number;
	struct op_error *error;
	uint8_t blob[OP_MAX_BLOB];
};

struct parse_word {
	const char *at;
	size_t len;
};

/* A word as the argument of "%.*s", cut to a length that fits a message. */
#define PARSE_SHOW(w) (int)min_u64((w).len, PARSE_MAX_WORD), (w).at

/* The most similar of the names offered, for "did you mean". Start with {0}. */
struct parse_guess {
	const char *name; /* NULL: none is similar */
	unsigned distance;
};

void parse_guess_add(struct parse_guess *g, struct parse_word w, const char *name);

/* Set the error at a place of the current line. Both return -EINVAL. */
__attribute__((format(printf, 3, 4))) int parse_fail(struct parse_scan *s, const char *at,
						     const char *format, ...);
int parse_fail_unknown(struct parse_scan *s, struct parse_word w, const char *what,
		       const struct parse_guess *g);

/* A field's value into op->v[field], addr_kind, s->blob and blob_len. 0 or -EINVAL. */
int parse_value(struct parse_scan *s, struct parse_word w, struct op *op, unsigned field);
/* A blob's value that stood in quotes; w is what is between them. */
int parse_quoted(struct parse_scan *s, struct parse_word w, struct op *op);

#endif
