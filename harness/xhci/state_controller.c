// SPDX-License-Identifier: MIT
/*
 * state_controller.c -- the whole controller as saved state: registers, ports, the command under way,
 * timers, then interrupters and slots. Whoever saves quiesces first: packets that devices have are
 * taken back and made again later, on either side.
 */
#include "xhci/save.h"

#define USBSTS_ALL                                                                                 \
	(USBSTS_HCH | USBSTS_HSE | USBSTS_EINT | USBSTS_PCD | USBSTS_SSS | USBSTS_RSS |            \
	 USBSTS_SRE | USBSTS_CNR | USBSTS_HCE)
#define USBCMD_ALL                                                                                 \
	(USBCMD_RS | USBCMD_HCRST | USBCMD_INTE | USBCMD_HSEE | USBCMD_EWE | USBCMD_EU3S |         \
	 USBCMD_CME)

static const struct state_field register_fields[] = {
	STATE_BITS(xhci, usbcmd, USBCMD_ALL),
	STATE_BITS(xhci, usbsts, USBSTS_ALL),
	STATE_RANGE(xhci, dnctrl, 0, 0xffff),
	STATE_RANGE(xhci, config, 0, 0x3ff),
	STATE_BITS(xhci, crcr, CRCR_CRR),
	STATE_BITS(xhci, dcbaap, ~UINT64_C(0x3f)),
	STATE_ANY(xhci, mfindex_base_ns),
	STATE_ANY(xhci, mfindex_stood_ns),
	STATE_FLAG(xhci, mfindex_stands),
	STATE_FLAG(xhci, halting),
	STATE_BITS(xhci, command_ring.dequeue, ~UINT64_C(0xf)),
	STATE_FLAG(xhci, command_ring.cycle),
	STATE_FLAG(xhci, command_kicked),
	STATE_FLAG(xhci, command_running),
	STATE_FLAG(xhci, command_waiting),
	STATE_FLAG(xhci, crcr_stopping),
	STATE_ANY(xhci, command.trb.parameter),
	STATE_ANY(xhci, command.trb.status),
	STATE_ANY(xhci, command.trb.control),
	STATE_BITS(xhci, command.addr, ~UINT64_C(0xf)),
	STATE_RANGE(xhci, command.parameter, 0, 0xffffff),
	STATE_ANY(xhci, address.slot),
	STATE_RANGE(xhci, address.stage, 0, 2),
	STATE_ANY(xhci, naked_asked_ns),
	STATE_FLAG(xhci, role_device),
	STATE_BITS(xhci, legacy_support, LEGACY_BIOS_OWNED | LEGACY_OS_OWNED),
	STATE_BITS(xhci, legacy_control, LEGACY_SMI_ENABLES | LEGACY_SMI_STATUS),
};

static const struct state_field port_fields[] = {
	STATE_ANY(xhci_port, portsc),
	STATE_ANY(xhci_port, portpmsc),
	STATE_ANY(xhci_port, portli),
	STATE_BITS(xhci_port, porthlpmc, HLPMC2_STORED),
	STATE_ANY(xhci_port, busy_ns),
	STATE_RANGE(xhci_port, wait, PORT_WAIT_NOTHING, PORT_WAITS - 1),
	STATE_FLAG(xhci_port, compliance),
};

#define WALK(st, table, object) state_walk(st, table, ARRAY_SIZE(table), object)

void xhci_state_ports(struct state *st, struct xhci *x)
{
	state_section(st, "ports");
	for (unsigned i = 1; i <= x->port_count && !st->refused; i++) {
		struct xhci_port *p = &x->port[i];
		unsigned pls;

		WALK(st, port_fields, p);
		timer_state(st, &x->g->clock, &p->timer);
		pls = xhci_port_state(p);
		state_check(st, pls <= PLS_TEST || pls == PLS_RESUME,
			    "a link state that there is not");
		/* A port in Test Mode does not see its device leave (xHCI 4.19.6). */
		state_check(st,
			    !(p->portsc & (PORTSC_CCS | PORTSC_PED)) || xhci_port_occupant(p) ||
				    pls == PLS_TEST,
			    "a port without a device that has one");
		state_check(st, p->timer.armed == (p->wait != PORT_WAIT_NOTHING) || p->wait,
			    "a port that waits for nothing");
	}
}

