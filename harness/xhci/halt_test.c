// SPDX-License-Identifier: MIT
#include "xhci/testbed_bulk.h"

static bool halted(struct bed *bed)
{
	return bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HCH;
}

static void run(struct bed *bed, bool on)
{
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_INTE | (on ? USBCMD_RS : 0));
}

static void with_nothing_under_way_it_halts_at_once(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);

	(void)state;
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC); /* rung only when it runs again */
	run(bed, false);
	assert_true(halted(bed));
	bed_free(bed);
}

static void what_a_device_has_may_end_before_it_halts(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	const uint8_t data[512] = {1};
	struct trb t;

	(void)state;
	dev->pipeline = false;
	usb_endpoint_setup(dev);
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	run(bed, false);
	assert_false(halted(bed));
	assert_int_equal(scripted_finish(dev, 0, USB_OK, data, sizeof(data)), 0);
	assert_true(halted(bed));
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_expect_none(bed); /* the second TD is not begun */
	run(bed, true);
	bed_step(bed, 1);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_free(bed);
}

static void what_takes_too_long_is_taken_back_and_goes_on_later(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	struct trb t;

	(void)state;
	answer(dev, 1, USB_OUT, USB_ASYNC, 0);
	bed_normal(bed, slot, EP1_OUT, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_OUT);
	run(bed, false);
	assert_false(halted(bed));
	bed_step(bed, 16000);
	assert_true(halted(bed));
	assert_int_equal(scripted_pending(dev), 0);
	bed_expect_none(bed);
	run(bed, true);
	bed_step(bed, 1);
	t = bed_expect(bed, TRB_EV_TRANSFER);
	assert_int_equal(trb_completion(&t), CC_SUCCESS);
	bed_free(bed);
}

static void running_again_before_it_has_halted_goes_on(void **state)
{
	struct usb_device *dev;
	unsigned slot;
	struct bed *bed = bulk(&dev, XHCI_PROFILE_QEMU, &slot);
	const uint8_t data[512] = {1};

	(void)state;
	answer(dev, 1, USB_IN, USB_ASYNC, 0);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_normal(bed, slot, EP1_IN, BED_DATA, 512, TRB_IOC);
	bed_doorbell(bed, slot, EP1_IN);
	run(bed, false);
	run(bed, true);
	assert_int_equal(scripted_finish(dev, 0, USB_OK, data, sizeof(data)), 0);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_expect(bed, TRB_EV_TRANSFER);
	bed_step(bed, 16000);
	assert_false(halted(bed));
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_nothing_under_way_it_halts_at_once),
		cmocka_unit_test(what_a_device_has_may_end_before_it_halts),
		cmocka_unit_test(what_takes_too_long_is_taken_back_and_goes_on_later),
		cmocka_unit_test(running_again_before_it_has_halted_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
