// SPDX-License-Identifier: MIT
/*
 * request.c -- the standard requests (USB2 9.4, USB3 9.4). What is refused here is still offered
 * to the model by control.c. Leaves out SET_DESCRIPTOR and test modes (always refused).
 */
#include "usb/derived.h"
#include "usb/desc.h"
#include "usb/usb.h"

#define REFUSED (-(int)USB_STALL)

enum { /* USB2 table 9-4, USB3 table 9-5 */
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	SET_ADDRESS = 5,
	GET_DESCRIPTOR = 6,
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
	SYNCH_FRAME = 12,
	SET_SEL = 0x30,
	SET_ISOCH_DELAY = 0x31,
};

enum { /* USB2 table 9-6, USB3 table 9-7 */
	ENDPOINT_HALT = 0,
	FUNCTION_SUSPEND = 0,
	DEVICE_REMOTE_WAKEUP = 1,
	U1_ENABLE = 48,
	U2_ENABLE = 49,
	LTM_ENABLE = 50,
};

/* bmRequestType of a standard request: direction and recipient. */
enum {
	TO_DEVICE = 0x00,
	TO_INTERFACE = 0x01,
	TO_ENDPOINT = 0x02,
	FROM_DEVICE = 0x80,
	FROM_INTERFACE = 0x81,
	FROM_ENDPOINT = 0x82,
};

static int answer(uint8_t *data, uint32_t len, const void *bytes, size_t n)
{
	size_t fits = n < len ? n : len;

	if (fits)
		memcpy(data, bytes, fits);
	return (int)fits;
}

static int answer16(uint8_t *data, uint32_t len, uint16_t v)
{
	uint8_t bytes[2];

	put_le16(bytes, v);
	return answer(data, len, bytes, sizeof(bytes));
}

static const struct usb_desc_interface *find_interface(struct usb_device *dev, uint16_t index)
{
	const struct usb_desc_config *config;

	if (dev->state != USB_CONFIGURED || (index & 0xff) >= USB_MAX_INTERFACES)
		return NULL;
	config = usb_desc_config_find(dev->desc, dev->configuration);
	return config ? usb_desc_interface_find(config, (uint8_t)index) : NULL;
}

/* wIndex of an endpoint request (USB2 figure 9-2). In USB_ADDRESSED only endpoint 0 exists. */
static struct usb_endpoint *find_endpoint(struct usb_device *dev, uint16_t index)
{
	if (dev->state < USB_ADDRESSED || index & 0xff70)
		return NULL;
	if ((index & 0x0f) && dev->state != USB_CONFIGURED)
		return NULL;
	return usb_endpoint_get(dev, index & 0x80 ? USB_IN : USB_OUT, index & 0x0f);
}

static int get_status(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
		      uint32_t len)
{
	struct usb_endpoint *ep;

	if (dev->state < USB_ADDRESSED || s->value)
		return REFUSED;
	switch (s->type) {
	case FROM_DEVICE:
		return answer16(data, len,
				(uint16_t)(dev->self_powered | dev->remote_wakeup << 1 |
					   dev->u_features << 2));
	case FROM_INTERFACE:
		return find_interface(dev, s->index) ? answer16(data, len, 0) : REFUSED;
	case FROM_ENDPOINT:
		ep = find_endpoint(dev, s->index);
		return ep ? answer16(data, len, ep->halted) : REFUSED;
	default:
		return REFUSED;
	}
}

static int device_feature(struct usb_device *dev, const struct usb_setup *s, bool set)
{
	uint16_t bit;

	if (s->value == DEVICE_REMOTE_WAKEUP && dev->state >= USB_ADDRESSED) {
		dev->remote_wakeup = set;
		return 0;
	}
	if (s->value < U1_ENABLE || s->value > LTM_ENABLE || dev->speed != USB_SPEED_SUPER ||
	    dev->state != USB_CONFIGURED)
		return REFUSED;
	bit = (uint16_t)(1u << (s->value - U1_ENABLE));
	dev->u_features = set ? dev->u_features | bit : dev->u_features & ~bit;
	return 0;
}

static int endpoint_feature(struct usb_device *dev, const struct usb_setup *s, bool set)
{
	struct usb_endpoint *ep = find_endpoint(dev, s->index);

	if (!ep || s->value != ENDPOINT_HALT || ep->type == USB_EP_ISOCH)
		return REFUSED;
	if (ep->type == USB_EP_CONTROL)
		return 0; /* the next SETUP ends a control endpoint's halt anyway (USB2 9.4.5) */
	ep->halted = set;
	if (!set && dev->ops->halt_cleared)
		dev->ops->halt_cleared(dev, ep);
	return 0;
}

