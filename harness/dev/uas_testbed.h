// SPDX-License-Identifier: MIT
/*
 * uas_testbed.h -- a UAS device and a host that speaks its protocol, for uas_test.c and
 * uas_task_test.c.
 */
#ifndef DEV_UAS_TESTBED_H
#define DEV_UAS_TESTBED_H

#include "dev/testbed.h"
#include "dev/uas.h"
#include "heap.h"

#define BED_PACKETS 80u

struct uas_bed {
	struct bed usb;
	struct disk *disk;
	struct usb_packet *packet[BED_PACKETS]; /* made, by number */
	unsigned done;                          /* completions, in all */
	unsigned last;                          /* number of the last one */
};

static inline struct uas_bed *uas_bed_start(enum usb_speed speed)
{
	struct uas_bed *bed = heap_zero(sizeof(*bed));

	bed->disk = disk_new_memory(256, 512);
	bed_plug(&bed->usb, uas_new(bed->disk), speed);
	bed_configure(&bed->usb);
	return bed;
}

static inline void uas_bed_end(struct uas_bed *bed)
{
	for (unsigned i = 0; i < BED_PACKETS; i++)
		usb_packet_free(bed->packet[i]);
	bed_end(&bed->usb);
	disk_free(bed->disk);
	heap_free(bed);
}

static inline void uas_bed_completed(struct usb_packet *p)
{
	struct uas_bed *bed = p->opaque;

	bed->done++;
	for (unsigned i = 0; i < BED_PACKETS; i++)
		if (bed->packet[i] == p)
			bed->last = i;
}

/* Submit a packet with this number; it stays until the next of the same number. */
static inline enum usb_status uas_bed_submit(struct uas_bed *bed, unsigned n, enum usb_pid pid,
					     unsigned ep, uint16_t stream, const void *data,
					     uint32_t len)
{
	struct usb_packet *p = usb_packet_new(bed->usb.port.dev, pid, ep, len);

	usb_packet_free(bed->packet[n]);
	bed->packet[n] = p;
	p->stream = stream;
	p->complete = uas_bed_completed;
	p->opaque = bed;
	if (data && len)
		memcpy(p->data, data, len);
	return usb_packet_submit(p);
}

static inline enum usb_status uas_bed_command(struct uas_bed *bed, uint16_t tag,
					      const uint8_t cdb[10])
{
	uint8_t iu[32] = {UAS_IU_COMMAND};

	put_be16(iu + 2, tag);
	memcpy(iu + 16, cdb, 10);
	return bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, sizeof(iu), NULL);
}

static inline enum usb_status uas_bed_manage(struct uas_bed *bed, uint16_t tag, uint8_t function,
					     uint16_t of, uint8_t lun)
{
	uint8_t iu[16] = {UAS_IU_TASK, [4] = function, [9] = lun};

	put_be16(iu + 2, tag);
	put_be16(iu + 6, of);
	return bed_packet(&bed->usb, USB_OUT, UAS_COMMAND_EP, iu, sizeof(iu), NULL);
}

/* The next IU on the status pipe (of this stream) is this one, of this tag. It is in packet 0 then. */
static inline const uint8_t *uas_bed_iu(struct uas_bed *bed, uint16_t stream, uint8_t id,
					uint16_t tag)
{
	assert_int_equal(uas_bed_submit(bed, 0, USB_IN, UAS_STATUS_EP, stream, NULL, 112), USB_OK);
	assert_int_equal(bed->packet[0]->data[0], id);
	assert_int_equal(get_be16(bed->packet[0]->data + 2), tag);
	return bed->packet[0]->data;
}

static inline void assert_response(struct uas_bed *bed, uint16_t stream, uint16_t tag,
				   uint8_t response)
{
	assert_int_equal(uas_bed_iu(bed, stream, UAS_IU_RESPONSE, tag)[7], response);
	assert_int_equal(bed->packet[0]->actual, 8);
}

static inline void assert_status(struct uas_bed *bed, uint16_t stream, uint16_t tag, uint8_t status)
{
	assert_int_equal(uas_bed_iu(bed, stream, UAS_IU_SENSE, tag)[6], status);
	assert_int_equal(bed->packet[0]->actual, status ? 34 : 16);
}

static const uint8_t test_unit_ready[10] = {0x00};
static const uint8_t inquiry[10] = {0x12, 0, 0, 0, 36};
static const uint8_t bad_opcode[10] = {0xff};

/* READ(10) or WRITE(10) of two blocks. */
struct uas_cdb {
	uint8_t bytes[10];
};

static inline struct uas_cdb move_2(uint8_t opcode, uint8_t lba)
{
	return (struct uas_cdb){{opcode, [5] = lba, [8] = 2}};
}

#define READ_10 0x28
#define WRITE_10 0x2a

#endif
