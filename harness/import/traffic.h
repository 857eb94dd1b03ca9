// SPDX-License-Identifier: MIT
/*
 * traffic.h -- captures of USB traffic of real devices: what each was asked and what it answered.
 */
#ifndef IMPORT_TRAFFIC_H
#define IMPORT_TRAFFIC_H

#include "base.h"

#define IMPORT_MAX_URBS (1u << 18) /* of a capture; what comes after is left out */
#define IMPORT_URB_BYTES 4096u     /* kept of the data of each */

enum import_transfer { /* as in usbmon and USBPcap */
	IMPORT_ISOCH,
	IMPORT_INTERRUPT,
	IMPORT_CONTROL,
	IMPORT_BULK,
};

/* One event of a capture: a URB goes to a device, or comes back. */
struct import_event {
	uint64_t id;
	bool completes;
	bool has_setup;
	uint16_t bus, device; /* address */
	uint8_t endpoint;     /* bEndpointAddress */
	uint8_t transfer;     /* enum import_transfer */
	int status;           /* of a completion: 0 or -errno as Linux has it */
	uint8_t setup[8];
	const uint8_t *data; /* borrowed */
	uint32_t len;        /* bytes of it */
	uint32_t urb_len;    /* bytes asked for, or moved */
};

struct import_urb {
	uint64_t id;
	bool complete;
	bool has_setup;
	uint16_t bus, device;
	uint8_t endpoint, transfer;
	int status;
	uint8_t setup[8];
	uint8_t *data;   /* what was sent, or what was answered */
	uint32_t len;    /* bytes of it */
	uint32_t wanted; /* bytes asked for */
};

struct import_traffic {
	struct import_urb *urb; /* in the order of their submission */
	size_t count, room;
	size_t open_from; /* all before are complete */
};

/* ---- traffic.c ----------------------------------------------------------------------------- */

void import_traffic_add(struct import_traffic *t, const struct import_event *e);
void import_traffic_free(struct import_traffic *t);
/*
 * The n-th device, from 0, of those that told their device descriptor: a URB of its, or NULL. They are in the
 * order in which they did.
 */
const struct import_urb *import_traffic_device(const struct import_traffic *t, unsigned n);
/*
 * The descriptor set of that device, from its answers; a serial number becomes a neutral one. The caller frees
 * *ret_bytes. 0; -EINVAL: no device in it; -ENOENT: not that many.
 */
int import_traffic_descriptors(const struct import_traffic *t, unsigned n, uint8_t **ret_bytes,
			       size_t *ret_len);

/* ---- pcap.c -------------------------------------------------------------------------------- */

/*
 * A pcap or pcapng file of Linux' usbmon (link types 189 and 220) or of USBPcap (249). 0, or -EINVAL with a
 * sentence in why.
 */
int import_pcap(const char *path, struct import_traffic *ret, char *why, size_t room);

/* ---- usbredir.c ---------------------------------------------------------------------------- */

/*
 * The bytes of both sides of a usbredir connection; guest may be NULL. What is cut off or makes no sense ends
 * it there. 0, or -EINVAL: it does not begin with a hello.
 */
int import_usbredir(const uint8_t *host, size_t host_len, const uint8_t *guest, size_t guest_len,
		    struct import_traffic *ret);

#endif
