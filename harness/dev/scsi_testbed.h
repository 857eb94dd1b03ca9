// SPDX-License-Identifier: MIT
/*
 * scsi_testbed.h -- one unit and the last command's data, for the tests of scsi_*.c.
 */
#ifndef DEV_SCSI_TESTBED_H
#define DEV_SCSI_TESTBED_H

#include "dev/scsi.h"
#include "heap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BED_BLOCKS 1000u

struct scsi_bed {
	struct disk *disk;
	struct scsi *scsi;
	uint8_t data[65536]; /* IN data of the last command */
	size_t len;
};

static inline struct scsi_bed *scsi_bed_new_type(uint32_t block_count, uint32_t block_bytes,
						 enum scsi_type type)
{
	struct scsi_bed *bed = heap_zero(sizeof(*bed));

	bed->disk = block_count ? disk_new_memory(block_count, block_bytes) : NULL;
	bed->scsi = scsi_new(bed->disk, type);
	return bed;
}

static inline struct scsi_bed *scsi_bed_new(uint32_t block_count, uint32_t block_bytes)
{
	return scsi_bed_new_type(block_count, block_bytes, SCSI_DISK);
}

static inline void scsi_bed_free(struct scsi_bed *bed)
{
	scsi_free(bed->scsi);
	disk_free(bed->disk);
	heap_free(bed);
}

/* A CDB of cdb_len bytes (exact allocation), OUT data if it wants any: out repeats a block byte. */
static inline uint8_t scsi_bed_do(struct scsi_bed *bed, const uint8_t *cdb, size_t cdb_len,
				  const uint8_t *out, size_t out_len)
{
	uint8_t *exact = heap_zero(cdb_len);

	memcpy(exact, cdb, cdb_len);
	scsi_start(bed->scsi, exact, cdb_len, 0);
	heap_free(exact);
	bed->len = 0;
	if (bed->scsi->direction == SCSI_IN)
		bed->len = scsi_pull(bed->scsi, bed->data, sizeof(bed->data));
	else if (bed->scsi->direction == SCSI_OUT && out_len)
		scsi_push(bed->scsi, out, out_len);
	return bed->scsi->status;
}

/* cdb given as bytes */
#define SCSI_DO(bed, ...)                                                                          \
	scsi_bed_do(bed, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),   \
		    NULL, 0)

/* The sense of the last command is key, code. */
static inline void assert_sense(struct scsi_bed *bed, unsigned key, unsigned code)
{
	assert_int_equal(bed->scsi->status, SCSI_CHECK_CONDITION);
	assert_int_equal(SCSI_DO(bed, 0x03, 0, 0, 0, 252, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 18);
	assert_int_equal(bed->data[0] & 0x7f, 0x70);
	assert_int_equal(bed->data[2], key);
	assert_int_equal(get_be16(bed->data + 12), code);
}

/* ... and it is about this byte of the CDB. */
static inline void assert_bad_field(struct scsi_bed *bed, unsigned byte)
{
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_FIELD);
	assert_int_equal(bed->data[15], 0xc0);
	assert_int_equal(get_be16(bed->data + 16), byte);
}

#endif
