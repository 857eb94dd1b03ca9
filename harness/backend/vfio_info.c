// SPDX-License-Identifier: MIT
/*
 * vfio_info.c -- what a client asks first: the protocol's version, what the device, its regions and
 * its interrupts are.
 */
#include <errno.h>

#include "backend/vfio_user.h"

void vfio_answer_version(struct vfio_user *u, const struct vfio_message *m)
{
	static const char capabilities[] =
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_dma_maps\":1024,"
		"\"max_data_xfer_size\":65536,\"write_multiple\":true}}";
	uint8_t body[VFIO_VERSION_BYTES + sizeof(capabilities)];

	if (u->greeted || m->len < VFIO_VERSION_BYTES || get_le16(m->body) != VFIO_MAJOR) {
		vfio_user_refuse(u, m, -EINVAL, "not a version of the protocol that is known here");
		vfio_user_lose(u, "no common version");
		return;
	}
	put_le16(body, VFIO_MAJOR);
	put_le16(body + 2, VFIO_MINOR);
	memcpy(body + VFIO_VERSION_BYTES, capabilities, sizeof(capabilities));
	u->greeted = true;
	vfio_user_reply(u, m, 0, body, sizeof(body));
}

void vfio_answer_info(struct vfio_user *u, const struct vfio_message *m)
{
	uint8_t body[VFIO_INFO_BYTES];

	put_le32(body, sizeof(body));
	put_le32(body + 4, VFIO_INFO_RESET | VFIO_INFO_PCI);
	put_le32(body + 8, VFIO_REGIONS);
	put_le32(body + 12, VFIO_IRQS);
	vfio_user_reply(u, m, 0, body, sizeof(body));
}

uint64_t vfio_user_region_bytes(const struct vfio_user *u, uint32_t index)
{
	if (index == VFIO_REGION_BAR0)
		return u->m->guest.pci.id->bar0_size;
	return index == VFIO_REGION_CONFIG ? PCI_CONFIG_SIZE : 0;
}

void vfio_answer_region_info(struct vfio_user *u, const struct vfio_message *m)
{
	uint8_t body[VFIO_REGION_INFO_BYTES] = {0};
	uint32_t index = m->len < sizeof(body) ? UINT32_MAX : get_le32(m->body + 8);

	if (index >= VFIO_REGIONS) {
		vfio_user_refuse(u, m, -EINVAL, "no such region");
		return;
	}
	put_le32(body, sizeof(body));
	if (vfio_user_region_bytes(u, index))
		put_le32(body + 4, VFIO_REGION_READABLE | VFIO_REGION_WRITABLE);
	put_le32(body + 8, index);
	put_le64(body + 16, vfio_user_region_bytes(u, index));
	vfio_user_reply(u, m, 0, body, sizeof(body));
}

void vfio_answer_irq_info(struct vfio_user *u, const struct vfio_message *m)
{
	uint8_t body[VFIO_IRQ_INFO_BYTES];
	uint32_t index = m->len < sizeof(body) ? UINT32_MAX : get_le32(m->body + 8);
	uint32_t flags = VFIO_IRQ_EVENTFD;

	if (index >= VFIO_IRQS) {
		vfio_user_refuse(u, m, -EINVAL, "no such interrupt");
		return;
	}
	if (index == VFIO_IRQ_INTX)
		flags |= VFIO_IRQ_MASKABLE | VFIO_IRQ_AUTOMASKED;
	put_le32(body, sizeof(body));
	put_le32(body + 4, flags);
	put_le32(body + 8, index);
	put_le32(body + 12, u->irq.count[index]);
	vfio_user_reply(u, m, 0, body, sizeof(body));
}
