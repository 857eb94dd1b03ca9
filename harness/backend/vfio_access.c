// SPDX-License-Identifier: MIT
/*
 * vfio_access.c -- register and configuration accesses of the client, and device reset.
 *
 * Reads are answered at once, also while an answer to a DMA message is awaited (the client may wait for
 * ours before it gives its own). Writes are acknowledged at once and done in order: here if nothing
 * is under way, else after it.
 */
#include <errno.h>

#include "backend/vfio_user.h"

/* Region, offset and count at b make sense: BAR 0 in registers' sizes, configuration space in any. */
static bool access_ok(const struct vfio_user *u, const uint8_t *b)
{
	uint64_t offset = get_le64(b), bytes = vfio_user_region_bytes(u, get_le32(b + 8));
	uint32_t count = get_le32(b + 12);

	if (!count || offset >= bytes || count > bytes - offset)
		return false;
	if (get_le32(b + 8) == VFIO_REGION_CONFIG)
		return true;
	return count == 1 || count == 2 || count == 4 || count == 8;
}

/* The largest naturally aligned access to configuration space at offset, of count bytes. */
static unsigned config_piece(uint64_t offset, uint32_t count)
{
	if (!(offset & 3) && count >= 4)
		return 4;
	return !(offset & 1) && count >= 2 ? 2 : 1;
}

static void config_read(struct guest *g, uint64_t offset, uint8_t *buf, uint32_t count)
{
	for (unsigned n; count; offset += n, buf += n, count -= n) {
		uint32_t value;

		n = config_piece(offset, count);
		value = pci_config_read(g, (unsigned)offset, n);
		for (unsigned i = 0; i < n; i++)
			buf[i] = (uint8_t)(value >> 8 * i);
	}
}

void vfio_access_read(struct vfio_user *u, const struct vfio_message *m)
{
	struct guest *g = &u->m->guest;
	uint8_t body[VFIO_ACCESS_BYTES + PCI_CONFIG_SIZE], *data = body + VFIO_ACCESS_BYTES;
	unsigned depth = g->mmio_depth;
	uint32_t count;

	if (m->len < VFIO_ACCESS_BYTES || !access_ok(u, m->body)) {
		vfio_user_refuse(u, m, -EINVAL, "a read where there is nothing");
		return;
	}
	count = get_le32(m->body + 12);
	memcpy(body, m->body, VFIO_ACCESS_BYTES);
	if (get_le32(m->body + 8) == VFIO_REGION_CONFIG) {
		config_read(g, get_le64(m->body), data, count);
	} else {
		uint64_t value;

		/* Reading has no side effect, so it may happen in the middle of a write's DMA. */
		g->mmio_depth = 0;
		value = mmio_read(g, get_le64(m->body), count);
		g->mmio_depth = depth;
		for (uint32_t i = 0; i < count; i++)
			data[i] = (uint8_t)(value >> 8 * i);
	}
	vfio_user_reply(u, m, 0, body, VFIO_ACCESS_BYTES + count);
}

static void enqueue(struct vfio_user *u, const struct vfio_write *w)
{
	if (u->queue_count == VFIO_MAX_QUEUED) {
		vfio_user_lose(u, "it goes on writing while it owes us an answer");
		return;
	}
	u->queue[(u->queue_first + u->queue_count++) % VFIO_MAX_QUEUED] = *w;
}

/* An access that passed access_ok, in pieces; data has count bytes. */
static void enqueue_access(struct vfio_user *u, const uint8_t *b, const uint8_t *data)
{
	uint64_t offset = get_le64(b);
	uint32_t region = get_le32(b + 8), count = get_le32(b + 12);

	for (unsigned n; count; offset += n, data += n, count -= n) {
		struct vfio_write w = {.offset = offset, .region = (uint8_t)region};

		n = region == VFIO_REGION_CONFIG ? config_piece(offset, count) : count;
		w.size = (uint8_t)n;
		for (unsigned i = 0; i < n; i++)
			w.value |= (uint64_t)data[i] << 8 * i;
		enqueue(u, &w);
	}
}

void vfio_access_write(struct vfio_user *u, const struct vfio_message *m)
{
	if (m->len < VFIO_ACCESS_BYTES || !access_ok(u, m->body) ||
	    m->len - VFIO_ACCESS_BYTES < get_le32(m->body + 12)) {
		vfio_user_refuse(u, m, -EINVAL,
				 "a write where there is nothing, or without its data");
		return;
	}
	vfio_user_reply(u, m, 0, m->body, VFIO_ACCESS_BYTES);
	enqueue_access(u, m->body, m->body + VFIO_ACCESS_BYTES);
}

void vfio_access_write_multi(struct vfio_user *u, const struct vfio_message *m)
{
	uint64_t count = m->len < VFIO_MULTI_BYTES ? 0 : get_le64(m->body);

	if (!count || count > (m->len - VFIO_MULTI_BYTES) / VFIO_MULTI_ONE_BYTES) {
		vfio_user_refuse(u, m, -EINVAL, "not as many writes as it says");
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *b = m->body + VFIO_MULTI_BYTES + i * VFIO_MULTI_ONE_BYTES;

		if (access_ok(u, b) && get_le32(b + 12) <= 8)
			enqueue_access(u, b, b + VFIO_ACCESS_BYTES);
		else
			vfio_user_complain(u, "a write where there is nothing, in command %u",
					   m->command);
	}
	vfio_user_reply(u, m, 0, m->body, VFIO_MULTI_BYTES);
}

void vfio_access_reset(struct vfio_user *u, const struct vfio_message *m)
{
	static const struct vfio_write reset = {.size = 0};

	vfio_user_reply(u, m, 0, NULL, 0);
	enqueue(u, &reset);
}

static void device_reset(struct vfio_user *u)
{
	pci_reset(&u->m->guest);
	xhci_power_on(u->m->xhci);
}

void vfio_access_finish(struct vfio_user *u)
{
	while (u->queue_count && !u->lost) {
		struct vfio_write w = u->queue[u->queue_first];

		u->queue_first = (u->queue_first + 1) % VFIO_MAX_QUEUED;
		u->queue_count--;
		if (!w.size)
			device_reset(u);
		else if (w.region == VFIO_REGION_CONFIG)
			pci_config_write(&u->m->guest, (unsigned)w.offset, (uint32_t)w.value,
					 w.size);
		else
			mmio_write(&u->m->guest, w.offset, w.value, w.size);
	}
}
