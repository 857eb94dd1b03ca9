// SPDX-License-Identifier: MIT
/*
 * storage_testbed.h -- a storage device and a host that speaks its transport, for storage_test.c.
 */
#ifndef DEV_STORAGE_TESTBED_H
#define DEV_STORAGE_TESTBED_H

#include "dev/testbed.h"
#include "heap.h"

#define EP_IN 1u
#define EP_OUT 2u

struct storage_bed {
	struct bed usb;
	struct disk *disk;
	uint8_t data[65536];
};

enum {
	PASSED,
	FAILED,
	PHASE_ERROR
};

static inline struct storage_bed *start(void)
{
	struct storage_bed *bed = heap_zero(sizeof(*bed));

	bed->disk = disk_new_memory(256, 512);
	bed_plug(&bed->usb, storage_new(bed->disk), USB_SPEED_HIGH);
	bed_configure(&bed->usb);
	return bed;
}

static inline void end(struct storage_bed *bed)
{
	bed_end(&bed->usb);
	disk_free(bed->disk);
	heap_free(bed);
}

static inline enum usb_status in(struct storage_bed *bed, uint32_t len, uint32_t *ret_actual)
{
	return bed_packet(&bed->usb, USB_IN, EP_IN, bed->data, len, ret_actual);
}

static inline enum usb_status out(struct storage_bed *bed, uint32_t len)
{
	return bed_packet(&bed->usb, USB_OUT, EP_OUT, bed->data, len, NULL);
}

#define TAG 0x1badcafe

static inline void make_cbw(uint8_t cbw[31], bool host_in, uint32_t length, const uint8_t cdb[10])
{
	memset(cbw, 0, 31);
	put_le32(cbw, 0x43425355);
	put_le32(cbw + 4, TAG);
	put_le32(cbw + 8, length);
	cbw[12] = host_in ? 0x80 : 0;
	cbw[14] = 10;
	memcpy(cbw + 15, cdb, 10);
}

static inline void command(struct storage_bed *bed, bool host_in, uint32_t length,
			   const uint8_t cdb[10])
{
	uint8_t cbw[31];

	make_cbw(cbw, host_in, length, cdb);
	assert_int_equal(bed_packet(&bed->usb, USB_OUT, EP_OUT, cbw, 31, NULL), USB_OK);
}

static inline void clear_halt(struct storage_bed *bed, uint8_t address)
{
	assert_int_equal(bed_control(&bed->usb, 0x02, 1, 0, address, 0, NULL), 0);
}

static inline void assert_csw(struct storage_bed *bed, uint8_t status, uint32_t residue)
{
	uint32_t actual;

	assert_int_equal(in(bed, 13, &actual), USB_OK);
	assert_int_equal(actual, 13);
	assert_int_equal(get_le32(bed->data), 0x53425355);
	assert_int_equal(get_le32(bed->data + 4), TAG);
	if (status != PHASE_ERROR)
		assert_int_equal(get_le32(bed->data + 8), residue);
	assert_int_equal(bed->data[12], status);
	assert_int_equal(in(bed, 13, NULL), USB_NAK);
}

/* The next IN answers STALL, then the CSW comes. */
static inline void assert_in_stalls(struct storage_bed *bed)
{
	assert_int_equal(in(bed, 512, NULL), USB_STALL);
	assert_int_equal(in(bed, 13, NULL), USB_STALL);
	clear_halt(bed, 0x81);
}

static inline void assert_out_stalls(struct storage_bed *bed)
{
	assert_int_equal(out(bed, 512), USB_STALL);
	clear_halt(bed, 0x02);
}

static const uint8_t test_unit_ready[10] = {0x00};
static const uint8_t inquiry[10] = {0x12, 0, 0, 0, 36}; /* Di = 36 */
static const uint8_t read_2[10] = {0x28, [5] = 4, [8] = 2};
static const uint8_t write_2[10] = {0x2a, [5] = 4, [8] = 2};
static const uint8_t bad_opcode[10] = {0xff};

#endif
