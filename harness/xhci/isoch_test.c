// SPDX-License-Identifier: MIT
#include "xhci/testbed_bulk.h"

#define EP3_OUT 6u
#define EP3_IN 7u
#define MAX_PACKET 1024u
#define SIA TRB_SIA
#define FRAME(n) ((uint32_t)((n)&0x7ff) << 20)

/* The scripted device at high speed; endpoint dci isochronous with an interval of 2^exponent x 125 us. */
static struct bed *isoch(unsigned profile, unsigned dci, unsigned exponent,
			 struct usb_device **ret_dev, unsigned *ret_slot)
{
	struct bed *bed = bed_new(profile);

	bed_start(bed, 256);
	*ret_dev = scripted_new(NULL, 0, 1 << USB_SPEED_HIGH);
	*ret_slot = bed_address(bed, *ret_dev, 0);
	bed_configure(bed, *ret_slot, dci, dci & 1 ? EP_ISOCH_IN : EP_ISOCH_OUT, MAX_PACKET,
		      exponent);
	bed_control(bed, *ret_slot, SETUP(1, 11, 1, 1, 0), 0); /* SET_INTERFACE 1, setting 1 */
	bed_expect(bed, TRB_EV_TRANSFER);
	return bed;
}

static void put(struct bed *bed, unsigned slot, unsigned dci, uint32_t len, uint32_t control)
{
	bed_queue(bed, slot, dci, BED_DATA, len, trb_type_bits(TRB_ISOCH) | control);
}

static unsigned frame(struct bed *bed)
{
	return bed_get(bed, bed->x->profile->rtsoff + XHCI_MFINDEX) >> 3;
}

/* The next event of the endpoint: its code, for the TRB that is the nth of the ring (or any, < 0). */
static void expect(struct bed *bed, unsigned slot, unsigned dci, unsigned code, int nth)
{
	struct trb t = bed_expect(bed, TRB_EV_TRANSFER);

	assert_int_equal(trb_completion(&t), code);
	if (nth >= 0)
		assert_int_equal(t.parameter, bed_ring(slot, dci) + TRB_SIZE * (unsigned)nth);
}

static void one_td_per_service_interval(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_CONFORMANT, EP3_OUT, 3, &dev, &slot);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put(bed, slot, EP3_OUT, 100, SIA | TRB_IOC);
	bed_doorbell(bed, slot, EP3_OUT);
	for (int i = 0; i < 3; i++) {
		expect(bed, slot, EP3_OUT, CC_SUCCESS, i);
		bed_step(bed, 999);
		bed_expect_none(bed);
		bed_step(bed, 1);
	}
	expect(bed, slot, EP3_OUT, CC_RING_UNDERRUN, 3);
	bed_step(bed, 5000);
	bed_expect_none(bed); /* once per dry stretch */
	bed_free(bed);
}

static void a_td_waits_for_the_frame_it_names(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_CONFORMANT, EP3_OUT, 3, &dev, &slot);
	unsigned now;

	(void)state;
	bed_step(bed, 1000 - bed->guest.clock.now_ns / 1000 % 1000);
	now = frame(bed);
	put(bed, slot, EP3_OUT, 100, FRAME(now + 9) | TRB_IOC);
	put(bed, slot, EP3_OUT, 100, FRAME(now + 10) | TRB_IOC);
	bed_doorbell(bed, slot, EP3_OUT);
	while (frame(bed) != now + 8) {
		bed_step(bed, 500);
		bed_expect_none(bed);
	}
	bed_step(bed, 1000);
	assert_int_equal(frame(bed), now + 9);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 0);
	bed_expect_none(bed);
	bed_step(bed, 1000);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 1);
	bed_free(bed);
}

static void a_frame_that_has_gone_is_missed_and_the_next_td_has_its_turn(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_CONFORMANT, EP3_IN, 3, &dev, &slot);
	unsigned now;

	(void)state;
	bed_step(bed, 10000);
	now = frame(bed);
	put(bed, slot, EP3_IN, 100, FRAME(now - 2) | TRB_CH);
	bed_normal(bed, slot, EP3_IN, BED_DATA, 100, TRB_IOC); /* nothing more is told of it */
	put(bed, slot, EP3_IN, 100, FRAME(now + 896) | TRB_IOC);
	put(bed, slot, EP3_IN, 100, FRAME(now + 9) | TRB_IOC);
	bed_doorbell(bed, slot, EP3_IN);
	expect(bed, slot, EP3_IN, CC_MISSED_SERVICE, 0);
	expect(bed, slot, EP3_IN, CC_MISSED_SERVICE, 2);
	bed_expect_none(bed);
	bed_step(bed, 9000);
	expect(bed, slot, EP3_IN, CC_SUCCESS, 3);
	assert_int_equal(bed_load32(bed, bed_ctx(slot) + EP3_IN * 64) & 7, EP_RUNNING);
	bed_free(bed);
}

