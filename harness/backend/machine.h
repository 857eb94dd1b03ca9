// SPDX-License-Identifier: MIT
/*
 * machine.h -- the built-in machine: a guest, an xHCI controller of one profile, a bus with its
 * devices, a disk. Everything that plays is inside; whoever plays on it is outside.
 */
#ifndef BACKEND_MACHINE_H
#define BACKEND_MACHINE_H

#include "dev/dev.h"
#include "guest/guest.h"
#include "usb/usb.h"
#include "xhci/xhci.h"

#define MACHINE_DISK_BLOCKS 65536u /* of 512 bytes */
#define MACHINE_MAX_DEVICES 128u   /* at a time, with what hangs behind hubs */
#define MACHINE_STEP_PIECES 32u    /* timer deadlines that get work of their own per step */
#define MACHINE_WORK_PIECES 4u     /* calls of xhci_work per step that leave work over */
#define MACHINE_STEP_USEC 20000u   /* of one that is late */

struct machine_timer {
	struct timer timer;
	struct usb_device *dev; /* NULL = free */
};

struct machine {
	struct trace *trace; /* borrowed */
	struct guest guest;
	struct usb_bus bus;
	struct xhci *xhci;
	struct disk *disk;
	struct machine_timer timer[MACHINE_MAX_DEVICES];
	uint8_t *desc;   /* set of the next scripted device, own allocation */
	size_t desc_len; /* bytes; 0 = the built-in set */
	bool lied;       /* a state was loaded that is not what was saved */
};

/* What is still there after machine_end; all 0 if nothing leaked (design decision 10). */
struct machine_balance {
	unsigned live_packets, live_devices, armed_timers, live_endpoints;
};

/* trace is borrowed and gets this machine's clock. */
void machine_init(struct machine *m, struct trace *trace, const struct xhci_profile *profile);
void machine_fini(struct machine *m);

/* Power-on state: nothing plugged, memory zero, time 0. Leaves no trace. */
void machine_reset(struct machine *m);

/* Unplug everything, power-on the controller, count what is left. */
void machine_end(struct machine *m, struct machine_balance *ret);

/* Let virtual time pass; the controller works at each timer's deadline and at the end. Bounded. */
void machine_step(struct machine *m, uint64_t usec);
/* The same for who calls xhci_work after it, and has others waiting meanwhile: hardly any work is done. */
void machine_pass(struct machine *m, uint64_t usec);

/*
 * The same for who was not scheduled for a while: in steps of MACHINE_STEP_USEC, and what is due is done before each.
 * A controller whose host is busy has not idled.
 */
void machine_catch_up(struct machine *m, uint64_t usec);

/* ---- devices; connector is 1-based, route as in usb.h route.c -------------------------------- */

unsigned machine_connector_count(const struct machine *m);
/* NULL if there is no such connector, or no such port of a hub. */
struct usb_port *machine_port(const struct machine *m, unsigned connector, uint32_t route);
/* A port for any route: the way ends where no hub is, ports beyond a hub's last wrap around. */
struct usb_port *machine_port_near(const struct machine *m, unsigned connector, uint32_t route);
/* NULL if there is no such connector or nothing is plugged. */
struct usb_device *machine_device(const struct machine *m, unsigned connector);
/* The first device of that model (-1: any) in this port or behind it, or NULL. */
struct usb_device *machine_find(const struct usb_port *port, int model);
/* Index of dev_models, or -1. */
int machine_model(const struct machine *m, unsigned connector);
/*
 * Plug a model. speed: USB_SPEED_NONE = the fastest both can. 0; -ENODEV: port is NULL or there is no
 * such model; -EBUSY: taken; -EINVAL: not at that speed; -ELOOP: too many hubs in a row; -ENOSPC:
 * MACHINE_MAX_DEVICES are there.
 */
int machine_plug(struct machine *m, struct usb_port *port, unsigned model, enum usb_speed speed);
/* The same with a device that is there already, of that model; it is the bus's if this succeeds. */
int machine_attach(struct machine *m, struct usb_port *port, unsigned model, struct usb_device *dev,
		   enum usb_speed speed);
int machine_unplug(struct machine *m, unsigned connector); /* 0 or -ENODEV */
/* Descriptor set of scripted devices plugged from now on (copied); len 0 = the built-in one. */
void machine_set_descriptors(struct machine *m, const uint8_t *bytes, size_t len);

#endif
