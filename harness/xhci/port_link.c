// SPDX-License-Identifier: MIT
/*
 * port_link.c -- link states and power management of a root hub port: what software writes to PLS
 * (xHCI 5.4.8, table 5-27), suspend and resume (4.15), USB2 L1 by software and by hardware
 * (4.23.5.1), USB3 U1 and U2 by timeout (4.23.5.2), test modes (4.19.6). Left out: what the link
 * states cost a transfer; Loopback, which only test equipment enters.
 */
#include "usb/desc.h"
#include "xhci/xhci.h"

#define TIMEOUT_NONE 0xffu
#define U1_TIMEOUT_MAX 0x7fu

static bool is_enabled(const struct xhci_port *p)
{
	return p->portsc & PORTSC_PED;
}

/* USB2 Extension capability, LPM bit (USB3 9.6.2.1). */
static bool device_does_lpm(const struct usb_device *dev)
{
	const struct usb_desc_bos *bos = dev->desc ? dev->desc->bos : NULL;

	for (const struct usb_desc_capability *c = bos ? bos->caps : NULL; c; c = c->next)
		if (c->capability == 2 && c->node.length >= 7)
			return c->node.bytes[3] & 2;
	return false;
}

/* ---- timers, as seen when somebody looks ------------------------------------------------------- */

static enum port_link_state usb3_idle_state(const struct xhci_port *p, uint64_t idle_usec)
{
	uint64_t u1 = p->portpmsc & PMSC3_U1_MASK, u2 = bits(p->portpmsc, 15, 8);
	bool has_u1 = u1 >= 1 && u1 <= U1_TIMEOUT_MAX, has_u2 = u2 >= 1 && u2 < TIMEOUT_NONE;

	if (has_u2 && idle_usec >= (has_u1 ? u1 : 0) + u2 * 256)
		return PLS_U2;
	return has_u1 && idle_usec >= u1 ? PLS_U1 : PLS_U0;
}

static enum port_link_state usb2_idle_state(const struct xhci_port *p, uint64_t idle_usec)
{
	uint64_t timeout = bits(p->porthlpmc, 9, 2) * 256;
	const struct usb_device *dev = xhci_port_occupant(p);

	if (!(p->portpmsc & PMSC2_HLE) || !dev || !device_does_lpm(dev))
		return PLS_U0;
	return idle_usec >= (timeout ? timeout : 128) ? PLS_U2 : PLS_U0;
}

enum port_link_state xhci_port_idle_state(const struct xhci_port *p)
{
	enum port_link_state now = xhci_port_state(p);
	uint64_t idle_usec;

	if (now != PLS_U0 || !is_enabled(p) || !p->portpmsc)
		return now;
	idle_usec = (p->x->g->clock.now_ns - p->busy_ns) / 1000;
	return p->protocol == 3 ? usb3_idle_state(p, idle_usec) : usb2_idle_state(p, idle_usec);
}

/* ---- L1 by software (xHCI 4.23.5.1.1) ---------------------------------------------------------- */

static enum l1_status l1_request(struct xhci_port *p)
{
	struct slot *s = xhci_slot_get(p->x, (unsigned)bits(p->portpmsc, 15, 8));
	const struct usb_device *dev = xhci_port_occupant(p);

	if (!dev || !s || s->root_port != p->number || s->route || s->address != dev->address)
		return L1_TIMEOUT; /* nobody has that address */
	if (!device_does_lpm(dev))
		return L1_NOT_SUPPORTED;
	for (const struct usb_packet *q = dev->packets; q; q = q->dev_next)
		if (q->state == USB_PACKET_WITH_DEVICE)
			return L1_NOT_YET;
	return L1_SUCCESS;
}

static void enter_l1(struct xhci_port *p)
{
	enum l1_status status = l1_request(p);

	p->portpmsc = (p->portpmsc & ~PMSC2_L1S_MASK) | status;
	if (status == L1_SUCCESS)
		xhci_port_set_state(p, PLS_U2);
	else
		xhci_port_change(p, PORTSC_PLC);
}

/* ---- suspend and resume ------------------------------------------------------------------------ */

