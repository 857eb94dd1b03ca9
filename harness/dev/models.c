// SPDX-License-Identifier: MIT
/*
 * models.c -- the list of the device models.
 */
#include "dev/dev.h"

static struct usb_device *create_keyboard(const struct dev_context *context)
{
	(void)context;
	return keyboard_new();
}

static struct usb_device *create_tablet(const struct dev_context *context)
{
	(void)context;
	return tablet_new();
}

static struct usb_device *create_mouse(const struct dev_context *context)
{
	(void)context;
	return mouse_new();
}

static struct usb_device *create_storage(const struct dev_context *context)
{
	return storage_new(context->disk);
}

static struct usb_device *create_scripted(const struct dev_context *context)
{
	return scripted_new(context->desc, context->desc_len, context->speed_mask);
}

static struct usb_device *create_hub(const struct dev_context *context)
{
	return hub_new(context->ports, !context->single_tt);
}

static struct usb_device *create_super_hub(const struct dev_context *context)
{
	return hub_new_super(context->ports);
}

static struct usb_device *create_serial(const struct dev_context *context)
{
	return serial_new(context->link);
}

static struct usb_device *create_network(const struct dev_context *context)
{
	return network_new(context->link);
}

static struct usb_device *create_ccid(const struct dev_context *context)
{
	(void)context;
	return ccid_new();
}

static struct usb_device *create_uas(const struct dev_context *context)
{
	return uas_new(context->disk);
}

static struct usb_device *create_cdrom(const struct dev_context *context)
{
	return cdrom_new(context->disk);
}

static struct usb_device *create_mtp(const struct dev_context *context)
{
	return mtp_new(context->store);
}

static struct usb_device *create_audio(const struct dev_context *context)
{
	return audio_new(context->link);
}

static struct usb_device *create_zero(const struct dev_context *context)
{
	(void)context;
	return zero_new();
}

const struct dev_model dev_models[DEV_MODELS] = {
	[DEV_KEYBOARD] = {"keyboard", create_keyboard},
	[DEV_TABLET] = {"tablet", create_tablet},
	[DEV_STORAGE] = {"storage", create_storage},
	[DEV_SCRIPTED] = {"scripted", create_scripted},
	[DEV_HUB] = {"hub", create_hub},
	[DEV_SUPER_HUB] = {"super-hub", create_super_hub},
	[DEV_MOUSE] = {"mouse", create_mouse},
	[DEV_SERIAL] = {"serial", create_serial},
	[DEV_NETWORK] = {"network", create_network},
	[DEV_CCID] = {"ccid", create_ccid},
	[DEV_UAS] = {"uas", create_uas},
	[DEV_CDROM] = {"cdrom", create_cdrom},
	[DEV_MTP] = {"mtp", create_mtp},
	[DEV_AUDIO] = {"audio", create_audio},
	[DEV_ZERO] = {"zero", create_zero},
};

const struct dev_model *dev_model_find(const char *name)
{
	for (size_t i = 0; i < DEV_MODELS; i++)
		if (!strcmp(dev_models[i].name, name))
			return &dev_models[i];
	return NULL;
}

void dev_free(struct usb_device *dev)
{
	if (dev)
		dev->ops->free(dev);
}
