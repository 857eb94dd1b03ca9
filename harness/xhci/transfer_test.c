// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

#define EP1_IN 3u
#define EP1_OUT 2u

/* The scripted device at high speed with its bulk pair. */
static struct bed *bulk(struct usb_device **ret_dev, unsigned profile, unsigned *ret_slot)
{
	struct bed *bed = bed_new(profile);

	bed_start(bed, 256);
	*ret_dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	*ret_slot = bed_address(bed, *ret_dev, 0);
	bed_configure(bed, *ret_slot, EP1_IN, EP_BULK_IN, 512, 0);
	bed_input_ep(bed, *ret_slot, EP1_OUT, EP_BULK_OUT, 512, 0);
	bed_store32(bed, bed_input(*ret_slot) + 4, 1u << EP1_OUT | 1);
	assert_int_equal(
		bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(*ret_slot), *ret_slot << 24),
		CC_SUCCESS);
	return bed;
}

static void answer(struct usb_device *dev, unsigned number, unsigned pid, unsigned status,
		   size_t len)
{
	uint8_t data[65536];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(scripted_answer(dev,
					 &(struct scripted_answer){.number = (uint8_t)number,
								   .pid = (uint8_t)pid,
								   .status = (uint8_t)status,
								   .data = data,
								   .len = len}),
			 0);
}

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

static void a_short_packet_is_reported_on_the_isp_trb_and_on_the_ioc_trb(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	uint64_t first = bed->ring_at[slot][EP1_IN];
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_OK, 700);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_CH | TRB_ISP);
	bed_normal(bed, slot, EP1_IN, BED_DATA + 512, 512, TRB_CH | TRB_ISP);
	bed_normal(bed, slot, EP1_IN, BED_DATA + 1024, 512, TRB_IOC | TRB_ISP);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
	assert_int_equal(t.parameter, first + TRB_SIZE);
	assert_int_equal(t.status & 0xffffff, 1024 - 700);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
	assert_int_equal(t.parameter, first + 2 * TRB_SIZE);
	assert_int_equal(t.status & 0xffffff, 1024 - 700);
	bed_expect_none(bed);
	bed_free(bed);
}

static void event_data_reports_the_transferred_length(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_OK, 600);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 1024, TRB_CH);
	bed_queue(bed, slot, EP1_IN, 0x1122334455667788, 0,
		  trb_type_bits(TRB_EVENT_DATA) | TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_true(t.control & TRB_EV_ED);
	assert_true(t.parameter == 0x1122334455667788);
	assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
	assert_int_equal(t.status & 0xffffff, 600);
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

static void stop_reports_where_the_td_stands_and_a_doorbell_goes_on_there(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	uint64_t first = bed->ring_at[slot][EP1_IN];
	struct trb t;

	(void)state;
	/* 16 KiB come at once, then the device has nothing more for a while */
	answer(dev, 1, USB_IN, USB_OK, XHCI_CHUNK);
	answer(dev, 1, USB_IN, USB_NAK, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 10000, TRB_CH);
	bed_normal(bed, slot, EP1_IN, BED_DATA + 0x10000, 10000, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	t = bed_expect(bed, TRB_EV_TRANSFER); /* before the command's own event */
	assert_int_equal(trb_completion(&t), CC_STOPPED);
	assert_int_equal(t.parameter, first + TRB_SIZE);
	assert_int_equal(t.status & 0xffffff, 20000 - XHCI_CHUNK);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(bed->bus.live_packets, 0);
	answer(dev, 1, USB_IN, USB_OK, 20000 - XHCI_CHUNK);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(t.status & 0xffffff, 0);
	/* byte 6384 of the second buffer is byte 0 of the third answer */
	assert_int_equal(bed_load32(bed, BED_DATA + 0x10000 + XHCI_CHUNK - 10000) & 0xffff, 0x0700);
	bed_free(bed);
}

static void stop_on_an_idle_ring_is_length_invalid_where_the_version_says_so(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = bulk(&dev, profile, &slot);
		struct trb t;

		bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
		if (profile == XHCI_PROFILE_CONFORMANT) {
			t = bed_expect(bed, TRB_EV_TRANSFER);
			assert_int_equal(trb_completion(&t), CC_STOPPED_LENGTH);
			assert_int_equal(t.parameter, bed->ring_at[slot][EP1_IN]);
		}
		t = bed_expect(bed, TRB_EV_COMMAND);
		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		assert_int_equal(bed_code(bed, TRB_STOP_ENDPOINT, 0, slot << 24 | EP1_IN << 16),
				 CC_CONTEXT_STATE);
		bed_free(bed);
	}
}

static void a_bad_trb_puts_the_endpoint_into_error(void **state)
{
	static const struct trb bad[] = {
		{BED_DATA, 8, (uint32_t)TRB_SETUP << 10 | TRB_IDT},
		{BED_DATA, 65537, (uint32_t)TRB_NORMAL << 10},
		{BED_DATA, 9, (uint32_t)TRB_NORMAL << 10 | TRB_IDT},
		{BED_DATA, 8, (uint32_t)TRB_NO_OP_COMMAND << 10},
		{BED_DATA, 8, 63u << 10},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
		struct trb t;

		bed_queue(bed, slot, EP1_OUT, bad[i].parameter, bad[i].status, bad[i].control);
		bed_doorbell(bed, slot, EP1_OUT);
		t = bed_expect(bed, TRB_EV_TRANSFER);
		assert_int_equal(trb_completion(&t), CC_TRB);
		assert_int_equal(bed->x->slots[slot].ep[EP1_OUT]->state, EP_ERROR);
		assert_int_equal(bed_code(bed, TRB_RESET_ENDPOINT, 0, slot << 24 | EP1_OUT << 16),
				 CC_CONTEXT_STATE);
		assert_int_equal(bed_code(bed, TRB_SET_TR_DEQUEUE, bed->ring_at[slot][EP1_OUT] | 1,
					  slot << 24 | EP1_OUT << 16),
				 CC_SUCCESS);
		bed_free(bed);
	}
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
		cmocka_unit_test(a_short_packet_is_reported_on_the_isp_trb_and_on_the_ioc_trb),
		cmocka_unit_test(event_data_reports_the_transferred_length),
		cmocka_unit_test(stall_halts_until_reset_endpoint_and_set_dequeue),
		cmocka_unit_test(every_bad_answer_has_its_code),
		cmocka_unit_test(transaction_errors_are_retried_cerr_times),
		cmocka_unit_test(stop_reports_where_the_td_stands_and_a_doorbell_goes_on_there),
		cmocka_unit_test(stop_on_an_idle_ring_is_length_invalid_where_the_version_says_so),
		cmocka_unit_test(a_bad_trb_puts_the_endpoint_into_error),
		cmocka_unit_test(a_td_chained_for_ever_is_bounded_per_call),
		cmocka_unit_test(unplugging_fails_what_is_in_flight),
		cmocka_unit_test(unreadable_data_is_a_data_buffer_error),
		cmocka_unit_test(wlength_and_trb_length_may_differ),
		cmocka_unit_test(interrupt_tds_are_paced_by_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
