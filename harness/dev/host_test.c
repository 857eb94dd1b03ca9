// SPDX-License-Identifier: MIT
/*
 * Tests of the pass-through device: our own models behind the in-process usbfs, a real libusb before it,
 * and usb-core in front.
 */
#include "dev/host.h"
#include "dev/testbed.h"
#include "usb/desc.h"
#include "usbfs/usbfs.h"

struct road {
	struct bed bed;
	struct usbfs behind;    /* what libusb talks to */
	struct usb_device *far; /* its device */
	struct disk *disk;
	unsigned warnings, completed;
	char last[200];
};

static int setup(void **state)
{
	*state = alloc_zero(sizeof(struct road));
	return 0;
}

static int teardown(void **state)
{
	struct road *r = *state;

	if (r->bed.port.dev)
		bed_end(&r->bed);
	usbfs_close(&r->behind);
	assert_int_equal(r->behind.bus.live_packets, 0);
	disk_free(r->disk);
	free(r);
	return 0;
}

static void warned(void *opaque, const char *line)
{
	struct road *r = opaque;

	r->warnings++;
	snprintf(r->last, sizeof(r->last), "%s", line);
}

/* far goes behind, its image is plugged in front and configured. */
static void drive_up(struct road *r, struct usb_device *far)
{
	struct usb_device *dev;

	r->far = far;
	assert_int_equal(usbfs_open(&r->behind, far, USB_SPEED_HIGH), 0);
	assert_int_equal(host_open_file(r->behind.fd, warned, r, &dev), 0);
	bed_plug(&r->bed, dev, USB_SPEED_HIGH);
	bed_configure(&r->bed);
}

static void noted(struct usb_packet *p)
{
	struct road *r = p->opaque;

	r->completed++;
}

static struct usb_packet *ask(struct road *r, unsigned number, uint32_t len)
{
	struct usb_packet *p = usb_packet_new(r->bed.port.dev, USB_IN, number, len);

	p->complete = noted;
	p->opaque = r;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	return p;
}

static void a_keyboard_is_seen_as_it_is(void **state)
{
	struct road *r = *state;
	uint8_t front[64], behind[64];
	int n;

	drive_up(r, keyboard_new());
	assert_int_equal(r->warnings, 0);
	n = bed_control(&r->bed, 0x80, 6, 0x0100, 0, 18, front);
	assert_int_equal(n, 18);
	assert_int_equal(usbfs_control(&r->behind, 0x80, 6, 0x0100, 0, behind, 18), 18);
	assert_memory_equal(front, behind, 18);
	/* A string and a report descriptor come from the device itself. */
	n = bed_control(&r->bed, 0x80, 6, 0x0302, 0x0409, 64, front);
	assert_true(n > 4);
	assert_int_equal(usbfs_control(&r->behind, 0x80, 6, 0x0302, 0x0409, behind, 64), n);
	assert_memory_equal(front, behind, (size_t)n);
	assert_true(bed_control(&r->bed, 0x81, 6, 0x2200, 0, 64, front) > 0);
	assert_int_equal(r->behind.claimed, 1);
}

static void a_key_comes_through(void **state)
{
	struct road *r = *state;
	struct usb_packet *p;

	drive_up(r, keyboard_new());
	p = ask(r, 1, 8);
	bed_step(&r->bed, 3000000);
	assert_int_equal(r->completed, 0);
	assert_int_equal(keyboard_press(r->far, 0x1e, true), 0);
	bed_step(&r->bed, 3000000);
	assert_int_equal(r->completed, 1);
	assert_int_equal(p->status, USB_OK);
	assert_int_equal(p->actual, 8);
	assert_int_equal(p->data[2], 4);
	usb_packet_free(p);
}

static void what_the_guest_sends_reaches_the_device(void **state)
{
	struct road *r = *state;
	uint8_t leds = 2;

	drive_up(r, keyboard_new());
	assert_int_equal(bed_control(&r->bed, 0x21, 9, 0x0200, 0, 1, &leds), 1);
	assert_int_equal(keyboard_leds(r->far), 2);
}

