// SPDX-License-Identifier: MIT
/* desc_parse_test.c -- trees out of polite, cut, lying and endless descriptor sets. */
#include "heap.h"
#include "usb/probe.h"

#define DEVICE 18, 1, 0, 2, 0, 0, 0, 64, 1, 0, 2, 0, 0, 0, 0, 0, 0, 1
#define CONFIG(total) 9, 2, total, 0, 1, 1, 0, 0x80, 50
#define INTERFACE(endpoints) 9, 4, 0, 0, endpoints, 0xff, 0, 0, 0
#define BULK(address) 7, 5, address, 2, 0, 2, 0

/*
 * Parse from an exact copy, walk, rebuild; the rebuilt bytes must parse to a tree of as many nodes
 * that rebuilds to the same bytes. The caller frees the tree.
 */
static struct usb_desc *parse(const uint8_t *set, size_t len)
{
	struct usb_desc *d = usb_desc_parse(set, len), *again;
	uint8_t *built, *rebuilt;
	size_t n, m;

	usb_desc_walk(d);
	built = usb_desc_build(d, &n);
	again = usb_desc_parse(built, n);
	rebuilt = usb_desc_build(again, &m);
	assert_int_equal(d->node_count, again->node_count);
	assert_int_equal(n, m);
	assert_memory_equal(built, rebuilt, n);
	if (!usb_desc_check(d, usb_desc_speed(d), NULL, 0)) {
		assert_int_equal(n, len);
		assert_memory_equal(built, set, len);
	}
	heap_free(built);
	heap_free(rebuilt);
	usb_desc_free(again);
	return d;
}

static bool has_mishap(const struct usb_desc *d, enum usb_desc_problem problem)
{
	for (const struct usb_desc_mishap *m = d->mishaps; m; m = m->next)
		if (m->finding.problem == problem)
			return true;
	return false;
}

static void polite_set_becomes_a_tree_without_mishaps(void **state)
{
	struct usb_desc *d = parse(probe_set, sizeof(probe_set));
	const struct usb_desc_config *c = d->configs;

	(void)state;
	assert_int_equal(d->mishap_count, 0);
	assert_int_equal(d->node_count, 10);
	assert_int_equal(d->device->vendor, 0x1234);
	assert_int_equal(d->device->product, 0x5678);
	assert_int_equal(d->config_count, 1);
	assert_int_equal(c->interface_count, 1);
	assert_int_equal(c->interfaces->alternate_count, 2);
	assert_int_equal(c->interfaces->alternates->endpoint_count, 3);
	assert_int_equal(c->interfaces->alternates->endpoints->next->address, 0x02);
	assert_int_equal(d->string_count, 2);
	usb_desc_free(d);
}

static void every_prefix_and_every_changed_byte_parses(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 3, 5, 8, 9, 0x0f, 0x10, 0x30, 0x7f, 0x80, 0xff};
	uint8_t set[sizeof(probe_set)];

	(void)state;
	for (size_t len = 0; len <= sizeof(probe_set); len++)
		usb_desc_free(parse(probe_set, len));
	for (size_t i = 0; i < sizeof(set); i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			memcpy(set, probe_set, sizeof(set));
			set[i] = values[v];
			usb_desc_free(parse(set, sizeof(set)));
		}
	}
}

static void length_below_2_ends_the_walk(void **state)
{
	static const uint8_t evil[][4] = {{0, 0, 9, 4}, {1, 4, 0, 0}, {0, 5, 0x81, 2}};
	const uint8_t head[] = {DEVICE, CONFIG(22), INTERFACE(0)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		uint8_t set[sizeof(head) + 4];
		struct usb_desc *d;

		memcpy(set, head, sizeof(head));
		memcpy(set + sizeof(head), evil[i], 4);
		d = parse(set, sizeof(set));
		assert_int_equal(d->node_count, 3);
		assert_true(has_mishap(d, USB_DESC_LENGTH_BELOW_2));
		usb_desc_free(d);
	}
}

static void parsing_goes_on_behind_a_broken_configuration(void **state)
{
	const uint8_t set[] = {DEVICE, CONFIG(13), 0, 4, 0, 0, CONFIG(18), INTERFACE(0)};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->config_count, 2);
	assert_int_equal(d->configs->interface_count, 0);
	assert_int_equal(d->configs->next->interface_count, 1);
	usb_desc_free(d);
}

static void total_length_that_reaches_too_far_ends_at_the_next_set(void **state)
{
	const uint8_t set[] = {
		DEVICE, CONFIG(200), INTERFACE(0), CONFIG(255), INTERFACE(0), 4, 3, 9, 4};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->config_count, 2);
	assert_int_equal(d->string_count, 1);
	assert_true(has_mishap(d, USB_DESC_TOTAL_BEYOND_SET));
	assert_true(has_mishap(d, USB_DESC_TOTAL_OVERLAPS));
	usb_desc_free(d);
}

static void total_length_that_is_too_small_leaves_the_rest_outside(void **state)
{
	const uint8_t set[] = {DEVICE, CONFIG(3), INTERFACE(1), BULK(0x81)};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->configs->interface_count, 0);
	assert_int_equal(d->node_count, 4);
	assert_true(has_mishap(d, USB_DESC_TOTAL_TOO_SMALL));
	assert_true(has_mishap(d, USB_DESC_OUTSIDE_CONFIG));
	usb_desc_free(d);
}

