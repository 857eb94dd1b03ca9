// SPDX-License-Identifier: MIT
/*
 * stream.c -- streams of bulk endpoints (xHCI 4.12, 6.2.4): primary arrays, linear or with secondary
 * arrays behind them, and where each stream of an endpoint stands. A stream's context is read once,
 * when its id is first used, and written when the endpoint leaves Running or its ring is moved.
 * Which stream a device wants to serve is the device's affair: it keeps the packets of the others.
 */
#include "heap.h"
#include "xhci/xhci.h"

bool xhci_stream_context_valid(const struct xhci *x, const uint32_t *dw)
{
	unsigned exponent = ep_ctx_max_pstreams(dw);

	if (exponent > hcc1_max_psa(x->profile->hccparams1))
		return false;
	if (ep_ctx_lsa(dw))
		return exponent <= 15;
	return exponent <= 7 && !(x->profile->hccparams1 & HCC1_NSS);
}

struct xhci_streams *xhci_streams_new(const uint32_t *dw)
{
	struct xhci_streams *s = heap_zero(sizeof(*s));

	s->array = ep_ctx_dequeue(dw);
	s->exponent = ep_ctx_max_pstreams(dw);
	s->linear = ep_ctx_lsa(dw);
	return s;
}

void xhci_streams_free(struct xhci_ep *ep)
{
	if (!ep->streams)
		return;
	for (unsigned i = 0; i < XHCI_STREAM_BUCKETS; i++) {
		struct xhci_ep *next;

		for (struct xhci_ep *of = ep->streams->bucket[i]; of; of = next) {
			next = of->stream_next;
			xhci_ep_free(of);
		}
	}
	heap_free(ep->streams);
	ep->streams = NULL;
}

/* ---- stream ids ---- */

static bool read_context(struct xhci_ep *ep, uint64_t addr, uint64_t *ret)
{
	struct dma_tag tag = {DMA_STREAM_CTX, ep->slot, ep->dci};
	uint8_t raw[STREAM_CONTEXT_BYTES];

	if (dma_read(ep->x->g, tag, addr, raw, sizeof(raw)) != DMA_OK) {
		xhci_host_system_error(ep->x);
		return false;
	}
	*ret = get_le64(raw);
	return true;
}

/*
 * Find the context of a stream: *ret_addr, its first quadword, and the type it must have
 * (xHCI 4.12.2.1). CC_SUCCESS with *ret_addr = 0: memory failed.
 */
static enum completion_code locate(struct xhci_ep *ep, unsigned id, uint64_t *ret_addr,
				   uint64_t *ret_context)
{
	const struct xhci_streams *s = ep->streams;
	unsigned width = s->exponent + 1, primary = id & ((1u << width) - 1);
	unsigned secondary = s->linear ? 0 : id >> width, type;
	uint64_t addr = s->array + (uint64_t)primary * STREAM_CONTEXT_BYTES;

	*ret_addr = 0;
	if (!id || id >= XHCI_STREAM_ID_LIMIT || !primary || (s->linear && id >> width))
		return CC_STREAM_ID;
	if (!read_context(ep, addr, ret_context))
		return CC_SUCCESS;
	type = stream_ctx_type(*ret_context);
	if (type == SCT_PRIMARY_RING) {
		*ret_addr = addr;
		return secondary ? CC_STREAM_ID : CC_SUCCESS;
	}
	if (s->linear || type < SCT_SECONDARY_ARRAY_8)
		return CC_STREAM_TYPE;
	if (secondary >> (type + 1)) /* 8 entries for type 2 */
		return CC_STREAM_ID;
	addr = (*ret_context & ~UINT64_C(0xf)) + (uint64_t)secondary * STREAM_CONTEXT_BYTES;
	if (!read_context(ep, addr, ret_context))
		return CC_SUCCESS;
	if (stream_ctx_type(*ret_context) != SCT_SECONDARY_RING)
		return CC_STREAM_TYPE;
	*ret_addr = addr;
	return CC_SUCCESS;
}

struct xhci_ep *xhci_stream_add(struct xhci_ep *ep, unsigned id, uint64_t addr, uint64_t context)
{
	struct xhci_ep *of = heap_zero(sizeof(*of));
	struct xhci_ep **last = &ep->streams->bucket[id % XHCI_STREAM_BUCKETS];

	of->x = ep->x;
	of->owner = ep;
	of->slot = ep->slot;
	of->dci = ep->dci;
	of->type = ep->type;
	of->state = ep->state;
	of->max_packet = ep->max_packet;
	memcpy(of->dw, ep->dw, sizeof(of->dw));
	of->ring = (struct ring){context & ~UINT64_C(0xf), context & 1};
	of->stream = (uint16_t)id;
	of->stream_context = addr;
	of->stream_type = (uint8_t)stream_ctx_type(context);
	while (*last) /* in the order in which they came, which a saved state keeps */
		last = &(*last)->stream_next;
	*last = of;
	ep->x->live_endpoints++;
	return of;
}

