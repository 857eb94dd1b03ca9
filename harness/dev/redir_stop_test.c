// SPDX-License-Identifier: MIT
/*
 * Tests of what the device `redir` takes back: streams and packets that the other side was told to send.
 */
#include "redir/testbed.h"

static void set_configuration(struct redir_bed *b)
{
	assert_int_equal(redir_bed_control(b, 0, 9, 1, 0, 0, NULL), 0);
}

static void set_setting(struct redir_bed *b)
{
	assert_int_equal(redir_bed_control(b, 1, 11, 1, 0, 0, NULL), 0);
}

static void reset_port(struct redir_bed *b)
{
	usb_device_reset(b->bed.port.dev);
	redir_bed_talk(b);
	assert_int_equal(b->peer.resets, 2);
}

/* Everything is started, made to have data, and made anew: it is stopped once, and what waited is gone. */
static void what_was_started_is_stopped_when(void **state, void (*anew)(struct redir_bed *b))
{
	struct redir_bed *b = *state;
	struct usb_packet *p;

	b->config.buffered = true;
	redir_bed_opened(state);
	p = usb_packet_new(b->bed.port.dev, USB_OUT, 2, 512);
	p->stream = 1;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	for (unsigned i = 0; i < 2; i++) {
		bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
		bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL);
		bed_packet(&b->bed, USB_IN, 5, NULL, 192, NULL);
		bed_packet(&b->bed, USB_OUT, 6, NULL, 192, NULL);
		redir_bed_talk(b);
	}
	usb_packet_free(p);
	peer_push(&b->peer, PEER_BULK_IN, 512);
	peer_push(&b->peer, PEER_INTERRUPT_IN, 8);
	peer_push(&b->peer, PEER_ISO_IN, 8);
	redir_bed_talk(b);
	assert_int_equal(b->peer.streams, 15);
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++)
		assert_int_equal(b->peer.stopped[i], 0);
	anew(b);
	for (unsigned i = 0; i < REDIR_ENDPOINTS; i++) {
		assert_int_equal(b->peer.stopped[i], i == 17 || i == 19 || i == 21 || i == 6);
		assert_int_equal(b->r->ep[i].count, 0);
	}
	assert_int_equal(b->peer.streams, 0);
	redir_bed_close(b);
}

static void what_was_started_is_stopped_before_another_configuration(void **state)
{
	what_was_started_is_stopped_when(state, set_configuration);
}

static void what_was_started_is_stopped_before_another_setting(void **state)
{
	what_was_started_is_stopped_when(state, set_setting);
}

static void what_was_started_is_stopped_before_a_reset(void **state)
{
	what_was_started_is_stopped_when(state, reset_port);
}

static void a_setting_stops_only_what_is_its_interface_s(void **state)
{
	struct redir_bed *b = *state;

	redir_bed_open(b, PEER_ALL_CAPS);
	b->peer.ep.interface[redir_index(PEER_ISO_IN)] = 1;
	redir_bed_introduce(b);
	redir_bed_configure(b);
	bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL);
	bed_packet(&b->bed, USB_IN, 5, NULL, 192, NULL);
	redir_bed_talk(b);
	set_setting(b);
	assert_int_equal(b->peer.stopped[redir_index(PEER_INTERRUPT_IN)], 1);
	assert_int_equal(b->peer.stopped[redir_index(PEER_ISO_IN)], 0);
	assert_true(b->r->ep[redir_index(PEER_ISO_IN)].started);
	bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL);
	redir_bed_talk(b);
	assert_int_equal(b->peer.started[redir_index(PEER_INTERRUPT_IN)], 2);
	redir_bed_close(b);
}

#define redir_bed_test(name) cmocka_unit_test_setup_teardown(name, redir_bed_new, redir_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		redir_bed_test(what_was_started_is_stopped_before_another_configuration),
		redir_bed_test(what_was_started_is_stopped_before_another_setting),
		redir_bed_test(what_was_started_is_stopped_before_a_reset),
		redir_bed_test(a_setting_stops_only_what_is_its_interface_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
