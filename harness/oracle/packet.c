// SPDX-License-Identifier: MIT
/*
 * packet.c -- the life of USB packets: submitted once, then finished or taken back once; never
 * more bytes than there was room for; SETUP is 8 bytes on endpoint 0 (USB2 8.4.6, 8.5.3).
 */
#include "oracle/set.h"

const struct oracle oracle_packet = {"packet life", "USB2 8.5.3"};

enum {
	PID_SETUP = 2
}; /* as in TRACE_PACKET rows */

static int find(const struct packet_seen *p, uint64_t id)
{
	for (unsigned i = p->count; i-- > 0;)
		if (p->live[i].id == id)
			return (int)i;
	return -1;
}

static void submitted(struct oracle_set *s, const struct trace_row *row)
{
	struct packet_seen *p = &s->packet;

	if (find(p, row->value) >= 0)
		oracle_report(s, &oracle_packet, "packet %llu is submitted while it is under way",
			      (unsigned long long)row->value);
	else if (row->pid == PID_SETUP && row->len != 8)
		oracle_report(s, &oracle_packet, "SETUP of %u bytes", row->len);
	if (p->count == ORACLE_PACKETS) {
		p->lost = true;
		return;
	}
	p->live[p->count].id = row->value;
	p->live[p->count].len = row->len;
	p->live[p->count].pid = row->pid;
	p->live[p->count++].port = row->port;
}

void oracle_packet_row(struct oracle_set *s, const struct trace_row *row)
{
	struct packet_seen *p = &s->packet;
	int i;

	if (p->lost)
		return;
	if (row->what == PACKET_SUBMIT) {
		submitted(s, row);
		return;
	}
	i = find(p, row->value);
	if (i < 0) {
		oracle_report(s, &oracle_packet, "packet %llu is %s, but it is not under way",
			      (unsigned long long)row->value,
			      row->what == PACKET_COMPLETE ? "finished" : "cancelled");
		return;
	}
	if (row->what == PACKET_COMPLETE && row->len > p->live[i].len)
		oracle_report(s, &oracle_packet, "packet %llu: %u bytes where %u have room",
			      (unsigned long long)row->value, row->len, p->live[i].len);
	p->live[i] = p->live[--p->count];
}
