// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

#define BULK 1u
#define INTERRUPT 2u

static const uint8_t seventeen[17] = {1, 2, 3};

static void start(struct bed *bed)
{
	bed_plug(bed, scripted_new(NULL, 0, 0), USB_SPEED_HIGH);
	bed_configure(bed);
}

static void answer(struct bed *bed, struct scripted_answer a)
{
	assert_int_equal(scripted_answer(bed->port.dev, &a), 0);
}

/* Packets that stay with the device, and in which order they were finished. */
struct order {
	struct usb_packet *done[4];
	unsigned count;
};

static void note_done(struct usb_packet *p)
{
	struct order *order = p->opaque;

	order->done[order->count++] = p;
}

static struct usb_packet *submit_async(struct bed *bed, struct order *order, enum usb_pid pid)
{
	struct usb_packet *p = usb_packet_new(bed->port.dev, pid, BULK, 16);

	p->complete = note_done;
	p->opaque = order;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	return p;
}

static void unscripted_it_answers_a_pattern_and_swallows(void **state)
{
	struct bed bed;
	uint8_t a[100], b[100];
	uint32_t actual;

	(void)state;
	start(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, a, 100, &actual), USB_OK);
	assert_int_equal(actual, 100);
	assert_int_equal(a[1], a[0] + 1);
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, b, 100, NULL), USB_OK);
	assert_int_not_equal(a[0], b[0]);
	assert_int_equal(bed_packet(&bed, USB_IN, INTERRUPT, a, 100, &actual), USB_OK);
	assert_int_equal(actual, 64);
	assert_int_equal(bed_packet(&bed, USB_OUT, BULK, a, 100, &actual), USB_OK);
	assert_int_equal(actual, 100);
	assert_int_equal(bed_control(&bed, 0xc0, 0x33, 0, 0, 100, a), 100);
	assert_int_equal(bed_control(&bed, 0x40, 0x33, 0, 0, 100, a), 100);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x2200, 0, 100, a), -USB_STALL);
	bed_end(&bed);
}

static void every_status_is_passed_on(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	for (uint8_t status = 0; status < USB_STATUSES; status++) {
		for (uint8_t pid = USB_OUT; pid <= USB_IN; pid++) {
			answer(&bed,
			       (struct scripted_answer){SCRIPTED_ANY, SCRIPTED_ANY,
							.status = status});
			assert_int_equal(bed_packet(&bed, pid, BULK, NULL, 64, NULL), status);
			bed_control(&bed, 0x02, 1, 0, pid == USB_IN ? 0x81 : 0x01, 0, NULL);
		}
	}
	assert_int_equal(scripted_queued(bed.port.dev), 0);
	assert_int_equal(scripted_pending(bed.port.dev), 0); /* the host took them back */
	bed_end(&bed);
}

static void answers_wait_for_their_endpoint_and_direction(void **state)
{
	struct bed bed;
	uint8_t data[4];

	(void)state;
	start(&bed);
	answer(&bed, (struct scripted_answer){INTERRUPT, USB_IN, .status = USB_STALL});
	answer(&bed, (struct scripted_answer){BULK, USB_OUT, .status = USB_XACT});
	answer(&bed,
	       (struct scripted_answer){BULK, SCRIPTED_ANY, .data = (uint8_t *)"no", .len = 2});
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, data, 4, NULL), USB_OK);
	assert_memory_equal(data, "no", 2);
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, data, 4, NULL), USB_OK);
	assert_int_equal(bed_packet(&bed, USB_OUT, BULK, data, 4, NULL), USB_XACT);
	assert_int_equal(bed_packet(&bed, USB_IN, INTERRUPT, data, 4, NULL), USB_STALL);
	bed_end(&bed);
}

static void too_long_an_answer_is_babble(void **state)
{
	struct bed bed;
	uint8_t data[8];
	uint32_t actual;

	(void)state;
	start(&bed);
	answer(&bed,
	       (struct scripted_answer){BULK, USB_IN, .data = (uint8_t *)"123456789", .len = 9});
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, data, 8, &actual), USB_BABBLE);
	assert_int_equal(actual, 8);
	assert_memory_equal(data, "12345678", 8);
	bed_end(&bed);
}

