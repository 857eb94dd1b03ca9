// SPDX-License-Identifier: MIT
#include "xhci/testbed_bulk.h"

static void get_descriptor_returns_what_the_device_has(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned slot;
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, keyboard_new(), 0);
	bed_control(bed, slot, SETUP(0x80, 6, 0x0100, 0, 64), 64);
	t = bed_expect(bed, TRB_EV_TRANSFER); /* the data stage, by ISP */
	assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
	assert_int_equal(t.status & 0xffffff, 64 - 18);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(bed_load32(bed, BED_DATA) & 0xffff, 0x0112);
	bed_expect_none(bed);
	bed_free(bed);
}

static void stall_halts_until_reset_endpoint_and_set_dequeue(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_STALL, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STALL);
	assert_int_equal(t.status & 0xffffff, 512);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + EP1_IN * 32) & 7, EP_HALTED);
	bed_doorbell(bed, slot, EP1_IN);
	bed_expect_none(bed);
	assert_int_equal(bed_code(bed, TRB_SET_TR_DEQUEUE, bed->ring_at[slot][EP1_IN] | 1,
				  slot << 24 | EP1_IN << 16),
			 CC_CONTEXT_STATE);
	assert_int_equal(bed_code(bed, TRB_RESET_ENDPOINT, 0, slot << 24 | EP1_IN << 16),
			 CC_SUCCESS);
	assert_int_equal(bed_code(bed, TRB_SET_TR_DEQUEUE, bed->ring_at[slot][EP1_IN] | 1,
				  slot << 24 | EP1_IN << 16),
			 CC_SUCCESS);
	bed_control(bed, slot, SETUP(0x02, 1, 0, 0x81, 0), 0); /* CLEAR_FEATURE(HALT) */
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_free(bed);
}

static void set_address_by_software_is_a_trb_error(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct usb_device *dev = keyboard_new();
	unsigned slot, address;
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, dev, 0);
	address = dev->address;
	bed_control(bed, slot, SETUP(0, 5, 9, 0, 0), 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRB);
	assert_int_equal(t.parameter, bed_ring(slot, 1));
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + 32) & 7, EP_ERROR);
	assert_int_equal(dev->address, address);
	assert_int_equal(
		bed_code(bed, TRB_SET_TR_DEQUEUE, bed->ring_at[slot][1] | 1, slot << 24 | 1 << 16),
		CC_SUCCESS);
	bed_control(bed, slot, SETUP(0x01, 5, 9, 0, 0), 0); /* not to the device: its own affair */
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STALL);
	bed_free(bed);
}

/* Where a SETUP packet is the parameter of a TRB, eight zeros are a request like any other. */
static void a_setup_packet_of_zeros_is_put_to_the_device(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 0, USB_SETUP, USB_OK, 0);
	answer(dev, 0, USB_IN, USB_OK, 0);
	bed_control(bed, slot, 0, 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_control(bed, slot, 0, 0); /* and without the script's answers the core refuses it */
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STALL);
	assert_int_equal(t.parameter, bed->ring_at[slot][1] - TRB_SIZE);
	bed_free(bed);
}

static void every_bad_answer_has_its_code(void **state)
{
	static const struct {
		enum usb_status status;
		size_t len;
		enum completion_code code;
	} rows[] = {
		{USB_STALL, 0, CC_STALL},
		{USB_BABBLE, 0, CC_BABBLE},
		{USB_OK, 2000, CC_BABBLE},
		{USB_NODEV, 0, CC_TRANSACTION},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = bulk(&dev, XHCI_PROFILE_CONFORMANT, &slot);
		struct trb t;

		answer(dev, 1, USB_IN, rows[i].status, rows[i].len);
		bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
		bed_doorbell(bed, slot, EP1_IN);
		t = bed_expect(bed, TRB_EV_TRANSFER);
		assert_int_equal(trb_completion(&t), rows[i].code);
		bed_free(bed);
	}
}

static void transaction_errors_are_retried_cerr_times(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_XACT, 0);
	answer(dev, 1, USB_IN, USB_XACT, 0);
	answer(dev, 1, USB_IN, USB_OK, 512);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	bed_step(bed, 1000);
	bed_expect_none(bed);
	bed_step(bed, 1000);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	for (unsigned i = 0; i < 3; i++)
		answer(dev, 1, USB_IN, USB_XACT, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	bed_step(bed, 1000);
	bed_step(bed, 1000);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRANSACTION);
	bed_free(bed);
}

static void a_td_chained_for_ever_is_bounded_per_call(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	uint64_t ring = bed->ring_at[slot][EP1_OUT], rows = bed->trace.row_count;

	(void)state;
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 0, TRB_CH);
	bed_queue(bed, slot, EP1_OUT, ring, 0, trb_type_bits(TRB_LINK) | TRB_CH);
	bed_doorbell(bed, slot, EP1_OUT);
	assert_in_range(bed->trace.row_count - rows, 1, 2 * XHCI_BUDGET_TRBS);
	assert_true(xhci_work(bed->x)); /* it goes on later: never an error */
	assert_int_equal(bed->x->slots[slot].ep[EP1_OUT]->state, EP_RUNNING);
	bed_free(bed);
}

static void unplugging_fails_what_is_in_flight(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	answer(dev, 1, USB_OUT, USB_NAK, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	bed_doorbell(bed, slot, EP1_OUT);
	assert_int_equal(bed->bus.live_packets, 2);
	usb_unplug(bed->bus.port[0]);
	bed_step(bed, 1000);
	assert_int_equal(bed->bus.live_packets, 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRANSACTION);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRANSACTION);
	bed_free(bed);
}

