// SPDX-License-Identifier: MIT
/*
 * Tests of the device model `redir`: tables, messages and answers that are not polite.
 */
#include "redir/testbed.h"

/* B09 */
static void answers_may_come_in_any_order(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	enum usb_status status;
	struct usb_packet *first, *second;

	b->peer.lazy = true;
	first = redir_bed_submit(b, PEER_BULK_IN, 512, &status);
	second = redir_bed_submit(b, PEER_BULK_IN, 512, &status);
	redir_bed_talk(b);
	assert_true(peer_answer(&b->peer, 1, usb_redir_success));
	redir_bed_talk(b);
	assert_int_equal(first->state, USB_PACKET_WITH_DEVICE);
	assert_int_equal(second->status, USB_OK);
	assert_true(peer_answer(&b->peer, 0, usb_redir_stall));
	redir_bed_talk(b);
	assert_int_equal(first->status, USB_STALL);
	assert_true(b->bed.port.dev->ep_in[1].halted);
	b->peer.lazy = false;
	assert_int_equal(redir_bed_control(b, 2, 1, 0, PEER_BULK_IN, 0, NULL), 0);
	assert_false(b->bed.port.dev->ep_in[1].halted);
	usb_packet_free(first);
	usb_packet_free(second);
	redir_bed_close(b);
}

/* B11 */
static void every_result_code_has_a_meaning(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	b->peer.lazy = true;
	for (unsigned code = 0; code < 256; code++) {
		enum usb_status status;
		struct usb_packet *p = redir_bed_submit(b, PEER_BULK_OUT, 8, &status);

		redir_bed_talk(b);
		assert_true(peer_answer(&b->peer, 0, (uint8_t)code));
		redir_bed_talk(b);
		assert_int_equal(p->status,
				 code == usb_redir_success          ? USB_OK
					 : code == usb_redir_stall  ? USB_STALL
					 : code == usb_redir_babble ? USB_BABBLE
								    : USB_XACT);
		b->bed.port.dev->ep_out[2].halted = false;
		usb_packet_free(p);
	}
	redir_bed_close(b);
}

static void what_nobody_fetches_is_bounded(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL);
	redir_bed_talk(b);
	for (unsigned i = 0; i < 10 * REDIR_MAX_WAITING; i++)
		peer_push(&b->peer, PEER_INTERRUPT_IN, 64);
	redir_bed_talk(b);
	assert_int_equal(b->r->ep[16 + 3].count, REDIR_MAX_WAITING);
	redir_bed_close(b);
}

/* B01, the field's own crash: record 16 is endpoint 0x80 */
static void an_endpoint_0x80_is_skipped_with_one_warning_and_the_rest_works(void **state)
{
	struct redir_bed *b = *state;
	enum usb_status status;
	struct usb_packet *p;
	uint8_t desc[18];

	redir_bed_open(b, PEER_ALL_CAPS);
	b->peer.ep.type[16] = usb_redir_type_interrupt;
	b->peer.ep.interval[16] = 10;
	redir_bed_introduce(b);
	assert_int_equal(b->warnings, 1);
	assert_non_null(strstr(b->warning, "0x80"));
	assert_int_equal(b->bed.port.dev->ep0.type, USB_EP_CONTROL);
	assert_int_equal(redir_bed_control(b, 0x80, 6, 0x100, 0, 18, desc), 18);
	b->peer.ep.type[16] = usb_redir_type_control;
	redir_bed_configure(b);
	p = redir_bed_submit(b, PEER_BULK_IN, 512, &status);
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_OK);
	usb_packet_free(p);
	redir_bed_close(b);
}

/* B08 */
static void a_table_that_changes_takes_everything_with_it(void **state)
{
	struct redir_bed *b = *state;
	enum usb_status status;
	struct usb_packet *p;

	b->config.buffered = true;
	redir_bed_opened(state);
	bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
	redir_bed_talk(b);
	peer_push(&b->peer, PEER_BULK_IN, 5000);
	b->peer.lazy = true;
	p = redir_bed_submit(b, PEER_BULK_OUT, 8, &status);
	redir_bed_talk(b);
	assert_int_equal(b->r->ep[17].bytes, 5000);
	b->peer.ep.max_packet_size[17] = 0;
	b->peer.ep.type[2] = usb_redir_type_iso;
	peer_tell_endpoints(&b->peer);
	peer_push(&b->peer, PEER_BULK_IN, 5000);
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_XACT);
	assert_false(b->bed.port.dev->ep_in[1].present);
	assert_int_equal(b->r->ep[17].bytes, 0);
	assert_false(b->r->ep[17].started);
	assert_int_equal(b->bed.port.dev->ep_out[2].type, USB_EP_ISOCH);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL), USB_XACT);
	usb_packet_free(p);
	redir_bed_close(b);
}

