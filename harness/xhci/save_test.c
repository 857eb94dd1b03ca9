// SPDX-License-Identifier: MIT
#include "xhci/save.h"
#include "xhci/testbed_bulk.h"

#define ARRAY 0x40000u
#define PAGES 0x2000000u
#define HEADER 32u

static struct bed *with_scratchpads(struct usb_device **ret_dev, unsigned profile,
				    unsigned *ret_slot)
{
	struct bed *bed = bulk(ret_dev, profile, ret_slot);

	bed_store32(bed, BED_DCBAA, ARRAY);
	for (unsigned i = 0; i < bed->x->profile->scratchpads; i++)
		bed_store32(bed, ARRAY + 8 * i, PAGES + 4096 * i);
	return bed;
}

static uint32_t status(struct bed *bed)
{
	return bed_get(bed, bed_oper(bed, XHCI_USBSTS));
}

static void command(struct bed *bed, uint32_t bits)
{
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), bits);
}

static void save(struct bed *bed)
{
	command(bed, 0);
	command(bed, USBCMD_CSS);
}

/* Everything but memory is lost; software writes the registers back (xHCI 4.23.2). */
static void lose_power(struct bed *bed)
{
	xhci_power_on(bed->x);
	bed_set(bed, bed_oper(bed, XHCI_CONFIG), bed->x->profile->slots);
	bed_set64(bed, bed_oper(bed, XHCI_DCBAAP), BED_DCBAA);
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), 1);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), BED_ERST);
	bed_ack(bed);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IE);
	bed_set64(bed, bed_oper(bed, XHCI_CRCR), bed->command_at | CRCR_RCS);
}

static bool restore(struct bed *bed)
{
	command(bed, USBCMD_CRS);
	return !(status(bed) & USBSTS_SRE);
}

static void slots_and_event_rings_outlive_the_loss_of_power(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	unsigned endpoints = xhci_live_endpoints(bed->x);
	struct trb t;

	(void)state;
	save(bed);
	assert_false(status(bed) & USBSTS_SRE);
	lose_power(bed);
	assert_int_equal(xhci_live_endpoints(bed->x), 0);
	assert_true(restore(bed));
	assert_int_equal(xhci_live_endpoints(bed->x), endpoints);
	command(bed, USBCMD_RS | USBCMD_INTE);
	t = bed_command(bed, TRB_ENABLE_SLOT, 0, 0); /* its event is where the ring stood */
	assert_int_equal(trb_slot(&t), slot + 1);
	assert_int_equal(bed_code(bed, TRB_RESET_DEVICE, 0, slot << 24), CC_SUCCESS);
	bed_free(bed);
}

/* Software makes room while the controller is halted, and nothing is told before the next run. */
static void events_that_wait_outlive_it_too(void **state)
{
	struct usb_device *dev;
	unsigned slot, mark = 0, taken = 0;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	struct trb t = {0, (uint32_t)CC_SUCCESS << 24, trb_type_bits(TRB_EV_TRANSFER)};

	(void)state;
	while (!xhci_event_full(bed->x) || mark % 8) {
		t.parameter = mark++;
		xhci_event_post(bed->x, 0, &t, false);
	}
	command(bed, 0);
	while (bed_event(bed, &t))
		taken += trb_type(&t) == TRB_EV_TRANSFER;
	bed_ack(bed);
	assert_in_range(taken, 1, mark - 1);
	save(bed);
	assert_false(status(bed) & USBSTS_SRE);
	lose_power(bed);
	assert_true(restore(bed));
	command(bed, USBCMD_RS | USBCMD_INTE);
	for (; taken < mark; taken++) {
		assert_true(bed_event(bed, &t));
		assert_int_equal(t.parameter, taken);
	}
	assert_false(xhci_event_full(bed->x));
	bed_free(bed);
}

/* Without a loss of power the device is where it was, and so is the TD. */
static void a_td_goes_on_in_the_middle(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	uint8_t byte;
	struct trb t;

	(void)state;
	dev->pipeline = false;
	usb_endpoint_setup(dev);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 2 * XHCI_CHUNK, TRB_IOC);
	answer(dev, 1, USB_IN, USB_OK, XHCI_CHUNK);
	answer(dev, 1, USB_IN, USB_NAK, 0);
	bed_doorbell(bed, slot, EP1_IN);
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STOPPED);
	assert_int_equal(t.status & 0xffffff, XHCI_CHUNK);
	(void)bed_expect(bed, TRB_EV_COMMAND);
	save(bed);
	xhci_ep_get(bed->x, slot, EP1_IN)->td.resume = 0; /* lost */
	xhci_ep_get(bed->x, slot, EP1_IN)->ring.dequeue = 0;
	assert_true(restore(bed));
	command(bed, USBCMD_RS | USBCMD_INTE);
	answer(dev, 1, USB_IN, USB_OK, 10);
	bed_doorbell(bed, slot, EP1_IN);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SHORT_PACKET);
	assert_int_equal(t.status & 0xffffff, XHCI_CHUNK - 10);
	mem_read(bed->guest.mem, BED_DATA + XHCI_CHUNK + 9, &byte, 1);
	assert_int_equal(byte, 9 * 7);
	bed_free(bed);
}

static void one_wrong_bit_is_a_restore_error(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	uint32_t len;

	(void)state;
	save(bed);
	len = HEADER + bed_load32(bed, PAGES + 12);
	assert_true(len > HEADER + 100 && len < 4096);
	lose_power(bed);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t byte, wrong;

		mem_read(bed->guest.mem, PAGES + i, &byte, 1);
		wrong = byte ^ (uint8_t)(1u << i % 8);
		mem_write(bed->guest.mem, PAGES + i, &wrong, 1);
		assert_false(restore(bed));
		assert_int_equal(xhci_live_endpoints(bed->x), 0);
		mem_write(bed->guest.mem, PAGES + i, &byte, 1);
	}
	bed_set(bed, bed_oper(bed, XHCI_USBSTS), USBSTS_SRE);
	assert_false(status(bed) & USBSTS_SRE);
	assert_true(restore(bed));
	bed_free(bed);
}

