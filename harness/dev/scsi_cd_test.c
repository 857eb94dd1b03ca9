// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

/* A disc of 1000 blocks: 4000 of the disk below. */
static struct scsi_bed *disc(void)
{
	return scsi_bed_new_type(4003, 512, SCSI_CD);
}

static void a_block_of_a_cd_is_four_of_the_disk(void **state)
{
	struct scsi_bed *bed = disc();
	uint8_t want[4096];

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(get_be32(bed->data), 999);
	assert_int_equal(get_be32(bed->data + 4), 2048);
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 3, 230, 0, 0, 2, 0), SCSI_GOOD); /* 998 */
	assert_int_equal(bed->len, 4096);
	assert_int_equal(disk_read(bed->disk, 3992, want, 8), 8);
	assert_memory_equal(bed->data, want, 4096);
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 3, 231, 0, 0, 2, 0), SCSI_CHECK_CONDITION);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_LBA_RANGE);
	scsi_bed_free(bed);
}

/* A transport may ask for pieces of any size. */
static void a_cd_is_read_in_any_pieces(void **state)
{
	struct scsi_bed *bed = disc();
	uint8_t want[4096], cdb[10] = {0x28, 0, 0, 0, 0, 9, 0, 0, 2};

	(void)state;
	assert_int_equal(disk_read(bed->disk, 36, want, 8), 8);
	for (size_t piece = 1; piece <= 4097; piece = piece * 2 + 1) {
		size_t len = 0;

		scsi_start(bed->scsi, cdb, sizeof(cdb), 0);
		while (bed->scsi->remaining)
			len += scsi_pull(bed->scsi, bed->data + len, piece);
		assert_int_equal(len, 4096);
		assert_memory_equal(bed->data, want, 4096);
	}
	scsi_bed_free(bed);
}

static void nothing_writes_to_a_cd(void **state)
{
	static const uint8_t opcode[] = {0x0a, 0x2a, 0x2e, 0x41, 0x42,
					 0x8a, 0x8e, 0x93, 0xaa, 0xae};
	struct scsi_bed *bed = disc();

	(void)state;
	for (size_t i = 0; i < sizeof(opcode); i++) {
		assert_int_equal(
			SCSI_DO(bed, opcode[i], 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0),
			SCSI_CHECK_CONDITION);
		assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_OPCODE);
	}
	assert_int_equal(disk_touched(bed->disk), 0);
	scsi_bed_free(bed);
}

static void it_says_that_it_is_a_cd_drive(void **state)
{
	struct scsi_bed *bed = disc();

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x12, 0, 0, 0, 36, 0), SCSI_GOOD);
	assert_int_equal(bed->data[0], 5);
	assert_int_equal(bed->data[1], 0x80);
	assert_memory_equal(bed->data + 16, "cd-rom", 6);
	assert_int_equal(SCSI_DO(bed, 0x12, 1, 0, 0, 64, 0), SCSI_GOOD);
	assert_int_equal(get_be16(bed->data + 2), 3);
	assert_int_equal(SCSI_DO(bed, 0x12, 1, 0xb0, 0, 64, 0), SCSI_CHECK_CONDITION);
	assert_bad_field(bed, 2);
	assert_int_equal(SCSI_DO(bed, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 128, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 8 + 22); /* no block descriptor */
	assert_int_equal(get_be16(bed->data), bed->len - 2);
	assert_int_equal(bed->data[8], 0x2a);
	assert_int_equal(bed->data[8 + 3], 0); /* writes nothing */
	assert_int_equal(SCSI_DO(bed, 0x5a, 0, 0x08, 0, 0, 0, 0, 0, 128, 0), SCSI_CHECK_CONDITION);
	assert_bad_field(bed, 2);
	scsi_bed_free(bed);
}

static void the_table_of_contents_is_one_data_track(void **state)
{
	struct scsi_bed *bed = disc();

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 0, 0, 0, 0, 0, 0, 100, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 20);
	assert_int_equal(get_be16(bed->data), 18);
	assert_int_equal(bed->data[5], 0x14);
	assert_int_equal(bed->data[6], 1);
	assert_int_equal(get_be32(bed->data + 8), 0);
	assert_int_equal(bed->data[14], 0xaa);
	assert_int_equal(get_be32(bed->data + 16), 1000);
	assert_int_equal(SCSI_DO(bed, 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 12);
	assert_int_equal(get_be32(bed->data + 8), 0x000f19); /* 1150 frames: 0:15:25 */
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 1, 0, 0, 0, 0, 0, 100, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 12);
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 0, 0, 0, 0, 0, 0, 100, 0x40), SCSI_GOOD);
	assert_int_equal(bed->len, 12);
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 2, 0, 0, 0, 0, 0, 100, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 48);
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 0, 0, 0, 0, 2, 0, 100, 0), SCSI_CHECK_CONDITION);
	assert_bad_field(bed, 6);
	assert_int_equal(SCSI_DO(bed, 0x43, 0, 5, 0, 0, 0, 0, 0, 100, 0), SCSI_CHECK_CONDITION);
	assert_bad_field(bed, 2);
	scsi_bed_free(bed);
}

