// SPDX-License-Identifier: MIT
/*
 * Tests of the device model `redir` against a polite other side on the real parser.
 */
#include "redir/testbed.h"

static void a_device_is_plugged_once_all_is_known_of_it(void **state)
{
	struct redir_bed *b = *state;
	uint8_t desc[18];

	redir_bed_open(b, PEER_ALL_CAPS);
	assert_int_equal(b->peer.hellos, 1);
	assert_null(b->bed.port.dev);
	redir_bed_introduce(b);
	assert_int_equal(b->bed.port.dev->speed, USB_SPEED_HIGH);
	assert_int_equal(b->peer.resets, 1);
	assert_int_equal(redir_bed_control(b, 0x80, 6, 0x100, 0, 18, desc), 18);
	assert_int_equal(get_le16(desc + 8), 0x1209);
	redir_bed_configure(b);
	assert_int_equal(redir_bed_control(b, 0x80, 8, 0, 0, 1, desc), 1);
	assert_int_equal(desc[0], 1);
	assert_int_equal(redir_bed_control(b, 1, 11, 2, 0, 0, NULL), 0);
	assert_int_equal(redir_bed_control(b, 0x81, 10, 0, 0, 1, desc), 1);
	assert_int_equal(desc[0], 2);
	assert_int_equal(b->bed.port.dev->alternate[0], 2);
	assert_int_equal(b->warnings, 0);
	redir_bed_close(b);
}

static void bulk_goes_both_ways(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status;
	struct usb_packet *in = redir_bed_submit(b, PEER_BULK_IN, 70000, &status), *out;

	assert_int_equal(status, USB_ASYNC);
	out = redir_bed_submit(b, PEER_BULK_OUT, 512, &status);
	assert_int_equal(status, USB_ASYNC);
	redir_bed_talk(b);
	assert_int_equal(in->status, USB_OK);
	assert_int_equal(in->actual, 70000);
	assert_int_equal(in->data[69999], 69999 & 0xff);
	assert_int_equal(out->status, USB_OK);
	assert_int_equal(b->peer.out_packets, 1);
	usb_packet_free(in);
	usb_packet_free(out);
	redir_bed_close(b);
}

/* The other side's controller saw an empty packet behind it, or it would not have ended. */
static void less_than_was_asked_for_is_the_end(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status;
	struct usb_packet *p;

	b->peer.most = 1024;
	p = redir_bed_submit(b, PEER_BULK_IN, 2048, &status);
	p->short_not_ok = true;
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_OK);
	assert_int_equal(p->actual, 1024);
	assert_true(usb_packet_ends_short(p, 512));
	usb_packet_free(p);
	p = redir_bed_submit(b, PEER_BULK_IN, 1024, &status);
	redir_bed_talk(b);
	assert_false(usb_packet_ends_short(p, 512));
	usb_packet_free(p);
	redir_bed_close(b);
}

static void what_is_taken_back_is_cancelled_there(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status;
	struct usb_packet *p;

	b->peer.lazy = true;
	p = redir_bed_submit(b, PEER_BULK_IN, 512, &status);
	redir_bed_talk(b);
	usb_packet_cancel(p);
	redir_bed_talk(b);
	assert_int_equal(b->peer.cancels, 1);
	assert_null(b->r->pending);
	usb_packet_free(p);
	redir_bed_close(b);
}

static void interrupts_come_by_themselves(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	uint32_t actual;

	assert_int_equal(bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL), USB_NAK);
	redir_bed_talk(b);
	assert_int_equal(b->peer.started[16 + 3], 1);
	peer_push(&b->peer, PEER_INTERRUPT_IN, 5);
	peer_push(&b->peer, PEER_INTERRUPT_IN, 65);
	redir_bed_talk(b);
	assert_int_equal(b->bed.last_wakeup, PEER_INTERRUPT_IN);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 3, NULL, 64, &actual), USB_OK);
	assert_int_equal(actual, 5);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL), USB_BABBLE);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL), USB_NAK);
	redir_bed_talk(b);
	assert_int_equal(b->peer.started[16 + 3], 1);
	redir_bed_close(b);
}

