// SPDX-License-Identifier: MIT
#include "dev/uas_testbed.h"

static void without_streams_data_waits_for_read_ready(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 0x1234, inquiry), USB_OK);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 0, NULL, 36), USB_ASYNC);
	uas_bed_iu(bed, 0, UAS_IU_READ_READY, 0x1234);
	assert_int_equal(bed->packet[0]->actual, 4);
	assert_int_equal(bed->done, 1);
	assert_int_equal(bed->packet[1]->actual, 36);
	assert_memory_equal(bed->packet[1]->data + 8, "usbgaunt", 8);
	assert_status(bed, 0, 0x1234, SCSI_GOOD);
	uas_bed_end(bed);
}

static void what_is_written_is_read_again(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);
	uint8_t data[1024];

	(void)state;
	memset(data, 0x5a, sizeof(data));
	assert_int_equal(uas_bed_command(bed, 1, move_2(WRITE_10, 7).bytes), USB_OK);
	uas_bed_iu(bed, 0, UAS_IU_WRITE_READY, 1);
	assert_int_equal(uas_bed_submit(bed, 1, USB_OUT, UAS_OUT_EP, 0, data, 512), USB_OK);
	assert_int_equal(uas_bed_submit(bed, 1, USB_OUT, UAS_OUT_EP, 0, data, 512), USB_OK);
	assert_status(bed, 0, 1, SCSI_GOOD);
	assert_int_equal(disk_touched(bed->disk), 2);
	assert_int_equal(uas_bed_command(bed, 2, move_2(READ_10, 7).bytes), USB_OK);
	uas_bed_iu(bed, 0, UAS_IU_READ_READY, 2);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 0, NULL, 4096), USB_OK);
	assert_int_equal(bed->packet[1]->actual, 1024);
	assert_memory_equal(bed->packet[1]->data, data, 1024);
	assert_status(bed, 0, 2, SCSI_GOOD);
	uas_bed_end(bed);
}

static void a_failed_command_brings_its_sense_along(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 9, bad_opcode), USB_OK);
	assert_status(bed, 0, 9, SCSI_CHECK_CONDITION);
	assert_int_equal(get_be16(bed->packet[0]->data + 14), SCSI_SENSE_BYTES);
	assert_int_equal(bed->packet[0]->data[16 + 2], SCSI_ILLEGAL_REQUEST);
	assert_int_equal(get_be16(bed->packet[0]->data + 16 + 12), SCSI_INVALID_OPCODE);
	uas_bed_end(bed);
}

/* Status and data packets come first, the commands last, and in another order: each gets its own. */
static void streams_carry_several_commands_at_once(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);
	uint8_t want[1024];

	(void)state;
	for (uint16_t tag = 1; tag <= UAS_STREAMS; tag++) {
		assert_int_equal(uas_bed_submit(bed, tag, USB_IN, UAS_STATUS_EP, tag, NULL, 112),
				 USB_ASYNC);
		assert_int_equal(uas_bed_submit(bed, 40 + tag, USB_IN, UAS_IN_EP, tag, NULL, 1024),
				 USB_ASYNC);
	}
	assert_int_equal(bed->done, 0);
	for (uint16_t tag = UAS_STREAMS; tag; tag--)
		assert_int_equal(uas_bed_command(bed, tag, move_2(READ_10, (uint8_t)tag).bytes),
				 USB_OK);
	assert_int_equal(bed->done, 2 * UAS_STREAMS);
	for (uint16_t tag = 1; tag <= UAS_STREAMS; tag++) {
		assert_int_equal(disk_read(bed->disk, tag, want, 2), 2);
		assert_int_equal(bed->packet[40 + tag]->actual, 1024);
		assert_memory_equal(bed->packet[40 + tag]->data, want, 1024);
		assert_int_equal(get_be16(bed->packet[tag]->data + 2), tag);
		assert_int_equal(bed->packet[tag]->data[6], SCSI_GOOD);
	}
	uas_bed_end(bed);
}

static void commands_wait_in_line_for_the_unit(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 1, move_2(READ_10, 1).bytes), USB_OK);
	assert_int_equal(uas_bed_command(bed, 2, move_2(READ_10, 2).bytes), USB_OK);
	assert_int_equal(uas_bed_submit(bed, 2, USB_IN, UAS_IN_EP, 2, NULL, 1024), USB_ASYNC);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 1, NULL, 1024), USB_OK);
	assert_int_equal(bed->done, 1); /* and with that, the second one */
	assert_int_equal(bed->last, 2);
	assert_status(bed, 2, 2, SCSI_GOOD);
	assert_status(bed, 1, 1, SCSI_GOOD);
	uas_bed_end(bed);
}

/* QEMU's CVE-2021-3713: a tag or a stream's number used as an index. */
static void tags_and_streams_that_do_not_exist_are_stalled(void **state)
{
	static const uint8_t address[] = {0x80 | UAS_STATUS_EP, 0x80 | UAS_IN_EP, UAS_OUT_EP};
	static const uint16_t bad[] = {0, UAS_STREAMS + 1, 0x7fff, 0xfffe, 0xffff};
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(uas_bed_command(bed, bad[i], inquiry), USB_STALL);
		assert_int_equal(bed_control(&bed->usb, 0x02, 1, 0, UAS_COMMAND_EP, 0, NULL), 0);
		for (unsigned k = 0; k < ARRAY_SIZE(address); k++) {
			enum usb_pid pid = address[k] & 0x80 ? USB_IN : USB_OUT;

			assert_int_equal(
				uas_bed_submit(bed, 1, pid, address[k] & 0x0f, bad[i], NULL, 16),
				USB_STALL);
			assert_int_equal(bed_control(&bed->usb, 0x02, 1, 0, address[k], 0, NULL),
					 0);
		}
	}
	assert_int_equal(uas_bed_command(bed, UAS_STREAMS, test_unit_ready), USB_OK);
	assert_status(bed, UAS_STREAMS, UAS_STREAMS, SCSI_GOOD);
	uas_bed_end(bed);
}

