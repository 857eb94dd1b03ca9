// SPDX-License-Identifier: MIT
#include "dev/hid.h"
#include "dev/testbed.h"

#define QNUM_A 30u
#define QNUM_SHIFT 42u
#define QNUM_HANGEUL 242u
#define IN_ENDPOINT 1u

static void start(struct bed *bed)
{
	bed_plug(bed, keyboard_new(), USB_SPEED_HIGH);
	bed_configure(bed);
}

static void press(struct bed *bed, unsigned qnum, bool down)
{
	assert_int_equal(keyboard_press(bed->port.dev, qnum, down), 0);
}

/* Read one report and compare modifiers and the first key. */
static void assert_report(struct bed *bed, uint8_t modifiers, uint8_t key)
{
	uint8_t report[8];
	uint32_t actual;

	assert_int_equal(bed_packet(bed, USB_IN, IN_ENDPOINT, report, 8, &actual), USB_OK);
	assert_int_equal(actual, 8);
	assert_int_equal(report[0], modifiers);
	assert_int_equal(report[1], 0);
	assert_int_equal(report[2], key);
}

static void assert_nothing_new(struct bed *bed)
{
	assert_int_equal(bed_packet(bed, USB_IN, IN_ENDPOINT, NULL, 8, NULL), USB_NAK);
}

static void reports_come_in_order_and_then_nak(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	assert_nothing_new(&bed);
	press(&bed, QNUM_SHIFT, true);
	press(&bed, QNUM_A, true);
	press(&bed, QNUM_A, true); /* auto-repeat: no change */
	press(&bed, QNUM_A, false);
	press(&bed, QNUM_SHIFT, false);
	assert_int_equal(bed.wakeups, 4);
	assert_int_equal(bed.last_wakeup, 0x81);
	assert_report(&bed, 0x02, 0x00);
	assert_report(&bed, 0x02, 0x04);
	assert_report(&bed, 0x02, 0x00);
	assert_report(&bed, 0x00, 0x00);
	assert_nothing_new(&bed);
	bed_end(&bed);
}

static void korean_key_sends_lang1(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	press(&bed, QNUM_HANGEUL, true);
	assert_report(&bed, 0, 0x90);
	bed_end(&bed);
}

static void unknown_key_and_wrong_device_are_refused(void **state)
{
	struct usb_device *kbd = keyboard_new(), *tablet = tablet_new();

	(void)state;
	assert_int_equal(keyboard_press(kbd, 0x75, true), -ENOENT);
	assert_int_equal(keyboard_press(kbd, 0xdf, true), -ENOTSUP); /* sleep */
	assert_int_equal(keyboard_press(kbd, 100000, true), -ENOENT);
	assert_int_equal(keyboard_press(tablet, QNUM_A, true), -ENODEV);
	assert_int_equal(tablet_move(kbd, 0, 0, 0, 0), -ENODEV);
	dev_free(kbd);
	dev_free(tablet);
}

static void seventh_key_is_rollover(void **state)
{
	uint8_t report[8];
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned i = 0; i < 7; i++)
		press(&bed, QNUM_A + i, true);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(bed_packet(&bed, USB_IN, IN_ENDPOINT, report, 8, NULL), USB_OK);
	for (unsigned i = 2; i < 8; i++)
		assert_int_equal(report[i], 0x01);
	press(&bed, QNUM_A, false);
	assert_int_equal(bed_packet(&bed, USB_IN, IN_ENDPOINT, report, 8, NULL), USB_OK);
	assert_int_equal(report[2], 0x16); /* s, the oldest that is still down */
	assert_int_equal(report[7], 0x0d); /* j */
	bed_end(&bed);
}

static void full_queue_keeps_the_newest_state(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned i = 0; i < HID_QUEUE; i++)
		press(&bed, QNUM_A, i % 2 == 0);
	press(&bed, QNUM_SHIFT, true);
	press(&bed, QNUM_SHIFT, false);
	press(&bed, QNUM_SHIFT, true);
	for (unsigned i = 0; i < HID_QUEUE - 1; i++)
		assert_report(&bed, 0, i % 2 == 0 ? 0x04 : 0);
	assert_report(&bed, 0x02, 0);
	assert_nothing_new(&bed);
	bed_end(&bed);
}

static void report_longer_than_the_packet_is_babble(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	for (uint32_t len = 0; len < 8; len++) {
		press(&bed, QNUM_A, len % 2 == 0);
		assert_int_equal(bed_packet(&bed, USB_IN, IN_ENDPOINT, NULL, len, NULL),
				 USB_BABBLE);
	}
	for (uint32_t len = 8; len < 70000; len = len * 3 + 1) {
		uint32_t actual;

		press(&bed, QNUM_SHIFT, true);
		assert_int_equal(bed_packet(&bed, USB_IN, IN_ENDPOINT, NULL, len, &actual), USB_OK);
		assert_int_equal(actual, 8);
		press(&bed, QNUM_SHIFT, false);
		assert_report(&bed, 0, 0);
	}
	bed_end(&bed);
}

