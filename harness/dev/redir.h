// SPDX-License-Identifier: MIT
/*
 * redir.h -- a device that somebody else has, over the usbredir protocol (0.7): we are its "usb-guest",
 * as QEMU's usb-redir is, on the real libusbredirparser. Sections follow the files.
 *
 * A session belongs to a line (link.h). Whenever the other side of the line introduces a device, one is
 * plugged; it is unplugged when it leaves, breaks the protocol or hangs up, and may come again. The other
 * side is not trusted with anything: see each file's header.
 *
 * usb-core keeps address and halts; all other requests go to the other side, which tells what endpoints
 * there are. Left out: pre-buffering of isochronous packets, quirks of single devices.
 */
#ifndef DEV_REDIR_H
#define DEV_REDIR_H

#include "dev/link.h"
#include "usb/usb.h"

#include <usbredirfilter.h>
#include <usbredirparser.h>

#define REDIR_ENDPOINTS 32u
#define REDIR_MAX_OUT (1u << 20)   /* bytes that wait for the line before the guest has to wait */
#define REDIR_MAX_OUT_COUNT 16384u /* the same, messages */
#define REDIR_MAX_BUFFERED (1u << 18) /* bytes of a bulk endpoint that wait for the guest */
#define REDIR_MAX_WAITING 64u         /* packets of any other endpoint that wait for the guest */
#define REDIR_MAX_WARNINGS 16u        /* lines about one connection */

struct redir_config {
	/* Put it into a port: 0 or -errno, then it stays the caller's. */
	int (*plug)(void *opaque, struct usb_device *dev);
	/* One line that people should know of; may be NULL. */
	void (*warn)(void *opaque, const char *line);
	void *opaque;
	const struct usbredirfilter_rule *rules; /* which devices may come; borrowed */
	int rule_count;                          /* 0 = all */
	uint32_t max_out;                        /* 0 = REDIR_MAX_OUT */
	uint32_t max_buffered;                   /* 0 = REDIR_MAX_BUFFERED */
	bool buffered; /* bulk IN endpoints are read ahead where the other side can (cap bulk_receiving) */
};

enum redir_kind {
	REDIR_CONTROL,
	REDIR_SET_CONFIGURATION,
	REDIR_GET_CONFIGURATION,
	REDIR_SET_INTERFACE,
	REDIR_GET_INTERFACE,
	REDIR_BULK,
	REDIR_INTERRUPT, /* OUT */
};

/* What the other side owes an answer to. */
struct redir_pending {
	struct redir_pending *next;
	struct usb_packet
		*p; /* NULL: a request; or, restored: the guest has not come back for it yet */
	uint64_t id;
	uint32_t stream, len;
	uint8_t kind, endpoint;
	bool restored;
	bool answered; /* restored: the answer is here before its packet */
	uint8_t status;
	struct redir_block *block;
};

/* Data that the guest has not asked for yet. */
struct redir_block {
	struct redir_block *next;
	uint8_t *data; /* len bytes, exact allocation */
	uint32_t len, pos;
	uint8_t status; /* enum usb_status */
};

struct redir_ep {
	uint8_t type; /* enum usb_ep_type; control = there is none */
	uint8_t interval, interface;
	uint16_t max_packet;
	uint32_t max_streams;
	bool started;          /* the other side sends, or takes, packets of its own accord */
	bool streams;          /* it was told to have streams */
	bool held;             /* a packet was refused because too much waits for the line */
	bool dropping;         /* until half of what waits is gone */
	enum usb_status error; /* for the next packet; USB_OK = none */
	struct redir_block *first, *last;
	uint32_t count, bytes; /* that wait */
};

struct redir_out {
	struct redir_out *next;
	uint32_t len, pos;
	uint8_t data[];
};

struct redir;

struct redir_device {
	struct usb_device usb;     /* first member */
	struct usb_device_ops ops; /* its own: it has one speed */
	struct redir *r;           /* NULL: the session is gone */
};

struct redir {
	struct redir_config config;
	struct dev_link *link;         /* owned */
	unsigned visits;               /* of the link, that are known of */
	struct usbredirparser *parser; /* NULL = nobody is there */
	struct redir_device *device;   /* NULL = none is plugged */
	struct usb_redir_device_connect_header info;
	struct usb_redir_interface_info_header interfaces;
	bool connected; /* the device was introduced */
	bool have_interfaces, have_endpoints;
	struct redir_ep ep[REDIR_ENDPOINTS]; /* 0..15 OUT, 16..31 IN */
	struct redir_pending *pending;       /* oldest first */
	struct redir_out *out, *out_last;
	size_t out_bytes;
	unsigned out_count;
	uint64_t next_id;
	size_t budget; /* bytes that may still be read in this round */
	bool busy;     /* what came in is being worked on */
	bool again;    /* more came in meanwhile */
	bool crowded;  /* more than max_buffered bytes may wait at an endpoint */
	bool failed;   /* the connection has to end */
	bool leaving;  /* the device is unplugged by us */
	bool over;     /* somebody else unplugged it: nothing comes after that */
	unsigned warnings;
};

/* ---- redir.c: connection and life ----------------------------------------------------------- */

