// SPDX-License-Identifier: MIT
/*
 * Tests of what libusb calls of the system while fuzzing: as the kernel's for what is the kernel's, and the same
 * without it for what is ours.
 */
#include "dev/dev.h"
#include "library.h"
#include "usbfs/system.h"
#include "usbfs/usbfs.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

static int lend(void **state)
{
	(void)state;
	heap_lend(true);
	return 0;
}

static int take_back(void **state)
{
	(void)state;
	heap_lend(false);
	return 0;
}

static void a_device_reads_as_its_file_does(void **state)
{
	uint8_t ours[600] = {0}, kernels[600] = {0};
	struct usbfs f, g;
	char name[40], other[40], path[40];
	int number = dup(0);
	ssize_t n;

	(void)state;
	assert_int_equal(usbfs_open_as(&f, keyboard_new(), USB_SPEED_NONE, number), 0);
	assert_int_equal(usbfs_open(&g, keyboard_new(), USB_SPEED_NONE), 0);
	assert_int_equal(library_lseek(g.fd, 0, SEEK_SET), 0);
	n = library_read(g.fd, kernels, sizeof(kernels));
	assert_true(n > 18);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(library_lseek(f.fd, 0, SEEK_SET), 0);
		assert_int_equal(library_read(f.fd, ours, 20), 20);
		assert_int_equal(library_read(f.fd, ours + 20, sizeof(ours) - 20), n - 20);
		assert_int_equal(library_read(f.fd, ours, 1), 0);
		assert_memory_equal(ours, kernels, sizeof(ours));
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f.fd);
	n = library_readlink(path, name, sizeof(name));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", g.fd);
	assert_int_equal(library_readlink(path, other, sizeof(other)), n);
	assert_memory_equal(name, other, (size_t)n);
	usbfs_close(&f);
	usbfs_close(&g);
	assert_int_equal(close(number), 0); /* is the caller's */
}

static void an_event_is_seen_and_gone_once_it_is_read(void **state)
{
	int event = library_eventfd(0, EFD_NONBLOCK), timer;
	struct itimerspec at_once = {{0, 0}, {0, 1}};
	struct pollfd p[2] = {{.fd = event, .events = POLLIN}, {.events = POLLIN}};
	uint64_t one = 1, n = 0;

	(void)state;
	timer = library_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	p[1].fd = timer;
	assert_int_equal(library_timerfd_settime(timer, 0, &at_once, NULL), 0);
	assert_int_equal(library_poll(p, 2, 0), 0);
	assert_int_equal(library_write(event, &one, sizeof(one)), sizeof(one));
	assert_int_equal(library_write(event, &one, sizeof(one)), sizeof(one));
	assert_int_equal(library_poll(p, 2, 0), 1);
	assert_int_equal(p[0].revents, POLLIN);
	assert_int_equal(p[1].revents, 0);
	assert_int_equal(library_read(event, &n, 4), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(library_read(event, &n, sizeof(n)), sizeof(n));
	assert_int_equal(n, 2);
	assert_int_equal(library_read(event, &n, sizeof(n)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(library_poll(p, 2, 0), 0);
	assert_int_equal(library_close(event), 0);
	assert_int_equal(library_close(timer), 0);
	assert_int_equal(close(event), -1);
}

static void what_is_the_kernels_stays_the_kernels(void **state)
{
	uint64_t live = heap_live(), one = 1;
	struct pollfd p = {.events = POLLIN};
	int event;

	(void)state;
	event = library_eventfd(0, EFD_NONBLOCK);
	assert_int_equal(heap_live(), live);
	assert_int_equal(write(event, &one, sizeof(one)), sizeof(one));
	p.fd = event;
	assert_int_equal(library_poll(&p, 1, 0), 1);
	assert_int_equal(library_read(event, &one, sizeof(one)), sizeof(one));
	assert_int_equal(library_close(event), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_reads_as_its_file_does),
		cmocka_unit_test_setup_teardown(an_event_is_seen_and_gone_once_it_is_read, lend,
						take_back),
		cmocka_unit_test(what_is_the_kernels_stays_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
