// SPDX-License-Identifier: MIT
/*
 * host_open.c -- finding a device of the host and reading its descriptors as they are, however wrong:
 * usb-core takes any bytes.
 */
#include <errno.h>
#include <stdarg.h>

#include "dev/host.h"
#include "heap.h"
#include "usb/desc.h"

#define PATIENCE_MS 1000u
#define DEVICE_BYTES 18
#define CONFIG_BYTES 9

void host_say(const struct host *h, const char *format, ...)
{
	char line[160];
	va_list args;

	if (!h->warn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	h->warn(h->warn_opaque, line);
}

static int errno_of(int err)
{
	switch (err) {
	case 0:
		return 0;
	case LIBUSB_ERROR_ACCESS:
		return -EACCES;
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_NOT_FOUND:
		return -ENODEV;
	case LIBUSB_ERROR_BUSY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

/* ---- descriptors --------------------------------------------------------------------------- */

static int get_descriptor(libusb_device_handle *handle, uint16_t which, uint8_t *data, uint16_t len)
{
	return libusb_control_transfer(handle, 0x80, 6, which, 0, data, len, PATIENCE_MS);
}

/* Device and configurations into one set: its bytes, own allocation. 0 or -EIO. */
static int read_set(libusb_device_handle *handle, uint8_t **ret, size_t *ret_len)
{
	uint8_t head[CONFIG_BYTES], *set = heap_zero(DEVICE_BYTES + HOST_MAX_CONFIGS * 65536u);
	size_t len = DEVICE_BYTES;
	int n = get_descriptor(handle, 0x0100, set, DEVICE_BYTES);

	if (n < DEVICE_BYTES) {
		heap_free(set);
		return -EIO;
	}
	for (unsigned i = 0; i < set[17] && i < HOST_MAX_CONFIGS; i++) {
		uint16_t which = (uint16_t)(0x0200 | i);

		n = get_descriptor(handle, which, head, sizeof(head));
		if (n < 4)
			continue;
		n = get_descriptor(handle, which, set + len, get_le16(head + 2));
		len += n > 0 ? (size_t)n : 0;
	}
	*ret = heap_zero(len);
	memcpy(*ret, set, len);
	*ret_len = len;
	heap_free(set);
	return 0;
}

/* usb-core skips an endpoint whose number is 0 and keeps the rest; people should know. */
static void warn_of_endpoint_0(const struct host *h)
{
	const struct usb_desc *d = h->usb.desc;

	for (const struct usb_desc_config *c = d->configs; c; c = c->next)
		for (const struct usb_desc_alternate *a = c->alternates; a; a = a->next_in_config)
			for (const struct usb_desc_endpoint *e = a->endpoints; e; e = e->next)
				if (!(e->address & 15))
					host_say(h,
						 "interface %u, setting %u: an endpoint with "
						 "address 0x%02x is skipped",
						 a->number, a->setting, e->address);
}

static enum usb_speed speed_of(libusb_device_handle *handle)
{
	switch (libusb_get_device_speed(libusb_get_device(handle))) {
	case LIBUSB_SPEED_LOW:
		return USB_SPEED_LOW;
	case LIBUSB_SPEED_HIGH:
		return USB_SPEED_HIGH;
	case LIBUSB_SPEED_SUPER:
	case LIBUSB_SPEED_SUPER_PLUS:
		return USB_SPEED_SUPER;
	default:
		return USB_SPEED_FULL;
	}
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Context and handle pass to the device, or are let go. */
static int make(libusb_context *context, libusb_device_handle *handle, host_warn *warn,
		void *opaque, struct usb_device **ret)
{
	struct host *h;
	uint8_t *set;
	size_t len;
	int err = read_set(handle, &set, &len);

	if (err) {
		libusb_close(handle);
		libusb_exit(context);
		return err;
	}
	libusb_set_auto_detach_kernel_driver(handle, 1);
	h = heap_zero(sizeof(*h));
	h->ops = host_ops;
	h->ops.speed_mask = (uint8_t)(1u << speed_of(handle));
	usb_device_init(&h->usb, &h->ops, set, len);
	h->usb.pipeline = true;
	heap_free(set);
	h->context = context;
	h->handle = handle;
	h->warn = warn;
	h->warn_opaque = opaque;
	warn_of_endpoint_0(h);
	*ret = &h->usb;
	return 0;
}

int host_open_file(int fd, host_warn *warn, void *opaque, struct usb_device **ret)
{
	libusb_device_handle *handle;
	libusb_context *context;
	int err;

	libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	err = libusb_init(&context);
	if (err)
		return errno_of(err);
	err = libusb_wrap_sys_device(context, fd, &handle);
	if (err) {
		libusb_exit(context);
		return errno_of(err);
	}
	return make(context, handle, warn, opaque, ret);
}

static bool is_named(libusb_device *dev, bool ids, unsigned a, unsigned b)
{
	struct libusb_device_descriptor d;

	if (!ids)
		return libusb_get_bus_number(dev) == a && libusb_get_device_address(dev) == b;
	return !libusb_get_device_descriptor(dev, &d) && d.idVendor == a && d.idProduct == b;
}

static int find(libusb_context *context, bool ids, unsigned a, unsigned b,
		libusb_device_handle **ret)
{
	int err = LIBUSB_ERROR_NO_DEVICE;
	libusb_device **list;
	ssize_t n = libusb_get_device_list(context, &list);

	if (n < 0)
		return (int)n;
	for (ssize_t i = 0; i < n; i++)
		if (is_named(list[i], ids, a, b)) {
			err = libusb_open(list[i], ret);
			break;
		}
	libusb_free_device_list(list, 1);
	return err;
}

int host_open(const char *name, host_warn *warn, void *opaque, struct usb_device **ret)
{
	libusb_device_handle *handle;
	libusb_context *context;
	unsigned a, b;
	int end = 0, err;
	bool ids = sscanf(name, "%4x:%4x%n", &a, &b, &end) == 2 && !name[end];

	if (!ids && (sscanf(name, "%3u.%3u%n", &a, &b, &end) != 2 || name[end]))
		return -EINVAL;
	err = libusb_init(&context);
	if (err)
		return errno_of(err);
	err = find(context, ids, a, b, &handle);
	if (err) {
		libusb_exit(context);
		return errno_of(err);
	}
	return make(context, handle, warn, opaque, ret);
}
