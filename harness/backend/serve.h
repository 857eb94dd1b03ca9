// SPDX-License-Identifier: MIT
/*
 * serve.h -- our controller for a real guest: a machine whose guest is a client on a UNIX socket and
 * whose time is the host's. serve_device.c, serve_socket.c, serve.c.
 */
#ifndef BACKEND_SERVE_H
#define BACKEND_SERVE_H

#include "base.h"
#include "trace.h"
#include "usb/usb.h"

struct machine;
struct disk;
struct xhci_profile;

/* ---- serve_device.c ------------------------------------------------------------------------ */

struct serve_device {
	unsigned model;       /* index of dev_models */
	unsigned connector;   /* 1-based; 0 = the next free one */
	enum usb_speed speed; /* USB_SPEED_NONE = the fastest */
	char *file;           /* storage: its image; NULL = memory */
	bool read_only;
};

/*
 * "MODEL[,port=N][,speed=low|full|high|super][,file=IMAGE][,ro]". 0; -EINVAL with a sentence in why.
 * Free with serve_device_free in either case.
 */
int serve_device_parse(struct serve_device *d, const char *text, char *why, size_t room);
void serve_device_free(struct serve_device *d);
/*
 * Plug it. *disk is what a storage device sits on (NULL else), to be freed after it is unplugged.
 * Returns the connector, or -errno with a sentence in why.
 */
int serve_device_plug(const struct serve_device *d, struct machine *m, struct disk **disk,
		      char *why, size_t room);

/* ---- serve_socket.c ------------------------------------------------------------------------ */

/*
 * Listen on a UNIX socket that only its owner may use (mode 0600). A socket that nobody listens on any
 * more is replaced, anything else in its place is left alone. A descriptor, or -errno.
 */
int serve_socket_listen(const char *path);
/* The next client, or -errno (-EAGAIN: nobody). */
int serve_socket_accept(int fd);

/* ---- serve.c ------------------------------------------------------------------------------- */

struct serve_options {
	const char *path; /* of the socket */
	const struct xhci_profile *profile;
	char **device; /* texts for serve_device_parse */
	unsigned device_count;
	bool once;                                   /* end when the first client leaves */
	trace_sink *sink;                            /* sees every row; may be NULL */
	void *sink_opaque;                           /* also say's */
	void (*say)(void *opaque, const char *line); /* what goes on, for people; may be NULL */
};

/* Index of xhci_profiles by name, or -1. */
const struct xhci_profile *serve_profile_find(const char *name);
/* Until SIGINT or SIGTERM (or once): 0; -errno with a sentence in why. */
int serve_run(const struct serve_options *o, char *why, size_t room);

#endif