static void second_get_descriptor_may_differ(void **state)
{
	struct bed bed;
	uint8_t first[18], second[18];
	static const uint8_t other[18] = {18, 1, 0, 2, 9};

	(void)state;
	start(&bed);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0100, 0, 18, first), 18);
	answer(&bed, (struct scripted_answer){0, USB_IN, .data = other, .len = 18});
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0100, 0, 18, second), 18);
	assert_memory_equal(second, other, 18);
	assert_memory_not_equal(first, second, 18);
	answer(&bed, (struct scripted_answer){0, USB_SETUP, .status = USB_STALL});
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0100, 0, 18, second), -USB_STALL);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0100, 0, 18, second), 18);
	assert_memory_equal(first, second, 18);
	bed_end(&bed);
}

static void own_descriptors_are_served_as_they_are(void **state)
{
	static const uint8_t desc[] = {
		18, 1, 0,   2, 0xff, 0, 0,    64, 1, 2, 3, 4, 5, 6, 0, 0, 0, 1, /* device */
		9,  2, 25,  0, 1,    1, 0,    0,  0,                            /* one */
		9,  4, 0,   0, 9,    8, 7,    6,  0,                            /* of nine */
		7,  5, 128, 2, 0,    2, 0xff,                                   /* 0x80 */
	};
	struct bed bed;
	uint8_t config[64];

	(void)state;
	bed_plug(&bed, scripted_new(desc, sizeof(desc), 1 << USB_SPEED_FULL), USB_SPEED_FULL);
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0200, 0, 64, config), 25);
	assert_memory_equal(config, desc + 18, 25);
	bed_configure(&bed);
	assert_int_equal(bed_packet(&bed, USB_IN, 0, NULL, 8, NULL), USB_STALL);
	bed_end(&bed);
}

static void promises_can_be_kept_out_of_order(void **state)
{
	struct order order = {.count = 0};
	struct usb_packet *p[3];
	struct bed bed;

	(void)state;
	start(&bed);
	for (unsigned i = 0; i < 3; i++) {
		answer(&bed, (struct scripted_answer){BULK, USB_IN, .status = USB_ASYNC});
		p[i] = submit_async(&bed, &order, USB_IN);
	}
	assert_int_equal(scripted_pending(bed.port.dev), 3);
	assert_int_equal(scripted_finish(bed.port.dev, 3, USB_OK, NULL, 0), -ENOENT);
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_ASYNC, NULL, 0), -EINVAL);
	assert_int_equal(scripted_finish(bed.port.dev, 2, USB_OK, (uint8_t *)"last", 4), 0);
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_XACT, NULL, 0), 0);
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_OK, seventeen, 17), 0);
	assert_ptr_equal(order.done[0], p[2]);
	assert_memory_equal(p[2]->data, "last", 4);
	assert_int_equal(p[2]->actual, 4);
	assert_ptr_equal(order.done[1], p[0]);
	assert_int_equal(p[0]->status, USB_XACT);
	assert_ptr_equal(order.done[2], p[1]);
	assert_int_equal(p[1]->status, USB_BABBLE);
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_OK, NULL, 0), -ENOENT);
	for (unsigned i = 0; i < 3; i++)
		usb_packet_free(p[i]);
	bed_end(&bed);
}

static void promises_are_due_in_virtual_time(void **state)
{
	struct order order = {.count = 0};
	struct usb_packet *p[3];
	struct bed bed;

	(void)state;
	start(&bed);
	bed_step(&bed, 1000000); /* so that the longest delay would wrap */
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t delays[] = {2000, 1000, UINT64_MAX};

		answer(&bed,
		       (struct scripted_answer){BULK, USB_OUT, .status = USB_ASYNC,
						.later_status = USB_OK, .delay_ns = delays[i]});
		p[i] = submit_async(&bed, &order, USB_OUT);
	}
	bed_step(&bed, 999);
	assert_int_equal(order.count, 0);
	bed_step(&bed, 1);
	assert_int_equal(order.count, 1);
	assert_ptr_equal(order.done[0], p[1]);
	assert_int_equal(p[1]->actual, 16);
	bed_step(&bed, 1000000000000);
	assert_int_equal(order.count, 2);
	assert_ptr_equal(order.done[1], p[0]);
	usb_packet_cancel(p[2]);
	assert_int_equal(scripted_pending(bed.port.dev), 0);
	for (unsigned i = 0; i < 3; i++)
		usb_packet_free(p[i]);
	bed_end(&bed);
}

