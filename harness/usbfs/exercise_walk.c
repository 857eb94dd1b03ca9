// SPDX-License-Identifier: MIT
/*
 * exercise_walk.c -- all that libusb tells of a device: descriptors of every kind, walked as far as
 * their counts and pointers say.
 */
#include "usbfs/exercise.h"

/* IAD functions came with libusb 1.0.27. */
#define HAS_IAD (LIBUSB_API_VERSION >= 0x0100010a)

void exercise_read(struct exercise *e, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		e->sum = e->sum * 31 + b[i];
}

static void read_endpoint(struct exercise *e, libusb_device_handle *handle,
			  const struct libusb_endpoint_descriptor *ep)
{
	libusb_device *dev = libusb_get_device(handle);
	struct libusb_ss_endpoint_companion_descriptor *companion = NULL;

	exercise_read(e, ep, LIBUSB_DT_ENDPOINT_AUDIO_SIZE); /* the fields, not what pads them */
	exercise_read(e, ep->extra, (size_t)ep->extra_length);
	if (e->sizes) { /* each parses the whole configuration again */
		e->sizes--;
		e->sum += (uint64_t)libusb_get_max_packet_size(dev, ep->bEndpointAddress);
		e->sum += (uint64_t)libusb_get_max_iso_packet_size(dev, ep->bEndpointAddress);
	}
	if (!libusb_get_ss_endpoint_companion_descriptor(e->context, ep, &companion)) {
		exercise_read(e, companion, sizeof(*companion));
		libusb_free_ss_endpoint_companion_descriptor(companion);
	}
	e->counter += 3;
}

static void read_setting(struct exercise *e, libusb_device_handle *handle,
			 const struct libusb_interface_descriptor *setting)
{
	exercise_read(e, setting, LIBUSB_DT_INTERFACE_SIZE);
	exercise_read(e, setting->extra, (size_t)setting->extra_length);
	if (setting->bNumEndpoints && !setting->endpoint &&
	    exercise_is_known(e, EXERCISE_NO_ENDPOINTS))
		return;
	for (unsigned i = 0; i < setting->bNumEndpoints; i++)
		read_endpoint(e, handle, &setting->endpoint[i]);
}

static void read_config(struct exercise *e, libusb_device_handle *handle,
			const struct libusb_config_descriptor *c)
{
	exercise_read(e, c, LIBUSB_DT_CONFIG_SIZE);
	exercise_read(e, c->extra, (size_t)c->extra_length);
	for (unsigned i = 0; i < c->bNumInterfaces; i++)
		for (int n = 0; n < c->interface[i].num_altsetting; n++)
			read_setting(e, handle, &c->interface[i].altsetting[n]);
}

/* libusb itself falls over a setting whose endpoints are not there when it is asked for packet sizes. */
static unsigned sizes_to_ask(struct exercise *e, const struct libusb_config_descriptor *c)
{
	for (unsigned i = 0; i < c->bNumInterfaces; i++)
		for (int n = 0; n < c->interface[i].num_altsetting; n++)
			if (c->interface[i].altsetting[n].bNumEndpoints &&
			    !c->interface[i].altsetting[n].endpoint &&
			    exercise_is_known(e, EXERCISE_NO_ENDPOINTS))
				return 0;
	return 4;
}

#if HAS_IAD
static void read_associations(struct exercise *e,
			      struct libusb_interface_association_descriptor_array *all)
{
	exercise_read(e, all->iad, (size_t)all->length * sizeof(*all->iad));
	libusb_free_interface_association_descriptors(all);
}

static void read_all_associations(struct exercise *e, libusb_device *dev, uint8_t configs)
{
	struct libusb_interface_association_descriptor_array *all;

	if (exercise_is_known(e, EXERCISE_ASSOCIATIONS))
		return;
	for (uint8_t i = 0; i < configs; i++)
		if (!libusb_get_interface_association_descriptors(dev, i, &all))
			read_associations(e, all);
	if (!libusb_get_active_interface_association_descriptors(dev, &all))
		read_associations(e, all);
	e->counter += configs + 1u;
}
#endif

/* ---- BOS ----------------------------------------------------------------------------------- */

static void read_usb2(struct exercise *e, struct libusb_bos_dev_capability_descriptor *cap)
{
	struct libusb_usb_2_0_extension_descriptor *d;

	if (libusb_get_usb_2_0_extension_descriptor(e->context, cap, &d))
		return;
	exercise_read(e, d, sizeof(*d));
	libusb_free_usb_2_0_extension_descriptor(d);
}

static void read_super(struct exercise *e, struct libusb_bos_dev_capability_descriptor *cap)
{
	struct libusb_ss_usb_device_capability_descriptor *d;

	if (libusb_get_ss_usb_device_capability_descriptor(e->context, cap, &d))
		return;
	exercise_read(e, d,
		      offsetof(struct libusb_ss_usb_device_capability_descriptor, bU2DevExitLat));
	libusb_free_ss_usb_device_capability_descriptor(d);
}

