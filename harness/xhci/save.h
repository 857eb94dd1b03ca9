// SPDX-License-Identifier: MIT
/*
 * save.h -- which parts of the controller are saved: state_*.c, used by save.c (CSS and CRS).
 */
#ifndef XHCI_SAVE_H
#define XHCI_SAVE_H

#include "state.h"
#include "xhci/xhci.h"

/* Loading: all slots are Disabled before. */
void xhci_state_slots(struct state *st, struct xhci *x);
/* Where the event rings stand, and the events that had no room. */
void xhci_state_events(struct state *st, struct xhci *x);

/* ---- the whole controller: a snapshot of the machine -------------------------------------------- */

/*
 * Packets are taken back, what devices have answered takes effect, endpoints are parked. False: that
 * cannot be done now, and nothing has changed.
 */
bool xhci_quiesce(struct xhci *x);
/* What waited goes on: packets are made again. */
void xhci_resume_all(struct xhci *x);
/* Loading: the controller is at power-on, devices are plugged, the clock is right. */
void xhci_state(struct state *st, struct xhci *x);
/* Its parts. */
void xhci_state_interrupters(struct state *st, struct xhci *x);
void xhci_state_ports(struct state *st, struct xhci *x);

#endif
