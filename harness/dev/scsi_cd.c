// SPDX-License-Identifier: MIT
/*
 * scsi_cd.c -- what only a CD or DVD drive is asked (MMC-6, 6): table of contents, features, media
 * events, disc information, READ CD. One session, one data track. Left out: audio, sub-channels,
 * READ DVD STRUCTURE, everything that writes.
 */
#include "dev/scsi.h"

#define LEAD_OUT 0xaau
#define DATA_TRACK 0x14u      /* ADR 1, CONTROL 4 */
#define CD_MAX_BLOCKS 360000u /* 80 minutes; more is a DVD */
#define PROFILE_CD_ROM 0x0008u
#define PROFILE_DVD_ROM 0x0010u
#define CURRENT 0x01u /* of a feature: it is active now */
#define PERSISTENT 0x02u
#define MAX_FEATURE_BYTES 96u

/* Minutes, seconds, frames; MMC-6, 4.2.3: the first block is at 0:2:0. */
static void put_msf(uint8_t *to, uint64_t lba)
{
	uint64_t frames = min_u64(lba + 150, 100 * 60 * 75 - 1);

	to[0] = (uint8_t)(frames / 75 / 60);
	to[1] = frames / 75 % 60;
	to[2] = frames % 75;
}

/* A track's address as READ TOC gives it. */
static void put_address(const struct scsi *s, uint8_t *to, uint64_t lba)
{
	if (s->cdb[1] & 0x02)
		put_msf(to + 1, lba);
	else
		put_be32(to, (uint32_t)min_u64(lba, UINT32_MAX));
}

/* Each format returns its length; the first two bytes are filled in by the caller. */

static size_t toc_tracks(const struct scsi *s, uint8_t *data)
{
	size_t len = 4;

	data[2] = data[3] = 1;
	if (s->cdb[6] <= 1) {
		data[len + 1] = DATA_TRACK;
		data[len + 2] = 1;
		put_address(s, data + len + 4, 0);
		len += 8;
	}
	data[len + 1] = DATA_TRACK;
	data[len + 2] = LEAD_OUT;
	put_address(s, data + len + 4, scsi_block_count(s));
	return len + 8;
}

static size_t toc_session(const struct scsi *s, uint8_t *data)
{
	data[2] = data[3] = 1;
	data[5] = DATA_TRACK;
	data[6] = 1;
	put_address(s, data + 8, 0);
	return 12;
}

/* MMC-6, 6.26.3.4: first track, last track, lead-out, and the track. */
static size_t toc_raw(const struct scsi *s, uint8_t *data)
{
	static const uint8_t points[] = {0xa0, 0xa1, 0xa2, 1};
	size_t len = 4;

	data[2] = data[3] = 1;
	for (size_t i = 0; i < sizeof(points); i++, len += 11) {
		data[len] = 1; /* session */
		data[len + 1] = DATA_TRACK;
		data[len + 3] = points[i];
		if (points[i] == 0xa2 || points[i] == 1)
			put_msf(data + len + 8, points[i] == 1 ? 0 : scsi_block_count(s));
		else
			data[len + 8] = 1;
	}
	return len;
}

void scsi_read_toc(struct scsi *s)
{
	unsigned format = s->cdb[2] & 0x0f, track = s->cdb[6];
	uint8_t data[4 + 4 * 11] = {0};
	size_t len;

	if (!format)
		format = s->cdb[9] >> 6; /* as it was before MMC */
	if (format > 2) {
		scsi_fail_cdb(s, 2);
		return;
	}
	if (format != 1 && track > 1 && track != LEAD_OUT) {
		scsi_fail_cdb(s, 6);
		return;
	}
	len = format == 0     ? toc_tracks(s, data)
		: format == 1 ? toc_session(s, data)
			      : toc_raw(s, data);
	put_be16(data, (uint16_t)(len - 2));
	scsi_reply(s, data, len, get_be16(s->cdb + 7));
}

/* ---- GET CONFIGURATION (MMC-6, 5.2, 5.3, 6.5) ---------------------------------------------- */

struct feature {
	uint16_t code;
	uint8_t flags; /* version << 2, PERSISTENT, CURRENT */
	uint8_t len;
	uint8_t data[8];
};

