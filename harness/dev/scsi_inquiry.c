// SPDX-License-Identifier: MIT
/*
 * scsi_inquiry.c -- INQUIRY with its vital product data pages, REPORT LUNS (SPC-4, 6.6, 6.33, 7.8;
 * SBC-3, 6.6).
 */
#include "dev/scsi.h"

#define STANDARD_BYTES 36u
#define MAX_PAGE_BYTES 64u

#define VENDOR "usbgaunt"
#define REVISION "0001"
#define SERIAL "0001"

static uint8_t peripheral(const struct scsi *s)
{
	return s->lun ? 0x7f : s->type; /* 3 << 5 | 0x1f: no such unit */
}

static const char *product(const struct scsi *s)
{
	return s->type == SCSI_CD ? "cd-rom          " : "disk            ";
}

static void standard(struct scsi *s)
{
	uint8_t data[STANDARD_BYTES] = {
		[0] = peripheral(s),      [1] = 0x80 /* removable */, [2] = 6 /* SPC-4 */, [3] = 2,
		[4] = STANDARD_BYTES - 5,
	};

	memcpy(data + 8, VENDOR, 8);
	memcpy(data + 16, product(s), 16);
	memcpy(data + 32, REVISION, 4);
	scsi_reply(s, data, sizeof(data), get_be16(s->cdb + 3));
}

/* Each page returns its length after the four bytes of head. */

static const uint8_t page_codes[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};

/* The last three are of direct access. */
static size_t page_count(const struct scsi *s)
{
	return s->type == SCSI_CD ? 3 : sizeof(page_codes);
}

static size_t supported_pages(const struct scsi *s, uint8_t *data)
{
	memcpy(data, page_codes, page_count(s));
	return page_count(s);
}

static size_t serial_page(const struct scsi *s, uint8_t *data)
{
	(void)s;
	memcpy(data, SERIAL, 4);
	return 4;
}

static size_t identification_page(const struct scsi *s, uint8_t *data)
{
	static const uint8_t naa[8] = {0x30, 0, 0, 0, 0, 0, 0, 1}; /* locally assigned */

	data[0] = 2; /* ASCII */
	data[1] = 1; /* T10 vendor id */
	data[3] = 28;
	memcpy(data + 4, VENDOR, 8);
	memcpy(data + 12, product(s), 16);
	memcpy(data + 28, SERIAL, 4);
	data[32] = 1; /* binary */
	data[33] = 3; /* NAA */
	data[35] = sizeof(naa);
	memcpy(data + 36, naa, sizeof(naa));
	return 36 + sizeof(naa);
}

/* SBC-3, 6.6.3; offsets are those of the standard minus the head of 4. */
static size_t limits_page(const struct scsi *s, uint8_t *data)
{
	(void)s;
	data[0] = 1;                     /* WSNZ: WRITE SAME of 0 blocks is refused */
	put_be16(data + 2, 8);           /* optimal transfer granularity, blocks */
	put_be32(data + 16, UINT32_MAX); /* maximum unmap LBA count: no limit */
	put_be32(data + 20, SCSI_MAX_UNMAP_DESCS);
	put_be32(data + 24, 1); /* optimal unmap granularity */
	put_be64(data + 32, SCSI_MAX_SAME);
	return 60;
}

static size_t characteristics_page(const struct scsi *s, uint8_t *data)
{
	(void)s;
	put_be16(data, 1); /* not rotating */
	return 60;
}

static size_t provisioning_page(const struct scsi *s, uint8_t *data)
{
	(void)s;
	data[1] = 0x80; /* LBPU: UNMAP is there */
	data[2] = 2;    /* thin */
	return 4;
}

static void vital_page(struct scsi *s)
{
	static size_t (*const page[])(const struct scsi *s, uint8_t *data) = {
		supported_pages, serial_page,          identification_page,
		limits_page,     characteristics_page, provisioning_page,
	};
	const uint8_t *code = memchr(page_codes, s->cdb[2], page_count(s));
	uint8_t data[MAX_PAGE_BYTES] = {peripheral(s), s->cdb[2]};
	size_t len;

	if (!code) {
		scsi_fail_cdb(s, 2);
		return;
	}
	len = page[code - page_codes](s, data + 4);
	REQUIRE(len + 4 <= sizeof(data));
	put_be16(data + 2, (uint16_t)len);
	scsi_reply(s, data, len + 4, get_be16(s->cdb + 3));
}

void scsi_inquiry(struct scsi *s)
{
	if (s->cdb[1] & 0x02) /* CmdDt: obsolete */
		scsi_fail_cdb(s, 1);
	else if (s->cdb[1] & 0x01)
		vital_page(s);
	else if (s->cdb[2])
		scsi_fail_cdb(s, 2);
	else
		standard(s);
}

void scsi_report_luns(struct scsi *s)
{
	uint8_t data[16] = {[3] = 8}; /* one: LUN 0 */
	uint32_t allocation = get_be32(s->cdb + 6);

	if (s->cdb[2] > 2) {
		scsi_fail_cdb(s, 2);
	} else if (allocation < 16) {
		scsi_fail_cdb(s, 6);
	} else if (s->cdb[2] == 1) { /* well known units: none */
		data[3] = 0;
		scsi_reply(s, data, 8, allocation);
	} else {
		scsi_reply(s, data, sizeof(data), allocation);
	}
}
