// SPDX-License-Identifier: MIT
/*
 * controller.c -- life of the controller (xHCI 4.2, 4.23, 4.24): power-on, reset, run, halt,
 * fatal states, doorbells, and the one work loop through which every ring is consumed.
 * Work is bounded: XHCI_BUDGET_TRBS TRBs per call, the rest waits for the next call.
 */
#include "heap.h"
#include "xhci/xhci.h"

bool xhci_running(const struct xhci *x)
{
	return !(x->usbsts & USBSTS_HCH);
}

/* ---- fatal states ---- */

void xhci_halt(struct xhci *x)
{
	x->halting = false;
	clock_disarm(&x->g->clock, &x->halt_timer);
	x->usbcmd &= ~USBCMD_RS;
	x->usbsts |= USBSTS_HCH;
	x->command_running = x->command_kicked = false;
	x->crcr &= ~(uint64_t)CRCR_CRR;
	xhci_mfindex_arm(x);
}

void xhci_host_system_error(struct xhci *x)
{
	xhci_halt(x);
	x->usbsts |= USBSTS_HSE;
	if (x->usbcmd & USBCMD_HSEE)
		pci_serr(x->g);
}

void xhci_host_controller_error(struct xhci *x)
{
	xhci_halt(x);
	x->usbsts |= USBSTS_HCE;
}

void xhci_wake_all(struct xhci *x)
{
	for (unsigned id = 1; id <= x->profile->slots; id++)
		for (unsigned dci = 1; x->slots[id].state != SLOT_DISABLED && dci < 32; dci++)
			if (x->slots[id].ep[dci])
				xhci_ep_wake(x->slots[id].ep[dci]);
}

void xhci_run(struct xhci *x)
{
	if (x->halting) { /* too early, says xHCI 5.4.1.1; the old run goes on */
		x->halting = false;
		clock_disarm(&x->g->clock, &x->halt_timer);
		xhci_wake_all(x);
	}
	if (x->usbsts & (USBSTS_HCE | USBSTS_HSE | USBSTS_CNR) || xhci_running(x))
		return;
	x->usbsts &= ~USBSTS_HCH;
	xhci_mfindex_start(x);
	xhci_event_run(x);
	xhci_port_report(x);
	xhci_command_address_retry(x);
	xhci_wake_all(x);
}

/* ---- the work queue ---- */

void xhci_queue_ep(struct xhci_ep *ep)
{
	struct xhci *x = ep->x;

	if (ep->queued)
		return;
	ep->queued = true;
	ep->queue_next = NULL;
	if (x->queue_last)
		x->queue_last->queue_next = ep;
	else
		x->queue_first = ep;
	x->queue_last = ep;
}

void xhci_unqueue_ep(struct xhci_ep *ep)
{
	struct xhci *x = ep->x;

	if (ep->queued) {
		struct xhci_ep **at = &x->queue_first, *before = NULL;

		for (; *at != ep; at = &(*at)->queue_next)
			before = *at;
		*at = ep->queue_next;
		if (x->queue_last == ep)
			x->queue_last = before;
		ep->queued = false;
	}
	if (ep->naked) {
		struct xhci_ep **at = &x->naked;

		while (*at != ep)
			at = &(*at)->nak_next;
		*at = ep->nak_next;
		ep->naked = false;
	}
}

void xhci_nak_ep(struct xhci_ep *ep)
{
	if (ep->naked)
		return;
	ep->naked = true;
	ep->nak_next = ep->x->naked;
	ep->x->naked = ep;
}

/* A device that answered NAK is asked again once whenever virtual time has moved. */
static void ask_again(struct xhci *x)
{
	struct xhci_ep *ep = x->naked;

	if (x->naked_asked_ns == x->g->clock.now_ns)
		return;
	x->naked_asked_ns = x->g->clock.now_ns;
	x->naked = NULL;
	while (ep) {
		struct xhci_ep *next = ep->nak_next;

		ep->naked = false;
		xhci_queue_ep(ep);
		ep = next;
	}
	if (x->command_waiting && x->address.naked)
		xhci_command_address_retry(x);
}

static bool may_consume(const struct xhci *x)
{
	return xhci_running(x) && !xhci_event_full(x) && pci_master_enabled(x->g);
}

bool xhci_work(struct xhci *x)
{
	unsigned budget = XHCI_BUDGET_TRBS;
	struct xhci_ep *last;
	bool go, more = false;

	if (x->working)
		return false;
	x->working = true;
	ask_again(x);
	if (x->command_kicked && may_consume(x) && !x->halting)
		more |= x->command_kicked = xhci_command_run(x, &budget);
	/* One round: endpoints queued during this call wait for the next one. */
	last = x->queue_last;
	for (go = true; go && x->queue_first && budget && may_consume(x);) {
		struct xhci_ep *ep = x->queue_first;

		go = ep != last;
		xhci_unqueue_ep(ep);
		if (xhci_transfer_run(ep, &budget))
			xhci_queue_ep(ep);
	}
	more |= x->queue_first != NULL;
	x->working = false;
	if (x->halting)
		xhci_halt_go_on(x);
	return more && may_consume(x);
}

/* Table 6-90: the doorbell of an endpoint that is Disabled. Older controllers say nothing. */
static void refuse_doorbell(struct xhci *x, unsigned slot, unsigned dci)
{
	const struct slot *s = xhci_slot_get(x, slot);
	struct trb event = {
		.status = (uint32_t)CC_EP_NOT_ENABLED << 24,
		.control =
			trb_type_bits(TRB_EV_TRANSFER) | (uint32_t)dci << 16 | (uint32_t)slot << 24,
	};

	if (!s || s->state == SLOT_ENABLED || dci < 1 || dci > 31) /* not addressed; reserved */
		return;
	if (x->profile->hci_version >= 0x0110 && !xhci_event_full(x))
		xhci_event_post(x, slot_ctx_interrupter(s->dw), &event, false);
}

