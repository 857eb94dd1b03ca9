// SPDX-License-Identifier: MIT
/* endpoint_test.c -- endpoint tables out of polite and hostile descriptors. */
#include "usb/probe.h"

/* A set with one configuration and one interface, whose endpoints are the n descriptors given. */
static size_t make_set(uint8_t set[512], const uint8_t (*endpoints)[7], size_t n)
{
	static const uint8_t head[] = {
		18, 1, 0, 2, 0, 0, 0, 64,   1,  0, 2, 0, 0, 0, 0,    0, 0, 1,
		9,  2, 0, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 0xff, 0, 0, 0,
	};
	size_t len = sizeof(head);

	memcpy(set, head, len);
	for (size_t i = 0; i < n; i++, len += 7)
		memcpy(set + len, endpoints[i], 7);
	put_le16(set + 20, (uint16_t)(len - 18));
	set[31] = (uint8_t)n;
	return len;
}

static void start(struct probe_bench *b, const uint8_t (*endpoints)[7], size_t n)
{
	uint8_t set[512];
	size_t len = make_set(set, endpoints, n);

	bench_open(b, 1 << USB_SPEED_HIGH);
	bench_plug(b, set, len);
	assert_int_equal(bench_control(b, 0, 5, 1, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(bench_control(b, 0, 9, 1, 0, 0, NULL, NULL), USB_OK);
}

static void endpoints_appear_with_the_configuration(void **state)
{
	struct usb_endpoint *ep;
	struct probe_bench b;

	(void)state;
	bench_start(&b);
	ep = usb_endpoint_get(&b.probe->usb, USB_IN, 1);
	assert_non_null(ep);
	assert_int_equal(ep->address, 0x81);
	assert_int_equal(ep->type, USB_EP_INTERRUPT);
	assert_int_equal(ep->max_packet, 8);
	assert_int_equal(ep->interval, 4);
	assert_ptr_equal(ep->dev, &b.probe->usb);
	assert_null(usb_endpoint_get(&b.probe->usb, USB_OUT, 1));
	assert_int_equal(usb_endpoint_get(&b.probe->usb, USB_OUT, 2)->max_packet, 512);
	usb_device_reset(&b.probe->usb);
	assert_null(usb_endpoint_get(&b.probe->usb, USB_IN, 1));
	bench_close(&b);
}

/* An endpoint descriptor with number 0 of another type must never touch endpoint 0. */
static void endpoint_0_cannot_be_retyped(void **state)
{
	static const uint8_t evil[][7] = {
		{7, 5, 0x80, 3, 8, 0, 1}, {7, 5, 0x00, 1, 0xff, 0x07, 1}, {7, 5, 0x10, 2, 0, 2, 1},
		{7, 5, 0x90, 3, 1, 0, 1}, {7, 5, 0xf0, 2, 1, 0, 1},
	};
	struct probe_bench b;
	uint8_t data[18];

	(void)state;
	start(&b, evil, ARRAY_SIZE(evil));
	for (int pid = USB_OUT; pid <= USB_SETUP; pid++) {
		struct usb_endpoint *ep = usb_endpoint_get(&b.probe->usb, (enum usb_pid)pid, 0);

		assert_ptr_equal(ep, &b.probe->usb.ep0);
		assert_int_equal(ep->type, USB_EP_CONTROL);
		assert_int_equal(ep->max_packet, 64);
	}
	for (unsigned i = 0; i < 16; i++) {
		assert_false(b.probe->usb.ep_in[i].present);
		assert_false(b.probe->usb.ep_out[i].present);
	}
	b.probe->control_answer = USB_CONTROL_ASYNC;
	assert_int_equal(bench_setup(&b, 0xc0, 1, 0, 0, 8), USB_OK);
	assert_int_equal(bench_control(&b, 0x80, 6, 0x0100, 0, 18, data, NULL), USB_OK);
	bench_close(&b);
}

static void reserved_address_bits_make_no_second_endpoint(void **state)
{
	static const uint8_t evil[][7] = {{7, 5, 0x81, 2, 0, 2, 0}, {7, 5, 0xf1, 3, 8, 0, 1}};
	struct probe_bench b;

	(void)state;
	start(&b, evil, ARRAY_SIZE(evil));
	assert_int_equal(usb_endpoint_get(&b.probe->usb, USB_IN, 1)->type, USB_EP_BULK);
	bench_close(&b);
}

static void control_endpoint_takes_both_directions(void **state)
{
	static const uint8_t evil[][7] = {{7, 5, 0x03, 0, 64, 0, 0}};
	struct probe_bench b;

	(void)state;
	start(&b, evil, ARRAY_SIZE(evil));
	assert_non_null(usb_endpoint_get(&b.probe->usb, USB_IN, 3));
	assert_non_null(usb_endpoint_get(&b.probe->usb, USB_OUT, 3));
	assert_null(usb_endpoint_get(&b.probe->usb, USB_SETUP, 3));
	bench_close(&b);
}

static void stream_count_is_limited(void **state)
{
	static const struct {
		uint8_t attributes, type;
		uint32_t streams;
	} want[] = {{0, 2, 0}, {1, 2, 2}, {16, 2, 65536}, {31, 2, 65536}, {4, 3, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		uint8_t set[512];
		struct probe_bench b;
		const uint8_t ep[1][7] = {{7, 5, 0x81, want[i].type, 0, 4, 1}};
		const uint8_t companion[6] = {6, 0x30, 0, want[i].attributes, 0, 0};
		size_t len = make_set(set, ep, 1);

		memcpy(set + len, companion, sizeof(companion));
		put_le16(set + 20, (uint16_t)(len - 18 + sizeof(companion)));
		bench_open(&b, 1 << USB_SPEED_SUPER);
		bench_plug(&b, set, len + sizeof(companion));
		bench_control(&b, 0, 5, 1, 0, 0, NULL, NULL);
		bench_control(&b, 0, 9, 1, 0, 0, NULL, NULL);
		assert_int_equal(usb_endpoint_get(&b.probe->usb, USB_IN, 1)->max_streams,
				 want[i].streams);
		bench_close(&b);
	}
}

static void max_packet_of_endpoint_0_follows_the_speed(void **state)
{
	static const struct {
		enum usb_speed speed;
		uint16_t max_packet;
	} want[] = {{USB_SPEED_FULL, 64}, {USB_SPEED_HIGH, 64}, {USB_SPEED_SUPER, 512}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		struct probe_bench b;

		bench_open(&b, (uint8_t)(1 << want[i].speed));
		bench_plug(&b, probe_set, sizeof(probe_set));
		assert_int_equal(b.probe->usb.ep0.max_packet, want[i].max_packet);
		bench_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_appear_with_the_configuration),
		cmocka_unit_test(endpoint_0_cannot_be_retyped),
		cmocka_unit_test(reserved_address_bits_make_no_second_endpoint),
		cmocka_unit_test(control_endpoint_takes_both_directions),
		cmocka_unit_test(stream_count_is_limited),
		cmocka_unit_test(max_packet_of_endpoint_0_follows_the_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
