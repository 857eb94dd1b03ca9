// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

#define PLAY 2
#define RECORD 1

static void start(struct bed *bed)
{
	bed_plug(bed, audio_new(NULL), USB_SPEED_FULL);
	bed_configure(bed);
	assert_int_equal(bed_control(bed, 1, 11, 1, 1, 0, NULL), 0);
	assert_int_equal(bed_control(bed, 1, 11, 1, 2, 0, NULL), 0);
}

static int set16(struct bed *bed, unsigned unit, unsigned selector, int value, uint16_t len)
{
	uint8_t bytes[2];

	put_le16(bytes, (uint16_t)value);
	return bed_control(bed, 0x21, 1, (uint16_t)(selector << 8), (uint16_t)(unit << 8), len,
			   bytes);
}

static int get16(struct bed *bed, unsigned request, unsigned unit, unsigned selector)
{
	uint8_t bytes[2] = {0};

	assert_true(bed_control(bed, 0xa1, (uint8_t)request, (uint16_t)(selector << 8),
				(uint16_t)(unit << 8), 2, bytes) > 0);
	return (int16_t)get_le16(bytes);
}

static void what_is_played_is_recorded(void **state)
{
	uint8_t out[192], in[192];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 11);
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 192, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 192, &actual), USB_OK);
	assert_int_equal(actual, 192);
	assert_memory_equal(in, out, 192);
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 192, &actual), USB_OK);
	assert_int_equal(actual, 192); /* silence */
	for (size_t i = 0; i < sizeof(in); i++)
		assert_int_equal(in[i], 0);
	bed_end(&bed);
}

/* Catalogue C07: packets of sizes that no driver of the class would send. */
static void packets_of_any_size_do_no_harm(void **state)
{
	static uint8_t bytes[4096];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed);
	for (uint32_t len = 0; len < sizeof(bytes); len = len < 300 ? len + 1 : len * 2) {
		assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, bytes, len, NULL), USB_OK);
		assert_int_equal(bed_packet(&bed, USB_IN, RECORD, bytes, len, &actual), USB_OK);
		assert_int_equal(actual % 4, 0);
		assert_true(actual <= len && actual <= 192);
	}
	bed_end(&bed);
}

static void volume_and_mute_have_their_limits(void **state)
{
	uint8_t out[4] = {0x00, 0x40, 0x00, 0xc0}, in[4];
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(get16(&bed, 0x82, 2, 2), -12288);
	assert_int_equal(get16(&bed, 0x83, 2, 2), 0);
	assert_int_equal(get16(&bed, 0x84, 2, 2), 256);
	assert_int_equal(set16(&bed, 2, 2, -6 * 256, 2), 2);
	assert_int_equal(get16(&bed, 0x81, 2, 2), -6 * 256);
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 4, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 4, NULL), USB_OK);
	assert_int_equal((int16_t)get_le16(in), 0x2000);
	assert_int_equal((int16_t)get_le16(in + 2), -0x2000);
	assert_int_equal(set16(&bed, 2, 2, 32767, 2), 2);
	assert_int_equal(get16(&bed, 0x81, 2, 2), 0);
	assert_int_equal(set16(&bed, 2, 2, -32768, 2), 2);
	assert_int_equal(get16(&bed, 0x81, 2, 2), -12288);
	assert_int_equal(set16(&bed, 5, 1, 1, 1), 1);
	assert_int_equal(get16(&bed, 0x81, 5, 1), 1);
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 4, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 4, NULL), USB_OK);
	assert_int_equal(get_le32(in), 0);
	assert_int_equal(set16(&bed, 2, 2, 0, 1), -USB_STALL);
	assert_int_equal(set16(&bed, 2, 1, 2, 1), -USB_STALL);
	assert_int_equal(set16(&bed, 3, 1, 0, 1), -USB_STALL);
	assert_int_equal(set16(&bed, 2, 3, 0, 1), -USB_STALL);
	bed_end(&bed);
}

static void streams_are_there_in_their_setting_only(void **state)
{
	uint8_t bytes[4] = {0};
	struct bed bed;

	(void)state;
	bed_plug(&bed, audio_new(NULL), USB_SPEED_HIGH);
	bed_configure(&bed);
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, bytes, 4, NULL), USB_XACT);
	assert_int_equal(bed_control(&bed, 1, 11, 1, 1, 0, NULL), 0);
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, bytes, 4, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, bytes, 4, NULL), USB_XACT);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_played_is_recorded),
		cmocka_unit_test(packets_of_any_size_do_no_harm),
		cmocka_unit_test(volume_and_mute_have_their_limits),
		cmocka_unit_test(streams_are_there_in_their_setting_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
