// SPDX-License-Identifier: MIT
#include "dev/testbed.h"

static void models_are_in_their_fixed_order(void **state)
{
	(void)state;
	assert_string_equal(dev_models[0].name, "keyboard");
	assert_string_equal(dev_models[1].name, "tablet");
	assert_string_equal(dev_models[2].name, "storage");
	assert_string_equal(dev_models[3].name, "scripted");
}

static void models_are_found_by_the_name_their_device_has(void **state)
{
	struct disk *disk = disk_new_memory(8, 512);
	struct dev_context context = {.disk = disk};

	(void)state;
	for (unsigned i = 0; i < DEV_MODELS; i++) {
		struct usb_device *dev = dev_models[i].create(&context);

		assert_ptr_equal(dev_model_find(dev->ops->model), &dev_models[i]);
		dev_free(dev);
	}
	assert_null(dev_model_find("toaster"));
	dev_free(NULL);
	disk_free(disk);
}

/* The whole configuration and every string, as a host reads them. */
static void read_everything(struct bed *bed, enum usb_speed speed)
{
	uint8_t head[18], config[512], text[255];
	int total;

	assert_int_equal(bed_control(bed, 0x80, 6, 0x0100, 0, 18, head), 18);
	assert_int_equal(head[7], speed == USB_SPEED_SUPER ? 9 : speed == USB_SPEED_LOW ? 8 : 64);
	assert_int_equal(get_le16(head + 2), speed == USB_SPEED_SUPER ? 0x0300 : 0x0200);
	assert_int_equal(bed_control(bed, 0x80, 6, 0x0200, 0, 9, config), 9);
	total = get_le16(config + 2);
	assert_int_equal(bed_control(bed, 0x80, 6, 0x0200, 0, sizeof(config), config), total);
	for (int pos = 0; pos < total; pos += config[pos])
		assert_true(config[pos] >= 2 && config[pos] <= total - pos);
	for (unsigned i = 0; i <= 3; i++) {
		int len = bed_control(bed, 0x80, 6, (uint16_t)(0x0300 | i), 0x0409, 255, text);

		assert_true(len >= 4);
		assert_int_equal(text[0], len);
	}
	if (speed == USB_SPEED_SUPER) {
		total = bed_control(bed, 0x80, 6, 0x0f00, 0, 255, text);
		assert_true(total >= 22);
		assert_int_equal(get_le16(text + 2), total);
		assert_true(text[4] >= 2);
	}
}

static void every_model_enumerates_at_every_speed_it_has(void **state)
{
	struct disk *disk = disk_new_memory(8, 512);
	struct dev_context context = {.disk = disk};

	(void)state;
	for (unsigned i = 0; i < DEV_MODELS; i++) {
		for (int speed = USB_SPEED_FULL; speed <= USB_SPEED_SUPER; speed++) {
			struct usb_device *dev = dev_models[i].create(&context);
			struct bed bed;

			if (!(dev->ops->speed_mask & 1 << speed)) {
				dev_free(dev);
				continue;
			}
			bed_plug(&bed, dev, speed);
			read_everything(&bed, speed);
			bed_configure(&bed);
			bed_end(&bed);
		}
	}
	disk_free(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_are_in_their_fixed_order),
		cmocka_unit_test(models_are_found_by_the_name_their_device_has),
		cmocka_unit_test(every_model_enumerates_at_every_speed_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