static void a_disk_is_written_and_read(void **state)
{
	static const uint8_t cbw[2][31] = {
		{'U', 'S', 'B', 'C',  1, 0, 0, 0, 0, 4, 0, 0,
		 0,   0,   10,  0x2a, 0, 0, 0, 0, 5, 0, 0, 2},
		{'U',  'S', 'B', 'C',  1, 0, 0, 0, 0, 4, 0, 0,
		 0x80, 0,   10,  0x28, 0, 0, 0, 0, 5, 0, 0, 2},
	};
	struct road *r = *state;
	uint8_t data[1024], back[1024] = {0}, csw[13], command[31];
	uint32_t n;

	r->disk = disk_new_memory(64, 512);
	drive_up(r, storage_new(r->disk));
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 11 + i / 256);
	for (unsigned reading = 0; reading < 2; reading++) {
		memcpy(command, cbw[reading], sizeof(command));
		assert_int_equal(bed_packet(&r->bed, USB_OUT, 2, command, 31, NULL), USB_OK);
		assert_int_equal(bed_packet(&r->bed, reading ? USB_IN : USB_OUT, reading ? 1 : 2,
					    reading ? back : data, 1024, &n),
				 USB_OK);
		assert_int_equal(bed_packet(&r->bed, USB_IN, 1, csw, 13, &n), USB_OK);
		assert_int_equal(n, 13);
		assert_int_equal(csw[12], 0);
	}
	assert_memory_equal(back, data, sizeof(data));
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

static void an_endpoint_0x80_is_skipped_with_a_warning_and_the_rest_works(void **state)
{
	static const uint8_t set[] = {
		18, 1, 0,    2, 0, 0,    0,  64,   0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1, /* device */
		9,  2, 32,   0, 1, 1,    0,  0xc0, 50, /* configuration */
		9,  4, 0,    0, 2, 0xff, 0,  0,    0,  /* interface */
		7,  5, 0x80, 3, 8, 0,    10,           /* no endpoint */
		7,  5, 0x81, 2, 0, 2,    0,
	};
	struct road *r = *state;
	uint8_t data[18];
	uint32_t n;

	drive_up(r, scripted_new(set, sizeof(set), 0));
	assert_int_equal(r->warnings, 1);
	assert_non_null(strstr(r->last, "address 0x80 is skipped"));
	assert_int_equal(r->bed.port.dev->ep0.type, USB_EP_CONTROL);
	assert_int_equal(bed_control(&r->bed, 0x80, 6, 0x0100, 0, 18, data), 18);
	assert_int_equal(bed_packet(&r->bed, USB_IN, 1, data, sizeof(data), &n), USB_OK);
	assert_int_equal(n, sizeof(data));
	assert_int_equal(bed_control(&r->bed, 0xc0, 1, 0, 0, 4, data), 4);
}

static void a_stall_is_a_stall_and_is_cleared(void **state)
{
	static const struct scripted_answer stall = {.number = 1,
						     .pid = USB_IN,
						     .status = USB_STALL},
					    refuse = {.request = true, .status = USB_STALL};
	struct road *r = *state;
	uint8_t data[512];

	drive_up(r, scripted_new(NULL, 0, 0));
	assert_int_equal(scripted_answer(r->far, &stall), 0);
	assert_int_equal(bed_packet(&r->bed, USB_IN, 1, data, 512, NULL), USB_STALL);
	assert_int_equal(bed_packet(&r->bed, USB_IN, 1, data, 512, NULL), USB_STALL);
	assert_int_equal(bed_control(&r->bed, 2, 1, 0, 0x81, 0, NULL), 0);
	assert_int_equal(bed_packet(&r->bed, USB_IN, 1, data, 512, NULL), USB_OK);
	assert_int_equal(scripted_answer(r->far, &refuse), 0);
	assert_int_equal(bed_control(&r->bed, 0xc0, 1, 0, 0, 4, data), -USB_STALL);
	assert_int_equal(bed_control(&r->bed, 0xc0, 1, 0, 0, 4, data), 4);
}

