// SPDX-License-Identifier: MIT
/*
 * Tests of a session's snapshots: the guest goes on elsewhere, nothing is sent twice, and bytes from
 * anybody are only bytes.
 */
#include "redir/testbed.h"

/* It goes on where it was: nobody resets it. */
static int plug_only(void *opaque, struct usb_device *dev)
{
	struct redir_bed *b = opaque;

	return usb_plug(&b->bed.port, dev);
}

static int setup(void **state)
{
	struct redir_bed *b = alloc_zero(sizeof(*b));

	b->config.buffered = true;
	redir_bed_open(b, PEER_ALL_CAPS);
	redir_bed_introduce(b);
	redir_bed_configure(b);
	b->config.plug = plug_only;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	redir_bed_close(*state);
	free(*state);
	return 0;
}

/* The session goes on in another object, as after a migration. */
static void move(struct redir_bed *b)
{
	size_t len, again_len;
	uint8_t *bytes = redir_save(b->r, &len), *again;
	struct dev_link *link = redir_part(b->r);

	assert_non_null(bytes);
	assert_null(b->bed.port.dev);
	b->r = NULL;
	assert_int_equal(redir_restore(link, &b->config, bytes, len, &b->r), 0);
	again = redir_save(b->r, &again_len);
	assert_int_equal(again_len, len);
	assert_memory_equal(again, bytes, len);
	heap_free(bytes);
	heap_free(again);
	redir_bed_talk(b);
}

static void a_device_goes_on_elsewhere(void **state)
{
	struct redir_bed *b = *state;
	unsigned resets = b->peer.resets;

	b->bed.port.dev->ep_out[2].halted = true;
	move(b);
	assert_int_equal(b->bed.port.dev->state, USB_CONFIGURED);
	assert_int_equal(b->bed.port.dev->address, 1);
	assert_true(b->bed.port.dev->ep_out[2].halted);
	assert_int_equal(b->peer.resets, resets);
}

static void what_waits_goes_along(void **state)
{
	struct redir_bed *b = *state;
	uint32_t actual;

	bed_packet(&b->bed, USB_IN, 3, NULL, 64, NULL);
	bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
	redir_bed_talk(b);
	peer_push(&b->peer, PEER_INTERRUPT_IN, 7);
	peer_push(&b->peer, PEER_BULK_IN, 1000);
	redir_bed_talk(b);
	bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
	move(b);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 3, NULL, 64, &actual), USB_OK);
	assert_int_equal(actual, 7);
	assert_int_equal(bed_packet(&b->bed, USB_IN, 1, NULL, 512, &actual), USB_OK);
	assert_int_equal(actual, 488);
	assert_int_equal(b->peer.started[16 + 3], 1);
}

static void what_is_under_way_is_not_sent_twice(void **state)
{
	struct redir_bed *b = *state;
	enum usb_status status;
	struct usb_packet *p;

	b->peer.lazy = true;
	for (unsigned i = 0; i < 2; i++) {
		p = redir_bed_submit(b, PEER_BULK_OUT, 100, &status);
		redir_bed_talk(b);
		move(b);
		usb_packet_free(p);
		if (i) /* the answer is there before the guest comes back */
			assert_true(peer_answer(&b->peer, 0, usb_redir_success));
		redir_bed_talk(b);
		p = redir_bed_submit(b, PEER_BULK_OUT, 100, &status);
		redir_bed_talk(b);
		if (!i) {
			assert_int_equal(status, USB_ASYNC);
			assert_true(peer_answer(&b->peer, 0, usb_redir_success));
			redir_bed_talk(b);
		}
		assert_int_equal(p->status, USB_OK);
		usb_packet_free(p);
		assert_int_equal(b->peer.out_packets, i + 1);
	}
}

/* B04 */
static void what_the_line_does_not_take_goes_along(void **state)
{
	struct redir_bed *b = *state;
	enum usb_status status;
	struct usb_packet *p;

	b->peer.wire->takes = 0;
	p = redir_bed_submit(b, PEER_BULK_OUT, 5000, &status);
	b->peer.wire->takes = 10;
	redir_flush(b->r);
	move(b);
	usb_packet_free(p);
	assert_int_equal(b->peer.out_packets, 0);
	b->peer.wire->takes = SIZE_MAX;
	redir_bed_talk(b);
	assert_int_equal(b->peer.out_packets, 1);
}

static int nowhere(void *opaque, struct usb_device *dev)
{
	(void)opaque;
	(void)dev;
	return -EBUSY;
}

/* Each byte of a snapshot changed, and each length of it: no harm, and no block is left. */
static void bytes_from_anybody_are_only_bytes(void **state)
{
	struct redir_bed *b = *state;
	struct redir_config config = {.plug = nowhere};
	struct wire *w = wire_new();
	enum usb_status status;
	struct usb_packet *p;
	struct redir *r;
	uint64_t blocks;
	uint8_t *bytes;
	size_t len;

	b->peer.lazy = true;
	bed_packet(&b->bed, USB_IN, 1, NULL, 512, NULL);
	redir_bed_talk(b);
	peer_push(&b->peer, PEER_BULK_IN, 10);
	p = redir_bed_submit(b, PEER_BULK_OUT, 10, &status);
	redir_bed_talk(b);
	bytes = redir_save(b->r, &len);
	blocks = heap_live();
	for (size_t i = 0; i < len; i++) {
		static const uint8_t flips[] = {0x01, 0x80, 0xff};

		for (unsigned k = 0; k < ARRAY_SIZE(flips); k++) {
			bytes[i] ^= flips[k];
			assert_true(redir_restore(&w->link, &config, bytes, len, &r) < 0);
			bytes[i] ^= flips[k];
		}
		assert_int_equal(redir_restore(&w->link, &config, bytes, i, &r), -EINVAL);
		assert_int_equal(heap_live(), blocks);
	}
	assert_int_equal(redir_restore(&w->link, &config, bytes, len, &r), -EBUSY);
	heap_free(bytes);
	dev_link_free(&w->link);
	usb_packet_free(p);
}

#define redir_bed_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		redir_bed_test(a_device_goes_on_elsewhere),
		redir_bed_test(what_waits_goes_along),
		redir_bed_test(what_is_under_way_is_not_sent_twice),
		redir_bed_test(what_the_line_does_not_take_goes_along),
		redir_bed_test(bytes_from_anybody_are_only_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
