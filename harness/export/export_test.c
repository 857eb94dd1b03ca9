// SPDX-License-Identifier: MIT
/*
 * Tests of an exported device as somebody else's USB host has it: connection, requests, packets, and the ends of all.
 */
#include <errno.h>

#include "export/testbed.h"
#include "usb/desc.h"

#define BULK_IN 0x81
#define BULK_OUT 0x02

/* A device of somebody: a bulk pair, and it answers as it is told. */
static const uint8_t pair[] = {
	18, 1, 0,    2, 0, 0,    0, 64,   0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1, /* device */
	9,  2, 32,   0, 1, 1,    0, 0xc0, 50,                                 /* configuration */
	9,  4, 0,    0, 2, 0xff, 0, 0,    0,                                  /* interface */
	7,  5, 0x81, 2, 0, 2,    0,                                           /* endpoints */
	7,  5, 0x02, 2, 0, 2,    0,
};

static struct guest *with_pair(void **state)
{
	return guest_with(state, scripted_new(pair, sizeof(pair), 0), USB_SPEED_HIGH);
}

static void a_device_is_shown_to_who_said_hello(void **state)
{
	struct guest *g = *state;

	assert_int_equal(export_plug(&g->e, zero_new(), USB_SPEED_HIGH), 0);
	assert_int_equal(export_work(&g->e, 0), 0);
	assert_int_equal(usbredirparser_do_read(g->parser), 0);
	assert_int_equal(g->hellos, 1);
	assert_int_equal(g->connects, 0); /* it knows not yet what we can do */
	guest_talk(g);
	assert_int_equal(g->connects, 1);
	assert_int_equal(g->device.speed, usb_redir_speed_high);
	assert_int_equal(g->device.product_id, g->e.usbfs.port.dev->desc->device->product);
	assert_int_equal(g->interfaces.interface_count, 1);
	assert_int_equal(g->interfaces.interface_class[0], 0xff);
	for (unsigned r = 0; r < 32; r++)
		assert_int_equal(g->ep.type[r],
				 r == 0 || r == 16           ? usb_redir_type_control
					 : r == 1 || r == 17 ? usb_redir_type_bulk
							     : usb_redir_type_invalid);
	assert_int_equal(g->ep.max_packet_size[17], 512);
}

static void a_request_is_answered_once_under_its_id(void **state)
{
	struct guest *g = guest_with(state, zero_new(), USB_SPEED_HIGH);
	uint8_t data[8] = "written";

	guest_ask(g, 7, 0x80, 6, 0x0100, 0, 18, NULL);
	assert_int_equal(g->control.count, 1);
	assert_int_equal(g->control.id, 7);
	assert_int_equal(g->control.status, usb_redir_success);
	assert_int_equal(g->control.len, 18);
	assert_int_equal(g->control.data[1], 1);
	guest_ask(g, 8, 0x40, 0x5b, 0, 0, sizeof(data), data);
	assert_int_equal(g->control.status, usb_redir_success);
	guest_ask(g, 9, 0xc0, 0x5c, 0, 0, sizeof(data), NULL);
	assert_int_equal(g->control.id, 9);
	assert_memory_equal(g->control.data, data, sizeof(data));
	guest_ask(g, 10, 0xc0, 0x77, 0, 0, 1, NULL);
	assert_int_equal(g->control.status, usb_redir_stall);
	assert_int_equal(g->control.count, 4);
}

static void settings_and_configurations_change_what_is_told(void **state)
{
	struct guest *g = guest_with(state, zero_new(), USB_SPEED_HIGH);
	struct usb_redir_get_alt_setting_header get = {0};
	struct usb_redir_set_configuration_header none = {0};

	guest_set(g, 3, 0, 1);
	assert_int_equal(g->setting.status, usb_redir_success);
	assert_int_equal(g->setting.id, 3);
	assert_int_equal(g->setting.len, 1);
	assert_int_equal(g->ep.type[18], usb_redir_type_interrupt);
	assert_int_equal(g->ep.type[19], usb_redir_type_iso);
	guest_set(g, 4, 0, 7);
	assert_int_not_equal(g->setting.status, usb_redir_success);
	usbredirparser_send_get_alt_setting(g->parser, 5, &get);
	guest_talk(g);
	assert_int_equal(g->setting.id, 5);
	assert_int_equal(g->setting.len, 1);
	usbredirparser_send_get_configuration(g->parser, 6);
	guest_talk(g);
	assert_int_equal(g->configuration.len, 1);
	usbredirparser_send_set_configuration(g->parser, 7, &none);
	guest_talk(g);
	assert_int_equal(g->configuration.id, 7);
	assert_int_equal(g->configuration.len, 0);
	assert_int_equal(g->ep.type[1], usb_redir_type_invalid);
	assert_int_equal(g->interfaces.interface_count, 0);
}

static void bulk_goes_both_ways_and_says_how(void **state)
{
	struct guest *g = guest_with(state, zero_new(), USB_SPEED_HIGH);
	uint8_t zeroes[512] = {0}, ones[512] = {1};

	guest_move(g, 1, 0x81, 70000, NULL);
	assert_int_equal(g->bulk.status, usb_redir_success);
	assert_int_equal(g->bulk.len, 70000);
	guest_move(g, 2, 0x01, sizeof(zeroes), zeroes);
	assert_int_equal(g->bulk.status, usb_redir_success);
	assert_int_equal(g->bulk.len, sizeof(zeroes));
	guest_move(g, 3, 0x01, sizeof(ones), ones);
	assert_int_equal(g->bulk.status, usb_redir_stall);
	guest_move(g, 4, 0x85, 512, NULL); /* there is none */
	assert_int_equal(g->bulk.status, usb_redir_inval);
	guest_move(g, 5, 0x81, USBFS_URB_MAX_BYTES + 1, NULL);
	assert_int_equal(g->bulk.status, usb_redir_inval);
	assert_int_equal(g->bulk.count, 5);
}

