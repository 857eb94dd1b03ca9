// SPDX-License-Identifier: MIT
#include "dev/scsi_testbed.h"

static void assert_range(struct scsi_bed *bed)
{
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_LBA_RANGE);
}

static void last_block_is_the_last_one(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512); /* 0x3e8 */

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 3, 0xe7, 0, 0, 1, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 512);
	SCSI_DO(bed, 0x28, 0, 0, 0, 3, 0xe7, 0, 0, 2, 0);
	assert_range(bed);
	assert_int_equal(get_be32(bed->data + 3), BED_BLOCKS); /* the first that is not there */
	SCSI_DO(bed, 0x28, 0, 0, 0, 3, 0xe8, 0, 0, 1, 0);
	assert_range(bed);
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 0);
	scsi_bed_free(bed);
}

static void lba_plus_length_cannot_wrap(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 4096);

	(void)state;
	SCSI_DO(bed, 0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2, 0, 0);
	assert_range(bed);
	SCSI_DO(bed, 0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0);
	assert_range(bed);
	SCSI_DO(bed, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0);
	assert_range(bed);
	SCSI_DO(bed, 0xaa, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0);
	assert_range(bed);
	SCSI_DO(bed, 0x93, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0);
	assert_range(bed);
	SCSI_DO(bed, 0x8f, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0);
	assert_range(bed);
	scsi_bed_free(bed);
}

static void longest_read_of_the_largest_disk_needs_no_memory(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(UINT32_MAX, 4096);
	const uint8_t read[16] = {0x88, [10] = 255, 255, 255, 255};

	(void)state;
	scsi_start(bed->scsi, read, 16, 0);
	assert_true(bed->scsi->remaining == UINT64_C(0xffffffff) * 4096);
	assert_int_equal(bed->scsi->buf_len, 4096);
	assert_int_equal(scsi_pull(bed->scsi, bed->data, 5000), 5000);
	scsi_bed_free(bed);
}

static void length_0_is_256_blocks_in_read_6_alone(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t read[6] = {0x08};

	(void)state;
	scsi_start(bed->scsi, read, 6, 0);
	assert_int_equal(bed->scsi->remaining, 256 * 512);
	assert_int_equal(SCSI_DO(bed, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), SCSI_GOOD);
	assert_int_equal(bed->len, 0);
	SCSI_DO(bed, 0x08, 0x1f, 0xff, 0xff, 1, 0);
	assert_range(bed);
	scsi_bed_free(bed);
}

static void protection_bits_are_refused(void **state)
{
	static const uint8_t opcodes[] = {0x28, 0x2a, 0x2e, 0x2f, 0x41, 0x88, 0x8a,
					  0x8e, 0x8f, 0x93, 0xa8, 0xaa, 0xae, 0xaf};
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		SCSI_DO(bed, opcodes[i], 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		assert_bad_field(bed, 1);
	}
	scsi_bed_free(bed);
}

