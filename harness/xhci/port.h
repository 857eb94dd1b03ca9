// SPDX-License-Identifier: MIT
/*
 * port.h -- root hub ports (xHCI 4.19, 5.4.8 to 5.4.11): port.c has their life,
 * port_socket.c what they hang on, port_link.c what
 * software and the link do with link states, port_fault.c what goes wrong outside.
 */
#ifndef XHCI_PORT_H
#define XHCI_PORT_H

#include "guest/guest.h"
#include "usb/usb.h"
#include "xhci/abi.h"

struct xhci;

#define XHCI_MAX_PORTS 32u

enum xhci_port_wait { /* what the port's timer ends */
	PORT_WAIT_NOTHING,
	PORT_WAIT_TRAINING,
	PORT_WAIT_RESET,
	PORT_WAIT_WARM_RESET,
	PORT_WAIT_U0, /* Recovery, or the end of resume signalling */
	PORT_WAITS
};

struct xhci_port {
	struct xhci *x;
	struct usb_port *connector; /* shared by the USB2 and the USB3 port of one socket */
	struct timer timer;
	uint64_t busy_ns;  /* last packet, from which U1, U2 and L1 timeouts count */
	uint8_t number;    /* 1-based */
	uint8_t protocol;  /* 2 or 3 */
	uint8_t slot_type; /* of its protocol */
	uint8_t wait;      /* enum xhci_port_wait */
	bool compliance;   /* software allows the way into Compliance (HCC2.CTC) */
	uint32_t portsc;   /* without what PORTSC computes: see xhci_port_read */
	uint32_t portpmsc, portli, porthlpmc;
};

/* ---- port.c ---------------------------------------------------------------------------------- */

void xhci_port_init(struct xhci *x);
/* Default register values; devices that are plugged in are seen as just connected. */
void xhci_port_reset_all(struct xhci *x);
/* PORTSC as software sees it now: U1, U2 and L1 follow from how long the link was idle. */
uint32_t xhci_port_read(const struct xhci_port *p);
void xhci_port_write(struct xhci_port *p, uint32_t value);
/* Report every port with change bits set: the run bit went from 0 to 1 (xHCI 4.19.2). */
void xhci_port_report(struct xhci *x);
/* The device that answers on this root hub port now, or NULL. The link is in use by that. */
struct usb_device *xhci_port_device(struct xhci *x, unsigned number);
/* NULL if there is no such port. */
struct xhci_port *xhci_port_get(struct xhci *x, unsigned number);
/* port_socket.c: the port of a connector, NULL if it has none of that protocol. */
struct xhci_port *xhci_port_of(struct xhci *x, const struct usb_port *connector, unsigned protocol);

/* For port_*.c: the device in the socket if it is this port that sees it. */
struct usb_device *xhci_port_occupant(const struct xhci_port *p);
enum port_link_state xhci_port_state(const struct xhci_port *p);
void xhci_port_set_state(struct xhci_port *p, enum port_link_state pls);
/* Set change bits; an event when the first one appears (xHCI 4.19.2). */
void xhci_port_change(struct xhci_port *p, uint32_t change_bits);
/* After usec of virtual time (0: now) end what waits. */
void xhci_port_begin(struct xhci_port *p, enum xhci_port_wait wait, uint32_t usec);
/* That time has come (port's timer). */
void xhci_port_wait_over(void *opaque);
/* Nobody is connected any more, or not yet; change_bits may be 0. */
void xhci_port_empty(struct xhci_port *p, uint32_t change_bits);
/* See who is there, as after power-on. */
void xhci_port_detect(struct xhci_port *p);
/* The socket leads elsewhere now: who was there is gone, as far as this port sees. */
void xhci_port_cut(struct xhci_port *p);
/* PP = 0 (xHCI 4.19.4): quietly off. */
void xhci_port_power_off(struct xhci_port *p);

/* ---- port_link.c ----------------------------------------------------------------------------- */

/* A write of PLS with LWS = 1; what means nothing in the present state does nothing. */
void xhci_port_write_state(struct xhci_port *p, unsigned wanted);
void xhci_port_write_pmsc(struct xhci_port *p, uint32_t value);
/* U0 is reached: Recovery or resume is over. */
void xhci_port_resumed(struct xhci_port *p);
/* The device signals remote wake-up (xHCI 4.15.2.1). */
void xhci_port_remote_wake(struct xhci_port *p);
/* The link state with the timers of U1, U2 and L1 taken into account. */
enum port_link_state xhci_port_idle_state(const struct xhci_port *p);

/* ---- port_fault.c ---------------------------------------------------------------------------- */

enum xhci_port_fault { /* numbers: the port-event op */
	PORT_FAULT_OVER_CURRENT,
	PORT_FAULT_OVER_CURRENT_ENDS,
	PORT_FAULT_DISABLE,     /* USB2: babble at the end of a frame, PEC */
	PORT_FAULT_INACTIVE,    /* USB3: the link fails, SS.Inactive */
	PORT_FAULT_CONFIG,      /* USB3: port configuration fails, CEC */
	PORT_FAULT_COMPLIANCE,  /* USB3: the link partner never trains */
	PORT_FAULT_COLD_ATTACH, /* USB3: attached, but training needs a warm reset, CAS */
	PORT_FAULTS
};

/* Something happens to a socket; both of its ports are concerned where the cause is power. */
void xhci_port_fault(struct xhci *x, struct usb_port *connector, enum xhci_port_fault fault);

#endif
