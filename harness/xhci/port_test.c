// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

static uint32_t link_state(struct bed *bed, unsigned port)
{
	return (bed_get(bed, bed_portsc(bed, port)) & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT;
}

static void an_empty_port_is_powered_and_detecting(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	for (unsigned port = 1; port <= 8; port++)
		assert_int_equal(bed_get(bed, bed_portsc(bed, port)), 0x2a0);
	bed_free(bed);
}

static void each_speed_shows_on_the_port_of_its_protocol(void **state)
{
	static const struct {
		uint8_t mask;
		unsigned port, speed, pls;
		bool enabled;
	} rows[] = {
		{1 << USB_SPEED_LOW, 5, USB_SPEED_LOW, PLS_POLLING, false},
		{1 << USB_SPEED_FULL, 5, USB_SPEED_FULL, PLS_POLLING, false},
		{1 << USB_SPEED_HIGH, 5, USB_SPEED_HIGH, PLS_POLLING, false},
		{1 << USB_SPEED_SUPER, 1, USB_SPEED_SUPER, PLS_U0, true},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
		uint32_t portsc;

		assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, rows[i].mask)),
				 0);
		portsc = bed_get(bed, bed_portsc(bed, rows[i].port));
		assert_true(portsc & PORTSC_CCS);
		assert_true(portsc & PORTSC_CSC);
		assert_int_equal((portsc & PORTSC_SPEED_MASK) >> PORTSC_SPEED_SHIFT, rows[i].speed);
		assert_int_equal(link_state(bed, rows[i].port), rows[i].pls);
		assert_int_equal(!!(portsc & PORTSC_PED), rows[i].enabled);
		bed_free(bed);
	}
}

static void one_event_for_the_first_change_bit_only(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
	t = bed_expect(bed, TRB_EV_PORT);
	assert_int_equal(t.parameter >> 24, 5);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_PR); /* PRC while CSC is still set */
	bed_expect_none(bed);
	assert_true(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_PCD);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_CHANGES);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 5)) & PORTSC_CHANGES, 0);
	usb_unplug(bed->bus.port[0]);
	bed_expect(bed, TRB_EV_PORT);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 5)) & (PORTSC_CCS | PORTSC_PED), 0);
	bed_free(bed);
}

static void changes_before_run_are_reported_at_run(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
	bed_start(bed, 64);
	bed_expect(bed, TRB_EV_PORT);
	bed_expect_none(bed);
	bed_free(bed);
}

static void a_reset_takes_virtual_time_on_the_conformant_controller(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_PR);
	assert_true(bed_get(bed, bed_portsc(bed, 1)) & PORTSC_PR);
	bed_step(bed, 9999);
	assert_true(bed_get(bed, bed_portsc(bed, 1)) & PORTSC_PR);
	bed_step(bed, 1);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 1)) & (PORTSC_PR | PORTSC_PED | PORTSC_PRC),
			 PORTSC_PED | PORTSC_PRC);
	assert_int_equal(link_state(bed, 1), PLS_U0);
	bed_free(bed);
}

static void unplugging_during_a_reset_ends_it(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_PR);
	usb_unplug(bed->bus.port[0]);
	bed_step(bed, 20000);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 1)), 0x2a0 | PORTSC_CSC);
	bed_free(bed);
}

static void reset_of_an_empty_port_does_nothing(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_PR);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_WPR);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 5)), 0x2a0);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 1)), 0x2a0);
	bed_expect_none(bed);
	bed_free(bed);
}

static void warm_reset_is_for_usb3_only(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)),
			 0);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_WPR);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 1)) & (PORTSC_PRC | PORTSC_WRC),
			 PORTSC_PRC | PORTSC_WRC);
	assert_int_equal(usb_plug(bed->bus.port[1], keyboard_new()), 0);
	bed_set(bed, bed_portsc(bed, 6), PORTSC_PP | PORTSC_WPR);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 6)) & (PORTSC_PRC | PORTSC_WRC), 0);
	bed_free(bed);
}

static void a_superspeed_device_is_addressed_without_a_port_reset(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)),
			 0);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	bed_input_slot(bed, 1, 1);
	bed_input_ep(bed, 1, 1, EP_CONTROL, 512, 0);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(1), 1u << 24), CC_SUCCESS);
	bed_free(bed);
}

static void writing_1_to_ped_disables(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)),
			 0);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_PED | PORTSC_CSC);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 1)) & (PORTSC_PED | PORTSC_PEC), 0);
	assert_int_equal(link_state(bed, 1), PLS_DISABLED);
	bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | PORTSC_LWS | PLS_RXDETECT << PORTSC_PLS_SHIFT);
	assert_int_equal(link_state(bed, 1), PLS_U0);
	assert_true(bed_get(bed, bed_portsc(bed, 1)) & PORTSC_PED);
	bed_free(bed);
}

static void suspend_and_resume_follow_the_link_states(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_PR);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_CHANGES);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_LWS | PLS_U3 << PORTSC_PLS_SHIFT);
	assert_int_equal(link_state(bed, 5), PLS_U3);
	assert_int_equal(bed_get(bed, bed_portsc(bed, 5)) & PORTSC_PLC, 0);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_LWS | PLS_RESUME << PORTSC_PLS_SHIFT);
	assert_int_equal(link_state(bed, 5), PLS_RESUME);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_LWS | PLS_U0 << PORTSC_PLS_SHIFT);
	assert_int_equal(link_state(bed, 5), PLS_U0);
	assert_true(bed_get(bed, bed_portsc(bed, 5)) & PORTSC_PLC);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_CHANGES);
	bed_set(bed, bed_portsc(bed, 5), PORTSC_PP | PORTSC_LWS | PLS_U3 << PORTSC_PLS_SHIFT);
	bed->bus.port[0]->ops->resume(bed->bus.port[0]); /* remote wake-up */
	assert_int_equal(link_state(bed, 5), PLS_RESUME);
	assert_true(bed_get(bed, bed_portsc(bed, 5)) & PORTSC_PLC);
	bed_free(bed);
}

