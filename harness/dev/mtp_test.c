// SPDX-License-Identifier: MIT
#include "dev/mtp.h"
#include "dev/testbed.h"

#define IN 1
#define OUT 2

static void put_head(uint8_t *out, uint32_t len, uint16_t type, uint16_t code)
{
	put_le32(out, len);
	put_le16(out + 4, type);
	put_le16(out + 6, code);
	put_le32(out + 8, 7);
}

static enum usb_status command(struct bed *bed, uint16_t code, unsigned count, uint32_t a,
			       uint32_t b, uint32_t c)
{
	uint32_t param[3] = {a, b, c};
	uint8_t bytes[12 + 4 * 3];

	put_head(bytes, 12 + 4 * count, 1, code);
	for (unsigned i = 0; i < count; i++)
		put_le32(bytes + 12 + 4 * i, param[i]);
	return bed_packet(bed, USB_OUT, OUT, bytes, 12 + 4 * count, NULL);
}

static uint32_t fetch(struct bed *bed, uint8_t got[4096])
{
	uint32_t actual;

	assert_int_equal(bed_packet(bed, USB_IN, IN, got, 4096, &actual), USB_OK);
	return actual;
}

static uint16_t response(struct bed *bed, uint8_t got[4096])
{
	assert_true(fetch(bed, got) >= 12);
	assert_int_equal(get_le16(got + 4), 3);
	assert_int_equal(get_le32(got + 8), 7);
	assert_int_equal(bed_packet(bed, USB_IN, IN, got + 2048, 64, NULL), USB_NAK);
	return get_le16(got + 6);
}

static void start(struct bed *bed)
{
	uint8_t got[4096];

	bed_plug(bed, mtp_new(NULL), USB_SPEED_HIGH);
	bed_configure(bed);
	assert_int_equal(command(bed, MTP_OPEN_SESSION, 1, 1, 0, 0), USB_OK);
	assert_int_equal(response(bed, got), MTP_OK);
}

static enum usb_status send_info(struct bed *bed, const char *name, size_t len)
{
	uint8_t bytes[12 + 52 + 1 + 512] = {0};
	size_t units = strlen(name) + 1, whole = 12 + 52 + 1 + 2 * units;

	put_head(bytes, (uint32_t)whole, 2, MTP_SEND_OBJECT_INFO);
	put_le16(bytes + 12 + 4, MTP_FORMAT_UNDEFINED);
	bytes[12 + 52] = (uint8_t)units;
	for (size_t i = 0; i < units; i++)
		bytes[12 + 53 + 2 * i] = (uint8_t)name[i];
	return bed_packet(bed, USB_OUT, OUT, bytes, (uint32_t)(len ? len : whole), NULL);
}

static void an_object_is_read(void **state)
{
	uint8_t got[4096];
	struct bed bed;
	uint32_t n;

	(void)state;
	start(&bed);
	command(&bed, MTP_GET_OBJECT_HANDLES, 3, MTP_STORAGE, 0, 0xffffffff);
	fetch(&bed, got);
	assert_int_equal(get_le32(got + 12), 1); /* the folder */
	n = get_le32(got + 16);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_OBJECT_HANDLES, 3, MTP_STORAGE, 0, n);
	fetch(&bed, got);
	n = get_le32(got + 16);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_OBJECT, 1, n, 0, 0);
	assert_int_equal(fetch(&bed, got), 12 + 31);
	assert_memory_equal(got + 12, "what a camera", 13);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_PARTIAL_OBJECT, 3, n, 5, 8);
	assert_int_equal(fetch(&bed, got), 12 + 8);
	assert_memory_equal(got + 12, "a camera", 8);
	assert_int_equal(response(&bed, got), MTP_OK);
	assert_int_equal(get_le32(got + 12), 8);
	command(&bed, MTP_GET_PARTIAL_OBJECT, 3, n, 0xffffffff, 0xffffffff);
	assert_int_equal(fetch(&bed, got), 12);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_OBJECT_INFO, 1, n, 0, 0);
	fetch(&bed, got);
	assert_int_equal(got[12 + 52], 9); /* note.txt and its zero */
	assert_int_equal(response(&bed, got), MTP_OK);
	bed_end(&bed);
}

