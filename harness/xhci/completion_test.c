// SPDX-License-Identifier: MIT
#include "xhci/testbed_bulk.h"

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

static void all_event_data_behind_a_short_packet_is_parsed_only_with_pae(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		bool pae = xhci_profiles[profile].hccparams1 & HCC1_PAE;
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = bulk(&dev, profile, &slot);
		struct trb t;

		assert_int_equal(pae, profile >= XHCI_PROFILE_CONFORMANT);
		answer(dev, 1, USB_IN, USB_OK, 10);
		bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_CH);
		for (unsigned i = 0; i < 3; i++)
			bed_queue(bed, slot, EP1_IN, 0x70 + i, 0,
				  trb_type_bits(TRB_EVENT_DATA) | TRB_IOC | (i < 2 ? TRB_CH : 0));
		bed_doorbell(bed, slot, EP1_IN);
		for (unsigned i = 0; i < (pae ? 3 : 1); i++) {
			t = bed_expect(bed, TRB_EV_TRANSFER);
			assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
			assert_int_equal(t.parameter, 0x70 + i);
		}
		bed_expect_none(bed);
		bed_free(bed);
	}
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

/*
 * So many empty TDs before it that the budget of a doorbell ends somewhere in the TD: data of 64 bytes, and
 * the Event Data TRB that tells of it. Then Stop Endpoint. Returns the code of the event it gives, or 0.
 */
static unsigned stopped_behind(unsigned before, uint32_t flags, bool *ret_told)
{
	struct usb_device *dev;
	unsigned slot, code = 0;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	*ret_told = false;
	for (unsigned i = 0; i < before; i++)
		bed_queue(bed, slot, EP1_OUT, 0, 0, trb_type_bits(TRB_NO_OP));
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 64, TRB_CH | flags);
	bed_queue(bed, slot, EP1_OUT, 0x77, 0, trb_type_bits(TRB_EVENT_DATA) | TRB_IOC);
	bed_doorbell(bed, slot, EP1_OUT);
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_OUT << 16);
	while (bed_event(bed, &t) && trb_type(&t) != TRB_EV_COMMAND) {
		if (t.parameter == 0x77)
			*ret_told = true;
		else
			code = trb_completion(&t);
	}
	bed_free(bed);
	return code;
}

static void with_ent_the_event_data_trb_is_not_left_for_later(void **state)
{
	unsigned between[2] = {0};

	(void)state;
	for (unsigned ent = 0; ent < 2; ent++)
		for (unsigned before = 0; before < XHCI_BUDGET_TRBS; before++) {
			bool told;
			unsigned code = stopped_behind(before, ent ? TRB_ENT : 0, &told);

			/* between: the data has moved, and software does not know of it */
			between[ent] += code == CC_STOPPED_LENGTH && !told;
		}
	assert_int_not_equal(between[0], 0);
	assert_int_equal(between[1], 0);
}

/* NS, TD Size, TBC and TLBPC say how to schedule; what moves and what is told of it stays. */
static void hints_change_nothing_that_moves(void **state)
{
	static const struct {
		uint32_t status, control;
	} hint[] = {{0, 0}, {31u << 17, 0}, {5u << 17, TRB_NS}, {0, TRB_NS | TRB_ENT}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(hint); i++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = bulk(&dev, XHCI_PROFILE_CONFORMANT, &slot);
		struct trb t;

		answer(dev, 1, USB_IN, USB_OK, 1024);
		bed_queue(bed, slot, EP1_IN, BED_DATA, 600 | hint[i].status,
			  trb_type_bits(TRB_NORMAL) | TRB_CH | hint[i].control);
		bed_queue(bed, slot, EP1_IN, BED_DATA + 0x1000, 424 | hint[i].status,
			  trb_type_bits(TRB_NORMAL) | TRB_IOC | hint[i].control);
		bed_doorbell(bed, slot, EP1_IN);
		t = bed_expect(bed, TRB_EV_TRANSFER);
		assert_int_equal(t.status, (uint32_t)CC_SUCCESS << 24);
		assert_int_equal(t.parameter, bed_ring(slot, EP1_IN) + TRB_SIZE);
		bed_expect_none(bed);
		assert_int_equal(bed_load32(bed, BED_DATA + 0x1000) & 0xff, 600 * 7 % 256);
		bed_free(bed);
	}
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
		if (xhci_profiles[profile].forced_stop_event) {
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

/* The event of a Link TRB comes after those of the TRBs before it (xHCI 4.11.5.1). */
static void a_link_in_a_td_reports_in_its_turn(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	uint64_t first = bed->ring_at[slot][EP1_IN], second = first + 0x200;
	const uint64_t order[] = {first, first + TRB_SIZE, second};

	(void)state;
	answer(dev, 1, USB_IN, USB_OK, 1024);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_CH | TRB_IOC);
	bed_queue(bed, slot, EP1_IN, second, 0, trb_type_bits(TRB_LINK) | TRB_CH | TRB_IOC);
	bed->ring_at[slot][EP1_IN] = second;
	bed_normal(bed, slot, EP1_IN, BED_DATA + 512, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		struct trb t = bed_expect(bed, TRB_EV_TRANSFER);

		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		assert_int_equal(t.parameter, order[i]);
	}
	bed_queue(bed, slot, EP1_IN, first, 0, trb_type_bits(TRB_LINK) | TRB_IOC); /* alone */
	bed->ring_at[slot][EP1_IN] = first;
	bed_doorbell(bed, slot, EP1_IN);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_packet_is_reported_on_the_isp_trb_and_on_the_ioc_trb),
		cmocka_unit_test(event_data_reports_the_transferred_length),
		cmocka_unit_test(all_event_data_behind_a_short_packet_is_parsed_only_with_pae),
		cmocka_unit_test(stop_reports_where_the_td_stands_and_a_doorbell_goes_on_there),
		cmocka_unit_test(with_ent_the_event_data_trb_is_not_left_for_later),
		cmocka_unit_test(hints_change_nothing_that_moves),
		cmocka_unit_test(stop_on_an_idle_ring_is_length_invalid_where_the_version_says_so),
		cmocka_unit_test(a_bad_trb_puts_the_endpoint_into_error),
		cmocka_unit_test(a_link_in_a_td_reports_in_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
