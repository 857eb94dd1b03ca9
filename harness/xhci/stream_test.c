// SPDX-License-Identifier: MIT
#include "xhci/testbed_bulk.h"

#define ARRAY_BASE 0x2000000u /* the primary array; secondary arrays and rings behind it */
#define SECONDARY (ARRAY_BASE + 0x10000u)
#define RING(id) (ARRAY_BASE + 0x20000u + 0x100u * (id))
#define LSA (1u << 15)

static void put_context(struct bed *bed, uint64_t at, uint64_t pointer, unsigned type)
{
	bed_store32(bed, at, (uint32_t)pointer | type << 1 | 1);
	bed_store32(bed, at + 4, (uint32_t)(pointer >> 32));
	bed_store32(bed, at + 8, 0);
}

/* Configure EP1_IN with streams: exponent and LSA as given. The completion code. */
static unsigned configure(struct bed *bed, unsigned slot, uint32_t dw0)
{
	uint64_t at = bed_input(slot) + (EP1_IN + 1) * xhci_context_bytes(bed->x);

	bed_input_ep(bed, slot, EP1_IN, EP_BULK_IN, 1024, 0);
	bed_store32(bed, bed_input(slot), 0);
	bed_store32(bed, bed_input(slot) + 4, 1u << EP1_IN | 1);
	bed_store32(bed, at, dw0);
	bed_store32(bed, at + 8, ARRAY_BASE);
	return bed_code(bed, TRB_CONFIGURE_ENDPOINT, bed_input(slot), slot << 24);
}

/* The scripted device at SuperSpeed, 4 linear streams (1..3) on EP1_IN. */
static struct bed *streams_as(const struct xhci_profile *profile, uint32_t dw0,
			      struct usb_device **dev, unsigned *slot)
{
	struct bed *bed = bed_new_as(profile);

	bed_start(bed, 256);
	*dev = scripted_new(NULL, 0, 1 << USB_SPEED_SUPER);
	*slot = bed_address(bed, *dev, 0);
	bed_configure(bed, *slot, EP1_OUT, EP_BULK_OUT, 1024, 0);
	for (unsigned id = 1; id < 4; id++)
		put_context(bed, ARRAY_BASE + 16 * id, RING(id), SCT_PRIMARY_RING);
	assert_int_equal(configure(bed, *slot, dw0), CC_SUCCESS);
	return bed;
}

static struct bed *streams(unsigned profile, uint32_t dw0, struct usb_device **dev, unsigned *slot)
{
	return streams_as(&xhci_profiles[profile], dw0, dev, slot);
}

static void queue(struct bed *bed, unsigned id, unsigned index, uint32_t len, uint32_t flags)
{
	bed_store(bed, RING(id) + TRB_SIZE * index,
		  &(struct trb){BED_DATA + 0x10000 * id, len,
				trb_type_bits(TRB_NORMAL) | flags | TRB_CYCLE});
}

static void ring(struct bed *bed, unsigned slot, unsigned id)
{
	bed_doorbell(bed, slot, EP1_IN | id << 16);
}

static void each_stream_has_a_ring_of_its_own(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10 | LSA, &dev, &slot);

	(void)state;
	for (unsigned id = 3; id >= 1; id--) {
		struct trb t;

		queue(bed, id, 0, 1024, TRB_IOC);
		ring(bed, slot, id);
		t = bed_expect(bed, TRB_EV_TRANSFER);
		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		assert_int_equal(t.parameter, RING(id));
	}
	bed_expect_none(bed);
	bed_free(bed);
}

static void a_device_serves_streams_in_the_order_it_likes(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_CONFORMANT, 1 << 10 | LSA, &dev, &slot);
	const uint8_t two[1024] = {2, 2};
	struct trb t;

	(void)state;
	for (unsigned id = 1; id <= 3; id++) {
		answer(dev, 1, USB_IN, USB_ASYNC, 0);
		queue(bed, id, 0, 1024, TRB_IOC);
		ring(bed, slot, id);
	}
	assert_int_equal(scripted_pending(dev), 3);
	assert_int_equal(scripted_finish(dev, 1, USB_OK, two, sizeof(two)), 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(t.parameter, RING(2));
	assert_int_equal(bed_load32(bed, BED_DATA + 0x20000), 0x0202);
	assert_int_equal(scripted_finish(dev, 0, USB_OK, two, sizeof(two)), 0);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(t.parameter, RING(1));
	bed_expect_none(bed);
	bed_free(bed);
}

