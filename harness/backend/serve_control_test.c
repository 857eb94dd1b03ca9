// SPDX-License-Identifier: MIT
/*
 * Tests of the control socket: what its commands do, and what its clients cannot.
 */
#include <poll.h>
#include <sys/un.h>

#include "backend/serve_testbed.h"

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

	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 1, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
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

	assert_int_equal(machine_plug(&d->bed->m, machine_port(&d->bed->m, 2, 0), DEV_KEYBOARD,
				      USB_SPEED_NONE),
			 0);
	assert_says(d, ask, "dev: nec-usb-xhci");
	assert_says(d, ask, "dev: keyboard\\n        port = 2\\n        addr 0");
	assert_says(d, ask, "configuration = 0");
	dev = machine_device(&d->bed->m, 2);
	dev->configuration = 1;
	assert_says(d, ask, "interface 0.0: class 03/01/01");
	assert_says(d, ask, "endpoint 0x81: interrupt, packets of 8");
	dev->configuration = 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(devices_come_and_go),
		desk_test(infos_name_what_is_there),
		desk_test(keys_and_the_pointer_move),
		desk_test(keys_go_by_name_by_number_and_as_a_list),
		desk_test(the_tree_shows_devices_down_to_their_endpoints),
		desk_test(requests_that_mean_nothing_are_refused),
		desk_test(a_line_in_pieces_is_one_request_and_two_lines_are_two),
		desk_test(who_sends_a_line_without_end_is_let_go),
		desk_test(no_more_clients_than_there_are_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
