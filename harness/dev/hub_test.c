// SPDX-License-Identifier: MIT
#include "dev/testbed_hub.h"

static void ports_have_no_power_before_they_are_asked_to(void **state)
{
	struct hub_bed b;
	uint8_t map[2];

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	plug(&b, 1);
	assert_int_equal(status(&b, 1), 0);
	assert_int_equal(poll(&b, map), USB_NAK);
	assert_int_equal(set(&b, 8, 1), 0);
	assert_int_equal(status(&b, 1), HUB_C_CONNECTION << 16 | HUB_POWER | HUB_CONNECTION);
	assert_int_equal(b.bed.last_wakeup, 0x81);
	assert_int_equal(poll(&b, map), USB_OK);
	assert_int_equal(map[0], 1 << 1);
	assert_int_equal(clear(&b, 16, 1), 0);
	assert_int_equal(poll(&b, map), USB_NAK);
	bed_end(&b.bed);
}

static void reset_takes_its_time_and_opens_the_port(void **state)
{
	static const struct {
		enum usb_speed speed;
		uint32_t status;
	} want[] = {
		{USB_SPEED_FULL, HUB_POWER | HUB_CONNECTION},
		{USB_SPEED_HIGH, HUB_POWER | HUB_CONNECTION | HUB_HIGH_SPEED},
	};
	struct hub_bed b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		start(&b, want[i].speed, 4);
		plug(&b, 2);
		assert_int_equal(set(&b, 4, 2), 0); /* no power: nothing happens */
		assert_int_equal(status(&b, 2), 0);
		set(&b, 8, 2);
		assert_null(usb_route_device(&b.bed.port, 2));
		set(&b, 4, 2);
		assert_true(status(&b, 2) & HUB_RESET);
		bed_step(&b.bed, 9 * MS);
		assert_true(status(&b, 2) & HUB_RESET);
		assert_null(usb_route_device(&b.bed.port, 2));
		bed_step(&b.bed, 1 * MS);
		assert_int_equal(status(&b, 2),
				 (HUB_C_CONNECTION | HUB_C_RESET) << 16 | want[i].status |
					 HUB_ENABLE);
		assert_non_null(usb_route_device(&b.bed.port, 2));
		bed_end(&b.bed);
	}
}

static void super_speed_link_trains_by_itself(void **state)
{
	struct usb_device *dev;
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_SUPER, 4);
	dev = plug(&b, 3);
	set(&b, 8, 3);
	assert_int_equal(status(&b, 3), HUB_C_CONNECTION << 16 | 1 << 9 | 3);
	assert_ptr_equal(usb_route_device(&b.bed.port, 3), dev);
	assert_int_equal(dev->state, USB_DEFAULT);
	assert_int_equal(set(&b, 28, 3), 0); /* BH reset */
	assert_null(usb_route_device(&b.bed.port, 3));
	bed_step(&b.bed, 10 * MS);
	assert_int_equal(status(&b, 3) >> 16, HUB_C_CONNECTION | HUB_C_RESET | HUB_C_BH_RESET);
	bed_end(&b.bed);
}

static void suspend_closes_and_resume_opens(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	enabled(&b);
	assert_int_equal(set(&b, 2, 2), 0);
	assert_true(status(&b, 2) & HUB_SUSPEND);
	assert_null(usb_route_device(&b.bed.port, 2));
	assert_int_equal(clear(&b, 2, 2), 0);
	bed_step(&b.bed, 19 * MS);
	assert_true(status(&b, 2) & HUB_SUSPEND);
	bed_step(&b.bed, 1 * MS);
	assert_int_equal(status(&b, 2) >> 16, HUB_C_SUSPEND);
	assert_non_null(usb_route_device(&b.bed.port, 2));
	bed_end(&b.bed);
}

static void a_device_wakes_its_port(void **state)
{
	struct usb_device *dev;
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	dev = enabled(&b);
	set(&b, 2, 2);
	usb_device_resume(dev); /* without leave: nothing */
	bed_step(&b.bed, 30 * MS);
	assert_true(status(&b, 2) & HUB_SUSPEND);
	dev->remote_wakeup = true;
	usb_device_resume(dev);
	bed_step(&b.bed, 20 * MS);
	assert_false(status(&b, 2) & HUB_SUSPEND);
	bed_end(&b.bed);
}

static unsigned resumes;

static void count_resume(struct usb_port *port)
{
	(void)port;
	resumes++;
}

static void a_hub_with_a_change_does_not_stay_asleep(void **state)
{
	struct usb_port_ops ops;
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	ops = *b.bed.port.ops;
	ops.resume = count_resume;
	b.bed.port.ops = &ops;
	set(&b, 8, 1);
	b.hub->usb.remote_wakeup = true;
	resumes = 0;
	usb_device_suspend(&b.hub->usb, true);
	assert_int_equal(resumes, 0);
	usb_device_suspend(&b.hub->usb, false);
	plug(&b, 1); /* just before the host lets it sleep */
	resumes = 0;
	usb_device_suspend(&b.hub->usb, true);
	assert_int_equal(resumes, 1);
	usb_device_suspend(&b.hub->usb, false);
	b.hub->usb.remote_wakeup = false;
	usb_device_suspend(&b.hub->usb, true);
	assert_int_equal(resumes, 1);
	bed_end(&b.bed);
}