static void isochronous_streams_start_and_are_never_late(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	uint32_t actual = 1;

	assert_int_equal(bed_packet(&b->bed, USB_IN, 5, NULL, 192, &actual), USB_OK);
	assert_int_equal(actual, 0);
	assert_int_equal(bed_packet(&b->bed, USB_OUT, 6, NULL, 192, NULL), USB_OK);
	redir_bed_talk(b);
	assert_int_equal(b->peer.started[16 + 5], 1);
	assert_int_equal(b->peer.started[6], 1);
	assert_int_equal(b->peer.out_packets, 1);
	peer_push(&b->peer, PEER_ISO_IN, 100);
	redir_bed_talk(b);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 5, NULL, 192, &actual), USB_OK);
	assert_int_equal(actual, 100);
	redir_bed_close(b);
}

/* B02: one message is cut to many packets, and dropped in the middle of one. */
static void bulk_data_may_be_read_ahead(void **state)
{
	struct redir_bed *b = *state;
	uint32_t actual;

	b->config.buffered = true;
	redir_bed_opened(state);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL), USB_NAK);
	redir_bed_talk(b);
	assert_int_equal(b->peer.started[16 + 1], 1);
	peer_push(&b->peer, PEER_BULK_IN, 1024);
	peer_push(&b->peer, PEER_BULK_IN, 100);
	redir_bed_talk(b);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, &actual), USB_OK);
	assert_int_equal(actual, 512);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 1024, &actual), USB_OK);
	assert_int_equal(actual, 612);
	peer_push(&b->peer, PEER_BULK_IN, 2000);
	redir_bed_talk(b);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, &actual), USB_OK);
	redir_bed_close(b); /* the rest of that block is dropped */
}

static void a_slow_guest_holds_the_line(void **state)
{
	struct redir_bed *b = *state;
	uint32_t actual;

	b->config.buffered = true;
	redir_bed_opened(state);
	bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
	redir_bed_talk(b);
	for (unsigned i = 0; i < 40; i++)
		peer_push(&b->peer, PEER_BULK_IN, 16384);
	redir_bed_talk(b);
	assert_true(b->r->ep[17].bytes <= REDIR_MAX_BUFFERED + 16384);
	assert_true(b->peer.wire->in.pos < b->peer.wire->in.len);
	for (unsigned i = 0; i < 40; i++) { /* nothing is lost */
		assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 16384, &actual), USB_OK);
		assert_int_equal(actual, 16384);
		bed_step(&b->bed, 1000);
	}
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL), USB_NAK);
	redir_bed_close(b);
}

static void a_slow_line_holds_the_guest(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status = USB_ASYNC;
	struct usb_packet *p[40];
	unsigned n = 0, wakeups;

	b->r->config.max_out = 512 * 1024; /* below what an endpoint may have under way */
	b->peer.wire->takes = 0;
	while (n < 40 && status == USB_ASYNC)
		p[n++] = redir_bed_submit(b, PEER_BULK_OUT, 65536, &status);
	assert_int_equal(status, USB_NAK);
	assert_in_range(n, 8, 10);
	wakeups = b->bed.wakeups;
	b->peer.wire->takes = SIZE_MAX;
	redir_bed_talk(b);
	assert_int_equal(b->bed.wakeups, wakeups + 1);
	assert_int_equal(b->bed.last_wakeup, PEER_BULK_OUT);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(p[i]->status, i + 1 < n ? USB_OK : USB_NAK);
		usb_packet_free(p[i]);
	}
	redir_bed_close(b);
}

static void streams_are_asked_for_once(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	for (unsigned i = 1; i < 3; i++) {
		struct usb_packet *p = usb_packet_new(b->bed.port.dev, USB_IN, 1, 512);

		p->stream = (uint16_t)i;
		assert_int_equal(usb_packet_submit(p), USB_ASYNC);
		redir_bed_talk(b);
		assert_int_equal(p->status, USB_OK);
		usb_packet_free(p);
	}
	assert_int_equal(b->peer.streams, 15);
	assert_int_equal(redir_bed_control(b, 1, 11, 1, 0, 0, NULL), 0);
	assert_int_equal(b->peer.streams, 0);
	redir_bed_close(b);
}