struct xhci_ep *xhci_stream_find(const struct xhci_ep *ep, unsigned id)
{
	struct xhci_ep *of = ep->streams->bucket[id % XHCI_STREAM_BUCKETS];

	while (of && of->stream != id)
		of = of->stream_next;
	return of;
}

struct xhci_ep *xhci_stream_get(struct xhci_ep *ep, unsigned id, enum completion_code *ret_code)
{
	struct xhci_ep *of = xhci_stream_find(ep, id);
	uint64_t addr, context;

	*ret_code = CC_SUCCESS;
	if (of)
		return of;
	*ret_code = locate(ep, id, &addr, &context);
	return *ret_code == CC_SUCCESS && addr ? xhci_stream_add(ep, id, addr, context) : NULL;
}

void xhci_stream_refuse(struct xhci_ep *ep, enum completion_code code)
{
	struct td_trb none = {0};

	xhci_transfer_event(ep, &none, code, 0);
}

/* ---- where a stream stands ---- */

void xhci_stream_write_context(struct xhci_ep *of)
{
	struct dma_tag tag = {DMA_STREAM_CTX, of->slot, of->dci};
	uint8_t raw[STREAM_CONTEXT_BYTES] = {0};

	put_le64(raw,
		 of->ring.dequeue | (uint64_t)of->stream_type << 1 | (of->ring.cycle ? 1u : 0u));
	put_le32(raw + 8, of->td.active ? of->td.edtla : 0); /* Stopped EDTLA */
	if (dma_write(of->x->g, tag, of->stream_context, raw, sizeof(raw)) != DMA_OK)
		xhci_host_system_error(of->x);
}

enum completion_code xhci_stream_set_dequeue(struct xhci_ep *ep, unsigned id, uint64_t parameter)
{
	enum completion_code code;
	struct xhci_ep *of = xhci_stream_get(ep, id, &code);

	if (!of)
		return code == CC_SUCCESS ? CC_TRB : code;
	if (stream_ctx_type(parameter) != of->stream_type)
		return CC_STREAM_TYPE;
	xhci_ep_drop_td(of);
	of->ring = (struct ring){parameter & ~UINT64_C(0xf), parameter & 1};
	xhci_stream_write_context(of);
	return CC_SUCCESS;
}

#define EACH_STREAM(of, ep)                                                                        \
	for (unsigned i_ = 0; i_ < XHCI_STREAM_BUCKETS; i_++)                                      \
		for (struct xhci_ep *of = (ep)->streams->bucket[i_]; of; of = of->stream_next)

/* One stream is current: those are told that have moved data, else one that waits for its device. */
static bool report_stopped(struct xhci_ep *ep, bool moved)
{
	bool any = false;

	EACH_STREAM(of, ep)
	if ((of->td.sent || of->td.resume) == moved && (moved || !any))
		any |= xhci_stop_report(of);
	return any;
}

void xhci_stream_stop(struct xhci_ep *ep)
{
	struct xhci_ep *last = NULL;

	EACH_STREAM(of, ep)
	{
		xhci_unqueue_ep(of);
		xhci_transfer_settle(of);
		last = of;
	}
	if (ep->state != EP_RUNNING)
		return;
	if (!report_stopped(ep, true) && !report_stopped(ep, false) && last)
		xhci_stop_report_idle(last);
	EACH_STREAM(of, ep)
	xhci_stop_park(of);
}

void xhci_stream_set_state(struct xhci_ep *ep, enum ep_state state, bool leaves)
{
	EACH_STREAM(of, ep)
	{
		of->state = (uint8_t)state;
		if (state == EP_RUNNING || !leaves)
			continue;
		xhci_unqueue_ep(of);
		xhci_transfer_settle(of);
		xhci_ep_park_td(of);
		of->rung = false;
		xhci_stream_write_context(of);
	}
	if (state == EP_RUNNING)
		ep->streams->halted = NULL;
}

void xhci_stream_each(struct xhci_ep *ep, void (*act)(struct xhci_ep *of, void *opaque),
		      void *opaque)
{
	EACH_STREAM(of, ep)
	act(of, opaque);
}

void xhci_stream_wake(struct xhci_ep *ep)
{
	EACH_STREAM(of, ep)
	if (of->rung)
		xhci_queue_ep(of);
}

void xhci_stream_device_gone(struct xhci_ep *ep)
{
	EACH_STREAM(of, ep)
	{
		if (!of->packet)
			continue;
		if (of->packet->state == USB_PACKET_IDLE) {
			usb_packet_free(of->packet);
			of->packet = NULL;
		}
		xhci_queue_ep(of);
	}
}
