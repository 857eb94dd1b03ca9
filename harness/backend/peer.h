// SPDX-License-Identifier: MIT
/*
 * peer.h -- a device of ours for the usb-redir of another QEMU: a socket, the host's clock, and what is exported.
 * Sections follow the files.
 */
#ifndef BACKEND_PEER_H
#define BACKEND_PEER_H

#include "base.h"

struct op_program;
struct peer_source;
struct export;

/* ---- peer.c: the loop ------------------------------------------------------------------------ */

enum peer_way {
	PEER_LISTEN, /* UNIX sockets: path */
	PEER_CONNECT,
	PEER_TO, /* TCP as usbredirect has it: ADDRESS:PORT to connect to, or ... */
	PEER_AS, /* ... to listen at */
};

struct peer_options {
	enum peer_way way;
	const char *address;
	const struct op_program *program; /* NULL: device says what */
	const char *device;               /* as for serve_device_parse */
	const char *record; /* NULL, or files FILE.host and FILE.guest: what both sides said */
	bool once;          /* end when the first connection ends */
	void (*say)(void *opaque, const char *line);
	void *opaque;
};

/* Until SIGINT or SIGTERM, or the connection that was asked for is over. 0; -errno with a sentence in why. */
int peer_run(const struct peer_options *o, char *why, size_t room);

/* ---- peer_socket.c ---------------------------------------------------------------------------- */

/* A socket that listens, or is connected; both do not block. Or -errno. */
int peer_socket_open(enum peer_way way, const char *address);

/* ---- peer_source.c: what is exported ------------------------------------------------------------ */

/* NULL: -errno in *err, with a sentence in why. */
struct peer_source *peer_source_open(const struct peer_options *o, int *err, char *why,
				     size_t room);
void peer_source_close(struct peer_source *s, struct export *e);
/* From the beginning: the device as new, or the program up to its first step. 0; -errno with a sentence in why. */
int peer_source_start(struct peer_source *s, struct export *e, uint64_t now_ns, char *why,
		      size_t room);
/* What the program says about this time. */
void peer_source_work(struct peer_source *s, struct export *e, uint64_t now_ns);
/* Of the next thing the program says; UINT64_MAX = it has ended. */
uint64_t peer_source_due_ns(const struct peer_source *s);

#endif
