// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

static void every_command_has_one_completion_in_ring_order(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	for (unsigned type = 9; type < 48; type++) {
		struct trb t = bed_command(bed, type, 0x40000, 1u << 24);

		assert_true(completion_name(trb_completion(&t)) != NULL);
		if (type > 25 && type < 48)
			assert_int_equal(trb_completion(&t), CC_TRB);
	}
	bed_expect_none(bed);
	bed_free(bed);
}

static void slots_run_out_at_max_slots_enabled(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, bed_oper(bed, XHCI_CONFIG), 2);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_NO_SLOTS);
	assert_int_equal(bed_code(bed, TRB_DISABLE_SLOT, 0, 1u << 24), CC_SUCCESS);
	assert_int_equal(bed_code(bed, TRB_DISABLE_SLOT, 0, 1u << 24), CC_SLOT_NOT_ENABLED);
	assert_int_equal(bed_code(bed, TRB_DISABLE_SLOT, 0, 255u << 24), CC_SLOT_NOT_ENABLED);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	bed_free(bed);
}

static void address_device_goes_through_default_with_bsr(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, keyboard_new(), TRB_BSR);
	assert_int_equal(bed->x->slots[slot].state, SLOT_DEFAULT);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 12) >> 27, SLOT_DEFAULT);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), TRB_BSR | slot << 24),
			 CC_CONTEXT_STATE);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 12),
			 (uint32_t)SLOT_ADDRESSED << 27 | slot);
	assert_int_equal(bed->bus.port[0]->dev->address, slot);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
			 CC_CONTEXT_STATE);
	bed_free(bed);
}

static void address_device_without_a_device_is_a_transaction_error(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	bed_input_slot(bed, 1, 5);
	bed_input_ep(bed, 1, 1, EP_CONTROL, 64, 0);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(1), 1u << 24), CC_TRANSACTION);
	bed_input_slot(bed, 1, 200);
	bed_input_ep(bed, 1, 1, EP_CONTROL, 64, 0);
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(1), 1u << 24), CC_TRB);
	bed_free(bed);
}

static void an_address_that_waits_for_the_device_can_be_aborted(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct usb_device *dev = scripted_new(NULL, 0, 0);
	struct scripted_answer later = {.number = 0, .pid = USB_SETUP, .status = USB_ASYNC};
	unsigned port;
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(usb_plug(bed->bus.port[0], dev), 0);
	port = bed_port(bed, 1);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_PR);
	assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
	bed_input_slot(bed, 1, port);
	bed_input_ep(bed, 1, 1, EP_CONTROL, 512, 0);
	assert_int_equal(scripted_answer(dev, &later), 0);
	bed_submit(bed, TRB_ADDRESS_DEVICE, bed_input(1), 0, 1u << 24);
	bed_step(bed, 1000);
	bed_expect_none(bed);
	bed_set(bed, bed_oper(bed, XHCI_CRCR), CRCR_CA);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_COMMAND_ABORTED);
	assert_int_equal(t.parameter, BED_COMMANDS + TRB_SIZE);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_COMMAND_STOPPED);
	assert_int_equal(t.parameter, BED_COMMANDS + 2 * TRB_SIZE);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_CRCR)) & CRCR_CRR, 0);
	/* not re-written, the ring goes on behind the aborted command */
	assert_int_equal(bed_code(bed, TRB_NO_OP_COMMAND, 0, 0), CC_SUCCESS);
	bed_free(bed);
}

static void endpoint_0_is_the_commands_until_address_device_is_over(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct usb_device *dev = scripted_new(NULL, 0, 0);
	struct scripted_answer later = {.number = 0, .pid = USB_IN, .status = USB_ASYNC};
	unsigned slot;
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, dev, TRB_BSR);
	assert_int_equal(scripted_answer(dev, &later), 0);
	bed_submit(bed, TRB_ADDRESS_DEVICE, bed_input(slot), 0, slot << 24);
	bed_queue(bed, slot, 1, 0, 0, trb_type_bits(TRB_NORMAL)); /* would be a TRB Error */
	bed_doorbell(bed, slot, 1);
	bed_step(bed, 1000);
	bed_expect_none(bed);
	assert_int_equal(scripted_finish(dev, 0, USB_OK, NULL, 0), 0);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	t = bed_expect(bed, TRB_EV_TRANSFER); /* and then the doorbell counts */
	assert_int_equal(trb_completion(&t), CC_TRB);
	bed_free(bed);
}

static void a_command_ring_of_no_ops_closed_on_itself_is_bounded(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 4096);
	bed_store(bed, BED_COMMANDS + TRB_SIZE,
		  &(struct trb){BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
	bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
	assert_true(bed->bus.live_devices == 0);
	assert_in_range(bed->trace.row_count, 1, 3 * XHCI_BUDGET_TRBS);
	bed_set(bed, bed_oper(bed, XHCI_CRCR), CRCR_CS);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_CRCR)) & CRCR_CRR, 0);
	bed_free(bed);
}

static void a_link_to_itself_never_hangs_and_never_is_an_error(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_store(bed, BED_COMMANDS,
		  &(struct trb){BED_COMMANDS, 0, trb_type_bits(TRB_LINK) | TRB_CYCLE});
	bed_doorbell(bed, 0, 0);
	bed_step(bed, 1000);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & (USBSTS_HSE | USBSTS_HCE), 0);
	bed_expect_none(bed);
	bed_free(bed);
}

