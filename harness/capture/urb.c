// SPDX-License-Identifier: MIT
/*
 * urb.c -- packets to URBs. A packet that is refused with NAK stays under way: the host asks again. A
 * control transfer begins with its SETUP token and ends with its status stage, with a token that is
 * refused or taken back, or with the next SETUP. One with an OUT data stage is told of when its data is
 * there, which is when a driver would submit it.
 */
#include <errno.h>

#include "capture/urb.h"
#include "usb/usb.h"

struct urb {
	struct urb *next;
	struct urb_event event; /* what the next one will say */
	uint64_t route;         /* of the device, from the root port */
	uint64_t packet;        /* id of the packet that is with the device */
	bool naked;             /* ... or waits for another try */
	bool told;              /* its submission */
	uint8_t *data;          /* control: the data stage; room bytes */
	uint32_t room, len;
};

/* ---- the table ----------------------------------------------------------------------------- */

static struct urb *begin(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u = alloc_zero(sizeof(*u));

	u->event = (struct urb_event){.id = row->value,
				      .transfer = row->flags,
				      .endpoint = row->dci,
				      .address = row->slot,
				      .port = row->port};
	u->packet = row->value;
	u->route = row->addr;
	if (t->last)
		t->last->next = u;
	else
		t->first = u;
	t->last = u;
	t->count++;
	return u;
}

static void drop(struct urb_table *t, struct urb *u)
{
	struct urb *before = NULL;

	for (struct urb *i = t->first; i != u; i = i->next)
		before = i;
	if (before)
		before->next = u->next;
	else
		t->first = u->next;
	if (t->last == u)
		t->last = before;
	t->count--;
	free(u->data);
	free(u);
}

static struct urb *find_packet(const struct urb_table *t, uint64_t packet)
{
	for (struct urb *u = t->first; u; u = u->next)
		if (u->packet == packet)
			return u;
	return NULL;
}

/* The one under way on an endpoint of a device: the control transfer, or one refused with NAK. */
static struct urb *find_endpoint(const struct urb_table *t, const struct trace_row *row)
{
	for (struct urb *u = t->first; u; u = u->next)
		if (u->event.port == row->port && u->route == row->addr &&
		    u->event.address == row->slot &&
		    (row->dci & 0x0f ? u->event.endpoint == row->dci && u->naked
				     : u->event.has_setup))
			return u;
	return NULL;
}

/* ---- events -------------------------------------------------------------------------------- */

static int linux_status(uint8_t status)
{
	switch (status) {
	case USB_OK:
		return 0;
	case USB_STALL:
		return -EPIPE;
	case USB_BABBLE:
		return -EOVERFLOW;
	case USB_NODEV:
		return -ENODEV;
	default:
		return -EPROTO;
	}
}

static void tell_submit(struct urb_table *t, struct urb *u, uint64_t time_ns, const uint8_t *data,
			uint32_t len, uint32_t wanted)
{
	u->event.type = URB_EVENT_SUBMIT;
	u->event.status = -EINPROGRESS;
	u->event.time_ns = time_ns;
	u->event.data = data;
	u->event.len = data ? len : 0;
	u->event.urb_len = wanted;
	t->sink(t->opaque, &u->event);
	u->told = true;
}

static void tell_complete(struct urb_table *t, struct urb *u, uint64_t time_ns, int status,
			  const uint8_t *data, uint32_t len)
{
	u->event.type = URB_EVENT_COMPLETE;
	u->event.status = status;
	u->event.time_ns = time_ns;
	u->event.data = data;
	u->event.len = data ? len : 0;
	u->event.urb_len = len;
	t->sink(t->opaque, &u->event);
	drop(t, u);
}

/* ---- control transfers --------------------------------------------------------------------- */

static bool is_in(const struct urb *u)
{
	return u->event.setup[0] & 0x80;
}

static uint32_t wanted_of(const struct urb *u)
{
	return get_le16(u->event.setup + 6);
}

static void tell_control(struct urb_table *t, struct urb *u, uint64_t time_ns)
{
	if (u->told)
		return;
	tell_submit(t, u, time_ns, is_in(u) ? NULL : u->data, u->len, wanted_of(u));
}

static void finish_control(struct urb_table *t, struct urb *u, uint64_t time_ns, int status)
{
	tell_control(t, u, time_ns);
	tell_complete(t, u, time_ns, status, is_in(u) ? u->data : NULL, u->len);
}

