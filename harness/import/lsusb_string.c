// SPDX-License-Identifier: MIT
/*
 * Strings named by a dump (`iProduct 2 Keyboard`) -> string descriptors (USB2 9.6.7) in index
 * order. An index without a known text gets an empty descriptor, so that the n-th string of the set
 * is the string of index n. Leaves out other languages than US English: lsusb shows one.
 */
#include <string.h>

#include "base.h"
#include "import/lsusb.h"

#define STRING_UNITS_MAX 126 // (255 - 2) / 2

static void note(struct lsusb_strings *strings, unsigned index, const char *text, size_t len)
{
	strings->at[index].text = text;
	strings->at[index].len = len;
	if (strings->count <= index)
		strings->count = index + 1;
}

static void trim(struct lsusb_line *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
	while (line->end > line->at && strchr(" \t\r", line->end[-1]))
		line->end--;
}

// Remembers the text behind an index field of any descriptor.
void lsusb_string_note(struct lsusb_strings *strings, const struct lsusb_field *field)
{
	static const char serial[] = "0123456789AB", mac[] = "020000000001";
	struct lsusb_line text = field->value;
	uint64_t index;
	unsigned digits;

	if (field->name[0] != 'i' || !strncmp(field->name, "id", 2) || field->in_array ||
	    !strcmp(field->name, "iLandingPage"))
		return;
	if (!lsusb_field_number(field, &index, &digits) || !index || index > 255)
		return;
	if (!strncmp(field->name, "iSerial", 7)) {
		note(strings, (unsigned)index, serial, sizeof(serial) - 1);
		return;
	}
	if (!strncmp(field->name, "iMac", 4)) {
		note(strings, (unsigned)index, mac, sizeof(mac) - 1);
		return;
	}
	while (text.at < text.end && *text.at != ' ' && *text.at != '\t')
		text.at++;
	trim(&text);
	if (text.at == text.end || lsusb_line_starts(&text, "(error)") ||
	    lsusb_line_starts(&text, "(?") || strings->at[index].text)
		return;
	note(strings, (unsigned)index, text.at, (size_t)(text.end - text.at));
}

// The next code point of UTF-8; what is not UTF-8 is taken byte by byte.
static uint32_t next_code(const char **at, const char *end)
{
	const uint8_t *p = (const uint8_t *)*at;
	uint32_t code = p[0];
	unsigned more = code >= 0xf0 && code < 0xf5 ? 3 : code >= 0xe0 ? 2 : code >= 0xc2 ? 1 : 0;

	if (code >= 0xf5 || (size_t)(end - *at) <= more)
		more = 0;
	for (unsigned i = 1; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			more = 0;
	if (more)
		code &= 0x3fu >> more;
	for (unsigned i = 1; i <= more; i++)
		code = code << 6 | (p[i] & 0x3f);
	*at += more + 1;
	return code > 0x10ffff ? 0xfffd : code;
}

static unsigned utf16_encode(const struct lsusb_string *string, uint8_t *ret)
{
	const char *at = string->text;
	const char *end = at + string->len;
	unsigned units = 0;

	while (at < end && units < STRING_UNITS_MAX - 1) {
		uint32_t code = next_code(&at, end);

		if (code > 0xffff) {
			put_le16(ret + 2 * units++, (uint16_t)(0xd800 + ((code - 0x10000) >> 10)));
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		put_le16(ret + 2 * units++, (uint16_t)code);
	}
	return units;
}

void lsusb_string_emit(const struct lsusb_strings *strings, struct lsusb_bytes *bytes)
{
	static const uint8_t languages[] = {4, 3, 0x09, 0x04};

	if (!strings->count)
		return;
	lsusb_bytes_append(bytes, languages, sizeof(languages));
	for (unsigned i = 1; i < strings->count; i++) {
		uint8_t descriptor[2 + 2 * STRING_UNITS_MAX];
		unsigned units = 0;

		if (strings->at[i].text)
			units = utf16_encode(&strings->at[i], descriptor + 2);
		descriptor[0] = (uint8_t)(2 + 2 * units);
		descriptor[1] = 3;
		lsusb_bytes_append(bytes, descriptor, descriptor[0]);
	}
}
