// SPDX-License-Identifier: MIT
/*
 * record.c -- rows of the trace as a file. Little-endian: a head of RECORD_HEAD_BYTES, then rows of
 * RECORD_ROW_BYTES, each followed by the bytes that were kept of it. What nobody needs to do it all again is
 * left out: interrupts, time alone, data that devices send, a register read again with the same value.
 */
#include <errno.h>

#include "capture/capture.h"
#include "capture/record_format.h"
#include "usb/usb.h"

struct record_file {
	FILE *out;
	uint64_t count;
	int err; /* -errno of the first failure */
	struct trace_row last_read;
};

int record_file_open(const char *path, const struct record_head *head, struct record_file **ret)
{
	uint8_t bytes[RECORD_HEAD_BYTES] = RECORD_MAGIC;
	struct record_file *f;
	FILE *out = fopen(path, "we");

	*ret = NULL;
	if (!out)
		return -errno;
	put_le32(bytes + 16, RECORD_VERSION);
	memcpy(bytes + 20, head->profile, sizeof(head->profile));
	put_le32(bytes + 52, head->oper);
	put_le32(bytes + 56, head->runtime);
	put_le32(bytes + 60, head->doorbell);
	f = alloc_zero(sizeof(*f));
	f->out = out;
	fwrite(bytes, 1, sizeof(bytes), out);
	if (record_file_flush(f))
		return record_file_close(f);
	*ret = f;
	return 0;
}

static void write_row(struct record_file *f, const struct trace_row *row, uint32_t kept)
{
	uint8_t b[RECORD_ROW_BYTES] = {row->kind, row->flags, row->what,   row->slot,
				       row->dci,  row->pid,   row->status, row->port};

	put_le32(b + 8, row->len);
	put_le32(b + 12, kept);
	put_le64(b + 16, row->time_ns);
	put_le64(b + 24, row->addr);
	put_le64(b + 32, row->value);
	fwrite(b, 1, sizeof(b), f->out);
	if (kept)
		fwrite(row->data, 1, kept, f->out);
	f->count++;
}

/* A register that is polled. */
static bool is_again(struct record_file *f, const struct trace_row *row)
{
	const struct trace_row *l = &f->last_read;
	bool again;

	if (row->kind != TRACE_MMIO || row->flags & TRACE_WRITE) {
		if (row->kind == TRACE_MMIO)
			f->last_read.len = 0;
		return false;
	}
	again = l->len == row->len && l->addr == row->addr && l->value == row->value;
	f->last_read = *row;
	return again;
}

static uint32_t dma_kept(const struct trace_row *row)
{
	if (!row->data)
		return 0;
	if (row->flags & TRACE_WRITE)
		return row->what == DMA_EVENT_TRB ? row->len : 0;
	return row->what == DMA_DATA && row->len > RECORD_OUT_MAX ? 0 : row->len;
}

void record_file_row(void *opaque, const struct trace_row *row)
{
	struct record_file *f = opaque;

	switch (row->kind) {
	case TRACE_MMIO:
	case TRACE_CONFIG:
		if (!is_again(f, row))
			write_row(f, row, 0);
		break;
	case TRACE_DMA:
		write_row(f, row, (uint32_t)min_u64(dma_kept(row), RECORD_DATA_MAX));
		break;
	case TRACE_PACKET:
		if (row->pid == USB_SETUP && row->what == PACKET_SUBMIT && row->len == 8)
			write_row(f, row, row->data ? 8 : 0);
		else if (row->what == PACKET_COMPLETE && row->status != USB_NAK)
			write_row(f, row, 0);
		break;
	case TRACE_PLUG:
		write_row(f, row, 0);
		break;
	default:
		break;
	}
}

void record_file_note(struct record_file *f, uint64_t time_ns, const char *op)
{
	uint32_t len = (uint32_t)min_u64(strlen(op), RECORD_DATA_MAX);
	struct trace_row row = {
		.kind = RECORD_NOTE, .len = len, .time_ns = time_ns, .data = (const uint8_t *)op};

	write_row(f, &row, len);
}

int record_file_flush(struct record_file *f)
{
	errno = EIO;
	if ((fflush(f->out) || ferror(f->out)) && !f->err)
		f->err = -errno;
	return f->err;
}

int record_file_close(struct record_file *f)
{
	int err;

	if (!f)
		return 0;
	err = record_file_flush(f);
	if (fclose(f->out) && !err)
		err = -errno;
	free(f);
	return err;
}

uint64_t record_file_count(const struct record_file *f)
{
	return f->count;
}
