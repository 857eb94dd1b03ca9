// SPDX-License-Identifier: MIT
/* request_test.c -- the standard requests, granted and refused. */
#include "usb/probe.h"

/* bRequest, USB2 table 9-4, USB3 table 9-5 */
enum {
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	SET_ADDRESS = 5,
	GET_DESCRIPTOR = 6,
	SET_DESCRIPTOR = 7,
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
	SYNCH_FRAME = 12,
	SET_SEL = 0x30,
	SET_ISOCH_DELAY = 0x31,
};

static void open_refusing(struct probe_bench *b)
{
	bench_start(b);
	b->probe->control_answer = -USB_STALL;
}

/* The probe refuses, so USB_STALL means that the core had no answer either. */
static enum usb_status ask(struct probe_bench *b, uint8_t type, uint8_t request, uint16_t value,
			   uint16_t index)
{
	return bench_control(b, type, request, value, index, 0, NULL, NULL);
}

static enum usb_status get(struct probe_bench *b, uint8_t type, uint8_t request, uint16_t value,
			   uint16_t index, uint32_t *answer)
{
	uint8_t data[4] = {0};
	enum usb_status status = bench_control(b, type, request, value, index, 4, data, NULL);

	*answer = get_le32(data);
	return status;
}

static void descriptors_of_the_set_are_served(void **state)
{
	static const struct {
		uint16_t value;
		uint32_t len; /* 0 = refused */
	} want[] = {
		{0x0100, 18}, {0x0200, 55}, {0x0201, 0}, {0x0300, 4}, {0x0301, 6},
		{0x0302, 0},  {0x0600, 0},  {0x0700, 0}, {0x0f00, 0}, {0x2200, 0},
	};
	uint8_t data[255];
	struct probe_bench b;
	uint32_t actual = 0;

	(void)state;
	open_refusing(&b);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(bench_control(&b, 0x80, GET_DESCRIPTOR, want[i].value, 0, 255,
					       data, &actual),
				 want[i].len ? USB_OK : USB_STALL);
		if (want[i].len)
			assert_int_equal(actual, want[i].len);
	}
	assert_int_equal(bench_control(&b, 0x80, GET_DESCRIPTOR, 0x0200, 0, 9, data, &actual),
			 USB_OK);
	assert_int_equal(actual, 9);
	bench_close(&b);
}

static void what_the_core_refuses_is_offered_to_the_model(void **state)
{
	uint8_t data[8];
	struct probe_bench b;
	uint32_t actual;

	(void)state;
	bench_start(&b);
	b.probe->control_answer = 8;
	assert_int_equal(bench_control(&b, 0x81, GET_DESCRIPTOR, 0x2200, 0, 8, data, &actual),
			 USB_OK);
	assert_int_equal(actual, 8);
	assert_int_equal(b.probe->asked.value, 0x2200);
	bench_close(&b);
}

static void configuration_can_be_set_and_read(void **state)
{
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	open_refusing(&b);
	assert_int_equal(get(&b, 0x80, GET_CONFIGURATION, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 1);
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 2, 0), USB_STALL);
	assert_int_equal(b.probe->usb.configuration, 1);
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 0, 0), USB_OK);
	assert_int_equal(b.probe->usb.state, USB_ADDRESSED);
	assert_null(usb_endpoint_get(&b.probe->usb, USB_IN, 2));
	assert_int_equal(bench_token(&b, USB_IN, 2, NULL, 8, NULL), USB_XACT);
	assert_int_equal(b.log.configured, 2);
	bench_close(&b);
}

static void new_configuration_ends_packets_of_the_old_one(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	p = bench_packet(&b, USB_IN, 2, 8);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 1, 0), USB_OK);
	assert_int_equal(p->status, USB_XACT);
	assert_int_equal(b.completed, 1);
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 1, 0), USB_OK);
	assert_int_equal(b.completed, 2);
	assert_int_equal(usb_packet_submit(p), USB_XACT);
	usb_packet_free(p);
	bench_close(&b);
}

static void submit_again(struct usb_packet *p)
{
	bench_complete(p);
	if (((struct probe_bench *)p->opaque)->completed < 100)
		usb_packet_submit(p);
}

static void host_that_resubmits_at_once_does_not_loop(void **state)
{
	struct usb_packet *p;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	b.probe->answer = USB_ASYNC;
	b.probe->intercepts = true; /* takes packets of endpoints that are gone, too */
	p = bench_packet(&b, USB_IN, 2, 8);
	p->complete = submit_again;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	usb_device_hold(&b.probe->usb);
	usb_endpoint_remove(&b.probe->usb, -1);
	assert_int_equal(b.completed, 1);
	assert_int_equal(p->state, USB_PACKET_WITH_DEVICE); /* again, and on no endpoint */
	usb_device_flush(&b.probe->usb, USB_XACT);
	assert_int_equal(b.completed, 2);
	usb_device_release(&b.probe->usb);
	usb_device_reset(&b.probe->usb);
	assert_int_equal(b.completed, 3);
	assert_int_equal(p->state, USB_PACKET_DONE);
	usb_packet_free(p);
	bench_close(&b);
}

