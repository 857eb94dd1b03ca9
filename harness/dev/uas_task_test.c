// SPDX-License-Identifier: MIT
#include "dev/uas_testbed.h"

static void a_tag_that_is_in_use_is_refused(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 4, move_2(READ_10, 1).bytes), USB_OK);
	assert_int_equal(uas_bed_command(bed, 4, test_unit_ready), USB_OK);
	assert_response(bed, 4, 4, UAS_OVERLAPPED_TAG);
	assert_int_equal(uas_bed_manage(bed, 4, UAS_QUERY_TASK_SET, 0, 0), USB_OK);
	assert_response(bed, 4, 4, UAS_OVERLAPPED_TAG);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 4, NULL, 1024), USB_OK);
	assert_status(bed, 4, 4, SCSI_GOOD); /* the first one went on */
	uas_bed_end(bed);
}

static void abort_task_ends_one_and_lets_the_next_go_on(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	for (uint16_t tag = 1; tag <= 3; tag++)
		assert_int_equal(uas_bed_command(bed, tag, move_2(WRITE_10, 8).bytes), USB_OK);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_ABORT_TASK, 2, 0), USB_OK); /* waits */
	assert_response(bed, 9, 9, UAS_COMPLETE);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_ABORT_TASK, 1, 0), USB_OK); /* runs */
	assert_response(bed, 9, 9, UAS_COMPLETE);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_ABORT_TASK, 1, 0), USB_OK); /* is gone */
	assert_response(bed, 9, 9, UAS_COMPLETE);
	assert_int_equal(uas_bed_submit(bed, 1, USB_OUT, UAS_OUT_EP, 1, NULL, 1024), USB_ASYNC);
	assert_int_equal(disk_touched(bed->disk), 0);
	assert_int_equal(uas_bed_submit(bed, 3, USB_OUT, UAS_OUT_EP, 3, NULL, 1024), USB_OK);
	assert_int_equal(disk_touched(bed->disk), 2);
	assert_status(bed, 3, 3, SCSI_GOOD);
	uas_bed_end(bed);
}

static void a_status_nobody_fetched_is_aborted_with_its_task(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 1, test_unit_ready), USB_OK);
	assert_int_equal(uas_bed_manage(bed, 2, UAS_ABORT_TASK, 1, 0), USB_OK);
	assert_response(bed, 0, 2, UAS_COMPLETE);
	assert_int_equal(uas_bed_submit(bed, 0, USB_IN, UAS_STATUS_EP, 0, NULL, 112), USB_ASYNC);
	uas_bed_end(bed);
}

static void query_says_whether_a_task_is_there(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	assert_int_equal(uas_bed_manage(bed, 9, UAS_QUERY_TASK_SET, 0, 0), USB_OK);
	assert_response(bed, 9, 9, UAS_COMPLETE);
	assert_int_equal(uas_bed_command(bed, 1, move_2(READ_10, 8).bytes), USB_OK);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_QUERY_TASK, 1, 0), USB_OK);
	assert_response(bed, 9, 9, UAS_SUCCEEDED);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_QUERY_TASK, 2, 0), USB_OK);
	assert_response(bed, 9, 9, UAS_COMPLETE);
	assert_int_equal(uas_bed_manage(bed, 9, UAS_QUERY_TASK_SET, 0, 0), USB_OK);
	assert_response(bed, 9, 9, UAS_SUCCEEDED);
	uas_bed_end(bed);
}

static void what_resets_the_unit_aborts_every_task(void **state)
{
	static const uint8_t function[] = {UAS_ABORT_TASK_SET, UAS_CLEAR_TASK_SET, UAS_UNIT_RESET,
					   UAS_NEXUS_RESET};
	static const uint8_t prevent[10] = {0x1e, [4] = 1}, eject[10] = {0x1b, [4] = 2};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(function); i++) {
		struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

		assert_int_equal(uas_bed_command(bed, 1, prevent), USB_OK);
		assert_status(bed, 1, 1, SCSI_GOOD);
		for (uint16_t tag = 1; tag <= 20; tag++)
			assert_int_equal(uas_bed_command(bed, tag, move_2(READ_10, 8).bytes),
					 USB_OK);
		assert_int_equal(uas_bed_manage(bed, 21, function[i], 0, 0), USB_OK);
		assert_response(bed, 21, 21, UAS_COMPLETE);
		assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 1, NULL, 1024),
				 USB_ASYNC);
		assert_int_equal(uas_bed_command(bed, 2, eject), USB_OK);
		assert_status(bed, 2, 2, i < 2 ? SCSI_CHECK_CONDITION : SCSI_GOOD);
		uas_bed_end(bed);
	}
}