static void configure_checks_everything_before_it_changes_anything(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, keyboard_new(), 0);
	bed_input_ep(bed, slot, 3, EP_INTERRUPT_IN, 8, 7);
	bed_input_ep(bed, slot, 5, EP_INTERRUPT_IN, 8, 255); /* catalogue A23 */
	bed_store32(bed, bed_input(slot) + 4, 1u << 5 | 1u << 3 | 1);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24),
			 CC_PARAMETER);
	assert_null(bed->x->slots[slot].ep[3]);
	assert_int_equal(bed->x->slots[slot].state, SLOT_ADDRESSED);
	bed_store32(bed, bed_input(slot) + 4, 1u << 3 | 1);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24),
			 CC_SUCCESS);
	assert_int_equal(bed->x->slots[slot].state, SLOT_CONFIGURED);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 3 * 32) & 7, EP_RUNNING);
	assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, 0, TRB_DC | slot << 24), CC_SUCCESS);
	assert_int_equal(bed->x->slots[slot].state, SLOT_ADDRESSED);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 3 * 32), 0);
	bed_free(bed);
}

static void reset_device_leaves_only_endpoint_0(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, keyboard_new(), 0);
	bed_configure(bed, slot, 3, EP_INTERRUPT_IN, 8, 7);
	assert_int_equal(bed_code(bed, TRB_RESET_DEVICE, 0, slot << 24), CC_SUCCESS);
	assert_null(bed->x->slots[slot].ep[3]);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 12), (uint32_t)SLOT_DEFAULT << 27);
	assert_int_equal(bed_code(bed, TRB_RESET_DEVICE, 0, slot << 24), CC_CONTEXT_STATE);
	bed_free(bed);
}

static void unreadable_command_ring_is_a_host_system_error(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	mem_set_fault(bed->guest.mem, BED_COMMANDS, MEM_READ);
	bed_doorbell(bed, 0, 0);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & (USBSTS_HSE | USBSTS_HCH),
			 USBSTS_HSE | USBSTS_HCH);
	bed_free(bed);
}

/* The full profile's last two USB3 ports are of a protocol with a slot type of its own. */
static void a_slot_is_for_the_protocol_of_its_type(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 2; type++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		unsigned port, slot;
		struct trb t;

		bed_start(bed, 64);
		assert_int_equal(
			usb_plug(bed->bus.port[2], scripted_new(NULL, 0, 1 << USB_SPEED_SUPER)), 0);
		bed_step(bed, 1000);
		port = bed_port(bed, 3);
		assert_int_equal(port, 7);
		assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 2 << 16), CC_TRB);
		t = bed_command(bed, TRB_ENABLE_SLOT, 0, type << 16);
		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		slot = trb_slot(&t);
		bed_input_slot(bed, slot, port);
		bed_input_ep(bed, slot, 1, EP_CONTROL, 512, 0);
		assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
				 type ? CC_SUCCESS : CC_PARAMETER);
		bed_free(bed);
	}
}

/* Virtual functions, and with them VF Event Ring Full, are among what is not there. */
static void commands_of_what_is_not_there_are_trb_errors(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);

		bed_start(bed, 256);
		for (unsigned type = 0; type < 64; type++) {
			bool nec = bed->x->profile->nec &&
				(type == TRB_NEC_GET_FW || type == TRB_NEC_CHALLENGE);

			if (type == TRB_LINK || nec ||
			    (type >= TRB_ENABLE_SLOT && type <= TRB_NO_OP_COMMAND &&
			     type != TRB_FORCE_EVENT && type != TRB_NEGOTIATE_BW &&
			     type != TRB_SET_LTV && type != TRB_FORCE_HEADER))
				continue;
			assert_int_equal(bed_code(bed, type, 0, 1u << 24), CC_TRB);
		}
		bed_free(bed);
	}
}

static void a_device_that_babbles_where_nothing_can_be_is_incompatible(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct usb_device *dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, dev, TRB_BSR);
	scripted_answer(dev, &(struct scripted_answer){.pid = USB_IN, .status = USB_BABBLE});
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
			 CC_INCOMPATIBLE);
	scripted_answer(dev, &(struct scripted_answer){.pid = USB_IN, .status = USB_STALL});
	assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
			 CC_TRANSACTION);
	bed_free(bed);
}

static void nec_vendor_commands_exist_on_nec_only(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		bool nec = profile == XHCI_PROFILE_NEC;
		struct trb t;

		bed_start(bed, 64);
		bed_submit(bed, TRB_NEC_GET_FW, 0, 0, 0);
		t = bed_expect(bed, nec ? TRB_NEC_EVENT : TRB_EV_COMMAND);
		assert_int_equal(trb_completion(&t), nec ? CC_SUCCESS : CC_TRB);
		assert_int_equal(t.status & 0xffff, nec ? 0x3034 : 0);
		bed_free(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_one_completion_in_ring_order),
		cmocka_unit_test(slots_run_out_at_max_slots_enabled),
		cmocka_unit_test(address_device_goes_through_default_with_bsr),
		cmocka_unit_test(address_device_without_a_device_is_a_transaction_error),
		cmocka_unit_test(an_address_that_waits_for_the_device_can_be_aborted),
		cmocka_unit_test(endpoint_0_is_the_commands_until_address_device_is_over),
		cmocka_unit_test(a_command_ring_of_no_ops_closed_on_itself_is_bounded),
		cmocka_unit_test(a_link_to_itself_never_hangs_and_never_is_an_error),
		cmocka_unit_test(configure_checks_everything_before_it_changes_anything),
		cmocka_unit_test(reset_device_leaves_only_endpoint_0),
		cmocka_unit_test(unreadable_command_ring_is_a_host_system_error),
		cmocka_unit_test(a_slot_is_for_the_protocol_of_its_type),
		cmocka_unit_test(commands_of_what_is_not_there_are_trb_errors),
		cmocka_unit_test(a_device_that_babbles_where_nothing_can_be_is_incompatible),
		cmocka_unit_test(nec_vendor_commands_exist_on_nec_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