/* ---- quiet ---- */

struct quiet {
	bool may, all;
};

static bool is_busy(const struct usb_packet *p)
{
	return p && p->state != USB_PACKET_IDLE;
}

static void look(struct xhci_ep *ep, void *opaque)
{
	struct quiet *q = opaque;

	for (const struct xhci_ahead *a = ep->ahead; a; a = a->next)
		q->all &= q->may || !is_busy(a->packet);
	q->all &= q->may || !is_busy(ep->packet);
}

static void park(struct xhci_ep *ep, void *opaque)
{
	(void)opaque;
	xhci_unqueue_ep(ep);
	xhci_transfer_settle(ep);
	if (ep->ahead || ep->td.count)
		xhci_stop_park(ep);
}

static void each_pipe(struct xhci *x, void (*act)(struct xhci_ep *ep, void *opaque), void *opaque)
{
	for (unsigned id = 1; id <= x->profile->slots; id++)
		for (unsigned dci = 1; x->slots[id].state != SLOT_DISABLED && dci < 32; dci++) {
			struct xhci_ep *ep = x->slots[id].ep[dci];

			if (ep && ep->streams)
				xhci_stream_each(ep, act, opaque);
			if (ep)
				act(ep, opaque);
		}
}

bool xhci_quiesce(struct xhci *x)
{
	struct quiet q = {
		.may = xhci_running(x) && !xhci_event_full(x) && pci_master_enabled(x->g),
		.all = !x->working,
	};

	each_pipe(x, look, &q);
	if (!q.all || (is_busy(x->address.packet) && x->address.packet->state == USB_PACKET_DONE))
		return false;
	x->working = true; /* what that wakes waits for xhci_resume_all */
	each_pipe(x, park, NULL);
	xhci_command_address_cancel(x);
	each_pipe(x, park, NULL); /* what events of one made of another */
	x->working = false;
	x->naked = NULL;
	return true;
}

void xhci_resume_all(struct xhci *x)
{
	if (!xhci_running(x))
		return;
	xhci_command_address_retry(x);
	xhci_wake_all(x);
	if (!x->defer)
		xhci_work(x);
}

/* ---- all of it ---- */

static void check(struct state *st, struct xhci *x)
{
	const struct slot *s = &x->slots[0];

	state_check(st, !!(x->usbcmd & USBCMD_RS) == !(x->usbsts & USBSTS_HCH) || x->halting,
		    "a run bit that is not HCHalted's opposite");
	state_check(st, !x->halting || x->halt_timer.armed, "halting for ever");
	state_check(st, x->mfindex_base_ns <= x->g->clock.now_ns, "a frame that is not yet");
	state_check(st,
		    !x->mfindex_stands ||
			    (x->mfindex_base_ns <= x->mfindex_stood_ns &&
			     x->mfindex_stood_ns <= x->g->clock.now_ns),
		    "a frame counter that stands in another time");
	state_check(st, !(x->usbsts & USBSTS_CNR) || x->ready_timer.armed, "never ready");
	if (!x->command_waiting)
		return;
	if (x->address.slot <= x->profile->slots)
		s = &x->slots[x->address.slot];
	state_check(st,
		    x->address.stage < 2 && s->state <= SLOT_DEFAULT && s->ep[1] &&
			    trb_type(&x->command.trb) == TRB_ADDRESS_DEVICE,
		    "a command that waits for nothing");
}

void xhci_state(struct state *st, struct xhci *x)
{
	struct clock *c = &x->g->clock;

	state_section(st, x->profile->name);
	WALK(st, register_fields, x);
	timer_state(st, c, &x->mfindex_timer);
	timer_state(st, c, &x->halt_timer);
	timer_state(st, c, &x->legacy_timer);
	timer_state(st, c, &x->ready_timer);
	timer_state(st, c, &x->save_timer);
	xhci_state_ports(st, x);
	xhci_state_interrupters(st, x);
	xhci_state_slots(st, x);
	check(st, x);
	if (st->refused && st->loading)
		x->command_waiting = false;
}
