// SPDX-License-Identifier: MIT
/*
 * exercise_transfer.c -- what is done with a device: interfaces claimed, settings chosen, transfers of
 * every kind, waited for one by one or all at once, cancelled, or overtaken by the device's end.
 */
#include "heap.h"
#include "usbfs/exercise.h"

#define ENDPOINTS 8u /* of a setting that are used */
#define BYTES 1024u
#define ISO_PACKETS 4
#define ROUNDS 64u /* of event handling until all transfers have come back */

struct flight {
	struct exercise *e;
	struct libusb_transfer *transfer[2 * ENDPOINTS];
	unsigned count, back;
};

/* ---- control ------------------------------------------------------------------------------- */

static void control(struct exercise *e, libusb_device_handle *handle)
{
	/* Class, vendor and standard requests in and out; each buffer of the exact size. */
	static const struct {
		uint8_t type, request;
		uint16_t value, index, length;
	} list[] = {
		{0xa1, 0xfe, 0, 0, 1},    {0x80, 6, 0x0100, 0, 18}, {0x80, 6, 0x0200, 0, 255},
		{0xc0, 1, 0, 4, 40},      {0x21, 0x0a, 0, 0, 0},    {0x40, 2, 3, 4, 7},
		{0x81, 6, 0x2200, 0, 64}, {0x80, 0, 0, 0, 2},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
		uint8_t *data = heap_zero(list[i].length);
		int n = libusb_control_transfer(handle, list[i].type, list[i].request,
						list[i].value, list[i].index, data, list[i].length,
						0);

		if (n > 0)
			exercise_read(e, data, (size_t)n);
		heap_free(data);
		e->counter++;
	}
}

/* ---- one after the other ------------------------------------------------------------------- */

static void wait_for_one(struct exercise *e, libusb_device_handle *handle,
			 const struct libusb_endpoint_descriptor *ep)
{
	uint8_t *data = heap_zero(BYTES), type = ep->bmAttributes & 3;
	int n = 0, err = LIBUSB_ERROR_NOT_SUPPORTED;

	if (type == LIBUSB_TRANSFER_TYPE_BULK)
		err = libusb_bulk_transfer(handle, ep->bEndpointAddress, data, BYTES, &n, 0);
	else if (type == LIBUSB_TRANSFER_TYPE_INTERRUPT)
		err = libusb_interrupt_transfer(handle, ep->bEndpointAddress, data,
						1 + ep->wMaxPacketSize % BYTES, &n, 0);
	if (n > 0)
		exercise_read(e, data, (size_t)n);
	if (err == LIBUSB_ERROR_PIPE)
		libusb_clear_halt(handle, ep->bEndpointAddress);
	heap_free(data);
	e->counter += 2;
}

/* ---- all at once --------------------------------------------------------------------------- */

static void LIBUSB_CALL came_back(struct libusb_transfer *t)
{
	struct flight *f = t->user_data;

	f->back++;
	if (t->status == LIBUSB_TRANSFER_COMPLETED && !t->num_iso_packets)
		exercise_read(f->e, t->buffer, (size_t)t->actual_length);
	for (int i = 0; i < t->num_iso_packets; i++)
		exercise_read(f->e, libusb_get_iso_packet_buffer_simple(t, (unsigned)i),
			      t->iso_packet_desc[i].actual_length);
}

static void submit(struct flight *f, libusb_device_handle *handle,
		   const struct libusb_endpoint_descriptor *ep)
{
	uint8_t type = ep->bmAttributes & 3;
	bool iso = type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS;
	struct libusb_transfer *t;
	uint8_t *data;

	if (type == LIBUSB_TRANSFER_TYPE_CONTROL || f->count == ARRAY_SIZE(f->transfer) ||
	    (iso && !(f->e->actions & EXERCISE_ISOCH)))
		return;
	t = libusb_alloc_transfer(iso ? ISO_PACKETS : 0);
	data = heap_zero(BYTES);
	if (iso) {
		libusb_fill_iso_transfer(t, handle, ep->bEndpointAddress, data, BYTES, ISO_PACKETS,
					 came_back, f, 0);
		libusb_set_iso_packet_lengths(t, BYTES / ISO_PACKETS);
	} else if (type == LIBUSB_TRANSFER_TYPE_BULK) {
		libusb_fill_bulk_transfer(t, handle, ep->bEndpointAddress, data, BYTES, came_back,
					  f, 0);
		if (f->e->actions & EXERCISE_STREAMS)
			libusb_fill_bulk_stream_transfer(t, handle, ep->bEndpointAddress, 1, data,
							 BYTES, came_back, f, 0);
	} else {
		libusb_fill_interrupt_transfer(t, handle, ep->bEndpointAddress, data,
					       1 + ep->wMaxPacketSize % BYTES, came_back, f, 0);
	}
	f->e->counter += 2;
	if (libusb_submit_transfer(t)) {
		heap_free(data);
		libusb_free_transfer(t);
		return;
	}
	f->transfer[f->count++] = t;
}

