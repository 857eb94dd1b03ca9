// SPDX-License-Identifier: MIT
/*
 * vfio_user.c -- a served device: one client at a time, its requests, what becomes of it when it
 * breaks the rules. Left out: migration, dirty pages, device-specific regions.
 */
#include <errno.h>
#include <stdarg.h>

#include "backend/vfio_user.h"

#define MAX_COMPLAINTS 8u /* of one client; then silence */

void vfio_user_complain(struct vfio_user *u, const char *format, ...)
{
	char line[160];
	va_list args;

	if (!u->complain || u->complaints == MAX_COMPLAINTS)
		return;
	u->complaints++;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	u->complain(u->opaque, line);
}

void vfio_user_lose(struct vfio_user *u, const char *why)
{
	if (!u->lost)
		vfio_user_complain(u, "connection given up: %s", why);
	u->lost = true;
}

/* ---- answers ------------------------------------------------------------------------------- */

void vfio_user_reply(struct vfio_user *u, const struct vfio_message *m, int err, const void *body,
		     uint32_t len)
{
	struct vfio_message head = {.id = m->id, .command = m->command, .flags = VFIO_FLAG_REPLY};

	if ((m->flags & VFIO_FLAG_NO_REPLY) || u->lost)
		return;
	if (err) {
		head.flags |= VFIO_FLAG_ERROR;
		head.error = (uint32_t)-err;
		len = 0;
	}
	err = vfio_socket_send(&u->socket, &head, body, len);
	if (err)
		vfio_user_lose(u,
			       err == -ETIMEDOUT ? "it does not read our answers" : strerror(-err));
}

void vfio_user_refuse(struct vfio_user *u, const struct vfio_message *m, int err, const char *what)
{
	vfio_user_complain(u, "refused command %u, %u bytes: %s", m->command, m->len, what);
	vfio_user_reply(u, m, err, NULL, 0);
}

static void set_irqs(struct vfio_user *u, struct vfio_message *m)
{
	int err = vfio_irq_set(&u->irq, m);

	if (err)
		vfio_user_refuse(u, m, err, "no such interrupt, action or file");
	else
		vfio_user_reply(u, m, 0, NULL, 0);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void dispatch(struct vfio_user *u, struct vfio_message *m)
{
	switch (m->command) {
	case VFIO_VERSION:
		vfio_answer_version(u, m);
		break;
	case VFIO_GET_INFO:
		vfio_answer_info(u, m);
		break;
	case VFIO_GET_REGION_INFO:
		vfio_answer_region_info(u, m);
		break;
	case VFIO_GET_IRQ_INFO:
		vfio_answer_irq_info(u, m);
		break;
	case VFIO_SET_IRQS:
		set_irqs(u, m);
		break;
	case VFIO_DMA_MAP:
		vfio_memory_map(u, m);
		break;
	case VFIO_DMA_UNMAP:
		vfio_memory_unmap(u, m);
		break;
	case VFIO_REGION_READ:
		vfio_access_read(u, m);
		break;
	case VFIO_REGION_WRITE:
		vfio_access_write(u, m);
		break;
	case VFIO_REGION_WRITE_MULTI:
		vfio_access_write_multi(u, m);
		break;
	case VFIO_DEVICE_RESET:
		vfio_access_reset(u, m);
		break;
	default:
		vfio_user_refuse(u, m, -EOPNOTSUPP, "there is no such command here");
	}
}

void vfio_user_handle(struct vfio_user *u, struct vfio_message *m)
{
	if ((m->flags & VFIO_FLAG_TYPE_MASK) == VFIO_FLAG_REPLY)
		return; /* it came too late */
	if (!u->greeted && m->command != VFIO_VERSION)
		vfio_user_lose(u, "it did not begin with its version");
	else
		dispatch(u, m);
}

bool vfio_user_receive(struct vfio_user *u, struct vfio_message *ret)
{
	if (u->lost)
		return false;
	switch (vfio_socket_receive(&u->socket, ret)) {
	case VFIO_MESSAGE:
		u->messages++;
		return true;
	case VFIO_AGAIN:
		return false;
	case VFIO_CLOSED:
		u->lost = true; /* its good right */
		return false;
	case VFIO_BROKEN:
		break;
	}
	vfio_user_lose(u, u->socket.why);
	return false;
}

bool vfio_user_is_behind(const struct vfio_user *u)
{
	return vfio_user_is_connected(u) &&
		(u->queue_count || u->lost || vfio_socket_has_more(&u->socket));
}

bool vfio_user_serve(struct vfio_user *u, unsigned budget)
{
	struct vfio_message m;

	vfio_access_finish(u); /* what came while the controller worked */
	while (vfio_user_is_connected(u) && budget && vfio_user_receive(u, &m)) {
		vfio_user_handle(u, &m);
		vfio_message_free(&m);
		vfio_access_finish(u);
		budget--;
	}
	if (u->lost)
		vfio_user_disconnect(u);
	return !budget;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void line_moved(void *opaque, bool level)
{
	struct vfio_user *u = opaque;

	vfio_irq_line(&u->irq, level);
}

static void vector_raised(void *opaque, unsigned vector)
{
	struct vfio_user *u = opaque;

	vfio_irq_raise(&u->irq, pci_msix_enabled(&u->m->guest) ? VFIO_IRQ_MSIX : VFIO_IRQ_MSI,
		       vector);
}

void vfio_user_init(struct vfio_user *u, struct machine *m)
{
	*u = (struct vfio_user){.m = m, .socket = {.fd = -1}};
	u->queue = alloc_zero(VFIO_MAX_QUEUED * sizeof(*u->queue));
	vfio_irq_init(&u->irq, m->guest.pci.id);
	vfio_memory_init(u);
	m->xhci->defer = true;
	m->xhci->chunk = VFIO_CHUNK;
	m->guest.pci.opaque = u;
	m->guest.pci.intx_changed = line_moved;
	m->guest.pci.vector_raised = vector_raised;
}

void vfio_user_fini(struct vfio_user *u)
{
	if (vfio_user_is_connected(u))
		vfio_user_disconnect(u);
	vfio_irq_fini(&u->irq);
	free(u->queue);
	u->m->guest.outside = NULL;
	u->m->guest.pci.intx_changed = NULL;
	u->m->guest.pci.vector_raised = NULL;
	u->m->xhci->defer = false;
	u->m->xhci->chunk = XHCI_CHUNK;
}

bool vfio_user_is_connected(const struct vfio_user *u)
{
	return u->socket.fd >= 0;
}

void vfio_user_connect(struct vfio_user *u, int fd)
{
	if (vfio_user_is_connected(u))
		vfio_user_disconnect(u);
	vfio_socket_open(&u->socket, fd);
	u->greeted = u->lost = false;
	u->complaints = 0;
	u->next_id = 0;
}

void vfio_user_disconnect(struct vfio_user *u)
{
	REQUIRE(!u->waiting);
	u->lost = true; /* no DMA while we reset */
	vfio_socket_close(&u->socket);
	vfio_dma_clear(&u->dma);
	vfio_irq_clear(&u->irq);
	u->queue_count = 0;
	pci_reset(&u->m->guest);
	xhci_power_on(u->m->xhci);
}
