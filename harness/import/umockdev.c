// SPDX-License-Identifier: MIT
/*
 * umockdev.c -- what umockdev-record writes about a device: a block per device, blocks begin with `P:` and end
 * with an empty line; `H: descriptors=` is the sysfs file of that name in hex, `A:` are attributes that are
 * text. Recorded ioctls are another file of umockdev and are left out.
 */
#include <errno.h>
#include <string.h>

#include "base.h"
#include "import/lsusb.h"
#include "usb/desc.h"

#define SET_MAX 65536u /* bytes of sysfs' descriptors */

/* The line at *at without its end; *at moves on. False: the text is over. */
static bool next_line(const char **at, const char *end, struct lsusb_line *ret)
{
	const char *stop;

	if (*at >= end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	ret->at = *at;
	ret->end = stop ? stop : end;
	ret->number++;
	*at = stop ? stop + 1 : end;
	if (ret->end > ret->at && ret->end[-1] == '\r')
		ret->end--;
	return true;
}

static bool take_prefix(struct lsusb_line *line, const char *prefix)
{
	if (!lsusb_line_starts(line, prefix))
		return false;
	line->at += strlen(prefix);
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of hex digits up to the first that is none. */
static void append_hex(struct lsusb_bytes *bytes, const struct lsusb_line *line)
{
	for (const char *at = line->at; at + 1 < line->end && bytes->len < SET_MAX; at += 2) {
		int high = digit(at[0]), low = digit(at[1]);
		uint8_t byte;

		if (high < 0 || low < 0)
			return;
		byte = (uint8_t)(high << 4 | low);
		lsusb_bytes_append(bytes, &byte, 1);
	}
}

/* An attribute's value ends with an escaped newline. */
static void take_text(struct lsusb_string *ret, struct lsusb_line line)
{
	if (line.end - line.at >= 2 && !memcmp(line.end - 2, "\\n", 2))
		line.end -= 2;
	*ret = (struct lsusb_string){line.at, (size_t)(line.end - line.at)};
}

static void name_string(struct lsusb_strings *strings, uint8_t index,
			const struct lsusb_string *text)
{
	if (!index || !text->text)
		return;
	strings->at[index] = *text;
	if (strings->count <= index)
		strings->count = index + 1u;
}

/* The block that begins at *at. */
static void take_block(const char **at, const char *end, struct lsusb_bytes *bytes,
		       struct lsusb_strings *strings)
{
	static const struct lsusb_string serial = {"0123456789AB", 12};
	struct lsusb_string maker = {0}, product = {0};
	struct lsusb_line line = {0};
	bool has_serial = false;

	while (next_line(at, end, &line) && line.at < line.end) {
		if (take_prefix(&line, "H: descriptors="))
			append_hex(bytes, &line);
		else if (take_prefix(&line, "A: manufacturer="))
			take_text(&maker, line);
		else if (take_prefix(&line, "A: product="))
			take_text(&product, line);
		else if (take_prefix(&line, "A: serial="))
			has_serial = true;
	}
	if (bytes->len < 18)
		return;
	name_string(strings, bytes->data[14], &maker);
	name_string(strings, bytes->data[15], &product);
	if (has_serial)
		name_string(strings, bytes->data[16], &serial);
}

int import_umockdev(const char *text, size_t text_len, unsigned device_index, uint8_t **ret_bytes,
		    size_t *ret_len)
{
	const char *at = text, *end = text_len ? text + text_len : text;
	unsigned found = 0;

	*ret_bytes = NULL;
	*ret_len = 0;
	while (at < end) {
		struct lsusb_strings *strings = alloc_zero(sizeof(*strings));
		struct lsusb_bytes bytes = {0};

		take_block(&at, end, &bytes, strings);
		if (bytes.len >= 18 && bytes.data[1] == USB_DT_DEVICE && found++ == device_index)
			lsusb_string_emit(strings, &bytes);
		else
			bytes.len = 0;
		free(strings);
		if (bytes.len && !bytes.has_failed) {
			*ret_bytes = bytes.data;
			*ret_len = bytes.len;
			return 0;
		}
		free(bytes.data);
	}
	return found ? -ENOENT : -EINVAL;
}
