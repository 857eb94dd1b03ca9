// SPDX-License-Identifier: MIT
/*
 * Tests of the control socket: what its commands do, and what its clients cannot.
 */
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "backend/serve.h"
#include "backend/vfio_testbed.h"

#include <jansson.h>

struct desk {
	struct bed *bed;
	struct serve_tap tap;
	struct serve_devices devices;
	struct serve_control control;
	char folder[40], path[60], file[60], said[200];
	bool quit;
};

/* A printer that prints how many rows it saw. */
struct counted {
	FILE *out;
	unsigned rows, ports;
};

static void *open_counted(FILE *out, const struct serve_layout *layout)
{
	struct counted *c = alloc_zero(sizeof(*c));

	c->out = out;
	c->ports = layout->ports;
	return c;
}

static void count_row(void *opaque, const struct trace_row *row)
{
	(void)row;
	((struct counted *)opaque)->rows++;
}

static void close_counted(void *opaque)
{
	struct counted *c = opaque;

	fprintf(c->out, "%u rows\n", c->rows);
	free(c);
}

static const struct serve_printer count_printer = {open_counted, count_row, close_counted};

static void say(void *opaque, const char *line)
{
	struct desk *d = opaque;

	snprintf(d->said, sizeof(d->said), "%s", line);
}

static int setup(void **state)
{
	struct desk *d = alloc_zero(sizeof(*d));
	void *bed;

	bed_setup_greeted(&bed);
	d->bed = bed;
	d->devices.m = &d->bed->m;
	d->devices.tap = &d->tap;
	d->tap = (struct serve_tap){.printer = &count_printer, .say = say, .say_opaque = d};
	d->bed->trace.sink = serve_tap_row;
	d->bed->trace.sink_opaque = &d->tap;
	snprintf(d->folder, sizeof(d->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(d->folder));
	snprintf(d->path, sizeof(d->path), "%s/control", d->folder);
	snprintf(d->file, sizeof(d->file), "%s/written", d->folder);
	assert_int_equal(serve_control_open(&d->control, d->path, &d->devices), 0);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;
	void *bed = d->bed;

	serve_control_close(&d->control);
	unlink(d->file);
	assert_int_equal(rmdir(d->folder), 0); /* the socket is gone */
	serve_device_remove_all(&d->devices);
	serve_tap_close(&d->tap);
	bed_teardown(&bed);
	free(d);
	return 0;
}

/* True if text is answered by an error and nothing else. */
static bool is_refused(struct desk *d, const char *text)
{
	char *line = serve_command(&d->devices, text, strlen(text), &d->quit);
	json_t *got = json_loads(line, 0, NULL);
	bool refused = json_object_get(got, "error") && !json_object_get(got, "return");

	assert_null(strchr(line, '\n'));
	if (refused)
		assert_true(json_string_length(
				    json_object_get(json_object_get(got, "error"), "desc")) > 0);
	json_decref(got);
	free(line);
	return refused;
}

static void assert_says(struct desk *d, const char *text, const char *wanted)
{
	char *line = serve_command(&d->devices, text, strlen(text), &d->quit);

	if (!strstr(line, wanted))
		fail_msg("%s: no %s", line, wanted);
	free(line);
}

static void devices_come_and_go(void **state)
{
	struct desk *d = *state;

	assert_says(d, "{\"execute\":\"device_add\",\"arguments\":{\"device\":\"storage,port=2\"}}",
		    "{\"return\":{\"port\":2}}");
	assert_says(d, "{\"execute\":\"info\",\"arguments\":{\"what\":\"usb\"}}",
		    "port 2: storage, 5000 Mb/s, default, address 0, id 1209:0003, 65536 blocks");
	assert_int_equal(machine_model(&d->bed->m, 2), DEV_STORAGE);
	assert_true(is_refused(
		d, "{\"execute\":\"device_add\",\"arguments\":{\"device\":\"tablet,port=2\"}}"));
	assert_says(d, "{\"execute\":\"device_del\",\"arguments\":{\"port\":2},\"id\":[7]}",
		    "\"id\":[7]");
	assert_null(machine_device(&d->bed->m, 2));
	assert_true(is_refused(d, "{\"execute\":\"device_del\",\"arguments\":{\"port\":2}}"));
}

static void infos_name_what_is_there(void **state)
{
	struct desk *d = *state;

	assert_says(d, "{\"execute\":\"info\",\"arguments\":{\"what\":\"pci\"}}", "1033:0194");
	assert_says(d, "{\"execute\":\"info\",\"arguments\":{\"what\":\"xhci\"}}",
		    "nec-usb-xhci: USBCMD 0x0");
	assert_says(d, "{\"execute\":\"info\",\"arguments\":{\"what\":\"xhci\"}}", "link RXDETECT");
	assert_says(d, "{\"execute\":\"info\",\"arguments\":{\"what\":\"version\"}}",
		    "usb-gauntlet " GAUNTLET_VERSION);
}

static void keys_and_the_pointer_move(void **state)
{
	struct desk *d = *state;
	const char *keys = "{\"execute\":\"send-key\",\"arguments\":{\"keys\":\"ctrl-alt-a\"}}";
	const char *move = "{\"execute\":\"pointer\",\"arguments\":{\"x\":1,\"y\":32767}}";

	assert_true(is_refused(d, keys));
	assert_true(is_refused(d, move));
	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 1, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 2, 0), DEV_TABLET,
				      USB_SPEED_NONE),
			 0);
	assert_false(is_refused(d, keys));
	assert_false(is_refused(d, move));
}

