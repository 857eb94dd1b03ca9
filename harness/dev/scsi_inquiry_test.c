// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

static void inquiry_is_cut_at_the_allocation(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(0, 0);

	(void)state;
	SCSI_DO(bed, 0x12, 0, 0, 255, 255, 0);
	assert_int_equal(bed->len, 36);
	assert_int_equal(bed->data[4], 31);
	assert_memory_equal(bed->data + 8, "usbgaunt", 8);
	SCSI_DO(bed, 0x12, 0, 0, 0, 5, 0);
	assert_int_equal(bed->len, 5);
	assert_int_equal(SCSI_DO(bed, 0x12, 0, 0, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 0);
	scsi_bed_free(bed);
}

static void every_listed_page_is_there_with_its_length(void **state)
{
	static const uint8_t expected[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};
	static const size_t lengths[] = {10, 8, 48, 64, 64, 8};
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x12, 1, 0x00, 0, 255, 0);
	assert_memory_equal(bed->data + 4, expected, sizeof(expected));
	for (size_t i = 0; i < sizeof(expected); i++) {
		SCSI_DO(bed, 0x12, 1, expected[i], 0, 255, 0);
		assert_int_equal(bed->data[1], expected[i]);
		assert_int_equal(bed->len, lengths[i]);
		assert_int_equal(get_be16(bed->data + 2), lengths[i] - 4);
	}
	SCSI_DO(bed, 0x12, 1, 0xb0, 0, 255, 0);
	assert_true(get_be64(bed->data + 36) == SCSI_MAX_SAME);
	assert_int_equal(get_be32(bed->data + 24), SCSI_MAX_UNMAP_DESCS);
	scsi_bed_free(bed);
}

static void other_pages_are_invalid_fields(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0x12, 1, 0x81, 0, 255, 0);
	assert_bad_field(bed, 2);
	SCSI_DO(bed, 0x12, 0, 0x80, 0, 255, 0);
	assert_bad_field(bed, 2);
	SCSI_DO(bed, 0x12, 2, 0, 0, 255, 0);
	assert_bad_field(bed, 1);
	scsi_bed_free(bed);
}

static void report_luns_lists_lun_0(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	SCSI_DO(bed, 0xa0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0);
	assert_int_equal(bed->len, 16);
	assert_int_equal(get_be32(bed->data), 8);
	SCSI_DO(bed, 0xa0, 0, 1, 0, 0, 0, 0, 0, 0, 16, 0, 0);
	assert_int_equal(bed->len, 8);
	assert_int_equal(get_be32(bed->data), 0);
	SCSI_DO(bed, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0);
	assert_bad_field(bed, 6);
	SCSI_DO(bed, 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 16, 0, 0);
	assert_bad_field(bed, 2);
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inquiry_is_cut_at_the_allocation),
		cmocka_unit_test(every_listed_page_is_there_with_its_length),
		cmocka_unit_test(other_pages_are_invalid_fields),
		cmocka_unit_test(report_luns_lists_lun_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
