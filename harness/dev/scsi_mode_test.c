// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

static void all_pages_fit_the_announced_length(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 255, 0);
	assert_int_equal(bed->len, 4 + 8 + 12 + 20 + 12 + 12);
	assert_int_equal(bed->data[0], bed->len - 1);
	assert_int_equal(bed->data[3], 8);
	assert_int_equal(get_be32(bed->data + 4), BED_BLOCKS);
	assert_int_equal(get_be32(bed->data + 8), 512);
	SCSI_DO(bed, 0x5a, 0x10, 0x3f, 0, 0, 0, 0, 255, 255, 0);
	assert_int_equal(bed->len, 8 + 16 + 56);
	assert_int_equal(get_be16(bed->data), bed->len - 2);
	assert_int_equal(get_be16(bed->data + 6), 16);
	assert_true(get_be64(bed->data + 8) == BED_BLOCKS);
	SCSI_DO(bed, 0x1a, 0x08, 0x08, 0, 255, 0);
	assert_int_equal(bed->len, 4 + 20);
	SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 7, 0);
	assert_int_equal(bed->len, 7);
	scsi_bed_free(bed);
}

static void write_protection_shows(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 4, 0);
	assert_int_equal(bed->data[2] & 0x80, 0);
	disk_set_read_only(bed->disk, true);
	SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 4, 0);
	assert_int_equal(bed->data[2] & 0x80, 0x80);
	scsi_bed_free(bed);
}

static void saved_and_unknown_pages_are_refused(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x1a, 0, 0xff, 0, 255, 0);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_NOT_SAVABLE);
	SCSI_DO(bed, 0x1a, 0, 0x2a, 0, 255, 0);
	assert_bad_field(bed, 2);
	SCSI_DO(bed, 0x1a, 0, 0x08, 1, 255, 0);
	assert_bad_field(bed, 3);
	scsi_bed_free(bed);
}

static uint8_t select_6(struct scsi_bed *bed, const uint8_t *list, uint8_t len)
{
	const uint8_t cdb[6] = {0x15, 0x10, 0, 0, len};

	return scsi_bed_do(bed, cdb, sizeof(cdb), list, len);
}

static void write_cache_can_be_switched_off(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	uint8_t list[4 + 20] = {[4] = 0x08, 18};
	uint8_t block[512] = {0};
	const uint8_t write[10] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 1};

	(void)state;
	assert_true(bed->scsi->write_cache);
	assert_int_equal(select_6(bed, list, sizeof(list)), SCSI_GOOD);
	assert_false(bed->scsi->write_cache);
	SCSI_DO(bed, 0x1a, 8, 0x08, 0, 255, 0);
	assert_int_equal(bed->data[4 + 2], 0);
	SCSI_DO(bed, 0x1a, 8, 0x48, 0, 255, 0); /* changeable */
	assert_int_equal(bed->data[4 + 2], 4);
	assert_int_equal(scsi_bed_do(bed, write, 10, block, 512), SCSI_GOOD);
	scsi_reset(bed->scsi);
	assert_true(bed->scsi->write_cache);
	scsi_bed_free(bed);
}

static void what_was_sensed_can_be_selected(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	uint8_t list[255], cdb[10] = {0x55, 0x10};

	(void)state;
	SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 255, 0);
	memcpy(list, bed->data, bed->len);
	assert_int_equal(select_6(bed, list, (uint8_t)bed->len), SCSI_GOOD);
	SCSI_DO(bed, 0x5a, 0x10, 0x3f, 0, 0, 0, 0, 0, 255, 0);
	memcpy(list, bed->data, bed->len);
	cdb[8] = (uint8_t)bed->len;
	assert_int_equal(scsi_bed_do(bed, cdb, 10, list, bed->len), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void unchangeable_bits_change_nothing(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	uint8_t list[4 + 20 + 12] = {[4] = 0x08, 18, [24] = 0x0a, 10, [30] = 1};

	(void)state;
	select_6(bed, list, sizeof(list));
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_PARAMETER);
	assert_int_equal(bed->data[15], 0x80);
	assert_int_equal(get_be16(bed->data + 16), 30);
	assert_true(bed->scsi->write_cache); /* all or nothing */
	scsi_bed_free(bed);
}

static void lists_that_end_too_early_are_length_errors(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	uint8_t list[4 + 20] = {[4] = 0x08, 18};

	(void)state;
	for (unsigned len = 1; len < sizeof(list); len++) {
		if (len == 4)
			continue;
		select_6(bed, list, len);
		assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
	}
	assert_int_equal(select_6(bed, list, 4), SCSI_GOOD);
	assert_int_equal(select_6(bed, list, 0), SCSI_GOOD);
	list[3] = 255; /* block descriptors */
	select_6(bed, list, sizeof(list));
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
	list[3] = 5;
	select_6(bed, list, sizeof(list));
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_PARAMETER);
	scsi_bed_free(bed);
}

static void without_a_medium_there_is_still_a_mode(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(0, 0);
	uint8_t list[4 + 20] = {[4] = 0x08, 18};

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1a, 0, 0x3f, 0, 255, 0), SCSI_GOOD);
	assert_int_equal(get_be32(bed->data + 4), 0);
	assert_int_equal(select_6(bed, list, sizeof(list)), SCSI_GOOD);
	assert_int_equal(select_6(bed, list, sizeof(list)), SCSI_GOOD);
	SCSI_DO(bed, 0x15, 0x11, 0, 0, 24, 0);
	assert_bad_field(bed, 1);
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pages_fit_the_announced_length),
		cmocka_unit_test(write_protection_shows),
		cmocka_unit_test(saved_and_unknown_pages_are_refused),
		cmocka_unit_test(write_cache_can_be_switched_off),
		cmocka_unit_test(what_was_sensed_can_be_selected),
		cmocka_unit_test(unchangeable_bits_change_nothing),
		cmocka_unit_test(lists_that_end_too_early_are_length_errors),
		cmocka_unit_test(without_a_medium_there_is_still_a_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
