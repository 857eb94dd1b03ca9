// SPDX-License-Identifier: MIT
/*
 * Tests of packets put together to URBs, with real devices on a bus.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/urb.h"
#include "dev/dev.h"

#define MAX_EVENTS 64u

struct bed {
	struct trace trace;
	struct usb_bus bus;
	struct usb_port port;
	struct usb_device *dev;
	uint64_t now_ns;
	struct urb_table urbs;
	struct urb_event event[MAX_EVENTS];
	uint8_t data[MAX_EVENTS][64]; /* the beginning of theirs */
	unsigned count;
};

static void nothing(struct usb_port *port)
{
	(void)port;
}

static void no_wakeup(struct usb_port *port, struct usb_device *dev, struct usb_endpoint *ep)
{
	(void)port, (void)dev, (void)ep;
}

static const struct usb_port_ops port_ops = {
	.attached = nothing, .detached = nothing, .wakeup = no_wakeup, .resume = nothing};

static void take_event(void *opaque, const struct urb_event *e)
{
	struct bed *bed = opaque;

	assert_true(bed->count < MAX_EVENTS);
	bed->event[bed->count] = *e;
	if (e->data)
		memcpy(bed->data[bed->count], e->data, min_u64(e->len, sizeof(bed->data[0])));
	bed->count++;
}

static void take_row(void *opaque, const struct trace_row *row)
{
	urb_row(&((struct bed *)opaque)->urbs, row);
}

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	bed->urbs = (struct urb_table){.sink = take_event, .opaque = bed};
	trace_reset(&bed->trace);
	bed->trace.sink = take_row;
	bed->trace.sink_opaque = bed;
	usb_bus_init(&bed->bus, &bed->trace, &bed->now_ns);
	bed->port = (struct usb_port){.ops = &port_ops, .speed_mask = 0x1e, .number = 1};
	usb_bus_add_port(&bed->bus, &bed->port);
	bed->dev = scripted_new(NULL, 0, 1u << USB_SPEED_HIGH);
	assert_int_equal(usb_plug(&bed->port, bed->dev), 0);
	usb_device_reset(bed->dev);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	usb_bus_reset(&bed->bus);
	urb_end(&bed->urbs, 0);
	assert_int_equal(bed->urbs.count, 0);
	free(bed);
	return 0;
}

static enum usb_status token(struct bed *bed, enum usb_pid pid, unsigned number, const void *data,
			     uint32_t len)
{
	struct usb_packet *p = usb_packet_new(bed->dev, pid, number, len);
	enum usb_status status;

	if (data)
		memcpy(p->data, data, len);
	status = usb_packet_submit(p);
	usb_packet_free(p);
	return status;
}

static void configure(struct bed *bed)
{
	token(bed, USB_SETUP, 0, "\0\5\7\0\0\0\0\0", 8);
	token(bed, USB_IN, 0, NULL, 0);
	token(bed, USB_SETUP, 0, "\x00\x09\x01\0\0\0\0\0", 8);
	token(bed, USB_IN, 0, NULL, 0);
	bed->count = 0;
}

static void the_tokens_of_a_control_transfer_are_one_urb(void **state)
{
	struct bed *bed = *state;

	token(bed, USB_SETUP, 0, "\x80\x06\0\1\0\0\x40\0", 8);
	token(bed, USB_IN, 0, NULL, 64);
	token(bed, USB_OUT, 0, NULL, 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[0].type, URB_EVENT_SUBMIT);
	assert_int_equal(bed->event[0].transfer, USB_EP_CONTROL);
	assert_int_equal(bed->event[0].endpoint, 0x80);
	assert_int_equal(bed->event[0].urb_len, 64);
	assert_int_equal(bed->event[0].len, 0);
	assert_int_equal(bed->event[0].status, -EINPROGRESS);
	assert_memory_equal(bed->event[0].setup, "\x80\x06\0\1\0\0\x40\0", 8);
	assert_int_equal(bed->event[1].type, URB_EVENT_COMPLETE);
	assert_int_equal(bed->event[1].id, bed->event[0].id);
	assert_int_equal(bed->event[1].status, 0);
	assert_int_equal(bed->event[1].urb_len, 18);
	assert_memory_equal(bed->data[1], "\x12\x01", 2);
}

static void an_out_data_stage_is_in_the_submission(void **state)
{
	struct bed *bed = *state;

	token(bed, USB_SETUP, 0, "\x40\x01\0\0\0\0\x04\0", 8);
	assert_int_equal(bed->count, 0);
	token(bed, USB_OUT, 0, "ab", 2);
	token(bed, USB_OUT, 0, "cd", 2);
	token(bed, USB_IN, 0, NULL, 0);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[0].len, 4);
	assert_memory_equal(bed->data[0], "abcd", 4);
	assert_int_equal(bed->event[1].len, 0);
}

