// SPDX-License-Identifier: MIT
/*
 * request.c -- the ioctls of usbfs, each with the answers that Linux gives. Left out: those that libusb
 * does not use (LIMITs, signals, suspend), and drivers: there never is one.
 */
#include <errno.h>

#include "heap.h"
#include "usb/desc.h"
#include "usbfs/usbfs.h"

int usbfs_control(struct usbfs *f, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
		  void *data, uint16_t len)
{
	uint8_t *bytes = heap_zero(8u + len);
	struct usbdevfs_urb user = {
		.type = USBDEVFS_URB_TYPE_CONTROL, .buffer = bytes, .buffer_length = 8 + len};
	int result;

	bytes[0] = type;
	bytes[1] = request;
	put_le16(bytes + 2, value);
	put_le16(bytes + 4, index);
	put_le16(bytes + 6, len);
	if (len && !(type & 0x80))
		memcpy(bytes + 8, data, len);
	result = usbfs_urb_now(f, &user);
	if (result > 0 && (type & 0x80))
		memcpy(data, bytes + 8, (size_t)result);
	heap_free(bytes);
	return result == -ESHUTDOWN ? -ENODEV : result;
}

static int bulk(struct usbfs *f, struct usbdevfs_bulktransfer *b)
{
	struct usbdevfs_urb user = {.type = USBDEVFS_URB_TYPE_BULK,
				    .endpoint = (unsigned char)b->ep,
				    .buffer = b->data,
				    .buffer_length =
					    b->len > USBFS_URB_MAX_BYTES ? -1 : (int)b->len};

	return usbfs_urb_now(f, &user);
}

static const struct usb_desc_config *active(const struct usbfs *f)
{
	const struct usb_device *dev = f->port.dev;

	return dev ? usb_desc_config_find(dev->desc, dev->configuration) : NULL;
}

static int claim(struct usbfs *f, unsigned number)
{
	const struct usb_desc_config *config = active(f);

	if (!config || number >= 64 || !usb_desc_interface_find(config, (uint8_t)number))
		return -ENOENT;
	f->claimed |= UINT64_C(1) << number;
	return 0;
}

static int unclaim(struct usbfs *f, unsigned number)
{
	if (number >= 64 || !(f->claimed >> number & 1))
		return -EINVAL;
	f->claimed &= ~(UINT64_C(1) << number);
	return 0;
}

static const struct usb_endpoint *endpoint(const struct usbfs *f, unsigned address)
{
	if (!f->port.dev || !(address & 15) || address & 0x70)
		return NULL;
	return usb_endpoint_get(f->port.dev, address & 0x80 ? USB_IN : USB_OUT, address & 15);
}

static int streams(struct usbfs *f, const struct usbdevfs_streams *s, bool allocate)
{
	uint32_t most = s->num_streams;

	if (!s->num_eps || s->num_eps > 30)
		return -EINVAL;
	for (unsigned i = 0; i < s->num_eps; i++) {
		const struct usb_endpoint *ep = endpoint(f, s->eps[i]);

		if (!ep)
			return -ENOENT;
		if (ep->type != USB_EP_BULK || ep->max_streams < 2)
			return -EINVAL;
		most = (uint32_t)min_u64(most, ep->max_streams);
	}
	return allocate ? (int)most : 0;
}

static int speed(const struct usbfs *f)
{
	static const uint8_t number[] = {[USB_SPEED_LOW] = 1,
					 [USB_SPEED_FULL] = 2,
					 [USB_SPEED_HIGH] = 3,
					 [USB_SPEED_SUPER] = 5};

	return f->port.dev && f->port.dev->speed < sizeof(number) ? number[f->port.dev->speed] : 0;
}

static int reset(struct usbfs *f)
{
	uint8_t configuration;

	if (!f->port.dev)
		return -ENODEV;
	configuration = f->port.dev->configuration;
	usb_device_reset(f->port.dev);
	usbfs_control(f, 0, 5, 1, 0, NULL, 0);
	if (configuration)
		usbfs_control(f, 0, 9, configuration, 0, NULL, 0);
	return 0;
}