static void what_is_taken_back_is_answered_as_cancelled(void **state)
{
	static const struct scripted_answer later = {
		.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &later);
	guest_move(g, 11, BULK_IN, 512, NULL);
	assert_int_equal(g->bulk.count, 0);
	usbredirparser_send_cancel_data_packet(g->parser, 12); /* never heard of */
	guest_talk(g);
	assert_int_equal(g->bulk.count, 0);
	usbredirparser_send_cancel_data_packet(g->parser, 11);
	guest_talk(g);
	assert_int_equal(g->bulk.count, 1);
	assert_int_equal(g->bulk.id, 11);
	assert_int_equal(g->bulk.status, usb_redir_cancelled);
}

static void a_reset_takes_everything_back(void **state)
{
	static const struct scripted_answer later = {
		.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &later);
	guest_move(g, 11, BULK_IN, 512, NULL);
	usbredirparser_send_reset(g->parser);
	guest_talk(g);
	assert_int_equal(g->bulk.count, 1);
	assert_int_equal(g->bulk.status, usb_redir_cancelled);
	guest_move(g, 12, BULK_IN, 512, NULL);
	assert_int_equal(g->bulk.status, usb_redir_success);
}

static void a_request_that_nobody_answers_is_given_up(void **state)
{
	static const struct scripted_answer never = {.status = USB_ASYNC, .request = true};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &never);
	guest_ask(g, 5, 0xc0, 1, 0, 0, 4, NULL);
	guest_step(g, EXPORT_CONTROL_MSEC - 1);
	assert_int_equal(g->control.count, 0);
	guest_step(g, 2);
	assert_int_equal(g->control.count, 1);
	assert_int_equal(g->control.status, usb_redir_timeout);
}

static void a_device_that_leaves_is_said_to_and_another_may_come(void **state)
{
	static const struct scripted_answer later = {
		.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &later);
	guest_move(g, 11, BULK_IN, 512, NULL);
	export_unplug(&g->e);
	guest_talk(g);
	assert_int_equal(g->disconnects, 1);
	guest_move(g, 12, BULK_IN, 512, NULL);
	assert_int_equal(g->bulk.status, usb_redir_ioerror);
	assert_int_equal(export_plug(&g->e, keyboard_new(), USB_SPEED_NONE), 0);
	guest_talk(g);
	assert_int_equal(g->connects, 2);
	assert_int_equal(g->interfaces.interface_class[0], 3);
	assert_int_equal(g->disconnects, 1);
}

static void who_hangs_up_leaves_nothing_and_may_call_again(void **state)
{
	static const struct scripted_answer later = {
		.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &later);
	guest_move(g, 11, BULK_IN, 512, NULL);
	export_hang_up(&g->e);
	assert_null(g->e.urbs);
	assert_int_equal(g->e.usbfs.bus.live_packets, 0);
	usbredirparser_destroy(g->parser);
	export_connect(&g->e);
	guest_call(g);
	guest_talk(g);
	assert_int_equal(g->connects, 2);
	guest_move(g, 12, BULK_OUT, 0, NULL);
	assert_int_equal(g->bulk.status, usb_redir_success);
}

static void a_filter_that_rejects_it_gets_nothing_more(void **state)
{
	static const struct scripted_answer later = {
		.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct guest *g = with_pair(state);

	scripted_answer(g->e.usbfs.port.dev, &later);
	guest_move(g, 11, BULK_IN, 512, NULL);
	usbredirparser_send_filter_reject(g->parser);
	guest_talk(g);
	assert_int_equal(g->bulk.status, usb_redir_cancelled);
	assert_non_null(strstr(g->line, "rejects"));
	export_unplug(&g->e);
	guest_talk(g);
	assert_int_equal(g->disconnects, 0); /* of what it does not have */
}

static void bytes_that_mean_nothing_end_it(void **state)
{
	struct guest *g = *state;
	uint8_t bytes[2000];
	int err = 0;

	guest_talk(g);
	memset(bytes, 0xff, sizeof(bytes));
	for (unsigned i = 0; i < 100 && !err; i++)
		err = export_receive(&g->e, bytes, sizeof(bytes));
	assert_int_equal(err, -EPROTO);
}

static void each_errno_has_its_status(void **state)
{
	static const struct {
		int err;
		uint8_t status;
	} list[] = {
		{0, usb_redir_success},         {-EPIPE, usb_redir_stall},
		{-EOVERFLOW, usb_redir_babble}, {-ETIMEDOUT, usb_redir_timeout},
		{-EINVAL, usb_redir_inval},     {-ENOMEM, usb_redir_inval},
		{-EPROTO, usb_redir_ioerror},   {-ENODEV, usb_redir_ioerror},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(export_status(list[i].err), list[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guest_test(a_device_is_shown_to_who_said_hello),
		guest_test(a_request_is_answered_once_under_its_id),
		guest_test(settings_and_configurations_change_what_is_told),
		guest_test(bulk_goes_both_ways_and_says_how),
		guest_test(what_is_taken_back_is_answered_as_cancelled),
		guest_test(a_reset_takes_everything_back),
		guest_test(a_request_that_nobody_answers_is_given_up),
		guest_test(a_device_that_leaves_is_said_to_and_another_may_come),
		guest_test(who_hangs_up_leaves_nothing_and_may_call_again),
		guest_test(a_filter_that_rejects_it_gets_nothing_more),
		guest_test(bytes_that_mean_nothing_end_it),
		cmocka_unit_test(each_errno_has_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
