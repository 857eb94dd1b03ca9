// SPDX-License-Identifier: MIT
/*
 * host.h -- a device of the host, passed through by libusb-1.0: hardware, or what the in-process usbfs
 * has behind its file.
 *
 * usb-core answers what it must know itself (address, configuration, settings, halts, descriptors of the
 * device and its configurations, as they were read when it was opened); all else goes to the device.
 * Left out: isochronous transfers queued ahead of their time, U1/U2, remote wake-up.
 */
#ifndef DEV_HOST_H
#define DEV_HOST_H

#include "usb/usb.h"

#include <libusb-1.0/libusb.h>

#define HOST_MAX_CONFIGS 8u
#define HOST_STEP_NS 500000u /* between two looks for transfers that have come back */

/* One line about the device that people should know of. */
typedef void host_warn(void *opaque, const char *line);

struct host_transfer;

struct host {
	struct usb_device usb;
	struct usb_device_ops ops; /* its own: it has one speed */
	libusb_context *context;   /* owned */
	libusb_device_handle *handle;
	uint64_t claimed; /* interfaces */
	uint32_t streams; /* endpoints that have theirs: bit number, 16 more for IN */
	struct host_transfer *transfers;
	struct host_transfer *control; /* the request that is under way */
	bool lost;                     /* the device left */
	bool looking;                  /* libusb's events are being handled */
	host_warn *warn;
	void *warn_opaque;
	void (*end)(void *opaque); /* when it is closed; NULL = none */
	void *end_opaque;
};

extern const struct usb_device_ops host_ops; /* host.c */

/* ---- host_open.c --------------------------------------------------------------------------- */

/*
 * A device of the host as "VVVV:PPPP" (hex ids, the first that is there) or "BUS.ADDRESS". *ret is the
 * caller's until it is plugged. 0; -EINVAL: neither; -ENODEV: not there; -EACCES; -EIO.
 */
int host_open(const char *name, host_warn *warn, void *opaque, struct usb_device **ret);
/*
 * The same for a descriptor that libusb_wrap_sys_device takes; it stays the caller's. From then on libusb
 * looks for no devices in this process: host_open comes first.
 */
int host_open_file(int fd, host_warn *warn, void *opaque, struct usb_device **ret);

/* Call this once it is closed, to let go of what is behind it. */
void host_on_end(struct usb_device *dev, void (*end)(void *opaque), void *opaque);

/* ---- host_transfer.c ------------------------------------------------------------------------ */

/* A packet to the device: how it ended, or USB_ASYNC. */
enum usb_status host_transfer_data(struct host *h, struct usb_endpoint *ep, struct usb_packet *p);
/* A request: as usb_device_ops.control. */
int host_transfer_control(struct host *h, const struct usb_setup *s, uint8_t *data, uint32_t len);
/* p, or with NULL the request, is not wanted any more. */
void host_transfer_cancel(struct host *h, struct usb_packet *p);
/* Take what has come back. */
void host_transfer_look(struct host *h);
/* Cancel everything and close the device. */
void host_transfer_end(struct host *h);

/* For both: one line to whom it concerns. */
void host_say(const struct host *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