static void types_that_do_not_exist_make_no_endpoint(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	for (unsigned type = 0; type < 256; type++) {
		b->peer.ep.type[17] = (uint8_t)type;
		peer_tell_endpoints(&b->peer);
		redir_bed_talk(b);
		assert_int_equal(b->bed.port.dev->ep_in[1].present, type >= 1 && type <= 3);
	}
	redir_bed_close(b);
}

static void write_raw(struct redir_bed *b, uint32_t type, uint64_t id, const void *body,
		      uint32_t len)
{
	uint8_t head[16];

	put_le32(head, type);
	put_le32(head + 4, len);
	put_le64(head + 8, id);
	wire_append(&b->peer.wire->in, head, sizeof(head));
	wire_append(&b->peer.wire->in, body, len);
}

/* B05, B07: no byte after a message that makes no sense is believed. */
static void a_message_that_makes_no_sense_ends_the_connection(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	uint8_t nothing[16] = {0};

	write_raw(b, 77, 1, nothing, sizeof(nothing));
	peer_introduce(&b->peer, usb_redir_speed_high);
	dev_link_ready(&b->peer.wire->link);
	assert_null(b->bed.port.dev);
	assert_null(b->r->parser);
	assert_int_equal(b->peer.wire->link.visits & 1, 0);
	redir_bed_close(b);
}

/* B06 */
static void more_interfaces_than_there_can_be_are_refused(void **state)
{
	struct redir_bed *b = *state;
	uint8_t body[132] = {33};

	redir_bed_open(b, PEER_ALL_CAPS);
	write_raw(b, usb_redir_interface_info, 0, body, sizeof(body));
	dev_link_ready(&b->peer.wire->link);
	assert_null(b->r->parser);
	assert_false(b->r->have_interfaces);
	redir_bed_close(b);
}

static void answers_nobody_waits_for_are_dropped(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);
	struct usb_redir_bulk_packet_header h = {.endpoint = PEER_BULK_OUT, .length = 8};
	enum usb_status status;
	struct usb_packet *p;

	b->peer.lazy = true;
	p = redir_bed_submit(b, PEER_BULK_OUT, 8, &status);
	redir_bed_talk(b);
	for (uint64_t id = 0; id < 100; id++)
		if (id != b->peer.last_id)
			write_raw(b, usb_redir_bulk_packet, id, &h, sizeof(h));
	redir_bed_talk(b);
	assert_int_equal(p->state, USB_PACKET_WITH_DEVICE);
	h.endpoint = 9; /* the right id, and another endpoint */
	write_raw(b, usb_redir_bulk_packet, b->peer.last_id, &h, sizeof(h));
	redir_bed_talk(b);
	assert_int_equal(p->status, USB_XACT);
	usb_packet_free(p);
	redir_bed_close(b);
}

static void warnings_are_no_flood(void **state)
{
	struct redir_bed *b = redir_bed_opened(state);

	for (unsigned i = 0; i < 1000; i++) {
		b->peer.ep.type[16] = usb_redir_type_iso;
		peer_tell_endpoints(&b->peer);
	}
	redir_bed_talk(b);
	assert_int_equal(b->warnings, REDIR_MAX_WARNINGS);
	redir_bed_close(b);
}

#define redir_bed_test(name) cmocka_unit_test_setup_teardown(name, redir_bed_new, redir_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		redir_bed_test(answers_may_come_in_any_order),
		redir_bed_test(every_result_code_has_a_meaning),
		redir_bed_test(what_nobody_fetches_is_bounded),
		redir_bed_test(an_endpoint_0x80_is_skipped_with_one_warning_and_the_rest_works),
		redir_bed_test(a_table_that_changes_takes_everything_with_it),
		redir_bed_test(types_that_do_not_exist_make_no_endpoint),
		redir_bed_test(a_message_that_makes_no_sense_ends_the_connection),
		redir_bed_test(more_interfaces_than_there_can_be_are_refused),
		redir_bed_test(answers_nobody_waits_for_are_dropped),
		redir_bed_test(warnings_are_no_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
