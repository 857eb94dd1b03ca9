// SPDX-License-Identifier: MIT
#include "dev/link.h"
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

/* A line that takes and gives a few bytes at a time, and keeps what it took. */
struct narrow {
	struct dev_link link; /* first member */
	size_t most, took, gave;
	uint8_t bytes[4096];
};

static size_t narrow_send(struct dev_link *l, const uint8_t *bytes, size_t len)
{
	struct narrow *n = container_of(l, struct narrow, link);

	len = min_u64(len, n->most);
	memcpy(n->bytes + n->took, bytes, len);
	n->took += len;
	return len;
}

static size_t narrow_receive(struct dev_link *l, uint8_t *bytes, size_t room)
{
	struct narrow *n = container_of(l, struct narrow, link);
	size_t len = min_u64(min_u64(room, 7), n->most);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)n->gave++;
	n->most -= len;
	return len;
}

static void narrow_free(struct dev_link *l)
{
	free(container_of(l, struct narrow, link));
}

static struct narrow *start_narrow(struct bed *bed)
{
	static const struct dev_link_ops ops = {narrow_send, narrow_receive, narrow_free, NULL,
						NULL};
	struct narrow *n = alloc_zero(sizeof(*n));

	n->link.ops = &ops;
	bed_plug(bed, audio_new(&n->link), USB_SPEED_FULL);
	bed_configure(bed);
	assert_int_equal(bed_control(bed, 1, 11, 1, 1, 0, NULL), 0);
	assert_int_equal(bed_control(bed, 1, 11, 1, 2, 0, NULL), 0);
	return n;
}

static void what_a_line_does_not_take_is_lost_in_whole_frames(void **state)
{
	uint8_t out[192];
	struct narrow *n;
	struct bed bed;

	(void)state;
	n = start_narrow(&bed);
	for (unsigned round = 0; round < 20; round++) {
		n->most = round == 7 ? 0 : 1 + round * 5;
		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (uint8_t)(round << 2 | i % 4);
		assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 192, NULL), USB_OK);
	}
	assert_true(n->took > 500);
	for (size_t i = 0; i < n->took; i++) {
		assert_int_equal(n->bytes[i] % 4, i % 4);
		assert_int_equal(n->bytes[i] >> 2, n->bytes[i / 4 * 4] >> 2);
	}
	bed_end(&bed);
}

static void a_frame_that_comes_in_pieces_is_recorded_whole(void **state)
{
	uint8_t in[192], next = 0;
	uint32_t actual;
	struct narrow *n;
	struct bed bed;

	(void)state;
	n = start_narrow(&bed);
	for (unsigned round = 0; round < 20; round++) {
		n->most = round * 9;
		assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 192, &actual), USB_OK);
		assert_int_equal(actual, 192);
		for (size_t i = 0; i < 192; i += 4) {
			if (!get_le32(in + i))
				continue;
			for (size_t k = 0; k < 4; k++)
				assert_int_equal(in[i + k], next++);
		}
	}
	assert_true(n->gave > 500);
	assert_int_equal(next, (uint8_t)(n->gave / 4 * 4));
	bed_end(&bed);
}

/* Who comes to the line hears the beginning of a frame first, and what is left of the last one's is not its. */
static void whoever_is_new_on_the_line_starts_with_a_frame(void **state)
{
	uint8_t out[192], in[192];
	struct narrow *n;
	struct bed bed;

	(void)state;
	n = start_narrow(&bed);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)i;
	n->most = 6;
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 192, NULL), USB_OK);
	n->link.visits++;
	n->took = 0;
	n->most = 192;
	assert_int_equal(bed_packet(&bed, USB_OUT, PLAY, out, 192, NULL), USB_OK);
	assert_int_equal(n->took, 192);
	assert_memory_equal(n->bytes, out, 192);
	n->gave = 100;
	n->most = 6;
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 192, NULL), USB_OK);
	n->link.visits++;
	n->gave = 200;
	n->most = 192;
	assert_int_equal(bed_packet(&bed, USB_IN, RECORD, in, 192, NULL), USB_OK);
	assert_int_equal(in[0], 200);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_played_is_recorded),
		cmocka_unit_test(packets_of_any_size_do_no_harm),
		cmocka_unit_test(volume_and_mute_have_their_limits),
		cmocka_unit_test(streams_are_there_in_their_setting_only),
		cmocka_unit_test(what_a_line_does_not_take_is_lost_in_whole_frames),
		cmocka_unit_test(a_frame_that_comes_in_pieces_is_recorded_whole),
		cmocka_unit_test(whoever_is_new_on_the_line_starts_with_a_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
