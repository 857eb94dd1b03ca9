// SPDX-License-Identifier: MIT
/*
 * record_shape.c -- what kind of thing a row of the trace is: which register, which TRB with which flags, which
 * event with which code, which request, which SCSI command. Addresses, counts and data are left out.
 */
#include "tool/record.h"
#include "usb/desc.h"
#include "xhci/abi.h"

#define BOT_CBW_BYTES 31u
#define BOT_CBW_SIGNATURE 0x43425355u
#define BOT_CBW_OPCODE 15u

void record_shapes_free(struct record_shapes *s)
{
	free(s->hash);
	memset(s, 0, sizeof(*s));
}

bool record_shapes_add(struct record_shapes *s, uint64_t hash)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->hash[mid] < hash)
			low = mid + 1;
		else
			high = mid;
	}
	if (!hash || (low < s->count && s->hash[low] == hash))
		return false;
	if (s->count == s->room) {
		uint64_t *more = alloc_zero((s->room * 2 + 64) * sizeof(*more));

		if (s->count)
			memcpy(more, s->hash, s->count * sizeof(*more));
		free(s->hash);
		s->hash = more;
		s->room = s->room * 2 + 64;
	}
	memmove(s->hash + low + 1, s->hash + low, (s->count - low) * sizeof(*s->hash));
	s->hash[low] = hash;
	s->count++;
	return true;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Registers of which there are many count as one, but for their role: slot 0's doorbell is commands'. */
static uint64_t register_shape(const struct record_head *where, const struct trace_row *row)
{
	uint64_t at = row->addr;

	if (at >= where->doorbell && at < where->doorbell + 1024)
		return at == where->doorbell ? 0x10000 : 0x20000 + (row->value & 0xff);
	if (at >= where->oper + XHCI_PORTS && at < where->oper + XHCI_PORTS + 0x1000) {
		uint64_t reg = (at - where->oper) & 0xf;

		return 0x30000 + reg +
			(reg ? 0 : (row->value & ~(uint64_t)PORTSC_SPEED_MASK) << 20);
	}
	if (at == where->oper + XHCI_USBCMD)
		return 0x40000 + (row->value << 20);
	return at;
}

static uint64_t trb_shape(const struct trace_row *row, uint32_t kept, bool event)
{
	uint32_t control;
	uint64_t h = mix(row->what, row->dci);

	if (kept < 16 || !row->data)
		return 0;
	control = get_le32(row->data + 12);
	if (event)
		return mix(mix(h, control & 0x001ffc00), row->data[11]);
	h = mix(h, control & 0x0000fffe);
	return row->dci == 1 ? mix(h, control >> 16) : h; /* TRT, DIR */
}

static uint64_t dma_shape(const struct trace_row *row, uint32_t kept)
{
	switch (row->what) {
	case DMA_CMD_TRB:
	case DMA_XFER_TRB:
		return trb_shape(row, kept, false);
	case DMA_EVENT_TRB:
		return trb_shape(row, kept, true);
	case DMA_DATA:
		if (row->flags & TRACE_WRITE || kept != BOT_CBW_BYTES ||
		    get_le32(row->data) != BOT_CBW_SIGNATURE)
			return mix(0x50000, row->dci);
		return mix(0x60000, row->data[BOT_CBW_OPCODE]);
	default:
		return mix(0x70000 + row->what, row->flags & TRACE_WRITE);
	}
}

static uint64_t packet_shape(const struct trace_row *row, uint32_t kept)
{
	uint64_t h = mix(mix(0x80000 + row->what, row->pid), mix(row->dci, row->status));

	if (row->what == PACKET_SUBMIT && kept == 8) /* a request; wLength apart */
		return mix(h, get_le32(row->data) ^ (uint64_t)get_le16(row->data + 4) << 32);
	return mix(h, !row->len);
}

uint64_t record_shape_of(const struct record_head *where, const struct trace_row *row,
			 uint32_t kept)
{
	uint64_t h = mix(0x1234567, row->kind);

	switch (row->kind) {
	case TRACE_MMIO:
		return row->flags & TRACE_WRITE ? mix(h, register_shape(where, row)) : 0;
	case TRACE_CONFIG:
		return row->flags & TRACE_WRITE ? mix(h, row->addr) : 0;
	case TRACE_DMA:
		return mix(h, dma_shape(row, kept));
	case TRACE_PACKET:
		return mix(h, packet_shape(row, kept));
	case RECORD_NOTE:
		return mix(h, kept ? row->data[0] : 0);
	default:
		return 0;
	}
}
