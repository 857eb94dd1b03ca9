// SPDX-License-Identifier: MIT
/*
 * Tests of captures and traces that begin and end while a machine is served.
 */
#include <sys/stat.h>

#include "backend/serve_testbed.h"

static void ask(struct desk *d, const char *command, const char *action, const char *file,
		const char *wanted)
{
	char text[300];

	snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"arguments\":{\"action\":\"%s\"%s%s%s}}",
		 command, action, file ? ",\"file\":\"" : "", file ? file : "", file ? "\"" : "");
	if (wanted)
		assert_says(d, text, wanted);
	else
		assert_true(is_refused(d, text));
}

static long size_of(const char *path)
{
	struct stat s;

	return stat(path, &s) ? -1 : (long)s.st_size;
}

static void a_capture_starts_and_stops(void **state)
{
	const char *info = "{\"execute\":\"info\",\"arguments\":{\"what\":\"trace\"}}";
	struct desk *d = *state;
	struct usb_packet *p;

	assert_says(d, info, "pcap: off");
	ask(d, "pcap", "stop", NULL, NULL);
	ask(d, "pcap", "start", NULL, NULL);
	ask(d, "pcap", "start", "/no/such/folder/file", NULL);
	ask(d, "pcap", "start", d->file, "{\"return\":{}}");
	ask(d, "pcap", "start", d->file, NULL);
	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 1, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
	p = usb_packet_new(machine_device(&d->bed->m, 1), USB_IN, 1, 8);
	usb_packet_submit(p);
	usb_packet_free(p);
	assert_says(d, info, "pcap: 2 events in ");
	serve_tap_flush(&d->tap);
	assert_int_equal(size_of(d->file), 24 + 2 * (16 + 64));
	ask(d, "pcap", "stop", NULL, "{\"return\":{\"events\":2}}");
	ask(d, "pcap", "stop", NULL, NULL);
	ask(d, "pcap", "pause", NULL, NULL);
}

static void the_readable_trace_goes_on_and_off(void **state)
{
	const char *info = "{\"execute\":\"info\",\"arguments\":{\"what\":\"trace\"}}";
	struct desk *d = *state;

	assert_says(d, info, "trace: off");
	ask(d, "trace", "off", NULL, NULL);
	ask(d, "trace", "on", "/no/such/folder/file", NULL);
	ask(d, "trace", "on", d->file, "{\"return\":{}}");
	ask(d, "trace", "on", d->file, NULL);
	assert_says(d, info, "trace: on, to ");
	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 1, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
	ask(d, "trace", "off", NULL, "{\"return\":{}}");
	assert_true(size_of(d->file) >= (long)strlen("1 rows\n"));
	ask(d, "trace", "off", NULL, NULL);
	ask(d, "trace", "sideways", NULL, NULL);
}

static void a_file_that_fills_up_ends_and_says_so(void **state)
{
	struct desk *d = *state;
	static uint8_t much[65536];
	struct trace_row row = {.kind = TRACE_PACKET,
				.pid = USB_OUT,
				.dci = 1,
				.flags = USB_EP_BULK,
				.len = sizeof(much),
				.data = much};

	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(serve_tap_trace_on(&d->tap, "/dev/full"), 0);
	fputs("something", d->tap.trace_out);
	serve_tap_row(&d->tap, &row);
	serve_tap_flush(&d->tap);
	assert_string_equal(d->said, "the trace ends early: /dev/full: it cannot be written");
	assert_int_equal(serve_tap_trace_off(&d->tap), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(a_capture_starts_and_stops),
		desk_test(the_readable_trace_goes_on_and_off),
		desk_test(a_file_that_fills_up_ends_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