static void unplug_and_reset_end_promises(void **state)
{
	struct order order = {.count = 0};
	struct usb_packet *p[2];
	struct bed bed;

	(void)state;
	start(&bed);
	answer(&bed,
	       (struct scripted_answer){BULK, USB_IN, .status = USB_ASYNC, .later_status = USB_OK,
					.delay_ns = 1000});
	p[0] = submit_async(&bed, &order, USB_IN);
	usb_device_reset(bed.port.dev);
	assert_int_equal(order.count, 1);
	assert_int_equal(scripted_pending(bed.port.dev), 0);
	bed_configure(&bed);
	answer(&bed,
	       (struct scripted_answer){BULK, USB_IN, .status = USB_ASYNC, .later_status = USB_OK,
					.delay_ns = 1000});
	p[1] = submit_async(&bed, &order, USB_IN);
	usb_unplug(&bed.port);
	assert_int_equal(order.count, 2);
	assert_int_equal(p[1]->status, USB_NODEV);
	for (unsigned i = 0; i < 2; i++)
		usb_packet_free(p[i]);
	bed_end(&bed);
}

static void device_can_unplug_itself_in_a_handler(void **state)
{
	struct order order = {.count = 0};
	struct usb_packet *waiting;
	struct bed bed;
	uint8_t data[8];

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		start(&bed);
		answer(&bed, (struct scripted_answer){BULK, USB_OUT, .status = USB_ASYNC});
		waiting = submit_async(&bed, &order, USB_OUT);
		answer(&bed,
		       (struct scripted_answer){SCRIPTED_ANY, SCRIPTED_ANY, .detach = true,
						.request = round == 3});
		if (round == 0)
			assert_int_equal(bed_packet(&bed, USB_IN, BULK, data, 8, NULL), USB_NODEV);
		else if (round == 1)
			assert_int_equal(bed_setup(&bed, 0x80, 6, 0x0100, 0, 18), USB_NODEV);
		else if (round == 2)
			assert_int_equal(bed_packet(&bed, USB_IN, 9, data, 8, NULL), USB_NODEV);
		else
			assert_int_equal(bed_control(&bed, 0xc0, 1, 0, 0, 8, data), -USB_NODEV);
		assert_null(bed.port.dev);
		assert_int_equal(waiting->status, USB_NODEV);
		usb_packet_free(waiting);
		order.count = 0;
		bed_end(&bed);
	}
}

static void requests_can_be_answered_and_promised(void **state)
{
	struct order order = {.count = 0};
	struct usb_packet *p;
	struct bed bed;
	uint8_t data[8];

	(void)state;
	start(&bed);
	answer(&bed,
	       (struct scripted_answer){.data = (uint8_t *)"abcd", .len = 4, .request = true});
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x0100, 0, 8, data), 8); /* the core's own */
	assert_int_equal(bed_control(&bed, 0xc0, 1, 0, 0, 8, data), 4);
	assert_memory_equal(data, "abcd", 4);
	answer(&bed, (struct scripted_answer){.data = seventeen, .len = 17, .request = true});
	assert_int_equal(bed_control(&bed, 0xc0, 1, 0, 0, 8, data), 8);
	answer(&bed, (struct scripted_answer){.status = USB_STALL, .request = true});
	assert_int_equal(bed_control(&bed, 0x40, 1, 0, 0, 0, NULL), -USB_STALL);
	answer(&bed, (struct scripted_answer){.status = USB_ASYNC, .request = true});
	assert_int_equal(bed_setup(&bed, 0xc0, 1, 0, 0, 8), USB_OK);
	p = usb_packet_new(bed.port.dev, USB_IN, 0, 8);
	p->complete = note_done;
	p->opaque = &order;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_int_equal(scripted_pending(bed.port.dev), 1);
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_OK, seventeen, 17), 0);
	assert_int_equal(order.count, 1);
	assert_int_equal(p->actual, 8);
	usb_packet_free(p);
	answer(&bed, (struct scripted_answer){.status = USB_ASYNC, .delay_ns = 5, .request = true});
	assert_int_equal(bed_setup(&bed, 0xc0, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bed_setup(&bed, 0xc0, 1, 0, 0, 8), USB_OK); /* abandons the first */
	assert_int_equal(scripted_pending(bed.port.dev), 0);
	bed_end(&bed);
}

