// SPDX-License-Identifier: MIT
/*
 * known.c -- `gauntlet known`, and for all other verbs: which findings have a public report. Leaves out
 * hangs, which all have the same bucket.
 */
#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "tool/known.h"
#include "tool/verbs.h"
#include "usbfs/exercise.h"

/* Digits and dots, as far as they go. */
static bool is_version(const char *text, size_t len)
{
	return len && strspn(text, "0123456789.") >= len;
}

static bool are_versions(const char *text)
{
	size_t from = strcspn(text, "-");

	if (!text[from])
		return is_version(text, from);
	return (!from || is_version(text, from)) &&
		(!text[from + 1] || is_version(text + from + 1, strlen(text + from + 1))) &&
		strlen(text) > 1;
}

/* Number by number: 1.0.9 is before 1.0.26, 7.2 before 7.2.22. */
static int compare(const char *a, const char *b)
{
	while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
		char *a_end, *b_end;
		unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if ((a_end == a) != (b_end == b))
			return a_end == a ? -1 : 1;
		a = a_end + (*a_end == '.');
		b = b_end + (*b_end == '.');
	}
	return 0;
}

bool known_version_in(const char *version, const char *versions)
{
	const char *dash = strchr(versions, '-');
	char first[32];

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(versions, "-"), versions);
	if (!dash)
		return !compare(version, first);
	return (!*first || compare(version, first) >= 0) &&
		(!dash[1] || compare(version, dash + 1) <= 0);
}

static bool take_word(const char **at, char *to, size_t room)
{
	size_t n;

	*at += strspn(*at, " \t");
	n = strcspn(*at, " \t\n");
	snprintf(to, room, "%.*s", (int)n, *at);
	*at += n;
	return n && n < room;
}

static bool parse_row(struct known_row *row, const char *line)
{
	char bucket[20], *end;
	size_t n;

	if (!take_word(&line, bucket, sizeof(bucket)) ||
	    !take_word(&line, row->library, sizeof(row->library)) ||
	    !take_word(&line, row->versions, sizeof(row->versions)) || !are_versions(row->versions))
		return false;
	row->bucket = strtoull(bucket, &end, 16);
	line += strspn(line, " \t");
	n = strcspn(line, "\n");
	snprintf(row->reference, sizeof(row->reference), "%.*s", (int)n, line);
	return strlen(bucket) == 16 && !*end && n && n < sizeof(row->reference);
}

unsigned known_parse(struct known_list *list, const char *text)
{
	for (unsigned number = 1; *text; number++) {
		size_t n = strcspn(text, "\n");
		struct known_row row, *more;

		if (n && *text != '#') {
			if (!parse_row(&row, text))
				return number;
			more = alloc_zero((list->rows + 1) * sizeof(*more));
			if (list->rows)
				memcpy(more, list->row, list->rows * sizeof(*more));
			more[list->rows++] = row;
			free(list->row);
			list->row = more;
		}
		text += n + (text[n] == '\n');
	}
	return 0;
}

void known_free(struct known_list *list)
{
	free(list->row);
	memset(list, 0, sizeof(*list));
}

int known_read(struct known_list *list, const struct tool_verb *verb, char **value)
{
	const char *path = tool_option_get(verb, value, "known");
	unsigned wrong;
	uint8_t *text;
	size_t len;
	int err;

	memset(list, 0, sizeof(*list));
	if (tool_option_get(verb, value, "strict"))
		return 0;
	if (!path && access(KNOWN_LIST, F_OK))
		return 0;
	path = path ? path : KNOWN_LIST;
	err = tool_file_read(path, &text, &len);
	if (err)
		return err;
	wrong = known_parse(list, (const char *)text);
	free(text);
	if (!wrong)
		return 0;
	known_free(list);
	tool_refuse("%s:%u: wanted are bucket, library, versions and reference", path, wrong);
	return -EINVAL;
}

const struct known_row *known_find(const struct known_list *list, uint64_t bucket,
				   const char *library, const char *version)
{
	for (unsigned i = 0; i < list->rows; i++) {
		const struct known_row *row = &list->row[i];

		if (row->bucket == bucket && !strcmp(row->library, library) &&
		    known_version_in(version, row->versions))
			return row;
	}
	return NULL;
}

void known_apply(const struct known_list *list, struct tool_verdict *v)
{
	const struct libusb_version *usb = libusb_get_version();
	const struct known_row *row;
	char version[32];

	if (v->kind == VERDICT_CLEAN || v->kind == VERDICT_HANG)
		return;
	snprintf(version, sizeof(version), "%u.%u.%u", usb->major, usb->minor, usb->micro);
	row = known_find(list, v->bucket, "libusb", version);
	if (row)
		strcpy(v->known, row->reference);
}

static void print_all(const struct known_list *list)
{
	for (unsigned i = 0; i < list->rows; i++)
		printf("%016llx %-8s %-14s %s\n", (unsigned long long)list->row[i].bucket,
		       list->row[i].library, list->row[i].versions, list->row[i].reference);
}

static int known(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	struct known_list list;
	const struct known_row *row = NULL;
	char *end = NULL;
	uint64_t bucket = count ? strtoull(operand[0], &end, 16) : 0;

	if (count != 0 && count != 3)
		return tool_refuse("give a bucket, a library and its version, or nothing");
	if (count && (*end || !is_version(operand[2], strlen(operand[2]))))
		return tool_refuse("'%s' is no bucket or '%s' no version", operand[0], operand[2]);
	if (known_read(&list, verb, value))
		return EXIT_BAD;
	if (!count)
		print_all(&list);
	else
		row = known_find(&list, bucket, operand[1], operand[2]);
	if (row)
		puts(row->reference);
	known_free(&list);
	return !count || row ? EXIT_CLEAN : EXIT_FINDING;
}

const struct tool_verb verb_known = {
	.name = "known",
	.operands = "[BUCKET LIBRARY VERSION]",
	.help = "which findings in libraries of others have a public report",
	.min = 0,
	.max = 3,
	.option = {KNOWN_OPTIONS},
	.run = known,
	.more = "Prints the list, or the reference of this bucket for this version (\"libusb 1.0.26\",\n"
		"\"qemu 7.2.22\"); the status is 1 if it has none.",
};