static void an_object_is_sent_and_deleted(void **state)
{
	static uint8_t bytes[12 + 1500], got[4096];
	uint32_t handle;
	struct bed bed;

	(void)state;
	start(&bed);
	command(&bed, MTP_SEND_OBJECT_INFO, 2, MTP_STORAGE, 0xffffffff, 0);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, got, 64, NULL), USB_NAK);
	assert_int_equal(send_info(&bed, "new.bin", 0), USB_OK);
	assert_int_equal(response(&bed, got), MTP_OK);
	handle = get_le32(got + 20);
	command(&bed, MTP_SEND_OBJECT, 0, 0, 0, 0);
	put_head(bytes, sizeof(bytes), 2, MTP_SEND_OBJECT);
	for (unsigned i = 0; i < 1500; i++)
		bytes[12 + i] = (uint8_t)(i * 5);
	for (unsigned i = 0; i < sizeof(bytes); i += 512)
		assert_int_equal(bed_packet(&bed, USB_OUT, OUT, bytes + i,
					    (uint32_t)min_u64(512, sizeof(bytes) - i), NULL),
				 USB_OK);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_OBJECT, 1, handle, 0, 0);
	assert_int_equal(fetch(&bed, got), sizeof(bytes));
	assert_memory_equal(got + 12, bytes + 12, 1500);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_DELETE_OBJECT, 1, handle, 0, 0);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_OBJECT, 1, handle, 0, 0);
	assert_int_equal(response(&bed, got), MTP_INVALID_HANDLE);
	bed_end(&bed);
}

/* 12 bytes of head and 500 are one packet; the response must not be taken for more of it. */
static void a_container_of_full_packets_ends_with_an_empty_one(void **state)
{
	static uint8_t bytes[12 + 1500], got[4096];
	uint32_t handle;
	struct bed bed;

	(void)state;
	start(&bed);
	command(&bed, MTP_SEND_OBJECT_INFO, 2, MTP_STORAGE, 0xffffffff, 0);
	assert_int_equal(send_info(&bed, "new.bin", 0), USB_OK);
	assert_int_equal(response(&bed, got), MTP_OK);
	handle = get_le32(got + 20);
	command(&bed, MTP_SEND_OBJECT, 0, 0, 0, 0);
	put_head(bytes, sizeof(bytes), 2, MTP_SEND_OBJECT);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, bytes, sizeof(bytes), NULL), USB_OK);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_GET_PARTIAL_OBJECT, 3, handle, 0, 500);
	assert_int_equal(fetch(&bed, got), 512);
	assert_int_equal(get_le32(got), 512);
	assert_int_equal(fetch(&bed, got), 0);
	assert_int_equal(response(&bed, got), MTP_OK);
	bed_end(&bed);
}

/* Catalogue C05, C06. */
/* The host may tell the end of data by an empty packet, too, and that before it takes the response. */
static void data_of_full_packets_may_end_with_an_empty_one(void **state)
{
	static uint8_t bytes[1536], got[4096];
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned empty = 0; empty < 2; empty++) {
		command(&bed, MTP_SEND_OBJECT_INFO, 2, MTP_STORAGE, 0xffffffff, 0);
		assert_int_equal(send_info(&bed, empty ? "b" : "a", 0), USB_OK);
		assert_int_equal(response(&bed, got), MTP_OK);
		command(&bed, MTP_SEND_OBJECT, 0, 0, 0, 0);
		put_head(bytes, sizeof(bytes), 2, MTP_SEND_OBJECT);
		assert_int_equal(bed_packet(&bed, USB_OUT, OUT, bytes, sizeof(bytes), NULL),
				 USB_OK);
		if (empty)
			assert_int_equal(bed_packet(&bed, USB_OUT, OUT, bytes, 0, NULL), USB_OK);
		assert_int_equal(bed_packet(&bed, USB_OUT, OUT, bytes, 0, NULL),
				 empty ? USB_NAK : USB_OK);
		response(&bed, got);
	}
	bed_end(&bed);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const bad[] = {"../x", "/etc/passwd", "..", ".", "a/b"};
	uint8_t got[4096];
	struct bed bed;

	(void)state;
	start(&bed);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		command(&bed, MTP_SEND_OBJECT_INFO, 2, 0, 0xffffffff, 0);
		assert_int_equal(send_info(&bed, bad[i], 0), USB_OK);
		assert_int_equal(response(&bed, got), MTP_INVALID_DATASET);
	}
	for (size_t len = 12; len < 12 + 53 + 6; len++) { /* the name does not end inside */
		command(&bed, MTP_SEND_OBJECT_INFO, 2, 0, 0xffffffff, 0);
		assert_int_equal(send_info(&bed, "ab", len), USB_OK);
		assert_int_equal(response(&bed, got),
				 len < 12 + 53 + 6 ? MTP_INVALID_DATASET : MTP_OK);
	}
	bed_end(&bed);
}

