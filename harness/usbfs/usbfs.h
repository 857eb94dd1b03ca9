// SPDX-License-Identifier: MIT
/*
 * usbfs.h -- Linux's usbfs in this process: a device model behind a file descriptor that answers the
 * ioctls of /dev/bus/usb (linux/usbdevice_fs.h), so that a real libusb talks to our devices without a
 * kernel in between: libusb_wrap_sys_device takes the descriptor. Sections follow the files.
 *
 * Left out: O_RDONLY files, hot-plug monitors, suspend, mmap of buffers, several files of one device.
 */
#ifndef USBFS_USBFS_H
#define USBFS_USBFS_H

#include "base.h"
#include "usb/usb.h"

/* The second needs the first, and says so nowhere. */
#include <linux/ioctl.h>

#include <linux/usbdevice_fs.h>

/* ---- usbfs.c: the device and its file ------------------------------------------------------ */

struct usbfs_urb;

struct usbfs {
	struct usb_bus bus;
	struct usb_port port; /* port.dev: NULL once it was unplugged */
	uint64_t now_ns;      /* virtual; moves when somebody waits in vain */
	uint64_t timer_ns;    /* of the device; UINT64_MAX: none */
	int fd;               /* a file with the descriptors, or just its number: then ... */
	uint8_t *bytes; /* ... these are they, its own allocation; NULL: they are in the file */
	size_t bytes_len, bytes_at;
	struct usbfs *next; /* in the list of open ones */
	uint64_t claimed;   /* interfaces */
	struct usbfs_urb *first, *last;
	unsigned urbs;
	uint32_t capabilities; /* USBDEVFS_CAP_*, may be changed */
	unsigned patience;     /* in vain so often: the oldest URB fails; 0: it waits for ever */
	unsigned in_vain;
	uint64_t requests; /* ioctls so far */
	/* May refuse any ioctl with -errno; 0: it is done. NULL: none is refused. */
	int (*fault)(void *opaque, unsigned long request);
	void *fault_opaque;
};

#define USBFS_CAPABILITIES                                                                         \
	(USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |                              \
	 USBDEVFS_CAP_BULK_SCATTER_GATHER | USBDEVFS_CAP_REAP_AFTER_DISCONNECT)

/*
 * Plug dev at a speed (USB_SPEED_NONE: its fastest), reset it, give it an address and its first
 * configuration, as a kernel does. dev is ours, whatever comes. 0 or -errno.
 */
int usbfs_open(struct usbfs *f, struct usb_device *dev, enum usb_speed speed);
/* The same for a libusb that calls system.h: fd, the caller's, is any file and only gives it a number. */
int usbfs_open_as(struct usbfs *f, struct usb_device *dev, enum usb_speed speed, int fd);
/* Unplug and free the device. URBs complete with -ESHUTDOWN and can still be reaped. */
void usbfs_unplug(struct usbfs *f);
/* Close the file; URBs that were not reaped are forgotten, the device is freed. */
void usbfs_close(struct usbfs *f);
/* The open one with this descriptor, or NULL. */
struct usbfs *usbfs_find(int fd);
/* Somebody waits: time goes on to the device's timer, at most a millisecond. */
void usbfs_pass_time(struct usbfs *f);

/* ---- request.c ------------------------------------------------------------------------------ */

/* An ioctl: what it returns, or -errno. */
int usbfs_request(struct usbfs *f, unsigned long request, void *arg);
/* A control request of our own: bytes of the answer, or -errno. */
int usbfs_control(struct usbfs *f, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
		  void *data, uint16_t len);

/* ---- urb.c ---------------------------------------------------------------------------------- */

#define USBFS_URB_MAX_BYTES (16u << 20)
#define USBFS_URBS_MAX 1024u

/* 0 or -errno. user must live until it is reaped or the file closed. */
int usbfs_urb_submit(struct usbfs *f, struct usbdevfs_urb *user);
/* -EINVAL: it is not under way (any more). It still has to be reaped. */
int usbfs_urb_discard(struct usbfs *f, struct usbdevfs_urb *user);
/* The oldest that is done: 0; -EAGAIN: none; -ENODEV: none, and the device is gone. */
int usbfs_urb_reap(struct usbfs *f, struct usbdevfs_urb **ret);
/* The same for who does not wait: time stands still. 0 or -EAGAIN. */
int usbfs_urb_done(struct usbfs *f, struct usbdevfs_urb **ret);
/* Do it here and now: bytes moved or -errno (-ETIMEDOUT: the device does not answer). */
int usbfs_urb_now(struct usbfs *f, struct usbdevfs_urb *user);
void usbfs_urb_forget_all(struct usbfs *f);

#endif
