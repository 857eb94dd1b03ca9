// SPDX-License-Identifier: MIT
#include "dev/storage_testbed.h"

static void case_1_no_data_on_either_side(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 0, test_unit_ready);
	assert_csw(bed, PASSED, 0);
	command(bed, true, 0, bad_opcode);
	assert_csw(bed, FAILED, 0);
	end(bed);
}

static void cases_2_and_3_device_has_data_nobody_expects(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, true, 0, inquiry);
	assert_csw(bed, PHASE_ERROR, 0);
	command(bed, false, 0, write_2);
	assert_csw(bed, PHASE_ERROR, 0);
	assert_int_equal(disk_touched(bed->disk), 0);
	end(bed);
}

static void case_4_host_expects_data_that_is_not_there(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, true, 100, test_unit_ready);
	assert_in_stalls(bed);
	assert_csw(bed, PASSED, 100);
	command(bed, true, UINT32_MAX, bad_opcode);
	assert_in_stalls(bed);
	assert_csw(bed, FAILED, UINT32_MAX);
	end(bed);
}

static void case_5_host_expects_more_than_there_is(void **state)
{
	struct storage_bed *bed = start();
	uint32_t actual;

	(void)state;
	command(bed, true, 100, inquiry);
	assert_int_equal(in(bed, 100, &actual), USB_OK); /* ended by a short packet */
	assert_int_equal(actual, 36);
	assert_csw(bed, PASSED, 64);
	command(bed, true, 4096, read_2);
	assert_int_equal(in(bed, 1024, &actual), USB_OK); /* nothing short about it */
	assert_int_equal(actual, 1024);
	assert_in_stalls(bed);
	assert_csw(bed, PASSED, 3072);
	end(bed);
}

static void case_6_both_agree_on_in_data(void **state)
{
	struct storage_bed *bed = start();
	uint8_t block[512];
	uint32_t actual;

	(void)state;
	command(bed, true, 1024, read_2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(out(bed, 31), USB_NAK);
		assert_int_equal(in(bed, 512, &actual), USB_OK);
		assert_int_equal(actual, 512);
		disk_read(bed->disk, 4 + i, block, 1);
		assert_memory_equal(bed->data, block, 512);
	}
	assert_int_equal(out(bed, 31), USB_NAK);
	assert_csw(bed, PASSED, 0);
	end(bed);
}

static void case_7_device_has_more_than_the_host_expects(void **state)
{
	struct storage_bed *bed = start();
	uint32_t actual;

	(void)state;
	command(bed, true, 512, read_2);
	assert_int_equal(in(bed, 512, &actual), USB_OK);
	assert_int_equal(actual, 512);
	assert_csw(bed, PHASE_ERROR, 0);
	command(bed, true, 5, inquiry);
	assert_int_equal(in(bed, 512, &actual), USB_OK);
	assert_int_equal(actual, 5);
	assert_csw(bed, PHASE_ERROR, 0);
	end(bed);
}

static void case_8_host_reads_what_the_device_wants_written(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, true, 1024, write_2);
	assert_in_stalls(bed);
	assert_csw(bed, PHASE_ERROR, 0);
	assert_int_equal(disk_touched(bed->disk), 0);
	end(bed);
}

static void case_9_host_sends_data_nobody_wants(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 512, test_unit_ready);
	assert_out_stalls(bed);
	assert_csw(bed, PASSED, 512);
	disk_set_read_only(bed->disk, true);
	command(bed, false, 1024, write_2);
	assert_csw(bed, FAILED, 1024); /* the status is there without any OUT */
	assert_out_stalls(bed);
	end(bed);
}

static void case_10_host_writes_what_the_device_wants_read(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 1024, read_2);
	assert_out_stalls(bed);
	assert_csw(bed, PHASE_ERROR, 0);
	end(bed);
}

static void case_11_host_sends_more_than_is_wanted(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 4096, write_2);
	assert_int_equal(out(bed, 512), USB_OK);
	assert_int_equal(in(bed, 13, NULL), USB_NAK);
	assert_int_equal(out(bed, 1024), USB_OK); /* the second half is dropped */
	assert_out_stalls(bed);
	assert_csw(bed, PASSED, 4096 - 1536);
	assert_int_equal(disk_touched(bed->disk), 2);
	end(bed);
}