static void suspend(struct xhci_port *p)
{
	xhci_port_set_state(p, PLS_U3);
	if (p->x->config & CONFIG_U3E && p->x->profile->hccparams2 & HCC2_U3C)
		xhci_port_change(p, PORTSC_PLC);
	usb_device_suspend(xhci_port_occupant(p), true);
}

static void wake(struct xhci_port *p)
{
	xhci_port_set_state(p, p->protocol == 3 ? PLS_RECOVERY : PLS_RESUME);
	xhci_port_begin(p, PORT_WAIT_U0,
			p->protocol == 3 ? p->x->profile->link_usec : p->x->profile->resume_usec);
}

void xhci_port_resumed(struct xhci_port *p)
{
	usb_device_suspend(xhci_port_occupant(p), false);
	xhci_port_set_state(p, PLS_U0);
	p->busy_ns = p->x->g->clock.now_ns;
	xhci_port_change(p, PORTSC_PLC);
}

void xhci_port_remote_wake(struct xhci_port *p)
{
	if (!is_enabled(p))
		return;
	if (xhci_port_state(p) == PLS_U2) { /* L1 */
		xhci_port_resumed(p);
	} else if (xhci_port_state(p) == PLS_U3) {
		xhci_port_set_state(p, PLS_RESUME);
		xhci_port_change(p, PORTSC_PLC);
	}
}

static void to_u0(struct xhci_port *p)
{
	enum port_link_state now = xhci_port_state(p);

	if (now == PLS_U3 || now == PLS_RESUME)
		wake(p);
	else if (now == PLS_U2)
		xhci_port_resumed(p);
	else
		p->busy_ns = p->x->g->clock.now_ns; /* out of U1 or U2: no change bit */
}

void xhci_port_write_state(struct xhci_port *p, unsigned wanted)
{
	enum port_link_state now = xhci_port_state(p);

	if (p->wait != PORT_WAIT_NOTHING)
		return; /* on its way already */
	switch (wanted) {
	case PLS_U0:
		if (is_enabled(p))
			to_u0(p);
		break;
	case PLS_U2:
		if (is_enabled(p) && p->protocol == 2 && now == PLS_U0)
			enter_l1(p);
		break;
	case PLS_U3:
		if (is_enabled(p) && now <= PLS_U2)
			suspend(p);
		break;
	case PLS_RXDETECT:
		if (p->protocol == 3 && (now == PLS_DISABLED || now == PLS_INACTIVE))
			xhci_port_detect(p);
		break;
	case PLS_COMPLIANCE:
		if (p->protocol == 3 && now == PLS_RXDETECT)
			p->compliance = true;
		break;
	case PLS_RESUME:
		if (is_enabled(p) && p->protocol == 2 && now == PLS_U3)
			xhci_port_set_state(p, PLS_RESUME);
		break;
	default:
		break; /* reserved, or not for software */
	}
}

/* ---- PORTPMSC (xHCI 5.4.9) --------------------------------------------------------------------- */

/* xHCI 4.19.6: halted and every port off or empty; left by HCRST alone. */
static bool may_test(const struct xhci_port *p, unsigned mode)
{
	if (xhci_running(p->x) || mode > TEST_FORCE_ENABLE)
		return false;
	for (unsigned i = 1; i <= p->x->port_count; i++)
		if (p->x->port[i].portsc & PORTSC_PED)
			return false;
	return true;
}

void xhci_port_write_pmsc(struct xhci_port *p, uint32_t value)
{
	unsigned mode = value >> PMSC2_TM_SHIFT;

	if (p->protocol == 3) {
		p->portpmsc = value & PMSC3_STORED;
		p->busy_ns = p->x->g->clock.now_ns;
		return;
	}
	if ((p->portpmsc ^ value) & PMSC2_HLE)
		p->busy_ns = p->x->g->clock.now_ns;
	p->portpmsc = (p->portpmsc & ~PMSC2_STORED) | (value & PMSC2_STORED);
	if (xhci_port_state(p) == PLS_TEST || !mode)
		return;
	if (may_test(p, mode))
		xhci_port_set_state(p, PLS_TEST);
	else
		mode = TEST_ERROR;
	p->portpmsc = (p->portpmsc & ~PMSC2_TM_MASK) | (uint32_t)mode << PMSC2_TM_SHIFT;
}
