// SPDX-License-Identifier: MIT
/*
 * save.c -- Save State and Restore State (xHCI 4.23.2, 5.4.1): what is not in registers is kept in the
 * scratchpad buffers (xHCI 4.20) under a checksum, and cached contexts are written out (FSC). Software
 * writes the registers back by itself; ports are not part of it. Restore State believes nothing: damage
 * of any kind, and nothing saved, is Save/Restore Error, and then software starts over.
 * A controller without scratchpads keeps nothing, as QEMU's does.
 * Left out: keeping anything over the loss of power outside of the guest's memory.
 */
#include "heap.h"
#include "xhci/save.h"

#define PAGE 4096u
#define HEADER 32u
#define MAGIC UINT64_C(0x6576617349434878) /* "xHCIsave" */
#define VERSION 1u

static void over(void *opaque)
{
	struct xhci *x = opaque;

	x->usbsts &= ~(USBSTS_SSS | USBSTS_RSS);
}

void xhci_save_init(struct xhci *x)
{
	x->save_timer = (struct timer){.fire = over, .opaque = x};
}

void xhci_save_over(struct xhci *x)
{
	clock_disarm(&x->g->clock, &x->save_timer);
	over(x);
}

static void begin(struct xhci *x, uint32_t busy)
{
	x->usbsts &= ~USBSTS_SRE;
	if (!x->profile->save_usec)
		return;
	x->usbsts |= busy;
	clock_arm(&x->g->clock, &x->save_timer,
		  x->g->clock.now_ns + x->profile->save_usec * UINT64_C(1000));
}

/* ---- the scratchpad buffers ---- */

static bool read64(struct xhci *x, enum dma_what what, uint64_t addr, uint64_t *ret)
{
	uint8_t raw[8];

	if (dma_read(x->g, (struct dma_tag){.what = (uint8_t)what}, addr, raw, sizeof(raw)) !=
	    DMA_OK)
		return false;
	*ret = get_le64(raw);
	return true;
}

/* Page n; *array is read when it is 0. */
static bool page_address(struct xhci *x, uint64_t *array, unsigned n, uint64_t *ret)
{
	if (!*array && !read64(x, DMA_DCBAA, x->dcbaap, array))
		return false;
	*array &= ~UINT64_C(0x3f);
	if (!*array || !read64(x, DMA_SCRATCH, *array + 8 * (uint64_t)n, ret))
		return false;
	*ret &= ~(uint64_t)(PAGE - 1);
	return *ret != 0;
}

static bool write_pages(struct xhci *x, const uint8_t *bytes, size_t len)
{
	const struct dma_tag tag = {.what = DMA_SCRATCH};
	uint64_t array = 0, page;

	if (len > (size_t)PAGE * x->profile->scratchpads)
		return false;
	for (size_t at = 0; at < len; at += PAGE)
		if (!page_address(x, &array, (unsigned)(at / PAGE), &page) ||
		    dma_write(x->g, tag, page, bytes + at, min_u64(PAGE, len - at)) != DMA_OK)
			return false;
	return true;
}

/* Everything behind the header: *ret is heap.h's. NULL: it is not what was saved. */
static uint8_t *read_pages(struct xhci *x, uint32_t *ret_len)
{
	const struct dma_tag tag = {.what = DMA_SCRATCH};
	uint8_t head[HEADER], *bytes = NULL;
	uint64_t array = 0, page;
	uint32_t len = 0;

	for (uint32_t at = 0; !at || at < HEADER + len; at += PAGE) {
		uint32_t skip = at ? 0 : HEADER;

		if (!page_address(x, &array, at / PAGE, &page) ||
		    (!at && dma_read(x->g, tag, page, head, HEADER) != DMA_OK))
			break;
		if (!at) {
			len = get_le32(head + 12);
			if (get_le64(head) != MAGIC || get_le32(head + 8) != VERSION ||
			    get_le64(head + 24) != state_sum(head, 24) ||
			    len > PAGE * x->profile->scratchpads - HEADER)
				return NULL;
			bytes = heap_zero(len);
		}
		if (dma_read(x->g, tag, page + skip, bytes + at + skip - HEADER,
			     min_u64(PAGE - skip, HEADER + len - at - skip)) != DMA_OK)
			break;
		if (at + PAGE >= HEADER + len && get_le64(head + 16) == state_sum(bytes, len)) {
			*ret_len = len;
			return bytes;
		}
	}
	heap_free(bytes);
	return NULL;
}