static void case_12_both_agree_on_out_data(void **state)
{
	struct storage_bed *bed = start();
	uint8_t block[512];

	(void)state;
	memset(bed->data, 0x3c, 1024);
	command(bed, false, 1024, write_2);
	assert_int_equal(out(bed, 1024), USB_OK);
	assert_csw(bed, PASSED, 0);
	disk_read(bed->disk, 5, block, 1);
	assert_int_equal(block[511], 0x3c);
	end(bed);
}

static void case_13_device_wants_more_than_the_host_sends(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 512, write_2);
	assert_int_equal(out(bed, 512), USB_OK);
	assert_csw(bed, PHASE_ERROR, 0);
	end(bed);
}

static void host_that_stops_or_goes_on_is_a_phase_error(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 1024, write_2);
	assert_int_equal(out(bed, 100), USB_OK); /* short: the end */
	assert_csw(bed, PHASE_ERROR, 0);
	command(bed, false, 1024, write_2);
	assert_int_equal(out(bed, 0), USB_OK);
	assert_csw(bed, PHASE_ERROR, 0);
	command(bed, false, 1024, write_2);
	assert_int_equal(out(bed, 1025), USB_STALL);
	clear_halt(bed, 0x02);
	assert_csw(bed, PHASE_ERROR, 0);
	end(bed);
}

static void assert_broken(struct storage_bed *bed)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(in(bed, 13, NULL), USB_STALL);
		assert_int_equal(out(bed, 31), USB_STALL);
		clear_halt(bed, 0x81);
		clear_halt(bed, 0x02);
	}
	/* Reset recovery, BOT 5.3.4. */
	assert_int_equal(in(bed, 13, NULL), USB_STALL);
	assert_int_equal(bed_control(&bed->usb, 0x21, 0xff, 0, 0, 0, NULL), 0);
	assert_int_equal(in(bed, 13, NULL), USB_STALL); /* the halt is still there */
	clear_halt(bed, 0x81);
	clear_halt(bed, 0x02);
	command(bed, false, 0, test_unit_ready);
	assert_csw(bed, PASSED, 0);
}

static void bad_cbw_stalls_until_reset_recovery(void **state)
{
	struct storage_bed *bed = start();
	static const struct {
		uint8_t offset, value;
	} bad[] = {{0, 0}, {3, 0}, {13, 1}, {13, 0x10}, {14, 0}, {14, 17}, {14, 255}};
	uint8_t cbw[31];

	(void)state;
	for (uint32_t len = 0; len < 70; len += len == 30 ? 2 : 1) {
		make_cbw(bed->data, false, 0, test_unit_ready);
		assert_int_equal(out(bed, len), USB_STALL);
		assert_broken(bed);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		make_cbw(cbw, false, 0, test_unit_ready);
		cbw[bad[i].offset] = bad[i].value;
		assert_int_equal(bed_packet(&bed->usb, USB_OUT, EP_OUT, cbw, 31, NULL), USB_STALL);
		assert_broken(bed);
	}
	end(bed);
}

static void reset_between_data_and_status_forgets_the_command(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, true, 1024, read_2);
	assert_int_equal(in(bed, 512, NULL), USB_OK);
	assert_int_equal(bed_control(&bed->usb, 0x21, 0xff, 0, 0, 0, NULL), 0);
	assert_int_equal(in(bed, 512, NULL), USB_NAK);
	command(bed, false, 1024, write_2);
	assert_int_equal(out(bed, 512), USB_OK);
	usb_device_reset(bed->usb.port.dev);
	bed_configure(&bed->usb);
	assert_int_equal(in(bed, 13, NULL), USB_NAK);
	command(bed, false, 0, test_unit_ready);
	assert_csw(bed, PASSED, 0);
	end(bed);
}

