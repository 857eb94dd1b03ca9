// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

static void ejected_medium_is_not_present_and_comes_back_changed(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 2, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0);
	assert_sense(bed, SCSI_NOT_READY, SCSI_NO_MEDIUM);
	SCSI_DO(bed, 0x23, 0, 0, 0, 0, 0, 0, 0, 12, 0);
	assert_int_equal(bed->data[8], 3);
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 3, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x12, 0, 0, 0, 36, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0);
	assert_sense(bed, SCSI_UNIT_ATTENTION, SCSI_MEDIUM_CHANGED);
	assert_int_equal(SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void request_sense_reports_the_attention(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x1b, 0, 0, 0, 2, 0);
	SCSI_DO(bed, 0x1b, 0, 0, 0, 3, 0);
	SCSI_DO(bed, 0x03, 0, 0, 0, 18, 0);
	assert_int_equal(bed->data[2], SCSI_UNIT_ATTENTION);
	assert_int_equal(SCSI_DO(bed, 0x00, 0, 0, 0, 0, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void removal_can_be_prevented(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1e, 0, 0, 0, 1, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x1b, 0, 0, 0, 2, 0);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_REMOVAL_PREVENTED);
	assert_int_equal(SCSI_DO(bed, 0x1e, 0, 0, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 2, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void stopped_unit_needs_a_start(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 0, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(bed, SCSI_NOT_READY, SCSI_NEEDS_START);
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 0x10, 0), SCSI_GOOD); /* ACTIVE */
	SCSI_DO(bed, 0x1b, 0, 0, 0, 0x50, 0);
	assert_bad_field(bed, 4);
	assert_int_equal(SCSI_DO(bed, 0x1b, 0, 0, 0, 1, 0), SCSI_GOOD);
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void format_capacities_give_the_medium(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 2048);

	(void)state;
	SCSI_DO(bed, 0x23, 0, 0, 0, 0, 0, 0, 0, 252, 0);
	assert_int_equal(bed->len, 12);
	assert_int_equal(get_be32(bed->data + 4), BED_BLOCKS);
	assert_int_equal(bed->data[8], 2);
	assert_int_equal(get_be32(bed->data + 8) & 0xffffff, 2048);
	scsi_bed_free(bed);
}

static void only_the_default_self_test_is_there(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x1d, 4, 0, 0, 0, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x1d, 0, 0, 0, 0, 0);
	assert_bad_field(bed, 1);
	SCSI_DO(bed, 0x1d, 4, 0, 1, 0, 0);
	assert_bad_field(bed, 3);
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ejected_medium_is_not_present_and_comes_back_changed),
		cmocka_unit_test(request_sense_reports_the_attention),
		cmocka_unit_test(removal_can_be_prevented),
		cmocka_unit_test(stopped_unit_needs_a_start),
		cmocka_unit_test(format_capacities_give_the_medium),
		cmocka_unit_test(only_the_default_self_test_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