static void more_than_an_interval_has_room_for_is_a_bandwidth_overrun(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_QEMU, EP3_OUT, 3, &dev, &slot);
	struct trb t;

	(void)state;
	put(bed, slot, EP3_OUT, 1000, SIA | TRB_CH);
	bed_normal(bed, slot, EP3_OUT, BED_DATA, 100, TRB_IOC);
	put(bed, slot, EP3_OUT, MAX_PACKET, SIA | TRB_IOC);
	bed_doorbell(bed, slot, EP3_OUT);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_BANDWIDTH_OVERRUN);
	assert_int_equal(t.parameter, bed_ring(slot, EP3_OUT) + TRB_SIZE);
	assert_int_equal(t.status & 0xffffff, 100 - 24);
	bed_expect_none(bed);
	bed_step(bed, 1000);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 2);
	bed_free(bed);
}

static void time_that_jumps_is_made_good_up_to_a_point(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_QEMU, EP3_OUT, 3, &dev, &slot);

	(void)state;
	bed->x->defer = true; /* as in a VM: work is done some time after its time has come */
	for (unsigned i = 0; i < 10; i++)
		put(bed, slot, EP3_OUT, 100, SIA | TRB_IOC);
	bed_doorbell(bed, slot, EP3_OUT);
	xhci_work(bed->x);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 0);
	clock_step(&bed->guest.clock, 4000000);
	while (xhci_work(bed->x))
		;
	for (int i = 1; i <= 4; i++)
		expect(bed, slot, EP3_OUT, CC_SUCCESS, i);
	bed_expect_none(bed);
	bed_step(bed, 20000);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 5);
	bed_free(bed);
}

static void the_frame_index_wraps_at_2048(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_QEMU, EP3_OUT, 3, &dev, &slot);

	(void)state;
	while (frame(bed) != 2046)
		bed_step(bed, 1000);
	put(bed, slot, EP3_OUT, 100, FRAME(7) | TRB_IOC);
	bed_doorbell(bed, slot, EP3_OUT);
	bed_step(bed, 8000);
	assert_int_equal(frame(bed), 6);
	bed_expect_none(bed);
	bed_step(bed, 1000);
	expect(bed, slot, EP3_OUT, CC_SUCCESS, 0);
	bed_free(bed);
}

static void an_error_is_told_and_the_endpoint_runs_on(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_QEMU, EP3_IN, 3, &dev, &slot);

	(void)state;
	answer(dev, 3, USB_IN, USB_XACT, 0);
	put(bed, slot, EP3_IN, 100, SIA | TRB_IOC);
	put(bed, slot, EP3_IN, 100, SIA | TRB_IOC);
	bed_doorbell(bed, slot, EP3_IN);
	expect(bed, slot, EP3_IN, CC_TRANSACTION, 0);
	bed_step(bed, 1000);
	expect(bed, slot, EP3_IN, CC_SUCCESS, 1);
	bed_free(bed);
}

/* IST: 7 frames, and 4 microframes (xHCI 5.3.4, 4.11.2.5). */
static void a_frame_within_the_scheduling_threshold_is_missed(void **state)
{
	static const struct {
		unsigned profile, wait_usec, first; /* frames from now that can be reached */
	} rows[] = {
		{XHCI_PROFILE_CONFORMANT, 0, 8},
		{XHCI_PROFILE_CONFORMANT, 875, 8},
		{XHCI_PROFILE_FULL, 375, 1},
		{XHCI_PROFILE_FULL, 500, 2},
	};

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		unsigned reached = rows[i / 2].first - i % 2, slot, now;
		struct usb_device *dev;
		struct bed *bed = isoch(rows[i / 2].profile, EP3_OUT, 3, &dev, &slot);
		uint64_t since = bed->guest.clock.now_ns - bed->x->mfindex_base_ns;

		bed_step(bed, 2000 - since / 1000 % 1000 + rows[i / 2].wait_usec);
		now = frame(bed);
		put(bed, slot, EP3_OUT, 100, FRAME(now + reached) | TRB_IOC);
		bed_doorbell(bed, slot, EP3_OUT);
		bed_step(bed, 10000);
		expect(bed, slot, EP3_OUT, i % 2 ? CC_MISSED_SERVICE : CC_SUCCESS, 0);
		bed_free(bed);
	}
}

static void only_with_cfc_each_td_waits_for_its_frame(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		bool cfc = xhci_profiles[profile].hccparams1 & HCC1_CFC;
		struct usb_device *dev;
		unsigned slot, now;
		struct bed *bed = isoch(profile, EP3_OUT, 3, &dev, &slot);
		uint64_t since = bed->guest.clock.now_ns - bed->x->mfindex_base_ns;

		assert_int_equal(cfc, profile >= XHCI_PROFILE_CONFORMANT);
		bed_step(bed, 1000 - since / 1000 % 1000);
		now = frame(bed);
		put(bed, slot, EP3_OUT, 100, FRAME(now + 8) | TRB_IOC);
		put(bed, slot, EP3_OUT, 100, FRAME(now + 20) | TRB_IOC);
		bed_doorbell(bed, slot, EP3_OUT);
		bed_step(bed, 7000);
		bed_expect_none(bed);
		bed_step(bed, 2000);
		expect(bed, slot, EP3_OUT, CC_SUCCESS, 0);
		if (cfc) {
			bed_expect_none(bed);
			bed_step(bed, 11000);
		}
		expect(bed, slot, EP3_OUT, CC_SUCCESS, 1);
		bed_free(bed);
	}
}

