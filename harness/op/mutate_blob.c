// SPDX-License-Identifier: MIT
/*
 * mutate_blob.c -- bytes of blobs: what an op of this kind usually carries, and edits of it.
 */
#include "op/mutate.h"

void mutate_blob_insert(struct mutate_blob *blob, unsigned at, const uint8_t *bytes, unsigned len)
{
	REQUIRE(at <= blob->len);
	len = (unsigned)min_u64(len, OP_MAX_BLOB - blob->len);
	if (!len)
		return;
	memmove(blob->bytes + at + len, blob->bytes + at, blob->len - at);
	memcpy(blob->bytes + at, bytes, len);
	blob->len += len;
}

void mutate_blob_remove(struct mutate_blob *blob, unsigned at, unsigned len)
{
	REQUIRE(at <= blob->len && len <= blob->len - at);
	memmove(blob->bytes + at, blob->bytes + at + len, blob->len - at - len);
	blob->len -= len;
}

/* ---- fresh ones ---------------------------------------------------------------------------- */

/* SPC-4, SBC-3; the length says where the CDB ends. */
static const uint8_t cdb_list[][16] = {
	{0x00},                                            /* TEST UNIT READY */
	{0x03, 0, 0, 0, 18},                               /* REQUEST SENSE */
	{0x12, 0, 0, 0, 36},                               /* INQUIRY */
	{0x12, 1, 0x80, 0, 255},                           /* INQUIRY, VPD page */
	{0x12, 1, 0x83, 0, 255},                           /* */
	{0x15, 0x10, 0, 0, 4},                             /* MODE SELECT(6) */
	{0x1a, 0, 0x3f, 0, 192},                           /* MODE SENSE(6) */
	{0x1b, 0, 0, 0, 1},                                /* START STOP UNIT */
	{0x1e, 0, 0, 0, 1},                                /* PREVENT ALLOW MEDIUM REMOVAL */
	{0x08, 0, 0, 0, 1},                                /* READ(6) */
	{0x0a, 0, 0, 0, 1},                                /* WRITE(6) */
	{0x23, 0, 0, 0, 0, 0, 0, 0, 252},                  /* READ FORMAT CAPACITIES */
	{0x25},                                            /* READ CAPACITY(10) */
	{0x28, 0, 0, 0, 0, 0, 0, 0, 1},                    /* READ(10) */
	{0x2a, 0, 0, 0, 0, 0, 0, 0, 1},                    /* WRITE(10) */
	{0x2f, 0, 0, 0, 0, 0, 0, 0, 1},                    /* VERIFY(10) */
	{0x35},                                            /* SYNCHRONIZE CACHE(10) */
	{0x41, 0, 0, 0, 0, 0, 0, 0, 1},                    /* WRITE SAME(10) */
	{0x42, 0, 0, 0, 0, 0, 0, 0, 24},                   /* UNMAP */
	{0x43, 2, 0, 0, 0, 0, 0, 0, 20},                   /* READ TOC */
	{0x46, 0, 0, 0, 0, 0, 0, 1},                       /* GET CONFIGURATION */
	{0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8},                 /* GET EVENT STATUS NOTIFICATION */
	{0x51, 0, 0, 0, 0, 0, 0, 0, 34},                   /* READ DISC INFORMATION */
	{0x55, 0x10, 0, 0, 0, 0, 0, 0, 8},                 /* MODE SELECT(10) */
	{0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 192},               /* MODE SENSE(10) */
	{0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},     /* READ(16) */
	{0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},     /* WRITE(16) */
	{0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32}, /* READ CAPACITY(16) */
	{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16},                /* REPORT LUNS */
	{0xbe, 0, 0, 0, 0, 1, 0, 0, 1, 0x10},              /* READ CD */
	{0xff},
};

static unsigned cdb_length(uint8_t opcode)
{
	static const uint8_t by_group[8] = {6, 10, 10, 6, 16, 12, 10, 16};

	return by_group[opcode >> 5];
}

static void fill_cdb(struct op_random *r, struct mutate_blob *blob)
{
	const uint8_t *cdb = cdb_list[op_random_below(r, ARRAY_SIZE(cdb_list))];

	mutate_blob_insert(blob, 0, cdb, cdb_length(cdb[0]));
}

/* A USB mass storage Command Block Wrapper (BOT 5.1) around a CDB. */
static void fill_cbw(struct op_random *r, struct mutate_blob *blob)
{
	const uint8_t *cdb = cdb_list[op_random_below(r, ARRAY_SIZE(cdb_list))];
	uint8_t cbw[31] = "USBC";

	put_le32(cbw + 4, (uint32_t)op_random_next(r));
	put_le32(cbw + 8, 1u << op_random_below(r, 17));
	cbw[12] = op_random_one_in(r, 2) ? 0x80 : 0;
	cbw[14] = (uint8_t)cdb_length(cdb[0]);
	memcpy(cbw + 15, cdb, 16);
	mutate_blob_insert(blob, 0, cbw, sizeof(cbw));
}

/* What the command pipe of USB Attached SCSI takes (UAS-2, 6.2): mostly a command, with a small tag. */
static void fill_iu(struct op_random *r, struct mutate_blob *blob)
{
	static const uint8_t function[] = {1, 2, 4, 8, 0x10, 0x40, 0x80, 0x81};
	const uint8_t *cdb = cdb_list[op_random_below(r, ARRAY_SIZE(cdb_list))];
	uint8_t iu[32] = {1};

	put_be16(iu + 2,
		 (uint16_t)(op_random_one_in(r, 16) ? op_random_next(r)
						    : 1 + op_random_below(r, 7)));
	if (!op_random_one_in(r, 6)) {
		memcpy(iu + 16, cdb, 16);
		mutate_blob_insert(blob, 0, iu, sizeof(iu));
		return;
	}
	iu[0] = 5;
	iu[4] = function[op_random_below(r, ARRAY_SIZE(function))];
	put_be16(iu + 6, (uint16_t)(1 + op_random_below(r, 7)));
	mutate_blob_insert(blob, 0, iu, 16);
}

