// SPDX-License-Identifier: MIT
/*
 * uas.c -- USB Attached SCSI (UAS-2) over one SCSI unit: a command pipe, a status pipe and two for
 * data. At SuperSpeed the last three have streams, and a command's tag is the stream of all its
 * packets; below, READ READY and WRITE READY say whose turn the data pipes are. Left out: bursts of
 * several units, the bulk-only transport as another alternate setting.
 *
 * Packets that cannot be served stay with the device until a command has use for them. A command whose
 * data ends with a full packet sends no empty one after it: how much the host expects it cannot know.
 */
#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/uas.h"
#include "heap.h"

#define STRINGS                                                                                    \
	LANGUAGE_STRING, VENDOR_STRING, 2 + 2 * 3, 3, 'u', 0, 'a', 0, 's', 0, /* UAS-2, 5.3.1 */   \
		2 + 2 * 12, 3, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0, '0', 0,     \
		'0', 0, '0', 0, '0', 0, '2', 0

#define UAS_INTERFACE INTERFACE_DESC(0, 0, 4, 8, 6, 0x62)
#define PIPE_USAGE(id) 4, 0x24, id, 0 /* UAS-2, 5.3.3.5 */
#define PIPE(address, id, max_packet) ENDPOINT_DESC(address, 2, max_packet, 0), PIPE_USAGE(id)
#define SUPER_PIPE(address, id, streams)                                                           \
	ENDPOINT_DESC(address, 2, 1024, 0), COMPANION_DESC(15, streams, 0), PIPE_USAGE(id)
#define PIPES(max_packet)                                                                          \
	PIPE(UAS_COMMAND_EP, 1, max_packet), PIPE(0x80 | UAS_STATUS_EP, 2, max_packet),            \
		PIPE(0x80 | UAS_IN_EP, 3, max_packet), PIPE(UAS_OUT_EP, 4, max_packet)
#define STREAMS_EXPONENT 5

_Static_assert(UAS_STREAMS == 1u << STREAMS_EXPONENT, "what the companions say");

static const uint8_t full_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x000b),
	CONFIG_DESC(62, 1, 0xc0, 0),
	UAS_INTERFACE,
	PIPES(64),
	QUALIFIER_DESC,
	STRINGS,
};

static const uint8_t high_speed_desc[] = {
	DEVICE_DESC(0x0200, 64, 0x000b),
	CONFIG_DESC(62, 1, 0xc0, 0),
	UAS_INTERFACE,
	PIPES(512),
	QUALIFIER_DESC,
	STRINGS,
};

static const uint8_t super_speed_desc[] = {
	DEVICE_DESC(0x0300, 9, 0x000b),
	CONFIG_DESC(86, 1, 0xc0, 0),
	UAS_INTERFACE,
	SUPER_PIPE(UAS_COMMAND_EP, 1, 0),
	SUPER_PIPE(0x80 | UAS_STATUS_EP, 2, STREAMS_EXPONENT),
	SUPER_PIPE(0x80 | UAS_IN_EP, 3, STREAMS_EXPONENT),
	SUPER_PIPE(UAS_OUT_EP, 4, STREAMS_EXPONENT),
	BOS_DESC,
	STRINGS,
};

static struct uas *to_uas(struct usb_device *dev)
{
	return container_of(dev, struct uas, usb);
}

bool uas_has_streams(const struct uas *u)
{
	return u->usb.speed == USB_SPEED_SUPER;
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	switch (speed) {
	case USB_SPEED_SUPER:
		*ret_len = sizeof(super_speed_desc);
		return super_speed_desc;
	case USB_SPEED_HIGH:
		*ret_len = sizeof(high_speed_desc);
		return high_speed_desc;
	default:
		*ret_len = sizeof(full_speed_desc);
		return full_speed_desc;
	}
}

/* ---- the pump ------------------------------------------------------------------------------ */

static bool fits(const struct uas *u, const struct usb_packet *p, uint16_t tag)
{
	return p->state == USB_PACKET_WITH_DEVICE && (!uas_has_streams(u) || p->stream == tag);
}

/* The oldest packet on ep that is for a task with this tag. */
static struct usb_packet *waiting(const struct uas *u, const struct usb_endpoint *ep, uint16_t tag)
{
	for (struct usb_packet *p = ep->first; p; p = p->next)
		if (fits(u, p, tag))
			return p;
	if (u->arriving && u->arriving->ep == ep && fits(u, u->arriving, tag))
		return u->arriving;
	return NULL;
}

