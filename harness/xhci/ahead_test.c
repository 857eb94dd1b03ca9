// SPDX-License-Identifier: MIT
/* ahead_test.c -- several packets of an endpoint at a time: which, how large, and what software is told. */
#include "dev/scripted_desc.h"
#include "xhci/testbed.h"

struct holder { /* it keeps every packet */
	struct usb_device usb;
	struct usb_packet *held[32];
	unsigned count;
};

static enum usb_status hold(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct holder *h = (struct holder *)dev;

	(void)ep;
	assert_in_range(h->count, 0, 31);
	h->held[h->count++] = p;
	return USB_ASYNC;
}

static void forget(struct usb_device *dev, struct usb_packet *p)
{
	struct holder *h = (struct holder *)dev;
	unsigned i = 0;

	while (h->held[i] != p)
		assert_true(++i < h->count);
	memmove(h->held + i, h->held + i + 1, (--h->count - i) * sizeof(h->held[0]));
}

static void holder_free(struct usb_device *dev)
{
	usb_device_fini(dev);
	heap_free(dev);
}

static struct holder *holder_new(bool pipeline)
{
	static const struct usb_device_ops ops = {
		.model = "holder",
		.speed_mask = 1 << USB_SPEED_HIGH,
		.data = hold,
		.cancel = forget,
		.free = holder_free,
	};
	struct holder *h = heap_zero(sizeof(*h));
	const uint8_t *desc;
	size_t len;

	desc = scripted_desc(USB_SPEED_HIGH, &len);
	usb_device_init(&h->usb, &ops, desc, len);
	h->usb.pipeline = pipeline;
	return h;
}

/* The oldest one is over, with n bytes of an IN packet. */
static void answer(struct holder *h, uint32_t n, enum usb_status status)
{
	struct usb_packet *p = h->held[0];
	uint8_t some[64];

	memmove(h->held, h->held + 1, --h->count * sizeof(h->held[0]));
	memset(some, 0x5a, sizeof(some));
	for (uint32_t i = 0; p->pid == USB_IN && i < n; i += (uint32_t)sizeof(some))
		usb_packet_put(p, some, (size_t)min_u64(sizeof(some), n - i));
	usb_packet_complete(p, status);
}

struct bench {
	struct bed *bed;
	struct holder *h;
	unsigned slot;
};

static void bench_start(struct bench *b, bool pipeline, unsigned dci)
{
	b->bed = bed_new(XHCI_PROFILE_CONFORMANT);
	b->h = holder_new(pipeline);
	bed_start(b->bed, 256);
	b->slot = bed_address(b->bed, &b->h->usb, 0);
	bed_configure(b->bed, b->slot, dci, dci & 1 ? EP_BULK_IN : EP_BULK_OUT, 512, 0);
}

static void td(struct bench *b, unsigned dci, uint32_t len, uint32_t flags)
{
	bed_normal(b->bed, b->slot, dci, BED_DATA, len, flags);
}

static void expect(struct bench *b, unsigned code, uint64_t trb, uint32_t left)
{
	struct trb t = bed_expect(b->bed, TRB_EV_TRANSFER);

	assert_int_equal(trb_completion(&t), code);
	assert_int_equal(t.parameter, bed_ring(b->slot, 3) + trb * TRB_SIZE);
	assert_int_equal(t.status & 0xffffff, left);
}

static void each_td_has_a_packet_while_others_are_under_way(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	for (unsigned i = 0; i < 3; i++)
		td(&b, 3, 1000 + i, TRB_IOC | TRB_ISP);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(b.h->held[i]->len, 1000 + i);
	td(&b, 3, 7, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 4);
	answer(b.h, 10, USB_OK);
	expect(&b, CC_SHORT_PACKET, 0, 990);
	answer(b.h, 1001, USB_OK);
	expect(&b, CC_SUCCESS, 1, 0);
	bed_expect_none(b.bed);
	bed_free(b.bed);
}

static void without_the_flag_one_packet_at_a_time_and_smaller(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, false, 3);
	td(&b, 3, 65536, TRB_IOC);
	td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 1);
	assert_int_equal(b.h->held[0]->len, 16384);
	assert_true(b.h->held[0]->short_not_ok);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(b.h->held[0]->short_not_ok, i < 3);
		answer(b.h, 16384, USB_OK);
	}
	expect(&b, CC_SUCCESS, 0, 0);
	assert_int_equal(b.h->count, 1);
	assert_int_equal(b.h->held[0]->len, 512);
	bed_free(b.bed);
}

static void tds_nobody_waits_for_are_one_packet(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	td(&b, 3, 1024, TRB_ISP);
	td(&b, 3, 512, TRB_CH);
	td(&b, 3, 512, 0);
	td(&b, 3, 700, TRB_IOC | TRB_ISP);
	td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 1); /* nothing behind it: who knows in which TD it ends */
	assert_int_equal(b.h->held[0]->len, 2748);
	assert_true(b.h->held[0]->int_req);
	answer(b.h, 2748, USB_OK);
	expect(&b, CC_SUCCESS, 3, 0);
	bed_expect_none(b.bed);
	assert_int_equal(b.h->count, 1);
	assert_int_equal(b.h->held[0]->len, 512);
	bed_free(b.bed);
}

