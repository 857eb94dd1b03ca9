// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

static void unknown_opcode_is_an_illegal_request(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x04, 0, 0, 0, 0, 0), SCSI_CHECK_CONDITION);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_OPCODE);
	scsi_bed_free(bed);
}

/* Every opcode with a CDB of every length, zero and all ones: an answer, never more than that. */
static void any_cdb_has_an_answer(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	static const uint8_t fills[] = {0x00, 0x01, 0x10, 0x7f, 0xff};
	uint8_t out[4096] = {0};

	(void)state;
	for (unsigned i = 0; i < 256 * SCSI_MAX_CDB * sizeof(fills); i++) {
		uint8_t cdb[SCSI_MAX_CDB];

		memset(cdb, fills[i % sizeof(fills)], sizeof(cdb));
		cdb[0] = (uint8_t)(i / (SCSI_MAX_CDB * sizeof(fills)));
		scsi_bed_do(bed, cdb, i / sizeof(fills) % SCSI_MAX_CDB + 1, out, sizeof(out));
		assert_true(bed->scsi->status == SCSI_GOOD ||
			    (bed->scsi->status == SCSI_CHECK_CONDITION && bed->scsi->sense.key &&
			     !bed->scsi->remaining));
		disk_reset(bed->disk);
	}
	scsi_bed_free(bed);
}

static void short_cdb_is_an_invalid_field(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x28, 0, 0, 0, 0, 0);
	assert_bad_field(bed, 6);
	SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* padded to 12: as floppies get it */
	assert_int_equal(bed->scsi->status, SCSI_GOOD);
	scsi_bed_free(bed);
}

static void naca_is_refused(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0x04);
	assert_bad_field(bed, 5);
	scsi_bed_free(bed);
}

static void other_luns_do_not_exist(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t ready[6] = {0x00}, inquiry[6] = {0x12, 0, 0, 0, 36};
	const uint8_t sense[6] = {0x03, 0, 0, 0, 18};

	(void)state;
	scsi_start(bed->scsi, ready, 6, 1);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_NO_SUCH_LUN);
	scsi_start(bed->scsi, inquiry, 6, 1);
	assert_int_equal(scsi_pull(bed->scsi, bed->data, 100), 36);
	assert_int_equal(bed->data[0], 0x7f);
	scsi_start(bed->scsi, sense, 6, 255);
	assert_int_equal(scsi_pull(bed->scsi, bed->data, 100), 18);
	assert_int_equal(get_be16(bed->data + 12), SCSI_NO_SUCH_LUN);
	scsi_bed_free(bed);
}

static void sense_lasts_until_the_next_command(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0xff);
	SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0);
	SCSI_DO(bed, 0x03, 0, 0, 0, 18, 0);
	assert_int_equal(bed->data[2], SCSI_NO_SENSE);
	SCSI_DO(bed, 0xff);
	SCSI_DO(bed, 0x03, 0, 0, 0, 3, 0); /* a short allocation takes it all the same */
	assert_int_equal(bed->len, 3);
	assert_int_equal(bed->data[2], SCSI_ILLEGAL_REQUEST);
	SCSI_DO(bed, 0x03, 0, 0, 0, 18, 0);
	assert_int_equal(bed->data[2], SCSI_NO_SENSE);
	scsi_bed_free(bed);
}

static void descriptor_sense_carries_a_long_lba(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0);
	SCSI_DO(bed, 0x03, 1, 0, 0, 252, 0);
	assert_int_equal(bed->len, 20);
	assert_int_equal(bed->data[0], 0x72);
	assert_int_equal(bed->data[1], SCSI_ILLEGAL_REQUEST);
	assert_int_equal(get_be16(bed->data + 2), SCSI_LBA_RANGE);
	assert_true(get_be64(bed->data + 12) == UINT64_C(0x0102030405060708));
	SCSI_DO(bed, 0x28, 0xe0, 0, 0, 0, 0, 0, 0, 1, 0);
	SCSI_DO(bed, 0x03, 1, 0, 0, 252, 0);
	assert_int_equal(bed->len, 16);
	assert_int_equal(bed->data[8], 2);
	assert_int_equal(get_be16(bed->data + 13), 1);
	scsi_bed_free(bed);
}

static void data_moves_in_pieces_of_any_size(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t write[10] = {0x2a, 0, 0, 0, 0, 5, 0, 0, 3};
	const uint8_t read[10] = {0x28, 0, 0, 0, 0, 5, 0, 0, 3};
	uint8_t content[1536];

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 256);
	scsi_start(bed->scsi, write, 10, 0);
	assert_int_equal(bed->scsi->remaining, 1536);
	for (size_t pos = 0, n = 1; pos < 1536; pos += n++)
		assert_int_equal(scsi_push(bed->scsi, content + pos, min_u64(n, 1536 - pos)),
				 min_u64(n, 1536 - pos));
	assert_int_equal(bed->scsi->status, SCSI_GOOD);
	assert_int_equal(scsi_push(bed->scsi, content, 1), 0);
	scsi_start(bed->scsi, read, 10, 0);
	assert_int_equal(scsi_push(bed->scsi, content, 1), 0); /* the wrong way */
	for (size_t pos = 0, n = 1; pos < 1536; pos += n++) {
		size_t moved = scsi_pull(bed->scsi, bed->data, n);

		assert_int_equal(moved, min_u64(n, 1536 - pos));
		assert_memory_equal(bed->data, content + pos, moved);
	}
	assert_int_equal(scsi_pull(bed->scsi, bed->data, 1), 0);
	scsi_bed_free(bed);
}

static void cancelled_command_leaves_whole_blocks_only(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t write[10] = {0x2a, 0, 0, 0, 0, 5, 0, 0, 3};
	uint8_t content[1000] = {0};

	(void)state;
	scsi_start(bed->scsi, write, 10, 0);
	scsi_push(bed->scsi, content, sizeof(content));
	scsi_cancel(bed->scsi);
	assert_int_equal(disk_touched(bed->disk), 1);
	assert_int_equal(scsi_push(bed->scsi, content, sizeof(content)), 0);
	scsi_start(bed->scsi, write, 10, 0);
	scsi_push(bed->scsi, content, 1);
	scsi_reset(bed->scsi);
	assert_int_equal(bed->scsi->remaining, 0);
	scsi_bed_free(bed);
}

static void full_medium_is_a_space_allocation_failure(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(DISK_MAX_TOUCHED + 10, 512);
	uint8_t block[512] = {0};
	const uint8_t write[10] = {0x2a, 0, 0, 0, DISK_MAX_TOUCHED >> 8, 0, 0, 0, 1};

	(void)state;
	for (unsigned lba = 0; lba < DISK_MAX_TOUCHED; lba++)
		disk_write(bed->disk, lba, block, 1);
	scsi_bed_do(bed, write, 10, block, sizeof(block));
	assert_sense(bed, SCSI_DATA_PROTECT, SCSI_NO_SPACE);
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_opcode_is_an_illegal_request),
		cmocka_unit_test(any_cdb_has_an_answer),
		cmocka_unit_test(short_cdb_is_an_invalid_field),
		cmocka_unit_test(naca_is_refused),
		cmocka_unit_test(other_luns_do_not_exist),
		cmocka_unit_test(sense_lasts_until_the_next_command),
		cmocka_unit_test(descriptor_sense_carries_a_long_lba),
		cmocka_unit_test(data_moves_in_pieces_of_any_size),
		cmocka_unit_test(cancelled_command_leaves_whole_blocks_only),
		cmocka_unit_test(full_medium_is_a_space_allocation_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
