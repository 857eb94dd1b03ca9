// SPDX-License-Identifier: MIT
/* port_fault_test.c -- power switching and what goes wrong outside of the controller. */
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

static void fault(struct bed *bed, enum xhci_port_fault fault)
{
	xhci_port_fault(bed->x, bed->bus.port[0], fault);
}

static void write_port(struct bed *bed, unsigned port, uint32_t value)
{
	bed_set(bed, bed_portsc(bed, port), value);
}

/* The full profile with a device that is enabled and no change bits. */
static struct bed *bed_with(enum usb_speed speed)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	unsigned port = speed == USB_SPEED_SUPER ? USB3_PORT : USB2_PORT;

	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, (uint8_t)(1 << speed))),
			 0);
	bed_step(bed, 1000);
	write_port(bed, port, PORTSC_PP | PORTSC_PR);
	bed_step(bed, 10000);
	write_port(bed, port, PORTSC_PP | PORTSC_CHANGES);
	assert_int_equal(portsc(bed, port) & (PORTSC_CHANGES | PORTSC_PED), PORTSC_PED);
	return bed;
}

static void power_off_is_quiet_and_power_on_connects(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_HIGH);

	(void)state;
	write_port(bed, USB2_PORT, 0);
	assert_int_equal(portsc(bed, USB2_PORT), PLS_DISABLED << PORTSC_PLS_SHIFT);
	write_port(bed, USB2_PORT, PORTSC_PR); /* nothing without power */
	assert_int_equal(portsc(bed, USB2_PORT), PLS_DISABLED << PORTSC_PLS_SHIFT);
	write_port(bed, USB2_PORT, PORTSC_PP);
	assert_int_equal(portsc(bed, USB2_PORT) &
				 (PORTSC_PP | PORTSC_CCS | PORTSC_CSC | PORTSC_PED),
			 PORTSC_PP | PORTSC_CCS | PORTSC_CSC);
	bed_free(bed);
}

static void power_off_during_a_reset_sets_no_prc(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_HIGH);

	(void)state;
	write_port(bed, USB2_PORT, PORTSC_PP | PORTSC_PR);
	bed_step(bed, 5000);
	write_port(bed, USB2_PORT, 0);
	bed_step(bed, 20000);
	assert_int_equal(portsc(bed, USB2_PORT) & PORTSC_CHANGES, 0);
	bed_free(bed);
}

static void unplugging_from_a_port_without_power_sets_no_csc(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_HIGH);

	(void)state;
	write_port(bed, USB2_PORT, 0);
	usb_unplug(bed->bus.port[0]);
	assert_int_equal(portsc(bed, USB2_PORT) & PORTSC_CHANGES, 0);
	write_port(bed, USB2_PORT, PORTSC_PP);
	assert_int_equal(portsc(bed, USB2_PORT), 0x2a0);
	bed_free(bed);
}

static void power_stays_on_where_there_are_no_switches(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	write_port(bed, 1, 0);
	assert_int_equal(portsc(bed, 1), 0x2a0);
	bed_free(bed);
}

static void over_current_takes_the_power_until_software_gives_it_back(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_HIGH);

	(void)state;
	fault(bed, PORT_FAULT_OVER_CURRENT);
	assert_int_equal(portsc(bed, USB2_PORT) &
				 (PORTSC_OCA | PORTSC_CHANGES | PORTSC_PP | PORTSC_CCS),
			 PORTSC_OCA | PORTSC_OCC);
	assert_true(portsc(bed, USB3_PORT) & PORTSC_OCA); /* the same socket */
	write_port(bed, USB2_PORT, PORTSC_PP | PORTSC_OCC);
	assert_int_equal(portsc(bed, USB2_PORT) & (PORTSC_OCC | PORTSC_PP), 0);
	fault(bed, PORT_FAULT_OVER_CURRENT_ENDS);
	fault(bed, PORT_FAULT_OVER_CURRENT_ENDS);
	assert_int_equal(portsc(bed, USB2_PORT) & (PORTSC_OCA | PORTSC_CHANGES), PORTSC_OCC);
	write_port(bed, USB2_PORT, PORTSC_PP | PORTSC_OCC);
	assert_int_equal(portsc(bed, USB2_PORT) & (PORTSC_PP | PORTSC_CCS), PORTSC_PP | PORTSC_CCS);
	bed_free(bed);
}

static void an_error_disables_a_usb2_port_with_pec(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_HIGH);

	(void)state;
	fault(bed, PORT_FAULT_DISABLE);
	assert_int_equal(portsc(bed, USB2_PORT) & (PORTSC_CHANGES | PORTSC_PED | PORTSC_CCS),
			 PORTSC_PEC | PORTSC_CCS);
	assert_null(xhci_port_device(bed->x, USB2_PORT));
	bed_free(bed);
}