/* Bytes of the data stage, of which no more are kept than were asked for. */
static void keep(struct urb *u, const uint8_t *data, uint32_t len)
{
	uint32_t fits = (uint32_t)min_u64(len, u->room - u->len);

	if (fits && data)
		memcpy(u->data + u->len, data, fits);
	u->len += fits;
}

static void take_back(struct urb_table *t, struct urb *u, uint64_t time_ns, int status)
{
	if (u->event.has_setup)
		finish_control(t, u, time_ns, status);
	else
		tell_complete(t, u, time_ns, status, NULL, 0);
}

static void make_room(struct urb_table *t, uint64_t time_ns)
{
	if (t->count == URB_MAX)
		take_back(t, t->first, time_ns, -ENOENT);
}

static void setup_token(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u = find_endpoint(t, row);

	if (u)
		finish_control(t, u, row->time_ns, -ENOENT);
	if (row->len != 8 || !row->data)
		return;
	make_room(t, row->time_ns);
	u = begin(t, row);
	u->event.has_setup = true;
	memcpy(u->event.setup, row->data, 8);
	u->event.endpoint = row->data[0] & 0x80;
	u->event.transfer = USB_EP_CONTROL;
	u->room = wanted_of(u);
	u->data = u->room ? alloc_zero(u->room) : NULL;
	if (is_in(u) || !u->room)
		tell_control(t, u, row->time_ns);
}

static void control_submit(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u = find_endpoint(t, row);

	if (row->pid == USB_SETUP) {
		setup_token(t, row);
		return;
	}
	if (!u) /* a token of no transfer */
		return;
	if (!is_in(u) && row->pid == USB_IN)
		tell_control(t, u, row->time_ns);
	if (!is_in(u) && row->pid == USB_OUT && u->packet != row->value) /* else another try */
		keep(u, row->data, row->len);
	u->packet = row->value;
}

static void control_complete(struct urb_table *t, struct urb *u, const struct trace_row *row)
{
	bool data_stage = row->pid == (is_in(u) ? USB_IN : USB_OUT) && u->room;

	if (row->status != USB_OK) {
		if (data_stage && row->pid == USB_IN)
			keep(u, row->data, row->len);
		finish_control(t, u, row->time_ns, linux_status(row->status));
	} else if (data_stage) {
		if (is_in(u))
			keep(u, row->data, row->len);
	} else if (row->pid != USB_SETUP) {
		finish_control(t, u, row->time_ns, 0);
	}
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void submit(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u;

	if (!(row->dci & 0x0f)) {
		control_submit(t, row);
		return;
	}
	u = find_packet(t, row->value);
	if (u) { /* another try */
		u->naked = false;
		return;
	}
	u = find_endpoint(t, row);
	if (u) /* the controller has given it up without a word */
		tell_complete(t, u, row->time_ns, -ENOENT, NULL, 0);
	make_room(t, row->time_ns);
	u = begin(t, row);
	tell_submit(t, u, row->time_ns, row->data, row->len, row->len);
}

static void complete(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u = find_packet(t, row->value);

	if (!u)
		return;
	if (row->status == USB_NAK)
		u->naked = true;
	else if (u->event.has_setup)
		control_complete(t, u, row);
	else
		tell_complete(t, u, row->time_ns, linux_status(row->status), row->data, row->len);
}

static void cancel(struct urb_table *t, const struct trace_row *row)
{
	struct urb *u = find_packet(t, row->value);

	if (u)
		take_back(t, u, row->time_ns, -ENOENT);
}

static void unplugged(struct urb_table *t, const struct trace_row *row)
{
	struct urb *next;

	for (struct urb *u = t->first; u; u = next) {
		next = u->next;
		if (u->event.port == row->slot && u->route == row->addr)
			take_back(t, u, row->time_ns, -ENODEV);
	}
}

void urb_row(struct urb_table *t, const struct trace_row *row)
{
	if (row->kind == TRACE_PLUG && !row->what)
		unplugged(t, row);
	if (row->kind != TRACE_PACKET)
		return;
	if (row->what == PACKET_SUBMIT)
		submit(t, row);
	else if (row->what == PACKET_COMPLETE)
		complete(t, row);
	else
		cancel(t, row);
}

void urb_end(struct urb_table *t, uint64_t time_ns)
{
	while (t->first)
		take_back(t, t->first, time_ns, -ENOENT);
}
