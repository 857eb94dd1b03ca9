// SPDX-License-Identifier: MIT
/*
 * One `field value` line of lsusb -> bytes. The width comes from the prefix of the name as USB
 * documents use it: b, i, n = 1, w, id, bcd = 2, t = 3, dw = 4, guid = 16, ba/wa/da = arrays of
 * those; bm = as many bytes as lsusb printed hex digits for, or bControlSize. Little endian.
 */
#include <string.h>

#include "base.h"
#include "import/lsusb.h"

// Also the two bytes of UTF-8's no-break space, which mail programs like to put in.
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\xc2' || c == '\xa0';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_decimal(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void lsusb_line_skip_blanks(struct lsusb_line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

bool lsusb_line_starts(const struct lsusb_line *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(line->end - line->at) >= len && !memcmp(line->at, prefix, len);
}

// Field names that do not begin with a lower-case prefix.
static const char *const odd_names[] = {
	"MaxPower",
	"MaxStreams",
	"Mult",
	"ContainerID",
	"PlatformCapabilityUUID",
	"CapabilityData",
	"DeviceRemovable",
	"PortPwrCtrlMask",
	"VCONN Power",
	"BaSourcePin",
};

static unsigned odd_name_length(const struct lsusb_line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(odd_names); i++) {
		size_t len = strlen(odd_names[i]);

		if (lsusb_line_starts(line, odd_names[i]) && (size_t)(line->end - line->at) > len &&
		    !is_lower(line->at[len]))
			return (unsigned)len;
	}
	return 0;
}

// Length of a name such as bLength or dwFrameInterval at the start of the line, 0 = none.
static unsigned name_length(const struct lsusb_line *line)
{
	static const char *const prefixes[] = {"b",  "w",  "dw",  "t",  "n",  "i",    "id",  "bcd",
					       "bm", "ba", "bma", "wa", "da", "guid", "wlcd"};
	const char *at = line->at;
	bool is_known = false;

	while (at < line->end && is_lower(*at))
		at++;
	if (at == line->end || !is_upper(*at))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		is_known |= strlen(prefixes[i]) == (size_t)(at - line->at) &&
			lsusb_line_starts(line, prefixes[i]);
	while (at < line->end && (is_lower(*at) || is_upper(*at) || is_decimal(*at) || *at == '.'))
		at++;
	return is_known ? (unsigned)(at - line->at) : 0;
}

// Splits a line; false when it is no field but a heading or an explanation.
bool lsusb_field_split(const struct lsusb_line *line, struct lsusb_field *ret)
{
	struct lsusb_line rest = *line;
	unsigned len = odd_name_length(line);

	if (!len)
		len = name_length(line);
	if (!len || len >= sizeof(ret->name))
		return false;
	memcpy(ret->name, line->at, len);
	ret->name[len] = '\0';
	// lsusb has spelled this one wrong for years.
	if (!strcmp(ret->name, "iAddtionalInfoURL"))
		strcpy(ret->name, "iAdditionalInfoURL");

	rest.at += len;
	ret->in_array = rest.at < rest.end && (*rest.at == '(' || *rest.at == '[');
	if (ret->in_array) {
		rest.at++;
		while (rest.at < rest.end && (is_blank(*rest.at) || is_decimal(*rest.at)))
			rest.at++;
		if (rest.at == rest.end || (*rest.at != ')' && *rest.at != ']'))
			return false;
		rest.at++;
	}
	if (rest.at < rest.end && !is_blank(*rest.at) && *rest.at != ':')
		return false;
	if (rest.at < rest.end && *rest.at == ':')
		rest.at++;
	lsusb_line_skip_blanks(&rest);
	ret->value = rest;
	return true;
}

