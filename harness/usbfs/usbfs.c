// SPDX-License-Identifier: MIT
/*
 * usbfs.c -- a device behind a file: plugged, addressed, configured; and the ioctl() of this program,
 * which is ours for those files and the next library's (umockdev's, the C library's) for all others.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"
#include "usb/desc.h"
#include "usbfs/usbfs.h"

/*
 * The one thing that has to be found without an argument: ioctl() is given a number. Empty between two
 * inputs.
 */
static struct usbfs *open_files;

struct usbfs *usbfs_find(int fd)
{
	struct usbfs *f = open_files;

	while (f && f->fd != fd)
		f = f->next;
	return f;
}

typedef int ioctl_call(int fd, unsigned long request, ...);

static ioctl_call *next_ioctl(void)
{
	static ioctl_call *next;

	if (!next) {
		void *found = dlsym(RTLD_NEXT, "ioctl");

		REQUIRE(found); /* of the C library at least */
		memcpy(&next, &found, sizeof(next));
	}
	return next;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct usbfs *f = usbfs_find(fd);
	va_list args;
	void *arg;
	int result;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!f)
		return next_ioctl()(fd, request, arg);
	result = usbfs_request(f, request, arg);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void arm_timer(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	struct usbfs *f = opaque;

	(void)dev;
	f->timer_ns = delay_ns > UINT64_MAX - 1 - f->now_ns ? UINT64_MAX : f->now_ns + delay_ns;
}

void usbfs_pass_time(struct usbfs *f)
{
	uint64_t end_ns = f->now_ns + 1000000;

	f->now_ns = max_u64(f->now_ns, min_u64(end_ns, f->timer_ns));
	if (f->timer_ns > f->now_ns || !f->port.dev)
		return;
	f->timer_ns = UINT64_MAX;
	usb_device_timer(f->port.dev);
}

/* ---- the port ------------------------------------------------------------------------------- */

static void nothing(struct usb_port *port)
{
	(void)port;
}

/* What was refused with NAK is tried again whenever somebody looks. */
static void wakeup(struct usb_port *port, struct usb_device *dev, struct usb_endpoint *ep)
{
	(void)port, (void)dev, (void)ep;
}

static const struct usb_port_ops port_ops = {
	.attached = nothing,
	.detached = nothing,
	.wakeup = wakeup,
	.resume = nothing,
};

/* What a kernel has read from the device: its device descriptor and the configurations. */
static size_t kernel_bytes(const struct usb_desc *d)
{
	const struct usb_desc_config *last = d->config_last;

	return last ? min_u64(d->len, last->node.offset + last->length) : d->len;
}

static int write_descriptors(struct usbfs *f)
{
	const struct usb_desc *d = f->port.dev->desc;
	size_t len = kernel_bytes(d);

	if (f->fd >= 0) {
		f->bytes = heap_zero(len);
		f->bytes_len = len;
		if (len)
			memcpy(f->bytes, d->bytes, len);
		return 0;
	}
	f->fd = memfd_create("usbfs", MFD_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	return len && pwrite(f->fd, d->bytes, len, 0) != (ssize_t)len ? -EIO : 0;
}

/* A device may refuse all of this; a kernel would go on, too. */
static void set_up(struct usbfs *f)
{
	const struct usb_desc_config *config;

	usb_device_reset(f->port.dev);
	usbfs_control(f, 0, 5, 1, 0, NULL, 0); /* SET_ADDRESS */
	config = f->port.dev ? f->port.dev->desc->configs : NULL;
	if (config)
		usbfs_control(f, 0, 9, config->value, 0, NULL, 0); /* SET_CONFIGURATION */
}

int usbfs_open(struct usbfs *f, struct usb_device *dev, enum usb_speed speed)
{
	return usbfs_open_as(f, dev, speed, -1);
}

int usbfs_open_as(struct usbfs *f, struct usb_device *dev, enum usb_speed speed, int fd)
{
	int err;

	*f = (struct usbfs){.fd = fd, .timer_ns = UINT64_MAX, .capabilities = USBFS_CAPABILITIES};
	usb_bus_init(&f->bus, NULL, &f->now_ns);
	f->bus.arm_timer = arm_timer;
	f->bus.timer_opaque = f;
	f->port.ops = &port_ops;
	f->port.speed_mask = (uint8_t)(speed == USB_SPEED_NONE ? 0x1e : 1u << speed);
	usb_bus_add_port(&f->bus, &f->port);
	err = usb_plug(&f->port, dev);
	if (err) {
		dev->ops->free(dev);
		return err;
	}
	err = write_descriptors(f);
	if (err) {
		usbfs_close(f);
		return err;
	}
	f->next = open_files;
	open_files = f;
	set_up(f);
	return 0;
}

void usbfs_unplug(struct usbfs *f)
{
	if (f->port.dev)
		usb_unplug(&f->port);
	f->timer_ns = UINT64_MAX;
}

void usbfs_close(struct usbfs *f)
{
	for (struct usbfs **link = &open_files; *link; link = &(*link)->next)
		if (*link == f) {
			*link = f->next;
			break;
		}
	usbfs_urb_forget_all(f);
	usbfs_unplug(f);
	if (f->fd >= 0 && !f->bytes)
		close(f->fd);
	heap_free(f->bytes);
	f->bytes = NULL;
	f->fd = -1;
}