static int on_interface(const struct usbdevfs_ioctl *i)
{
	switch (i->ioctl_code) {
	case (int)USBDEVFS_DISCONNECT:
		return -ENODATA; /* there was no driver */
	case (int)USBDEVFS_CONNECT:
		return 0; /* nor is there now */
	default:
		return -ENOTTY;
	}
}

static int control_transfer(struct usbfs *f, const struct usbdevfs_ctrltransfer *c)
{
	return usbfs_control(f, c->bRequestType, c->bRequest, c->wValue, c->wIndex, c->data,
			     c->wLength);
}

static int set_configuration(struct usbfs *f, int value)
{
	int result;

	if (f->claimed)
		return -EBUSY;
	result = usbfs_control(f, 0, 9, (uint16_t)max_u64((uint64_t)(value < 0 ? 0 : value), 0), 0,
			       NULL, 0);
	return result < 0 ? result : 0;
}

/* Of those that do not need the device. */
static int about_urbs(struct usbfs *f, unsigned long request, void *arg)
{
	switch (request) {
	case USBDEVFS_DISCARDURB:
		return usbfs_urb_discard(f, arg);
	case USBDEVFS_REAPURB:
	case USBDEVFS_REAPURBNDELAY:
		return usbfs_urb_reap(f, arg);
	case USBDEVFS_RELEASEINTERFACE:
		return unclaim(f, *(unsigned *)arg);
	default:
		return -ENODEV;
	}
}

static int about_device(struct usbfs *f, unsigned long request, void *arg)
{
	const struct usbdevfs_setinterface *set = arg;
	const unsigned *number = arg;
	int result;

	switch (request) {
	case USBDEVFS_CONTROL:
		return control_transfer(f, arg);
	case USBDEVFS_BULK:
		return bulk(f, arg);
	case USBDEVFS_SUBMITURB:
		return usbfs_urb_submit(f, arg);
	case USBDEVFS_SETCONFIGURATION:
		return set_configuration(f, *(int *)arg);
	case USBDEVFS_SETINTERFACE:
		result = usbfs_control(f, 1, 11, (uint16_t)set->altsetting,
				       (uint16_t)set->interface, NULL, 0);
		return result < 0 ? result : 0;
	case USBDEVFS_CLAIMINTERFACE:
		return claim(f, *number);
	case USBDEVFS_DISCONNECT_CLAIM:
		return claim(f, ((struct usbdevfs_disconnect_claim *)arg)->interface);
	case USBDEVFS_CLEAR_HALT:
	case USBDEVFS_RESETEP:
		if (!endpoint(f, *number))
			return -ENOENT;
		result = request == USBDEVFS_RESETEP
			? 0
			: usbfs_control(f, 2, 1, 0, (uint16_t)*number, NULL, 0);
		return result < 0 ? result : 0;
	case USBDEVFS_ALLOC_STREAMS:
	case USBDEVFS_FREE_STREAMS:
		return streams(f, arg, request == USBDEVFS_ALLOC_STREAMS);
	case USBDEVFS_RESET:
		return reset(f);
	case USBDEVFS_IOCTL:
		return on_interface(arg);
	case USBDEVFS_GETDRIVER:
		return -ENODATA;
	case USBDEVFS_GET_SPEED:
		return speed(f);
	case USBDEVFS_GET_CAPABILITIES:
		*(uint32_t *)arg = f->capabilities;
		return 0;
	case USBDEVFS_CONNECTINFO:
		*(struct usbdevfs_connectinfo *)arg = (struct usbdevfs_connectinfo){
			f->port.dev->address, f->port.dev->speed == USB_SPEED_LOW};
		return 0;
	default:
		return -ENOTTY;
	}
}

int usbfs_request(struct usbfs *f, unsigned long request, void *arg)
{
	int err = f->fault ? f->fault(f->fault_opaque, request) : 0;

	f->requests++;
	if (err)
		return err;
	switch (request) {
	case USBDEVFS_DISCARDURB:
	case USBDEVFS_REAPURB:
	case USBDEVFS_REAPURBNDELAY:
	case USBDEVFS_RELEASEINTERFACE:
		return about_urbs(f, request, arg);
	default:
		return f->port.dev ? about_device(f, request, arg) : -ENODEV;
	}
}
