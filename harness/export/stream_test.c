// SPDX-License-Identifier: MIT
/*
 * Tests of endpoints of an exported device that send, or take, of their own accord.
 */
#include "export/testbed.h"

#define INTERRUPT_IN 0x82
#define ISO_IN 0x83
#define ISO_OUT 0x03

/* The device zero always has something; setting 1 has an endpoint of each kind. */
static struct guest *with_zero(void **state)
{
	struct guest *g = guest_with(state, zero_new(), USB_SPEED_HIGH);

	guest_set(g, 1, 0, 1);
	return g;
}

static void start_interrupt(struct guest *g, uint8_t endpoint)
{
	struct usb_redir_start_interrupt_receiving_header h = {endpoint};

	usbredirparser_send_start_interrupt_receiving(g->parser, 5, &h);
	guest_talk(g);
}

static void start_iso(struct guest *g, uint8_t endpoint, uint8_t packets, uint8_t urbs)
{
	struct usb_redir_start_iso_stream_header h = {
		.endpoint = endpoint, .pkts_per_urb = packets, .no_urbs = urbs};

	usbredirparser_send_start_iso_stream(g->parser, 6, &h);
	guest_talk(g);
}

static void start_bulk(struct guest *g, uint8_t endpoint, uint32_t bytes, uint8_t transfers)
{
	struct usb_redir_start_bulk_receiving_header h = {
		.bytes_per_transfer = bytes, .endpoint = endpoint, .no_transfers = transfers};

	usbredirparser_send_start_bulk_receiving(g->parser, 7, &h);
	guest_talk(g);
}

/* bInterval 4 at high speed: each millisecond (USB2 9.6.6). */
static void interrupts_come_once_an_interval_until_they_are_stopped(void **state)
{
	struct usb_redir_stop_interrupt_receiving_header stop = {INTERRUPT_IN};
	struct guest *g = with_zero(state);
	unsigned before;

	start_interrupt(g, INTERRUPT_IN);
	assert_int_equal(g->interrupt_status.id, 5);
	assert_int_equal(g->interrupt_status.status, usb_redir_success);
	before = g->interrupt.count;
	guest_step(g, 20);
	assert_in_range(g->interrupt.count - before, 18, 21);
	assert_int_equal(g->interrupt.endpoint, INTERRUPT_IN);
	assert_int_equal(g->interrupt.len, 64);
	usbredirparser_send_stop_interrupt_receiving(g->parser, 8, &stop);
	guest_talk(g);
	assert_int_equal(g->interrupt_status.id, 8);
	before = g->interrupt.count;
	guest_step(g, 20);
	assert_int_equal(g->interrupt.count, before);
	assert_null(g->e.urbs);
}

static void isochronous_packets_go_both_ways(void **state)
{
	struct usb_redir_stop_iso_stream_header stop = {ISO_IN};
	struct usb_redir_iso_packet_header h = {.endpoint = ISO_OUT, .length = 100};
	struct guest *g = with_zero(state);
	uint8_t zeroes[100] = {0};
	unsigned before;

	start_iso(g, ISO_IN, 8, 2);
	assert_int_equal(g->iso_status.status, usb_redir_success);
	guest_step(g, 32);
	assert_in_range(g->iso.count, 16, 48); /* one a millisecond, in eights */
	assert_int_equal(g->iso.count % 8, 0);
	assert_int_equal(g->iso.len, 1024);
	usbredirparser_send_stop_iso_stream(g->parser, 9, &stop);
	guest_talk(g);
	before = g->iso.count;
	start_iso(g, ISO_OUT, 1, 4);
	assert_int_equal(g->iso_status.status, usb_redir_success);
	for (unsigned i = 0; i < 20; i++) {
		usbredirparser_send_iso_packet(g->parser, i, &h, zeroes, sizeof(zeroes));
		guest_step(g, 1);
	}
	assert_int_equal(g->iso.count, before); /* output has no answer */
	assert_int_equal(g->iso_status.count, 3);
}

static void bulk_is_read_ahead_in_pieces_as_asked(void **state)
{
	struct usb_redir_stop_bulk_receiving_header stop = {.endpoint = 0x81};
	struct guest *g = with_zero(state);
	unsigned before;

	start_bulk(g, 0x81, 1024, 2);
	assert_int_equal(g->bulk_status.status, usb_redir_success);
	guest_step(g, 2);
	assert_true(g->buffered.count > 2);
	assert_int_equal(g->buffered.endpoint, 0x81);
	assert_int_equal(g->buffered.len, 1024);
	usbredirparser_send_stop_bulk_receiving(g->parser, 9, &stop);
	guest_talk(g);
	before = g->buffered.count;
	guest_step(g, 2);
	assert_int_equal(g->buffered.count, before);
}

static void who_does_not_listen_gets_no_more_than_a_queue(void **state)
{
	struct guest *g = with_zero(state);
	int waiting;

	start_bulk(g, 0x81, 512, 8);
	g->deaf = true;
	guest_step(g, 50);
	waiting = usbredirparser_has_data_to_write(g->e.parser);
	assert_false(export_is_ready(&g->e));
	guest_step(g, 50);
	assert_int_equal(usbredirparser_has_data_to_write(g->e.parser), waiting);
	assert_true(waiting <= (int)EXPORT_QUEUE + 8);
	g->deaf = false;
	guest_talk(g);
	assert_true(g->buffered.count >= (unsigned)waiting);
	assert_true(export_is_ready(&g->e));
}

