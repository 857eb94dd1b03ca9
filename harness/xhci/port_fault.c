// SPDX-License-Identifier: MIT
/*
 * port_fault.c -- what goes wrong outside of the controller: over-current (xHCI 4.19.1, 5.4.8 OCA),
 * errors that disable a USB2 port (PEC), USB3 links that fail, cannot be configured, do not train or
 * were there before the controller (Inactive, CEC, Compliance, CAS).
 */
#include "xhci/xhci.h"

static void over_current(struct xhci_port *p, bool on)
{
	if (on == !!(p->portsc & PORTSC_OCA))
		return;
	p->portsc ^= PORTSC_OCA;
	if (on && p->x->profile->hccparams1 & HCC1_PPC)
		xhci_port_power_off(p);
	xhci_port_change(p, PORTSC_OCC);
}

static void disabled_by_error(struct xhci_port *p)
{
	if (!(p->portsc & PORTSC_PED))
		return;
	p->portsc &= ~PORTSC_PED;
	xhci_port_set_state(p, PLS_POLLING);
	xhci_port_change(p, PORTSC_PEC);
}

/* The link is in SS.Inactive: a warm reset or RxDetect brings it back. */
static void link_lost(struct xhci_port *p, uint32_t also)
{
	if (!(p->portsc & PORTSC_PED))
		return;
	p->portsc &= ~PORTSC_PED;
	xhci_port_set_state(p, PLS_INACTIVE);
	xhci_port_change(p, PORTSC_PLC | also);
}

static bool is_unconnected(const struct xhci_port *p)
{
	return p->portsc & PORTSC_PP && !(p->portsc & PORTSC_PR) && xhci_port_occupant(p);
}

static void does_not_train(struct xhci_port *p)
{
	bool allowed = p->compliance || !(p->x->profile->hccparams2 & HCC2_CTC);

	if (!is_unconnected(p) || !allowed)
		return;
	xhci_port_empty(p, p->portsc & PORTSC_CCS ? PORTSC_CSC : 0);
	xhci_port_set_state(p, PLS_COMPLIANCE);
}

static void cold_attach(struct xhci_port *p)
{
	if (!is_unconnected(p))
		return;
	xhci_port_empty(p, p->portsc & PORTSC_CCS ? PORTSC_CSC : 0);
	xhci_port_set_state(p, PLS_POLLING);
	p->portsc |= PORTSC_CAS;
	xhci_port_change(p, PORTSC_CSC);
}

void xhci_port_fault(struct xhci *x, struct usb_port *connector, enum xhci_port_fault fault)
{
	struct xhci_port *usb2 = xhci_port_of(x, connector, 2),
			 *usb3 = xhci_port_of(x, connector, 3);

	if (fault == PORT_FAULT_OVER_CURRENT || fault == PORT_FAULT_OVER_CURRENT_ENDS) {
		if (usb2)
			over_current(usb2, fault == PORT_FAULT_OVER_CURRENT);
		if (usb3)
			over_current(usb3, fault == PORT_FAULT_OVER_CURRENT);
	} else if (fault == PORT_FAULT_DISABLE) {
		if (usb2)
			disabled_by_error(usb2);
	} else if (usb3 && fault == PORT_FAULT_INACTIVE) {
		link_lost(usb3, 0);
	} else if (usb3 && fault == PORT_FAULT_CONFIG) {
		link_lost(usb3, PORTSC_CEC);
	} else if (usb3 && fault == PORT_FAULT_COMPLIANCE) {
		does_not_train(usb3);
	} else if (usb3 && fault == PORT_FAULT_COLD_ATTACH) {
		cold_attach(usb3);
	}
}