static void controller_reset_sees_the_devices_anew(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, keyboard_new(), 0);
	assert_int_equal(bed->bus.port[0]->dev->address, slot);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_HCRST);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBCMD)), 0);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)), USBSTS_HCH);
	assert_int_equal(bed->bus.port[0]->dev->address, 0);
	assert_true(bed_get(bed, bed_portsc(bed, 5)) & PORTSC_CSC);
	assert_int_equal(xhci_live_endpoints(bed->x), 0);
	bed_free(bed);
}

static void the_microframe_index_stands_while_all_ports_sleep(void **state)
{
	(void)state;
	for (unsigned eu3s = 0; eu3s < 2; eu3s++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		uint32_t mfindex = bed->x->profile->rtsoff + XHCI_MFINDEX, portsc, before;

		bed_start(bed, 64);
		bed_set(bed, bed_oper(bed, XHCI_USBCMD),
			USBCMD_RS | USBCMD_INTE | USBCMD_EWE | (eu3s ? USBCMD_EU3S : 0));
		bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_HIGH), 0);
		portsc = bed_portsc(bed, bed_port(bed, 1));
		before = bed_get(bed, mfindex);
		bed_step(bed, 1000);
		assert_int_equal(bed_get(bed, mfindex), before + 8);
		bed_set(bed, portsc, PORTSC_PP | PORTSC_LWS | PLS_U3 << PORTSC_PLS_SHIFT);
		bed_step(bed, 10000);
		assert_int_equal(bed_get(bed, mfindex), before + (eu3s ? 8 : 88));
		bed_step(bed, 3000000); /* longer than it takes to wrap */
		bed_set(bed, portsc, PORTSC_PP | PORTSC_LWS | PLS_U0 << PORTSC_PLS_SHIFT);
		bed_step(bed, 2000);
		if (eu3s)
			assert_in_range(bed_get(bed, mfindex), before + 8, before + 24);
		bed_free(bed);
	}
}

static void indicators_are_set_only_where_there_are_some(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		bool has = bed_get(bed, XHCI_HCCPARAMS1) & HCC1_PIND;

		assert_int_equal(has, profile == XHCI_PROFILE_FULL);
		bed_set(bed, bed_portsc(bed, 1), PORTSC_PP | 2u << 14);
		assert_int_equal(bed_get(bed, bed_portsc(bed, 1)) & PORTSC_PIC_MASK,
				 has ? 2u << 14 : 0);
		bed_set(bed, bed_portsc(bed, 1), PORTSC_PP);
		assert_int_equal(bed_get(bed, bed_portsc(bed, 1)) & PORTSC_PIC_MASK, 0);
		bed_free(bed);
	}
}

static void a_device_has_the_state_that_its_port_gives_it(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	struct usb_device *dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	uint32_t portsc;
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, dev, 0);
	portsc = bed_portsc(bed, bed_port(bed, 1));
	assert_int_equal(dev->state, USB_ADDRESSED);
	bed_set(bed, portsc, PORTSC_PP | PORTSC_LWS | PLS_U3 << PORTSC_PLS_SHIFT);
	assert_true(dev->suspended);
	bed_set(bed, portsc, PORTSC_PP | PORTSC_LWS | PLS_U0 << PORTSC_PLS_SHIFT);
	bed_step(bed, 2000);
	assert_false(dev->suspended);
	assert_int_equal(dev->state, USB_ADDRESSED);
	bed_set(bed, portsc, 0);
	assert_int_equal(dev->state, USB_ATTACHED);
	bed_set(bed, portsc, PORTSC_PP);
	assert_int_equal(dev->state, USB_POWERED);
	bed_set(bed, portsc, PORTSC_PP | PORTSC_PR);
	bed_step(bed, 20000);
	assert_int_equal(dev->state, USB_DEFAULT);
	assert_int_equal(bed_code(bed, TRB_DISABLE_SLOT, 0, slot << 24), CC_SUCCESS);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_port_is_powered_and_detecting),
		cmocka_unit_test(each_speed_shows_on_the_port_of_its_protocol),
		cmocka_unit_test(one_event_for_the_first_change_bit_only),
		cmocka_unit_test(changes_before_run_are_reported_at_run),
		cmocka_unit_test(a_reset_takes_virtual_time_on_the_conformant_controller),
		cmocka_unit_test(unplugging_during_a_reset_ends_it),
		cmocka_unit_test(reset_of_an_empty_port_does_nothing),
		cmocka_unit_test(warm_reset_is_for_usb3_only),
		cmocka_unit_test(a_superspeed_device_is_addressed_without_a_port_reset),
		cmocka_unit_test(writing_1_to_ped_disables),
		cmocka_unit_test(suspend_and_resume_follow_the_link_states),
		cmocka_unit_test(controller_reset_sees_the_devices_anew),
		cmocka_unit_test(the_microframe_index_stands_while_all_ports_sleep),
		cmocka_unit_test(indicators_are_set_only_where_there_are_some),
		cmocka_unit_test(a_device_has_the_state_that_its_port_gives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