static void a_short_answer_ends_the_td_it_ends_in(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	td(&b, 3, 1024, TRB_ISP);
	td(&b, 3, 1024, TRB_ISP);
	td(&b, 3, 700, TRB_IOC | TRB_ISP);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 1);
	answer(b.h, 1100, USB_OK);
	expect(&b, CC_SHORT_PACKET, 1, 948);
	assert_int_equal(b.h->count, 1); /* the third has not begun: a packet of its own */
	assert_int_equal(b.h->held[0]->len, 700);
	answer(b.h, 700, USB_OK);
	expect(&b, CC_SUCCESS, 2, 0);
	bed_free(b.bed);
}

/* Also where the answer is whole packets: what comes next belongs to the TD that is under way behind it. */
static void an_answer_ends_its_td_where_others_are_under_way(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	td(&b, 3, 1024, TRB_IOC | TRB_ISP);
	td(&b, 3, 1024, TRB_IOC | TRB_ISP);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 2);
	answer(b.h, 512, USB_OK);
	expect(&b, CC_SHORT_PACKET, 0, 512);
	assert_int_equal(b.h->count, 1);
	answer(b.h, 1024, USB_OK);
	expect(&b, CC_SUCCESS, 1, 0);
	bed_free(b.bed);
}

static void nothing_follows_a_part_of_a_td(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	for (unsigned i = 0; i < 6; i++)
		td(&b, 3, 65536, i < 5 ? TRB_CH : TRB_IOC);
	td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 1);
	assert_int_equal(b.h->held[0]->len, USB_PIPELINE_COMBINE);
	assert_true(b.h->held[0]->short_not_ok);
	answer(b.h, USB_PIPELINE_COMBINE, USB_OK);
	bed_step(b.bed, 125);
	assert_int_equal(b.h->count, 2);
	assert_false(b.h->held[0]->short_not_ok);
	bed_free(b.bed);
}

static void the_caps_hold(void **state)
{
	struct bench b;
	uint32_t bytes = 0;

	(void)state;
	bench_start(&b, true, 2);
	for (unsigned i = 0; i < 24; i++)
		td(&b, 2, 16, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 2);
	bed_step(b.bed, 125);
	assert_int_equal(b.h->count, USB_PIPELINE_PACKETS);
	bed_free(b.bed);
	bench_start(&b, true, 2);
	for (unsigned i = 0; i < 40; i++)
		td(&b, 2, 65536, i % 2 ? TRB_IOC : 0);
	bed_doorbell(b.bed, b.slot, 2);
	bed_step(b.bed, 125);
	for (unsigned i = 0; i < b.h->count; i++)
		bytes += b.h->held[i]->len;
	assert_int_equal(bytes, USB_PIPELINE_BYTES);
	assert_int_equal(b.h->count, 8); /* two TDs each */
	bed_free(b.bed);
}

static void an_error_takes_the_others_back(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	for (unsigned i = 0; i < 3; i++)
		td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 3);
	answer(b.h, 0, USB_STALL);
	expect(&b, CC_STALL, 0, 512);
	bed_expect_none(b.bed);
	assert_int_equal(b.h->count, 0);
	bed_free(b.bed);
}

static void what_is_answered_out_of_turn_is_told_in_turn(void **state)
{
	struct bench b;
	struct usb_packet *second;

	(void)state;
	bench_start(&b, true, 3);
	td(&b, 3, 512, TRB_IOC);
	td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	second = b.h->held[1];
	b.h->count = 1;
	usb_packet_put(second, "early", 5);
	usb_packet_complete(second, USB_OK);
	bed_expect_none(b.bed);
	answer(b.h, 512, USB_OK);
	expect(&b, CC_SUCCESS, 0, 0);
	expect(&b, CC_SHORT_PACKET, 1, 507);
	bed_free(b.bed);
}

static void unplugging_and_halting_leave_nothing_behind(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, true, 3);
	for (unsigned i = 0; i < 4; i++)
		td(&b, 3, 512, TRB_IOC);
	bed_doorbell(b.bed, b.slot, 3);
	assert_int_equal(b.h->count, 4);
	bed_set(b.bed, bed_oper(b.bed, XHCI_USBCMD), USBCMD_INTE);
	bed_step(b.bed, 20000);
	assert_true(bed_get(b.bed, bed_oper(b.bed, XHCI_USBSTS)) & USBSTS_HCH);
	assert_int_equal(b.h->count, 0);
	bed_set(b.bed, bed_oper(b.bed, XHCI_USBCMD), USBCMD_INTE | USBCMD_RS);
	bed_step(b.bed, 125);
	assert_int_equal(b.h->count, 4);
	usb_unplug(b.bed->bus.port[0]);
	bed_step(b.bed, 125);
	assert_int_equal(b.bed->bus.live_packets, 0);
	bed_free(b.bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_td_has_a_packet_while_others_are_under_way),
		cmocka_unit_test(without_the_flag_one_packet_at_a_time_and_smaller),
		cmocka_unit_test(tds_nobody_waits_for_are_one_packet),
		cmocka_unit_test(a_short_answer_ends_the_td_it_ends_in),
		cmocka_unit_test(an_answer_ends_its_td_where_others_are_under_way),
		cmocka_unit_test(nothing_follows_a_part_of_a_td),
		cmocka_unit_test(the_caps_hold),
		cmocka_unit_test(an_error_takes_the_others_back),
		cmocka_unit_test(what_is_answered_out_of_turn_is_told_in_turn),
		cmocka_unit_test(unplugging_and_halting_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
