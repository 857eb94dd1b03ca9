// SPDX-License-Identifier: MIT
/*
 * scsi_sense.c -- sense data, fixed and descriptor format (SPC-4, 4.5), and REQUEST SENSE (6.39).
 */
#include "dev/scsi.h"

static void put_field(const struct scsi_sense *sense, uint8_t *ret)
{
	ret[0] = sense->in_cdb ? 0xc0 : 0x80; /* SKSV, C/D */
	put_be16(ret + 1, sense->field);
}

void scsi_sense_fixed(const struct scsi_sense *sense, uint8_t *ret)
{
	memset(ret, 0, SCSI_SENSE_BYTES);
	ret[0] = 0x70;
	ret[2] = sense->key;
	if (sense->has_info && sense->info <= UINT32_MAX) {
		ret[0] |= 0x80;
		put_be32(ret + 3, (uint32_t)sense->info);
	}
	ret[7] = SCSI_SENSE_BYTES - 8;
	put_be16(ret + 12, sense->code);
	if (sense->has_field)
		put_field(sense, ret + 15);
}

#define DESCRIPTOR_SENSE_BYTES (8u + 12u + 8u)

/* Returns the length. */
static size_t sense_descriptors(const struct scsi_sense *sense, uint8_t *ret)
{
	size_t len = 8;

	memset(ret, 0, DESCRIPTOR_SENSE_BYTES);
	ret[0] = 0x72;
	ret[1] = sense->key;
	put_be16(ret + 2, sense->code);
	if (sense->has_info) {
		ret[len + 1] = 10; /* type 0: information */
		ret[len + 2] = 0x80;
		put_be64(ret + len + 4, sense->info);
		len += 12;
	}
	if (sense->has_field) {
		ret[len] = 2; /* sense key specific */
		ret[len + 1] = 6;
		put_field(sense, ret + len + 4);
		len += 8;
	}
	ret[7] = (uint8_t)(len - 8);
	return len;
}

static void fail(struct scsi *s, const struct scsi_sense *sense)
{
	s->sense = *sense;
	s->status = SCSI_CHECK_CONDITION;
	s->remaining = 0;
	s->work = SCSI_WORK_NONE;
}

void scsi_fail(struct scsi *s, enum scsi_key key, enum scsi_code code)
{
	fail(s, &(struct scsi_sense){.key = key, .code = code});
}

void scsi_fail_lba(struct scsi *s, enum scsi_key key, enum scsi_code code, uint64_t lba)
{
	fail(s, &(struct scsi_sense){.key = key, .code = code, .has_info = true, .info = lba});
}

void scsi_fail_cdb(struct scsi *s, unsigned byte)
{
	fail(s,
	     &(struct scsi_sense){.key = SCSI_ILLEGAL_REQUEST,
				  .code = SCSI_INVALID_FIELD,
				  .has_field = true,
				  .in_cdb = true,
				  .field = (uint16_t)byte});
}

void scsi_fail_parameter(struct scsi *s, unsigned byte)
{
	fail(s,
	     &(struct scsi_sense){.key = SCSI_ILLEGAL_REQUEST,
				  .code = SCSI_INVALID_PARAMETER,
				  .has_field = true,
				  .field = (uint16_t)byte});
}

void scsi_request_sense(struct scsi *s)
{
	uint8_t data[DESCRIPTOR_SENSE_BYTES];
	struct scsi_sense sense = s->sense;
	size_t len = SCSI_SENSE_BYTES;

	if (s->lun)
		sense = (struct scsi_sense){.key = SCSI_ILLEGAL_REQUEST, .code = SCSI_NO_SUCH_LUN};
	else if (!sense.key && s->changed)
		sense = (struct scsi_sense){.key = SCSI_UNIT_ATTENTION,
					    .code = SCSI_MEDIUM_CHANGED};
	if (sense.key == SCSI_UNIT_ATTENTION)
		s->changed = false;
	if (s->cdb[1] & 1)
		len = sense_descriptors(&sense, data);
	else
		scsi_sense_fixed(&sense, data);
	scsi_reply(s, data, len, s->cdb[4]);
	s->sense = (struct scsi_sense){0};
}