/* link becomes the session's. Whoever is at its other side is greeted. */
struct redir *redir_new(struct dev_link *link, const struct redir_config *config);
/* The same, and nothing is said or read yet: for redir_restore. */
struct redir *redir_make(struct dev_link *link, const struct redir_config *config);
/* Unplug what is there and hang up. NULL is fine. */
void redir_free(struct redir *r);
/* The same, and the line, which nobody hangs up, is the caller's: the session goes on elsewhere. */
struct dev_link *redir_part(struct redir *r);
/* Read and write what there is, in bounds. */
void redir_work(struct redir *r);
/* The connection ends as soon as possible; format: why. */
void redir_fail(struct redir *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void redir_say(struct redir *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct usbredirparser *redir_parser_new(struct redir *r, int flags);
bool redir_peer_can(const struct redir *r, int cap);
/* The device, if it is plugged and stays so. */
struct usb_device *redir_usb(const struct redir *r);

/* ---- redir_out.c: what is to be sent ----------------------------------------------------------- */

/* The parser's write_func. */
int redir_out_take(void *priv, uint8_t *data, int count);
void redir_out_drop(struct redir *r);
/* Send what the parser has made. */
void redir_flush(struct redir *r);
/* True if the guest has to wait until the line has taken more. */
bool redir_is_full(struct redir *r);

/* ---- redir_device.c: as usb-core has it ----------------------------------------------------- */

struct redir_device *redir_device_new(struct redir *r);
/* An endpoint's index from its address, and back. */
unsigned redir_index(uint8_t address);
uint8_t redir_address(unsigned index);

/* ---- redir_endpoint.c: what endpoints there are, as the other side tells ---------------------- */

void redir_take_endpoints(struct redir *r, const struct usb_redir_ep_info_header *info);
/* Make usb-core's tables what they are now; what changed is flushed. Needs usb_device_hold. */
void redir_apply_endpoints(struct redir *r);
/* Nothing is started any more and nothing waits. */
void redir_stop_endpoints(struct redir *r);
/* Tell the other side to start sending or taking of its own accord, or to have streams. */
void redir_start(struct redir *r, unsigned index);
void redir_have_streams(struct redir *r, unsigned index);
/* The opposite of both for these endpoints (bits), where it was told so; what waits is dropped. */
void redir_end(struct redir *r, uint32_t endpoints);
void redir_endpoint_callbacks(struct usbredirparser *parser);

/* ---- redir_queue.c: what waits for the guest -------------------------------------------------- */

struct redir_block *redir_block_new(const uint8_t *data, size_t len, enum usb_status status);
void redir_block_free(struct redir_block *b);
/* b is consumed. False: it was dropped, there is too much. */
bool redir_queue_put(struct redir *r, struct redir_ep *e, struct redir_block *b);
/* The same without a look at how much there is. */
void redir_queue_append(struct redir_ep *e, struct redir_block *b);
/* One block as one packet; false: there is none. */
bool redir_queue_take(struct redir_ep *e, struct usb_packet *p, enum usb_status *ret);
/* Bulk: as much as there is room for, to the next short packet; false: there is none. */
bool redir_queue_read(struct redir_ep *e, struct usb_packet *p, enum usb_status *ret);
void redir_queue_clear(struct redir_ep *e);
/* So much waits that reading should stop. */
bool redir_queue_is_full(struct redir *r);

/* ---- redir_transfer.c: packets and requests --------------------------------------------------- */

enum usb_status redir_transfer_data(struct redir *r, struct usb_endpoint *ep, struct usb_packet *p);
int redir_transfer_control(struct redir *r, const struct usb_setup *s, uint8_t *data, uint32_t len);
/* p, or with NULL the request, is not wanted any more. */
void redir_transfer_cancel(struct redir *r, struct usb_packet *p);
void redir_transfer_forget_all(struct redir *r);
struct redir_pending *redir_pending_add(struct redir *r, enum redir_kind kind,
					struct usb_packet *p);
/* How much of p's data the other side is asked for at once: all of it, if it can. */
uint32_t redir_asked(const struct redir *r, const struct usb_packet *p);
enum usb_status redir_status(uint8_t status);

/* ---- redir_answer.c: what comes back ---------------------------------------------------------- */

void redir_answer_callbacks(struct usbredirparser *parser);
/* p's data from a block of an answer. */
enum usb_status redir_answer_fill(struct redir *r, struct usb_packet *p,
				  const struct redir_block *b);

/* ---- redir_save.c, redir_restore.c: snapshots ----------------------------------------------------------------- */

#define REDIR_STATE_MAGIC 0x31534752u /* "RGS1" */
#define REDIR_STATE_PENDING 4096u     /* at most */

/*
 * The session as bytes, *ret_len of them, own allocation of heap.h. What the guest has under way is
 * kept: when it submits the same again after redir_restore, it is not sent twice. NULL: no memory for it
 * in the parser, or nobody is there.
 */
uint8_t *redir_save(struct redir *r, size_t *ret_len);
/*
 * A session from such bytes, whoever wrote them; link is connected to the same other side. Becomes the
 * session's on success. 0; -EINVAL: they make no sense; -EPROTO: usbredirparser does not take its own part of
 * them, as 0.13 of a message it has read in part; -errno of config->plug.
 */
int redir_restore(struct dev_link *link, const struct redir_config *config, const uint8_t *bytes,
		  size_t len, struct redir **ret);

#endif
