// SPDX-License-Identifier: MIT
/*
 * scsi_mode.c -- MODE SENSE and MODE SELECT, 6 and 10 (SPC-4, 6.9 to 6.12, 7.5; SBC-3, 6.5). The one
 * thing that can be changed is the write cache. The page of a CD is MMC-3's. Left out: subpages, saved
 * values.
 */
#include "dev/scsi.h"

#define PAGE_ALL 0x3fu
#define CACHING 0x08u
#define WRITE_CACHE_ENABLE 0x04u
#define CD_CAPABILITIES 0x2au
#define MAX_PAGE_BYTES 22u
#define MAX_MODE_BYTES 128u

enum page_control {
	CURRENT,
	CHANGEABLE,
	DEFAULT,
	SAVED
};

struct mode_page {
	uint8_t code;
	uint8_t len;    /* with the two bytes of head */
	uint8_t not_of; /* enum scsi_type that has it not; 0xff: both have it */
};

static const struct mode_page pages[] = {
	{0x01, 12, 0xff}, /* read-write error recovery */
	{CACHING, 20, SCSI_CD},
	{0x0a, 12, SCSI_CD}, /* control */
	{0x1c, 12, 0xff},    /* informational exceptions */
	{CD_CAPABILITIES, 22, SCSI_DISK},
};

/* MMC-3, 5.5.10: reads CD-R, CD-RW and DVD, writes nothing; a tray that can be locked and opened. */
static void fill_cd_capabilities(uint8_t *data)
{
	data[2] = 0x0b;
	data[4] = 0x70; /* several sessions, mode 2 forms 1 and 2 */
	data[6] = 0x29;
	put_be16(data + 8, 24 * 176);  /* maximum speed, kB/s */
	put_be16(data + 12, 512);      /* buffer, kB */
	put_be16(data + 14, 24 * 176); /* speed now */
}

static void fill_page(const struct scsi *s, const struct mode_page *page, enum page_control pc,
		      uint8_t *data)
{
	memset(data, 0, page->len);
	data[0] = page->code;
	data[1] = page->len - 2;
	if (page->code == CACHING && (s->write_cache || pc != CURRENT))
		data[2] = WRITE_CACHE_ENABLE;
	if (page->code == 0x01 && pc != CHANGEABLE)
		data[2] = s->type == SCSI_CD ? 0 : 0xc0; /* automatic reallocation */
	if (page->code == CD_CAPABILITIES && pc != CHANGEABLE)
		fill_cd_capabilities(data);
}

/* Returns its length. */
static size_t block_descriptor(const struct scsi *s, bool long_lba, uint8_t *data)
{
	uint64_t count = s->ejected ? 0 : scsi_block_count(s);

	if (long_lba) {
		put_be64(data, count);
		put_be32(data + 12, scsi_block_bytes(s));
		return 16;
	}
	put_be32(data, (uint32_t)min_u64(count, UINT32_MAX));
	put_be32(data + 4, scsi_block_bytes(s)); /* less than 2^24: the density code stays 0 */
	return 8;
}

static uint8_t device_specific(const struct scsi *s)
{
	if (s->type == SCSI_CD)
		return 0;
	return (s->disk && disk_is_read_only(s->disk) ? 0x80 : 0) | 0x10; /* WP, DPOFUA */
}

void scsi_mode_sense(struct scsi *s)
{
	bool ten = s->cdb[0] == 0x5a;
	bool no_descriptor = s->cdb[1] & 0x08, long_lba = ten && (s->cdb[1] & 0x10);
	unsigned code = s->cdb[2] & 0x3f, found = 0;
	enum page_control pc = s->cdb[2] >> 6;
	uint8_t data[MAX_MODE_BYTES] = {0};
	size_t head = ten ? 8 : 4, len = head, descriptor = 0;

	if (pc == SAVED) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_NOT_SAVABLE);
		return;
	}
	no_descriptor |= s->type == SCSI_CD; /* MMC-6, 7.1.2 */
	if (!no_descriptor)
		len += descriptor = block_descriptor(s, long_lba, data + head);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		if (pages[i].not_of == s->type || (code != PAGE_ALL && code != pages[i].code))
			continue;
		fill_page(s, &pages[i], pc, data + len);
		len += pages[i].len;
		found++;
	}
	REQUIRE(len <= sizeof(data));
	if (!found) {
		scsi_fail_cdb(s, 2);
	} else if (s->cdb[3] != 0x00 && s->cdb[3] != 0xff) {
		scsi_fail_cdb(s, 3);
	} else if (ten) {
		put_be16(data, (uint16_t)(len - 2));
		data[3] = device_specific(s);
		data[4] = long_lba && !no_descriptor;
		put_be16(data + 6, (uint16_t)descriptor);
		scsi_reply(s, data, len, get_be16(s->cdb + 7));
	} else {
		data[0] = (uint8_t)(len - 1);
		data[2] = device_specific(s);
		data[3] = (uint8_t)descriptor;
		scsi_reply(s, data, len, s->cdb[4]);
	}
}

/* One page at pos of the parameter list; returns its length, 0 if the command has failed. Nothing
 * is changed yet: all or nothing. */
static size_t check_page(struct scsi *s, size_t pos, bool *write_cache)
{
	const uint8_t *data = s->buf + pos;
	size_t room = s->buf_len - pos;
	const struct mode_page *page = NULL;
	uint8_t now[MAX_PAGE_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (data[0] == pages[i].code &&
		    pages[i].not_of != s->type) /* PS and SPF must be 0 */
			page = &pages[i];
	if (!page) {
		scsi_fail_parameter(s, (unsigned)pos);
		return 0;
	}
	if (room < page->len) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
		return 0;
	}
	fill_page(s, page, CURRENT, now);
	if (page->code == CACHING)
		now[2] = (now[2] & ~WRITE_CACHE_ENABLE) | (data[2] & WRITE_CACHE_ENABLE);
	for (size_t i = 1; i < page->len; i++) {
		if (data[i] != now[i]) {
			scsi_fail_parameter(s, (unsigned)(pos + i));
			return 0;
		}
	}
	if (page->code == CACHING)
		*write_cache = now[2] & WRITE_CACHE_ENABLE;
	return page->len;
}

static void selected(struct scsi *s)
{
	bool ten = s->cdb[0] == 0x55, write_cache = s->write_cache;
	size_t pos = ten ? 8 : 4, descriptor;

	if (s->buf_len < pos) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
		return;
	}
	descriptor = ten ? get_be16(s->buf + 6) : s->buf[3];
	if (descriptor > s->buf_len - pos) {
		scsi_fail(s, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
		return;
	}
	if (descriptor != 0 && descriptor != 8 && descriptor != 16) {
		scsi_fail_parameter(s, ten ? 6 : 3);
		return;
	}
	if (descriptor && /* the block length cannot be changed; its low three bytes end both forms */
	    (get_be32(s->buf + pos + descriptor - 4) & 0xffffff) != scsi_block_bytes(s)) {
		scsi_fail_parameter(s, (unsigned)(pos + descriptor - 3));
		return;
	}
	for (pos += descriptor; pos < s->buf_len;) {
		size_t len = check_page(s, pos, &write_cache);

		if (!len)
			return;
		pos += len;
	}
	s->write_cache = write_cache;
}

void scsi_mode_select(struct scsi *s)
{
	size_t len = s->cdb[0] == 0x55 ? get_be16(s->cdb + 7) : s->cdb[4];

	if ((s->cdb[1] & 0x11) != 0x10) /* pages in standard format, not to be saved */
		scsi_fail_cdb(s, 1);
	else if (len)
		scsi_expect(s, len, selected);
}
