// SPDX-License-Identifier: MIT
/*
 * A device that umockdev plays from a recording, through the distribution's libusb: our image of it has the
 * descriptors that the kernel of the recording machine shows in sysfs. ci/umockdev.sh calls this for each recording
 * with GAUNTLET_RECORDED=VVVV:PPPP and GAUNTLET_SYSFS=<its folder>; by itself it looks for a device that nobody has.
 */
#include <errno.h>

#include "dev/host.h"
#include "dev/testbed.h"

static size_t read_sysfs(uint8_t *set, size_t room)
{
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/descriptors", getenv("GAUNTLET_SYSFS"));
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(set, 1, room, f);
	assert_false(ferror(f));
	fclose(f);
	return n;
}

static enum usb_speed speed_of(const struct usb_device *dev)
{
	unsigned speed = 0;

	while (!(dev->ops->speed_mask >> speed & 1))
		speed++;
	return (enum usb_speed)speed;
}

static void a_recorded_device_has_the_descriptors_of_sysfs(void **state)
{
	const char *id = getenv("GAUNTLET_RECORDED");
	uint8_t sysfs[4096], ours[4096];
	struct usb_device *dev;
	struct bed bed;
	size_t len, at = 18;
	unsigned configs = 0;

	(void)state;
	if (!id) {
		assert_int_equal(host_open("ffff:fffe", NULL, NULL, &dev), -ENODEV);
		return;
	}
	len = read_sysfs(sysfs, sizeof(sysfs));
	assert_in_range(len, 18 + 9, sizeof(sysfs) - 1);
	assert_int_equal(host_open(id, NULL, NULL, &dev), 0);
	bed_plug(&bed, dev, speed_of(dev));
	assert_int_equal(bed_control(&bed, 0x80, 6, 0x100, 0, 18, ours), 18);
	assert_memory_equal(ours, sysfs, 18);
	for (; at + 9 <= len; configs++) {
		uint16_t total = get_le16(sysfs + at + 2);

		assert_in_range(total, 9, len - at);
		assert_int_equal(
			bed_control(&bed, 0x80, 6, (uint16_t)(0x200 | configs), 0, total, ours),
			total);
		assert_memory_equal(ours, sysfs + at, total);
		at += total;
	}
	assert_int_equal(configs, sysfs[17]);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_device_has_the_descriptors_of_sysfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
