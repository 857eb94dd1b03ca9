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

#endif
