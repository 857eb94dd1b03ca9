// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

#define OUT 3
#define IN 2

static void start(struct bed *bed)
{
	bed_plug(bed, ccid_new(), USB_SPEED_HIGH);
	bed_configure(bed);
}

/* A message with sequence number 7, whose header claims this many bytes. */
static enum usb_status send(struct bed *bed, uint8_t type, const void *bytes, size_t len,
			    uint32_t claimed)
{
	uint8_t message[600] = {type};

	put_le32(message + 1, claimed);
	message[6] = 7;
	if (len)
		memcpy(message + 10, bytes, len);
	return bed_packet(bed, USB_OUT, OUT, message, (uint32_t)(10 + len), NULL);
}

static size_t fetch(struct bed *bed, uint8_t answer[600])
{
	uint32_t actual;

	assert_int_equal(bed_packet(bed, USB_IN, IN, answer, 600, &actual), USB_OK);
	assert_true(actual >= 10);
	assert_int_equal(get_le32(answer + 1), actual - 10);
	assert_int_equal(answer[6], 7);
	return actual - 10;
}

static size_t exchange(struct bed *bed, const void *apdu, size_t len, uint8_t answer[600])
{
	assert_int_equal(send(bed, 0x6f, apdu, len, (uint32_t)len), USB_OK);
	return fetch(bed, answer);
}

static void power_on(struct bed *bed)
{
	uint8_t answer[600];

	assert_int_equal(send(bed, 0x62, NULL, 0, 0), USB_OK);
	assert_int_equal(fetch(bed, answer), 4);
	assert_int_equal(answer[0], 0x80);
	assert_int_equal(answer[10], 0x3b);
}

static void what_is_written_to_the_card_is_read(void **state)
{
	static const char select[] = "\x00\xa4\x04\x00\x09\xf0gauntlet";
	static const char update[] = "\x00\xd6\x00\x10\x05hello";
	static const char read[] = "\x00\xb0\x00\x10\x05";
	uint8_t answer[600];
	struct bed bed;

	(void)state;
	start(&bed);
	power_on(&bed);
	assert_int_equal(exchange(&bed, read, 5, answer), 2);
	assert_int_equal(answer[10], 0x69); /* nothing is selected */
	assert_int_equal(exchange(&bed, select, 14, answer), 2);
	assert_int_equal(answer[10], 0x90);
	assert_int_equal(exchange(&bed, update, 10, answer), 2);
	assert_int_equal(answer[10], 0x90);
	assert_int_equal(exchange(&bed, read, 5, answer), 7);
	assert_memory_equal(answer + 10, "hello\x90\x00", 7);
	bed_end(&bed);
}

/* Head, 52 bytes and status fill a packet of full speed: what the host asks for next is not more of it. */
static void a_message_of_full_packets_ends_with_an_empty_one(void **state)
{
	static const uint8_t select[] = {0,   0xa4, 4,   0,   9,   0xf0, 'g',
					 'a', 'u',  'n', 't', 'l', 'e',  't'};
	static const uint8_t read[] = {0, 0xb0, 0, 0, 52};
	uint8_t answer[600];
	struct bed bed;
	uint32_t actual;

	(void)state;
	bed_plug(&bed, ccid_new(), USB_SPEED_FULL);
	bed_configure(&bed);
	power_on(&bed);
	assert_int_equal(exchange(&bed, select, sizeof(select), answer), 2);
	assert_int_equal(exchange(&bed, read, sizeof(read), answer), 54);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, answer, 600, &actual), USB_OK);
	assert_int_equal(actual, 0);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, answer, 600, NULL), USB_NAK);
	bed_end(&bed);
}

static void apdus_of_every_length_have_an_answer(void **state)
{
	uint8_t apdu[261] = {0, 0xb0, 0, 0}, answer[600];
	static const uint8_t ins[] = {0xa4, 0xb0, 0xd6, 0x84, 0xff};
	struct bed bed;

	(void)state;
	start(&bed);
	power_on(&bed);
	for (size_t i = 0; i < ARRAY_SIZE(ins); i++)
		for (size_t len = 0; len <= sizeof(apdu); len++)
			for (unsigned lc = 0; lc < 256; lc += 51) {
				apdu[1] = ins[i];
				apdu[4] = (uint8_t)lc;
				assert_in_range(exchange(&bed, apdu, len, answer), 2, 258);
			}
	bed_end(&bed);
}