static int feature(struct usb_device *dev, const struct usb_setup *s)
{
	bool set = s->request == SET_FEATURE;

	switch (s->type) {
	case TO_DEVICE:
		return device_feature(dev, s, set);
	case TO_INTERFACE: /* USB3 9.4.9: the suspend options are in wIndex 15..8 */
		if (s->value != FUNCTION_SUSPEND || dev->speed != USB_SPEED_SUPER)
			return REFUSED;
		return find_interface(dev, s->index) ? 0 : REFUSED;
	case TO_ENDPOINT:
		return endpoint_feature(dev, s, set);
	default:
		return REFUSED;
	}
}

/* Takes effect after the status stage (USB2 9.4.6). */
static int set_address(struct usb_device *dev, const struct usb_setup *s)
{
	if (s->type != TO_DEVICE || s->value > 127 || s->length || dev->state == USB_CONFIGURED)
		return REFUSED;
	dev->control.new_address = (int16_t)s->value;
	return 0;
}

static int get_descriptor(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
			  uint32_t len)
{
	const uint8_t *bytes;
	size_t n;

	if (s->type != FROM_DEVICE)
		return REFUSED;
	if (!usb_desc_lookup(dev->desc, s->value >> 8, s->value & 0xff, &bytes, &n))
		return usb_derived_descriptor(dev, s->value >> 8, s->value & 0xff, data, len);
	return answer(data, len, bytes, n);
}

static int get_configuration(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
			     uint32_t len)
{
	if (s->type != FROM_DEVICE || dev->state < USB_ADDRESSED)
		return REFUSED;
	return answer(data, len, &dev->configuration, 1);
}

static int set_configuration(struct usb_device *dev, const struct usb_setup *s)
{
	uint8_t value = s->value & 0xff;

	if (s->type != TO_DEVICE || s->length || dev->state < USB_ADDRESSED)
		return REFUSED;
	if (value && !usb_desc_config_find(dev->desc, value))
		return REFUSED;
	usb_endpoint_remove(dev, -1);
	if (dev->gone || dev->state < USB_ADDRESSED)
		return REFUSED;
	dev->configuration = value;
	usb_device_set_state(dev, value ? USB_CONFIGURED : USB_ADDRESSED);
	memset(dev->alternate, 0, sizeof(dev->alternate));
	dev->u_features = 0;
	usb_endpoint_setup(dev);
	if (dev->ops->configured)
		dev->ops->configured(dev);
	return 0;
}

static int get_interface(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
			 uint32_t len)
{
	if (s->type != FROM_INTERFACE || s->value || s->index > 255 ||
	    !find_interface(dev, s->index))
		return REFUSED;
	return answer(data, len, &dev->alternate[s->index & 0xff], 1);
}

static int set_interface(struct usb_device *dev, const struct usb_setup *s)
{
	const struct usb_desc_interface *i = find_interface(dev, s->index);

	if (s->type != TO_INTERFACE || s->length || s->value > 255 || s->index > 255 || !i ||
	    !usb_desc_alternate_find(i, (uint8_t)s->value))
		return REFUSED;
	usb_endpoint_remove(dev, s->index);
	if (dev->gone || dev->state != USB_CONFIGURED)
		return REFUSED;
	dev->alternate[s->index] = (uint8_t)s->value;
	usb_endpoint_setup(dev);
	if (dev->ops->interface_set)
		dev->ops->interface_set(dev, (uint8_t)s->index, (uint8_t)s->value);
	return 0;
}

static int synch_frame(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
		       uint32_t len)
{
	struct usb_endpoint *ep = find_endpoint(dev, s->index);
	uint64_t now = dev->bus && dev->bus->now_ns ? *dev->bus->now_ns : 0;

	if (s->type != FROM_ENDPOINT || s->value || !ep || ep->type != USB_EP_ISOCH)
		return REFUSED;
	return answer16(data, len, (uint16_t)(now / 1000000 & 0x7ff));
}

static int super_speed(struct usb_device *dev, const struct usb_setup *s)
{
	if (s->type != TO_DEVICE || dev->speed != USB_SPEED_SUPER)
		return REFUSED;
	if (s->request == SET_SEL)
		return s->length == 6 && dev->state >= USB_ADDRESSED ? 0 : REFUSED;
	return s->length ? REFUSED : 0;
}

int usb_standard_request(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
			 uint32_t len)
{
	switch (s->request) {
	case GET_STATUS:
		return get_status(dev, s, data, len);
	case CLEAR_FEATURE:
	case SET_FEATURE:
		return feature(dev, s);
	case SET_ADDRESS:
		return set_address(dev, s);
	case GET_DESCRIPTOR:
		return get_descriptor(dev, s, data, len);
	case GET_CONFIGURATION:
		return get_configuration(dev, s, data, len);
	case SET_CONFIGURATION:
		return set_configuration(dev, s);
	case GET_INTERFACE:
		return get_interface(dev, s, data, len);
	case SET_INTERFACE:
		return set_interface(dev, s);
	case SYNCH_FRAME:
		return synch_frame(dev, s, data, len);
	case SET_SEL:
	case SET_ISOCH_DELAY:
		return super_speed(dev, s);
	default:
		return REFUSED;
	}
}
