// SPDX-License-Identifier: MIT
/*
 * usbtest.c -- asks Linux's driver usbtest for one of its tests: usbtest NODE TEST COUNT LENGTH VARY SGLEN.
 * NODE is like /dev/bus/usb/001/002; exit 0 if the test passed, 1 with the reason if not, 3 if the driver has
 * no such test for the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

struct usbtest_param {
	unsigned test, iterations, length, vary, sglen;
	struct timeval duration;
};

#define USBTEST_REQUEST _IOWR('U', 100, struct usbtest_param)

int main(int argc, char **argv)
{
	struct usbtest_param p = {0};
	struct usbdevfs_ioctl request = {.ioctl_code = (int)USBTEST_REQUEST, .data = &p};
	unsigned *field[] = {&p.test, &p.iterations, &p.length, &p.vary, &p.sglen};
	int fd;

	if (argc != 7) {
		fprintf(stderr, "usage: usbtest NODE TEST COUNT LENGTH VARY SGLEN\n");
		return 2;
	}
	for (int i = 0; i < 5; i++)
		*field[i] = (unsigned)strtoul(argv[i + 2], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || ioctl(fd, USBDEVFS_IOCTL, &request) < 0) {
		printf("usbtest %u: %s\n", p.test, strerror(errno));
		return errno == EOPNOTSUPP ? 3 : 1;
	}
	printf("usbtest %u: %ld.%06ld s\n", p.test, (long)p.duration.tv_sec,
	       (long)p.duration.tv_usec);
	return 0;
}