static void a_device_leaves_and_comes_again(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status;
	struct usb_packet *p;

	b->peer.lazy = true;
	p = redir_bed_submit(b, PEER_BULK_IN, 512, &status);
	peer_leave(&b->peer);
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_NODEV);
	assert_null(b->bed.port.dev);
	assert_int_equal(b->peer.acks, 1);
	redir_bed_introduce(b);
	assert_non_null(b->bed.port.dev);
	usb_packet_free(p);
	redir_bed_close(b);
}

static void another_other_side_may_come(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	wire_visit(b->peer.wire, false);
	dev_link_ready(&b->peer.wire->link);
	assert_null(b->bed.port.dev);
	peer_come_again(&b->peer);
	redir_bed_talk(b);
	assert_int_equal(b->peer.hellos, 2);
	assert_null(b->bed.port.dev);
	redir_bed_introduce(b);
	assert_non_null(b->bed.port.dev);
	redir_bed_configure(b);
	redir_bed_close(b);
}

static void who_is_unplugged_hears_that_the_line_ends(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	usb_unplug(&b->bed.port);
	assert_int_equal(b->peer.wire->link.visits & 1, 0);
	assert_true(b->r->over);
	wire_visit(b->peer.wire, true);
	dev_link_ready(&b->peer.wire->link);
	assert_null(b->r->parser);
	redir_bed_close(b);
}

static void a_filter_keeps_devices_out(void **state)
{
	struct redir_bed *b = *state;
	static const struct usbredirfilter_rule rules[] = {{-1, 0x1209, 0x0013, -1, 0},
							   {-1, -1, -1, -1, 1}};

	b->config.rules = rules;
	b->config.rule_count = 2;
	redir_bed_open(b, PEER_ALL_CAPS);
	assert_int_equal(b->peer.filters, 1);
	redir_bed_introduce(b);
	assert_null(b->bed.port.dev);
	assert_int_equal(b->peer.rejects, 1);
	redir_bed_close(b);
}

static void a_device_without_a_port_is_rejected(void **state)
{
	struct redir_bed *b = *state;

	redir_bed_open(b, PEER_ALL_CAPS);
	b->bed.port.speed_mask = 1 << USB_SPEED_SUPER;
	redir_bed_introduce(b);
	assert_null(b->bed.port.dev);
	assert_int_equal(b->peer.rejects, 1);
	assert_int_equal(b->warnings, 1);
	redir_bed_close(b);
}

static void an_old_other_side_has_its_way(void **state)
{
	struct redir_bed *b = *state;
	enum usb_status status;
	struct usb_packet *p;

	redir_bed_open(b, 0);
	redir_bed_introduce(b);
	redir_bed_configure(b);
	p = redir_bed_submit(b, PEER_BULK_IN, 70000, &status);
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_OK);
	assert_int_equal(p->actual, 65535 / 64 * 64);
	assert_false(usb_packet_ends_short(p, 64)); /* the rest is to be asked for, too */
	assert_true(p->short_not_ok);
	usb_packet_free(p);
	p = redir_bed_submit(b, PEER_BULK_OUT, 70000, &status);
	assert_int_equal(status, USB_XACT);
	usb_packet_free(p);
	redir_bed_close(b);
}

#define redir_bed_test(name) cmocka_unit_test_setup_teardown(name, redir_bed_new, redir_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		redir_bed_test(a_device_is_plugged_once_all_is_known_of_it),
		redir_bed_test(bulk_goes_both_ways),
		redir_bed_test(less_than_was_asked_for_is_the_end),
		redir_bed_test(what_is_taken_back_is_cancelled_there),
		redir_bed_test(interrupts_come_by_themselves),
		redir_bed_test(isochronous_streams_start_and_are_never_late),
		redir_bed_test(bulk_data_may_be_read_ahead),
		redir_bed_test(a_slow_guest_holds_the_line),
		redir_bed_test(a_slow_line_holds_the_guest),
		redir_bed_test(streams_are_asked_for_once),
		redir_bed_test(a_device_leaves_and_comes_again),
		redir_bed_test(another_other_side_may_come),
		redir_bed_test(who_is_unplugged_hears_that_the_line_ends),
		redir_bed_test(a_filter_keeps_devices_out),
		redir_bed_test(a_device_without_a_port_is_rejected),
		redir_bed_test(an_old_other_side_has_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