static void interface_can_be_set_and_read(void **state)
{
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	open_refusing(&b);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 1, 0), USB_OK);
	assert_int_equal(get(&b, 0x81, GET_INTERFACE, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 1);
	assert_non_null(usb_endpoint_get(&b.probe->usb, USB_IN, 3));
	assert_null(usb_endpoint_get(&b.probe->usb, USB_IN, 2));
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 2, 0), USB_STALL);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 0, 1), USB_STALL);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 0, 0xff), USB_STALL);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 0x100, 0), USB_STALL);
	assert_int_equal(get(&b, 0x81, GET_INTERFACE, 0, 200, &answer), USB_STALL);
	bench_close(&b);
}

static void status_tells_wakeup_and_halt(void **state)
{
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	open_refusing(&b);
	b.probe->usb.self_powered = true;
	assert_int_equal(ask(&b, 0, SET_FEATURE, 1, 0), USB_OK);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 3);
	assert_int_equal(ask(&b, 0, CLEAR_FEATURE, 1, 0), USB_OK);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 1);
	assert_int_equal(get(&b, 0x81, GET_STATUS, 0, 0, &answer), USB_OK);
	assert_int_equal(get(&b, 0x81, GET_STATUS, 0, 1, &answer), USB_STALL);
	assert_int_equal(ask(&b, 2, SET_FEATURE, 0, 0x82), USB_OK);
	assert_int_equal(get(&b, 0x82, GET_STATUS, 0, 0x82, &answer), USB_OK);
	assert_int_equal(answer, 1);
	assert_int_equal(bench_token(&b, USB_IN, 2, NULL, 8, NULL), USB_STALL);
	assert_int_equal(get(&b, 0x82, GET_STATUS, 0, 0x02, &answer), USB_OK);
	assert_int_equal(answer, 0);
	assert_int_equal(get(&b, 0x82, GET_STATUS, 0, 0x80, &answer), USB_OK);
	assert_int_equal(get(&b, 0x82, GET_STATUS, 0, 0x92, &answer), USB_STALL);
	assert_int_equal(get(&b, 0x82, GET_STATUS, 0, 0x83, &answer), USB_STALL);
	bench_close(&b);
}

static void halt_of_one_interface_survives_a_change_of_another(void **state)
{
	static const uint8_t set[] = {
		18, 1, 0, 2, 0, 0,    0,  64, 1,    0, 2, 0, 0,    0, 0,    0, 0, 1, 9,    2,
		50, 0, 2, 1, 0, 0x80, 50, 9,  4,    0, 0, 1, 0xff, 0, 0,    0, 7, 5, 0x81, 2,
		0,  2, 0, 9, 4, 1,    0,  1,  0xff, 0, 0, 0, 7,    5, 0x82, 2, 0, 2, 0,
	};
	struct probe_bench b;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_HIGH);
	bench_plug(&b, set, sizeof(set));
	assert_int_equal(ask(&b, 0, SET_ADDRESS, 1, 0), USB_OK);
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 1, 0), USB_OK);
	assert_int_equal(ask(&b, 2, SET_FEATURE, 0, 0x81), USB_OK);
	assert_int_equal(ask(&b, 2, SET_FEATURE, 0, 0x82), USB_OK);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 0, 1), USB_OK);
	assert_true(b.probe->usb.ep_in[1].halted);
	assert_false(b.probe->usb.ep_in[2].halted);
	bench_close(&b);
}

static void wrong_recipient_state_or_value_is_refused(void **state)
{
	static const struct {
		uint8_t type, request;
		uint16_t value, index;
	} bad[] = {
		{1, SET_ADDRESS, 5, 0},
		{0, SET_ADDRESS, 128, 0},
		{0, SET_ADDRESS, 5, 0}, /* configured */
		{0x81, GET_DESCRIPTOR, 0x0100, 0},
		{0, GET_DESCRIPTOR, 0x0100, 0},
		{0, SET_DESCRIPTOR, 0x0100, 0},
		{1, SET_CONFIGURATION, 1, 0},
		{0, SET_INTERFACE, 0, 0},
		{0, SET_FEATURE, 2, 0x0100}, /* test mode */
		{0, SET_FEATURE, 48, 0},     /* U1 at high speed */
		{1, SET_FEATURE, 0, 0},
		{2, SET_FEATURE, 1, 0x82},
		{2, SET_FEATURE, 0, 0x83},
		{3, SET_FEATURE, 0, 0},
		{0, SET_SEL, 0, 0},
		{0, SET_ISOCH_DELAY, 40, 0},
		{0, 0x55, 0, 0},
	};
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	open_refusing(&b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ask(&b, bad[i].type, bad[i].request, bad[i].value, bad[i].index),
				 USB_STALL);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 1, 0, &answer), USB_STALL);
	assert_int_equal(get(&b, 0x83, GET_STATUS, 0, 0, &answer), USB_STALL);
	assert_int_equal(get(&b, 0x82, SYNCH_FRAME, 0, 0x82, &answer), USB_STALL);
	bench_close(&b);
}

