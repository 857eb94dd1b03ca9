// SPDX-License-Identifier: MIT
/*
 * urb.h -- the packets of a trace put together to what Linux' usbmon calls a URB: a bulk, interrupt or
 * isochronous packet is one, the tokens of a control transfer are one together.
 */
#ifndef CAPTURE_URB_H
#define CAPTURE_URB_H

#include "base.h"
#include "trace.h"

#define URB_MAX 4096u /* under way at a time; with one more the oldest counts as taken back */

enum urb_event_type { /* as in usbmon */
	URB_EVENT_SUBMIT = 'S',
	URB_EVENT_COMPLETE = 'C',
};

struct urb_event {
	uint64_t id, time_ns; /* id: of the packet that began it */
	const uint8_t *data;  /* len bytes, for the call only */
	uint32_t len;         /* submit OUT, complete IN: bytes in data */
	uint32_t urb_len;     /* submit: bytes asked for; complete: bytes moved */
	int status;           /* -errno as Linux reports it; submit: -EINPROGRESS */
	uint8_t type;         /* enum urb_event_type */
	uint8_t transfer;     /* enum usb_ep_type */
	uint8_t endpoint;     /* bEndpointAddress */
	uint8_t address;      /* of the device */
	uint8_t port;         /* root port */
	bool has_setup;
	uint8_t setup[8];
};

typedef void urb_sink(void *opaque, const struct urb_event *event);

struct urb;

struct urb_table {
	struct urb *first, *last; /* under way, oldest first */
	unsigned count;
	urb_sink *sink;
	void *opaque;
};

/* Look at a row; whatever is no packet or plug is nothing to it. */
void urb_row(struct urb_table *t, const struct trace_row *row);
/* Everything under way is taken back at that time. */
void urb_end(struct urb_table *t, uint64_t time_ns);

#endif
