// SPDX-License-Identifier: MIT
/*
 * desc_check_test.c -- each problem is found in a set that has it, and none in one that has not.
 * The last test fails if there is a problem that no set here shows.
 */
#include "heap.h"
#include "usb/probe.h"

static bool fired[USB_DESC_PROBLEMS];

/* clang-format off */
static const uint8_t high[] = {
	/* 0 */ 18, 1, 0, 2, 0xef, 2, 1, 64, 1, 0, 2, 0, 0, 1, 0, 0, 0, 1,
	/* 18 */ 9, 2, 65, 0, 2, 1, 0, 0x80, 50,
	/* 27 */ 8, 11, 0, 2, 0xff, 0, 0, 0,
	/* 35 */ 9, 4, 0, 0, 2, 0xff, 0, 0, 0,
	/* 44 */ 7, 5, 0x81, 2, 0, 2, 0,
	/* 51 */ 7, 5, 0x02, 3, 8, 0, 4,
	/* 58 */ 9, 4, 1, 0, 0, 0xff, 0, 0, 0,
	/* 67 */ 9, 4, 1, 1, 1, 0xff, 0, 0, 0,
	/* 76 */ 7, 5, 0x83, 1, 0, 4, 1,
	/* 83 */ 4, 3, 9, 4,
	/* 87 */ 10, 6, 0, 2, 0, 0, 0, 64, 1, 0,
};
static const uint8_t super[] = {
	/* 0 */ 18, 1, 0, 3, 0, 0, 0, 9, 1, 0, 2, 0, 0, 1, 0, 0, 0, 1,
	/* 18 */ 9, 2, 62, 0, 1, 1, 0, 0x80, 50,
	/* 27 */ 9, 4, 0, 0, 2, 0xff, 0, 0, 0,
	/* 36 */ 7, 5, 0x81, 2, 0, 4, 0,
	/* 43 */ 6, 0x30, 15, 4, 0, 0,
	/* 49 */ 7, 5, 0x82, 3, 8, 0, 1,
	/* 56 */ 6, 0x30, 0, 0, 8, 0,
	/* 62 */ 9, 4, 0, 1, 0, 0xff, 0, 0, 0,
	/* 71 */ 9, 4, 0, 2, 0, 0xff, 0, 0, 0,
	/* 80 */ 5, 15, 42, 0, 3,
	/* 85 */ 7, 16, 2, 2, 0, 0, 0,
	/* 92 */ 10, 16, 3, 0, 14, 0, 1, 10, 0, 0,
	/* 102 */ 20, 16, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
/* clang-format on */

static bool found(const uint8_t *set, size_t len, enum usb_speed speed,
		  enum usb_desc_problem problem)
{
	struct usb_desc *d = usb_desc_parse(set, len);
	struct usb_desc_finding findings[16];
	size_t n = usb_desc_check(d, speed, findings, ARRAY_SIZE(findings));
	bool hit = false;

	usb_desc_free(d);
	for (size_t i = 0; i < n && i < ARRAY_SIZE(findings); i++) {
		fired[findings[i].problem] = true;
		hit |= findings[i].problem == problem;
	}
	return hit;
}

static size_t count_findings(const uint8_t *set, size_t len, enum usb_speed speed)
{
	struct usb_desc *d = usb_desc_parse(set, len);
	size_t n = usb_desc_check(d, speed, NULL, 0);

	usb_desc_free(d);
	return n;
}

static void well_formed_sets_have_no_findings(void **state)
{
	(void)state;
	assert_int_equal(count_findings(high, sizeof(high), USB_SPEED_HIGH), 0);
	assert_int_equal(count_findings(super, sizeof(super), USB_SPEED_SUPER), 0);
	assert_int_equal(count_findings(probe_set, sizeof(probe_set), USB_SPEED_HIGH), 0);
}

struct change {
	uint16_t offset;
	uint8_t value;
	enum usb_desc_problem problem;
};

static void check_changes(const uint8_t *base, size_t len, enum usb_speed speed,
			  const struct change *changes, size_t n)
{
	uint8_t set[256];

	for (size_t i = 0; i < n; i++) {
		memcpy(set, base, len);
		set[changes[i].offset] = changes[i].value;
		if (!found(set, len, speed, changes[i].problem))
			fail_msg("%s not found with byte %u = %u",
				 usb_desc_problem_name(changes[i].problem), changes[i].offset,
				 changes[i].value);
	}
}

static const struct change high_changes[] = {
	{0, 19, USB_DESC_LENGTH},
	{1, 77, USB_DESC_NO_DEVICE},
	{2, 0x0a, USB_DESC_DEVICE_BCD},
	{4, 0, USB_DESC_DEVICE_CLASS},
	{7, 8, USB_DESC_DEVICE_MAX_PACKET},
	{7, 0, USB_DESC_DEVICE_MAX_PACKET},
	{17, 0, USB_DESC_NUM_CONFIGS},
	{17, 2, USB_DESC_NUM_CONFIGS},
	{20, 64, USB_DESC_TOTAL_LENGTH},
	{20, 66, USB_DESC_TOTAL_LENGTH},
	{20, 70, USB_DESC_TOTAL_OVERLAPS},
	{20, 255, USB_DESC_TOTAL_BEYOND_SET},
	{20, 8, USB_DESC_TOTAL_TOO_SMALL},
	{20, 8, USB_DESC_OUTSIDE_CONFIG},
	{22, 1, USB_DESC_NUM_INTERFACES},
	{22, 1, USB_DESC_INTERFACE_NUMBER},
	{22, 255, USB_DESC_NUM_INTERFACES},
	{23, 0, USB_DESC_CONFIG_VALUE_0},
	{25, 0x00, USB_DESC_CONFIG_ATTRIBUTES},
	{25, 0x81, USB_DESC_CONFIG_ATTRIBUTES},
	{27, 7, USB_DESC_LENGTH_TOO_SMALL},
	{27, 0, USB_DESC_LENGTH_BELOW_2},
	{27, 255, USB_DESC_LENGTH_BEYOND_END},
	{30, 0, USB_DESC_IAD_COUNT_0},
	{30, 3, USB_DESC_IAD_RANGE},
	{29, 255, USB_DESC_IAD_RANGE},
	{36, 0x77, USB_DESC_OUTSIDE_INTERFACE},
	{39, 1, USB_DESC_NUM_ENDPOINTS},
	{46, 0x80, USB_DESC_ENDPOINT_0},
	{46, 0x00, USB_DESC_ENDPOINT_0},
	{46, 0x10, USB_DESC_ENDPOINT_0},
	{46, 0x91, USB_DESC_ENDPOINT_ADDRESS},
	{46, 0x02, USB_DESC_ENDPOINT_TWICE},
	{46, 0x72, USB_DESC_ENDPOINT_TWICE},
	{46, 0x83, USB_DESC_ENDPOINT_SHARED},
	{47, 0x06, USB_DESC_ENDPOINT_ATTRIBUTES},
	{49, 0x22, USB_DESC_ENDPOINT_PACKET_BITS},
	{49, 0x0a, USB_DESC_ENDPOINT_MULT},
	{49, 1, USB_DESC_ENDPOINT_PACKET},
	{55, 0, USB_DESC_ENDPOINT_PACKET},
	{56, 0x18, USB_DESC_ENDPOINT_MULT},
	{56, 0x08, USB_DESC_ENDPOINT_PACKET},
	{57, 0, USB_DESC_ENDPOINT_INTERVAL},
	{57, 17, USB_DESC_ENDPOINT_INTERVAL},
	{61, 1, USB_DESC_NO_ALTERNATE_0},
	{61, 1, USB_DESC_INTERFACE_TWICE},
	{70, 0, USB_DESC_ISOCH_IN_ALTERNATE_0},
	{82, 0, USB_DESC_ENDPOINT_INTERVAL},
	{82, 17, USB_DESC_ENDPOINT_INTERVAL},
	{83, 3, USB_DESC_STRING_LENGTH},
	{83, 2, USB_DESC_STRING_NO_LANGUAGE},
	{96, 1, USB_DESC_QUALIFIER_RESERVED},
	{88, 1, USB_DESC_LENGTH_TOO_SMALL},
};

static void one_wrong_byte_of_a_high_speed_set_is_found(void **state)
{
	static const struct change class_0 = {40, 0, USB_DESC_INTERFACE_CLASS_0};
	uint8_t set[sizeof(high)];

	(void)state;
	check_changes(high, sizeof(high), USB_SPEED_HIGH, high_changes, ARRAY_SIZE(high_changes));
	memcpy(set, high, sizeof(set));
	set[41] = 1;
	check_changes(set, sizeof(set), USB_SPEED_HIGH, &class_0, 1);
}

static void one_wrong_byte_of_a_superspeed_set_is_found(void **state)
{
	static const struct change changes[] = {
		{7, 64, USB_DESC_DEVICE_MAX_PACKET},     {41, 2, USB_DESC_ENDPOINT_PACKET},
		{44, 0x77, USB_DESC_COMPANION_MISSING},  {45, 16, USB_DESC_COMPANION_BURST},
		{46, 17, USB_DESC_COMPANION_ATTRIBUTES}, {47, 1, USB_DESC_COMPANION_BYTES},
		{50, 0x77, USB_DESC_COMPANION_ALONE},    {52, 0x40, USB_DESC_ENDPOINT_ATTRIBUTES},
		{58, 1, USB_DESC_ENDPOINT_PACKET}, /* bursts are of 1024 bytes */
		{59, 1, USB_DESC_COMPANION_ATTRIBUTES},  {60, 9, USB_DESC_COMPANION_BYTES},
		{82, 41, USB_DESC_BOS_TOTAL_LENGTH},     {84, 2, USB_DESC_BOS_NUM_CAPS},
		{86, 17, USB_DESC_BOS_FOREIGN},          {87, 3, USB_DESC_CAPABILITY_LENGTH},
		{87, 10, USB_DESC_CAPABILITY_LENGTH},    {87, 1, USB_DESC_CAPABILITY_LENGTH},
		{87, 11, USB_DESC_CAPABILITY_LENGTH},    {88, 1, USB_DESC_CAPABILITY_RESERVED},
		{95, 1, USB_DESC_CAPABILITY_RESERVED},   {105, 1, USB_DESC_CAPABILITY_RESERVED},
	};

	(void)state;
	check_changes(super, sizeof(super), USB_SPEED_SUPER, changes, ARRAY_SIZE(changes));
}

static void low_speed_has_no_bulk(void **state)
{
	(void)state;
	assert_true(found(high, sizeof(high), USB_SPEED_LOW, USB_DESC_ENDPOINT_TYPE));
	assert_true(found(high, sizeof(high), USB_SPEED_LOW, USB_DESC_ENDPOINT_INTERVAL));
	assert_true(found(super, sizeof(super), USB_SPEED_HIGH, USB_DESC_COMPANION_SPEED));
}

static void order_and_repetition_are_checked(void **state)
{
	static const uint8_t late[] = {
		18, 1, 0,  3,  0,    0,    0, 9, 1,    0,  2,    0, 0, 1,    0, 0,    0,
		1,  9, 2,  50, 0,    1,    1, 0, 0x80, 50, 9,    4, 0, 0,    1, 0xff, 0,
		0,  0, 7,  5,  0x81, 2,    0, 4, 0,    3,  0x24, 1, 6, 0x30, 0, 0,    0,
		0,  8, 11, 0,  1,    0xff, 0, 0, 0,    8,  11,   0, 1, 0xff, 0, 0,    0,
	};
	uint8_t set[sizeof(high) * 2];

	(void)state;
	assert_true(found(late, sizeof(late), USB_SPEED_SUPER, USB_DESC_COMPANION_LATE));
	memcpy(set, late, sizeof(late));
	set[20] = sizeof(late) - 18;
	assert_true(found(set, sizeof(late), USB_SPEED_SUPER, USB_DESC_IAD_LATE));
	assert_true(found(set, sizeof(late), USB_SPEED_SUPER, USB_DESC_IAD_OVERLAP));
	memcpy(set, high, sizeof(high));
	memcpy(set + sizeof(high), high, sizeof(high));
	assert_true(found(set, sizeof(set), USB_SPEED_HIGH, USB_DESC_REPEATED));
	assert_true(found(set, sizeof(set), USB_SPEED_HIGH, USB_DESC_CONFIG_VALUE_TWICE));
	assert_true(found(set + 18, sizeof(set) - 18, USB_SPEED_HIGH, USB_DESC_DEVICE_NOT_FIRST));
}

static void sets_beyond_all_limits_are_found(void **state)
{
	uint8_t *set = heap_zero(65536);

	(void)state;
	for (size_t i = 0; i < 65536; i++)
		set[i] = i & 1 ? 0x77 : 2;
	assert_true(found(set, 65536, USB_SPEED_HIGH, USB_DESC_SET_LENGTH));
	assert_true(found(set, 65535, USB_SPEED_HIGH, USB_DESC_SET_COUNT));
	heap_free(set);
}

static void findings_beyond_the_room_are_counted(void **state)
{
	struct usb_desc *d = usb_desc_parse(high, sizeof(high));
	struct usb_desc_finding one = {0};

	(void)state;
	assert_true(usb_desc_check(d, USB_SPEED_SUPER, &one, 1) > 1);
	assert_int_equal(one.problem, USB_DESC_DEVICE_MAX_PACKET);
	assert_int_equal(one.value, 64);
	usb_desc_free(d);
}

static void every_problem_was_found_and_has_a_clause(void **state)
{
	(void)state;
	for (int i = 0; i < USB_DESC_PROBLEMS; i++) {
		enum usb_desc_problem problem = (enum usb_desc_problem)i;

		if (!fired[i])
			fail_msg("no set shows %s", usb_desc_problem_name(problem));
		assert_int_equal(strncmp(usb_desc_problem_clause(problem), "USB", 3), 0);
		assert_true(strlen(usb_desc_problem_text(problem)) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_sets_have_no_findings),
		cmocka_unit_test(one_wrong_byte_of_a_high_speed_set_is_found),
		cmocka_unit_test(one_wrong_byte_of_a_superspeed_set_is_found),
		cmocka_unit_test(low_speed_has_no_bulk),
		cmocka_unit_test(order_and_repetition_are_checked),
		cmocka_unit_test(sets_beyond_all_limits_are_found),
		cmocka_unit_test(findings_beyond_the_room_are_counted),
		cmocka_unit_test(every_problem_was_found_and_has_a_clause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
