// SPDX-License-Identifier: MIT
/* desc_build_test.c -- bytes out of trees, also of trees that were changed. */
#include "heap.h"
#include "usb/probe.h"

static void clean_set_is_built_byte_for_byte(void **state)
{
	struct usb_desc *d = usb_desc_parse(probe_set, sizeof(probe_set));
	size_t len;
	uint8_t *bytes = usb_desc_build(d, &len);

	(void)state;
	assert_int_equal(usb_desc_check(d, USB_SPEED_HIGH, NULL, 0), 0);
	assert_int_equal(len, sizeof(probe_set));
	assert_memory_equal(bytes, probe_set, len);
	heap_free(bytes);
	usb_desc_free(d);
}

static void wrong_counts_and_lengths_are_corrected(void **state)
{
	uint8_t set[sizeof(probe_set)];
	struct usb_desc *d;
	uint8_t *bytes;
	size_t len;

	(void)state;
	memcpy(set, probe_set, sizeof(set));
	set[17] = 200; /* bNumConfigurations */
	set[20] = 70;  /* wTotalLength */
	set[22] = 99;  /* bNumInterfaces */
	set[31] = 0;   /* bNumEndpoints */
	d = usb_desc_parse(set, sizeof(set));
	bytes = usb_desc_build(d, &len);
	assert_int_equal(len, sizeof(probe_set));
	assert_memory_equal(bytes, probe_set, len);
	heap_free(bytes);
	usb_desc_free(d);
}

static void changed_fields_are_written(void **state)
{
	struct usb_desc *d = usb_desc_parse(probe_set, sizeof(probe_set));
	struct usb_desc *again;
	uint8_t *bytes;
	size_t len;

	(void)state;
	d->device->vendor = 0xabcd;
	d->configs->value = 7;
	d->configs->alternates->class = 8;
	d->configs->alternates->endpoints->address = 0x8f;
	d->configs->alternates->endpoints->max_packet = 0x1234;
	bytes = usb_desc_build(d, &len);
	again = usb_desc_parse(bytes, len);
	assert_int_equal(again->device->vendor, 0xabcd);
	assert_int_equal(again->configs->value, 7);
	assert_int_equal(again->configs->alternates->class, 8);
	assert_int_equal(again->configs->alternates->endpoints->address, 0x8f);
	assert_int_equal(again->configs->alternates->endpoints->max_packet, 0x1234);
	assert_int_not_equal(usb_desc_walk(d), usb_desc_walk(again));
	heap_free(bytes);
	usb_desc_free(again);
	usb_desc_free(d);
}

static void walk_tells_trees_apart(void **state)
{
	struct usb_desc *d = usb_desc_parse(probe_set, sizeof(probe_set));
	uint64_t sum = usb_desc_walk(d);

	(void)state;
	usb_desc_free(d);
	for (size_t i = 0; i < sizeof(probe_set); i++) {
		uint8_t set[sizeof(probe_set)];

		memcpy(set, probe_set, sizeof(set));
		set[i] ^= 0x40;
		d = usb_desc_parse(set, sizeof(set));
		assert_true(usb_desc_walk(d) != sum);
		usb_desc_free(d);
	}
}

static void empty_set_builds_to_nothing(void **state)
{
	struct usb_desc *d = usb_desc_parse(NULL, 0);
	size_t len = 1;
	uint8_t *bytes = usb_desc_build(d, &len);

	(void)state;
	assert_int_equal(len, 0);
	heap_free(bytes);
	usb_desc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_set_is_built_byte_for_byte),
		cmocka_unit_test(wrong_counts_and_lengths_are_corrected),
		cmocka_unit_test(changed_fields_are_written),
		cmocka_unit_test(walk_tells_trees_apart),
		cmocka_unit_test(empty_set_builds_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