static void nothing_but_address_and_descriptors_before_an_address(void **state)
{
	struct probe_bench b;
	uint8_t data[18];
	uint32_t answer;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_HIGH);
	b.probe = probe_new(&b.log, probe_set, sizeof(probe_set));
	b.probe->control_answer = -USB_STALL;
	assert_int_equal(usb_plug(&b.port, &b.probe->usb), 0);
	/* Before the first reset there is no answer at all. */
	assert_int_equal(bench_control(&b, 0x80, GET_DESCRIPTOR, 0x100, 0, 18, data, NULL),
			 USB_XACT);
	usb_device_reset(&b.probe->usb);
	assert_int_equal(bench_control(&b, 0x80, GET_DESCRIPTOR, 0x100, 0, 18, data, NULL), USB_OK);
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 1, 0), USB_STALL);
	assert_int_equal(get(&b, 0x80, GET_CONFIGURATION, 0, 0, &answer), USB_STALL);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 0, 0, &answer), USB_STALL);
	assert_int_equal(ask(&b, 0, SET_FEATURE, 1, 0), USB_STALL);
	assert_int_equal(ask(&b, 0, SET_ADDRESS, 0, 0), USB_OK);
	assert_int_equal(b.probe->usb.state, USB_DEFAULT);
	bench_close(&b);
}

static void superspeed_features_and_requests(void **state)
{
	uint8_t sel[6] = {0};
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	bench_open(&b, 1 << USB_SPEED_SUPER);
	bench_plug(&b, probe_set, sizeof(probe_set));
	b.probe->control_answer = -USB_STALL;
	assert_int_equal(ask(&b, 0, SET_ISOCH_DELAY, 40, 0), USB_OK);
	assert_int_equal(ask(&b, 0, SET_ADDRESS, 3, 0), USB_OK);
	assert_int_equal(bench_control(&b, 0, SET_SEL, 0, 0, 6, sel, NULL), USB_OK);
	assert_int_equal(bench_control(&b, 0, SET_SEL, 0, 0, 5, sel, NULL), USB_STALL);
	assert_int_equal(ask(&b, 0, SET_FEATURE, 48, 0), USB_STALL); /* not configured */
	assert_int_equal(ask(&b, 0, SET_CONFIGURATION, 1, 0), USB_OK);
	assert_int_equal(ask(&b, 0, SET_FEATURE, 48, 0), USB_OK);
	assert_int_equal(ask(&b, 0, SET_FEATURE, 50, 0), USB_OK);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 0x14);
	assert_int_equal(ask(&b, 0, CLEAR_FEATURE, 48, 0), USB_OK);
	assert_int_equal(get(&b, 0x80, GET_STATUS, 0, 0, &answer), USB_OK);
	assert_int_equal(answer, 0x10);
	assert_int_equal(ask(&b, 1, SET_FEATURE, 0, 0x0300), USB_OK);
	assert_int_equal(ask(&b, 1, SET_FEATURE, 0, 0x0301), USB_STALL);
	bench_close(&b);
}

static void synch_frame_follows_the_clock(void **state)
{
	struct probe_bench b;
	uint32_t answer;

	(void)state;
	open_refusing(&b);
	assert_int_equal(ask(&b, 1, SET_INTERFACE, 1, 0), USB_OK);
	b.now_ns = 2050 * UINT64_C(1000000);
	assert_int_equal(get(&b, 0x82, SYNCH_FRAME, 0, 0x83, &answer), USB_OK);
	assert_int_equal(answer, 2);
	assert_int_equal(ask(&b, 2, SET_FEATURE, 0, 0x83), USB_STALL); /* isochronous: no halt */
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_of_the_set_are_served),
		cmocka_unit_test(what_the_core_refuses_is_offered_to_the_model),
		cmocka_unit_test(configuration_can_be_set_and_read),
		cmocka_unit_test(new_configuration_ends_packets_of_the_old_one),
		cmocka_unit_test(host_that_resubmits_at_once_does_not_loop),
		cmocka_unit_test(interface_can_be_set_and_read),
		cmocka_unit_test(status_tells_wakeup_and_halt),
		cmocka_unit_test(halt_of_one_interface_survives_a_change_of_another),
		cmocka_unit_test(wrong_recipient_state_or_value_is_refused),
		cmocka_unit_test(nothing_but_address_and_descriptors_before_an_address),
		cmocka_unit_test(superspeed_features_and_requests),
		cmocka_unit_test(synch_frame_follows_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
