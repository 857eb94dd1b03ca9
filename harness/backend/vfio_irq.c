// SPDX-License-Identifier: MIT
/*
 * vfio_irq.c -- interrupts of a served device: eventfds that the client gave us. The client keeps the
 * guest's MSI-X table and interrupt controller; we only say which vector.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "backend/vfio_user.h"

void vfio_irq_init(struct vfio_irq *irq, const struct pci_identity *id)
{
	*irq = (struct vfio_irq){0};
	irq->count[VFIO_IRQ_INTX] = irq->count[VFIO_IRQ_ERROR] = irq->count[VFIO_IRQ_REQUEST] = 1;
	irq->count[VFIO_IRQ_MSI] = id->msi_cap ? id->msi_vectors : 0;
	irq->count[VFIO_IRQ_MSIX] = id->msix_cap ? id->msix_vectors : 0;
	for (unsigned i = 0; i < VFIO_IRQS; i++) {
		irq->fd[i] = alloc_zero(irq->count[i] * sizeof(int));
		for (unsigned v = 0; v < irq->count[i]; v++)
			irq->fd[i][v] = -1;
	}
}

static void let_go(struct vfio_irq *irq, unsigned index, unsigned vector)
{
	int *fd = &irq->fd[index][vector];

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_irq_clear(struct vfio_irq *irq)
{
	for (unsigned i = 0; i < VFIO_IRQS; i++)
		for (unsigned v = 0; v < irq->count[i]; v++)
			let_go(irq, i, v);
	irq->masked = false;
}

void vfio_irq_fini(struct vfio_irq *irq)
{
	vfio_irq_clear(irq);
	for (unsigned i = 0; i < VFIO_IRQS; i++)
		free(irq->fd[i]);
	*irq = (struct vfio_irq){0};
}

/* A client's file could block, or be something else: only an eventfd is kept. */
static bool is_eventfd(int fd)
{
	char path[32], name[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return false;
	name[n] = '\0';
	return !strcmp(name, "anon_inode:[eventfd]");
}

static void fire(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	uint64_t one = 1;

	/* One that is full already tells the client as much. */
	if (fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLOUT))
		(void)!write(fd, &one, sizeof(one));
}

static void show_line(struct vfio_irq *irq)
{
	if (!irq->line || irq->masked || irq->fd[VFIO_IRQ_INTX][0] < 0)
		return;
	irq->masked = true;
	fire(irq->fd[VFIO_IRQ_INTX][0]);
}

void vfio_irq_line(struct vfio_irq *irq, bool level)
{
	irq->line = level;
	show_line(irq);
}

void vfio_irq_raise(struct vfio_irq *irq, enum vfio_irq_index index, unsigned vector)
{
	if (vector < irq->count[index])
		fire(irq->fd[index][vector]);
}

/* ---- SET_IRQS ------------------------------------------------------------------------------ */

static int set_eventfds(struct vfio_irq *irq, struct vfio_message *m, unsigned index,
			uint32_t start, uint32_t count)
{
	if (m->file_count && m->file_count != count)
		return -EINVAL;
	for (unsigned i = 0; i < m->file_count; i++)
		if (!is_eventfd(m->file[i]))
			return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		let_go(irq, index, start + i);
		irq->fd[index][start + i] = vfio_message_take_file(m, i);
	}
	if (index == VFIO_IRQ_INTX && count) {
		irq->masked = false;
		show_line(irq);
	}
	return 0;
}

static void act(struct vfio_irq *irq, uint32_t action, unsigned index, unsigned vector)
{
	if (action == VFIO_SET_TRIGGER) {
		fire(irq->fd[index][vector]);
	} else if (index == VFIO_IRQ_INTX) {
		irq->masked = action == VFIO_SET_MASK;
		show_line(irq);
	}
}

int vfio_irq_set(struct vfio_irq *irq, struct vfio_message *m)
{
	uint32_t flags, index, start, count, action, data;

	if (m->len < VFIO_SET_IRQS_BYTES)
		return -EINVAL;
	flags = get_le32(m->body + 4);
	index = get_le32(m->body + 8);
	start = get_le32(m->body + 12);
	count = get_le32(m->body + 16);
	action = flags & (VFIO_SET_MASK | VFIO_SET_UNMASK | VFIO_SET_TRIGGER);
	data = flags & (VFIO_SET_NONE | VFIO_SET_BOOL | VFIO_SET_EVENTFD);
	if (flags != (action | data) || __builtin_popcount(action) != 1 ||
	    __builtin_popcount(data) != 1 || index >= VFIO_IRQS)
		return -EINVAL;
	if (start > irq->count[index] || count > irq->count[index] - start)
		return -EINVAL;
	if (data == VFIO_SET_EVENTFD)
		return action == VFIO_SET_TRIGGER ? set_eventfds(irq, m, index, start, count)
						  : -EINVAL;
	if (data == VFIO_SET_BOOL && m->len < VFIO_SET_IRQS_BYTES + count)
		return -EINVAL;
	if (action == VFIO_SET_TRIGGER && data == VFIO_SET_NONE && !count) /* switch it off */
		for (unsigned v = 0; v < irq->count[index]; v++)
			let_go(irq, index, v);
	for (unsigned i = 0; i < count; i++)
		if (data == VFIO_SET_NONE || m->body[VFIO_SET_IRQS_BYTES + i])
			act(irq, action, index, start + i);
	return 0;
}