static void verify_compares_when_asked(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t verify[10] = {0x2f, 0x02, 0, 0, 0, 7, 0, 0, 2};
	uint8_t content[1024];

	(void)state;
	disk_read(bed->disk, 7, content, 1);
	disk_read(bed->disk, 8, content + 512, 1);
	assert_int_equal(scsi_bed_do(bed, verify, 10, content, 1024), SCSI_GOOD);
	content[1023] ^= 1;
	scsi_bed_do(bed, verify, 10, content, 1024);
	assert_sense(bed, SCSI_MISCOMPARE, SCSI_MISCOMPARED);
	assert_int_equal(get_be32(bed->data + 3), 8);
	SCSI_DO(bed, 0x2f, 0x04, 0, 0, 0, 7, 0, 0, 2, 0);
	assert_bad_field(bed, 1);
	assert_int_equal(SCSI_DO(bed, 0xaf, 0, 0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void write_same_fills_its_range_and_no_more(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	const uint8_t same[10] = {0x41, 0, 0, 0, 0, 9, 0, 0, 3};
	uint8_t block[512];

	(void)state;
	memset(block, 0x77, sizeof(block));
	assert_int_equal(scsi_bed_do(bed, same, 10, block, 512), SCSI_GOOD);
	assert_int_equal(disk_touched(bed->disk), 3);
	disk_read(bed->disk, 11, block, 1);
	assert_int_equal(block[0], 0x77);
	assert_int_equal(SCSI_DO(bed, 0x93, 1, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0),
			 SCSI_GOOD);
	disk_read(bed->disk, 10, block, 1);
	assert_int_equal(block[0], 0);
	SCSI_DO(bed, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_bad_field(bed, 7);
	SCSI_DO(bed, 0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01, 0, 0);
	assert_bad_field(bed, 10);
	SCSI_DO(bed, 0x93, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
	assert_bad_field(bed, 1);
	scsi_bed_free(bed);
}

static uint8_t unmap(struct scsi_bed *bed, const uint8_t *list, uint16_t len)
{
	const uint8_t cdb[10] = {0x42, [7] = (uint8_t)(len >> 8), (uint8_t)len};

	return scsi_bed_do(bed, cdb, sizeof(cdb), list, len);
}

static void unmap_takes_whole_descriptors_only(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);
	uint8_t list[8 + 17 * 16] = {0, 0, 0, 31}, block[512] = {0};

	(void)state;
	for (unsigned lba = 0; lba < 10; lba++)
		disk_write(bed->disk, lba, block, 1);
	put_be32(list + 8 + 8, 4);
	put_be32(list + 24 + 8, 10);
	assert_int_equal(unmap(bed, list, 40), SCSI_GOOD);
	assert_int_equal(disk_touched(bed->disk), 6);
	assert_int_equal(unmap(bed, list, 0), SCSI_GOOD);
	unmap(bed, list, 7);
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_PARAMETER_LENGTH);
	put_be16(list + 2, 65535);
	unmap(bed, list, sizeof(list));
	assert_sense(bed, SCSI_ILLEGAL_REQUEST, SCSI_INVALID_PARAMETER);
	assert_int_equal(disk_touched(bed->disk), 6);
	assert_int_equal(unmap(bed, list, 40), SCSI_GOOD); /* cut by the list's own length */
	assert_int_equal(disk_touched(bed->disk), 0);
	put_be64(list + 8, UINT64_MAX);
	unmap(bed, list, 24);
	assert_range(bed);
	scsi_bed_free(bed);
}

static void read_capacity_10_says_so_when_it_cannot_say(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(UINT32_MAX, 512);

	(void)state;
	SCSI_DO(bed, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(bed->len, 8);
	assert_int_equal(get_be32(bed->data), UINT32_MAX - 1);
	assert_int_equal(get_be32(bed->data + 4), 512);
	SCSI_DO(bed, 0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0);
	assert_bad_field(bed, 2);
	assert_int_equal(SCSI_DO(bed, 0x25, 0, 0, 0, 0, 1, 0, 0, 1, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void read_capacity_16_is_cut_at_the_allocation(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 4096);

	(void)state;
	SCSI_DO(bed, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0);
	assert_int_equal(bed->len, 32);
	assert_true(get_be64(bed->data) == BED_BLOCKS - 1);
	assert_int_equal(get_be32(bed->data + 8), 4096);
	SCSI_DO(bed, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0);
	assert_int_equal(bed->len, 12);
	assert_int_equal(SCSI_DO(bed, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			 SCSI_GOOD);
	assert_int_equal(bed->len, 0);
	SCSI_DO(bed, 0x9e, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0);
	assert_bad_field(bed, 1);
	scsi_bed_free(bed);
}

static void write_protected_medium_refuses_every_write(void **state)
{
	static const uint8_t opcodes[] = {0x0a, 0x2a, 0x2e, 0x41, 0x42,
					  0x8a, 0x8e, 0x93, 0xaa, 0xae};
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	disk_set_read_only(bed->disk, true);
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		SCSI_DO(bed, opcodes[i], 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
		assert_sense(bed, SCSI_DATA_PROTECT, SCSI_WRITE_PROTECTED);
	}
	assert_int_equal(SCSI_DO(bed, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), SCSI_GOOD);
	scsi_bed_free(bed);
}

static void medium_is_needed_by_all_of_them(void **state)
{
	static const uint8_t opcodes[] = {0x00, 0x08, 0x0a, 0x25, 0x28, 0x2a, 0x2b, 0x2e,
					  0x2f, 0x35, 0x41, 0x42, 0x88, 0x8a, 0x8e, 0x8f,
					  0x91, 0x93, 0x9e, 0xa8, 0xaa, 0xae, 0xaf};
	struct scsi_bed *bed = scsi_bed_new(0, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		SCSI_DO(bed, opcodes[i], 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
		assert_sense(bed, SCSI_NOT_READY, SCSI_NO_MEDIUM);
	}
	scsi_bed_free(bed);
}

static void seek_and_synchronize_check_their_range(void **state)
{
	struct scsi_bed *bed = scsi_bed_new(BED_BLOCKS, 512);

	(void)state;
	assert_int_equal(SCSI_DO(bed, 0x2b, 0, 0, 0, 3, 0xe7, 0, 0, 0, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x2b, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0);
	assert_range(bed);
	assert_int_equal(SCSI_DO(bed, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), SCSI_GOOD);
	SCSI_DO(bed, 0x91, 0, 0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 1, 0, 0);
	assert_range(bed);
	scsi_bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_block_is_the_last_one),
		cmocka_unit_test(lba_plus_length_cannot_wrap),
		cmocka_unit_test(longest_read_of_the_largest_disk_needs_no_memory),
		cmocka_unit_test(length_0_is_256_blocks_in_read_6_alone),
		cmocka_unit_test(protection_bits_are_refused),
		cmocka_unit_test(verify_compares_when_asked),
		cmocka_unit_test(write_same_fills_its_range_and_no_more),
		cmocka_unit_test(unmap_takes_whole_descriptors_only),
		cmocka_unit_test(read_capacity_10_says_so_when_it_cannot_say),
		cmocka_unit_test(read_capacity_16_is_cut_at_the_allocation),
		cmocka_unit_test(write_protected_medium_refuses_every_write),
		cmocka_unit_test(medium_is_needed_by_all_of_them),
		cmocka_unit_test(seek_and_synchronize_check_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