/* ---- save ---- */

static void park(struct xhci_ep *ep, void *opaque)
{
	(void)opaque;
	xhci_unqueue_ep(ep);
	if (ep->packet || ep->ahead || ep->td.count)
		xhci_stop_park(ep);
}

static void write_stream(struct xhci_ep *of, void *opaque)
{
	(void)opaque;
	xhci_stream_write_context(of);
}

/* xHCI 5.3.9, FSC: what is cached of contexts goes to memory. */
static void write_contexts(struct xhci *x, unsigned id)
{
	for (unsigned dci = 1; dci < 32; dci++) {
		struct xhci_ep *ep = x->slots[id].ep[dci];

		if (!ep)
			continue;
		xhci_context_write_ep(x, id, dci);
		if (ep->streams)
			xhci_stream_each(ep, write_stream, NULL);
	}
	xhci_context_write_slot(x, id);
}

static void settle(struct xhci *x)
{
	for (unsigned id = 1; id <= x->profile->slots; id++) {
		const struct slot *s = &x->slots[id];

		if (s->state == SLOT_DISABLED)
			continue;
		for (unsigned dci = 1; dci < 32; dci++)
			if (s->ep[dci] && s->ep[dci]->streams)
				xhci_stream_each(s->ep[dci], park, NULL);
			else if (s->ep[dci])
				park(s->ep[dci], NULL);
		if (s->state != SLOT_ENABLED && x->profile->hccparams2 & HCC2_FSC)
			write_contexts(x, id);
	}
}

void xhci_save_state(struct xhci *x)
{
	struct state st;
	uint8_t head[HEADER];
	bool saved;

	begin(x, USBSTS_SSS);
	if (!x->profile->scratchpads)
		return;
	if (x->command_waiting) { /* software had to let its commands end */
		x->usbsts |= USBSTS_SRE;
		return;
	}
	settle(x);
	state_save(&st);
	state_bytes(&st, "head", (uint8_t[HEADER]){0}, HEADER);
	xhci_state_slots(&st, x);
	xhci_state_events(&st, x);
	put_le64(head, MAGIC);
	put_le32(head + 8, VERSION);
	put_le32(head + 12, (uint32_t)(st.len - HEADER));
	put_le64(head + 16, state_sum(st.bytes + HEADER, st.len - HEADER));
	put_le64(head + 24, state_sum(head, 24));
	memcpy(st.bytes, head, HEADER);
	saved = write_pages(x, st.bytes, st.len);
	state_free(&st);
	if (!saved || x->usbsts & (USBSTS_HSE | USBSTS_HCE))
		x->usbsts |= USBSTS_SRE;
}

/* ---- restore ---- */

static void disable_all(struct xhci *x)
{
	for (unsigned id = 1; id <= x->profile->slots; id++)
		if (x->slots[id].state != SLOT_DISABLED)
			xhci_slot_disable(x, id);
}

void xhci_restore_state(struct xhci *x)
{
	struct state st;
	uint8_t *bytes = NULL;
	uint32_t len = 0;

	begin(x, USBSTS_RSS);
	if (x->profile->scratchpads && !x->command_waiting)
		bytes = read_pages(x, &len);
	if (!bytes) {
		x->usbsts |= USBSTS_SRE;
		return;
	}
	disable_all(x);
	state_load(&st, bytes, len);
	xhci_state_slots(&st, x);
	xhci_state_events(&st, x);
	if (!state_loaded(&st)) {
		disable_all(x);
		x->usbsts |= USBSTS_SRE;
	}
	state_free(&st);
	heap_free(bytes);
}
