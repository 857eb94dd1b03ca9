// SPDX-License-Identifier: MIT
/*
 * storage.c -- USB mass storage, bulk-only transport 1.0, over one SCSI unit. "BOT" below is that
 * specification. Left out: several units; a command never takes time.
 *
 * A bulk endpoint that has nothing to do in the present state answers NAK, as hardware does, so a
 * host may queue the status transfer before the data, or the next command before the status.
 */
#include "dev/dev.h"
#include "dev/scsi.h"
#include "dev/storage_desc.h"
#include "heap.h"
#include "state.h"

#define EP_IN STORAGE_EP_IN
#define EP_OUT STORAGE_EP_OUT
#define CBW_BYTES 31u
#define CSW_BYTES 13u
#define CBW_SIGNATURE UINT32_C(0x43425355)
#define CSW_SIGNATURE UINT32_C(0x53425355)

enum bot_state {
	BOT_COMMAND, /* waits for a CBW */
	BOT_DATA_IN,
	BOT_DATA_OUT,
	BOT_STATUS, /* has a CSW to send */
	BOT_BROKEN, /* BOT 6.6.1: a bad CBW came: STALL until reset recovery */
};

enum bot_status { /* BOT 5.2 */
	BOT_PASSED,
	BOT_FAILED,
	BOT_PHASE_ERROR,
};

enum { /* BOT 3 */
	GET_MAX_LUN = 0xfe,
	MASS_STORAGE_RESET = 0xff,
};

struct storage {
	struct usb_device usb;
	struct scsi *scsi;
	uint8_t state; /* enum bot_state */
	uint32_t tag;
	uint32_t left; /* bytes of dCBWDataTransferLength not moved yet; in the CSW, the residue */
	bool phase_error; /* the host expects another transfer than the device (BOT 6.7) */
};

static struct storage *to_storage(struct usb_device *dev)
{
	return container_of(dev, struct storage, usb);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	return storage_describe(to_storage(dev)->scsi->type == SCSI_CD, speed, ret_len);
}

static void restart(struct storage *st)
{
	scsi_cancel(st->scsi);
	st->state = BOT_COMMAND;
	st->left = 0;
	st->phase_error = false;
}

static enum usb_status broken(struct storage *st)
{
	restart(st);
	st->state = BOT_BROKEN;
	st->usb.ep_in[EP_IN].halted = true;
	return USB_STALL; /* the core halts the endpoint that it is the answer for */
}

/* Status is next; endpoint, if any, has to be un-halted by the host before (BOT 6.7). */
static void to_status(struct storage *st, struct usb_endpoint *halt)
{
	if (st->scsi->remaining)
		st->phase_error = true;
	st->state = BOT_STATUS;
	if (halt)
		halt->halted = true;
}

/*
 * The thirteen cases of BOT 6.7: what the host expects (Hn, Hi, Ho and how many bytes) against
 * what the command does (Dn, Di, Do).
 */
static void start_data(struct storage *st, bool host_in)
{
	const struct scsi *scsi = st->scsi;
	struct usb_endpoint *halt = host_in ? &st->usb.ep_in[EP_IN] : &st->usb.ep_out[EP_OUT];

	if (st->left == 0) { /* (1) Hn = Dn, (2) Hn < Di, (3) Hn < Do */
		to_status(st, NULL);
	} else if (scsi->direction == SCSI_NONE) { /* (4) Hi > Dn, (9) Ho > Dn */
		to_status(st, halt);
	} else if (host_in != (scsi->direction == SCSI_IN)) { /* (8) Hi <> Do, (10) Ho <> Di */
		to_status(st, halt);
	} else { /* (5) to (7) and (11) to (13): known when the data has moved */
		st->state = host_in ? BOT_DATA_IN : BOT_DATA_OUT;
	}
}

static enum usb_status take_cbw(struct storage *st, struct usb_packet *p)
{
	uint8_t cbw[CBW_BYTES];
	size_t cdb_len;

	if (p->len != CBW_BYTES || usb_packet_get(p, cbw, sizeof(cbw)) != sizeof(cbw) ||
	    get_le32(cbw) != CBW_SIGNATURE)
		return broken(st); /* BOT 6.2.1: not valid */
	cdb_len = cbw[14];
	if (cbw[13] || !cdb_len || cdb_len > SCSI_MAX_CDB)
		return broken(st); /* BOT 6.2.2: not meaningful */
	st->tag = get_le32(cbw + 4);
	st->left = get_le32(cbw + 8);
	st->phase_error = false;
	scsi_start(st->scsi, cbw + 15, cdb_len, 0);
	start_data(st, cbw[12] & 0x80);
	return USB_OK;
}

static enum usb_status send_data(struct storage *st, struct usb_packet *p)
{
	size_t room, moved;
	uint8_t *to = usb_packet_rest(p, &room);

	moved = scsi_pull(st->scsi, to, min_u64(room, st->left));
	usb_packet_moved(p, moved);
	st->left -= (uint32_t)moved;
	if (!moved && p->len) { /* (4) Hi > Dn: it came out just now */
		to_status(st, NULL);
		return USB_STALL;
	}
	if (st->left == 0 || moved < p->len) /* (6), (7); (5) with a short packet */
		to_status(st, NULL);
	else if (!st->scsi->remaining) /* (5) without one */
		to_status(st, &st->usb.ep_in[EP_IN]);
	return USB_OK;
}

