// SPDX-License-Identifier: MIT
/* port_link_test.c -- link states in virtual time: U1, U2, U3, L1, Recovery, Resume, test modes. */
#include "xhci/testbed.h"

#include "dev/dev.h"

#define USB3_PORT 1u /* of the full profile, connector 1 */
#define USB2_PORT 3u

static uint32_t portsc(struct bed *bed, unsigned port)
{
	return bed_get(bed, bed_portsc(bed, port));
}

static unsigned link_state(struct bed *bed, unsigned port)
{
	return (portsc(bed, port) & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT;
}

static void write_link(struct bed *bed, unsigned port, unsigned pls)
{
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_LWS | pls << PORTSC_PLS_SHIFT);
}

static void clear_changes(struct bed *bed, unsigned port)
{
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
	assert_int_equal(portsc(bed, port) & PORTSC_CHANGES, 0);
}

/* A USB2 Extension capability that says LPM, behind a device descriptor. */
static const uint8_t lpm_set[] = {
	18, 1,  0x01, 0x02, 0, 0, 0,  64,   0x34, 0x12, 0x78, 0x56, 0, 1, 0, 0, 0, 1, /* device */
	9,  2,  9,    0,    0, 1, 0,  0x80, 50,                  /* configuration */
	5,  15, 12,   0,    1, 7, 16, 2,    2,    0,    0,    0, /* BOS */
};

static struct usb_device *plug(struct bed *bed, enum usb_speed speed)
{
	struct usb_device *dev = scripted_new(lpm_set, sizeof(lpm_set), (uint8_t)(1 << speed));

	assert_int_equal(usb_plug(bed->bus.port[0], dev), 0);
	return dev;
}

static struct bed *bed_with_usb3(void)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	bed_start(bed, 64);
	plug(bed, USB_SPEED_SUPER);
	bed_step(bed, 1000);
	clear_changes(bed, USB3_PORT);
	return bed;
}

static void a_superspeed_link_trains_in_virtual_time(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	bed_start(bed, 64);
	plug(bed, USB_SPEED_SUPER);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_POLLING);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CCS | PORTSC_CSC | PORTSC_PED), 0);
	bed_step(bed, 499);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_POLLING);
	bed_step(bed, 1);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CCS | PORTSC_CSC | PORTSC_PED),
			 PORTSC_CCS | PORTSC_CSC | PORTSC_PED);
	bed_free(bed);
}

static void unplugging_while_the_link_trains_leaves_no_change(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	bed_start(bed, 64);
	plug(bed, USB_SPEED_SUPER);
	usb_unplug(bed->bus.port[0]);
	bed_step(bed, 1000);
	assert_int_equal(portsc(bed, USB3_PORT), PORTSC_PP | PLS_RXDETECT << PORTSC_PLS_SHIFT);
	bed_expect_none(bed);
	bed_free(bed);
}

static void u3_ends_through_recovery_with_plc(void **state)
{
	struct bed *bed = bed_with_usb3();

	(void)state;
	write_link(bed, USB3_PORT, PLS_U3);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U3);
	assert_int_equal(portsc(bed, USB3_PORT) & PORTSC_PLC, 0);
	write_link(bed, USB3_PORT, PLS_U0);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_RECOVERY);
	write_link(bed, USB3_PORT, PLS_U3); /* on its way: nothing */
	bed_step(bed, 500);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	assert_true(portsc(bed, USB3_PORT) & PORTSC_PLC);
	bed_free(bed);
}

static void u3_entry_is_reported_only_with_u3e(void **state)
{
	struct bed *bed = bed_with_usb3();
	uint32_t config = bed_get(bed, bed_oper(bed, XHCI_CONFIG));

	(void)state;
	bed_set(bed, bed_oper(bed, XHCI_CONFIG), config | CONFIG_U3E);
	write_link(bed, USB3_PORT, PLS_U3);
	assert_true(portsc(bed, USB3_PORT) & PORTSC_PLC);
	bed_free(bed);
}

static void remote_wake_up_shows_resume_and_waits_for_software(void **state)
{
	static const unsigned speeds[] = {USB_SPEED_SUPER, USB_SPEED_HIGH};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(speeds); i++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		unsigned port = speeds[i] == USB_SPEED_SUPER ? USB3_PORT : USB2_PORT;
		struct usb_device *dev;

		bed_start(bed, 64);
		dev = plug(bed, (enum usb_speed)speeds[i]);
		bed_step(bed, 1000);
		bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_PR);
		bed_step(bed, 10000);
		dev->remote_wakeup = true;
		usb_device_resume(dev); /* not suspended: nothing */
		clear_changes(bed, port);
		write_link(bed, port, PLS_U3);
		usb_device_resume(dev);
		assert_int_equal(link_state(bed, port), PLS_RESUME);
		assert_true(portsc(bed, port) & PORTSC_PLC);
		clear_changes(bed, port);
		write_link(bed, port, PLS_U0);
		assert_int_equal(portsc(bed, port) & PORTSC_PLC, 0);
		bed_step(bed, 1000);
		assert_int_equal(link_state(bed, port), PLS_U0);
		assert_true(portsc(bed, port) & PORTSC_PLC);
		bed_free(bed);
	}
}

static void u1_and_u2_follow_their_timeouts_and_end_with_traffic(void **state)
{
	struct bed *bed = bed_with_usb3();

	(void)state;
	bed_set(bed, bed_portsc(bed, USB3_PORT) + XHCI_PORTPMSC, 2u << 8 | 100);
	bed_step(bed, 99);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	bed_step(bed, 1);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U1);
	bed_step(bed, 512);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U2);
	assert_non_null(xhci_port_device(bed->x, USB3_PORT));
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	assert_int_equal(portsc(bed, USB3_PORT) & PORTSC_PLC, 0);
	bed_set(bed, bed_portsc(bed, USB3_PORT) + XHCI_PORTPMSC, 0xff << 8 | 0xff);
	bed_step(bed, 1000000);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0); /* FFh: never by the port */
	bed_free(bed);
}

