// SPDX-License-Identifier: MIT
/*
 * vfio_client_core.h -- private to vfio_client*.c: the client's state, and how it talks.
 */
#ifndef BACKEND_VFIO_CLIENT_CORE_H
#define BACKEND_VFIO_CLIENT_CORE_H

#include "backend/vfio_client.h"
#include "backend/vfio_user.h"

struct vfio_client {
	struct trace trace;
	struct machine m;
	struct vfio_user user;
	struct vfio_socket end; /* ours */
	uint8_t *ram;           /* the mapped file */
	int file[VFIO_CLIENT_FILES], pipe_in, socket_in;
	bool ram_used, loose_used; /* since the last program */

	const uint8_t *data; /* of the program */
	size_t len, at;
	unsigned records, connections, work_left;
	bool deaf, left, playing;
	uint8_t answer, answer_after; /* mode; records to be played before the next one */
	unsigned said;                /* about this connection */
	const char *wrong;
	uint64_t programs, messages, all_connections;
};

/* The first thing the server did wrong. */
void vfio_client_blame(struct vfio_client *c, const char *why);
/* Close our end. */
void vfio_client_leave(struct vfio_client *c);
/* files as in a record; size is what the header says, len what is sent. */
void vfio_client_send_bytes(struct vfio_client *c, const void *bytes, size_t len, uint8_t files);
void vfio_client_send(struct vfio_client *c, const struct vfio_message *head, uint8_t files,
		      uint32_t size, const uint8_t *body, uint32_t len);
/* Look at what the server said, and answer its questions. */
void vfio_client_listen(struct vfio_client *c);

#endif
