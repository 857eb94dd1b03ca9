// SPDX-License-Identifier: MIT
/*
 * dev.h -- the device models: keyboard, tablet, mouse, storage, hub, serial, network, ccid, mtp, audio, scripted. They know usb.h and nothing
 * of controllers or guests. A new one is a row of dev_models (models.c).
 *
 * All devices are made unplugged and owned by the caller until usb_plug succeeds; an unplugged
 * one is released by dev_free.
 */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "base.h"
#include "dev/disk.h"
#include "dev/link.h"
#include "usb/usb.h"

/*
 * What a device has sent ends with a full packet, so an empty one has to tell its end (USB2 5.8.3), however much
 * more the host's buffer takes: a packet of ours may be several of the wire.
 */
static inline bool dev_ends_full(const struct usb_endpoint *ep, size_t sent)
{
	return sent && ep->max_packet && sent % ep->max_packet == 0;
}

/* ---- models.c ------------------------------------------------------------------------------ */

/* What a model may need to come into being; everything is borrowed for the call but the disk,
 * which must outlive the device. */
struct dev_context {
	struct disk *disk;       /* storage, uas, cdrom: NULL = no medium in it */
	const uint8_t *desc;     /* scripted: its descriptor set, see usb.h desc.c */
	size_t desc_len;         /* bytes; 0 = the built-in set */
	uint8_t speed_mask;      /* scripted: 1 << enum usb_speed; 0 = all four */
	uint8_t ports;           /* hub: see hub_new */
	bool single_tt;          /* hub */
	struct dev_link *link;   /* serial, network, audio: NULL = a loop; becomes the device's */
	struct mtp_store *store; /* mtp: NULL = one in memory; becomes the device's */
};

struct dev_model {
	const char *name; /* as in `plug model=` */
	struct usb_device *(*create)(const struct dev_context *context);
};

enum dev_model_index {
	DEV_KEYBOARD,
	DEV_TABLET,
	DEV_STORAGE,
	DEV_SCRIPTED,
	DEV_HUB,
	DEV_SUPER_HUB,
	DEV_MOUSE,
	DEV_SERIAL,
	DEV_NETWORK,
	DEV_CCID,
	DEV_UAS,
	DEV_CDROM,
	DEV_MTP,
	DEV_AUDIO,
	DEV_ZERO,
	DEV_MODELS
};

/* In the order of enum dev_model_index: programs name models by number, so it only grows. */
extern const struct dev_model dev_models[DEV_MODELS];

/* NULL if there is no model of that name. */
const struct dev_model *dev_model_find(const char *name);

/* Release a device that is not plugged (usb_unplug releases the others). NULL is fine. */
void dev_free(struct usb_device *dev);

/* ---- keyboard.c: HID boot keyboard (HID 1.11, appendix B.1) -------------------------------- */

struct usb_device *keyboard_new(void);

/*
 * A key goes down or up. qnum: QEMU's key number (see keymap.h). 0; -ENOENT: no such key;
 * -ENOTSUP: it has no place in a keyboard's report; -ENODEV: dev is no keyboard. Pressing a pressed key changes nothing.
 */
int keyboard_press(struct usb_device *dev, unsigned qnum, bool down);

/* The LEDs as last set by the host: bit 0 num lock, 1 caps lock, 2 scroll lock, 3 compose, 4 kana.
 * 0 if dev is no keyboard. */
uint8_t keyboard_leds(const struct usb_device *dev);

/* ---- tablet.c: absolute pointer ------------------------------------------------------------ */

#define TABLET_MAX 32767u

struct usb_device *tablet_new(void);

/*
 * The pointer is at x, y (0..TABLET_MAX, more is clamped) with these buttons (bit 0 left, 1 right,
 * 2 middle, 3 side, 4 extra) and the wheel turned by wheel notches. 0; -ENODEV: dev is no tablet.
 */
int tablet_move(struct usb_device *dev, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel);

/* ---- mouse.c: relative pointer (HID 1.11, appendix B.2) ------------------------------------- */

struct usb_device *mouse_new(void);

/* The pointer moves by dx, dy and wheel, in as many reports as that takes; buttons as the tablet's. 0;
 * -ENODEV: dev is no mouse. */
int mouse_move(struct usb_device *dev, int16_t dx, int16_t dy, uint8_t buttons, int8_t wheel);

/* ---- storage.c: USB mass storage, bulk-only transport 1.0 ---------------------------------- */

/* disk is borrowed and may be NULL (no medium). */
struct usb_device *storage_new(struct disk *disk);
/* The same transport to a CD or DVD drive: 2048 bytes per block, read only. */
struct usb_device *cdrom_new(struct disk *disk);

/* ---- serial.c: a serial line, CDC-ACM (CDC 1.2, PSTN 1.2) ----------------------------------- */

/* link becomes the device's; NULL = a loop. */
struct usb_device *serial_new(struct dev_link *link);

/* ---- network.c: a network card, RNDIS or CDC-ECM -------------------------------------------- */

/* link becomes the device's, and carries frames; NULL = a loop. */
struct usb_device *network_new(struct dev_link *link);

