// SPDX-License-Identifier: MIT
/*
 * hub.h -- what the files of the hub share: its ports and their states (USB2 11.5, 11.24.2.7,
 * USB3 10.3, 10.16.2.6).
 */
#ifndef DEV_HUB_H
#define DEV_HUB_H

#include "dev/dev.h"

/* wPortStatus. Bits 0..4 are common; from there on USB2 and USB3 differ. */
enum hub_port_status {
	HUB_CONNECTION = 1 << 0,
	HUB_ENABLE = 1 << 1,
	HUB_SUSPEND = 1 << 2, /* USB2 */
	HUB_OVER_CURRENT = 1 << 3,
	HUB_RESET = 1 << 4,
	HUB_POWER = 1 << 8, /* USB2; kept so for USB3, too, and shifted when it is asked for */
	HUB_LOW_SPEED = 1 << 9,
	HUB_HIGH_SPEED = 1 << 10,
	HUB_TEST = 1 << 11,
	HUB_INDICATOR = 1 << 12,
};

/* wPortChange */
enum hub_port_change {
	HUB_C_CONNECTION = 1 << 0,
	HUB_C_ENABLE = 1 << 1,  /* USB2 */
	HUB_C_SUSPEND = 1 << 2, /* USB2 */
	HUB_C_OVER_CURRENT = 1 << 3,
	HUB_C_RESET = 1 << 4,
	HUB_C_BH_RESET = 1 << 5,     /* USB3 */
	HUB_C_LINK_STATE = 1 << 6,   /* USB3 */
	HUB_C_CONFIG_ERROR = 1 << 7, /* USB3 */
};

enum hub_link { /* USB3 table 10-13; USB2 hubs have none */
	HUB_U0 = 0,
	HUB_U1 = 1,
	HUB_U2 = 2,
	HUB_U3 = 3,
	HUB_DISABLED = 4,
	HUB_RX_DETECT = 5,
};

enum hub_pending { /* what ends at due_ns */
	HUB_NOTHING,
	HUB_RESETTING,
	HUB_WARM_RESETTING,
	HUB_RESUMING,
};

struct hub_port {
	uint16_t status, change;
	uint8_t link;         /* enum hub_link, USB3 only */
	uint8_t pending;      /* enum hub_pending */
	bool overloaded;      /* what is plugged draws too much */
	uint8_t u1, u2, wake; /* timeouts and remote wake mask as last set */
	uint64_t due_ns;
};

#define HUB_SET_BYTES 160u

struct hub {
	struct usb_device usb; /* first member */
	struct hub_port *port; /* usb.downstream_count of them, own allocation */
	bool multi_tt;
	uint8_t depth;       /* USB3: as the host set it */
	uint16_t hub_change; /* of the hub itself */
	uint8_t set[HUB_SET_BYTES];
	size_t set_len;
};

struct hub *hub_of(struct usb_device *dev); /* dev is one */
bool hub_is_super(const struct hub *hub);

/* ---- hub.c --------------------------------------------------------------------------------- */

/* index: 0-based. Each does what USB2 11.5 or USB3 10.3 has in the port's present state. */
void hub_port_power(struct hub *hub, unsigned index, bool on);
void hub_port_reset(struct hub *hub, unsigned index, bool warm);
void hub_port_disable(struct hub *hub, unsigned index);
void hub_port_suspend(struct hub *hub, unsigned index);
void hub_port_resume(struct hub *hub, unsigned index);
/* Somebody is in the port, which has power. */
void hub_port_connect(struct hub *hub, unsigned index);
/* The status change endpoint may have something. */
void hub_notify(struct hub *hub);

/* ---- hub_desc.c ---------------------------------------------------------------------------- */

const uint8_t *hub_describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len);
#define HUB_DESC_MAX 12u
/* The hub descriptor (USB2 11.23.2.1, USB3 10.15.2.1); its length. */
size_t hub_descriptor(const struct hub *hub, uint8_t out[HUB_DESC_MAX]);

/* ---- hub_saved.c --------------------------------------------------------------------------- */

/* As usb_device_ops.saved; what hangs on it is plugged by then. */
void hub_saved(struct usb_device *dev, struct state *st);

/* ---- hub_request.c ------------------------------------------------------------------------- */

/* As usb_device_ops.control. */
int hub_control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len);

#endif
