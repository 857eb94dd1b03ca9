// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include "backend/serve_link.h"

#include <cmocka.h>

struct pair {
	char folder[32], path[64];
	struct serve_links all;
	struct dev_link *a, *b;
	unsigned ready;
};

static void count_up(void *opaque)
{
	++*(unsigned *)opaque;
}

static int setup(void **state)
{
	struct pair *p = alloc_zero(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/line", p->folder);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	dev_link_free(p->a);
	dev_link_free(p->b);
	assert_null(p->all.first);
	assert_int_equal(p->all.count, 0);
	assert_int_equal(access(p->path, F_OK), -1);
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

/* What serve's loop does: true if something happened. */
static bool turn(struct pair *p)
{
	struct pollfd fds[SERVE_MAX_LINKS];
	unsigned n = serve_link_poll(&p->all, fds);
	int got = poll(fds, n, 0);

	serve_link_work(&p->all, fds, n);
	return got > 0;
}

static void connect_both(struct pair *p, bool frames)
{
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_LISTEN, p->path, frames, &p->a), 0);
	p->a->ready = count_up;
	p->a->opaque = &p->ready;
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_CONNECT, p->path, frames, &p->b), 0);
	assert_true(turn(p));
}

static void a_terminal_carries_bytes_both_ways(void **state)
{
	struct pair *p = *state;
	uint8_t bytes[16];
	int fd;

	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_PTY, p->path, false, &p->a), 0);
	p->a->ready = count_up;
	p->a->opaque = &p->ready;
	fd = open(p->path, O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(dev_link_receive(p->a, bytes, sizeof(bytes)), 0);
	assert_int_equal(write(fd, "in\r\n", 4), 4);
	while (!p->ready)
		turn(p);
	assert_int_equal(dev_link_receive(p->a, bytes, 3), 3); /* nothing is translated */
	assert_int_equal(dev_link_receive(p->a, bytes + 3, 3), 1);
	assert_memory_equal(bytes, "in\r\n", 4);
	assert_int_equal(dev_link_send(p->a, (const uint8_t *)"out\n", 4), 4);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 4);
	close(fd);
	assert_int_equal(dev_link_receive(p->a, bytes, sizeof(bytes)), 0); /* it may come again */
	assert_true(p->a->fd >= 0);
}

static void frames_go_whole_over_a_socket(void **state)
{
	struct pair *p = *state;
	static uint8_t big[SERVE_LINK_FRAME], got[SERVE_LINK_FRAME];
	size_t n = 0;

	connect_both(p, true);
	assert_int_equal(dev_link_send(p->b, (const uint8_t *)"one", 3), 3);
	assert_int_equal(dev_link_send(p->b, (const uint8_t *)"second", 6), 6);
	memset(big, 0x5a, sizeof(big));
	assert_int_equal(dev_link_send(p->b, big, sizeof(big)), sizeof(big));
	assert_int_equal(dev_link_receive(p->a, got, sizeof(got)), 3);
	assert_memory_equal(got, "one", 3);
	assert_int_equal(dev_link_receive(p->a, got, 4), 4);
	while (!n) { // NOLINT(bugprone-infinite-loop): n is set here, and assertions end the test
		turn(p);
		n = dev_link_receive(p->a, got, sizeof(got));
	}
	assert_int_equal(n, sizeof(big));
	assert_memory_equal(got, big, sizeof(big));
}

static void a_device_that_does_not_read_is_not_asked_again(void **state)
{
	struct pair *p = *state;
	uint8_t byte;

	connect_both(p, false);
	assert_int_equal(dev_link_receive(p->a, &byte, 1), 0);
	assert_int_equal(dev_link_send(p->b, (const uint8_t *)"xy", 2), 2);
	assert_true(turn(p));
	assert_int_equal(p->ready, 2); /* connected, something to read */
	assert_false(turn(p));
	assert_int_equal(dev_link_receive(p->a, &byte, 1), 1);
}

static void who_listens_takes_the_next_one(void **state)
{
	struct pair *p = *state;
	uint8_t byte;

	connect_both(p, false);
	dev_link_free(p->b);
	p->b = NULL;
	assert_int_equal(dev_link_receive(p->a, &byte, 1), 0);
	assert_int_equal(p->a->fd, -1);
	assert_int_equal(dev_link_send(p->a, &byte, 1), 1); /* lost */
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_CONNECT, p->path, false, &p->b), 0);
	assert_true(turn(p));
	assert_int_equal(dev_link_send(p->b, (const uint8_t *)"z", 1), 1);
	assert_int_equal(dev_link_receive(p->a, &byte, 1), 1);
	assert_int_equal(byte, 'z');
}

static void a_length_that_cannot_be_ends_it(void **state)
{
	struct pair *p = *state;
	uint8_t bytes[8];

	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_LISTEN, p->path, true, &p->a), 0);
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_CONNECT, p->path, false, &p->b), 0);
	assert_true(turn(p));
	assert_int_equal(dev_link_send(p->b, (const uint8_t *)"\xff\xff\xff\xff", 4), 4);
	assert_int_equal(dev_link_receive(p->a, bytes, sizeof(bytes)), 0);
	assert_int_equal(p->a->fd, -1);
}

static void what_cannot_be_opened_is_an_error(void **state)
{
	struct pair *p = *state;
	struct dev_link *l;

	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_CONNECT, p->path, false, &l), -ENOENT);
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_PTY, "/nonexistent/tty", false, &l),
			 -ENOENT);
	assert_int_equal(serve_link_open(&p->all, SERVE_LINK_LISTEN, "/nonexistent/s", false, &l),
			 -ENOENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_terminal_carries_bytes_both_ways),
		T(frames_go_whole_over_a_socket),
		T(a_device_that_does_not_read_is_not_asked_again),
		T(who_listens_takes_the_next_one),
		T(a_length_that_cannot_be_ends_it),
		T(what_cannot_be_opened_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
