// SPDX-License-Identifier: MIT
/*
 * export.h -- a device of ours for somebody else's USB host, over usbredir 0.7: the role that usbredirhost and
 * usbredirect have, with the real usbredirparser on our side. The device sits behind a usbfs of this process;
 * a message of the other side becomes an URB, and the URB the answer. Sections follow the files.
 *
 * Polite: everything is answered once, with what the device said. Whatever the other side sends is bounded:
 * URBs by USBFS_URBS_MAX, streams by one an endpoint, what is not taken by EXPORT_QUEUE.
 */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include "usbfs/usbfs.h"

#include <usbredirparser.h>

#define EXPORT_QUEUE                                                                               \
	512u /* messages that wait to be sent: streams pause, and nothing more is read */
#define EXPORT_WRONG_MAX 64u     /* messages that are none, until the connection is given up */
#define EXPORT_CONTROL_MSEC 5000 /* of virtual time; then a request has failed */

/* A stream from or to an endpoint, which the other side started. */
struct export_stream {
	uint8_t message;          /* the type of its packets; 0 = there is none */
	uint8_t frames, urbs_max; /* isochronous: in an URB; at a time */
	uint32_t bytes, stream_id;
	uint32_t next_id;
	unsigned urbs;     /* under way */
	uint64_t due_ns;   /* the next one */
	uint64_t every_ns; /* service interval of an URB; 0 = as fast as it goes */
};

struct export_urb;

struct export
{
	struct usbfs usbfs;            /* port.dev: NULL once it is gone */
	struct usbredirparser *parser; /* NULL: nobody is connected */
	bool open, greeted,
		shown; /* a device is there; the other side said hello; and knows of the device */
	struct export_stream stream[32];
	struct export_urb *urbs;
	unsigned wrong, lines;
	uint64_t now_ns, epoch_ns; /* of who calls; and when the device came */
	const uint8_t *in;         /* of export_receive */
	size_t in_len;
	/* Send: bytes taken, 0 = none now, -1 = the connection is gone. */
	int (*write)(void *opaque, const uint8_t *bytes, int count);
	/* One line for people, bounded in number; may be NULL. */
	void (*say)(void *opaque, const char *line);
	void *opaque;
};

/* ---- export.c ------------------------------------------------------------------------------- */

/* Somebody is connected: hello. write, say and opaque must be set. */
void export_connect(struct export *e);
/* Nobody is any more. What was under way is forgotten. */
void export_hang_up(struct export *e);
/* This device is the one from now on; it is ours, whatever comes. 0 or -errno. */
int export_plug(struct export *e, struct usb_device *dev, enum usb_speed speed);
/* It is pulled out. */
void export_unplug(struct export *e);
/* Bytes of the other side. 0; -EPROTO: too many of them meant nothing. */
int export_receive(struct export *e, const uint8_t *bytes, size_t len);
/* Let virtual time go on to now_ns, do what is due and send what there is. 0; -EPIPE: the connection is gone. */
int export_work(struct export *e, uint64_t now_ns);
/* Whether more may be received: less than EXPORT_QUEUE waits. */
bool export_is_ready(const struct export *e);
/* Nanoseconds from now until there is something to do; UINT64_MAX = only if somebody sends. */
uint64_t export_wait_ns(const struct export *e);
void export_say(struct export *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- info.c: what the other side is told of the device --------------------------------------- */

/* Record of an endpoint address in usb_redir_ep_info: OUT 0..15, IN 16..31. */
static inline unsigned export_record(uint8_t address)
{
	return (address & 0x80) >> 3 | (address & 15);
}

void export_interface_info(const struct usb_device *dev, struct usb_redir_interface_info_header *h);
/* As usbredirhost does it: from the descriptors as they are, so that an endpoint whose number is 0 also has its
 * way. */
void export_endpoint_info(const struct usb_device *dev, struct usb_redir_ep_info_header *h);
/* All of it, and that it is connected. */
void export_show(struct export *e);
void export_send_info(struct export *e);

/* ---- request.c: requests and packets --------------------------------------------------------- */

enum export_kind {
	EXPORT_ONCE,   /* answered by a message with its id */
	EXPORT_STREAM, /* an URB of a stream */
};

struct export_urb {
	struct export_urb *next;
	uint64_t id, deadline_ns;
	uint8_t kind, message;
	bool cancelled, late;
	union {
		struct usb_redir_control_packet_header control;
		struct usb_redir_bulk_packet_header bulk;
		struct usb_redir_interrupt_packet_header interrupt;
		uint8_t record; /* of a stream's endpoint */
	} of;
	uint8_t *data;
	struct usbdevfs_urb *user; /* with frames behind it */
};

void export_request_callbacks(struct export *e);
/* An URB with room for data and frames; it is in the list. */
struct export_urb *export_urb_new(struct export *e, uint8_t message, uint32_t len, unsigned frames);
void export_urb_free(struct export *e, struct export_urb *u);
/* 0, or -errno and it is gone. */
int export_urb_submit(struct export *e, struct export_urb *u);
/* Of an errno of usbfs: usb_redir_status. */
uint8_t export_status(int err);
/* Take back the URBs of an interface's endpoints (-1: all) and its streams, each with its answer. */
void export_cancel(struct export *e, int interface);
void export_answer(struct export *e, struct export_urb *u);

/* ---- stream.c ------------------------------------------------------------------------------- */

void export_stream_callbacks(struct export *e);
void export_stream_stop(struct export *e, unsigned record);
/* Submit what is due. */
void export_stream_work(struct export *e);
/* An URB of a stream is done. */
void export_stream_answer(struct export *e, struct export_urb *u);

#endif