static void keys_go_by_name_by_number_and_as_a_list(void **state)
{
	static const char *const good[] = {
		"\"ret\"",
		"\"0xf2\"",
		"\"242\"",
		"\"shift-0x1e-9\"",
		"[{\"type\":\"qcode\",\"data\":\"ctrl\"},{\"type\":\"number\",\"data\":241}]",
	};
	static const char *const bad[] = {
		"\"0x00\"", "\"0x1f2\"", "\"242x\"",        "\"a--b\"",
		"[]",       "[7]",       "[{\"data\":-1}]", "[{\"data\":\"nokey\"}]",
		"7",
	};
	struct desk *d = *state;
	char text[200];

	assert_int_equal(machine_plug(&d->bed->m, 1, DEV_KEYBOARD, USB_SPEED_NONE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text),
			 "{\"execute\":\"send-key\",\"arguments\":{\"keys\":%s}}", good[i]);
		assert_false(is_refused(d, text));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text),
			 "{\"execute\":\"send-key\",\"arguments\":{\"keys\":%s}}", bad[i]);
		assert_true(is_refused(d, text));
	}
}

static void the_tree_shows_devices_down_to_their_endpoints(void **state)
{
	const char *ask = "{\"execute\":\"info\",\"arguments\":{\"what\":\"qtree\"}}";
	struct desk *d = *state;
	struct usb_device *dev;

	assert_int_equal(machine_plug(&d->bed->m, 2, DEV_KEYBOARD, USB_SPEED_NONE), 0);
	assert_says(d, ask, "dev: nec-usb-xhci");
	assert_says(d, ask, "dev: keyboard\\n        port = 2\\n        addr 0");
	assert_says(d, ask, "configuration = 0");
	dev = machine_device(&d->bed->m, 2);
	dev->configuration = 1;
	assert_says(d, ask, "interface 0.0: class 03/01/01");
	assert_says(d, ask, "endpoint 0x81: interrupt, packets of 8");
	dev->configuration = 0;
}

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
	assert_int_equal(machine_plug(&d->bed->m, 1, DEV_KEYBOARD, USB_SPEED_NONE), 0);
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
	assert_int_equal(machine_plug(&d->bed->m, 1, DEV_KEYBOARD, USB_SPEED_NONE), 0);
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

