// SPDX-License-Identifier: MIT
/*
 * system.c -- what libusb calls of the system while fuzzing (library.h says how it gets here): a file of usbfs, an
 * event and a timer of libusb's need no kernel, whose calls would take a third of an input's time, and keep
 * nothing that outlives it. The timer never goes off: it is one of real time, and none passes.
 *
 * Until the heap is lent, and for any other file, it is the kernel's affair.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "library.h"
#include "usbfs/system.h"
#include "usbfs/usbfs.h"

struct counter {
	int fd; /* the kernel's, for its number */
	bool timer;
	uint64_t count;
	struct counter *next;
};

/* Found without an argument, as usbfs.c's; what may change while an input is played is in the blocks. */
static struct counter *counters;

static struct counter *counter_find(int fd)
{
	struct counter *c = counters;

	while (c && c->fd != fd)
		c = c->next;
	return c;
}

static int counter_add(int fd, bool timer)
{
	struct counter *c;

	if (fd < 0 || !heap_is_lent())
		return fd;
	c = heap_zero(sizeof(*c));
	*c = (struct counter){fd, timer, 0, counters};
	counters = c;
	return fd;
}

static struct usbfs *find(int fd)
{
	struct usbfs *f = usbfs_find(fd);

	return f && f->bytes ? f : NULL;
}

int library_eventfd(unsigned count, int flags)
{
	return counter_add(eventfd(count, flags), false);
}

int library_timerfd_create(int clock, int flags)
{
	return counter_add(timerfd_create(clock, flags), true);
}

int library_timerfd_settime(int fd, int flags, const struct itimerspec *next,
			    struct itimerspec *ret)
{
	return counter_find(fd) ? 0 : timerfd_settime(fd, flags, next, ret);
}

int library_close(int fd)
{
	for (struct counter **link = &counters; *link; link = &(*link)->next)
		if ((*link)->fd == fd) {
			struct counter *c = *link;

			*link = c->next;
			heap_free(c);
			break;
		}
	return close(fd);
}

static ssize_t counter_read(struct counter *c, void *bytes, size_t len)
{
	if (len < sizeof(c->count) || !c->count) {
		errno = len < sizeof(c->count) ? EINVAL : EAGAIN;
		return -1;
	}
	memcpy(bytes, &c->count, sizeof(c->count));
	c->count = 0;
	return sizeof(c->count);
}

ssize_t library_read(int fd, void *bytes, size_t len)
{
	struct counter *c = counter_find(fd);
	struct usbfs *f = find(fd);

	if (c)
		return counter_read(c, bytes, len);
	if (!f)
		return read(fd, bytes, len);
	len = min_u64(len, f->bytes_len - f->bytes_at);
	memcpy(bytes, f->bytes + f->bytes_at, len);
	f->bytes_at += len;
	return (ssize_t)len;
}

ssize_t library_write(int fd, const void *bytes, size_t len)
{
	struct counter *c = counter_find(fd);
	uint64_t more;

	if (!c)
		return write(fd, bytes, len);
	memcpy(&more, bytes, min_u64(len, sizeof(more)));
	c->count += more;
	return (ssize_t)len;
}

off_t library_lseek(int fd, off_t at, int whence)
{
	struct usbfs *f = find(fd);

	if (!f || whence != SEEK_SET)
		return lseek(fd, at, whence);
	f->bytes_at = min_u64((uint64_t)at, f->bytes_len);
	return at;
}

/* Asked for the name of a device's file: it has none that tells anything. */
ssize_t library_readlink(const char *path, char *name, size_t room)
{
	static const char ours[] = "/memfd:usbfs (deleted)", files[] = "/proc/self/fd/";
	size_t n = min_u64(room, sizeof(ours) - 1);

	if (strncmp(path, files, sizeof(files) - 1) ||
	    !find((int)strtol(path + sizeof(files) - 1, NULL, 10)))
		return readlink(path, name, room);
	memcpy(name, ours, n);
	return (ssize_t)n;
}

int library_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		struct counter *c = counter_find(fds[i].fd);
		short is = POLLOUT;

		if (!c && !find(fds[i].fd))
			return poll(fds, count, timeout_ms);
		if (c)
			is = c->count ? POLLIN : 0;
		fds[i].revents = fds[i].events & is;
		ready += fds[i].revents != 0;
	}
	return ready;
}
