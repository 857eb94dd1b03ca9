// SPDX-License-Identifier: MIT
/*
 * Tests of the usbfs in this process, as libusb and its users see it: our models behind a real libusb.
 */
#include "dev/dev.h"
#include "usbfs/usbfs.h"

#include <errno.h>
#include <libusb-1.0/libusb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define KEYBOARD_IN 0x81

struct bed {
	libusb_context *context;
	struct usbfs f;
	struct usb_device *dev;
	struct disk *disk;
	libusb_device_handle *handle;
	unsigned back;
};

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	assert_int_equal(libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY), 0);
	assert_int_equal(libusb_init(&bed->context), 0);
	*state = bed;
	return 0;
}

static void open_device(struct bed *bed, struct usb_device *dev)
{
	bed->dev = dev;
	assert_int_equal(usbfs_open(&bed->f, dev, USB_SPEED_NONE), 0);
	assert_int_equal(libusb_wrap_sys_device(bed->context, bed->f.fd, &bed->handle), 0);
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	if (bed->handle)
		libusb_close(bed->handle);
	usbfs_close(&bed->f);
	assert_null(usbfs_find(bed->f.fd));
	assert_int_equal(bed->f.bus.live_devices, 0);
	assert_int_equal(bed->f.bus.live_packets, 0);
	libusb_exit(bed->context);
	disk_free(bed->disk);
	free(bed);
	return 0;
}

static void libusb_reads_the_descriptors_of_our_keyboard(void **state)
{
	struct bed *bed = *state;
	struct libusb_device_descriptor device;
	struct libusb_config_descriptor *config;
	unsigned char text[64];

	open_device(bed, keyboard_new());
	assert_int_equal(bed->dev->state, USB_CONFIGURED);
	assert_int_equal(libusb_get_device_descriptor(libusb_get_device(bed->handle), &device), 0);
	assert_int_equal(device.bNumConfigurations, 1);
	assert_int_equal(
		libusb_get_active_config_descriptor(libusb_get_device(bed->handle), &config), 0);
	assert_int_equal(config->interface[0].altsetting[0].bInterfaceClass, LIBUSB_CLASS_HID);
	libusb_free_config_descriptor(config);
	assert_true(libusb_get_string_descriptor_ascii(bed->handle, device.iProduct, text,
						       sizeof(text)) > 0);
	assert_int_equal(libusb_get_device_speed(libusb_get_device(bed->handle)),
			 LIBUSB_SPEED_HIGH);
	assert_int_equal(libusb_get_device_address(libusb_get_device(bed->handle)), 1);
}

static void LIBUSB_CALL came_back(struct libusb_transfer *t)
{
	struct bed *bed = t->user_data;

	bed->back++;
}

static void handle_events(struct bed *bed)
{
	struct timeval none = {0, 0};

	assert_int_equal(libusb_handle_events_timeout_completed(bed->context, &none, NULL), 0);
}

/* It is nowhere below /dev/bus/usb, and libusb was told to look for none. */
static void a_device_behind_a_file_has_no_node(void **state)
{
	struct bed *bed = *state;
	libusb_device_handle *handle;
	libusb_device *dev, **list;

	open_device(bed, keyboard_new());
	assert_int_equal(libusb_get_device_list(bed->context, &list), 0);
	libusb_free_device_list(list, 1);
	dev = libusb_ref_device(libusb_get_device(bed->handle));
	assert_int_equal(libusb_open(dev, &handle), LIBUSB_ERROR_NO_DEVICE);
	libusb_close(bed->handle);
	bed->handle = NULL;
	assert_int_equal(libusb_get_device_address(dev), 1);
	libusb_unref_device(dev);
}

static void a_transfer_waits_for_a_key(void **state)
{
	struct bed *bed = *state;
	struct libusb_transfer *t = libusb_alloc_transfer(0);
	uint8_t report[8] = {0};

	open_device(bed, keyboard_new());
	assert_int_equal(libusb_claim_interface(bed->handle, 0), 0);
	libusb_fill_interrupt_transfer(t, bed->handle, KEYBOARD_IN, report, 8, came_back, bed, 0);
	assert_int_equal(libusb_submit_transfer(t), 0);
	handle_events(bed);
	assert_int_equal(bed->back, 0);
	assert_int_equal(keyboard_press(bed->dev, 0x1e, true), 0); /* the key A */
	handle_events(bed);
	assert_int_equal(bed->back, 1);
	assert_int_equal(t->status, LIBUSB_TRANSFER_COMPLETED);
	assert_int_equal(t->actual_length, 8);
	assert_int_equal(report[2], 4);
	libusb_free_transfer(t);
}

static void a_cancelled_transfer_comes_back_as_cancelled(void **state)
{
	struct bed *bed = *state;
	struct libusb_transfer *t = libusb_alloc_transfer(0);
	uint8_t report[8];

	open_device(bed, keyboard_new());
	libusb_fill_interrupt_transfer(t, bed->handle, KEYBOARD_IN, report, 8, came_back, bed, 0);
	assert_int_equal(libusb_submit_transfer(t), 0);
	assert_int_equal(libusb_cancel_transfer(t), 0);
	handle_events(bed);
	assert_int_equal(bed->back, 1);
	assert_int_equal(t->status, LIBUSB_TRANSFER_CANCELLED);
	libusb_free_transfer(t);
}