static void functions_and_units_that_are_not_there_are_refused(void **state)
{
	static const uint8_t identify[10] = {0x12, 0, 0, 0, 36};
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);
	uint8_t iu[32] = {UAS_IU_COMMAND, 0, 0, 1, [9] = 1};

	(void)state;
	assert_int_equal(uas_bed_manage(bed, 1, 0x40, 0, 0), USB_OK); /* CLEAR ACA */
	assert_response(bed, 0, 1, UAS_NOT_SUPPORTED);
	assert_int_equal(uas_bed_manage(bed, 1, UAS_UNIT_RESET, 0, 1), USB_OK);
	assert_response(bed, 0, 1, UAS_INCORRECT_LUN);
	assert_int_equal(bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, 32, NULL), USB_OK);
	assert_status(bed, 0, 1, SCSI_CHECK_CONDITION);
	assert_int_equal(get_be16(bed->packet[0]->data + 16 + 12), SCSI_NO_SUCH_LUN);
	memcpy(iu + 16, identify, sizeof(identify));
	assert_int_equal(bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, 32, NULL), USB_OK);
	uas_bed_iu(bed, 0, UAS_IU_READ_READY, 1);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 0, NULL, 36), USB_OK);
	assert_int_equal(bed->packet[1]->data[0], 0x7f);
	uas_bed_end(bed);
}

/* Every id, every length: answered, or stalled where no tag came to answer to. */
static void what_is_no_iu_is_refused(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	for (unsigned id = 0; id < 256; id++)
		for (uint32_t len = 0; len <= 40; len++) {
			uint8_t *iu = heap_zero(len);
			enum usb_status status;

			if (len > 3)
				iu[0] = (uint8_t)id, iu[3] = 7;
			status = bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, len, NULL);
			heap_free(iu);
			assert_int_equal(status, len < 4 ? USB_STALL : USB_OK);
			if (len < 4)
				bed_control(&bed->usb, 0x02, 1, 0, UAS_COMMAND_EP, 0, NULL);
			else if (id == UAS_IU_COMMAND && len == 32)
				assert_status(bed, 0, 7, SCSI_GOOD);
			else if (id == UAS_IU_TASK && len == 16)
				assert_response(bed, 0, 7, UAS_NOT_SUPPORTED);
			else
				assert_response(bed, 0, 7, UAS_INVALID_IU);
		}
	assert_int_equal(uas_bed_command(bed, 0, test_unit_ready), USB_OK);
	assert_response(bed, 0, 0, UAS_INVALID_IU);
	uas_bed_end(bed);
}

static void a_cdb_longer_than_16_bytes_is_refused(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);
	uint8_t iu[36] = {UAS_IU_COMMAND, 0, 0, 1, [6] = 1 << 2};

	(void)state;
	assert_int_equal(bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, 36, NULL), USB_OK);
	assert_response(bed, 0, 1, UAS_INVALID_IU);
	assert_int_equal(bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, 32, NULL), USB_OK);
	assert_response(bed, 0, 1, UAS_INVALID_IU);
	uas_bed_end(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_that_is_in_use_is_refused),
		cmocka_unit_test(abort_task_ends_one_and_lets_the_next_go_on),
		cmocka_unit_test(a_status_nobody_fetched_is_aborted_with_its_task),
		cmocka_unit_test(query_says_whether_a_task_is_there),
		cmocka_unit_test(what_resets_the_unit_aborts_every_task),
		cmocka_unit_test(functions_and_units_that_are_not_there_are_refused),
		cmocka_unit_test(what_is_no_iu_is_refused),
		cmocka_unit_test(a_cdb_longer_than_16_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
