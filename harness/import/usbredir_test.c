// SPDX-License-Identifier: MIT
/*
 * Tests of recordings of usbredir as a source: what the real parser has sent on both sides, with and without the
 * guest's, and with the short messages of old ones; cut and damaged ones end.
 */
#include "export/testbed.h"
#include "import/testbed.h"
#include "tool/tool.h"

struct talk_recorded {
	struct guest g;
	struct wire_bytes host, guest;
};

static int hear(void *opaque, const uint8_t *bytes, int count)
{
	struct talk_recorded *r = opaque;

	wire_append(&r->host, bytes, (size_t)count);
	return guest_hear(&r->g, bytes, count);
}

static int write_guest(void *priv, uint8_t *data, int count)
{
	struct talk_recorded *r = priv;

	wire_append(&r->guest, data, (size_t)count);
	return guest_write(&r->g, data, count);
}

/* A keyboard is enumerated and a key pressed. */
static void record(struct talk_recorded *r, uint32_t caps)
{
	struct usb_redir_set_configuration_header config = {1};
	struct usb_redir_start_interrupt_receiving_header start = {0x81};
	struct guest *g = &r->g;
	uint8_t leds = 2;

	memset(r, 0, sizeof(*r));
	g->e.write = hear;
	g->e.opaque = r;
	export_connect(&g->e);
	guest_call_with(g, caps);
	g->parser->write_func = write_guest;
	assert_int_equal(export_plug(&g->e, keyboard_new(), USB_SPEED_FULL), 0);
	guest_talk(g);
	guest_ask(g, 1, 0x80, 6, 0x0100, 0, 18, NULL);
	guest_ask(g, 2, 0x80, 6, 0x0200, 0, 255, NULL);
	guest_ask(g, 3, 0x80, 6, 0x0300, 0, 255, NULL);
	guest_ask(g, 4, 0x80, 6, 0x0302, 0x0409, 255, NULL);
	usbredirparser_send_set_configuration(g->parser, 5, &config);
	guest_ask(g, 6, 0x21, 9, 0x0200, 0, 1, &leds);
	usbredirparser_send_start_interrupt_receiving(g->parser, 7, &start);
	guest_step(g, 2);
	keyboard_press(g->e.usbfs.port.dev, 0x1e, true);
	guest_step(g, 20);
	assert_int_equal(g->interrupt.count, 1);
	export_hang_up(&g->e);
	export_unplug(&g->e);
	usbredirparser_destroy(g->parser);
	heap_free(g->to.data);
	heap_free(g->from.data);
}

static void forget(struct talk_recorded *r)
{
	heap_free(r->host.data);
	heap_free(r->guest.data);
}

static void read_both(struct import_bed *p, const struct talk_recorded *r, bool with_guest)
{
	free(p->bytes);
	p->bytes = NULL;
	import_traffic_free(&p->traffic);
	assert_int_equal(import_usbredir(r->host.data, r->host.len,
					 with_guest ? r->guest.data : NULL, r->guest.len,
					 &p->traffic),
			 0);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len), 0);
}

/* As the model has it: device and configuration, then the strings that were asked for. */
static void is_our_keyboard(const struct import_bed *p)
{
	struct usb_device *dev = keyboard_new();
	size_t len;
	const uint8_t *want = dev->ops->describe(dev, USB_SPEED_FULL, &len);

	assert_true(p->len > 18 + 34 + 4);
	assert_memory_equal(p->bytes, want, 18 + 34);
	assert_memory_equal(p->bytes + 18 + 34, "\4\3\x09\4\2\3", 6);
	dev_free(dev);
}

static void what_both_sides_said_becomes_the_set_that_was_served(void **state)
{
	static const uint32_t caps[] = {PEER_ALL_CAPS, PEER_ALL_CAPS & ~0x20u, 0};
	struct import_bed *p = *state;
	struct talk_recorded r;

	for (unsigned i = 0; i < ARRAY_SIZE(caps); i++)
		for (unsigned with_guest = 0; with_guest < 2; with_guest++) {
			record(&r, caps[i]);
			read_both(p, &r, with_guest);
			is_our_keyboard(p);
			forget(&r);
		}
}

static void it_is_played_and_is_the_same_device(void **state)
{
	struct import_bed *p = *state;
	struct talk_recorded r;
	uint8_t *set;

	record(&r, PEER_ALL_CAPS);
	read_both(p, &r, true);
	p->text = tool_import_program(&p->traffic, 0, p->bytes, p->len);
	assert_non_null(strstr(p->text, "\nanswer ep=1 pid=in data=0000040000000000\n"));
	assert_non_null(
		strstr(p->text, "\ncontrol type=0x21 request=9 value=0x0200 index=0 length=1\n"));
	set = p->bytes;
	p->bytes = NULL;
	import_traffic_free(&p->traffic);
	import_bed_capture(p, p->text);
	assert_int_equal(import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)), 0);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len), 0);
	assert_memory_equal(p->bytes, set, 18 + 34);
	free(set);
	forget(&r);
}

static void cut_and_damaged_ones_end(void **state)
{
	struct import_bed *p = *state;
	struct talk_recorded r;

	record(&r, PEER_ALL_CAPS);
	for (size_t at = 0; at < r.host.len; at++) {
		uint8_t *exact = alloc_zero(at + 1);

		memcpy(exact, r.host.data, at);
		if (!import_usbredir(exact, at, r.guest.data, min_u64(at, r.guest.len),
				     &p->traffic))
			(void)import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len);
		free(p->bytes);
		p->bytes = NULL;
		import_traffic_free(&p->traffic);
		free(exact);
		r.host.data[at] ^= 0x81;
		if (!import_usbredir(r.host.data, r.host.len, NULL, 0, &p->traffic))
			(void)import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len);
		r.host.data[at] ^= 0x81;
		free(p->bytes);
		p->bytes = NULL;
		import_traffic_free(&p->traffic);
	}
	forget(&r);
}

static void what_does_not_begin_with_a_hello_is_none(void **state)
{
	struct import_bed *p = *state;
	uint8_t bytes[100] = {1};

	assert_int_equal(import_usbredir(bytes, sizeof(bytes), NULL, 0, &p->traffic), -EINVAL);
	assert_int_equal(import_usbredir(bytes, 0, NULL, 0, &p->traffic), -EINVAL);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, import_bed_new, import_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(what_both_sides_said_becomes_the_set_that_was_served),
		place_test(it_is_played_and_is_the_same_device),
		place_test(cut_and_damaged_ones_end),
		place_test(what_does_not_begin_with_a_hello_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