static enum usb_status receive_data(struct storage *st, struct usb_endpoint *ep,
				    struct usb_packet *p)
{
	size_t room;
	const uint8_t *from = usb_packet_rest(p, &room);
	bool too_long = p->len > st->left;

	room = min_u64(room, st->left);
	scsi_push(st->scsi, from, room); /* what it does not want is dropped */
	usb_packet_moved(p, room);
	st->left -= (uint32_t)room;
	if (too_long) {
		st->phase_error = true;
		to_status(st, NULL);
		return USB_STALL;
	}
	if (st->left == 0) /* (12), (13) */
		to_status(st, NULL);
	else if (!st->scsi->remaining) /* (11), or (9) found out just now */
		to_status(st, ep);
	else if (!p->len || (ep->max_packet && p->len % ep->max_packet)) /* the host stopped */
		to_status(st, NULL);
	return USB_OK;
}

static enum usb_status send_csw(struct storage *st, struct usb_packet *p)
{
	uint8_t csw[CSW_BYTES];

	put_le32(csw, CSW_SIGNATURE);
	put_le32(csw + 4, st->tag);
	put_le32(csw + 8, st->left);
	csw[12] = st->phase_error               ? BOT_PHASE_ERROR
		: st->scsi->status == SCSI_GOOD ? BOT_PASSED
						: BOT_FAILED;
	restart(st);
	return usb_packet_put(p, csw, sizeof(csw)) ? USB_OK : USB_BABBLE;
}

static enum usb_status move(struct storage *st, struct usb_endpoint *ep, struct usb_packet *p)
{
	bool in = ep->address & 0x80;

	switch (st->state) {
	case BOT_COMMAND:
		return in ? USB_NAK : take_cbw(st, p);
	case BOT_DATA_IN:
		return in ? send_data(st, p) : USB_NAK;
	case BOT_DATA_OUT:
		return in ? USB_NAK : receive_data(st, ep, p);
	case BOT_STATUS:
		return in ? send_csw(st, p) : USB_NAK;
	default:
		return USB_STALL;
	}
}

/* Whoever was told NAK in the old state may go on in the new one. Nothing of ours is touched
 * after a wake-up: it may lead to the next packet. */
static void wakeup_waiting(struct storage *st)
{
	if (st->state == BOT_COMMAND || st->state == BOT_DATA_OUT)
		usb_wakeup(&st->usb.ep_out[EP_OUT]);
	else
		usb_wakeup(&st->usb.ep_in[EP_IN]);
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	struct storage *st = to_storage(dev);
	uint8_t state = st->state;
	enum usb_status status = move(st, ep, p);

	if (st->state != state)
		wakeup_waiting(st);
	return status;
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *buf, uint32_t len)
{
	if (s->value || s->index)
		return -USB_STALL;
	if (s->type == 0xa1 && s->request == GET_MAX_LUN && len) {
		buf[0] = 0;
		return 1;
	}
	if (s->type == 0x21 && s->request == MASS_STORAGE_RESET && !len) {
		restart(to_storage(dev)); /* halts stay until the host clears them (BOT 3.1) */
		return 0;
	}
	return -USB_STALL;
}

static void reset(struct usb_device *dev)
{
	restart(to_storage(dev));
	scsi_reset(to_storage(dev)->scsi);
}

static void configured(struct usb_device *dev)
{
	restart(to_storage(dev));
}

static void interface_set(struct usb_device *dev, uint8_t interface, uint8_t alternate)
{
	(void)interface;
	(void)alternate;
	restart(to_storage(dev));
}

static void release(struct usb_device *dev)
{
	struct storage *st = to_storage(dev);

	scsi_free(st->scsi);
	usb_device_fini(dev);
	heap_free(st);
}

static const struct state_field saved_fields[] = {
	STATE_RANGE(storage, state, BOT_COMMAND, BOT_BROKEN),
	STATE_ANY(storage, tag),
	STATE_ANY(storage, left),
	STATE_FLAG(storage, phase_error),
};

static void saved(struct usb_device *dev, struct state *st)
{
	struct storage *bot = to_storage(dev);

	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), bot);
	scsi_saved(bot->scsi, st);
}

#define OPS(name)                                                                                  \
	{                                                                                          \
		.model = name,                                                                     \
		.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER,    \
		.describe = describe, .reset = reset, .control = control, .data = data,            \
		.configured = configured, .interface_set = interface_set, .saved = saved,          \
		.free = release,                                                                   \
	}

static const struct usb_device_ops disk_ops = OPS("storage"), cd_ops = OPS("cdrom");

static struct usb_device *create(struct disk *disk, enum scsi_type type)
{
	struct storage *st = heap_zero(sizeof(*st));

	st->scsi = scsi_new(disk, type);
	usb_device_init(&st->usb, type == SCSI_CD ? &cd_ops : &disk_ops, NULL,
			0); /* see describe */
	st->usb.self_powered = true;
	return &st->usb;
}

struct usb_device *storage_new(struct disk *disk)
{
	return create(disk, SCSI_DISK);
}

struct usb_device *cdrom_new(struct disk *disk)
{
	return create(disk, SCSI_CD);
}
