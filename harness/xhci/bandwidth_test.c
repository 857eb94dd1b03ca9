// SPDX-License-Identifier: MIT
#include "xhci/testbed_hub.h"

#define WHERE 0x700000u
#define EP1_OUT 2u
#define EP1_IN 3u
#define EP2_OUT 4u

/* Get Port Bandwidth: what is said of a port of the root hub, or of the hub in a slot. */
static unsigned left(struct bed *bed, unsigned hub, unsigned port, enum usb_speed speed)
{
	assert_int_equal(bed_code(bed, TRB_GET_PORT_BW, WHERE, hub << 24 | (uint32_t)speed << 16),
			 CC_SUCCESS);
	return bed_load32(bed, WHERE + port / 4 * 4) >> port % 4 * 8 & 0xff;
}

/* Configure one more endpoint; bursts: of it in an interval. */
static unsigned add(struct bed *bed, unsigned slot, unsigned dci, unsigned type, unsigned packet,
		    unsigned bursts, unsigned interval)
{
	uint64_t at = bed_input(slot) + (dci + 1) * xhci_context_bytes(bed->x);

	bed_input_ep(bed, slot, dci, type, packet, interval);
	bed_store32(bed, at + 4, bed_load32(bed, at + 4) | (bursts - 1) << 8);
	bed_store32(bed, bed_input(slot) + 4, 1u << dci | 1);
	return bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24);
}

static void an_unused_bus_has_all_that_periodic_traffic_may_have(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);

		bed_start(bed, 256);
		for (unsigned port = 1; port <= bed->x->port_count; port++) {
			bool usb3 = bed->x->port[port].protocol == 3;

			assert_int_equal(left(bed, 0, port, USB_SPEED_HIGH), usb3 ? 0 : 80);
			assert_int_equal(left(bed, 0, port, USB_SPEED_FULL), usb3 ? 0 : 90);
			assert_int_equal(left(bed, 0, port, USB_SPEED_LOW), usb3 ? 0 : 90);
			assert_int_equal(left(bed, 0, port, USB_SPEED_SUPER), usb3 ? 90 : 0);
		}
		bed_free(bed);
	}
}

/* 3 x 1024 bytes take 61 of the 100 microseconds that there are in a microframe. */
static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot, port;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_HIGH), 0);
	port = bed_port(bed, 1);
	assert_int_equal(add(bed, slot, EP1_OUT, EP_BULK_OUT, 512, 1, 0), CC_SUCCESS);
	assert_int_equal(left(bed, 0, port, USB_SPEED_HIGH), 80); /* bulk takes what is left */
	assert_int_equal(add(bed, slot, 6, EP_ISOCH_OUT, 1024, 3, 0), CC_SUCCESS);
	assert_in_range(left(bed, 0, port, USB_SPEED_HIGH), 28, 32);
	assert_int_equal(left(bed, 0, port + 1, USB_SPEED_HIGH), 80); /* a bus of its own */
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 3, 0), CC_BANDWIDTH);
	assert_null(bed->x->slots[slot].ep[7]);
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 3, 3),
			 CC_BANDWIDTH); /* now and then */
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 1, 3), CC_SUCCESS);
	assert_in_range(left(bed, 0, port, USB_SPEED_HIGH), 10, 16);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, 0, TRB_DC | slot << 24), CC_SUCCESS);
	assert_int_equal(left(bed, 0, port, USB_SPEED_HIGH), 80);
	bed_free(bed);
}

/* Endpoints that are served every fourth microframe have four places. */
static void intervals_take_turns(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot, port;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_HIGH), 0);
	port = bed_port(bed, 1);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(add(bed, slot, 2 + 2 * i, EP_ISOCH_OUT, 1024, 3, 2), CC_SUCCESS);
	assert_in_range(left(bed, 0, port, USB_SPEED_HIGH), 28, 32);
	assert_int_equal(add(bed, slot, 10, EP_ISOCH_OUT, 1024, 3, 2), CC_BANDWIDTH);
	assert_int_equal(add(bed, slot, 10, EP_ISOCH_OUT, 1024, 3, 8), CC_BANDWIDTH);
	assert_int_equal(add(bed, slot, 10, EP_INTERRUPT_OUT, 64, 1, 8), CC_SUCCESS);
	bed_free(bed);
}

static void superspeed_has_its_own(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot, port;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_SUPER), 0);
	port = bed_port(bed, 1);
	for (unsigned i = 0; i < 3; i++) /* 16 KiB in 125 us: 35 of 112 us */
		assert_int_equal(add(bed, slot, 2 + 2 * i, EP_ISOCH_OUT, 1024, 16, 0), CC_SUCCESS);
	assert_in_range(left(bed, 0, port, USB_SPEED_SUPER), 4, 8);
	assert_int_equal(add(bed, slot, 8, EP_ISOCH_OUT, 1024, 16, 0), CC_BANDWIDTH);
	bed_free(bed);
}