static bool is_bare_hex(const char *name)
{
	static const char *const names[] = {"dwSyncProtocols", "dwMechanical",
					    "dwFeatures",      "bClassGetResponse",
					    "bClassEnvelope",  "bGuidDescriptorType"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

// `2.00` is 0x0200, `54.60` is 0x5460; a number without a dot is a number.
static bool bcd_number(const struct lsusb_line *value, uint64_t *ret)
{
	const char *at = value->at;
	unsigned high = 0, low = 0;

	while (at < value->end && hex_value(*at) >= 0 && at - value->at < 3)
		high = high << 4 | (unsigned)hex_value(*at++);
	if (at == value->at || at == value->end || *at != '.')
		return false;
	for (at++; at < value->end && hex_value(*at) >= 0; at++)
		low = low << 4 | (unsigned)hex_value(*at);
	*ret = (high & 0xff) << 8 | (low & 0xff);
	return true;
}

// Digits of a base, saturating: a number too large for 64 bits stays at the top.
static unsigned read_digits(struct lsusb_line *line, unsigned base, uint64_t *ret)
{
	unsigned digits = 0;
	uint64_t number = 0;

	for (; line->at < line->end; line->at++) {
		int value = hex_value(*line->at);

		if (value < 0 || (unsigned)value >= base)
			break;
		if (number > (UINT64_MAX - (unsigned)value) / base)
			number = UINT64_MAX;
		else
			number = number * base + (unsigned)value;
		if (digits < 64)
			digits++;
	}
	*ret = number;
	return digits;
}

/*
 * The number at the start of the value. *ret_digits is the count of hex digits where lsusb printed
 * hex, which for a bitmap tells its width, and 0 for decimals. false when there is no number.
 */
bool lsusb_field_number(const struct lsusb_field *field, uint64_t *ret, unsigned *ret_digits)
{
	struct lsusb_line value = field->value;
	uint64_t fraction;
	unsigned digits;

	*ret_digits = 0;
	if (!strncmp(field->name, "bcd", 3) && bcd_number(&value, ret))
		return true;
	if (lsusb_line_starts(&value, "0x") || lsusb_line_starts(&value, "0X")) {
		value.at += 2;
		lsusb_line_skip_blanks(&value); // some versions print `0x 9`
		*ret_digits = read_digits(&value, 16, ret);
		return *ret_digits > 0;
	}
	if (lsusb_line_starts(&value, "echo") || lsusb_line_starts(&value, "none")) {
		*ret = *value.at == 'e' ? 0xff : 0;
		return true;
	}
	if (is_bare_hex(field->name))
		return read_digits(&value, 16, ret) > 0;
	if (!read_digits(&value, 10, ret))
		return false;
	if (value.at == value.end || *value.at != '.')
		return true;

	value.at++;
	digits = read_digits(&value, 10, &fraction);
	if (digits == 6 && lsusb_line_starts(&value, "MHz"))
		*ret = *ret * 1000000 + fraction;
	else if (!strcmp(field->name, "bHubDecLat"))
		*ret = fraction; // 0.4 micro seconds is the value 4
	return true;
}

// Pairs of hex digits with blanks between them, up to the first other character.
unsigned lsusb_hex_encode(const struct lsusb_line *line, uint8_t *ret, unsigned size)
{
	struct lsusb_line rest = *line;
	unsigned len = 0;

	for (;;) {
		int high, low;

		lsusb_line_skip_blanks(&rest);
		if (lsusb_line_starts(&rest, "0x"))
			rest.at += 2;
		if (rest.end - rest.at < 2 || len == size)
			return len;
		high = hex_value(rest.at[0]);
		low = hex_value(rest.at[1]);
		if (high < 0 || low < 0 || (rest.end - rest.at > 2 && hex_value(rest.at[2]) >= 0))
			return len;
		ret[len++] = (uint8_t)(high << 4 | low);
		rest.at += 2;
	}
}

// {00112233-4455-6677-8899-aabbccddeeff}: RFC 4122 text, or the bytes in order (before 2016).
static unsigned guid_encode(const struct lsusb_line *value, bool is_raw, uint8_t ret[16])
{
	static const uint8_t swap[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t raw[16];
	unsigned nibbles = 0;

	for (const char *at = value->at; at < value->end && nibbles < 32; at++) {
		int digit = hex_value(*at);

		if (digit >= 0) {
			raw[nibbles / 2] =
				(uint8_t)(nibbles & 1 ? raw[nibbles / 2] | digit : digit << 4);
			nibbles++;
		} else if (*at != '{' && *at != '-') {
			break;
		}
	}
	if (nibbles != 32)
		return 0;
	for (unsigned i = 0; i < 16; i++)
		ret[i] = raw[is_raw ? i : swap[i]];
	return 16;
}

static unsigned decimal_list_encode(const struct lsusb_line *value, uint8_t ret[64])
{
	struct lsusb_line rest = *value;
	unsigned len = 0;
	uint64_t number;

	while (len < 64) {
		lsusb_line_skip_blanks(&rest);
		if (!read_digits(&rest, 10, &number))
			break;
		ret[len++] = (uint8_t)number;
	}
	return len;
}

static unsigned field_width(const struct lsusb_field *field, const struct lsusb_block *block,
			    unsigned digits)
{
	const char *name = field->name;

	if (name[0] == 'b' && name[1] == 'm') {
		bool is_control =
			!strncmp(name, "bmControls", 10) || !strncmp(name, "bmaControls", 11);

		if (is_control && block->control_bytes && (!digits || !field->in_array))
			return block->control_bytes;
		return digits ? (digits + 1) / 2 : 1;
	}
	if (!strncmp(name, "bcd", 3) || !strncmp(name, "id", 2) || !strcmp(name, "VCONN Power") ||
	    !strcmp(name, "bU2DevExitLat"))
		return 2;
	switch (name[0]) {
	case 'w':
		return 2;
	case 't':
		return 3;
	case 'd':
		return 4;
	default:
		return 1;
	}
}

// The bytes of a field, at most 64; 0 when the value cannot be read.
unsigned lsusb_field_encode(const struct lsusb_field *field, const struct lsusb_block *block,
			    bool is_guid_raw, uint8_t ret[64])
{
	uint64_t number = 0;
	unsigned digits, width;

	if (field->value.at < field->value.end && *field->value.at == '{')
		return guid_encode(&field->value, is_guid_raw, ret);
	if (!strcmp(field->name, "DeviceRemovable") || !strcmp(field->name, "PortPwrCtrlMask") ||
	    !strcmp(field->name, "bDetailData"))
		return lsusb_hex_encode(&field->value, ret, 64);
	if (!strcmp(field->name, "bSlaveInterface"))
		return decimal_list_encode(&field->value, ret);
	if (!lsusb_field_number(field, &number, &digits))
		return 0;

	width = field_width(field, block, digits);
	if (width > 64)
		width = 64;
	for (unsigned i = 0; i < width; i++)
		ret[i] = i < 8 ? (uint8_t)(number >> 8 * i) : 0;
	return width;
}
