// SPDX-License-Identifier: MIT
/*
 * port.h -- root hub ports (port.c; xHCI 4.19, 5.4.8 to 5.4.11).
 */
#ifndef XHCI_PORT_H
#define XHCI_PORT_H

#include "guest/guest.h"
#include "usb/usb.h"

struct xhci;

#define XHCI_MAX_PORTS 32u

struct xhci_port {
	struct xhci *x;
	struct usb_port *connector; /* shared by the USB2 and the USB3 port of one socket */
	struct timer timer;         /* end of a reset in virtual time */
	uint8_t number;             /* 1-based */
	uint8_t protocol;           /* 2 or 3 */
	bool warm;                  /* the reset under way is a warm reset */
	uint32_t portsc;            /* as read, xHCI 5.4.8 */
	uint32_t portpmsc, portli, porthlpmc;
};

void xhci_port_init(struct xhci *x);
/* Default register values; devices that are plugged in are seen as just connected. */
void xhci_port_reset_all(struct xhci *x);
void xhci_port_write(struct xhci_port *p, uint32_t value);
/* Report every port with change bits set: the run bit went from 0 to 1 (xHCI 4.19.2). */
void xhci_port_report(struct xhci *x);
/* The device that answers on this root hub port now, or NULL. */
struct usb_device *xhci_port_device(struct xhci *x, unsigned number);
/* NULL if there is no such port. */
struct xhci_port *xhci_port_get(struct xhci *x, unsigned number);

#endif