static void a_dead_link_needs_a_warm_reset(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_SUPER);

	(void)state;
	fault(bed, PORT_FAULT_INACTIVE);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_INACTIVE);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CHANGES | PORTSC_PED), PORTSC_PLC);
	write_port(bed, USB3_PORT, PORTSC_PP | PORTSC_PR);
	bed_step(bed, 20000);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_INACTIVE);
	write_port(bed, USB3_PORT, PORTSC_PP | PORTSC_CHANGES | PORTSC_WPR);
	bed_step(bed, 20000);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	assert_int_equal(portsc(bed, USB3_PORT) & PORTSC_CHANGES, PORTSC_PRC | PORTSC_WRC);
	bed_free(bed);
}

static void a_port_that_cannot_be_configured_says_cec(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_SUPER);

	(void)state;
	fault(bed, PORT_FAULT_CONFIG);
	assert_int_equal(portsc(bed, USB3_PORT) & PORTSC_CHANGES, PORTSC_CEC | PORTSC_PLC);
	bed_free(bed);
}

static void compliance_is_entered_only_if_software_allows_it(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	bed_start(bed, 64);
	write_port(bed, USB3_PORT, PORTSC_PP | PORTSC_LWS | PLS_COMPLIANCE << PORTSC_PLS_SHIFT);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_RXDETECT);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)),
			 0);
	assert_int_equal(usb_plug(bed->bus.port[1], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)),
			 0);
	fault(bed, PORT_FAULT_COMPLIANCE);
	xhci_port_fault(bed->x, bed->bus.port[1], PORT_FAULT_COMPLIANCE); /* not allowed there */
	bed_step(bed, 1000);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_COMPLIANCE);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CCS | PORTSC_CHANGES), 0);
	assert_int_equal(link_state(bed, USB3_PORT + 1), PLS_U0);
	write_port(bed, USB3_PORT, PORTSC_PP | PORTSC_WPR);
	bed_step(bed, 20000);
	assert_int_equal(link_state(bed, USB3_PORT), PLS_U0);
	assert_int_equal(portsc(bed, USB3_PORT) & PORTSC_CHANGES,
			 PORTSC_CSC | PORTSC_PRC | PORTSC_WRC);
	bed_free(bed);
}

static void a_cold_attached_device_connects_by_a_warm_reset(void **state)
{
	struct bed *bed = bed_with(USB_SPEED_SUPER);

	(void)state;
	fault(bed, PORT_FAULT_COLD_ATTACH);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CAS | PORTSC_CCS | PORTSC_CSC),
			 PORTSC_CAS | PORTSC_CSC);
	write_port(bed, USB3_PORT, PORTSC_PP | PORTSC_CHANGES | PORTSC_WPR);
	bed_step(bed, 20000);
	assert_int_equal(portsc(bed, USB3_PORT) & (PORTSC_CAS | PORTSC_CCS | PORTSC_CSC),
			 PORTSC_CCS | PORTSC_CSC);
	bed_free(bed);
}

static void changes_that_wake_raise_pme(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	unsigned pmcsr = xhci_profiles[XHCI_PROFILE_FULL].pci.pm_cap + 4u;

	(void)state;
	assert_int_equal(usb_plug(bed->bus.port[1], scripted_new(NULL, 0, 1 << USB_SPEED_HIGH)), 0);
	assert_int_equal(pci_config_read(&bed->guest, pmcsr, 2) >> 15, 0); /* no WCE */
	write_port(bed, USB2_PORT, PORTSC_PP | PORTSC_WCE | PORTSC_WDE);
	assert_int_equal(usb_plug(bed->bus.port[0], scripted_new(NULL, 0, 1 << USB_SPEED_HIGH)), 0);
	assert_int_equal(pci_config_read(&bed->guest, pmcsr, 2) >> 15, 1);
	pci_config_write(&bed->guest, pmcsr, 0x8000, 2);
	assert_int_equal(pci_config_read(&bed->guest, pmcsr, 2) >> 15, 0);
	usb_unplug(bed->bus.port[0]);
	assert_int_equal(pci_config_read(&bed->guest, pmcsr, 2) >> 15, 1);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_off_is_quiet_and_power_on_connects),
		cmocka_unit_test(power_off_during_a_reset_sets_no_prc),
		cmocka_unit_test(unplugging_from_a_port_without_power_sets_no_csc),
		cmocka_unit_test(power_stays_on_where_there_are_no_switches),
		cmocka_unit_test(over_current_takes_the_power_until_software_gives_it_back),
		cmocka_unit_test(an_error_disables_a_usb2_port_with_pec),
		cmocka_unit_test(a_dead_link_needs_a_warm_reset),
		cmocka_unit_test(a_port_that_cannot_be_configured_says_cec),
		cmocka_unit_test(compliance_is_entered_only_if_software_allows_it),
		cmocka_unit_test(a_cold_attached_device_connects_by_a_warm_reset),
		cmocka_unit_test(changes_that_wake_raise_pme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