static void unreadable_data_is_a_data_buffer_error(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	mem_set_fault(bed->guest.mem, BED_DATA, MEM_READ | MEM_WRITE);
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_OUT);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_DATA_BUFFER);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_DATA_BUFFER);
	assert_int_equal(bed->bus.live_packets, 0);
	bed_free(bed);
}

static void wlength_and_trb_length_may_differ(void **state)
{
	static const uint32_t lengths[] = {1, 8, 17, 18, 19, 255, 4096};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(lengths); k++) {
			struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
			unsigned slot;

			bed_start(bed, 64);
			slot = bed_address(bed, keyboard_new(), 0);
			bed_control(bed, slot, SETUP(0x80, 6, 0x0100, 0, lengths[i]), lengths[k]);
			bed_expect(bed, TRB_EV_TRANSFER);
			bed_free(bed);
		}
}

static unsigned fetched;

static void count_fetches(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	fetched += row->kind == TRACE_DMA && row->what == DMA_XFER_TRB;
}

static void a_ring_closed_on_itself_has_its_budget_at_each_kick(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		bed_queue(bed, slot, EP1_OUT, 0, 0, trb_type_bits(TRB_NO_OP));
	bed_queue(bed, slot, EP1_OUT, bed_ring(slot, EP1_OUT), 0, trb_type_bits(TRB_LINK));
	bed->trace.sink = count_fetches;
	for (unsigned kick = 0; kick < 3; kick++) {
		fetched = 0;
		bed_doorbell(bed, slot, EP1_OUT);
		assert_in_range(fetched, 1, XHCI_BUDGET_TRBS);
	}
	bed->trace.sink = NULL;
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & (USBSTS_HSE | USBSTS_HCE), 0);
	assert_int_equal(bed_code(bed, TRB_STOP_ENDPOINT, 0, slot << 24 | EP1_OUT << 16),
			 CC_SUCCESS);
	bed_free(bed);
}

/* As in a VM, where doorbells ring while other work is done. */
static void a_thousand_doorbells_are_one_piece_of_work(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	bed->x->defer = true;
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 64, TRB_IOC);
	bed->trace.sink = count_fetches;
	fetched = 0;
	for (unsigned i = 0; i < 1000; i++) {
		bed_doorbell(bed, slot, EP1_OUT);
		bed_doorbell(bed, slot, EP1_IN);
	}
	assert_int_equal(fetched, 0);
	for (unsigned i = 0; i < 64 && xhci_work(bed->x); i++)
		;
	bed->trace.sink = NULL;
	assert_int_equal(fetched, 3); /* its TRB, and the empty end of either ring */
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_expect_none(bed);
	bed->x->defer = false;
	bed_free(bed);
}

static void an_interrupter_that_is_not_there_is_the_primary_one(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	bed_queue(bed, slot, EP1_OUT, BED_DATA, 64 | 1023u << 22,
		  trb_type_bits(TRB_NORMAL) | TRB_IOC);
	bed_doorbell(bed, slot, EP1_OUT);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_free(bed);
}

static void a_wake_up_without_a_doorbell_fetches_nothing(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct usb_endpoint *in = usb_endpoint_get(dev, USB_IN, 1);

	(void)state;
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	usb_wakeup(in);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), 0);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
	bed_step(bed, 1000);
	bed_expect_none(bed);
	bed_doorbell(bed, slot, EP1_IN);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_free(bed);
}

static void interrupt_tds_are_paced_by_the_interval(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct usb_device *dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	unsigned slot;

	(void)state;
	bed_start(bed, 64);
	slot = bed_address(bed, dev, 0);
	bed_configure(bed, slot, 5, EP_INTERRUPT_IN, 64, 4); /* 2^4 * 125 us = 2 ms */
	for (unsigned i = 0; i < 4; i++)
		bed_normal(bed, slot, 5, BED_DATA, 64, TRB_IOC);
	bed_doorbell(bed, slot, 5);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_step(bed, 1999);
	bed_expect_none(bed);
	bed_step(bed, 1);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_expect_none(bed);
	bed_step(bed, 4000);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_descriptor_returns_what_the_device_has),
		cmocka_unit_test(stall_halts_until_reset_endpoint_and_set_dequeue),
		cmocka_unit_test(set_address_by_software_is_a_trb_error),
		cmocka_unit_test(a_setup_packet_of_zeros_is_put_to_the_device),
		cmocka_unit_test(every_bad_answer_has_its_code),
		cmocka_unit_test(transaction_errors_are_retried_cerr_times),
		cmocka_unit_test(a_td_chained_for_ever_is_bounded_per_call),
		cmocka_unit_test(unplugging_fails_what_is_in_flight),
		cmocka_unit_test(unreadable_data_is_a_data_buffer_error),
		cmocka_unit_test(wlength_and_trb_length_may_differ),
		cmocka_unit_test(a_ring_closed_on_itself_has_its_budget_at_each_kick),
		cmocka_unit_test(a_thousand_doorbells_are_one_piece_of_work),
		cmocka_unit_test(an_interrupter_that_is_not_there_is_the_primary_one),
		cmocka_unit_test(a_wake_up_without_a_doorbell_fetches_nothing),
		cmocka_unit_test(interrupt_tds_are_paced_by_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