static void ring_endpoint(struct xhci_ep *ep, unsigned stream)
{
	enum completion_code code;

	if (ep->state != EP_RUNNING && ep->state != EP_STOPPED)
		return;
	if (ep->streams) {
		struct xhci_ep *of = ep;

		ep = xhci_stream_get(of, stream, &code);
		if (!ep) {
			if (code != CC_SUCCESS)
				xhci_stream_refuse(of, code);
			return;
		}
	}
	if (ep->state == EP_STOPPED)
		xhci_ep_set_state(ep, EP_RUNNING);
	ep->rung = true;
	xhci_queue_ep(ep);
}

void xhci_doorbell(struct xhci *x, unsigned slot, uint32_t value)
{
	unsigned target = value & 0xff, stream = value >> 16;
	struct xhci_ep *ep;

	if (!xhci_running(x))
		return;
	if (slot == 0) {
		if (target || stream) /* reserved: xHCI 5.6 */
			return;
		if (!x->command_running) {
			x->command_running = true;
			x->crcr |= CRCR_CRR;
		}
		x->command_kicked = true;
	} else {
		ep = xhci_ep_get(x, slot, target);
		if (ep && x->slots[slot].state != SLOT_ENABLED) /* it is addressed */
			ring_endpoint(ep, stream);
		else
			refuse_doorbell(x, slot, target);
	}
	if (!x->defer)
		xhci_work(x);
}

/* ---- life ---- */

void xhci_reset(struct xhci *x)
{
	for (unsigned id = 1; id <= x->profile->slots; id++)
		if (x->slots[id].state != SLOT_DISABLED)
			xhci_slot_disable(x, id);
	xhci_command_address_cancel(x);
	clock_disarm(&x->g->clock, &x->mfindex_timer);
	clock_disarm(&x->g->clock, &x->halt_timer);
	xhci_save_over(x);
	x->halting = false;
	x->usbcmd = 0;
	x->usbsts = USBSTS_HCH;
	x->dnctrl = x->config = 0;
	x->crcr = x->dcbaap = 0;
	x->command_ring = (struct ring){0};
	x->command_kicked = x->command_running = x->command_waiting = false;
	x->crcr_stopping = false;
	for (unsigned i = 0; i < x->intr_touched; i++)
		xhci_interrupter_reset(&x->intr[i]);
	x->intr_touched = 0;
	x->full_rings = 0;
	x->naked_asked_ns = 0;
	xhci_port_reset_all(x);
	xhci_interrupter_update(x);
}

void xhci_ready(void *opaque)
{
	struct xhci *x = opaque;

	clock_disarm(&x->g->clock, &x->ready_timer);
	x->usbcmd &= ~USBCMD_HCRST;
	x->usbsts &= ~USBSTS_CNR;
}

void xhci_reset_by_software(struct xhci *x)
{
	struct clock *c = &x->g->clock;

	xhci_reset(x);
	if (!x->profile->ready_usec)
		return;
	x->usbcmd |= USBCMD_HCRST;
	x->usbsts |= USBSTS_CNR;
	clock_arm(c, &x->ready_timer, c->now_ns + x->profile->ready_usec * UINT64_C(1000));
}

void xhci_power_on(struct xhci *x)
{
	x->role_device = false;
	xhci_reset(x);
	x->mfindex_base_ns = 0;
	xhci_ready(x);
	xhci_legacy_power_on(x);
}

static void function_reset(void *function)
{
	xhci_power_on(function);
}

struct xhci *xhci_new(struct guest *g, struct usb_bus *bus, const struct xhci_profile *profile)
{
	struct xhci *x = heap_zero(sizeof(*x));

	x->g = g;
	x->bus = bus;
	x->profile = profile;
	x->chunk = XHCI_CHUNK;
	x->slots = heap_zero((profile->slots + 1u) * sizeof(*x->slots));
	for (unsigned id = 0; id <= profile->slots; id++)
		x->slots[id].state = SLOT_DISABLED;
	x->intr = heap_zero(profile->intrs * sizeof(*x->intr));
	for (unsigned i = 0; i < profile->intrs; i++)
		x->intr[i].x = x;
	x->intr_touched = profile->intrs;
	x->ready_timer = (struct timer){.fire = xhci_ready, .opaque = x};
	xhci_mfindex_init(x);
	g->pci.function_reset = function_reset;
	g->pci.function = x;
	xhci_halt_init(x);
	xhci_save_init(x);
	xhci_port_init(x);
	xhci_regs_init(x);
	xhci_power_on(x);
	return x;
}

void xhci_free(struct xhci *x)
{
	if (!x)
		return;
	xhci_reset(x);
	clock_disarm(&x->g->clock, &x->legacy_timer);
	xhci_ready(x);
	x->g->pci.function_reset = NULL;
	for (unsigned i = 0; i < x->profile->intrs; i++) {
		heap_free(x->intr[i].pending);
		heap_free(x->intr[i].segment);
	}
	heap_free(x->intr);
	heap_free(x->slots);
	heap_free(x->connectors);
	heap_free(x);
}

unsigned xhci_live_endpoints(const struct xhci *x)
{
	return x->live_endpoints;
}
