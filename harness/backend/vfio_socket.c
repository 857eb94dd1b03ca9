// SPDX-License-Identifier: MIT
/*
 * vfio_socket.c -- messages on a UNIX stream socket, several of them per system call where they are
 * small. Files are not taken for another message's: what brought files ends with bytes of the message
 * they came with (unix(7)), so they are given to the one that has the last byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backend/vfio_user.h"

void vfio_socket_open(struct vfio_socket *s, int fd)
{
	*s = (struct vfio_socket){.fd = fd, .wait = s->wait, .wait_opaque = s->wait_opaque};
	if (fd >= 0)
		(void)!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void vfio_socket_close(struct vfio_socket *s)
{
	vfio_message_free(&s->coming);
	for (unsigned i = 0; i < s->ahead_file_count; i++)
		close(s->ahead_file[i]);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct vfio_socket){
		.fd = -1, .why = s->why, .wait = s->wait, .wait_opaque = s->wait_opaque};
}

void vfio_message_free(struct vfio_message *m)
{
	for (unsigned i = 0; i < m->file_count; i++)
		if (m->file[i] >= 0)
			close(m->file[i]);
	free(m->body);
	*m = (struct vfio_message){0};
}

int vfio_message_take_file(struct vfio_message *m, unsigned nth)
{
	int fd;

	if (nth >= m->file_count)
		return -1;
	fd = m->file[nth];
	m->file[nth] = -1;
	return fd;
}

static enum vfio_receive broken(struct vfio_socket *s, const char *why)
{
	s->why = why;
	return VFIO_BROKEN;
}

/* Files of one control message; what is too much is closed. */
static bool keep_files(struct vfio_socket *s, const struct cmsghdr *c)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	bool fits = true;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return true;
	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (s->ahead_file_count < VFIO_MAX_FILES) {
			s->ahead_file[s->ahead_file_count++] = fd;
		} else {
			close(fd);
			fits = false;
		}
	}
	return fits;
}

/* What is there, at most len bytes, into buf: bytes, 0 at the end, or -errno (-E2BIG: too many files). */
static ssize_t receive_now(struct vfio_socket *s, void *buf, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VFIO_MAX_FILES * sizeof(int))];
	} control;
	struct iovec part = {buf, len};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	bool fits = true;
	ssize_t n;

	do
		n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		fits &= keep_files(s, c);
	return fits && !(msg.msg_flags & MSG_CTRUNC) ? n : -E2BIG;
}

/* The files that came with the byte just taken belong to the message that is coming. */
static bool hand_over_files(struct vfio_socket *s)
{
	struct vfio_message *m = &s->coming;
	unsigned room = VFIO_MAX_FILES - m->file_count;

	for (unsigned i = 0; i < s->ahead_file_count; i++) {
		if (i < room)
			m->file[m->file_count++] = s->ahead_file[i];
		else
			close(s->ahead_file[i]);
	}
	room = s->ahead_file_count <= room;
	s->ahead_file_count = 0;
	return room;
}

/* Some of len bytes of the message that is coming: bytes, 0 at the end, -EAGAIN, or -errno. */
static ssize_t receive_some(struct vfio_socket *s, void *buf, size_t len)
{
	ssize_t n;

	if (s->ahead_at == s->ahead_len && len < sizeof(s->ahead)) {
		n = receive_now(s, s->ahead, sizeof(s->ahead));
		s->ahead_at = 0;
		s->ahead_len = n < 0 ? 0 : (size_t)n;
		if (n <= 0)
			return n;
	}
	if (s->ahead_at < s->ahead_len) {
		n = (ssize_t)min_u64(len, s->ahead_len - s->ahead_at);
		memcpy(buf, s->ahead + s->ahead_at, (size_t)n);
		s->ahead_at += (size_t)n;
	} else {
		n = receive_now(s, buf, len);
	}
	if (n > 0 && s->ahead_at == s->ahead_len && !hand_over_files(s))
		return -E2BIG;
	return n;
}

bool vfio_socket_has_more(const struct vfio_socket *s)
{
	return s->ahead_at < s->ahead_len;
}

static bool take_header(struct vfio_socket *s)
{
	struct vfio_message *m = &s->coming;
	uint32_t size = get_le32(s->header + 4);

	if (size < VFIO_HEADER_BYTES || size > VFIO_HEADER_BYTES + VFIO_MAX_BODY)
		return false;
	m->id = get_le16(s->header);
	m->command = get_le16(s->header + 2);
	m->flags = get_le32(s->header + 8);
	m->error = get_le32(s->header + 12);
	m->len = size - VFIO_HEADER_BYTES;
	m->body = m->len ? alloc_zero(m->len) : NULL;
	return true;
}

enum vfio_receive vfio_socket_receive(struct vfio_socket *s, struct vfio_message *ret)
{
	struct vfio_message *m = &s->coming;

	while (s->have < VFIO_HEADER_BYTES || s->have < VFIO_HEADER_BYTES + m->len) {
		bool in_header = s->have < VFIO_HEADER_BYTES;
		size_t end = VFIO_HEADER_BYTES + (in_header ? 0 : m->len);
		void *to = in_header ? s->header + s->have : m->body + s->have - VFIO_HEADER_BYTES;
		ssize_t n = receive_some(s, to, end - s->have);

		if (n == -EAGAIN || n == -EWOULDBLOCK)
			return VFIO_AGAIN;
		if (n == -E2BIG)
			return broken(s, "too many files with one message");
		if (n < 0 || (n == 0 && s->have))
			return broken(s, n < 0 ? strerror((int)-n) : "it left in mid-message");
		if (n == 0)
			return VFIO_CLOSED;
		s->have += (size_t)n;
		if (in_header && s->have == VFIO_HEADER_BYTES && !take_header(s))
			return broken(s, "a message of an impossible size");
	}
	*ret = *m;
	*m = (struct vfio_message){0};
	s->have = 0;
	return VFIO_MESSAGE;
}

uint64_t vfio_socket_now_msec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool vfio_socket_wait(struct vfio_socket *s, short events, int msec)
{
	struct pollfd p = {s->fd, events, 0};

	return s->wait ? s->wait(s->wait_opaque, events, msec) : poll(&p, 1, msec) != 0;
}

/* 0 or -errno; waits for a client that reads slowly, but not for ever: byte by byte is too slow. */
static int send_all(struct vfio_socket *s, struct iovec *part, int parts)
{
	uint64_t end_msec = 0;

	while (parts) {
		struct msghdr msg = {.msg_iov = part, .msg_iovlen = (size_t)parts};
		ssize_t n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			uint64_t now = vfio_socket_now_msec();

			end_msec = end_msec ? end_msec : now + VFIO_REPLY_MSEC;
			if (now >= end_msec || !vfio_socket_wait(s, POLLOUT, (int)(end_msec - now)))
				return -ETIMEDOUT;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; parts && (size_t)n >= part->iov_len; part++, parts--)
			n -= (ssize_t)part->iov_len;
		if (parts) {
			part->iov_base = (char *)part->iov_base + n;
			part->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int vfio_socket_send(struct vfio_socket *s, const struct vfio_message *head, const void *body,
		     uint32_t len)
{
	uint8_t header[VFIO_HEADER_BYTES];
	struct iovec part[2] = {{header, sizeof(header)}, {(void *)(uintptr_t)body, len}};

	put_le16(header, head->id);
	put_le16(header + 2, head->command);
	put_le32(header + 4, VFIO_HEADER_BYTES + len);
	put_le32(header + 8, head->flags);
	put_le32(header + 12, head->error);
	return send_all(s, part, len ? 2 : 1);
}