/* One to four TRBs or context lines: few bits set, so that some of it makes sense. */
static void fill_trbs(struct op_random *r, struct mutate_blob *blob)
{
	unsigned n = 1 + op_random_below(r, 4);
	uint8_t trb[16];

	while (n--) {
		put_le64(trb, op_random_one_in(r, 2) ? 0 : op_random_next(r) >> 32 & ~0xfu);
		put_le32(trb + 8, 1u << op_random_below(r, 17));
		put_le32(trb + 12,
			 op_random_below(r, 64) << 10 | op_random_below(r, 0x80) |
				 op_random_below(r, 32) << 16);
		mutate_blob_insert(blob, 0, trb, sizeof(trb));
	}
}

static void fill_noise(struct op_random *r, struct mutate_blob *blob)
{
	unsigned i, n = 1 + op_random_below(r, 1u << op_random_below(r, 8));

	for (i = 0; i < n; i++)
		blob->bytes[i] = (uint8_t)op_random_next(r);
	blob->len = n;
}

void mutate_blob_fill(struct op_random *r, unsigned op_id, struct mutate_blob *blob)
{
	blob->len = 0;
	if (op_random_one_in(r, 8)) {
		fill_noise(r, blob);
		return;
	}
	switch (op_id) {
	case OP_DESCRIPTORS:
	case OP_ANSWER:
	case OP_FINISH:
		mutate_desc_fill(r, blob);
		break;
	case OP_SCSI:
		fill_cdb(r, blob);
		break;
	case OP_TRANSFER:
		if (op_random_one_in(r, 3))
			fill_iu(r, blob);
		else
			fill_cbw(r, blob);
		break;
	case OP_MEMORY:
	case OP_FLIP:
	case OP_ONDEMAND:
		fill_trbs(r, blob);
		break;
	default:
		fill_noise(r, blob);
	}
}

/* ---- edits --------------------------------------------------------------------------------- */

static void edit_number(struct op_random *r, struct mutate_blob *blob)
{
	static const uint32_t edges[] = {0,      1,       2,       7,          8,
					 9,      0x7f,    0x80,    0xff,       0x100,
					 0x1ff,  0x200,   0x400,   0x7fff,     0x8000,
					 0xffff, 0x10000, 0x1ffff, 0x80000000, 0xffffffff};
	unsigned size = 1u << op_random_below(r, 3), at;
	uint32_t v = edges[op_random_below(r, ARRAY_SIZE(edges))];
	uint8_t raw[4];

	if (size > blob->len)
		size = 1;
	at = op_random_below(r, blob->len - size + 1);
	if (blob->len >= 16 && op_random_one_in(r, 2))
		at &= ~(size - 1);
	put_le32(raw, op_random_one_in(r, 4) ? __builtin_bswap32(v) >> (32 - 8 * size) : v);
	memcpy(blob->bytes + at, raw, size);
}

static void edit_copy(struct op_random *r, struct mutate_blob *blob)
{
	unsigned from = op_random_below(r, blob->len);
	unsigned n = 1 + op_random_below(r, (unsigned)min_u64(blob->len - from, 64));
	uint8_t part[64];

	memcpy(part, blob->bytes + from, n);
	mutate_blob_insert(blob, op_random_below(r, blob->len + 1), part, n);
}

static void edit_cut(struct op_random *r, struct mutate_blob *blob)
{
	unsigned at = op_random_below(r, blob->len);
	unsigned n = 1 + op_random_below(r, (unsigned)min_u64(blob->len - at, 64));

	if (op_random_one_in(r, 3))
		n = blob->len - at; /* truncate */
	mutate_blob_remove(blob, at, n);
}

static void edit_grow(struct op_random *r, struct mutate_blob *blob)
{
	uint8_t part[256];
	unsigned n = 1u << op_random_below(r, 9);

	memset(part, (int)op_random_below(r, 3) - 1, sizeof(part));
	mutate_blob_insert(blob, op_random_below(r, blob->len + 1), part, n);
}

void mutate_blob_change(struct op_random *r, unsigned op_id, struct mutate_blob *blob)
{
	bool descriptors = op_id == OP_DESCRIPTORS || op_id == OP_ANSWER || op_id == OP_FINISH;

	if (!blob->len || op_random_one_in(r, 16)) {
		mutate_blob_fill(r, op_id, blob);
		return;
	}
	if (descriptors && op_random_below(r, 4)) {
		mutate_desc_change(r, blob);
		return;
	}
	if (LLVMFuzzerMutate && op_random_one_in(r, 3)) {
		blob->len = (unsigned)LLVMFuzzerMutate(blob->bytes, blob->len, OP_MAX_BLOB);
		return;
	}
	switch (op_random_below(r, 6)) {
	case 0:
		blob->bytes[op_random_below(r, blob->len)] ^=
			(uint8_t)(1u << op_random_below(r, 8));
		break;
	case 1:
		edit_copy(r, blob);
		break;
	case 2:
		edit_cut(r, blob);
		break;
	case 3:
		edit_grow(r, blob);
		break;
	default:
		edit_number(r, blob);
	}
}
