// SPDX-License-Identifier: MIT
/* desc_test.c -- a parsed set in use: finding, serving, guessing the speed. */
#include "usb/probe.h"

static size_t served(const uint8_t *set, size_t len, uint8_t type, uint8_t index)
{
	struct usb_desc *d = usb_desc_parse(set, len);
	const uint8_t *bytes;
	size_t n = 0, sum = 0;

	if (usb_desc_lookup(d, type, index, &bytes, &n))
		for (size_t i = 0; i < n; i++) /* all of it must exist */
			sum += bytes[i];
	usb_desc_free(d);
	return sum ? n : 0;
}

static void lookup_serves_configurations_whole(void **state)
{
	(void)state;
	assert_int_equal(served(probe_set, sizeof(probe_set), USB_DT_DEVICE, 0), 18);
	assert_int_equal(served(probe_set, sizeof(probe_set), USB_DT_CONFIG, 0), 55);
	assert_int_equal(served(probe_set, sizeof(probe_set), USB_DT_CONFIG, 1), 0);
	assert_int_equal(served(probe_set, sizeof(probe_set), USB_DT_STRING, 1), 6);
	assert_int_equal(served(probe_set, sizeof(probe_set), USB_DT_INTERFACE, 0), 0);
}

static void lookup_never_reaches_beyond_the_set(void **state)
{
	uint8_t set[sizeof(probe_set)];

	(void)state;
	memcpy(set, probe_set, sizeof(set));
	put_le16(set + 20, 65535);
	assert_int_equal(served(set, sizeof(set), USB_DT_CONFIG, 0), sizeof(set) - 18);
	put_le16(set + 20, 0);
	assert_int_equal(served(set, sizeof(set), USB_DT_CONFIG, 0), 9);
	/* A set cut anywhere serves what is left of it. */
	for (size_t len = 0; len <= sizeof(probe_set); len++)
		for (unsigned type = 0; type < 256; type++)
			assert_true(served(probe_set, len, (uint8_t)type, 0) <= len);
}

static void lookup_serves_malformed_descriptors_as_they_are(void **state)
{
	const uint8_t short_device[] = {8, 1, 0, 2, 0, 0, 0, 64};
	const uint8_t long_device[] = {255, 1, 0, 2, 0, 0, 0, 64, 9, 9};
	const uint8_t zero_device[] = {0, 1, 0, 2, 0, 0, 0, 64, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	const uint8_t short_config[] = {8, 2, 200, 0, 1, 1, 0, 0x80};

	(void)state;
	assert_int_equal(served(short_device, sizeof(short_device), USB_DT_DEVICE, 0), 8);
	assert_int_equal(served(long_device, sizeof(long_device), USB_DT_DEVICE, 0), 10);
	assert_int_equal(served(zero_device, sizeof(zero_device), USB_DT_DEVICE, 0), 18);
	assert_int_equal(served(short_config, sizeof(short_config), USB_DT_CONFIG, 0), 8);
}

static void nothing_is_found_in_no_tree(void **state)
{
	const uint8_t *bytes;
	size_t len;

	(void)state;
	assert_false(usb_desc_lookup(NULL, 1, 0, &bytes, &len));
	assert_null(usb_desc_config_find(NULL, 1));
	usb_desc_free(NULL);
}

static void interfaces_are_found_by_their_numbers(void **state)
{
	struct usb_desc *d = usb_desc_parse(probe_set, sizeof(probe_set));
	const struct usb_desc_config *c = usb_desc_config_find(d, 1);
	const struct usb_desc_interface *i;

	(void)state;
	assert_non_null(c);
	assert_null(usb_desc_config_find(d, 0));
	i = usb_desc_interface_find(c, 0);
	assert_non_null(i);
	assert_null(usb_desc_interface_find(c, 1));
	assert_int_equal(usb_desc_alternate_find(i, 1)->endpoint_count, 1);
	assert_null(usb_desc_alternate_find(i, 2));
	usb_desc_free(d);
}

static enum usb_speed speed_with(uint8_t max_packet0, uint8_t bcd, uint8_t attributes,
				 uint16_t size)
{
	uint8_t set[] = {
		18, 1, 0,    bcd, 0, 0,  0, max_packet0, 1,    0,          2,    0,  0, 0, 0,
		0,  0, 1,    9,   2, 25, 0, 1,           1,    0,          0x80, 50, 9, 4, 0,
		0,  1, 0xff, 0,   0, 0,  7, 5,           0x81, attributes, 0,    0,  1,
	};
	struct usb_desc *d;
	enum usb_speed speed;

	put_le16(set + sizeof(set) - 3, size);
	d = usb_desc_parse(set, sizeof(set));
	speed = usb_desc_speed(d);
	usb_desc_free(d);
	return speed;
}

static void speed_is_guessed_from_sizes(void **state)
{
	(void)state;
	assert_int_equal(speed_with(9, 3, 2, 1024), USB_SPEED_SUPER);
	assert_int_equal(speed_with(64, 2, 2, 512), USB_SPEED_HIGH);
	assert_int_equal(speed_with(64, 2, 2, 64), USB_SPEED_FULL);
	assert_int_equal(speed_with(64, 2, 3, 1024), USB_SPEED_HIGH);
	assert_int_equal(speed_with(64, 2, 3, 8), USB_SPEED_FULL);
	assert_int_equal(speed_with(64, 2, 1, 0x1400), USB_SPEED_HIGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookup_serves_configurations_whole),
		cmocka_unit_test(lookup_never_reaches_beyond_the_set),
		cmocka_unit_test(lookup_serves_malformed_descriptors_as_they_are),
		cmocka_unit_test(nothing_is_found_in_no_tree),
		cmocka_unit_test(interfaces_are_found_by_their_numbers),
		cmocka_unit_test(speed_is_guessed_from_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