static void what_is_under_way_when_the_device_goes_comes_back(void **state)
{
	struct bed *bed = *state;
	struct libusb_transfer *t = libusb_alloc_transfer(0);
	uint8_t report[8];

	open_device(bed, keyboard_new());
	libusb_fill_interrupt_transfer(t, bed->handle, KEYBOARD_IN, report, 8, came_back, bed, 0);
	assert_int_equal(libusb_submit_transfer(t), 0);
	usbfs_unplug(&bed->f);
	handle_events(bed);
	assert_int_equal(bed->back, 1);
	assert_int_equal(t->status, LIBUSB_TRANSFER_NO_DEVICE);
	assert_int_equal(libusb_submit_transfer(t), LIBUSB_ERROR_NO_DEVICE);
	libusb_free_transfer(t);
}

/* Bulk-only transport 1.0: command, data, status. */
static void a_block_of_our_disk_is_written_and_read(void **state)
{
	static const uint8_t write_10[31] = {'U', 'S', 'B', 'C',  1, 0, 0, 0, 0, 4, 0, 0,
					     0,   0,   10,  0x2a, 0, 0, 0, 0, 5, 0, 0, 2};
	uint8_t read_10[31], data[1024], back[1024] = {0}, status[13];
	struct bed *bed = *state;
	int n;

	bed->disk = disk_new_memory(64, 512);
	open_device(bed, storage_new(bed->disk));
	memcpy(read_10, write_10, sizeof(read_10));
	read_10[12] = 0x80;
	read_10[15] = 0x28;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(libusb_claim_interface(bed->handle, 0), 0);
	for (unsigned reading = 0; reading < 2; reading++) {
		assert_int_equal(
			libusb_bulk_transfer(bed->handle, 2,
					     reading ? read_10 : (uint8_t *)(uintptr_t)write_10, 31,
					     &n, 0),
			0);
		assert_int_equal(libusb_bulk_transfer(bed->handle, reading ? 0x81 : 2,
						      reading ? back : data, 1024, &n, 0),
				 0);
		assert_int_equal(n, 1024);
		assert_int_equal(libusb_bulk_transfer(bed->handle, 0x81, status, 13, &n, 0), 0);
		assert_int_equal(status[12], 0);
	}
	assert_memory_equal(back, data, sizeof(data));
}

static void answers_become_the_errors_of_a_kernel(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} list[] = {{USB_BABBLE, LIBUSB_ERROR_OVERFLOW},
		    {USB_XACT, LIBUSB_ERROR_IO},
		    {USB_STALL, LIBUSB_ERROR_PIPE}};
	struct bed *bed = *state;
	uint8_t data[64];
	int n;

	open_device(bed, scripted_new(NULL, 0, 0));
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
		struct scripted_answer a = {.number = 1, .pid = USB_IN, .status = list[i].status};

		assert_int_equal(scripted_answer(bed->dev, &a), 0);
		assert_int_equal(libusb_bulk_transfer(bed->handle, 0x81, data, 64, &n, 0),
				 list[i].error);
	}
	assert_int_equal(libusb_bulk_transfer(bed->handle, 0x81, data, 64, &n, 0),
			 LIBUSB_ERROR_PIPE); /* it is halted */
	assert_int_equal(libusb_clear_halt(bed->handle, 0x81), 0);
	assert_int_equal(libusb_bulk_transfer(bed->handle, 0x81, data, 64, &n, 0), 0);
	assert_int_equal(libusb_bulk_transfer(bed->handle, 0x87, data, 64, &n, 0),
			 LIBUSB_ERROR_IO); /* the kernel knows no such endpoint */
}

static void patience_ends_a_transfer_that_nobody_answers(void **state)
{
	struct scripted_answer a = {.number = 1, .pid = USB_IN, .status = USB_ASYNC};
	struct bed *bed = *state;
	uint8_t data[64];
	int n;

	open_device(bed, scripted_new(NULL, 0, 0));
	bed->f.patience = 3;
	assert_int_equal(scripted_answer(bed->dev, &a), 0);
	assert_int_equal(libusb_bulk_transfer(bed->handle, 0x81, data, 64, &n, 0), LIBUSB_ERROR_IO);
}

static int refuse_claims(void *opaque, unsigned long request)
{
	(void)opaque;
	return request == USBDEVFS_CLAIMINTERFACE ? -EBUSY : 0;
}

static void any_ioctl_may_be_refused(void **state)
{
	struct bed *bed = *state;

	open_device(bed, keyboard_new());
	bed->f.fault = refuse_claims;
	assert_int_equal(libusb_claim_interface(bed->handle, 0), LIBUSB_ERROR_BUSY);
	bed->f.fault = NULL;
	assert_int_equal(libusb_claim_interface(bed->handle, 0), 0);
	assert_int_equal(libusb_claim_interface(bed->handle, 9), LIBUSB_ERROR_NOT_FOUND);
}

static void ioctls_of_other_files_are_the_kernels(void **state)
{
	int pair[2], n = 0;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], "abc", 3), 3);
	assert_int_equal(ioctl(pair[0], FIONREAD, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ioctl(pair[0], USBDEVFS_RESET, NULL), -1);
	assert_int_equal(errno, ENOTTY);
	close(pair[0]);
	close(pair[1]);
}

#define usbfs_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		usbfs_test(libusb_reads_the_descriptors_of_our_keyboard),
		usbfs_test(a_device_behind_a_file_has_no_node),
		usbfs_test(a_transfer_waits_for_a_key),
		usbfs_test(a_cancelled_transfer_comes_back_as_cancelled),
		usbfs_test(what_is_under_way_when_the_device_goes_comes_back),
		usbfs_test(a_block_of_our_disk_is_written_and_read),
		usbfs_test(answers_become_the_errors_of_a_kernel),
		usbfs_test(patience_ends_a_transfer_that_nobody_answers),
		usbfs_test(any_ioctl_may_be_refused),
		cmocka_unit_test(ioctls_of_other_files_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