static void features_follow_the_medium(void **state)
{
	struct scsi_bed *cd = disc(), *dvd = scsi_bed_new_type(4 * 360001, 512, SCSI_CD);
	struct scsi_bed *empty = scsi_bed_new_type(0, 0, SCSI_CD);

	(void)state;
	assert_int_equal(SCSI_DO(cd, 0x46, 0, 0, 0, 0, 0, 0, 1, 0, 0), SCSI_GOOD);
	assert_int_equal(get_be32(cd->data), cd->len - 4);
	assert_int_equal(get_be16(cd->data + 6), 0x0008);
	assert_int_equal(SCSI_DO(dvd, 0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0), SCSI_GOOD);
	assert_int_equal(get_be16(dvd->data + 6), 0x0010);
	assert_int_equal(SCSI_DO(empty, 0x46, 0, 0, 0, 0, 0, 0, 1, 0, 0), SCSI_GOOD);
	assert_int_equal(get_be16(empty->data + 6), 0);
	assert_int_equal(SCSI_DO(cd, 0x46, 2, 0, 0x1e, 0, 0, 0, 1, 0, 0), SCSI_GOOD);
	assert_int_equal(cd->len, 16);
	assert_int_equal(cd->data[10] & 1, 1);
	assert_int_equal(SCSI_DO(dvd, 0x46, 1, 0, 0x1e, 0, 0, 0, 1, 0, 0), SCSI_GOOD);
	assert_int_equal(dvd->len, 16); /* DVD read alone */
	assert_int_equal(get_be16(dvd->data + 8), 0x1f);
	assert_int_equal(SCSI_DO(cd, 0x46, 3, 0, 0, 0, 0, 0, 1, 0, 0), SCSI_CHECK_CONDITION);
	assert_bad_field(cd, 1);
	assert_int_equal(SCSI_DO(empty, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), SCSI_CHECK_CONDITION);
	assert_sense(empty, SCSI_NOT_READY, SCSI_NO_MEDIUM);
	scsi_bed_free(cd);
	scsi_bed_free(dvd);
	scsi_bed_free(empty);
}

/* A file shorter than one block of it is no medium. */
static void a_disk_of_less_than_a_block_is_none(void **state)
{
	struct scsi_bed *bed = scsi_bed_new_type(3, 512, SCSI_CD);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0, 0, 0, 0, 0, 0), SCSI_CHECK_CONDITION);
	assert_sense(bed, SCSI_NOT_READY, SCSI_NO_MEDIUM);
	scsi_bed_free(bed);
}

static void eject_and_load_are_told_once_to_who_polls(void **state)
{
	struct scsi_bed *bed = disc();

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 2, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0), SCSI_GOOD);
	assert_int_equal(get_be16(bed->data), 6);
	assert_int_equal(bed->data[2], 4);
	assert_int_equal(bed->data[4], SCSI_EVENT_REMOVAL);
	assert_int_equal(bed->data[5], 1); /* open, empty */
	assert_int_equal(SCSI_DO(bed, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0), SCSI_GOOD);
	assert_int_equal(bed->data[4], SCSI_EVENT_NONE);
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 3, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 4, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0), SCSI_GOOD);
	assert_int_equal(bed->data[4], SCSI_EVENT_NEW_MEDIA); /* only the whole answer counts */
	assert_int_equal(bed->data[5], 2);
	assert_int_equal(SCSI_DO(bed, 0x4a, 1, 0, 0, 0x02, 0, 0, 0, 8, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 4);
	assert_int_equal(bed->data[2], 0x80);
	assert_int_equal(SCSI_DO(bed, 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0), SCSI_CHECK_CONDITION);
	scsi_bed_free(bed);
}

static void read_cd_gives_user_data(void **state)
{
	struct scsi_bed *bed = disc();

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0xbe, 0, 0, 0, 0, 7, 0, 0, 2, 0x10, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 4096);
	assert_int_equal(SCSI_DO(bed, 0xbe, 0, 0, 0, 0, 7, 0, 0, 2, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 0);
	assert_int_equal(SCSI_DO(bed, 0xbe, 0, 0, 0, 3, 231, 0xff, 0xff, 0xff, 0x10, 0, 0),
			 SCSI_CHECK_CONDITION);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_LBA_RANGE);
	assert_int_equal(SCSI_DO(bed, 0xbe, 0, 0, 0, 0, 7, 0, 0, 2, 0xf8, 0, 0),
			 SCSI_CHECK_CONDITION);
	assert_bad_field(bed, 9);
	assert_int_equal(SCSI_DO(bed, 0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 34);
	assert_int_equal(SCSI_DO(bed, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 8);
	scsi_bed_free(bed);
}

static void any_cdb_has_an_answer(void **state)
{
	struct scsi_bed *bed = disc();
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		uint8_t cdb[16];

		for (size_t b = 0; b < sizeof(cdb); b++) {
			seed = seed * 1664525 + 1013904223;
			cdb[b] = seed >> 29 ? 0 : (uint8_t)(seed >> 16);
		}
		cdb[0] = (uint8_t)i;
		scsi_bed_do(bed, cdb, 1 + i / 256 % 16, NULL, 0);
	}
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_of_a_cd_is_four_of_the_disk),
		cmocka_unit_test(a_cd_is_read_in_any_pieces),
		cmocka_unit_test(nothing_writes_to_a_cd),
		cmocka_unit_test(it_says_that_it_is_a_cd_drive),
		cmocka_unit_test(the_table_of_contents_is_one_data_track),
		cmocka_unit_test(features_follow_the_medium),
		cmocka_unit_test(a_disk_of_less_than_a_block_is_none),
		cmocka_unit_test(eject_and_load_are_told_once_to_who_polls),
		cmocka_unit_test(read_cd_gives_user_data),
		cmocka_unit_test(any_cdb_has_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
