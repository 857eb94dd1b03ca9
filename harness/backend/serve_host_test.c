// SPDX-License-Identifier: MIT
/*
 * Tests of devices that come to a served machine through libusb.
 */
#include "backend/serve.h"
#include "backend/vfio_testbed.h"
#include "usb/desc.h"

static void a_device_may_come_through_the_real_libusb(void **state)
{
	struct bed *bed = *state;
	struct serve_devices s = {.m = &bed->m};
	struct serve_path path;
	struct usb_device *dev;
	char why[200];

	assert_int_equal(serve_device_add(&s, "storage,via=libusb", &path, why, 200), 0);
	dev = machine_device(&bed->m, path.connector);
	assert_string_equal(dev->ops->model, "host");
	assert_int_equal(dev->desc->device->class, 0);
	assert_non_null(dev->desc->configs);
	assert_non_null(serve_device_disk(&s, &path));
	assert_int_equal(serve_device_add(&s, "keyboard,via=thin air", &path, why, 200), -EINVAL);
	assert_int_equal(serve_device_add(&s, "host", &path, why, 200), -EINVAL);
	assert_int_equal(serve_device_add(&s, "host,id=nonsense", &path, why, 200), -EINVAL);
	assert_non_null(strstr(why, "neither"));
	assert_int_equal(serve_device_add(&s, "host,id=1.2,via=libusb", &path, why, 200), -EINVAL);
	serve_device_remove_all(&s);
	assert_null(machine_device(&bed->m, 1));
}

static void say(void *opaque, const char *line)
{
	snprintf(opaque, 200, "%s", line);
}

static void a_device_that_is_in_order_is_not_spoken_of(void **state)
{
	struct bed *bed = *state;
	char why[200], said[200] = "";
	struct serve_devices s = {.m = &bed->m, .say = say, .say_opaque = said};
	struct serve_path path;

	assert_int_equal(serve_device_add(&s, "scripted,via=libusb,speed=high", &path, why, 200),
			 0);
	assert_string_equal(said, "");
	assert_int_equal(machine_device(&bed->m, path.connector)->speed, USB_SPEED_HIGH);
	serve_device_remove_all(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_device_may_come_through_the_real_libusb),
		bed_test(a_device_that_is_in_order_is_not_spoken_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
