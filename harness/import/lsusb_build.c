// SPDX-License-Identifier: MIT
/*
 * Building descriptors out of the lines of a dump. Each opens with a heading or with a bLength line
 * and collects the fields that follow; bLength is the truth, so the result is padded or cut to it
 * and then put where its type belongs. Leaves out what comes from other requests than the set:
 * report, debug and OTG descriptors.
 */
#include <string.h>

#include "base.h"
#include "import/lsusb.h"

#define TOTAL_MAX 65535
#define CONFIGS_MAX 255

void lsusb_bytes_append(struct lsusb_bytes *bytes, const void *data, size_t len)
{
	if (bytes->has_failed || !len)
		return;
	if (bytes->size - bytes->len < len) {
		size_t size = (bytes->len + len) * 2;
		uint8_t *grown = realloc(bytes->data, size);

		if (!grown) {
			bytes->has_failed = true;
			return;
		}
		bytes->data = grown;
		bytes->size = size;
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void lsusb_build_problem(struct lsusb_import *im, unsigned *count, unsigned line)
{
	*count += 1;
	im->note.last_line = line;
}

void lsusb_build_close_config(struct lsusb_import *im, unsigned line)
{
	size_t len = im->configs.len - im->config_at;
	uint8_t *config;

	if (!im->config_count || len < 4 || im->configs.has_failed)
		return;
	config = im->configs.data + im->config_at;
	if (get_le16(config + 2) != len) {
		put_le16(config + 2, (uint16_t)len);
		lsusb_build_problem(im, &im->note.totals_rewritten, line);
	}
}

static void append_config(struct lsusb_import *im, const uint8_t *bytes, unsigned len,
			  unsigned line)
{
	if (bytes[1] == 0x02) {
		lsusb_build_close_config(im, line);
		im->config_at = im->configs.len;
		im->config_count++;
	}
	if (!im->config_count || im->config_count > CONFIGS_MAX ||
	    im->configs.len - im->config_at + len > TOTAL_MAX) {
		lsusb_build_problem(im, &im->note.skipped, line);
		return;
	}
	lsusb_bytes_append(&im->configs, bytes, len);
	if (bytes[1] == 0x05)
		memcpy(im->endpoint, bytes, len < sizeof(im->endpoint) ? len : 9);
}

// Puts a finished descriptor where its type belongs.
void lsusb_build_append(struct lsusb_import *im, const uint8_t *bytes, unsigned len, bool is_hub,
			unsigned line)
{
	static const uint8_t bos_alone[] = {5, 0x0f, 5, 0, 0};
	struct lsusb_bytes *once = NULL;

	if (bytes[1] == 0x01)
		once = &im->device;
	else if (bytes[1] == 0x06)
		once = &im->qualifier;
	else if (bytes[1] == 0x0f)
		once = &im->bos;
	else if (is_hub)
		once = &im->hub;

	if (once && once->len) {
		lsusb_build_problem(im, &im->note.skipped, line);
	} else if (once) {
		lsusb_bytes_append(once, bytes, len);
	} else if (bytes[1] == 0x10) {
		if (!im->bos.len)
			lsusb_bytes_append(&im->bos, bos_alone, sizeof(bos_alone));
		if (im->bos.len + len <= TOTAL_MAX)
			lsusb_bytes_append(&im->bos, bytes, len);
		else
			lsusb_build_problem(im, &im->note.skipped, line);
	} else {
		append_config(im, bytes, len, line);
	}
}

/*
 * Bytes per interval of a periodic SuperSpeed endpoint (USB3.2 9.6.7): older lsusb does not print
 * it. The most that the other fields allow is what devices nearly always say.
 */
static void guess_companion(struct lsusb_import *im)
{
	struct lsusb_block *block = &im->block;
	unsigned kind = im->endpoint[3] & 3, packets = block->bytes[2] + 1u;

	if (block->type != 0x30 || block->has_length || block->fill >= 6 || !(kind & 1))
		return;
	if (kind == 1)
		packets *= (block->bytes[3] & 3) + 1u;
	put_le16(block->bytes + 4, (uint16_t)(packets * (get_le16(im->endpoint + 4) & 0x7ff)));
	lsusb_build_problem(im, &im->note.guessed, block->line);
}

// A container id (USB3.2 9.6.2.3) tells one unit from another, as a serial number does.
static void make_anonymous(struct lsusb_block *block)
{
	if (block->type == 0x10 && block->bytes[2] == 0x04 && block->length == 20)
		for (unsigned i = 0; i < 16; i++)
			block->bytes[4 + i] = (uint8_t)(0x11 * i);
}

// Bytes in the middle of a standard descriptor for which the dump has no line.
static unsigned count_holes(const struct lsusb_block *block)
{
	const bool is_standard = block->type <= 0x06 || block->type == 0x0b || block->type == 0x0f;
	unsigned holes = 0;

	for (unsigned i = 2; is_standard && i < block->fill && i < block->length; i++)
		holes += !block->is_written[i];
	return holes;
}

void lsusb_build_close(struct lsusb_import *im)
{
	struct lsusb_block *block = &im->block;
	unsigned holes;

	if (!block->is_open)
		return;
	block->is_open = false;
	if (!block->type && !block->has_type) {
		lsusb_build_problem(im, &im->note.skipped, block->line);
		return;
	}
	guess_companion(im);
	if (block->length < 2)
		block->length = block->fill;
	holes = count_holes(block);
	// lsusb prints neither the last byte of a qualifier or SuperSpeed hub nor all of a companion.
	if (block->type == 0x30 || (block->type == 0x06 && block->fill == 9) ||
	    (block->type == 0x2a && block->fill == 11 && block->length == 12))
		block->fill = block->length;
	if (holes) {
		im->note.padded += holes;
		im->note.last_line = block->line;
	}
	if (block->fill < block->length) {
		im->note.padded += block->length - block->fill;
		im->note.last_line = block->line;
	} else if (block->fill > block->length) {
		im->note.cut += block->fill - block->length;
		im->note.last_line = block->line;
	}
	block->bytes[0] = (uint8_t)block->length;
	block->bytes[1] = block->type;
	make_anonymous(block);
	lsusb_build_append(im, block->bytes, block->length, block->is_hub, block->line);
}

void lsusb_build_open(struct lsusb_import *im, unsigned line)
{
	lsusb_build_close(im);
	memset(&im->block, 0, sizeof(im->block));
	im->block.is_open = true;
	im->block.fill = 2;
	im->block.line = line;
	im->is_resting = false;
}

void lsusb_build_heading(struct lsusb_import *im, const struct lsusb_header *header, unsigned line)
{
	struct lsusb_block *block = &im->block;

	if (!header->type) {
		lsusb_build_close(im);
		im->is_resting = true;
		return;
	}
	lsusb_build_open(im, line);
	block->type = header->type;
	block->length = header->length;
	block->is_hub = header->type == 0x29;
	if (header->subtype == 0xff)
		return;
	if (header->type == 0x10)
		block->capability = header->subtype;
	block->bytes[2] = header->subtype;
	// A class-specific heading with a known subtype replaces its line; a capability prints it.
	block->fill = header->type == 0x24 ? 3 : 2;
}

// Appends what a line gives to the open descriptor, at its fixed place or after the last field.
void lsusb_build_put(struct lsusb_import *im, const char *name, const uint8_t *bytes, unsigned len)
{
	struct lsusb_block *block = &im->block;
	unsigned at = lsusb_layout_offset(block, name);

	if (at + len > 255) {
		im->note.cut += len;
		im->note.last_line = block->line;
		return;
	}
	memcpy(block->bytes + at, bytes, len);
	memset(block->is_written + at, true, len);
	if (block->fill < at + len)
		block->fill = at + len;
}

// bLength and bDescriptorType, which shape the block. true when the line was one of them.
static bool take_shape(struct lsusb_import *im, const struct lsusb_field *field)
{
	struct lsusb_block *block = &im->block;
	bool is_length = !strcmp(field->name, "bLength");
	unsigned line = field->value.number, digits;
	uint64_t number;

	if (!is_length && strcmp(field->name, "bDescriptorType"))
		return false;
	if (!is_length && block->is_open && block->has_type)
		return false; // the type of a subordinate descriptor, a field like any other
	if (!lsusb_field_number(field, &number, &digits) || number > 255) {
		lsusb_build_problem(im, &im->note.skipped, line);
		return true;
	}
	if (is_length) {
		if (!block->is_open || block->has_length || block->has_type || block->fill > 3)
			lsusb_build_open(im, line);
		block->has_length = true;
		block->length = (unsigned)number;
	} else if (block->is_open) {
		block->has_type = true;
		block->type = (uint8_t)number;
	} else {
		lsusb_build_problem(im, &im->note.skipped, line);
	}
	return true;
}

// MaxPower is printed in mA; the descriptor counts in 2 mA or 8 mA.
static uint8_t power_units(const struct lsusb_import *im, uint64_t milliamps)
{
	bool is_by_8 = im->is_power_by_8ma && milliamps % 8 == 0;

	return (uint8_t)(milliamps / (is_by_8 ? 8 : 2));
}

static unsigned log2_of(uint64_t number)
{
	unsigned log = 0;

	while (number > 1 && log < 31) {
		number >>= 1;
		log++;
	}
	return log;
}

// Fields whose bytes are not the printed number. 0 when the field is an ordinary one.
static unsigned encode_scaled(struct lsusb_import *im, const struct lsusb_field *field,
			      uint8_t ret[64])
{
	unsigned digits;
	uint64_t number;

	if (!lsusb_field_number(field, &number, &digits))
		return 0;
	if (!strcmp(field->name, "MaxPower"))
		ret[0] = power_units(im, number);
	else if (!strcmp(field->name, "MaxStreams"))
		ret[0] = (uint8_t)log2_of(number);
	else if (!strcmp(field->name, "bHubContrCurrent") && im->block.type == 0x2a)
		ret[0] = (uint8_t)(number / 4); // USB3.2 table 10-4: in 4 mA
	else
		return 0;
	return 1;
}

// What later lines need to know of this one.
static void remember(struct lsusb_import *im, const struct lsusb_field *field, const uint8_t *bytes)
{
	struct lsusb_block *block = &im->block;

	if (!strcmp(field->name, "bControlSize"))
		block->control_bytes = bytes[0];
	else if (!strcmp(field->name, "bDevCapabilityType"))
		block->capability = bytes[0];
	else if (!strcmp(field->name, "bcdUSB") && block->type == 0x01)
		im->is_power_by_8ma = get_le16(bytes) >= 0x0300;
	lsusb_string_note(&im->strings, field);
}

void lsusb_build_field(struct lsusb_import *im, const struct lsusb_field *field)
{
	struct lsusb_block *block = &im->block;
	uint8_t bytes[64];
	unsigned len;

	if (im->is_resting || take_shape(im, field))
		return;
	// The companion comes without heading and length (USB3.2 9.6.7).
	if (!strcmp(field->name, "bMaxBurst") && block->type != 0x30) {
		lsusb_build_open(im, field->value.number);
		block->type = 0x30;
		block->has_type = true;
		block->length = 6;
	}
	len = encode_scaled(im, field, bytes);
	if (!len)
		len = lsusb_field_encode(field, block, im->is_guid_raw, bytes);
	if (!len && !strncmp(field->name, "guid", 4))
		return; // wrapped: it follows on the next line
	if (!block->is_open || !len) {
		lsusb_build_problem(im, &im->note.skipped, field->value.number);
		return;
	}
	lsusb_build_put(im, field->name, bytes, len);
	remember(im, field, bytes);
}
