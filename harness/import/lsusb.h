// SPDX-License-Identifier: MIT
/*
 * Private to the lsusb importer: a line, a field of a descriptor, the descriptor being built, the
 * strings met on the way.
 */
#ifndef IMPORT_LSUSB_H
#define IMPORT_LSUSB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/import.h"

struct lsusb_line {
	const char *at;
	const char *end;
	unsigned number; // from 1
};

// `name value ...`, `name( 3) value` or `name[3] value`.
struct lsusb_field {
	char name[40];
	bool in_array;
	struct lsusb_line value; // what follows the name, without leading blanks
};

// One descriptor under construction.
struct lsusb_block {
	uint8_t bytes[256];
	bool is_written[256];  // by a field of the dump
	unsigned fill;         // where the next field without a fixed place goes
	unsigned length;       // bLength, or the usual length of this kind; 0 = not known
	uint8_t type;          // bDescriptorType
	uint8_t capability;    // bDevCapabilityType of a capability
	uint8_t control_bytes; // bControlSize, which sets the width of a later bmControls
	bool is_open;
	bool has_length; // bLength was read
	bool has_type;   // bDescriptorType was read
	bool is_hub;
	unsigned line; // where it began
};

struct lsusb_string {
	const char *text; // UTF-8 inside the input, or a neutral literal; NULL = not known
	size_t len;
};

struct lsusb_strings {
	struct lsusb_string at[256];
	unsigned count; // highest index known + 1
};

// A byte vector that only grows; once an allocation failed it stays as it is and says so.
struct lsusb_bytes {
	uint8_t *data;
	size_t len;
	size_t size;
	bool has_failed;
};

void lsusb_bytes_append(struct lsusb_bytes *bytes, const void *data, size_t len);

// lsusb_field.c
bool lsusb_line_starts(const struct lsusb_line *line, const char *prefix);
void lsusb_line_skip_blanks(struct lsusb_line *line);
bool lsusb_field_split(const struct lsusb_line *line, struct lsusb_field *ret);
bool lsusb_field_number(const struct lsusb_field *field, uint64_t *ret, unsigned *ret_digits);
unsigned lsusb_field_encode(const struct lsusb_field *field, const struct lsusb_block *block,
			    bool is_guid_raw, uint8_t ret[64]);
unsigned lsusb_hex_encode(const struct lsusb_line *line, uint8_t *ret, unsigned size);

// lsusb_layout.c
struct lsusb_header {
	const char *text;
	uint8_t type;
	uint8_t subtype; // 0xff = the dump prints it
	uint8_t length;  // 0 = the dump prints it
};
const struct lsusb_header *lsusb_header_find(const struct lsusb_line *line);
unsigned lsusb_layout_offset(const struct lsusb_block *block, const char *name);

struct lsusb_import {
	struct import_note note;
	struct lsusb_bytes device, configs, qualifier, bos, hub;
	size_t config_at; // start of the current configuration
	unsigned config_count;
	struct lsusb_block block;
	struct lsusb_strings strings;
	uint8_t endpoint[9];  // the last one, for what its companion needs
	bool is_guid_raw;     // this lsusb printed GUIDs as bytes in order
	bool is_power_by_8ma; // SuperSpeed counts bMaxPower in 8 mA (USB3.2 9.6.3)
	bool is_resting;      // inside something that is no part of the set
};

// lsusb_build.c
void lsusb_build_problem(struct lsusb_import *im, unsigned *count, unsigned line);
void lsusb_build_open(struct lsusb_import *im, unsigned line);
void lsusb_build_heading(struct lsusb_import *im, const struct lsusb_header *header, unsigned line);
void lsusb_build_field(struct lsusb_import *im, const struct lsusb_field *field);
void lsusb_build_put(struct lsusb_import *im, const char *name, const uint8_t *bytes, unsigned len);
void lsusb_build_append(struct lsusb_import *im, const uint8_t *bytes, unsigned len, bool is_hub,
			unsigned line);
void lsusb_build_close(struct lsusb_import *im);
void lsusb_build_close_config(struct lsusb_import *im, unsigned line);

// lsusb_string.c
void lsusb_string_note(struct lsusb_strings *strings, const struct lsusb_field *field);
void lsusb_string_emit(const struct lsusb_strings *strings, struct lsusb_bytes *bytes);

#endif