/* The full profile's USB2 port of connector 1, reset, addressed: the slot. */
static unsigned addressed_usb2(struct bed *bed)
{
	unsigned slot =
		bed_address(bed, scripted_new(lpm_set, sizeof(lpm_set), 1 << USB_SPEED_HIGH), 0);

	assert_true(portsc(bed, USB2_PORT) & PORTSC_PED);
	return slot;
}

static void l1_by_software_asks_the_device(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t pmsc = bed_portsc(bed, USB2_PORT) + XHCI_PORTPMSC;
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = addressed_usb2(bed);
	bed_set(bed, pmsc, (slot + 1) << 8); /* nobody's slot */
	write_link(bed, USB2_PORT, PLS_U2);
	assert_int_equal(bed_get(bed, pmsc) & PMSC2_L1S_MASK, L1_TIMEOUT);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U0);
	assert_true(portsc(bed, USB2_PORT) & PORTSC_PLC);
	clear_changes(bed, USB2_PORT);
	bed_set(bed, pmsc, slot << 8);
	write_link(bed, USB2_PORT, PLS_U2);
	assert_int_equal(bed_get(bed, pmsc) & PMSC2_L1S_MASK, L1_SUCCESS);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U2);
	write_link(bed, USB2_PORT, PLS_U0);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U0);
	assert_true(portsc(bed, USB2_PORT) & PORTSC_PLC);
	bed_free(bed);
}

static void a_device_without_lpm_is_not_put_into_l1(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t pmsc = bed_portsc(bed, USB2_PORT) + XHCI_PORTPMSC;
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, scripted_new(lpm_set, 27, 1 << USB_SPEED_HIGH), 0);
	bed_set(bed, pmsc, slot << 8 | PMSC2_HLE);
	write_link(bed, USB2_PORT, PLS_U2);
	assert_int_equal(bed_get(bed, pmsc) & PMSC2_L1S_MASK, L1_NOT_SUPPORTED);
	bed_step(bed, 1000000);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U0);
	bed_free(bed);
}

static void l1_by_hardware_follows_its_timeout(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t port = bed_portsc(bed, USB2_PORT);

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, port + XHCI_PORTHLPMC, 2 << 2); /* 512 us */
	bed_set(bed, port + XHCI_PORTPMSC, addressed_usb2(bed) << 8 | PMSC2_HLE);
	bed_step(bed, 511);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U0);
	bed_step(bed, 1);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U2);
	assert_non_null(xhci_port_device(bed->x, USB2_PORT));
	assert_int_equal(link_state(bed, USB2_PORT), PLS_U0);
	bed_free(bed);
}

static void writes_that_mean_nothing_change_nothing(void **state)
{
	static const unsigned odd[] = {1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
	struct bed *bed = bed_with_usb3();
	uint32_t before;

	(void)state;
	before = portsc(bed, USB3_PORT);
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		write_link(bed, USB3_PORT, odd[i]);
		assert_int_equal(portsc(bed, USB3_PORT), before);
	}
	write_link(bed, USB3_PORT, PLS_RESUME); /* for USB2 only, and only in U3 */
	write_link(bed, USB3_PORT, PLS_U2);
	assert_int_equal(portsc(bed, USB3_PORT), before);
	write_link(bed, USB2_PORT, PLS_U3); /* nobody there */
	assert_int_equal(link_state(bed, USB2_PORT), PLS_RXDETECT);
	bed_free(bed);
}

static void test_modes_need_a_halted_controller_and_end_with_a_reset(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t pmsc = bed_portsc(bed, USB2_PORT) + XHCI_PORTPMSC;

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, pmsc, 1u << PMSC2_TM_SHIFT);
	assert_int_equal(bed_get(bed, pmsc) >> PMSC2_TM_SHIFT, TEST_ERROR);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), 0);
	bed_set(bed, pmsc, 4u << PMSC2_TM_SHIFT);
	assert_int_equal(bed_get(bed, pmsc) >> PMSC2_TM_SHIFT, 4);
	assert_int_equal(link_state(bed, USB2_PORT), PLS_TEST);
	plug(bed, USB_SPEED_HIGH);
	assert_int_equal(portsc(bed, USB2_PORT) & PORTSC_CCS, 0);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_HCRST);
	bed_step(bed, 1000);
	assert_int_equal(bed_get(bed, pmsc), 0);
	assert_true(portsc(bed, USB2_PORT) & PORTSC_CCS);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_superspeed_link_trains_in_virtual_time),
		cmocka_unit_test(unplugging_while_the_link_trains_leaves_no_change),
		cmocka_unit_test(u3_ends_through_recovery_with_plc),
		cmocka_unit_test(u3_entry_is_reported_only_with_u3e),
		cmocka_unit_test(remote_wake_up_shows_resume_and_waits_for_software),
		cmocka_unit_test(u1_and_u2_follow_their_timeouts_and_end_with_traffic),
		cmocka_unit_test(l1_by_software_asks_the_device),
		cmocka_unit_test(a_device_without_lpm_is_not_put_into_l1),
		cmocka_unit_test(l1_by_hardware_follows_its_timeout),
		cmocka_unit_test(writes_that_mean_nothing_change_nothing),
		cmocka_unit_test(test_modes_need_a_halted_controller_and_end_with_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