static unsigned profile(const struct scsi *s)
{
	if (!scsi_has_medium(s))
		return 0;
	return scsi_block_count(s) > CD_MAX_BLOCKS ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

static const struct feature features[] = {
	{0x0000, PERSISTENT | CURRENT, 8, {0x00, 0x10, 0, 0, 0x00, 0x08}},
	{0x0001, 2 << 2 | PERSISTENT | CURRENT, 8, {0, 0, 0, 8 /* USB */, 1 /* DBE */}},
	{0x0003, PERSISTENT | CURRENT, 4, {0x29}}, /* a tray that can be locked and opened */
	{0x0010, 0, 8, {0, 0, SCSI_CD_BLOCK_BYTES >> 8, 0, 0, 1}},
	{0x001e, 2 << 2, 4, {0}},
	{0x001f, 0, 4, {0}},
};

/* CURRENT in flags as it is with this medium. */
static struct feature feature_now(const struct scsi *s, const struct feature *f)
{
	struct feature now = *f;
	unsigned p = profile(s);

	if ((f->code == 0x0010 && p) || (f->code == 0x001e && p == PROFILE_CD_ROM) ||
	    (f->code == 0x001f && p == PROFILE_DVD_ROM))
		now.flags |= CURRENT;
	if (f->code == 0) {
		now.data[2] = p == PROFILE_DVD_ROM;
		now.data[6] = p == PROFILE_CD_ROM;
	}
	return now;
}

void scsi_get_configuration(struct scsi *s)
{
	unsigned which = s->cdb[1] & 3, first = get_be16(s->cdb + 2);
	uint8_t data[MAX_FEATURE_BYTES] = {0};
	size_t len = 8;

	if (which == 3) {
		scsi_fail_cdb(s, 1);
		return;
	}
	put_be16(data + 6, (uint16_t)profile(s));
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		struct feature f = feature_now(s, &features[i]);

		if (f.code < first || (which == 2 && f.code != first) ||
		    (which == 1 && !(f.flags & CURRENT)))
			continue;
		put_be16(data + len, f.code);
		data[len + 2] = f.flags;
		data[len + 3] = f.len;
		memcpy(data + len + 4, f.data, f.len);
		len += 4u + f.len;
	}
	REQUIRE(len <= sizeof(data));
	put_be32(data, (uint32_t)(len - 4));
	scsi_reply(s, data, len, get_be16(s->cdb + 7));
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* MMC-6, 6.6: polled only; media events only. */
void scsi_get_event(struct scsi *s)
{
	uint8_t data[8] = {0, 2, 0x80 /* none of those */, 0x10};

	if (!(s->cdb[1] & 1)) {
		scsi_fail_cdb(s, 1);
		return;
	}
	if (!(s->cdb[4] & 0x10)) {
		scsi_reply(s, data, 4, get_be16(s->cdb + 7));
		return;
	}
	data[1] = 6;
	data[2] = 4;
	data[4] = s->event;
	data[5] = (uint8_t)((s->ejected ? 0x01 : 0) | (scsi_has_medium(s) ? 0x02 : 0));
	if (get_be16(s->cdb + 7) >= sizeof(data))
		s->event = SCSI_EVENT_NONE;
	scsi_reply(s, data, sizeof(data), get_be16(s->cdb + 7));
}

void scsi_read_disc_information(struct scsi *s)
{
	uint8_t data[34] = {
		[1] = 32, [2] = 0x0e, /* finalized, the last session complete */
		[3] = 1,  [4] = 1,    [5] = 1, [6] = 1, [7] = 0x20 /* unrestricted use */,
	};

	if (s->cdb[1] & 0x07) {
		scsi_fail_cdb(s, 1);
		return;
	}
	memset(data + 16, 0xff, 8); /* no further session's lead-in and lead-out */
	scsi_reply(s, data, sizeof(data), get_be16(s->cdb + 7));
}

void scsi_mechanism_status(struct scsi *s)
{
	uint8_t data[8] = {[1] = s->ejected ? 0x10 : 0 /* door open */};

	scsi_reply(s, data, sizeof(data), get_be16(s->cdb + 8));
}

/* MMC-6, 6.18: the user data of blocks, or nothing of them. */
void scsi_read_cd(struct scsi *s)
{
	uint64_t lba = get_be32(s->cdb + 2), count = get_be32(s->cdb + 5) & 0xffffff;
	uint64_t block_count = scsi_block_count(s);
	unsigned type = s->cdb[1] >> 2 & 7;

	if (type > 2 || type == 1)
		scsi_fail_cdb(s, 1);
	else if (lba > block_count || count > block_count - lba)
		scsi_fail_lba(s, SCSI_ILLEGAL_REQUEST, SCSI_LBA_RANGE, lba);
	else if (s->cdb[10] & 7 || (s->cdb[9] & 0xfe && s->cdb[9] != 0x10))
		scsi_fail_cdb(s, s->cdb[10] & 7 ? 10 : 9);
	else if (s->cdb[9])
		scsi_blocks(s, SCSI_WORK_READ, lba, count);
}
