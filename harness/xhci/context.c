// SPDX-License-Identifier: MIT
/*
 * context.c -- input and device contexts (xHCI 6.2): decode what software gives, check ranges,
 * write our own state out. Nothing written here is ever read back.
 */
#include "xhci/xhci.h"

#define PAGE_BYTES 4096u /* PAGESIZE */

unsigned xhci_context_bytes(const struct xhci *x)
{
	return x->profile->hccparams1 & HCC1_CSZ ? 64 : 32;
}

bool xhci_context_place_valid(const struct xhci *x, uint64_t base, unsigned bytes, unsigned last)
{
	if (!x->profile->checks_places)
		return true;
	return !(base & 0x3f) && (base & (PAGE_BYTES - 1)) + (last + 1) * bytes <= PAGE_BYTES;
}

bool xhci_context_read_input(struct xhci *x, unsigned slot_id, uint64_t input, unsigned index,
			     uint32_t dw[8])
{
	struct dma_tag tag = {.what = DMA_INPUT_CTX,
			      .slot = (uint8_t)slot_id,
			      .dci = (uint8_t)(index ? index - 1 : 0)};
	uint8_t raw[32];

	if (!xhci_context_place_valid(x, input, xhci_context_bytes(x), index))
		return false;
	if (dma_read(x->g, tag, input + (uint64_t)index * xhci_context_bytes(x), raw,
		     sizeof(raw)) != DMA_OK) {
		xhci_host_system_error(x);
		return false;
	}
	for (unsigned i = 0; i < 8; i++)
		dw[i] = get_le32(raw + 4 * i);
	return true;
}

static void write_context(struct xhci *x, unsigned id, unsigned dci, const uint32_t dw[8])
{
	struct dma_tag tag = {.what = DMA_OUT_CTX, .slot = (uint8_t)id, .dci = (uint8_t)dci};
	uint8_t raw[32];

	for (unsigned i = 0; i < 8; i++)
		put_le32(raw + 4 * i, dw[i]);
	if (dma_write(x->g, tag, x->slots[id].context + (uint64_t)dci * xhci_context_bytes(x), raw,
		      sizeof(raw)) != DMA_OK)
		xhci_host_system_error(x);
}

void xhci_context_write_slot(struct xhci *x, unsigned id)
{
	const struct slot *s = &x->slots[id];
	uint32_t state = s->state == SLOT_DISABLED ? 0 : s->state;
	uint32_t dw[8] = {s->dw[0], s->dw[1], s->dw[2], s->address | state << 27};

	write_context(x, id, 0, dw);
}

void xhci_context_write_ep(struct xhci *x, unsigned id, unsigned dci)
{
	const struct xhci_ep *ep = x->slots[id].ep[dci];
	uint32_t dw[8] = {0};

	if (ep) {
		uint64_t dequeue = ep->ring.dequeue;
		bool cycle = ep->ring.cycle;

		if (ep->streams) {
			dequeue = ep->streams->array;
			cycle = false;
		} else if (ep->td.count) { /* the TRB under way, not the one fetched next */
			dequeue = ep->td.trb[ep->td.first].addr;
			cycle = ep->td.trb[ep->td.first].cycle;
		}
		dw[0] = (ep->dw[0] & ~7u) | ep->state;
		dw[1] = ep->dw[1];
		dw[2] = (uint32_t)dequeue | (cycle ? 1 : 0);
		dw[3] = (uint32_t)(dequeue >> 32);
		dw[4] = ep->dw[4];
	}
	write_context(x, id, dci, dw);
}

enum completion_code xhci_context_tt_check(struct xhci *x, const uint32_t dw[4])
{
	const struct slot *hub;

	if (!slot_ctx_tt_slot(dw))
		return CC_SUCCESS;
	if (slot_ctx_speed(dw) != USB_SPEED_FULL && slot_ctx_speed(dw) != USB_SPEED_LOW)
		return CC_SUCCESS; /* no split transactions: the fields mean nothing */
	hub = xhci_slot_get(x, slot_ctx_tt_slot(dw));
	if (!hub || !slot_ctx_hub(hub->dw) || slot_ctx_speed(hub->dw) != USB_SPEED_HIGH)
		return CC_PARAMETER;
	if (hub->root_port != slot_ctx_root_port(dw) || !slot_ctx_tt_port(dw) ||
	    slot_ctx_tt_port(dw) > slot_ctx_hub_ports(hub->dw))
		return CC_PARAMETER;
	return CC_SUCCESS;
}

void xhci_context_take_hub(struct slot *s, const uint32_t dw[4])
{
	const uint32_t flags = 3u << 25, ports = 0xffu << 24, think_time = 3u << 16;

	s->dw[0] = (s->dw[0] & ~flags) | (dw[0] & flags);
	s->dw[1] = (s->dw[1] & ~ports) | (dw[1] & ports);
	s->dw[2] = (s->dw[2] & ~think_time) | (dw[2] & think_time);
}

static bool is_in(unsigned type)
{
	return type >= EP_ISOCH_IN;
}

/* xHCI 6.2.3.6: the exponent of the period by speed and type. */
static bool interval_valid(unsigned speed, unsigned type, unsigned interval)
{
	bool isoch = type == EP_ISOCH_IN || type == EP_ISOCH_OUT;
	bool interrupt = type == EP_INTERRUPT_IN || type == EP_INTERRUPT_OUT;

	if (!isoch && !interrupt)
		return interval <= 15; /* bulk: NAK rate, without meaning here */
	if (speed >= USB_SPEED_HIGH)
		return interval <= 15;
	return isoch ? interval >= 3 && interval <= 18 : interval >= 3 && interval <= 10;
}

enum completion_code xhci_context_ep_check(const struct xhci *x, const struct slot *s, unsigned dci,
					   const uint32_t dw[8])
{
	unsigned type = ep_ctx_type(dw), speed = slot_ctx_speed(s->dw);

	if (type == EP_NOT_VALID || ((type == EP_CONTROL) != (dci == 1)))
		return CC_PARAMETER;
	if (type != EP_CONTROL && is_in(type) != (dci & 1))
		return CC_PARAMETER;
	if (ep_ctx_max_packet(dw) < 1 || ep_ctx_max_packet(dw) > 1024)
		return CC_PARAMETER;
	if (ep_ctx_max_burst(dw) > 15 || ep_ctx_mult(dw) > 2)
		return CC_PARAMETER;
	if (!interval_valid(speed, type, ep_ctx_interval(dw)))
		return CC_PARAMETER;
	if (ep_ctx_max_pstreams(dw)) {
		if (speed < USB_SPEED_SUPER || (type != EP_BULK_IN && type != EP_BULK_OUT))
			return CC_PARAMETER;
		if (!xhci_stream_context_valid(x, dw))
			return CC_PARAMETER;
	}
	return CC_SUCCESS;
}
