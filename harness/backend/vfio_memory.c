// SPDX-License-Identifier: MIT
/*
 * vfio_memory.c -- the client's memory as the guest's: maps come and go, the controller's DMA ends
 * there. Where only messages reach, we ask and answer whatever comes until the client's answer is here.
 */
#include <errno.h>
#include <poll.h>

#include "backend/vfio_user.h"

void vfio_memory_map(struct vfio_user *u, struct vfio_message *m)
{
	const uint8_t *b = m->body;
	int fd, err;

	if (m->len < VFIO_MAP_BYTES || m->file_count > 1) {
		vfio_user_refuse(u, m, -EINVAL, "not a memory map");
		return;
	}
	fd = vfio_message_take_file(m, 0);
	err = vfio_dma_map(&u->dma, get_le64(b + 16), get_le64(b + 24), get_le32(b + 4), fd,
			   get_le64(b + 8));
	if (err && fd >= 0)
		m->file[0] = fd; /* closed with the message */
	if (err)
		vfio_user_refuse(u, m, err,
				 err == -ENOSPC ? "too many memory maps" : "a map that cannot be");
	else
		vfio_user_reply(u, m, 0, NULL, 0);
}

void vfio_memory_unmap(struct vfio_user *u, const struct vfio_message *m)
{
	uint32_t flags;
	int err = 0;

	if (m->len < VFIO_UNMAP_BYTES) {
		vfio_user_refuse(u, m, -EINVAL, "not a memory map");
		return;
	}
	flags = get_le32(m->body + 4);
	if (flags & VFIO_UNMAP_ALL)
		vfio_dma_clear(&u->dma);
	else
		err = flags
			? -EINVAL
			: vfio_dma_unmap(&u->dma, get_le64(m->body + 8), get_le64(m->body + 16));
	if (err)
		vfio_user_refuse(u, m, err, "nothing is mapped there");
	else
		vfio_user_reply(u, m, 0, m->body, VFIO_UNMAP_BYTES);
}

/* ---- DMA by message ------------------------------------------------------------------------ */

/* Until the answer to our message id is here, everybody else's is answered. */
static int await(struct vfio_user *u, uint16_t id, struct vfio_message *ret)
{
	uint64_t end_msec = vfio_socket_now_msec() + VFIO_REPLY_MSEC, now;

	while (!u->lost) {
		while (vfio_user_receive(u, ret)) {
			if (ret->id == id && (ret->flags & VFIO_FLAG_TYPE_MASK) == VFIO_FLAG_REPLY)
				return 0;
			vfio_user_handle(u, ret);
			vfio_message_free(ret);
		}
		now = vfio_socket_now_msec();
		if (now >= end_msec ||
		    (!u->lost && !vfio_socket_wait(&u->socket, POLLIN, (int)(end_msec - now))))
			vfio_user_lose(u, "no answer to a DMA message");
	}
	return -EFAULT;
}

static int by_message(void *opaque, bool write, uint64_t addr, void *buf, size_t len)
{
	struct vfio_user *u = opaque;
	uint32_t body_len = VFIO_DMA_BYTES + (write ? (uint32_t)len : 0);
	struct vfio_message head = {.id = u->next_id++,
				    .command = write ? VFIO_DMA_WRITE : VFIO_DMA_READ};
	struct vfio_message answer;
	uint8_t *body;
	int err;

	if (u->lost || u->waiting)
		return -EFAULT;
	body = alloc_zero(body_len);
	put_le64(body, addr);
	put_le64(body + 8, len);
	if (write)
		memcpy(body + VFIO_DMA_BYTES, buf, len);
	err = vfio_socket_send(&u->socket, &head, body, body_len);
	free(body);
	if (err) {
		vfio_user_lose(u, strerror(-err));
		return -EFAULT;
	}
	u->waiting = true;
	err = await(u, head.id, &answer);
	u->waiting = false;
	if (err)
		return err;
	if (answer.flags & VFIO_FLAG_ERROR)
		err = -EFAULT;
	else if (!write && (answer.len != VFIO_DMA_BYTES + len || get_le64(answer.body + 8) != len))
		err = -EPROTO;
	else if (!write)
		memcpy(buf, answer.body + VFIO_DMA_BYTES, len);
	vfio_message_free(&answer);
	if (err == -EPROTO)
		vfio_user_lose(u, "an answer to a DMA message of another size");
	return err;
}

/* ---- what the guest's DMA reaches ---------------------------------------------------------- */

static int outside_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct vfio_user *u = opaque;

	return vfio_dma_access(&u->dma, false, addr, buf, len);
}

static int outside_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct vfio_user *u = opaque;

	return vfio_dma_access(&u->dma, true, addr, (void *)(uintptr_t)buf, len);
}

static const struct guest_memory_ops outside = {outside_read, outside_write};

void vfio_memory_init(struct vfio_user *u)
{
	u->dma.by_message = by_message;
	u->dma.opaque = u;
	u->m->guest.outside = &outside;
	u->m->guest.outside_opaque = u;
}
