// SPDX-License-Identifier: MIT
/* split_test.c -- devices at full and low speed behind a hub that translates for them (xHCI 4.10.2, 6.2.2). */
#include "xhci/testbed_hub.h"

static void a_translator_that_is_gone_is_a_split_error(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	struct usb_device *hub;
	unsigned hub_slot, slot;
	struct trb t;

	(void)state;
	bed_start(bed, 256);
	hub_slot = bed_hub(bed, &hub, false);
	slot = bed_behind(bed, hub, hub_slot, 2, scripted_new(NULL, 0, 1 << USB_SPEED_FULL));
	bed_request(bed, slot, SETUP(0, 9, 1, 0, 0));
	usb_unplug(&hub->downstream[1]); /* the hub is there and says that nobody is */
	bed_control(bed, slot, SETUP(0x80, 6, 0x0100, 0, 18), 18);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRANSACTION);
	assert_int_equal(bed_code(bed, TRB_RESET_ENDPOINT, 0, slot << 24 | 1 << 16), CC_SUCCESS);
	assert_int_equal(
		bed_code(bed, TRB_SET_TR_DEQUEUE, bed->ring_at[slot][1] | 1, slot << 24 | 1 << 16),
		CC_SUCCESS);
	usb_unplug(bed->bus.port[0]);
	bed_control(bed, slot, SETUP(0x80, 6, 0x0100, 0, 18), 18);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SPLIT);
	assert_int_equal(t.parameter, bed->ring_at[slot][1] - 3 * TRB_SIZE);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 64) & 7, EP_HALTED);
	bed_free(bed);
}

static void the_translator_has_to_be_a_high_speed_hub_on_the_way(void **state)
{
	static const struct {
		uint32_t tt;
		unsigned code; /* for hub slot 1, its port 2, root port 1 */
	} rows[] = {
		{2 << 8 | 1, CC_SUCCESS},
		{HUB_PORTS << 8 | 1, CC_SUCCESS},
		{0, CC_SUCCESS},
		{(HUB_PORTS + 1) << 8 | 1, CC_PARAMETER},
		{0 << 8 | 1, CC_PARAMETER},
		{2 << 8 | 2, CC_PARAMETER}, /* itself */
		{2 << 8 | 3, CC_PARAMETER}, /* not enabled */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
		struct usb_device *hub, *dev = scripted_new(NULL, 0, 1 << USB_SPEED_FULL);
		unsigned hub_slot, slot;
		struct trb t;

		bed_start(bed, 256);
		hub_slot = bed_hub(bed, &hub, false);
		assert_int_equal(hub_slot, 1);
		assert_int_equal(usb_plug(&hub->downstream[1], dev), 0);
		bed_request(bed, hub_slot, SETUP(0x23, 3, PORT_RESET, 2, 0));
		bed_step(bed, 20000);
		usb_device_timer(hub);
		t = bed_command(bed, TRB_ENABLE_SLOT, 0, 0);
		slot = trb_slot(&t);
		assert_int_equal(slot, 2);
		bed_input_behind(bed, slot, hub_slot, 2, USB_SPEED_FULL);
		bed_tweak_slot(bed, slot, 2, 0xffff, rows[i].tt);
		assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
				 rows[i].code);
		bed_free(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_translator_that_is_gone_is_a_split_error),
		cmocka_unit_test(the_translator_has_to_be_a_high_speed_hub_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