/* What ended with an empty packet behind the device's ends so before it, whatever its length. */
static void an_empty_packet_behind_ends_it_in_front(void **state)
{
	static const uint8_t some[512];
	static const struct scripted_answer full = {.number = 1,
						    .pid = USB_IN,
						    .data = some,
						    .len = sizeof(some)},
					    empty = {.number = 1, .pid = USB_IN};
	struct road *r = *state;
	struct usb_device *far = scripted_new(NULL, 0, 0);
	struct usb_packet *p;

	far->pipeline = false;
	drive_up(r, far);
	usb_endpoint_get(r->bed.port.dev, USB_IN, 1)->pipeline = false;
	assert_int_equal(scripted_answer(far, &full), 0);
	assert_int_equal(scripted_answer(far, &empty), 0);
	p = usb_packet_new(r->bed.port.dev, USB_IN, 1, 1024);
	p->complete = noted;
	p->opaque = r;
	if (usb_packet_submit(p) == USB_ASYNC)
		bed_step(&r->bed, 3000000);
	assert_int_equal(p->status, USB_OK);
	assert_int_equal(p->actual, 512);
	assert_true(usb_packet_ends_short(p, 512));
	usb_packet_free(p);
}

static void what_is_taken_back_does_not_come_back(void **state)
{
	struct road *r = *state;
	struct usb_packet *p;

	drive_up(r, keyboard_new());
	p = ask(r, 1, 8);
	usb_packet_free(p);
	assert_int_equal(keyboard_press(r->far, 0x1e, true), 0);
	bed_step(&r->bed, 3000000);
	assert_int_equal(r->completed, 0);
	assert_null(((struct host *)(void *)r->bed.port.dev)->transfers);
}

static void a_device_that_leaves_is_unplugged(void **state)
{
	struct road *r = *state;
	struct usb_packet *p;

	drive_up(r, keyboard_new());
	p = ask(r, 1, 8);
	usbfs_unplug(&r->behind);
	bed_step(&r->bed, 3000000);
	assert_int_equal(r->completed, 1);
	assert_int_equal(p->status, USB_NODEV);
	assert_null(r->bed.port.dev);
	assert_string_equal(r->last, "the device left");
	usb_packet_free(p);
}

static void unplugging_with_a_transfer_under_way_leaves_nothing(void **state)
{
	struct road *r = *state;
	struct usb_packet *p;

	drive_up(r, keyboard_new());
	p = ask(r, 1, 8);
	usb_unplug(&r->bed.port);
	assert_int_equal(r->completed, 1);
	assert_int_equal(p->status, USB_NODEV);
	usb_packet_free(p);
}

static void a_device_that_is_not_there_is_said_so(void **state)
{
	struct usb_device *dev;

	(void)state;
	assert_int_equal(host_open("nonsense", NULL, NULL, &dev), -EINVAL);
	assert_int_equal(host_open("1.", NULL, NULL, &dev), -EINVAL);
	assert_int_equal(host_open_file(-1, NULL, NULL, &dev), -EIO);
}

#define host_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(a_keyboard_is_seen_as_it_is),
		host_test(a_key_comes_through),
		host_test(what_the_guest_sends_reaches_the_device),
		host_test(a_disk_is_written_and_read),
		host_test(an_endpoint_0x80_is_skipped_with_a_warning_and_the_rest_works),
		host_test(a_stall_is_a_stall_and_is_cleared),
		host_test(an_empty_packet_behind_ends_it_in_front),
		host_test(what_is_taken_back_does_not_come_back),
		host_test(a_device_that_leaves_is_unplugged),
		host_test(unplugging_with_a_transfer_under_way_leaves_nothing),
		cmocka_unit_test(a_device_that_is_not_there_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
