// SPDX-License-Identifier: MIT
/*
 * vendor.c -- vendor defined extended capabilities (xHCI 7, ids 192 to 255): what a profile hangs at the
 * end of the list. The one that there is switches the last connector between host and device role, as
 * Intel's dual role ports do: in device role nothing is connected for the host.
 */
#include "xhci/xhci.h"

#define CAP_ROLE_SWITCH 192u
#define ROLE_DEVICE (1u << 0)  /* dword 1: what software wants */
#define ROLE_IS_HOST (1u << 0) /* dword 2: what is, read only */

static uint32_t role_read(const struct xhci *x, unsigned dword)
{
	switch (dword) {
	case 1:
		return x->role_device ? ROLE_DEVICE : 0;
	case 2:
		return x->role_device ? 0 : ROLE_IS_HOST;
	}
	return 0;
}

static void each_port(struct xhci *x, void (*act)(struct xhci_port *p))
{
	for (unsigned i = 1; i <= x->port_count; i++)
		if (x->port[i].connector->number == x->connector_count &&
		    x->port[i].portsc & PORTSC_PP)
			act(&x->port[i]);
}

static void look_again(struct xhci_port *p)
{
	if (xhci_port_state(p) == PLS_RXDETECT)
		xhci_port_detect(p);
}

static void take_role(struct xhci *x, bool device)
{
	if (device)
		each_port(x, xhci_port_cut);
	x->role_device = device;
	if (!device)
		each_port(x, look_again);
}

static void role_write(struct xhci *x, unsigned dword, uint32_t value)
{
	bool device = value & ROLE_DEVICE;

	if (dword == 1 && device != x->role_device)
		take_role(x, device);
}

const struct xhci_vendor_cap xhci_vendor_role_switch = {CAP_ROLE_SWITCH, 4, role_read, role_write};