static void handle_events(struct flight *f, unsigned rounds)
{
	struct timeval none = {0, 0};

	for (unsigned i = 0; i < rounds && f->back < f->count; i++)
		if (i & 1)
			libusb_handle_events_timeout_completed(f->e->context, &none, NULL);
		else
			libusb_handle_events_timeout(f->e->context, &none);
	f->e->counter += rounds;
}

static void fly(struct exercise *e, libusb_device_handle *handle,
		const struct libusb_interface_descriptor *setting)
{
	struct flight f = {.e = e};

	for (unsigned i = 0; i < setting->bNumEndpoints && i < ENDPOINTS; i++)
		submit(&f, handle, &setting->endpoint[i]);
	handle_events(&f, 1);
	if (e->actions & EXERCISE_UNPLUG)
		usbfs_unplug(&e->usbfs);
	for (unsigned i = 0; i < f.count; i += 2)
		libusb_cancel_transfer(f.transfer[i]);
	handle_events(&f, ROUNDS);
	for (unsigned i = 0; i < f.count; i++)
		libusb_cancel_transfer(f.transfer[i]);
	handle_events(&f, ROUNDS);
	/* One that never came back belongs to libusb still; the report would be of a leak. */
	for (unsigned i = 0; i < f.count && f.back == f.count; i++) {
		heap_free(f.transfer[i]->buffer);
		libusb_free_transfer(f.transfer[i]);
	}
}

/* ---- interfaces ---------------------------------------------------------------------------- */

static void use_streams(struct exercise *e, libusb_device_handle *handle,
			const struct libusb_interface_descriptor *setting)
{
	unsigned char ep[ENDPOINTS];
	int n = 0;

	for (unsigned i = 0; i < setting->bNumEndpoints && i < ENDPOINTS; i++)
		if ((setting->endpoint[i].bmAttributes & 3) == LIBUSB_TRANSFER_TYPE_BULK)
			ep[n++] = setting->endpoint[i].bEndpointAddress;
	e->counter += 2;
	if (libusb_alloc_streams(handle, 4, ep, n) > 0)
		libusb_free_streams(handle, ep, n);
}

static void use_setting(struct exercise *e, libusb_device_handle *handle,
			const struct libusb_interface_descriptor *setting)
{
	int number = setting->bInterfaceNumber;

	if (setting->bNumEndpoints && !setting->endpoint &&
	    exercise_is_known(e, EXERCISE_NO_ENDPOINTS))
		return;

	libusb_kernel_driver_active(handle, number);
	libusb_detach_kernel_driver(handle, number);
	e->counter += 4;
	if (libusb_claim_interface(handle, number))
		return;
	if (setting->bAlternateSetting)
		libusb_set_interface_alt_setting(handle, number, setting->bAlternateSetting);
	if (e->actions & EXERCISE_STREAMS)
		use_streams(e, handle, setting);
	if (e->actions & EXERCISE_DATA)
		for (unsigned i = 0; i < setting->bNumEndpoints && i < ENDPOINTS; i++)
			wait_for_one(e, handle, &setting->endpoint[i]);
	if (e->actions & EXERCISE_ASYNC)
		fly(e, handle, setting);
	libusb_release_interface(handle, number);
	libusb_attach_kernel_driver(handle, number);
}

void exercise_transfer(struct exercise *e, libusb_device_handle *handle)
{
	struct libusb_config_descriptor *config;
	int value = 0;

	if (e->actions & EXERCISE_CONTROL)
		control(e, handle);
	if (e->actions & (EXERCISE_DATA | EXERCISE_ASYNC | EXERCISE_STREAMS) &&
	    !libusb_get_active_config_descriptor(libusb_get_device(handle), &config)) {
		for (unsigned i = 0; i < config->bNumInterfaces && i < 4; i++)
			for (int n = 0; n < config->interface[i].num_altsetting && n < 4; n++)
				use_setting(e, handle, &config->interface[i].altsetting[n]);
		libusb_free_config_descriptor(config);
	}
	if (e->actions & EXERCISE_RESET) {
		libusb_get_configuration(handle, &value);
		libusb_set_configuration(handle, value);
		libusb_reset_device(handle);
		e->counter += 3;
	}
}
