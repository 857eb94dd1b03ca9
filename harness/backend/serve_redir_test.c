// SPDX-License-Identifier: MIT
/*
 * Tests of devices that come to a served machine over usbredir, through a real socket.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/serve.h"
#include "backend/vfio_testbed.h"
#include "redir/peer.h"

struct call {
	struct serve_devices s;
	struct peer peer;
	int fd;
	char folder[32], path[64], device[160];
};

static void call(struct call *c)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	memcpy(name.sun_path, c->path, strlen(c->path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&name, sizeof(name)), 0);
}

static void set_up_with(struct call *c, struct bed *bed, const char *more)
{
	struct serve_path path;
	char why[200];

	memset(c, 0, sizeof(*c));
	c->s.m = &bed->m;
	snprintf(c->folder, sizeof(c->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(c->folder));
	snprintf(c->path, sizeof(c->path), "%s/redir", c->folder);
	snprintf(c->device, sizeof(c->device), "redir,listen=%s,port=2%s", c->path, more);
	peer_init(&c->peer, PEER_ALL_CAPS);
	assert_int_equal(serve_device_add(&c->s, c->device, &path, why, sizeof(why)), 0);
	assert_int_equal(path.connector, 2);
	assert_null(machine_device(&bed->m, 2));
	call(c);
}

static void set_up(struct call *c, struct bed *bed)
{
	set_up_with(c, bed, "");
}

static void end(struct call *c)
{
	close(c->fd);
	serve_device_remove_all(&c->s);
	assert_null(c->s.redirs);
	assert_int_equal(c->s.links.count, 0);
	dev_link_free(&c->peer.wire->link);
	peer_fini(&c->peer);
	assert_int_equal(rmdir(c->folder), 0);
}

/* Bytes between the peer's wire and the socket, and the server's rounds. */
static void talk(struct call *c)
{
	for (unsigned i = 0; i < 20; i++) {
		struct wire_bytes *in = &c->peer.wire->in;
		struct pollfd p[SERVE_MAX_LINKS];
		unsigned n = serve_link_poll(&c->s.links, p);
		uint8_t bytes[4096];
		ssize_t got;

		poll(p, n, 0);
		serve_link_work(&c->s.links, p, n);
		while ((got = read(c->fd, bytes, sizeof(bytes))) > 0)
			wire_append(&c->peer.wire->out, bytes, (size_t)got);
		peer_work(&c->peer);
		got = in->len > in->pos ? write(c->fd, in->data + in->pos, in->len - in->pos) : 0;
		in->pos += got > 0 ? (size_t)got : 0;
	}
}

static void a_device_comes_and_goes_through_a_socket(void **state)
{
	struct bed *bed = *state;
	struct call c;

	set_up(&c, bed);
	talk(&c);
	assert_int_equal(c.peer.hellos, 1);
	peer_introduce(&c.peer, usb_redir_speed_super);
	talk(&c);
	assert_string_equal(machine_device(&bed->m, 2)->ops->model, "redir");
	assert_int_equal(machine_device(&bed->m, 2)->speed, USB_SPEED_SUPER);
	peer_leave(&c.peer);
	talk(&c);
	assert_null(machine_device(&bed->m, 2));
	assert_int_equal(c.peer.acks, 1);
	end(&c);
}

static void a_filter_is_as_usb_redir_has_it(void **state)
{
	struct bed *bed = *state;
	struct call c;

	set_up_with(&c, bed, ",filter=-1:0x1209:0x0013:-1:0|-1:-1:-1:-1:1");
	talk(&c);
	assert_int_equal(c.peer.filters, 1);
	peer_introduce(&c.peer, usb_redir_speed_high);
	talk(&c);
	assert_null(machine_device(&bed->m, 2));
	assert_int_equal(c.peer.rejects, 1);
	end(&c);
	set_up_with(&c, bed, ",filter=-1:0x1209:-1:-1:1|-1:-1:-1:-1:0");
	talk(&c);
	peer_introduce(&c.peer, usb_redir_speed_high);
	talk(&c);
	assert_non_null(machine_device(&bed->m, 2));
	end(&c);
}

static void who_hangs_up_may_call_again(void **state)
{
	struct bed *bed = *state;
	struct call c;

	set_up(&c, bed);
	talk(&c);
	peer_introduce(&c.peer, usb_redir_speed_high);
	talk(&c);
	assert_non_null(machine_device(&bed->m, 2));
	close(c.fd);
	c.fd = -1;
	talk(&c);
	assert_null(machine_device(&bed->m, 2));
	peer_come_again(&c.peer);
	call(&c);
	talk(&c);
	assert_int_equal(c.peer.hellos, 2);
	peer_introduce(&c.peer, usb_redir_speed_high);
	talk(&c);
	assert_non_null(machine_device(&bed->m, 2));
	end(&c);
}

static void its_port_is_its_own_until_it_is_removed(void **state)
{
	struct bed *bed = *state;
	struct serve_path path = {2, 0};
	char why[200];
	struct call c;

	set_up(&c, bed);
	assert_int_equal(serve_device_add(&c.s, c.device, &path, why, sizeof(why)), -EBUSY);
	path = (struct serve_path){2, 0};
	assert_int_equal(serve_device_remove(&c.s, &path), 0);
	assert_int_equal(serve_device_remove(&c.s, &path), -ENODEV);
	end(&c);
}

static void what_means_nothing_is_said_so(void **state)
{
	static const char *const bad[] = {"redir",
					  "redir,listen=",
					  "redir,port=1",
					  "redir,listen=/a,connect=/b",
					  "redir,listen=/a,file=x",
					  "redir,listen=/a,filter=1:2",
					  "redir,listen=/a,filter="};
	struct bed *bed = *state;
	struct serve_devices s = {.m = &bed->m};
	struct serve_path path;
	char why[200];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		why[0] = '\0';
		assert_int_equal(serve_device_add(&s, bad[i], &path, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, "redir"));
	}
	assert_int_equal(serve_device_add(&s, "redir,connect=/nowhere/at/all", &path, why, 200),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_device_comes_and_goes_through_a_socket),
		bed_test(a_filter_is_as_usb_redir_has_it),
		bed_test(who_hangs_up_may_call_again),
		bed_test(its_port_is_its_own_until_it_is_removed),
		bed_test(what_means_nothing_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
