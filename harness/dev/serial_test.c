// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

#define OUT 2
#define IN 1

static void start(struct bed *bed)
{
	bed_plug(bed, serial_new(NULL), USB_SPEED_HIGH);
	bed_configure(bed);
}

static void what_is_sent_comes_back(void **state)
{
	uint8_t in[64];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, in, 64, NULL), USB_NAK);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, "hello", 5, NULL), USB_OK);
	assert_int_equal(bed.last_wakeup, 0x81);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, in, 64, &actual), USB_OK);
	assert_int_equal(actual, 5);
	assert_memory_equal(in, "hello", 5);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, in, 64, NULL), USB_NAK);
	bed_end(&bed);
}

/* The line takes LINK_LOOP_BYTES; what is too much waits in the device, and the next packet outside. */
static void a_full_line_holds_the_host_back_and_loses_nothing(void **state)
{
	uint8_t out[LINK_LOOP_BYTES + 100], in[1000];
	unsigned got = 0;
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 3);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, out, sizeof(out), NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, out, 1, NULL), USB_NAK);
	bed.last_wakeup = 0;
	while (bed_packet(&bed, USB_IN, IN, in, sizeof(in), &actual) == USB_OK)
		for (uint32_t i = 0; i < actual; i++)
			assert_int_equal(in[i], (uint8_t)(got++ * 3));
	assert_int_equal(got, sizeof(out));
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, out, 1, NULL), USB_OK);
	bed_end(&bed);
}

static void line_coding_is_remembered_and_checked(void **state)
{
	uint8_t coding[7] = {0x80, 0x25, 0, 0, 2, 1, 7}, got[7];
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 0x20, 0, 0, 7, coding), 7);
	assert_int_equal(bed_control(&bed, 0xa1, 0x21, 0, 0, 7, got), 7);
	assert_memory_equal(got, coding, 7);
	assert_int_equal(bed_control(&bed, 0xa1, 0x21, 0, 0, 3, got), 3);
	assert_int_equal(bed_control(&bed, 0x21, 0x20, 0, 0, 6, coding), -USB_STALL);
	coding[4] = 3;
	assert_int_equal(bed_control(&bed, 0x21, 0x20, 0, 0, 7, coding), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 0x23, 100, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0x21, 0x00, 0, 0, 0, NULL), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 0x22, 0, 1, 0, NULL), -USB_STALL);
	bed_end(&bed);
}

static void a_terminal_that_is_ready_has_a_carrier(void **state)
{
	static const uint8_t want[10] = {0xa1, 0x20, 0, 0, 0, 0, 2, 0, 3, 0};
	uint8_t state_bytes[16];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 3, state_bytes, 16, NULL), USB_NAK);
	assert_int_equal(bed_control(&bed, 0x21, 0x22, 3, 0, 0, NULL), 0);
	assert_int_equal(bed.last_wakeup, 0x83);
	assert_int_equal(bed_packet(&bed, USB_IN, 3, state_bytes, 16, &actual), USB_OK);
	assert_int_equal(actual, 10);
	assert_memory_equal(state_bytes, want, 10);
	assert_int_equal(bed_control(&bed, 0x21, 0x22, 1, 0, 0, NULL), 0);
	assert_int_equal(bed_packet(&bed, USB_IN, 3, state_bytes, 16, NULL), USB_NAK);
	bed_end(&bed);
}

static void unplugging_takes_what_waits_with_it(void **state)
{
	static uint8_t out[LINK_LOOP_BYTES * 2];
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, out, sizeof(out), NULL), USB_OK);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_comes_back),
		cmocka_unit_test(a_full_line_holds_the_host_back_and_loses_nothing),
		cmocka_unit_test(line_coding_is_remembered_and_checked),
		cmocka_unit_test(a_terminal_that_is_ready_has_a_carrier),
		cmocka_unit_test(unplugging_takes_what_waits_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
