// SPDX-License-Identifier: MIT
/*
 * .hex files: the text form of descriptor sets in the corpus. Models nothing; leaves out addresses
 * and checksums (this is not Intel HEX).
 */
#include <errno.h>
#include <stdlib.h>

#include "import/import.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

// End of the comment that begins at text[at].
static size_t comment_end(const char *text, size_t text_len, size_t at)
{
	while (at < text_len && text[at] != '\n')
		at++;
	return at;
}

static int refuse(uint8_t *bytes, const char *text, size_t at, unsigned *ret_line,
		  unsigned *ret_column)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	*ret_line = line;
	*ret_column = column;
	free(bytes);
	return -EINVAL;
}

int import_hex(const char *text, size_t text_len, uint8_t **ret_bytes, size_t *ret_len,
	       unsigned *ret_line, unsigned *ret_column)
{
	// Two digits make a byte, so half the text is always enough.
	uint8_t *bytes = malloc(text_len / 2 + 1);
	size_t len = 0;

	if (!bytes)
		return -ENOMEM;
	for (size_t at = 0; at < text_len;) {
		char c = text[at];

		if (c == '#') {
			at = comment_end(text, text_len, at);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			at++;
		} else {
			int high = digit_value(c);
			int low = at + 1 < text_len ? digit_value(text[at + 1]) : -1;

			if (high < 0)
				return refuse(bytes, text, at, ret_line, ret_column);
			if (low < 0)
				return refuse(bytes, text, at + 1, ret_line, ret_column);
			bytes[len++] = (uint8_t)(high << 4 | low);
			at += 2;
		}
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}