static void csw_does_not_fit_into_twelve_bytes(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	command(bed, false, 0, test_unit_ready);
	assert_int_equal(in(bed, 12, NULL), USB_BABBLE);
	command(bed, false, 0, test_unit_ready);
	assert_csw(bed, PASSED, 0);
	end(bed);
}

static void nak_is_followed_by_a_wakeup_of_that_endpoint(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	assert_int_equal(in(bed, 1024, NULL), USB_NAK);
	command(bed, true, 1024, read_2);
	assert_int_equal(bed->usb.last_wakeup, 0x81);
	assert_int_equal(out(bed, 31), USB_NAK);
	assert_int_equal(in(bed, 1024, NULL), USB_OK);
	assert_csw(bed, PASSED, 0);
	assert_int_equal(bed->usb.last_wakeup, 0x02);
	end(bed);
}

static void class_requests_check_their_fields(void **state)
{
	struct storage_bed *bed = start();
	uint8_t lun[64] = {0xee, 0xee};

	(void)state;
	assert_int_equal(bed_control(&bed->usb, 0xa1, 0xfe, 0, 0, 1, lun), 1);
	assert_int_equal(lun[0], 0);
	assert_int_equal(bed_control(&bed->usb, 0xa1, 0xfe, 0, 0, 64, lun), 1);
	assert_int_equal(lun[1], 0xee);
	assert_int_equal(bed_control(&bed->usb, 0xa1, 0xfe, 1, 0, 1, lun), -USB_STALL);
	assert_int_equal(bed_control(&bed->usb, 0xa1, 0xfe, 0, 1, 1, lun), -USB_STALL);
	assert_int_equal(bed_control(&bed->usb, 0x21, 0xff, 0, 0, 1, lun), -USB_STALL);
	assert_int_equal(bed_control(&bed->usb, 0x21, 0xfe, 0, 0, 0, NULL), -USB_STALL);
	end(bed);
}

/* Length sweep: whatever the packets' sizes, nothing is moved twice and all is accounted for. */
static void residue_and_data_add_up(void **state)
{
	struct storage_bed *bed = start();

	(void)state;
	for (uint32_t expected = 1; expected < 3000; expected += 97) {
		for (uint32_t size = 1; size < 2000; size = size * 3 + 1) {
			uint32_t total = 0, actual = size;

			command(bed, true, expected, read_2);
			while (actual == size && total < expected && total < 1024) {
				assert_int_equal(in(bed, size, &actual), USB_OK);
				total += actual;
			}
			assert_int_equal(total, min_u64(expected, 1024));
			clear_halt(bed, 0x81);
			assert_csw(bed, expected < 1024 ? PHASE_ERROR : PASSED, expected - total);
		}
	}
	end(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_1_no_data_on_either_side),
		cmocka_unit_test(cases_2_and_3_device_has_data_nobody_expects),
		cmocka_unit_test(case_4_host_expects_data_that_is_not_there),
		cmocka_unit_test(case_5_host_expects_more_than_there_is),
		cmocka_unit_test(case_6_both_agree_on_in_data),
		cmocka_unit_test(case_7_device_has_more_than_the_host_expects),
		cmocka_unit_test(case_8_host_reads_what_the_device_wants_written),
		cmocka_unit_test(case_9_host_sends_data_nobody_wants),
		cmocka_unit_test(case_10_host_writes_what_the_device_wants_read),
		cmocka_unit_test(case_11_host_sends_more_than_is_wanted),
		cmocka_unit_test(case_12_both_agree_on_out_data),
		cmocka_unit_test(case_13_device_wants_more_than_the_host_sends),
		cmocka_unit_test(host_that_stops_or_goes_on_is_a_phase_error),
		cmocka_unit_test(bad_cbw_stalls_until_reset_recovery),
		cmocka_unit_test(reset_between_data_and_status_forgets_the_command),
		cmocka_unit_test(csw_does_not_fit_into_twelve_bytes),
		cmocka_unit_test(nak_is_followed_by_a_wakeup_of_that_endpoint),
		cmocka_unit_test(class_requests_check_their_fields),
		cmocka_unit_test(residue_and_data_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