/* bNumEndpoints and bNumInterfaces claim more than there is (libusb and Linux, 2017 to 2026). */
static void counts_are_those_of_what_is_there(void **state)
{
	const uint8_t set[] = {DEVICE, 9, 2, 20, 0, 255, 1, 0, 0x80, 50, INTERFACE(255), 7, 5};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->configs->interface_count, 1);
	assert_int_equal(d->configs->interfaces->alternates->endpoint_count, 0);
	assert_null(d->configs->interfaces->alternates->endpoints);
	assert_true(has_mishap(d, USB_DESC_LENGTH_BEYOND_END));
	usb_desc_free(d);
}

static void set_may_end_right_behind_a_superspeed_endpoint(void **state)
{
	const uint8_t set[] = {DEVICE, CONFIG(25), INTERFACE(1), BULK(0x81), 6};

	(void)state;
	for (size_t cut = 0; cut < 2; cut++) {
		struct usb_desc *d = parse(set, sizeof(set) - cut);

		assert_null(d->configs->alternates->endpoints->companion);
		usb_desc_free(d);
	}
}

static void descriptors_shorter_than_their_type_stay_opaque(void **state)
{
	const uint8_t set[] = {DEVICE, CONFIG(41), INTERFACE(1), 8, 4, 1, 0,          1, 0xff, 0, 0,
			       6,      5,          0x82,         2, 0, 2, BULK(0x81), 2, 0x30};
	struct usb_desc *d = parse(set, sizeof(set));
	const struct usb_desc_alternate *a = d->configs->alternates;

	(void)state;
	assert_int_equal(d->configs->interface_count, 1);
	assert_int_equal(a->endpoint_count, 1);
	assert_non_null(a->extra);
	assert_non_null(a->extra->sibling);
	assert_non_null(a->endpoints->extra);
	assert_true(has_mishap(d, USB_DESC_LENGTH_TOO_SMALL));
	usb_desc_free(d);
}

static void short_association_is_not_read_as_one(void **state)
{
	(void)state;
	for (uint8_t n = 2; n < 8; n++) {
		uint8_t set[18 + 9 + 8] = {DEVICE, CONFIG(0), n, USB_DT_IAD};
		struct usb_desc *d;

		set[20] = (uint8_t)(9 + n);
		d = parse(set, 27u + n);
		assert_null(d->configs->iads);
		assert_non_null(d->configs->extra);
		usb_desc_free(d);
	}
}

static void capabilities_are_read_no_further_than_the_bos(void **state)
{
	const uint8_t set[] = {DEVICE, 5, 15, 16, 0,  200, 7,  16, 2, 2,
			       0,      0, 0,  3,  16, 3,   20, 16, 10};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_non_null(d->bos);
	assert_int_equal(d->bos->cap_count, 2);
	assert_int_equal(d->bos->length, 16);
	usb_desc_free(d);
}

static void class_descriptors_belong_to_what_precedes_them(void **state)
{
	const uint8_t set[] = {DEVICE, CONFIG(40), 3, 0x24,       1, INTERFACE(1), 5, 0x24,
			       1,      2,          3, BULK(0x81), 4, 0x25,         1, 2,
			       3,      0x25,       9};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->configs->extra->length, 3);
	assert_int_equal(d->configs->alternates->extra->length, 5);
	assert_int_equal(d->configs->alternates->endpoints->extra->length, 4);
	assert_int_equal(d->configs->alternates->endpoints->extra->sibling->length, 3);
	usb_desc_free(d);
}

static void largest_set_is_cut_and_counted(void **state)
{
	uint8_t *set = heap_zero(70000);
	struct usb_desc *d;

	(void)state;
	for (size_t i = 0; i < 70000; i += 2)
		set[i] = 2;
	d = parse(set, 70000);
	assert_int_equal(d->len, USB_DESC_MAX_BYTES);
	assert_int_equal(d->node_count, USB_DESC_MAX_NODES);
	assert_true(has_mishap(d, USB_DESC_SET_LENGTH));
	assert_true(has_mishap(d, USB_DESC_SET_COUNT));
	usb_desc_free(d);
	heap_free(set);
}

static void second_device_or_bos_is_kept_but_not_believed(void **state)
{
	const uint8_t set[] = {DEVICE, DEVICE, 5, 15, 5, 0, 0, 5, 15, 8, 0, 1, 3, 16, 1};
	struct usb_desc *d = parse(set, sizeof(set));

	(void)state;
	assert_int_equal(d->device->node.offset, 0);
	assert_int_equal(d->bos->node.offset, 36);
	assert_int_equal(d->bos->cap_count, 0);
	assert_int_equal(d->node_count, 5);
	assert_true(has_mishap(d, USB_DESC_REPEATED));
	usb_desc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(polite_set_becomes_a_tree_without_mishaps),
		cmocka_unit_test(every_prefix_and_every_changed_byte_parses),
		cmocka_unit_test(length_below_2_ends_the_walk),
		cmocka_unit_test(parsing_goes_on_behind_a_broken_configuration),
		cmocka_unit_test(total_length_that_reaches_too_far_ends_at_the_next_set),
		cmocka_unit_test(total_length_that_is_too_small_leaves_the_rest_outside),
		cmocka_unit_test(counts_are_those_of_what_is_there),
		cmocka_unit_test(set_may_end_right_behind_a_superspeed_endpoint),
		cmocka_unit_test(descriptors_shorter_than_their_type_stay_opaque),
		cmocka_unit_test(short_association_is_not_read_as_one),
		cmocka_unit_test(capabilities_are_read_no_further_than_the_bos),
		cmocka_unit_test(class_descriptors_belong_to_what_precedes_them),
		cmocka_unit_test(largest_set_is_cut_and_counted),
		cmocka_unit_test(second_device_or_bos_is_kept_but_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