static void a_status_packet_with_too_little_room_babbles(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 3, test_unit_ready), USB_OK);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_STATUS_EP, 0, NULL, 15), USB_BABBLE);
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_STATUS_EP, 0, NULL, 15), USB_ASYNC);
	uas_bed_end(bed);
}

static void when_it_has_too_much_to_do_the_command_pipe_waits(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_HIGH);

	(void)state;
	for (uint16_t tag = 1; tag <= UAS_MAX_TASKS; tag++)
		assert_int_equal(uas_bed_command(bed, tag, test_unit_ready), USB_OK);
	assert_int_equal(uas_bed_command(bed, 0x100, test_unit_ready), USB_NAK);
	assert_int_equal(bed->usb.wakeups, 0);
	assert_status(bed, 0, 1, SCSI_GOOD);
	assert_int_equal(bed->usb.wakeups, 1);
	assert_int_equal(bed->usb.last_wakeup, UAS_COMMAND_EP);
	assert_int_equal(uas_bed_command(bed, 0x100, test_unit_ready), USB_OK);
	uas_bed_end(bed);
}

static void packets_that_are_taken_back_are_not_filled(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	assert_int_equal(uas_bed_submit(bed, 1, USB_IN, UAS_IN_EP, 5, NULL, 1024), USB_ASYNC);
	usb_packet_cancel(bed->packet[1]);
	assert_int_equal(uas_bed_command(bed, 5, move_2(READ_10, 1).bytes), USB_OK);
	assert_int_equal(bed->packet[1]->actual, 0);
	assert_int_equal(bed->done, 0);
	assert_int_equal(uas_bed_submit(bed, 2, USB_IN, UAS_IN_EP, 5, NULL, 1024), USB_OK);
	assert_status(bed, 5, 5, SCSI_GOOD);
	uas_bed_end(bed);
}

static void bus_reset_forgets_every_command(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	assert_int_equal(uas_bed_command(bed, 5, move_2(READ_10, 1).bytes), USB_OK);
	assert_int_equal(uas_bed_command(bed, 6, test_unit_ready), USB_OK);
	assert_int_equal(uas_bed_submit(bed, 1, USB_OUT, UAS_OUT_EP, 6, NULL, 1024), USB_ASYNC);
	usb_device_reset(bed->usb.port.dev);
	assert_int_equal(bed->done, 1);
	assert_int_equal(bed->packet[1]->status, USB_XACT);
	bed_configure(&bed->usb);
	assert_int_equal(uas_bed_submit(bed, 2, USB_IN, UAS_STATUS_EP, 6, NULL, 112), USB_ASYNC);
	assert_int_equal(uas_bed_command(bed, 6, test_unit_ready), USB_OK);
	assert_int_equal(bed->packet[2]->actual, 16);
	uas_bed_end(bed);
}

static void unplug_in_completion(struct usb_packet *p)
{
	struct uas_bed *bed = p->opaque;

	bed->done++;
	usb_unplug(&bed->usb.port);
}

/* The completion of a status takes the device away while it has more to send. */
static void it_may_be_unplugged_while_it_sends(void **state)
{
	struct uas_bed *bed = uas_bed_start(USB_SPEED_SUPER);

	(void)state;
	for (uint16_t tag = 1; tag <= 3; tag++)
		assert_int_equal(uas_bed_submit(bed, tag, USB_IN, UAS_STATUS_EP, tag, NULL, 112),
				 USB_ASYNC);
	bed->packet[2]->complete = unplug_in_completion;
	assert_int_equal(uas_bed_command(bed, 3, move_2(READ_10, 1).bytes), USB_OK);
	assert_int_equal(uas_bed_command(bed, 1, test_unit_ready), USB_OK);
	assert_int_equal(uas_bed_command(bed, 2, test_unit_ready), USB_OK);
	assert_int_equal(bed->done, 0);
	assert_int_equal(uas_bed_submit(bed, 4, USB_IN, UAS_IN_EP, 3, NULL, 1024), USB_OK);
	assert_int_equal(bed->done, 3);
	assert_null(bed->usb.port.dev);
	uas_bed_end(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_streams_data_waits_for_read_ready),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_failed_command_brings_its_sense_along),
		cmocka_unit_test(streams_carry_several_commands_at_once),
		cmocka_unit_test(commands_wait_in_line_for_the_unit),
		cmocka_unit_test(tags_and_streams_that_do_not_exist_are_stalled),
		cmocka_unit_test(a_status_packet_with_too_little_room_babbles),
		cmocka_unit_test(when_it_has_too_much_to_do_the_command_pipe_waits),
		cmocka_unit_test(packets_that_are_taken_back_are_not_filled),
		cmocka_unit_test(bus_reset_forgets_every_command),
		cmocka_unit_test(it_may_be_unplugged_while_it_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