static void what_comes_out_of_turn_stalls(void **state)
{
	static uint8_t junk[5000];
	uint8_t got[4096];
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, junk, 11, NULL), USB_STALL);
	assert_int_equal(bed_control(&bed, 2, 1, 0, OUT, 0, NULL), 0);
	put_head(junk, 12, 2, MTP_GET_STORAGE_IDS); /* data without a command */
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, junk, 12, NULL), USB_STALL);
	assert_int_equal(bed_control(&bed, 2, 1, 0, OUT, 0, NULL), 0);
	put_head(junk, 0xffffffff, 1, MTP_GET_STORAGE_IDS);
	assert_int_equal(bed_packet(&bed, USB_OUT, OUT, junk, 4999, NULL), USB_STALL);
	assert_int_equal(bed_control(&bed, 2, 1, 0, OUT, 0, NULL), 0);
	command(&bed, MTP_GET_STORAGE_IDS, 0, 0, 0, 0);
	assert_int_equal(command(&bed, MTP_GET_STORAGE_IDS, 0, 0, 0, 0), USB_NAK);
	assert_int_equal(fetch(&bed, got), 20);
	assert_int_equal(response(&bed, got), MTP_OK);
	command(&bed, MTP_SEND_OBJECT, 0, 0, 0, 0);
	assert_int_equal(response(&bed, got), MTP_NO_OBJECT_INFO);
	bed_end(&bed);
}

static void a_transaction_can_be_cancelled(void **state)
{
	uint8_t cancel[6] = {0x01, 0x40, 7}, got[4096];
	struct bed bed;

	(void)state;
	start(&bed);
	command(&bed, MTP_GET_DEVICE_INFO, 0, 0, 0, 0);
	assert_int_equal(bed_control(&bed, 0x21, 0x64, 0, 0, 6, cancel), 6);
	assert_int_equal(bed_packet(&bed, USB_IN, IN, got, 64, NULL), USB_NAK);
	assert_int_equal(bed_control(&bed, 0xa1, 0x67, 0, 0, 4, got), 4);
	assert_int_equal(bed_control(&bed, 0x21, 0x66, 0, 0, 0, NULL), 0);
	command(&bed, MTP_GET_STORAGE_IDS, 0, 0, 0, 0);
	assert_int_equal(response(&bed, got), MTP_SESSION_NOT_OPEN);
	bed_end(&bed);
}

static void every_operation_has_a_response(void **state)
{
	static const uint32_t value[] = {0, 1, 2, 3, MTP_STORAGE, 0xffffffff, 0x3001, 0xdc07};
	uint8_t got[4096];
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned code = 0x1000; code < 0x9810; code = code == 0x1030 ? 0x9800 : code + 1)
		for (unsigned n = 0; n < 8 * 8 * 8; n++) {
			unsigned packets = 0;

			assert_int_equal(command(&bed, (uint16_t)code, 3, value[n % 8],
						 value[n / 8 % 8], value[n / 64]),
					 USB_OK);
			while (bed_packet(&bed, USB_IN, IN, got, 4096, NULL) == USB_OK)
				assert_true(++packets < 10);
			if (!packets) /* it wants data: none that fits comes */
				assert_int_equal(bed_packet(&bed, USB_OUT, OUT, got, 20, NULL),
						 USB_STALL);
			bed_control(&bed, 2, 1, 0, OUT, 0, NULL);
		}
	bed_end(&bed);
}

static void texts_are_utf_16(void **state)
{
	static const uint8_t smile[] = {4, 'a', 0, 0x3d, 0xd8, 0x00, 0xde, 0, 0};
	static const uint8_t torn[] = {3, 0x3d, 0xd8, 'a', 0, 0, 0};
	static const uint8_t open[] = {2, 'a', 0, 'b', 0};
	char text[MTP_NAME_MAX];

	(void)state;
	assert_true(mtp_text(smile, sizeof(smile), 0, text));
	assert_string_equal(text, "a\xf0\x9f\x98\x80");
	assert_false(mtp_text(torn, sizeof(torn), 0, text));
	assert_false(mtp_text(open, sizeof(open), 0, text));
	assert_false(mtp_text(smile, 8, 0, text));
	assert_false(mtp_text(smile, sizeof(smile), 9, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_read),
		cmocka_unit_test(a_container_of_full_packets_ends_with_an_empty_one),
		cmocka_unit_test(an_object_is_sent_and_deleted),
		cmocka_unit_test(data_of_full_packets_may_end_with_an_empty_one),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(what_comes_out_of_turn_stalls),
		cmocka_unit_test(a_transaction_can_be_cancelled),
		cmocka_unit_test(every_operation_has_a_response),
		cmocka_unit_test(texts_are_utf_16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