static void leds_are_set_by_set_report_alone(void **state)
{
	uint8_t leds[2] = {0xff, 0};
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0200, 0, 1, leds), 1);
	assert_int_equal(keyboard_leds(bed.port.dev), 0x1f);
	leds[0] = 2;
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0200, 0, 2, leds), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0200, 0, 0, NULL), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0300, 0, 1, leds), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x21, 9, 0x0200, 1, 1, leds), -USB_STALL);
	assert_int_equal(keyboard_leds(bed.port.dev), 0x1f);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0200, 0, 8, leds), 1);
	assert_int_equal(leds[0], 0x1f);
	usb_device_reset(bed.port.dev);
	assert_int_equal(keyboard_leds(bed.port.dev), 0);
	bed_end(&bed);
}

static void get_report_answers_at_most_what_is_asked(void **state)
{
	uint8_t report[64];
	struct bed bed;

	(void)state;
	start(&bed);
	press(&bed, QNUM_A, true);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0100, 0, 64, report), 8);
	assert_int_equal(report[2], 0x04);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0100, 0, 3, report), 3);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0100, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0xa1, 1, 0x0300, 0, 8, report), -USB_STALL);
	assert_report(&bed, 0, 0x04); /* GET_REPORT takes nothing from the queue */
	bed_end(&bed);
}

static void idle_rate_repeats_an_unchanged_report(void **state)
{
	struct bed bed;
	uint8_t idle;

	(void)state;
	start(&bed);
	bed_step(&bed, 10000000000);
	assert_nothing_new(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 0x0a, 125 << 8, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0xa1, 0x02, 0, 0, 1, &idle), 1);
	assert_int_equal(idle, 125);
	bed_step(&bed, 499999999);
	assert_nothing_new(&bed);
	bed_step(&bed, 1);
	assert_int_equal(bed.wakeups, 1);
	assert_report(&bed, 0, 0);
	assert_nothing_new(&bed);
	bed_step(&bed, 500000000);
	assert_report(&bed, 0, 0);
	assert_int_equal(bed_control(&bed, 0x21, 0x0a, 0, 0, 0, NULL), 0);
	bed_step(&bed, 500000000);
	assert_nothing_new(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 0x0a, 0x0101, 0, 0, NULL), -USB_STALL);
	bed_end(&bed);
}

static void protocol_is_report_until_set(void **state)
{
	struct bed bed;
	uint8_t protocol = 0;

	(void)state;
	start(&bed);
	assert_int_equal(bed_control(&bed, 0xa1, 3, 0, 0, 1, &protocol), 1);
	assert_int_equal(protocol, 1);
	assert_int_equal(bed_control(&bed, 0x21, 0x0b, 0, 0, 0, NULL), 0);
	assert_int_equal(bed_control(&bed, 0xa1, 3, 0, 0, 1, &protocol), 1);
	assert_int_equal(protocol, 0);
	assert_int_equal(bed_control(&bed, 0x21, 0x0b, 2, 0, 0, NULL), -USB_STALL);
	bed_end(&bed);
}

static void hid_and_report_descriptors_agree(void **state)
{
	uint8_t hid[9], report[255], config[255];
	struct bed bed;
	int len;

	(void)state;
	for (int speed = USB_SPEED_FULL; speed <= USB_SPEED_HIGH; speed += 2) {
		bed_plug(&bed, keyboard_new(), speed);
		bed_configure(&bed);
		assert_int_equal(bed_control(&bed, 0x81, 6, 0x2100, 0, 9, hid), 9);
		len = bed_control(&bed, 0x81, 6, 0x2200, 0, 255, report);
		assert_int_equal(len, get_le16(hid + 7));
		assert_int_equal(report[len - 1], 0xc0);
		assert_int_equal(bed_control(&bed, 0x81, 6, 0x2200, 0, 10, report), 10);
		assert_int_equal(bed_control(&bed, 0x80, 6, 0x0200, 0, 255, config), 34);
		assert_memory_equal(config + 18, hid, 9);
		assert_int_equal(bed_control(&bed, 0x80, 6, 0x0600, 0, 10, config), 10);
		assert_int_equal(bed_control(&bed, 0x81, 6, 0x2300, 0, 9, hid), -USB_STALL);
		bed_end(&bed);
	}
}

static void bus_reset_forgets_reports(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	assert_int_equal(bed_control(&bed, 0x21, 0x0a, 1 << 8, 0, 0, NULL), 0);
	press(&bed, QNUM_A, true);
	usb_device_reset(bed.port.dev);
	bed_configure(&bed);
	bed_step(&bed, 100000000);
	assert_nothing_new(&bed);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_come_in_order_and_then_nak),
		cmocka_unit_test(korean_key_sends_lang1),
		cmocka_unit_test(unknown_key_and_wrong_device_are_refused),
		cmocka_unit_test(seventh_key_is_rollover),
		cmocka_unit_test(full_queue_keeps_the_newest_state),
		cmocka_unit_test(report_longer_than_the_packet_is_babble),
		cmocka_unit_test(leds_are_set_by_set_report_alone),
		cmocka_unit_test(get_report_answers_at_most_what_is_asked),
		cmocka_unit_test(idle_rate_repeats_an_unchanged_report),
		cmocka_unit_test(protocol_is_report_until_set),
		cmocka_unit_test(hid_and_report_descriptors_agree),
		cmocka_unit_test(bus_reset_forgets_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