static void stop_tells_where_the_moved_stream_stands_and_each_context_is_written(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_CONFORMANT, 1 << 10 | LSA, &dev, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	queue(bed, 1, 0, 1024, TRB_IOC);
	ring(bed, slot, 1);
	answer(dev, 1, USB_IN, USB_OK, 16384);
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	queue(bed, 2, 0, 20480, TRB_IOC);
	ring(bed, slot, 2);
	queue(bed, 3, 0, 1024, TRB_IOC);
	ring(bed, slot, 3); /* done at once */
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(t.parameter, RING(3));
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STOPPED);
	assert_int_equal(t.parameter, RING(2));
	assert_int_equal(t.status & 0xffffff, 4096);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(scripted_pending(dev), 0);
	assert_int_equal(bed_load32(bed, ARRAY_BASE + 16), RING(1) | 3);
	assert_int_equal(bed_load32(bed, ARRAY_BASE + 32), RING(2) | 3);
	assert_int_equal(bed_load32(bed, ARRAY_BASE + 32 + 8), 16384);
	assert_int_equal(bed_load32(bed, ARRAY_BASE + 48), (RING(3) + 16) | 3);
	/* A doorbell goes on with the stream it names, and with no other. */
	ring(bed, slot, 2);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(t.parameter, RING(2));
	bed_expect_none(bed);
	bed_free(bed);
}

static void a_stall_halts_all_streams(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10 | LSA, &dev, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	answer(dev, 1, USB_IN, USB_STALL, 0);
	for (unsigned id = 1; id <= 2; id++) {
		queue(bed, id, 0, 512, TRB_IOC);
		ring(bed, slot, id);
	}
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STALL);
	assert_int_equal(t.parameter, RING(2));
	assert_int_equal(scripted_pending(dev), 0);
	ring(bed, slot, 1);
	bed_expect_none(bed);
	assert_int_equal(bed_code(bed, TRB_RESET_ENDPOINT, 0, slot << 24 | EP1_IN << 16),
			 CC_SUCCESS);
	bed_submit(bed, TRB_SET_TR_DEQUEUE, (RING(2) + 16) | 3, 2 << 16, slot << 24 | EP1_IN << 16);
	t = bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	assert_int_equal(bed_load32(bed, ARRAY_BASE + 32), (RING(2) + 16) | 3);
	bed_control(bed, slot, SETUP(0x02, 1, 0, 0x81, 0), 0);
	bed_expect(bed, TRB_EV_TRANSFER);
	ring(bed, slot, 1);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(t.parameter, RING(1));
	bed_free(bed);
}

static unsigned refused(struct bed *bed, unsigned slot, unsigned id)
{
	struct trb t;

	ring(bed, slot, id);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(t.parameter, 0);
	return trb_completion(&t);
}

static unsigned moved(struct bed *bed, unsigned slot, unsigned id, uint64_t parameter)
{
	struct trb t;

	bed_submit(bed, TRB_SET_TR_DEQUEUE, parameter, id << 16, slot << 24 | EP1_IN << 16);
	t = bed_expect(bed, TRB_EV_COMMAND);
	return trb_completion(&t);
}

static void stream_ids_that_are_none_are_refused(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10 | LSA, &dev, &slot);

	(void)state;
	assert_int_equal(refused(bed, slot, 0), CC_STREAM_ID);
	assert_int_equal(refused(bed, slot, 4), CC_STREAM_ID);
	assert_int_equal(refused(bed, slot, 65534), CC_STREAM_ID);
	assert_int_equal(refused(bed, slot, 65535), CC_STREAM_ID);
	put_context(bed, ARRAY_BASE + 16, RING(1), SCT_SECONDARY_RING);
	put_context(bed, ARRAY_BASE + 32, SECONDARY, SCT_SECONDARY_ARRAY_8);
	assert_int_equal(refused(bed, slot, 1), CC_STREAM_TYPE);
	assert_int_equal(refused(bed, slot, 2), CC_STREAM_TYPE);
	assert_int_equal(moved(bed, slot, 3, RING(3) | 3), CC_CONTEXT_STATE);
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(moved(bed, slot, 0, RING(3) | 3), CC_STREAM_ID);
	assert_int_equal(moved(bed, slot, 4, RING(3) | 3), CC_STREAM_ID);
	assert_int_equal(moved(bed, slot, 3, RING(3) | 1), CC_STREAM_TYPE);
	assert_int_equal(moved(bed, slot, 3, RING(3) | 5), CC_STREAM_TYPE);
	assert_int_equal(moved(bed, slot, 3, RING(3) | 3), CC_SUCCESS);
	bed_free(bed);
}

