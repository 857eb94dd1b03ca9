// SPDX-License-Identifier: MIT
#include "dev/rndis.h"
#include "dev/testbed.h"

static void start(struct bed *bed, uint8_t config)
{
	bed_plug(bed, network_new(NULL), USB_SPEED_HIGH);
	assert_int_equal(bed_control(bed, 0, 5, 1, 0, 0, NULL), 0);
	assert_int_equal(bed_control(bed, 0, 9, config, 0, 0, NULL), 0);
	if (config == 2)
		assert_int_equal(bed_control(bed, 1, 11, 1, 1, 0, NULL), 0);
}

static int command(struct bed *bed, const uint32_t *words, size_t count)
{
	uint8_t bytes[64];

	for (size_t i = 0; i < count; i++)
		put_le32(bytes + 4 * i, words[i]);
	return bed_control(bed, 0x21, 0, 0, 0, (uint16_t)(4 * count), bytes);
}

static void start_rndis(struct bed *bed)
{
	static const uint32_t init[] = {2, 24, 1, 1, 0, 0x4000};
	static const uint32_t filter[] = {5, 32, 2, 0x0001010e, 4, 20, 0, 0xf};
	uint8_t answer[64];

	start(bed, 1);
	assert_int_equal(command(bed, init, 6), 24);
	assert_int_equal(bed_control(bed, 0xa1, 1, 0, 0, 64, answer), 52);
	assert_int_equal(get_le32(answer), 0x80000002);
	assert_int_equal(command(bed, filter, 8), 32);
	assert_int_equal(bed_control(bed, 0xa1, 1, 0, 0, 64, answer), 16);
	assert_int_equal(get_le32(answer + 12), 0);
}

static void ecm_frames_come_back(void **state)
{
	static uint8_t frame[1514], got[2048];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed, 2);
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, sizeof(got), NULL), USB_NAK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 60, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 1514, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, sizeof(got), &actual), USB_OK);
	assert_int_equal(actual, 60);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, sizeof(got), &actual), USB_OK);
	assert_int_equal(actual, 1514);
	assert_memory_equal(got, frame, 1514);
	bed_end(&bed);
}

/* 1024 bytes are two whole packets: only an empty one tells that the frame ends there. */
static void full_packets_end_with_an_empty_one(void **state)
{
	static uint8_t frame[1024], got[1024];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed, 2);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 512, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 512, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 512, NULL), USB_NAK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, NULL, 0, NULL), USB_OK);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 512, &actual), USB_OK);
		assert_int_equal(actual, i < 2 ? 512 : 0);
	}
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 512, NULL), USB_NAK);
	/* also where the host has room for more, as the next frame would be taken for its rest */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 512, NULL), USB_OK);
		assert_int_equal(bed_packet(&bed, USB_OUT, 2, NULL, 0, NULL), USB_OK);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 1024, &actual), USB_OK);
		assert_int_equal(actual, i % 2 ? 0 : 512);
	}
	bed_end(&bed);
}

static void transfers_longer_than_any_frame_are_lost(void **state)
{
	static uint8_t frame[8191], got[64];
	struct bed bed;

	(void)state;
	start(&bed, 2);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 8191, NULL), USB_OK);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 512, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 1, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 64, NULL), USB_NAK);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, frame, 60, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 64, NULL), USB_OK);
	bed_end(&bed);
}

static void a_full_line_holds_the_host_back_and_loses_nothing(void **state)
{
	static uint8_t frame[1500], got[2048];
	unsigned sent = 0, received = 0;
	struct bed bed;

	(void)state;
	start(&bed, 2);
	while (bed_packet(&bed, USB_OUT, 2, frame, 1500, NULL) == USB_OK)
		frame[0] = (uint8_t)++sent;
	assert_in_range(sent, 2, 4);
	while (bed_packet(&bed, USB_IN, 2, got, sizeof(got), NULL) == USB_OK)
		assert_int_equal(got[0], received++);
	assert_int_equal(received, sent);
	bed_end(&bed);
}

static void ecm_tells_its_speed_and_that_it_is_connected(void **state)
{
	uint8_t note[16];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start(&bed, 2);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, &actual), USB_OK);
	assert_int_equal(actual, 16);
	assert_int_equal(note[1], 0x2a);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, &actual), USB_OK);
	assert_int_equal(actual, 8);
	assert_int_equal(note[2], 1);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, NULL), USB_NAK);
	assert_int_equal(bed_control(&bed, 0x21, 0x43, 0xf, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0x21, 0x40, 2, 0, 12, note), 12);
	assert_int_equal(bed_control(&bed, 0x21, 0x40, 2, 0, 6, note), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 0x00, 0, 0, 12, note), -USB_STALL);
	bed_end(&bed);
}

static void rndis_messages_carry_frames(void **state)
{
	uint8_t message[3 * (RNDIS_HEADER + 4)], got[64];
	struct bed bed;
	uint32_t actual;

	(void)state;
	start_rndis(&bed);
	for (unsigned i = 0; i < 3; i++) {
		rndis_wrap(message + i * (RNDIS_HEADER + 4), 4);
		memset(message + i * (RNDIS_HEADER + 4) + RNDIS_HEADER, 'a' + (int)i, 4);
	}
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, message, sizeof(message), NULL), USB_OK);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 64, &actual), USB_OK);
		assert_int_equal(actual, RNDIS_HEADER + 4);
		assert_int_equal(get_le32(got + 12), 4);
		assert_int_equal(got[RNDIS_HEADER], 'a' + i);
	}
	bed_end(&bed);
}

static void rndis_takes_nothing_before_it_is_initialized(void **state)
{
	uint8_t message[RNDIS_HEADER + 4], got[64];
	struct bed bed;

	(void)state;
	start(&bed, 1);
	rndis_wrap(message, 4);
	assert_int_equal(bed_packet(&bed, USB_OUT, 2, message, sizeof(message), NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, 2, got, 64, NULL), USB_NAK);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0, 0, 64, got), 1);
	bed_end(&bed);
}

static void an_answer_is_announced_once(void **state)
{
	static const uint32_t alive[] = {8, 12, 7};
	uint8_t note[16], answer[64];
	struct bed bed;

	(void)state;
	start_rndis(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, NULL), USB_NAK);
	assert_int_equal(command(&bed, alive, 3), 12);
	assert_int_equal(bed.last_wakeup, 0x82);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, NULL), USB_OK);
	assert_int_equal(note[0], 1);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 16, NULL), USB_NAK);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0, 0, 64, answer), 16);
	assert_int_equal(get_le32(answer + 8), 7);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecm_frames_come_back),
		cmocka_unit_test(full_packets_end_with_an_empty_one),
		cmocka_unit_test(transfers_longer_than_any_frame_are_lost),
		cmocka_unit_test(a_full_line_holds_the_host_back_and_loses_nothing),
		cmocka_unit_test(ecm_tells_its_speed_and_that_it_is_connected),
		cmocka_unit_test(rndis_messages_carry_frames),
		cmocka_unit_test(rndis_takes_nothing_before_it_is_initialized),
		cmocka_unit_test(an_answer_is_announced_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