/* ---- ccid.c: a smart card reader with a card in it (CCID 1.1) -------------------------------- */

struct usb_device *ccid_new(void);
/* The card is put in or pulled out. 0; -ENODEV: dev is no reader. */
int ccid_insert(struct usb_device *dev, bool present);

/* ---- mtp.c: a media device, MTP 1.1 --------------------------------------------------------- */

struct mtp_store;

/* store becomes the device's; NULL = one in memory. */
struct usb_device *mtp_new(struct mtp_store *store);

/* ---- audio.c: a headset (USB Audio 1.0) ------------------------------------------------------ */

/* 48 kHz, 16 bits, stereo. link carries what is played out and what is recorded in, and becomes the
 * device's; NULL = a loop. */
struct usb_device *audio_new(struct dev_link *link);

/* ---- hub.c: a hub (USB2 11, USB3 10) ------------------------------------------------------- */

#define HUB_MAX_PORTS 15u /* what a route string can name */

/* The USB2 one. ports 0 = 4, more than HUB_MAX_PORTS is cut. multi_tt: at high speed a translator for
 * each port. */
struct usb_device *hub_new(unsigned ports, bool multi_tt);
/* The USB3 one, for SuperSpeed only. */
struct usb_device *hub_new_super(unsigned ports);
/* What is plugged into a port (1-based) draws too much current, or no longer: the hub turns the port
 * off and says so. 0; -ENODEV: dev is no hub; -ENOENT: no such port. */
int hub_overload(struct usb_device *dev, unsigned port, bool on);

/* ---- uas.c: USB Attached SCSI, with streams at SuperSpeed ---------------------------------- */

/* disk is borrowed and may be NULL (no medium). */
struct usb_device *uas_new(struct disk *disk);

/* ---- zero.c: a source and a sink of zeroes, for test drivers ------------------------------- */

struct usb_device *zero_new(void);

/* ---- scripted.c: the device whose every answer is a matter of the program ------------------ */

#define SCRIPTED_ANY 0xffu
#define SCRIPTED_MAX_ANSWERS 64u
#define SCRIPTED_MAX_DATA 65536u

/*
 * One answer. It is for the next packet that matches; of several matching ones the oldest is
 * used. Endpoint 0: an answer for IN replaces the data (or the status) stage, one for SETUP
 * keeps the request from the core. With request set it is no packet's answer but the answer to
 * the next control request that the core does not serve (class, vendor, standard ones it
 * refuses): IN data or STALL or USB_CONTROL_ASYNC.
 */
struct scripted_answer {
	uint8_t number;       /* endpoint 0..15, or SCRIPTED_ANY */
	uint8_t pid;          /* enum usb_pid, or SCRIPTED_ANY */
	uint8_t status;       /* enum usb_status; USB_ASYNC = later */
	uint8_t later_status; /* USB_ASYNC with delay_ns: what it ends with (not USB_ASYNC) */
	uint64_t delay_ns;    /* USB_ASYNC: virtual time until then; 0 = until scripted_finish.
			       * USB_NAK: until usb_wakeup; 0 = until scripted_wakeup */
	bool request;         /* see above */
	bool detach;          /* the device unplugs itself while it handles the packet */
	const uint8_t *data;  /* IN: what it sends, copied; more than there is room for = babble */
	size_t len;           /* bytes, at most SCRIPTED_MAX_DATA */
};

/* desc: descriptor set (usb.h, desc.c), copied, served as it is; desc_len 0 = the built-in set:
 * a bulk pair (1; 16 streams at SuperSpeed), an interrupt pair (2) and, in interface 1, setting 1,
 * an isochronous pair (3). speed_mask 0 = all. IN packets without an answer get a byte pattern, as
 * many bytes as they have room for (interrupt: one packet; at most SCRIPTED_MAX_DATA). */
struct usb_device *scripted_new(const uint8_t *desc, size_t desc_len, uint8_t speed_mask);

/*
 * Queue an answer. 0; -ENOSPC: SCRIPTED_MAX_ANSWERS wait already, it is dropped; -EINVAL: a field
 * is out of range; -ENODEV: dev is not scripted.
 */
int scripted_answer(struct usb_device *dev, const struct scripted_answer *answer);

/*
 * Finish what the device has promised: the nth (0 = oldest) packet or request that was answered
 * USB_ASYNC. status: any but USB_ASYNC (then -EINVAL). IN: data is what it sends. 0; -ENOENT: not
 * that many wait; -ENODEV: dev is not scripted.
 */
int scripted_finish(struct usb_device *dev, unsigned nth, uint8_t status, const uint8_t *data,
		    size_t len);

/* How many packets and requests wait, and how many answers are still queued. */
unsigned scripted_pending(const struct usb_device *dev);
unsigned scripted_queued(const struct usb_device *dev);

/* Tell the controller that an endpoint (bEndpointAddress) has something, as after a NAK. 0;
 * -ENOENT: no such endpoint; -ENODEV: dev is not scripted. */
int scripted_wakeup(struct usb_device *dev, uint8_t address);

#endif
