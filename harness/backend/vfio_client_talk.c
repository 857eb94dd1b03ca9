// SPDX-License-Identifier: MIT
/*
 * vfio_client_talk.c -- what the client of the target `vfio-user` sends, and how it takes what the
 * server says: answers are looked at, questions are answered in the way the program chose.
 */
#include <errno.h>
#include <sys/socket.h>

#include "backend/vfio_client_core.h"

#define SENT_FILES_MAX 20u /* more than the server takes */

void vfio_client_blame(struct vfio_client *c, const char *why)
{
	if (!c->wrong)
		c->wrong = why;
}

/* ---- sending ------------------------------------------------------------------------------- */

void vfio_client_send_bytes(struct vfio_client *c, const void *bytes, size_t len, uint8_t files)
{
	unsigned count = (files & 15) == 15 ? SENT_FILES_MAX : files & 15;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SENT_FILES_MAX * sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	if (c->end.fd < 0 || !len)
		return;
	if (count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
	}
	for (unsigned i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.align) + i * sizeof(int),
		       &c->file[((files >> 4) + i) % VFIO_CLIENT_FILES], sizeof(int));
	/* The pipe may be full or closed: that is the client's own trouble. */
	(void)!sendmsg(c->end.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void vfio_client_send(struct vfio_client *c, const struct vfio_message *head, uint8_t files,
		      uint32_t size, const uint8_t *body, uint32_t len)
{
	uint8_t *bytes = alloc_zero(VFIO_HEADER_BYTES + len);

	put_le16(bytes, head->id);
	put_le16(bytes + 2, head->command);
	put_le32(bytes + 4, size);
	put_le32(bytes + 8, head->flags);
	put_le32(bytes + 12, head->error);
	if (len)
		memcpy(bytes + VFIO_HEADER_BYTES, body, len);
	vfio_client_send_bytes(c, bytes, VFIO_HEADER_BYTES + len, files);
	free(bytes);
	c->messages++;
}

void vfio_client_leave(struct vfio_client *c)
{
	c->left = true;
	vfio_socket_close(&c->end);
}

/* ---- what the server says ------------------------------------------------------------------ */

static uint32_t answer_bytes(uint8_t mode, bool read, uint32_t count, uint32_t *ret_count)
{
	uint32_t data = read ? count : 0;

	*ret_count = count + (mode == VFIO_CLIENT_COUNT);
	if (mode == VFIO_CLIENT_SHORT)
		return VFIO_DMA_BYTES + data - 1;
	return VFIO_DMA_BYTES + data + (mode == VFIO_CLIENT_LONG ? 8 : 0);
}

static void answer(struct vfio_client *c, const struct vfio_message *m)
{
	bool read = m->command == VFIO_DMA_READ;
	struct vfio_message head = {.id = m->id, .command = m->command, .flags = VFIO_FLAG_REPLY};
	uint64_t addr = get_le64(m->body);
	uint32_t count = get_le32(m->body + 8), said, len, size;
	uint8_t *body;

	len = answer_bytes(c->answer, read, count, &said);
	size = VFIO_HEADER_BYTES + len;
	body = alloc_zero(len + 1);
	put_le64(body, addr);
	if (len >= VFIO_DMA_BYTES)
		put_le64(body + 8, said);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *at = c->ram + (addr + i) % VFIO_CLIENT_RAM_BYTES;

		if (!read)
			*at = m->body[VFIO_DMA_BYTES + i];
		else if (VFIO_DMA_BYTES + i < len)
			body[VFIO_DMA_BYTES + i] = *at;
	}
	c->ram_used = true;
	head.id += c->answer == VFIO_CLIENT_ID;
	head.command = (uint16_t)(m->command ^ (c->answer == VFIO_CLIENT_COMMAND ? 7 : 0));
	if (c->answer == VFIO_CLIENT_REQUEST)
		head.flags = 0;
	if (c->answer == VFIO_CLIENT_ERROR)
		head.flags |= VFIO_FLAG_ERROR, head.error = EFAULT, len = 0, size = 16;
	if (c->answer == VFIO_CLIENT_HALF || c->answer == VFIO_CLIENT_HALF_HANGUP)
		len /= 2;
	if (c->answer != VFIO_CLIENT_NONE && c->answer != VFIO_CLIENT_HANG_UP)
		vfio_client_send(c, &head, 0, size, body, len);
	if (c->answer == VFIO_CLIENT_TWICE)
		vfio_client_send(c, &head, 0, size, body, len);
	if (c->answer == VFIO_CLIENT_HANG_UP || c->answer == VFIO_CLIENT_HALF_HANGUP)
		vfio_client_leave(c);
	free(body);
}

static void judge(struct vfio_client *c, const struct vfio_message *m)
{
	bool dma = m->command == VFIO_DMA_READ || m->command == VFIO_DMA_WRITE;
	bool reply = (m->flags & VFIO_FLAG_TYPE_MASK) == VFIO_FLAG_REPLY;

	if (m->file_count)
		vfio_client_blame(c, "the server passed a file");
	if (reply && (m->flags & VFIO_FLAG_ERROR) && (m->len || !m->error))
		vfio_client_blame(c, "an error answer has a body or no error");
	if (!reply &&
	    !(dma && m->len >= VFIO_DMA_BYTES && get_le64(m->body + 8) <= VFIO_MAX_DATA &&
	      m->len ==
		      VFIO_DMA_BYTES + (m->command == VFIO_DMA_WRITE ? get_le32(m->body + 8) : 0)))
		vfio_client_blame(c, "the server asked something that is no DMA message");
	else if (!reply)
		answer(c, m);
}

void vfio_client_listen(struct vfio_client *c)
{
	struct vfio_message m;

	while (c->end.fd >= 0) {
		enum vfio_receive r = vfio_socket_receive(&c->end, &m);

		if (r == VFIO_BROKEN && c->end.fd >= 0 && strcmp(c->end.why, strerror(ECONNRESET)))
			vfio_client_blame(c, "the server's messages cannot be read");
		if (r != VFIO_MESSAGE)
			break;
		judge(c, &m);
		vfio_message_free(&m);
	}
}
