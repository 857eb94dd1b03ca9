// SPDX-License-Identifier: MIT
#include "dev/testbed_hub.h"

static void hub_descriptor_counts_the_ports(void **state)
{
	static const struct {
		enum usb_speed speed;
		uint16_t type;
		unsigned ports, len;
	} want[] = {{USB_SPEED_FULL, 0x2900, 4, 9},
		    {USB_SPEED_HIGH, 0x2900, 7, 9},
		    {USB_SPEED_HIGH, 0x2900, 8, 11},
		    {USB_SPEED_SUPER, 0x2a00, 15, 12}};
	uint8_t desc[71];
	struct hub_bed b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		start(&b, want[i].speed, want[i].ports);
		assert_int_equal(bed_control(&b.bed, 0xa0, 6, want[i].type, 0, sizeof(desc), desc),
				 want[i].len);
		assert_int_equal(desc[0], want[i].len);
		assert_int_equal(desc[2], want[i].ports);
		assert_int_equal(
			bed_control(&b.bed, 0xa0, 6, want[i].type ^ 0x0300, 0, sizeof(desc), desc),
			-USB_STALL);
		bed_end(&b.bed);
	}
}

static void translators_belong_to_high_speed(void **state)
{
	uint8_t data[8];
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_FULL, 4);
	assert_int_equal(bed_control(&b.bed, 0x23, 9, 0, 1, 0, NULL), -USB_STALL);
	bed_end(&b.bed);
	start(&b, USB_SPEED_HIGH, 4);
	for (uint8_t request = 8; request <= 11; request++) {
		uint8_t type = request == 10 ? 0xa3 : 0x23;
		uint16_t len = request == 10 ? 8 : 0;

		assert_true(bed_control(&b.bed, type, request, 0, 1, len, data) >= 0);
		assert_int_equal(bed_control(&b.bed, type, request, 0, 2, len, data), -USB_STALL);
	}
	assert_int_equal(bed_control(&b.bed, 1, 11, 1, 0, 0, NULL), 0); /* one for each port */
	assert_int_equal(bed_control(&b.bed, 0x23, 9, 0, 4, 0, NULL), 0);
	assert_int_equal(bed_control(&b.bed, 0x23, 9, 0, 5, 0, NULL), -USB_STALL);
	bed_end(&b.bed);
}

/* No request, feature or port number does harm, whatever the state. */
static void every_request_has_an_answer(void **state)
{
	static const uint8_t types[] = {0x20, 0x23, 0xa0, 0xa3, 0x21, 0xa1, 0x40, 0xc3};
	static const uint16_t index[] = {0, 1, 2, 3, 0x0302, 0x0502, 16, 255};
	uint8_t data[16] = {0};

	(void)state;
	for (int speed = USB_SPEED_FULL; speed <= USB_SPEED_SUPER; speed++) {
		struct hub_bed b;

		if (speed == USB_SPEED_LOW)
			continue;
		start(&b, (enum usb_speed)speed, 2);
		plug(&b, 2);
		for (size_t t = 0; t < ARRAY_SIZE(types); t++)
			for (unsigned n = 0; n < 16 * 32 * 8; n++) {
				unsigned request = n % 16, value = n / 16 % 32;

				bed_control(&b.bed, types[t], (uint8_t)request, (uint16_t)value,
					    index[n / 512 % 8], types[t] & 0x80 ? 16 : 0, data);
				bed_step(&b.bed, n % 7 ? 0 : 5 * MS);
			}
		bed_end(&b.bed);
	}
}

static void indicators_and_tests_are_remembered(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	assert_int_equal(set(&b, 22, 1 << 8 | 1), 0);
	assert_int_equal(status(&b, 1), HUB_INDICATOR);
	assert_int_equal(clear(&b, 22, 1), 0);
	assert_int_equal(status(&b, 1), 0);
	assert_int_equal(set(&b, 22, 4 << 8 | 1), -USB_STALL);
	assert_int_equal(set(&b, 21, 1 << 8 | 1), 0);
	assert_int_equal(status(&b, 1), HUB_TEST);
	assert_int_equal(set(&b, 21, 6 << 8 | 1), -USB_STALL);
	bed_end(&b.bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hub_descriptor_counts_the_ports),
		cmocka_unit_test(translators_belong_to_high_speed),
		cmocka_unit_test(every_request_has_an_answer),
		cmocka_unit_test(indicators_and_tests_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
