// SPDX-License-Identifier: MIT
/*
 * serve_link.h -- the other side of a served VM's devices: pseudo terminals and UNIX sockets as lines of
 * dev/link.h. They are polled with the rest; their devices own them.
 */
#ifndef BACKEND_SERVE_LINK_H
#define BACKEND_SERVE_LINK_H

#include "dev/link.h"

struct pollfd;

#define SERVE_MAX_LINKS 16u
#define SERVE_LINK_FRAME 65536u /* bytes of the longest frame */

enum serve_link_kind {
	SERVE_LINK_PTY,     /* path: a symbolic link to the terminal */
	SERVE_LINK_LISTEN,  /* path: a UNIX stream socket; who connects is the other side */
	SERVE_LINK_CONNECT, /* path: of somebody who listens */
};

struct serve_links {
	struct serve_link *first;
	unsigned count;
};

/*
 * Frames go over sockets as QEMU's stream sockets have them: four bytes of length, big-endian, then the
 * frame. 0 or -errno (-EMFILE: SERVE_MAX_LINKS are there).
 */
int serve_link_open(struct serve_links *all, enum serve_link_kind kind, const char *path,
		    bool frames, struct dev_link **ret);
/* What poll has to look at: at most SERVE_MAX_LINKS. */
unsigned serve_link_poll(const struct serve_links *all, struct pollfd *p);
/* Something happened with what serve_link_poll named. */
void serve_link_work(struct serve_links *all, const struct pollfd *p, unsigned count);

#endif
