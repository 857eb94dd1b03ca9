// SPDX-License-Identifier: MIT
/*
 * interrupter.c -- IP, EHB, moderation, and how an interrupt leaves the controller
 * (xHCI 4.17, 5.5.2). Moderation counts in virtual time: IMODI and IMODC in units of 250 ns.
 */
#include "heap.h"
#include "xhci/xhci.h"

#define IMOD_UNIT_NS 250u

static bool moderated(const struct interrupter *in)
{
	return !in->x->unmoderated && in->x->g->clock.now_ns < in->imod_until_ns;
}

/* IP went from 1 to 0: the counter is loaded with IMODI (xHCI 4.17.2). */
static void ip_cleared(struct interrupter *in)
{
	in->imod_until_ns = in->x->g->clock.now_ns + (uint64_t)(in->imod & 0xffff) * IMOD_UNIT_NS;
}

static void assert_ip(struct interrupter *in)
{
	in->ipe = false;
	in->ehb = true;
	if (in->iman & IMAN_IP)
		return;
	in->iman |= IMAN_IP;
	in->x->usbsts |= USBSTS_EINT;
	xhci_interrupter_update(in->x);
}

static void moderation_over(void *opaque)
{
	struct interrupter *in = opaque;

	if (in->ipe && !in->ehb)
		assert_ip(in);
}

void xhci_interrupter_raise(struct interrupter *in)
{
	if (in->ehb) {
		in->ipe = true;
	} else if (moderated(in)) {
		in->ipe = true;
		clock_arm(&in->x->g->clock, &in->timer, in->imod_until_ns);
	} else {
		assert_ip(in);
	}
}

void xhci_interrupter_update(struct xhci *x)
{
	bool level = false;

	for (unsigned i = 0; i < x->intr_touched; i++) {
		struct interrupter *in = &x->intr[i];

		if ((in->iman & (IMAN_IP | IMAN_IE)) != (IMAN_IP | IMAN_IE) ||
		    !(x->usbcmd & USBCMD_INTE))
			continue;
		if (pci_notify(x->g, i)) {
			in->iman &= ~IMAN_IP; /* xHCI 4.17.5: messages clear IP */
			ip_cleared(in);
		} else {
			level = true;
		}
	}
	pci_set_intx(x->g, level);
}

void xhci_interrupter_write_iman(struct interrupter *in, uint32_t value)
{
	bool ip_was = in->iman & IMAN_IP;

	if (value & IMAN_IP)
		in->iman &= ~IMAN_IP;
	in->iman = (in->iman & IMAN_IP) | (value & IMAN_IE);
	if (ip_was && !(in->iman & IMAN_IP))
		ip_cleared(in);
	xhci_interrupter_update(in->x);
}

void xhci_interrupter_write_imod(struct interrupter *in, uint32_t value)
{
	in->imod = value;
	in->imod_until_ns = in->x->g->clock.now_ns + (uint64_t)(value >> 16) * IMOD_UNIT_NS;
	if (in->ipe && !in->ehb)
		xhci_interrupter_raise(in);
}

uint32_t xhci_interrupter_read_imod(const struct interrupter *in)
{
	uint64_t left_ns = moderated(in) ? in->imod_until_ns - in->x->g->clock.now_ns : 0;

	return (in->imod & 0xffff) | (uint32_t)min_u64(left_ns / IMOD_UNIT_NS, 0xffff) << 16;
}

void xhci_interrupter_write_erdp(struct interrupter *in, uint32_t low)
{
	in->erdp = (in->erdp & ~UINT64_C(0xffffffff)) | (low & ~ERDP_EHB);
	if (low & ERDP_EHB)
		in->ehb = false;
	xhci_event_dequeue_moved(in);
	/* Events that software has not taken yet call for attention again (xHCI 4.17.5). */
	if ((low & ERDP_EHB) && !in->ehb && in->valid && (in->ipe || in->enqueue != in->dequeue))
		xhci_interrupter_raise(in);
	if (!in->x->defer) /* rings that waited for room go on */
		xhci_work(in->x);
}

/*
 * Field by field: there may be 1024, each power-on comes by here, and setting a structure as a whole is
 * a call that first asks for the shadow of each of its bytes.
 */
void xhci_interrupter_reset(struct interrupter *in)
{
	clock_disarm(&in->x->g->clock, &in->timer);
	in->timer.fire = moderation_over;
	in->timer.opaque = in;
	in->iman = in->erstsz = 0;
	in->imod = XHCI_IMOD_DEFAULT;
	in->erstba = in->erdp = 0;
	in->ehb = in->ipe = false;
	in->imod_until_ns = 0;
	in->load = in->valid = in->full = in->lost = in->resumes = false;
	heap_free(in->segment);
	in->segment = NULL;
	in->segment_count = in->segment_room = 0;
	in->writer = in->reader = (struct event_place){0};
	in->total = in->enqueue = in->dequeue = 0;
	in->cycle = false;
	heap_free(in->pending);
	in->pending = NULL;
	in->pending_first = in->pending_count = 0;
}
