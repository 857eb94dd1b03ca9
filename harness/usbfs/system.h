// SPDX-License-Identifier: MIT
/*
 * system.h -- what libusb calls instead of the system's functions in build/fuzz, where the Makefile renames them in
 * its static library.
 */
#ifndef USBFS_SYSTEM_H
#define USBFS_SYSTEM_H

#include <sys/types.h>

#include "base.h"

struct itimerspec;
struct pollfd;

int library_eventfd(unsigned count, int flags);
int library_timerfd_create(int clock, int flags);
int library_timerfd_settime(int fd, int flags, const struct itimerspec *next,
			    struct itimerspec *ret);
int library_close(int fd);
ssize_t library_read(int fd, void *bytes, size_t len);
ssize_t library_write(int fd, const void *bytes, size_t len);
off_t library_lseek(int fd, off_t at, int whence);
ssize_t library_readlink(const char *path, char *name, size_t room);
int library_poll(struct pollfd *fds, unsigned long count, int timeout_ms);

#endif