/* Catalogue C03: the length in the header is not the length of what came. */
static void lengths_that_lie_are_refused(void **state)
{
	static const uint32_t claims[] = {0,      4,          6,          261,       262,
					  0xffff, 0x7fffffff, 0xfffffff6, 0xffffffff};
	uint8_t answer[600];
	struct bed bed;

	(void)state;
	start(&bed);
	power_on(&bed);
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		assert_int_equal(send(&bed, 0x6f, "\x00\xb0\x00\x00\x05", 5, claims[i]), USB_OK);
		assert_int_equal(fetch(&bed, answer), 0);
		assert_int_equal(answer[7] & 0xc0, 0x40);
		assert_int_equal(answer[8], 1);
	}
	bed_end(&bed);
}

static void messages_that_are_too_long_or_too_short_do_no_harm(void **state)
{
	static uint8_t big[600];
	uint8_t answer[600];
	struct bed bed;

	(void)state;
	start(&bed);
	power_on(&bed);
	assert_int_equal(send(&bed, 0x6f, big, 500, 500), USB_OK);
	assert_int_equal(fetch(&bed, answer), 0);
	assert_int_equal(answer[8], 1);
	for (uint32_t len = 0; len < 10; len++)
		assert_int_equal(bed_packet(&bed, USB_OUT, OUT, big, len, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, answer, 600, NULL), USB_NAK);
	for (unsigned i = 0; i < 10; i++) /* never ends */
		assert_int_equal(bed_packet(&bed, USB_OUT, OUT, big + 1, 512, NULL), USB_OK);
	bed_end(&bed);
}

static void answers_that_nobody_fetches_hold_the_host_back(void **state)
{
	uint8_t answer[600];
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(send(&bed, 0x65, NULL, 0, 0), USB_OK);
	assert_int_equal(send(&bed, 0x65, NULL, 0, 0), USB_NAK);
	fetch(&bed, answer);
	assert_int_equal(bed.last_wakeup, 0x03);
	assert_int_equal(send(&bed, 0x65, NULL, 0, 0), USB_OK);
	assert_int_equal(bed_control(&bed, 0x21, 1, 0x0700, 0, 0, NULL), 0); /* ABORT */
	assert_int_equal(bed_packet(&bed, USB_IN, IN, answer, 600, NULL), USB_NAK);
	bed_end(&bed);
}

static void a_card_comes_and_goes(void **state)
{
	uint8_t note[8], answer[600];
	struct usb_device *other = mouse_new();
	struct bed bed;

	(void)state;
	assert_int_equal(ccid_insert(other, true), -ENODEV);
	dev_free(other);
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 8, NULL), USB_OK);
	assert_int_equal(note[1], 3);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 8, NULL), USB_NAK);
	power_on(&bed);
	assert_int_equal(ccid_insert(bed.port.dev, false), 0);
	assert_int_equal(bed.last_wakeup, 0x81);
	assert_int_equal(bed_packet(&bed, USB_IN, 1, note, 8, NULL), USB_OK);
	assert_int_equal(note[1], 2);
	send(&bed, 0x62, NULL, 0, 0);
	fetch(&bed, answer);
	assert_int_equal(answer[7], 0x42);
	assert_int_equal(answer[8], 0xfe);
	ccid_insert(bed.port.dev, true);
	exchange(&bed, "\x00\x84\x00\x00\x08", 5, answer); /* no power yet */
	assert_int_equal(answer[7], 0x41);
	bed_end(&bed);
}

static void parameters_are_checked(void **state)
{
	uint8_t answer[600];
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(send(&bed, 0x61, "\x18\x00\x00\x20\x00", 5, 5), USB_OK);
	assert_int_equal(fetch(&bed, answer), 5);
	assert_int_equal(answer[10], 0x18);
	assert_int_equal(send(&bed, 0x61, "\x18", 1, 1), USB_OK);
	fetch(&bed, answer);
	assert_int_equal(answer[8], 1);
	assert_int_equal(send(&bed, 0x6d, NULL, 0, 0), USB_OK);
	fetch(&bed, answer);
	assert_int_equal(answer[10], 0x11);
	assert_int_equal(send(&bed, 0x71, NULL, 0, 0), USB_OK); /* mechanical */
	fetch(&bed, answer);
	assert_int_equal(answer[7] & 0xc0, 0x40);
	assert_int_equal(bed_control(&bed, 0xa1, 2, 0, 0, 4, answer), 4);
	assert_int_equal(bed_control(&bed, 0xa1, 3, 0, 0, 400, answer), 4);
	assert_int_equal(bed_control(&bed, 0xa1, 4, 0, 0, 4, answer), -USB_STALL);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_to_the_card_is_read),
		cmocka_unit_test(a_message_of_full_packets_ends_with_an_empty_one),
		cmocka_unit_test(apdus_of_every_length_have_an_answer),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(messages_that_are_too_long_or_too_short_do_no_harm),
		cmocka_unit_test(answers_that_nobody_fetches_hold_the_host_back),
		cmocka_unit_test(a_card_comes_and_goes),
		cmocka_unit_test(parameters_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