static void read_container(struct exercise *e, struct libusb_bos_dev_capability_descriptor *cap)
{
	struct libusb_container_id_descriptor *d;

	if (libusb_get_container_id_descriptor(e->context, cap, &d))
		return;
	exercise_read(e, d, sizeof(*d));
	libusb_free_container_id_descriptor(d);
}

#if HAS_IAD
static void read_platform(struct exercise *e, struct libusb_bos_dev_capability_descriptor *cap)
{
	struct libusb_platform_descriptor *d;

	if (libusb_get_platform_descriptor(e->context, cap, &d))
		return;
	exercise_read(e, d, d->bLength < 20 ? 20u : d->bLength);
	libusb_free_platform_descriptor(d);
}
#endif

static void read_bos(struct exercise *e, libusb_device_handle *handle)
{
	struct libusb_bos_descriptor *bos;

	e->counter++;
	if (libusb_get_bos_descriptor(handle, &bos))
		return;
	for (unsigned i = 0; i < bos->bNumDeviceCaps; i++) {
		struct libusb_bos_dev_capability_descriptor *cap = bos->dev_capability[i];

		exercise_read(e, cap, cap->bLength);
		/* Each reading refuses what is of another type. */
		read_usb2(e, cap);
		read_super(e, cap);
		read_container(e, cap);
#if HAS_IAD
		read_platform(e, cap);
#endif
		e->counter += 3;
	}
	libusb_free_bos_descriptor(bos);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void read_strings(struct exercise *e, libusb_device_handle *handle)
{
	unsigned char text[80];

	for (uint8_t i = 0; i < 4; i++) {
		int n = libusb_get_string_descriptor_ascii(handle, i, text, sizeof(text));

		exercise_read(e, text, n > 0 ? (size_t)n : 0);
		n = libusb_get_string_descriptor(handle, i, 0x0409, text, sizeof(text));
		exercise_read(e, text, n > 0 ? (size_t)n : 0);
		e->counter += 2;
	}
}

/* What a main loop of somebody else's asks for. */
static void read_files(struct exercise *e)
{
	const struct libusb_pollfd **files = libusb_get_pollfds(e->context);
	struct timeval next;

	for (unsigned i = 0; files && files[i]; i++)
		exercise_read(e, &files[i]->events, sizeof(files[i]->events));
	libusb_free_pollfds(files);
	e->sum += (uint64_t)libusb_get_next_timeout(e->context, &next);
	e->counter += 3;
}

static void read_where(struct exercise *e, libusb_device *dev)
{
	uint8_t ports[7];
	int n = libusb_get_port_numbers(dev, ports, sizeof(ports));

	exercise_read(e, ports, n > 0 ? (size_t)n : 0);
	e->sum += libusb_get_bus_number(dev) + libusb_get_device_address(dev) +
		libusb_get_port_number(dev) + (unsigned)libusb_get_device_speed(dev) +
		(libusb_get_parent(dev) != NULL);
	e->counter += 6;
}

void exercise_walk(struct exercise *e, libusb_device_handle *handle)
{
	libusb_device *dev = libusb_get_device(handle);
	struct libusb_device_descriptor device = {0};
	struct libusb_config_descriptor *config;
	int value;

	e->sizes = 0;
	if (!libusb_get_device_descriptor(dev, &device))
		exercise_read(e, &device, sizeof(device));
	read_where(e, dev);
	if (!libusb_get_active_config_descriptor(dev, &config)) {
		e->sizes = sizes_to_ask(e, config);
		read_config(e, handle, config);
		libusb_free_config_descriptor(config);
	}
	for (uint8_t i = 0; i < device.bNumConfigurations && i < 4; i++)
		if (!libusb_get_config_descriptor(dev, i, &config)) {
			read_config(e, handle, config);
			libusb_free_config_descriptor(config);
		}
	/* All three are the same parser; the third way costs as much as the others. */
	if (e->actions & EXERCISE_CONTROL && !libusb_get_configuration(handle, &value) &&
	    !libusb_get_config_descriptor_by_value(dev, (uint8_t)value, &config)) {
		read_config(e, handle, config);
		libusb_free_config_descriptor(config);
	}
	e->counter += 4u + (unsigned)min_u64(device.bNumConfigurations, 4);
#if HAS_IAD
	read_all_associations(e, dev, (uint8_t)min_u64(device.bNumConfigurations, 4));
#endif
	read_bos(e, handle);
	if (e->actions & EXERCISE_STRINGS)
		read_strings(e, handle);
	if (e->actions & EXERCISE_ASYNC)
		read_files(e);
}