static void link_states_are_set_by_number(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_SUPER, 4);
	plug(&b, 2);
	set(&b, 8, 2);
	clear(&b, 16, 2);
	assert_int_equal(set(&b, 5, 3 << 8 | 2), 0);
	assert_int_equal(status(&b, 2) >> 5 & 0xf, HUB_U3);
	assert_null(usb_route_device(&b.bed.port, 2));
	assert_int_equal(set(&b, 5, 0 << 8 | 2), 0);
	bed_step(&b.bed, 20 * MS);
	assert_int_equal(status(&b, 2) >> 16, HUB_C_LINK_STATE);
	assert_int_equal(set(&b, 5, 2 << 8 | 2), 0);
	assert_int_equal(status(&b, 2) >> 5 & 0xf, HUB_U2);
	assert_int_equal(set(&b, 5, 4 << 8 | 2), 0);
	assert_false(status(&b, 2) & HUB_CONNECTION);
	assert_int_equal(set(&b, 5, 5 << 8 | 2), 0);
	assert_non_null(usb_route_device(&b.bed.port, 2));
	for (unsigned link = 6; link < 16; link++)
		assert_int_equal(set(&b, 5, link << 8 | 2), -USB_STALL);
	bed_end(&b.bed);
}

static void disable_and_power_off_close_the_port(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	enabled(&b);
	assert_int_equal(clear(&b, 1, 2), 0);
	assert_int_equal(status(&b, 2), HUB_POWER | HUB_CONNECTION | HUB_HIGH_SPEED);
	assert_null(usb_route_device(&b.bed.port, 2));
	assert_int_equal(clear(&b, 8, 2), 0);
	assert_int_equal(status(&b, 2), 0);
	set(&b, 8, 2);
	assert_int_equal(status(&b, 2), HUB_C_CONNECTION << 16 | HUB_POWER | HUB_CONNECTION);
	bed_end(&b.bed);
}

static void unplugging_is_a_change(void **state)
{
	struct hub_bed b;
	uint8_t map[2];

	(void)state;
	start(&b, USB_SPEED_HIGH, 15);
	enabled(&b);
	set(&b, 8, 15);
	plug(&b, 15);
	usb_unplug(&b.hub->usb.downstream[1]);
	assert_int_equal(status(&b, 2), HUB_C_CONNECTION << 16 | HUB_POWER);
	assert_int_equal(poll(&b, map), USB_OK);
	assert_int_equal(map[0], 1 << 2);
	assert_int_equal(map[1], 1 << 7);
	bed_end(&b.bed);
}

static void unplugging_ends_a_reset(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	enabled(&b);
	set(&b, 4, 2);
	usb_unplug(&b.hub->usb.downstream[1]);
	assert_true(b.bed.timer_ns == UINT64_MAX);
	bed_step(&b.bed, 50 * MS);
	assert_int_equal(status(&b, 2), HUB_C_CONNECTION << 16 | HUB_POWER);
	bed_end(&b.bed);
}

static void over_current_turns_the_port_off(void **state)
{
	struct usb_device *other = scripted_new(NULL, 0, 0);
	struct hub_bed b;

	(void)state;
	assert_int_equal(hub_overload(other, 1, true), -ENODEV);
	dev_free(other);
	start(&b, USB_SPEED_HIGH, 4);
	enabled(&b);
	assert_int_equal(hub_overload(&b.hub->usb, 0, true), -ENOENT);
	assert_int_equal(hub_overload(&b.hub->usb, 5, true), -ENOENT);
	assert_int_equal(hub_overload(&b.hub->usb, 2, true), 0);
	assert_int_equal(status(&b, 2), HUB_C_OVER_CURRENT << 16 | HUB_OVER_CURRENT);
	set(&b, 8, 2); /* not as long as it lasts */
	assert_false(status(&b, 2) & HUB_POWER);
	assert_int_equal(clear(&b, 19, 2), 0);
	assert_int_equal(hub_overload(&b.hub->usb, 2, false), 0);
	assert_int_equal(status(&b, 2), HUB_C_OVER_CURRENT << 16);
	set(&b, 8, 2);
	assert_true(status(&b, 2) & HUB_CONNECTION);
	bed_end(&b.bed);
}

static void reset_of_the_hub_takes_the_power_away(void **state)
{
	struct hub_bed b;

	(void)state;
	start(&b, USB_SPEED_HIGH, 4);
	enabled(&b);
	set(&b, 4, 2);
	usb_device_reset(&b.hub->usb);
	assert_true(b.bed.timer_ns == UINT64_MAX);
	bed_configure(&b.bed);
	for (unsigned port = 1; port <= 4; port++)
		assert_int_equal(status(&b, port), 0);
	assert_non_null(b.hub->usb.downstream[1].dev);
	set(&b, 8, 2);
	assert_true(status(&b, 2) & HUB_CONNECTION);
	bed_end(&b.bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_have_no_power_before_they_are_asked_to),
		cmocka_unit_test(reset_takes_its_time_and_opens_the_port),
		cmocka_unit_test(super_speed_link_trains_by_itself),
		cmocka_unit_test(suspend_closes_and_resume_opens),
		cmocka_unit_test(a_device_wakes_its_port),
		cmocka_unit_test(a_hub_with_a_change_does_not_stay_asleep),
		cmocka_unit_test(link_states_are_set_by_number),
		cmocka_unit_test(disable_and_power_off_close_the_port),
		cmocka_unit_test(unplugging_is_a_change),
		cmocka_unit_test(unplugging_ends_a_reset),
		cmocka_unit_test(over_current_turns_the_port_off),
		cmocka_unit_test(reset_of_the_hub_takes_the_power_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