/* TBC and TLBPC count bursts for the scheduler; a TD has its bytes all the same. */
static void burst_counts_change_nothing_that_moves(void **state)
{
	static const uint32_t hint[] = {0, 1u << 7, 3u << 7, 15u << 16, 3u << 7 | 7u << 16};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(hint); i++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed = isoch(XHCI_PROFILE_CONFORMANT, EP3_IN, 3, &dev, &slot);

		answer(dev, 3, USB_IN, USB_OK, 700);
		put(bed, slot, EP3_IN, 700, SIA | TRB_IOC | hint[i]);
		bed_doorbell(bed, slot, EP3_IN);
		expect(bed, slot, EP3_IN, CC_SUCCESS, 0);
		assert_int_equal(bed_load32(bed, BED_DATA + 696) >> 24, 699 * 7 % 256);
		bed_free(bed);
	}
}

static void a_buffer_smaller_than_what_comes_is_an_isoch_buffer_overrun(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = isoch(XHCI_PROFILE_CONFORMANT, EP3_IN, 3, &dev, &slot);

	(void)state;
	answer(dev, 3, USB_IN, USB_OK, 200);
	answer(dev, 3, USB_IN, USB_OK, MAX_PACKET + 1);
	put(bed, slot, EP3_IN, 100, SIA | TRB_IOC);
	put(bed, slot, EP3_IN, MAX_PACKET, SIA | TRB_IOC);
	put(bed, slot, EP3_IN, 100, SIA | TRB_IOC);
	bed_doorbell(bed, slot, EP3_IN);
	expect(bed, slot, EP3_IN, CC_ISOCH_OVERRUN, 0);
	bed_step(bed, 1000);
	expect(bed, slot, EP3_IN, CC_BABBLE, 1); /* room there was, the device has said too much */
	bed_step(bed, 1000);
	expect(bed, slot, EP3_IN, CC_SUCCESS, 2);
	bed_free(bed);
}

/* The link sleeps between two TDs; software knows how long it takes to wake, or not. */
static void a_link_that_wakes_too_late_has_no_ping_response(void **state)
{
	(void)state;
	for (unsigned knows = 0; knows < 2; knows++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		unsigned slot, port, mel = knows ? 200 : 199; /* u2_exit_usec */

		bed_start(bed, 256);
		slot = bed_address(bed, scripted_new(NULL, 0, 1 << USB_SPEED_SUPER), 0);
		port = bed_port(bed, 1);
		bed_configure(bed, slot, EP3_OUT, EP_ISOCH_OUT, MAX_PACKET, 3);
		bed_control(bed, slot, SETUP(1, 11, 1, 1, 0), 0);
		bed_expect(bed, TRB_EV_TRANSFER);
		bed_store32(bed, bed_input(slot) + xhci_context_bytes(bed->x) + 4,
			    port << 16 | mel);
		bed_store32(bed, bed_input(slot) + 4, 1);
		assert_int_equal(bed_code(bed, TRB_EVALUATE_CONTEXT, bed_input(slot), slot << 24),
				 CC_SUCCESS);
		bed_set(bed, bed_portsc(bed, port) + 4, 2u << 8); /* U2 after 512 us */
		bed_step(bed, 3000);
		for (unsigned i = 0; i < 2; i++)
			put(bed, slot, EP3_OUT, 100, SIA | TRB_IOC);
		bed_doorbell(bed, slot, EP3_OUT);
		bed_step(bed, 400);
		expect(bed, slot, EP3_OUT, knows ? CC_SUCCESS : CC_NO_PING, 0);
		bed_free(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_td_per_service_interval),
		cmocka_unit_test(a_td_waits_for_the_frame_it_names),
		cmocka_unit_test(a_frame_that_has_gone_is_missed_and_the_next_td_has_its_turn),
		cmocka_unit_test(more_than_an_interval_has_room_for_is_a_bandwidth_overrun),
		cmocka_unit_test(time_that_jumps_is_made_good_up_to_a_point),
		cmocka_unit_test(the_frame_index_wraps_at_2048),
		cmocka_unit_test(an_error_is_told_and_the_endpoint_runs_on),
		cmocka_unit_test(a_frame_within_the_scheduling_threshold_is_missed),
		cmocka_unit_test(only_with_cfc_each_td_waits_for_its_frame),
		cmocka_unit_test(burst_counts_change_nothing_that_moves),
		cmocka_unit_test(a_buffer_smaller_than_what_comes_is_an_isoch_buffer_overrun),
		cmocka_unit_test(a_link_that_wakes_too_late_has_no_ping_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