static void a_translator_is_a_bus_of_its_own(void **state)
{
	(void)state;
	for (unsigned mtt = 0; mtt < 2; mtt++) {
		struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
		unsigned hub, port, one, two;
		struct usb_device *dev;

		bed_start(bed, 1024);
		hub = bed_hub(bed, &dev, mtt);
		port = bed_port(bed, 1);
		one = bed_behind(bed, dev, hub, 2, scripted_new(NULL, 0, 1 << USB_SPEED_FULL));
		two = bed_behind(bed, dev, hub, 3, scripted_new(NULL, 0, 1 << USB_SPEED_FULL));
		assert_int_equal(left(bed, hub, 2, USB_SPEED_FULL), 90);
		assert_int_equal(add(bed, one, 6, EP_ISOCH_OUT, 1023, 1, 3), CC_SUCCESS);
		assert_in_range(left(bed, hub, 2, USB_SPEED_FULL), 7, 11);
		assert_in_range(left(bed, hub, 3, USB_SPEED_LOW), mtt ? 90 : 7, mtt ? 90 : 11);
		assert_in_range(left(bed, hub, 4, USB_SPEED_HIGH), 70, 79); /* splits go there */
		assert_int_equal(left(bed, hub, 4, USB_SPEED_HIGH),
				 left(bed, 0, port, USB_SPEED_HIGH));
		assert_int_equal(left(bed, hub, 4, USB_SPEED_SUPER), 0);
		assert_int_equal(left(bed, 0, port, USB_SPEED_FULL),
				 90); /* nothing of that there */
		assert_int_equal(add(bed, two, 6, EP_ISOCH_OUT, 1023, 1, 3),
				 mtt ? CC_SUCCESS : CC_SECONDARY_BANDWIDTH);
		assert_int_equal(add(bed, two, 5, EP_INTERRUPT_IN, 8, 1, 3), CC_SUCCESS);
		bed_free(bed);
	}
}

static void a_bus_at_full_speed_has_900_microseconds_of_a_frame(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned slot, port;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_FULL), 0);
	port = bed_port(bed, 1);
	assert_int_equal(add(bed, slot, 6, EP_ISOCH_OUT, 1023, 1, 3), CC_SUCCESS);
	assert_in_range(left(bed, 0, port, USB_SPEED_FULL), 7, 11);
	assert_int_equal(left(bed, 0, port, USB_SPEED_HIGH), 80);
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1023, 1, 3), CC_BANDWIDTH);
	assert_int_equal(add(bed, slot, 7, EP_INTERRUPT_IN, 64, 1, 5), CC_SUCCESS);
	bed_free(bed);
}

static void only_ports_of_hubs_can_be_asked_for(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_HIGH), 0);
	assert_int_equal(bed_code(bed, TRB_GET_PORT_BW, WHERE, slot << 24 | 3 << 16), CC_PARAMETER);
	assert_int_equal(bed_code(bed, TRB_GET_PORT_BW, WHERE, (slot + 1) << 24 | 3 << 16),
			 CC_SLOT_NOT_ENABLED);
	assert_int_equal(bed_code(bed, TRB_GET_PORT_BW, WHERE, 0), CC_PARAMETER);
	assert_int_equal(bed_code(bed, TRB_GET_PORT_BW, WHERE, 5 << 16), CC_PARAMETER);
	assert_int_equal(bed_load32(bed, WHERE), 0);
	bed_free(bed);
}

static void more_endpoints_than_there_are_is_a_resource_error(void **state)
{
	struct xhci_profile profile = xhci_profiles[XHCI_PROFILE_QEMU];
	struct bed *bed;
	unsigned slot;

	(void)state;
	profile.endpoints = 3; /* endpoint 0 is one of them */
	bed = bed_new_as(&profile);
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_HIGH), 0);
	assert_int_equal(add(bed, slot, EP1_OUT, EP_BULK_OUT, 512, 1, 0), CC_SUCCESS);
	assert_int_equal(add(bed, slot, EP1_IN, EP_BULK_IN, 512, 1, 0), CC_SUCCESS);
	assert_int_equal(add(bed, slot, EP2_OUT, EP_BULK_OUT, 512, 1, 0), CC_RESOURCE);
	assert_null(bed->x->slots[slot].ep[EP2_OUT]);
	bed_input_ep(bed, slot, EP2_OUT, EP_BULK_OUT, 512, 0); /* in the place of another */
	bed_store32(bed, bed_input(slot), 1u << EP1_IN);
	bed_store32(bed, bed_input(slot) + 4, 1u << EP2_OUT | 1);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	bed_free(bed);
}

static unsigned set_mel(struct bed *bed, unsigned slot, unsigned usec)
{
	bed_tweak_slot(bed, slot, 1, 0xffff, usec);
	bed_store32(bed, bed_input(slot) + 4, 1);
	return bed_code(bed, TRB_EVALUATE_CONTEXT, bed_input(slot), slot << 24);
}

static void an_exit_latency_as_long_as_an_interval_is_too_large(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot;

	(void)state;
	bed_start(bed, 256);
	slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_SUPER), 0);
	assert_int_equal(set_mel(bed, slot, 0xffff), CC_SUCCESS); /* nobody waits */
	assert_int_equal(add(bed, slot, 6, EP_ISOCH_OUT, 1024, 1, 3), CC_SUCCESS);
	assert_int_equal(set_mel(bed, slot, 1000), CC_MAX_EXIT_LATENCY);
	assert_int_equal(slot_ctx_mel(bed->x->slots[slot].dw), 0xffff);
	assert_int_equal(set_mel(bed, slot, 999), CC_SUCCESS);
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 1, 2), CC_SUCCESS);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE | USBCMD_CME);
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 1, 2), CC_MAX_EXIT_LATENCY);
	assert_int_equal(add(bed, slot, 7, EP_ISOCH_IN, 1024, 1, 3), CC_SUCCESS);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unused_bus_has_all_that_periodic_traffic_may_have),
		cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
		cmocka_unit_test(intervals_take_turns),
		cmocka_unit_test(superspeed_has_its_own),
		cmocka_unit_test(a_translator_is_a_bus_of_its_own),
		cmocka_unit_test(a_bus_at_full_speed_has_900_microseconds_of_a_frame),
		cmocka_unit_test(only_ports_of_hubs_can_be_asked_for),
		cmocka_unit_test(more_endpoints_than_there_are_is_a_resource_error),
		cmocka_unit_test(an_exit_latency_as_long_as_an_interval_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