static void requests_that_mean_nothing_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"7",
		"nonsense",
		"{}",
		"{\"execute\":7}",
		"{\"execute\":\"launch\"}",
		"{\"execute\":\"info\",\"arguments\":[]}",
		"{\"execute\":\"info\",\"arguments\":{\"what\":\"time\"}}",
		"{\"execute\":\"info\"}",
		"{\"execute\":\"quit\",\"execute\":\"quit\"}",
		"{\"execute\":\"device_add\",\"arguments\":{\"device\":7}}",
		"{\"execute\":\"device_del\",\"arguments\":{\"port\":4294967297}}",
		"{\"execute\":\"device_del\",\"arguments\":{\"port\":-1}}",
		"{\"execute\":\"send-key\",\"arguments\":{\"keys\":\"\"}}",
		"{\"execute\":\"send-key\",\"arguments\":{\"keys\":\"a-nokey\"}}",
		"{\"execute\":\"send-key\",\"arguments\":{\"keys\":\"-\"}}",
		"{\"execute\":\"send-key\",\"arguments\":{\"keys\":\"a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a\"}}",
		"{\"execute\":\"pointer\",\"arguments\":{\"x\":1}}",
		"{\"execute\":\"pointer\",\"arguments\":{\"x\":4294967296,\"y\":0}}",
	};
	struct desk *d = *state;

	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 1, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 2, 0), DEV_TABLET,
				      USB_SPEED_NONE),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(is_refused(d, bad[i]));
	assert_false(d->quit);
}

/* ---- the socket ---------------------------------------------------------------------------- */

static int call(struct desk *d)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(name.sun_path, d->path, strlen(d->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

/* All that is readable now; "" if the other side left, NULL if nothing is here. */
static const char *hear(int fd, char *buf, size_t room)
{
	ssize_t n = recv(fd, buf, room - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? NULL : "";
	buf[n] = '\0';
	return buf;
}

static void a_line_in_pieces_is_one_request_and_two_lines_are_two(void **state)
{
	struct desk *d = *state;
	char buf[1000];
	int fd = call(d);

	serve_control_work(&d->control);
	assert_int_equal(send(fd, "{\"id\"", 5, 0), 5);
	serve_control_work(&d->control);
	assert_null(hear(fd, buf, sizeof(buf)));
	assert_int_equal(send(fd, ":1}\n\n{\"id\":2}\n", 14, 0), 14);
	serve_control_work(&d->control);
	assert_non_null(hear(fd, buf, sizeof(buf)));
	assert_non_null(strstr(buf, "\"id\":1}\n"));
	assert_non_null(strstr(buf, "\"id\":2}\n"));
	assert_int_equal(send(fd, "{\"execute\":\"quit\"}\n", 19, 0), 19);
	serve_control_work(&d->control);
	assert_true(d->control.quit);
	close(fd);
}

static void who_sends_a_line_without_end_is_let_go(void **state)
{
	struct desk *d = *state;
	char much[4096], buf[100];
	int fd = call(d), other = call(d);

	memset(much, ' ', sizeof(much));
	for (unsigned i = 0; i < SERVE_CONTROL_LINE / sizeof(much); i++) {
		serve_control_work(&d->control);
		assert_int_equal(send(fd, much, sizeof(much), MSG_NOSIGNAL), sizeof(much));
	}
	serve_control_work(&d->control);
	assert_string_equal(hear(fd, buf, sizeof(buf)), "");
	assert_int_equal(send(other, "{}\n", 3, 0), 3);
	serve_control_work(&d->control);
	serve_control_work(&d->control);
	assert_non_null(strstr(hear(other, buf, sizeof(buf)), "error"));
	close(fd);
	close(other);
}

static void no_more_clients_than_there_are_places(void **state)
{
	struct pollfd p[SERVE_CONTROL_CLIENTS + 1];
	struct desk *d = *state;
	int fd[SERVE_CONTROL_CLIENTS + 2];

	for (unsigned i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = call(d);
		serve_control_work(&d->control);
	}
	assert_int_equal(serve_control_poll(&d->control, p), SERVE_CONTROL_CLIENTS);
	close(fd[0]);
	serve_control_work(&d->control);
	assert_int_equal(serve_control_poll(&d->control, p), SERVE_CONTROL_CLIENTS);
	for (unsigned i = 1; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

#define desk_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(devices_come_and_go),
		desk_test(infos_name_what_is_there),
		desk_test(keys_and_the_pointer_move),
		desk_test(keys_go_by_name_by_number_and_as_a_list),
		desk_test(the_tree_shows_devices_down_to_their_endpoints),
		desk_test(a_capture_starts_and_stops),
		desk_test(the_readable_trace_goes_on_and_off),
		desk_test(a_file_that_fills_up_ends_and_says_so),
		desk_test(requests_that_mean_nothing_are_refused),
		desk_test(a_line_in_pieces_is_one_request_and_two_lines_are_two),
		desk_test(who_sends_a_line_without_end_is_let_go),
		desk_test(no_more_clients_than_there_are_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