static void nak_can_end_with_a_wakeup(void **state)
{
	struct bed bed;

	(void)state;
	start(&bed);
	answer(&bed, (struct scripted_answer){BULK, USB_IN, .status = USB_NAK, .delay_ns = 50});
	assert_int_equal(bed_packet(&bed, USB_IN, BULK, NULL, 8, NULL), USB_NAK);
	assert_int_equal(scripted_pending(bed.port.dev), 0); /* it is no promise to finish */
	assert_int_equal(scripted_finish(bed.port.dev, 0, USB_OK, NULL, 0), -ENOENT);
	bed_step(&bed, 49);
	assert_int_equal(bed.wakeups, 0);
	bed_step(&bed, 1);
	assert_int_equal(bed.wakeups, 1);
	assert_int_equal(bed.last_wakeup, 0x81);
	assert_int_equal(scripted_wakeup(bed.port.dev, 0x02), 0);
	assert_int_equal(bed.last_wakeup, 0x02);
	assert_int_equal(scripted_wakeup(bed.port.dev, 0x8f), -ENOENT);
	bed_end(&bed);
}

static void queue_is_bounded_and_checked(void **state)
{
	struct usb_device *dev = scripted_new(NULL, 0, 0), *kbd = keyboard_new();
	static const struct scripted_answer bad[] = {
		{16, USB_IN, .status = USB_OK},
		{0, USB_SETUP + 1, .status = USB_OK},
		{0, USB_IN, .status = USB_STATUSES},
		{0, USB_IN, .status = USB_ASYNC, .later_status = USB_ASYNC, .delay_ns = 1},
		{0, USB_IN, .len = SCRIPTED_MAX_DATA + 1},
	};
	struct scripted_answer good = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(scripted_answer(dev, &bad[i]), -EINVAL);
	for (unsigned i = 0; i < SCRIPTED_MAX_ANSWERS; i++)
		assert_int_equal(scripted_answer(dev, &good), 0);
	assert_int_equal(scripted_answer(dev, &good), -ENOSPC);
	assert_int_equal(scripted_queued(dev), SCRIPTED_MAX_ANSWERS);
	assert_int_equal(scripted_answer(kbd, &good), -ENODEV);
	assert_int_equal(scripted_finish(kbd, 0, 0, NULL, 0), -ENODEV);
	assert_int_equal(scripted_wakeup(kbd, 0x81), -ENODEV);
	assert_int_equal(scripted_queued(kbd) + scripted_pending(kbd), 0);
	dev_free(dev);
	dev_free(kbd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unscripted_it_answers_a_pattern_and_swallows),
		cmocka_unit_test(every_status_is_passed_on),
		cmocka_unit_test(answers_wait_for_their_endpoint_and_direction),
		cmocka_unit_test(too_long_an_answer_is_babble),
		cmocka_unit_test(second_get_descriptor_may_differ),
		cmocka_unit_test(own_descriptors_are_served_as_they_are),
		cmocka_unit_test(promises_can_be_kept_out_of_order),
		cmocka_unit_test(promises_are_due_in_virtual_time),
		cmocka_unit_test(unplug_and_reset_end_promises),
		cmocka_unit_test(device_can_unplug_itself_in_a_handler),
		cmocka_unit_test(requests_can_be_answered_and_promised),
		cmocka_unit_test(nak_can_end_with_a_wakeup),
		cmocka_unit_test(queue_is_bounded_and_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