static void secondary_arrays_split_the_id(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10, &dev, &slot);
	struct trb t;

	(void)state;
	put_context(bed, ARRAY_BASE + 32, SECONDARY, SCT_SECONDARY_ARRAY_8 + 1);
	for (unsigned i = 0; i < 4; i++)
		put_context(bed, SECONDARY + 16 * i, RING(2 + 4 * i), SCT_SECONDARY_RING);
	put_context(bed, SECONDARY + 16 * 2, RING(10), SCT_PRIMARY_RING);
	for (unsigned id = 1; id <= 14; id++) {
		if (id % 4 != 2 && id > 3)
			continue;
		queue(bed, id, 0, 64, TRB_IOC);
		ring(bed, slot, id);
		t = bed_expect(bed, TRB_EV_TRANSFER);
		if (id == 10) { /* a primary ring where a secondary one must be */
			assert_int_equal(trb_completion(&t), CC_STREAM_TYPE);
			continue;
		}
		assert_int_equal(trb_completion(&t), CC_SUCCESS);
		assert_int_equal(t.parameter, RING(id));
	}
	assert_int_equal(refused(bed, slot, 4), CC_STREAM_ID);          /* primary id 0 */
	assert_int_equal(refused(bed, slot, 5), CC_STREAM_ID);          /* a ring, no array */
	assert_int_equal(refused(bed, slot, 2 + 4 * 16), CC_STREAM_ID); /* beyond 16 entries */
	bed_submit(bed, TRB_STOP_ENDPOINT, 0, 0, slot << 24 | EP1_IN << 16);
	bed_expect(bed, TRB_EV_COMMAND);
	assert_int_equal(bed_load32(bed, SECONDARY + 16), (RING(6) + 16) | 1);
	assert_int_equal(moved(bed, slot, 6, RING(6) | 3), CC_STREAM_TYPE);
	assert_int_equal(moved(bed, slot, 6, RING(6) | 1), CC_SUCCESS);
	assert_int_equal(bed_load32(bed, SECONDARY + 16), RING(6) | 1);
	bed_free(bed);
}

static void array_sizes_are_checked_against_what_the_controller_has(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 7 << 10 | LSA, &dev, &slot);

	(void)state;
	assert_int_equal(configure(bed, slot, 8 << 10 | LSA), CC_PARAMETER);
	bed_free(bed);
	bed = streams(XHCI_PROFILE_CONFORMANT, 15 << 10 | LSA, &dev, &slot);
	assert_int_equal(configure(bed, slot, 16 << 10 | LSA), CC_PARAMETER);
	assert_int_equal(configure(bed, slot, 8 << 10), CC_PARAMETER);
	assert_int_equal(configure(bed, slot, 7 << 10), CC_SUCCESS);
	bed_free(bed);
}

static void without_secondary_ids_an_array_is_linear_or_refused(void **state)
{
	struct xhci_profile profile = xhci_profiles[XHCI_PROFILE_CONFORMANT];
	struct usb_device *dev;
	struct bed *bed;
	unsigned slot;

	(void)state;
	profile.hccparams1 |= HCC1_NSS;
	bed = streams_as(&profile, 2 << 10 | LSA, &dev, &slot);
	assert_true(bed_get(bed, XHCI_HCCPARAMS1) & HCC1_NSS);
	assert_int_equal(configure(bed, slot, 2 << 10), CC_PARAMETER);
	assert_int_equal(configure(bed, slot, 2 << 10 | LSA), CC_SUCCESS);
	bed_free(bed);
}

static void a_stream_context_that_cannot_be_read_is_a_host_system_error(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10 | LSA, &dev, &slot);

	(void)state;
	mem_set_fault(bed->guest.mem, ARRAY_BASE, MEM_READ);
	ring(bed, slot, 1);
	assert_true(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HSE);
	bed_free(bed);
}

static void a_stream_the_device_has_not_stalls(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 7 << 10 | LSA, &dev, &slot);
	struct trb t;

	(void)state;
	put_context(bed, ARRAY_BASE + 16 * 17, RING(17), SCT_PRIMARY_RING);
	queue(bed, 17, 0, 64, TRB_IOC);
	ring(bed, slot, 17);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_STALL);
	bed_free(bed);
}

static void unplugging_ends_what_all_streams_wait_for(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = streams(XHCI_PROFILE_QEMU, 1 << 10 | LSA, &dev, &slot);
	struct trb t;

	(void)state;
	for (unsigned id = 1; id <= 3; id++) {
		answer(dev, 1, USB_IN, id == 2 ? USB_NAK : USB_ASYNC, 0);
		queue(bed, id, 0, 64, TRB_IOC);
		ring(bed, slot, id);
	}
	usb_unplug(bed->bus.port[0]);
	bed_step(bed, 1);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_TRANSACTION);
	bed_expect(bed, TRB_EV_PORT);
	bed_expect_none(bed);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stream_has_a_ring_of_its_own),
		cmocka_unit_test(a_device_serves_streams_in_the_order_it_likes),
		cmocka_unit_test(
			stop_tells_where_the_moved_stream_stands_and_each_context_is_written),
		cmocka_unit_test(a_stall_halts_all_streams),
		cmocka_unit_test(stream_ids_that_are_none_are_refused),
		cmocka_unit_test(secondary_arrays_split_the_id),
		cmocka_unit_test(array_sizes_are_checked_against_what_the_controller_has),
		cmocka_unit_test(without_secondary_ids_an_array_is_linear_or_refused),
		cmocka_unit_test(a_stream_context_that_cannot_be_read_is_a_host_system_error),
		cmocka_unit_test(a_stream_the_device_has_not_stalls),
		cmocka_unit_test(unplugging_ends_what_all_streams_wait_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