/* Send one IU that has a packet to go with. Nothing of ours is looked at after it: completing a packet
 * may lead to anything. So it is with all that follows. */
static bool send_status(struct uas *u)
{
	for (struct uas_task *t = u->tasks; t; t = t->next) {
		struct usb_packet *p =
			t->iu ? waiting(u, &u->usb.ep_in[UAS_STATUS_EP], t->tag) : NULL;
		bool whole;

		if (!p)
			continue;
		whole = usb_packet_put(p, t->iu, t->iu_len);
		uas_task_sent(u, t);
		usb_packet_complete(p, whole ? USB_OK : USB_BABBLE);
		return true;
	}
	return false;
}

static bool move_data(struct uas *u)
{
	bool in = u->scsi->direction == SCSI_IN;
	const struct usb_endpoint *ep = in ? &u->usb.ep_in[UAS_IN_EP] : &u->usb.ep_out[UAS_OUT_EP];
	struct usb_packet *p = waiting(u, ep, u->running->tag);
	uint8_t *data;
	size_t room;

	if (!p)
		return false;
	data = usb_packet_rest(p, &room);
	if (in)
		usb_packet_moved(p, scsi_pull(u->scsi, data, room));
	else
		scsi_push(u->scsi, data, room); /* what it does not want is dropped */
	if (!u->scsi->remaining)
		uas_task_finish(u);
	usb_packet_complete(p, USB_OK);
	return true;
}

/* One thing that can be done now. */
static bool advance(struct uas *u)
{
	if (u->usb.gone)
		return false;
	if (send_status(u))
		return true;
	if (!u->running)
		return uas_task_start(u);
	return u->running->state == UAS_DATA && move_data(u);
}

static void pump(struct uas *u)
{
	if (u->pumping)
		return; /* whoever is at it will see what has changed */
	u->pumping = true;
	while (advance(u))
		;
	u->pumping = false;
	if (u->refused && !u->usb.gone && u->task_count < UAS_MAX_TASKS) {
		u->refused = false;
		usb_wakeup(&u->usb.ep_out[UAS_COMMAND_EP]);
	}
}

static enum usb_status take_command(struct uas *u, struct usb_packet *p)
{
	size_t len;
	const uint8_t *iu = usb_packet_rest(p, &len);

	if (u->task_count == UAS_MAX_TASKS) {
		u->refused = true;
		return USB_NAK;
	}
	if (!uas_take(u, iu, len))
		return USB_STALL;
	pump(u);
	return USB_OK;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct uas *u = to_uas(dev);
	struct usb_packet *outer = u->arriving;

	if (ep->address == UAS_COMMAND_EP)
		return take_command(u, p);
	if (uas_has_streams(u) && !p->stream)
		return USB_STALL; /* an endpoint with streams that the host uses without */
	u->arriving = p;
	pump(u);
	u->arriving = outer;
	return USB_ASYNC; /* unless it has been completed */
}

static void cancel(struct usb_device *dev, struct usb_packet *p)
{
	(void)dev, (void)p; /* the core has the list of them; nothing of one is kept here */
}

/* ---- the rest of the device ---------------------------------------------------------------- */

static void reset(struct usb_device *dev)
{
	uas_task_drop_all(to_uas(dev));
	scsi_reset(to_uas(dev)->scsi);
}

static void configured(struct usb_device *dev)
{
	uas_task_drop_all(to_uas(dev));
}

static void interface_set(struct usb_device *dev, uint8_t interface, uint8_t alternate)
{
	(void)interface, (void)alternate;
	uas_task_drop_all(to_uas(dev));
}

static void release(struct usb_device *dev)
{
	struct uas *u = to_uas(dev);

	uas_task_drop_all(u);
	scsi_free(u->scsi);
	usb_device_fini(dev);
	heap_free(u);
}

static const struct usb_device_ops ops = {
	.model = "uas",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER,
	.describe = describe,
	.reset = reset,
	.data = data,
	.cancel = cancel,
	.configured = configured,
	.interface_set = interface_set,
	.free = release,
};

struct usb_device *uas_new(struct disk *disk)
{
	struct uas *u = heap_zero(sizeof(*u));

	u->scsi = scsi_new(disk, SCSI_DISK);
	usb_device_init(&u->usb, &ops, NULL, 0); /* see describe */
	u->usb.self_powered = true;
	return &u->usb;
}
