// SPDX-License-Identifier: MIT
/*
 * `lsusb -v` text -> descriptor set: finds the device, reads its lines, puts the set together. At
 * the end wTotalLength of configurations (USB2 9.6.3) and BOS (USB3.2 9.6.2) is made to agree with
 * what was found. Tolerates blanked lines, missing indents, quoting with `> ` and text that is no
 * dump at all. Leaves out other-speed configurations, which lsusb does not show.
 */
#include <errno.h>
#include <string.h>

#include "base.h"
#include "import/lsusb.h"

// The next line of the text without indent, quoting and line end. false at the end of the text.
static bool next_line(const char **at, const char *end, struct lsusb_line *line)
{
	const char *stop;

	if (*at == end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	line->at = *at;
	line->end = stop ? stop : end;
	line->number++;
	*at = stop ? stop + 1 : end;
	lsusb_line_skip_blanks(line);
	while (line->at < line->end && *line->at == '>') {
		line->at++;
		lsusb_line_skip_blanks(line);
	}
	while (line->end > line->at && strchr(" \t\r", line->end[-1]) && line->end[-1])
		line->end--;
	return true;
}

static bool is_bus_line(const struct lsusb_line *line)
{
	return lsusb_line_starts(line, "Bus ") && line->end - line->at > 8 &&
		(line->at[4] >= '0' && line->at[4] <= '9');
}

// Finds the lines of one device. *line is left before its first line. 0, -EINVAL, -ENOENT.
static int find_device(const char **text, const char **text_end, unsigned device_index,
		       struct lsusb_line *line)
{
	const char *at = *text, *start = NULL;
	struct lsusb_line here = {0};
	unsigned seen = 0;

	for (const char *before = at; next_line(&at, *text_end, &here); before = at) {
		bool is_device = lsusb_line_starts(&here, "Device Descriptor:");

		if (start && (is_device || is_bus_line(&here))) {
			*text_end = before;
			break;
		}
		if (is_device && seen++ == device_index) {
			start = before;
			line->number = here.number - 1;
		}
	}
	*text = start;
	return start ? 0 : seen ? -ENOENT : -EINVAL;
}

static size_t complaint_length(const char *at, const char *end)
{
	static const char *const starts[] = {"can't get ", "cannot read ", "Couldn't open device"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t len = strlen(starts[i]);
		const char *stop;

		if ((size_t)(end - at) < len || memcmp(at, starts[i], len))
			continue;
		stop = memchr(at, '\n', (size_t)(end - at));
		return stop ? (size_t)(stop + 1 - at) : 0;
	}
	return 0;
}

/*
 * Complaints of lsusb end up in the middle of a line when both outputs went into one file. Returns
 * a copy without them in which lines keep their numbers, or NULL. The caller frees it.
 */
static char *copy_without_complaints(const char *at, const char *end, size_t *ret_len)
{
	char *copy = malloc((size_t)(end - at) + 1);
	size_t len = 0, dropped = 0;

	if (!copy)
		return NULL;
	while (at < end) {
		size_t complaint = *at == 'c' || *at == 'C' ? complaint_length(at, end) : 0;

		at += complaint;
		dropped += complaint > 0;
		if (complaint)
			continue;
		copy[len++] = *at;
		for (; *at == '\n' && dropped; dropped--)
			copy[len++] = '\n';
		at++;
	}
	*ret_len = len;
	return copy;
}

// GUIDs of video formats all end alike (UVC), which tells how this lsusb prints GUIDs.
static bool has_raw_guids(const char *at, const char *end)
{
	static const char tail[] = "-0000-1000-8000-00aa00389b71";
	size_t len = sizeof(tail) - 1;

	return memmem(at, (size_t)(end - at), tail, len) != NULL;
}

static const char *find_in_line(const struct lsusb_line *line, const char *what)
{
	size_t len = strlen(what);
	const char *found = memmem(line->at, (size_t)(line->end - line->at), what, len);

	return found ? found + len : NULL;
}

// Lines that show a whole descriptor, or the rest of one, as hex bytes.
static bool take_raw(struct lsusb_import *im, const struct lsusb_line *line)
{
	static const char *const whole[] = {
		"UNRECOGNIZED:", "UNRECOGNIZED CDC:", "INTERFACE CLASS:", "DEVICE CLASS:"};
	static const char *const rest[] = {
		"junk at descriptor end:", "Invalid desc subtype:", "Invalid desc format type:"};
	struct lsusb_line hex = *line;
	uint8_t bytes[256] = {0};
	const char *after = NULL;
	unsigned len;

	for (size_t i = 0; i < ARRAY_SIZE(rest) && !after; i++)
		after = find_in_line(line, rest[i]);
	if (after) {
		hex.at = after;
		len = lsusb_hex_encode(&hex, bytes, 253);
		lsusb_build_put(im, "", bytes, len);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(whole) && !after; i++)
		after = find_in_line(line, whole[i]);
	if (!after && lsusb_line_starts(line, "INVALID CDC ("))
		after = find_in_line(line, "):");
	if (!after)
		return false;

	hex.at = after;
	len = lsusb_hex_encode(&hex, bytes, 255);
	lsusb_build_close(im);
	if (len < 2 || bytes[0] < 2) {
		lsusb_build_problem(im, &im->note.skipped, line->number);
		return true;
	}
	if (len < bytes[0])
		lsusb_build_problem(im, &im->note.padded, line->number);
	else if (len > bytes[0])
		lsusb_build_problem(im, &im->note.cut, line->number);
	lsusb_build_append(im, bytes, bytes[0], false, line->number);
	return true;
}

// `Data-in pipe (0x03)`: the pipe usage descriptor of a UAS endpoint (UAS 5.3.3.6).
static bool take_pipe(struct lsusb_import *im, const struct lsusb_line *line)
{
	const char *after = find_in_line(line, " pipe (0x");
	struct lsusb_line hex = *line;
	uint8_t id;

	if (!after)
		return false;
	hex.at = after;
	if (lsusb_hex_encode(&hex, &id, 1) != 1)
		return false;
	lsusb_build_open(im, line->number);
	im->block.has_type = true;
	im->block.type = 0x24;
	im->block.length = 4;
	im->block.bytes[2] = id;
	im->block.fill = 4;
	lsusb_build_close(im);
	return true;
}

// `Alternate Mode 1 : <status>`: two bits of bmConfigured each (Billboard 1.2.2 table 3-2).
static bool take_mode(struct lsusb_import *im, const struct lsusb_line *line)
{
	struct lsusb_block *block = &im->block;
	struct lsusb_field field = {.name = "n", .value = *line};
	unsigned status, digits;
	uint64_t mode;

	if (!lsusb_line_starts(line, "Alternate Mode ") || block->capability != 0x0d)
		return false;
	field.value.at += sizeof("Alternate Mode ") - 1;
	if (!lsusb_field_number(&field, &mode, &digits) || mode > 127)
		return false;
	status = find_in_line(line, "not attempted") ? 1
		: find_in_line(line, "unsuccessful") ? 2
		: find_in_line(line, "successful")   ? 3
						     : 0;
	block->bytes[8 + mode / 4] |= (uint8_t)(status << 2 * (mode % 4));
	return true;
}

// A GUID that was wrapped onto a line of its own.
static bool take_wrapped_guid(struct lsusb_import *im, const struct lsusb_line *line)
{
	struct lsusb_field field = {.name = "guid", .value = *line};

	if (!im->block.is_open || line->at == line->end || *line->at != '{')
		return false;
	lsusb_build_field(im, &field);
	return true;
}

static void take_line(struct lsusb_import *im, const struct lsusb_line *line)
{
	const struct lsusb_header *header = lsusb_header_find(line);
	struct lsusb_field field;

	if (header)
		lsusb_build_heading(im, header, line->number);
	else if (im->is_resting)
		return;
	else if (!take_raw(im, line) && !take_pipe(im, line) && !take_mode(im, line) &&
		 !take_wrapped_guid(im, line) && lsusb_field_split(line, &field))
		lsusb_build_field(im, &field);
}

static void finish(struct lsusb_import *im, unsigned line)
{
	lsusb_build_close(im);
	lsusb_build_close_config(im, line);
	if (im->bos.len >= 4 && get_le16(im->bos.data + 2) != im->bos.len) {
		put_le16(im->bos.data + 2, (uint16_t)im->bos.len);
		lsusb_build_problem(im, &im->note.totals_rewritten, line);
	}
}

// Joins the parts in the order of the set. 0 or -ENOMEM.
static int assemble(struct lsusb_import *im, uint8_t **ret_bytes, size_t *ret_len)
{
	struct lsusb_bytes strings = {0}, set = {0};
	struct lsusb_bytes *parts[] = {&im->device, &im->configs, &im->qualifier,
				       &im->bos,    &im->hub,     &strings};

	lsusb_string_emit(&im->strings, &strings);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		set.has_failed |= parts[i]->has_failed;
		lsusb_bytes_append(&set, parts[i]->data, parts[i]->len);
		free(parts[i]->data);
	}
	if (set.has_failed) {
		free(set.data);
		return -ENOMEM;
	}
	*ret_bytes = set.data;
	*ret_len = set.len;
	return set.len ? 0 : -EINVAL;
}

int import_lsusb(const char *text, size_t text_len, unsigned device_index, uint8_t **ret_bytes,
		 size_t *ret_len, struct import_note *note)
{
	struct lsusb_line line = {0};
	const char *at = text, *end = text_len ? text + text_len : text;
	struct lsusb_import *im;
	char *copy;
	size_t copy_len;
	int ret;

	if (!text_len)
		return -EINVAL;
	ret = find_device(&at, &end, device_index, &line);
	if (ret < 0)
		return ret;
	im = calloc(1, sizeof(*im));
	copy = copy_without_complaints(at, end, &copy_len);
	if (!im || !copy) {
		free(im);
		free(copy);
		return -ENOMEM;
	}
	im->is_guid_raw = has_raw_guids(copy, copy + copy_len);
	at = copy;
	while (next_line(&at, copy + copy_len, &line))
		take_line(im, &line);
	finish(im, line.number);
	if (note)
		*note = im->note;
	ret = assemble(im, ret_bytes, ret_len);
	free(im);
	free(copy);
	return ret;
}
