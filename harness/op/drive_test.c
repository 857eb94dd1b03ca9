// SPDX-License-Identifier: MIT
/*
 * drive_test.c -- from power-on to a configured device.
 */
#include "op/testbed.h"

/* ---- start --------------------------------------------------------------------------------- */

static void every_order_of_starting_gives_a_running_controller(void **state)
{
	static const char *const driver[] = {"linux", "uboot", "seabios", "edk2"};
	struct bed *bed = *state;
	char text[64];

	for (unsigned i = 0; i < ARRAY_SIZE(driver); i++) {
		power_on(bed);
		snprintf(text, sizeof(text), "start driver=%s", driver[i]);
		play(bed, text);
		assert_int_equal(oper(bed, XHCI_USBSTS) & (USBSTS_HCH | USBSTS_HCE | USBSTS_HSE),
				 0);
		play(bed, "plug port=1 speed=full\nenumerate port=1");
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void a_halted_controller_is_run_again_when_it_is_needed(void **state)
{
	struct bed *bed = *state;

	play(bed, "start\nwrite reg=USBCMD value=0");
	assert_true(oper(bed, XHCI_USBSTS) & USBSTS_HCH);
	play(bed, "enumerate");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void a_controller_reset_behind_its_back_is_started_anew(void **state)
{
	struct bed *bed = *state;

	play(bed, "enumerate\nwrite reg=USBCMD value=0\nwrite reg=USBCMD value=2\nenumerate");
	assert_false(oper(bed, XHCI_USBSTS) & USBSTS_HCH);
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

/* ---- enumerate ----------------------------------------------------------------------------- */

static void every_model_enumerates_at_its_fastest_speed(void **state)
{
	struct bed *bed = *state;
	char text[64];

	for (unsigned model = 0; model < names_model.count; model++) {
		power_on(bed);
		snprintf(text, sizeof(text), "enumerate port=2 model=%s", names_model.name[model]);
		play(bed, text);
		assert_int_equal(bed->b->ops->port_model(bed->b, 2, 0), model);
		assert_int_not_equal(drive_current_slot(bed->d), 0);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
		assert_int_equal(ep_state(bed, drive_current_slot(bed->d), 1), EP_RUNNING);
		assert_int_equal(ep_state(bed, drive_current_slot(bed->d), 3), EP_RUNNING);
	}
}

static void a_scripted_device_enumerates_at_every_speed(void **state)
{
	static const char *const speed[] = {"low", "full", "high", "super"};
	struct bed *bed = *state;
	char text[96];

	for (unsigned i = 0; i < ARRAY_SIZE(speed); i++) {
		power_on(bed);
		snprintf(text, sizeof(text), "plug model=scripted speed=%s\nenumerate", speed[i]);
		play(bed, text);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void zeros_enumerate_a_keyboard(void **state)
{
	struct bed *bed = *state;
	struct op zero = {0};

	drive_op(bed->d, &zero);
	assert_int_equal(bed->b->ops->port_model(bed->b, 1, 0), MODEL_KEYBOARD);
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void enumerating_again_gives_a_fresh_slot(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 100; i++)
		play(bed, "enumerate port=1");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void a_device_that_took_anothers_place_is_enumerated(void **state)
{
	struct bed *bed = *state;

	play(bed, "enumerate\nunplug\nplug port=1\nenumerate");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	assert_int_equal(drive_last_completion(bed->d, drive_current_slot(bed->d), 1), CC_SUCCESS);
	assert_int_equal(bed->b->ops->port_model(bed->b, 2, 0), -1);
}

static void enumerating_what_is_enumerated_costs_nothing(void **state)
{
	struct bed *bed = *state;
	unsigned doorbells, slot;

	play(bed, "enumerate model=storage");
	slot = drive_current_slot(bed->d);
	play(bed, "enumerate");
	assert_int_not_equal(drive_current_slot(bed->d), slot);
	doorbells = bed->doorbells;
	play(bed, "enumerate model=storage");
	assert_int_equal(drive_current_slot(bed->d), slot);
	assert_int_equal(bed->doorbells, doorbells);
}

static void lying_descriptors_end_enumeration_and_nothing_else(void **state)
{
	static const char *const set[] = {
		"00",               /* bLength 0 */
		"1201000200000040", /* half a device descriptor */
		"120100020000004000000000000000000001" /* no configuration */,
		"120100020000004000000000000000000001" /* wTotalLength 65535, no interface */
		"0902ffff010100803200",
		"120100020000004000000000000000000001" /* endpoint 0x80, size 0, interval 255 */
		"090219000101008032"
		"0904000001ff000000"
		"070580020000ff",
	};
	struct bed *bed = *state;
	char text[300];

	for (unsigned i = 0; i < ARRAY_SIZE(set); i++) {
		power_on(bed);
		snprintf(text, sizeof(text),
			 "descriptors data=%s\nenumerate model=scripted\nenumerate port=2", set[i]);
		play(bed, text);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void a_key_press_reaches_memory_after_enumeration(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed, "enumerate\nkey qnum=30\nstep usec=20000");
	slot = drive_current_slot(bed->d);
	assert_int_equal(drive_last_completion(bed->d, slot, 3), CC_SUCCESS);
	assert_int_equal(guest32(bed, DRIVE_LISTEN + (slot - 1) * 64), 0x00040000); /* usage `a' */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(every_order_of_starting_gives_a_running_controller),
		bed_test(a_halted_controller_is_run_again_when_it_is_needed),
		bed_test(a_controller_reset_behind_its_back_is_started_anew),
		bed_test(every_model_enumerates_at_its_fastest_speed),
		bed_test(a_scripted_device_enumerates_at_every_speed),
		bed_test(zeros_enumerate_a_keyboard),
		bed_test(enumerating_again_gives_a_fresh_slot),
		bed_test(a_device_that_took_anothers_place_is_enumerated),
		bed_test(enumerating_what_is_enumerated_costs_nothing),
		bed_test(lying_descriptors_end_enumeration_and_nothing_else),
		bed_test(a_key_press_reaches_memory_after_enumeration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