static void a_refused_request_is_a_broken_pipe(void **state)
{
	struct bed *bed = *state;

	token(bed, USB_SETUP, 0, "\x80\x06\0\x77\0\0\x40\0", 8);
	assert_int_equal(token(bed, USB_IN, 0, NULL, 64), USB_STALL);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[1].status, -EPIPE);
	assert_int_equal(bed->event[1].urb_len, 0);
}

static void a_setup_ends_the_transfer_before_it(void **state)
{
	struct bed *bed = *state;

	token(bed, USB_SETUP, 0, "\x80\x06\0\1\0\0\x40\0", 8);
	token(bed, USB_SETUP, 0, "\x80\x06\0\1\0\0\x12\0", 8);
	assert_int_equal(bed->count, 3);
	assert_int_equal(bed->event[1].type, URB_EVENT_COMPLETE);
	assert_int_equal(bed->event[1].status, -ENOENT);
	assert_int_equal(bed->event[1].id, bed->event[0].id);
	assert_int_equal(bed->event[2].urb_len, 18);
}

static void bulk_data_is_where_it_goes(void **state)
{
	struct bed *bed = *state;

	configure(bed);
	token(bed, USB_OUT, 1, "hello", 5);
	token(bed, USB_IN, 1, NULL, 16);
	assert_int_equal(bed->count, 4);
	assert_int_equal(bed->event[0].transfer, USB_EP_BULK);
	assert_int_equal(bed->event[0].endpoint, 0x01);
	assert_memory_equal(bed->data[0], "hello", 5);
	assert_int_equal(bed->event[1].urb_len, 5);
	assert_int_equal(bed->event[1].len, 0);
	assert_int_equal(bed->event[2].endpoint, 0x81);
	assert_int_equal(bed->event[2].len, 0);
	assert_int_equal(bed->event[2].urb_len, 16);
	assert_int_equal(bed->event[3].len, 16);
}

static void refused_for_now_is_not_over(void **state)
{
	struct scripted_answer nak = {.number = 2, .pid = USB_IN, .status = USB_NAK};
	struct bed *bed = *state;
	struct usb_packet *p;

	configure(bed);
	p = usb_packet_new(bed->dev, USB_IN, 2, 8);
	assert_int_equal(scripted_answer(bed->dev, &nak), 0);
	assert_int_equal(usb_packet_submit(p), USB_NAK);
	assert_int_equal(bed->count, 1);
	scripted_wakeup(bed->dev, 0x82);
	assert_int_equal(usb_packet_submit(p), USB_OK);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[1].transfer, USB_EP_INTERRUPT);
	assert_int_equal(bed->event[1].len, 8);
	usb_packet_free(p);
}

static void what_is_taken_back_says_so(void **state)
{
	struct scripted_answer later = {.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct bed *bed = *state;
	struct usb_packet *p;

	configure(bed);
	p = usb_packet_new(bed->dev, USB_IN, 1, 8);
	assert_int_equal(scripted_answer(bed->dev, &later), 0);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_packet_free(p);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[1].status, -ENOENT);
}

static void unplugging_ends_what_is_under_way(void **state)
{
	struct bed *bed = *state;

	token(bed, USB_SETUP, 0, "\x80\x06\0\1\0\0\x40\0", 8);
	usb_unplug(&bed->port);
	assert_int_equal(bed->count, 2);
	assert_int_equal(bed->event[1].status, -ENODEV);
	assert_int_equal(bed->urbs.count, 0);
}

static void no_more_are_under_way_than_there_is_room_for(void **state)
{
	struct bed *bed = *state;
	struct trace_row row = {.kind = TRACE_PACKET,
				.what = PACKET_SUBMIT,
				.pid = USB_IN,
				.dci = 0x81,
				.flags = USB_EP_BULK,
				.len = 1};

	for (row.value = 1000; row.value < 1000 + URB_MAX + 3; row.value++) {
		urb_row(&bed->urbs, &row);
		bed->count = 0;
	}
	assert_int_equal(bed->urbs.count, URB_MAX);
	bed->urbs.sink = take_event;
	while (bed->urbs.count) {
		row.what = PACKET_CANCEL;
		row.value--;
		urb_row(&bed->urbs, &row);
		bed->count = 0;
	}
}

#define bed_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(the_tokens_of_a_control_transfer_are_one_urb),
		bed_test(an_out_data_stage_is_in_the_submission),
		bed_test(a_refused_request_is_a_broken_pipe),
		bed_test(a_setup_ends_the_transfer_before_it),
		bed_test(bulk_data_is_where_it_goes),
		bed_test(refused_for_now_is_not_over),
		bed_test(what_is_taken_back_says_so),
		bed_test(unplugging_ends_what_is_under_way),
		bed_test(no_more_are_under_way_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