static void nothing_saved_is_a_restore_error(void **state)
{
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct usb_device *dev;
		unsigned slot;
		struct bed *bed;

		if (profile == XHCI_PROFILE_FULL) /* its devices have power switches */
			continue;
		bed = with_scratchpads(&dev, profile, &slot);
		command(bed, 0);
		assert_false(restore(bed));
		bed_free(bed);
	}
	(void)state;
}

static void what_software_did_not_give_is_a_save_error(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);

	(void)state;
	bed_store32(bed, ARRAY, 0);
	save(bed);
	assert_true(status(bed) & USBSTS_SRE);
	bed_store32(bed, ARRAY, PAGES);
	command(bed, USBCMD_CSS); /* a new operation clears it */
	assert_false(status(bed) & USBSTS_SRE);
	mem_set_fault(bed->guest.mem, PAGES, MEM_WRITE);
	command(bed, USBCMD_CSS);
	assert_true(status(bed) & USBSTS_SRE);
	bed_free(bed);
}

static void a_running_controller_does_neither(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);

	(void)state;
	command(bed, USBCMD_RS | USBCMD_CSS);
	assert_int_equal(bed_load32(bed, PAGES), 0);
	command(bed, USBCMD_RS | USBCMD_CRS);
	assert_false(status(bed) & USBSTS_SRE);
	bed_free(bed);
}

/* xHCI 5.3.9, Force Save Context: what a doorbell changed without a write, too. */
static void cached_contexts_are_written(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	uint64_t ep = bed_ctx(slot) + (uint64_t)EP1_IN * xhci_context_bytes(bed->x);

	(void)state;
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	assert_int_equal(bed_load32(bed, ep) & 7, EP_STOPPED);
	bed_doorbell(bed, slot, EP1_IN);
	assert_int_equal(bed_load32(bed, ep) & 7, EP_STOPPED);
	save(bed);
	assert_int_equal(bed_load32(bed, ep) & 7, EP_RUNNING);
	bed_free(bed);
}

static void it_takes_its_time(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);

	(void)state;
	bed_start(bed, 256);
	command(bed, 0);
	command(bed, USBCMD_CSS);
	assert_true(status(bed) & USBSTS_SSS);
	bed_step(bed, bed->x->profile->save_usec);
	assert_false(status(bed) & USBSTS_SSS);
	command(bed, USBCMD_CRS);
	assert_true(status(bed) & USBSTS_RSS);
	command(bed, USBCMD_HCRST); /* ends it, timer and all */
	assert_false(status(bed) & USBSTS_RSS);
	bed_step(bed, 1000);
	bed_free(bed);
}

/* The state with one field wrong, and a right checksum over it. */
static bool forge(struct bed *bed, struct state_lie *lie)
{
	uint8_t head[HEADER];
	struct state st;
	bool lied;

	state_save(&st);
	st.lie = lie;
	xhci_state_slots(&st, bed->x);
	xhci_state_events(&st, bed->x);
	lied = st.walked > lie->nth;
	mem_read(bed->guest.mem, PAGES, head, HEADER);
	put_le32(head + 12, (uint32_t)st.len);
	put_le64(head + 16, state_sum(st.bytes, st.len));
	put_le64(head + 24, state_sum(head, 24));
	mem_write(bed->guest.mem, PAGES, head, HEADER);
	mem_write(bed->guest.mem, PAGES + HEADER, st.bytes, st.len);
	state_free(&st);
	return lied;
}

static void a_lie_under_a_right_checksum_is_refused_or_harmless(void **state)
{
	struct usb_device *dev;
	unsigned slot, refused = 0, taken = 0;
	struct bed *bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
	struct state_lie lie = {0};

	(void)state;
	save(bed);
	do {
		for (lie.how = 0; lie.how < 8; lie.how++) {
			lie.value = lie.nth * UINT64_C(0x9e3779b97f4a7c15);
			forge(bed, &lie);
			if (!restore(bed)) {
				refused++;
				assert_int_equal(xhci_live_endpoints(bed->x), 0);
			} else {
				taken++;
				command(bed, USBCMD_RS);
				bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
				for (unsigned dci = 1; dci < 5; dci++)
					bed_doorbell(bed, slot, dci);
				bed_step(bed, 100);
				command(bed, 0);
				bed_step(bed, 2000);
			}
			lose_power(bed);
			forge(bed, &(struct state_lie){.nth = UINT64_MAX});
			assert_int_equal(xhci_live_endpoints(bed->x), 0);
			bed_free(bed);
			bed = with_scratchpads(&dev, XHCI_PROFILE_CONFORMANT, &slot);
			save(bed);
		}
		lie.nth++;
	} while (forge(bed, &lie));
	assert_true(refused > 100 && taken > 100);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_and_event_rings_outlive_the_loss_of_power),
		cmocka_unit_test(events_that_wait_outlive_it_too),
		cmocka_unit_test(a_td_goes_on_in_the_middle),
		cmocka_unit_test(one_wrong_bit_is_a_restore_error),
		cmocka_unit_test(nothing_saved_is_a_restore_error),
		cmocka_unit_test(what_software_did_not_give_is_a_save_error),
		cmocka_unit_test(a_running_controller_does_neither),
		cmocka_unit_test(cached_contexts_are_written),
		cmocka_unit_test(it_takes_its_time),
		cmocka_unit_test(a_lie_under_a_right_checksum_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