static void what_does_not_fit_is_refused(void **state)
{
	struct guest *g = with_zero(state);

	start_interrupt(g, 0x81); /* bulk */
	assert_int_equal(g->interrupt_status.status, usb_redir_inval);
	start_interrupt(g, 0x80);
	assert_int_equal(g->interrupt_status.status, usb_redir_inval);
	start_interrupt(g, 0x02); /* output */
	assert_int_equal(g->interrupt_status.status, usb_redir_inval);
	start_iso(g, ISO_IN, 0, 2);
	assert_int_equal(g->iso_status.status, usb_redir_inval);
	start_iso(g, ISO_IN, 2, 0);
	assert_int_equal(g->iso_status.status, usb_redir_inval);
	start_bulk(g, 0x81, 0, 2);
	assert_int_equal(g->bulk_status.status, usb_redir_inval);
	start_bulk(g, 0x8f, 512, 2);
	assert_int_equal(g->bulk_status.status, usb_redir_inval);
	guest_step(g, 5);
	assert_int_equal(g->interrupt.count + g->iso.count + g->buffered.count, 0);
}

static void a_setting_ends_the_streams_of_its_interface(void **state)
{
	struct guest *g = with_zero(state);
	unsigned before;

	start_interrupt(g, INTERRUPT_IN);
	guest_step(g, 5);
	guest_set(g, 2, 0, 0);
	assert_int_equal(g->setting.status, usb_redir_success);
	before = g->interrupt.count;
	guest_step(g, 5);
	assert_int_equal(g->interrupt.count, before);
}

static void an_endpoint_that_stalls_ends_its_stream(void **state)
{
	static const struct scripted_answer stall = {
		.number = 1, .pid = USB_IN, .status = USB_STALL};
	struct guest *g = guest_with(state, keyboard_new(), USB_SPEED_HIGH);

	start_interrupt(g, 0x81);
	assert_int_equal(g->interrupt_status.status, usb_redir_success);
	guest_step(g, 20); /* a keyboard has nothing to say: no packet, no end */
	assert_int_equal(g->interrupt.count, 0);
	assert_int_equal(g->interrupt_status.count, 1);
	export_unplug(&g->e);
	assert_int_equal(export_plug(&g->e, scripted_new(NULL, 0, 0), USB_SPEED_HIGH), 0);
	guest_talk(g);
	for (unsigned r = 17; r < 32; r++)
		if (g->ep.type[r] == usb_redir_type_interrupt) {
			struct scripted_answer answer = stall;

			answer.number = (uint8_t)(r & 15);
			scripted_answer(g->e.usbfs.port.dev, &answer);
			start_interrupt(g, (uint8_t)(0x80 | (r & 15)));
			guest_step(g, 100);
			assert_int_equal(g->interrupt_status.status, usb_redir_stall);
			return;
		}
	fail_msg("the scripted device has no interrupt endpoint");
}

static void streams_are_had_all_or_none(void **state)
{
	struct usb_redir_alloc_bulk_streams_header alloc = {.no_streams = 4};
	struct usb_redir_free_bulk_streams_header freed;
	struct guest *g = *state;
	uint32_t with = 0;

	g->disk = disk_new_memory(64, 512);
	g = guest_with(state, uas_new(g->disk), USB_SPEED_SUPER);
	guest_set(g, 1, 0, 1);
	for (unsigned r = 0; r < 32; r++)
		with |= (uint32_t)(g->ep.max_streams[r] != 0) << r;
	assert_true(with != 0);
	alloc.endpoints = with;
	usbredirparser_send_alloc_bulk_streams(g->parser, 2, &alloc);
	guest_talk(g);
	assert_int_equal(g->streams.status, usb_redir_success);
	assert_int_equal(g->streams.len, 4);
	alloc.no_streams = 60000;
	usbredirparser_send_alloc_bulk_streams(g->parser, 3, &alloc);
	guest_talk(g);
	assert_int_not_equal(g->streams.status, usb_redir_success);
	freed.endpoints = with;
	usbredirparser_send_free_bulk_streams(g->parser, 4, &freed);
	guest_talk(g);
	assert_int_equal(g->streams.id, 4);
	assert_int_equal(g->streams.status, usb_redir_success);
}

static void who_waits_knows_how_long(void **state)
{
	struct guest *g = with_zero(state);

	assert_true(export_wait_ns(&g->e) == UINT64_MAX);
	start_interrupt(g, INTERRUPT_IN);
	assert_true(export_wait_ns(&g->e) <= 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guest_test(interrupts_come_once_an_interval_until_they_are_stopped),
		guest_test(isochronous_packets_go_both_ways),
		guest_test(bulk_is_read_ahead_in_pieces_as_asked),
		guest_test(who_does_not_listen_gets_no_more_than_a_queue),
		guest_test(what_does_not_fit_is_refused),
		guest_test(a_setting_ends_the_streams_of_its_interface),
		guest_test(an_endpoint_that_stalls_ends_its_stream),
		guest_test(streams_are_had_all_or_none),
		guest_test(who_waits_knows_how_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
