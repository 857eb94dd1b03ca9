// SPDX-License-Identifier: MIT
/*
 * leak.c -- IN data in guest memory is what devices sent and nothing more (USB2 8.5, xHCI 4.10.1.1):
 * per endpoint number no more bytes are written than were delivered, and the marker that fresh
 * packet buffers are filled with does not turn up. Devices are not told apart: every sum is an
 * upper bound.
 */
#include "oracle/set.h"

const struct oracle oracle_leak = {"only bytes that a device sent", "xHCI 4.10.1.1"};

#define MARKER 0xa5u
#define MARKER_RUN 16u

/* The longest stretch of marker bytes is at least MARKER_RUN. */
static bool has_run(const uint8_t *data, uint32_t len)
{
	for (uint32_t at = MARKER_RUN - 1; at < len; at += MARKER_RUN) {
		uint32_t first = at;
		uint32_t last = at;

		if (data[at] != MARKER)
			continue;
		while (first > 0 && data[first - 1] == MARKER && at - first < MARKER_RUN)
			first--;
		while (last + 1 < len && data[last + 1] == MARKER && last - first < MARKER_RUN)
			last++;
		if (last - first + 1 >= MARKER_RUN)
			return true;
	}
	return false;
}

void oracle_leak_packet(struct oracle_set *s, const struct trace_row *row)
{
	/* A packet that is taken back has moved something, too. */
	if (row->what == PACKET_SUBMIT || !(row->dci & 0x80) || !row->len || !row->data)
		return;
	s->leak.delivered[row->dci & 0xf] += row->len;
	/* A run may also grow together from two packets. */
	if (row->data[0] == MARKER || row->data[row->len - 1] == MARKER ||
	    has_run(row->data, row->len))
		s->leak.marker_sent = true;
}

void oracle_leak_dma(struct oracle_set *s, const struct trace_row *row)
{
	unsigned number = row->dci / 2;

	if (!(row->flags & TRACE_WRITE) || number > 15)
		return;
	s->leak.written[number] += row->len;
	if (s->leak.written[number] > s->leak.delivered[number])
		oracle_report(
			s, &oracle_leak,
			"slot %u endpoint %u: %llu bytes written to memory, devices sent %llu",
			row->slot, row->dci, (unsigned long long)s->leak.written[number],
			(unsigned long long)s->leak.delivered[number]);
	else if (!s->leak.marker_sent && has_run(row->data, row->len))
		oracle_report(s, &oracle_leak,
			      "slot %u endpoint %u: bytes of a packet buffer that no device filled",
			      row->slot, row->dci);
}
