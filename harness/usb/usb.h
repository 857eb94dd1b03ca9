// SPDX-License-Identifier: MIT
/*
 * usb.h -- usb-core: bus, ports, devices, endpoints, packets, the control pipe, descriptors.
 * Knows no controller and no guest. Sections follow the files: bus.c, device.c, endpoint.c,
 * packet.c (packet.h), control.c, request.c, desc.c.
 */
#ifndef USB_USB_H
#define USB_USB_H

#include "base.h"
#include "trace.h"

enum usb_speed { /* numbers: xHCI 7.2.2.1.1 default Protocol Speed IDs */
	USB_SPEED_NONE = 0,
	USB_SPEED_FULL = 1,
	USB_SPEED_LOW = 2,
	USB_SPEED_HIGH = 3,
	USB_SPEED_SUPER = 4,
};

enum usb_pid {
	USB_OUT,
	USB_IN,
	USB_SETUP
};

enum usb_status {
	USB_OK,
	USB_NAK, /* nothing now; retry after usb_wakeup or at the next service interval */
	USB_STALL,
	USB_BABBLE, /* the device sent more than there is room for */
	USB_XACT,   /* no or damaged answer: USB Transaction Error */
	USB_NODEV,  /* unplugged */
	USB_ASYNC,  /* the packet is with the device; packet->complete will be called */
	USB_STATUSES
};

enum usb_ep_type {
	USB_EP_CONTROL,
	USB_EP_ISOCH,
	USB_EP_BULK,
	USB_EP_INTERRUPT
};

/*
 * USB2 9.1.1, figure 9-1. CONFIGURED is ADDRESSED with a configuration; a bus reset goes through POWERED.
 * Suspended is beside it (usb_device.suspended): a device comes back to where it was.
 */
enum usb_device_state {
	USB_DETACHED, /* in no port, or not any more */
	USB_ATTACHED, /* in a port without power */
	USB_POWERED,
	USB_DEFAULT,
	USB_ADDRESSED,
	USB_CONFIGURED,
};

struct state;
struct usb_bus;
struct usb_port;
struct usb_device;
struct usb_endpoint;
struct usb_packet;

/* ---- bus.c --------------------------------------------------------------------------------- */

/*
 * What a port's owner (controller or hub) is told. All calls may arrive inside usb_plug etc.
 * Devices behind hubs: wakeup and left are told to the root port of the way, the others to the
 * port itself.
 */
struct usb_port_ops {
	void (*attached)(struct usb_port *port); /* port->dev is set */
	void (*detached)(
		struct usb_port *port); /* port->dev still set; packets already cancelled */
	/* dev has something for this IN/OUT endpoint (number and direction in ep). */
	void (*wakeup)(struct usb_port *port, struct usb_device *dev, struct usb_endpoint *ep);
	/* the device signals remote wake-up (USB2 7.1.7.7) */
	void (*resume)(struct usb_port *port);
	/* dev, behind a hub of this root port, is unplugged: dev->port still set; packets already
	 * cancelled. May be NULL. */
	void (*left)(struct usb_port *root, struct usb_device *dev);
};

struct usb_port {
	struct usb_bus *bus;
	struct usb_device *dev;
	const struct usb_port_ops *ops;
	void *opaque;
	struct usb_device *hub; /* it is a downstream port of; NULL = a root port */
	bool open;              /* downstream port: packets pass (enabled, not suspended) */
	uint8_t number;         /* 1-based connector on the root hub, or port of the hub */
	uint8_t speed_mask;     /* 1 << enum usb_speed it accepts */
};

#define USB_MAX_PORTS 32u
#define USB_MAX_HUBS 5u /* in a row (USB2 4.1.1); also the digits of a route string */

struct usb_bus {
	struct trace *trace;    /* borrowed, may be NULL */
	const uint64_t *now_ns; /* virtual time, borrowed */
	/* one timer per device: after delay_ns of virtual time call usb_device_timer(dev);
	 * delay_ns = UINT64_MAX disarms. Set by the machine; may be NULL (no timers). */
	void (*arm_timer)(void *opaque, struct usb_device *dev, uint64_t delay_ns);
	void *timer_opaque;
	struct usb_port *port[USB_MAX_PORTS]; /* root ports in order, owned by the controller */
	unsigned port_count;
	unsigned live_packets; /* balance oracle: 0 when everything is unplugged */
	unsigned live_devices;
	uint64_t next_packet_id;
};

void usb_bus_init(struct usb_bus *bus, struct trace *trace, const uint64_t *now_ns);
void usb_bus_add_port(struct usb_bus *bus, struct usb_port *port);

/*
 * Plug dev into port: 0, -EBUSY (port taken), -EINVAL (no speed in common) or -ELOOP (a hub behind
 * USB_MAX_HUBS others). The device runs at the fastest speed both sides have. Ownership of dev passes
 * to the bus on success only.
 */
int usb_plug(struct usb_port *port, struct usb_device *dev);
/*
 * Unplug and free: every live packet of the device completes with USB_NODEV first. What hangs behind a
 * hub goes with it. May be called inside a handler of that very device: the object is then freed when
 * the handler has returned.
 */
void usb_unplug(struct usb_port *port);
/* Unplug everything and forget packet ids (between two inputs). */
void usb_bus_reset(struct usb_bus *bus);

/* ---- route.c: ways through hubs (USB3 8.9, xHCI 6.2.2 Route String) ------------------------ */

/* The root port that a port hangs from; itself if it is one. */
struct usb_port *usb_port_root(struct usb_port *port);
/* The route string of what is plugged there: 0 at a root port. Ports above 15 count as 15. */
uint32_t usb_port_route(const struct usb_port *port);
/* The port at a route string below a root port; NULL if a hub of that many ports is not there. */
struct usb_port *usb_route_port(struct usb_port *root, uint32_t route);
/* The device that packets to this route string reach now: all ports on the way are open. Or NULL. */
struct usb_device *usb_route_device(struct usb_port *root, uint32_t route);
/* Whether packets reach the device: every downstream port on its way is open. */
bool usb_port_reached(const struct usb_port *port);
/* For hubs: a downstream port lets no packets pass any more; those with devices behind it complete
 * with USB_XACT. */
void usb_port_close(struct usb_port *port);

/* ---- device.c ------------------------------------------------------------------------------ */

struct usb_setup {
	uint8_t type, request;
	uint16_t value, index, length;
};
void usb_setup_decode(struct usb_setup *s, const uint8_t raw[8]);

/* control(): the answer comes by usb_control_complete; its bytes go into dev->control.buf */
#define USB_CONTROL_ASYNC (-1000)

struct usb_device_ops {
	const char *model; /* as in `plug model=` */
	uint8_t speed_mask;
	const char
		*ms_compat; /* MS OS descriptors: compatible id and sub id, 8 bytes each, or NULL */
	/*
	 * The descriptor set for this speed (borrowed; copied by the caller). usb_plug calls it
	 * once the speed is known and replaces dev->desc. NULL: the set of usb_device_init serves
	 * every speed.
	 */
	const uint8_t *(*describe)(struct usb_device *dev, enum usb_speed speed, size_t *ret_len);
	/* It is in a port now; speed and bus are known. May be NULL. */
	void (*plugged)(struct usb_device *dev);
	/* Bus reset happened (after the core went to USB_DEFAULT). May be NULL. */
	void (*reset)(struct usb_device *dev);
	/* Its bus sleeps now (USB2 7.1.7.6): usb_device_resume may end that. May be NULL. */
	void (*suspended)(struct usb_device *dev);
	/*
	 * First look at any packet, endpoint 0 included, before the core acts. Return true if
	 * *status is the answer. Used by the scripted device. May be NULL.
	 */
	bool (*intercept)(struct usb_device *dev, struct usb_packet *p, enum usb_status *status);
	/*
	 * A control request that the core does not serve itself (class, vendor, and standard ones
	 * it has no answer for or refuses). IN: fill data (len bytes of room) and return the count; OUT: data
	 * holds len bytes, return 0. Negative enum usb_status = -USB_STALL, -USB_NAK...;
	 * USB_CONTROL_ASYNC. May be NULL: STALL. What it claims (may be NULL) the core leaves alone.
	 */
	int (*control)(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
		       uint32_t len);
	bool (*claims)(struct usb_device *dev, const struct usb_setup *s); /* all control()'s */
	/*
	 * The USB_CONTROL_ASYNC request is abandoned (new SETUP, reset, unplug): dev->control.buf
	 * is gone and usb_control_complete is not wanted any more. May be NULL.
	 */
	void (*control_cancel)(struct usb_device *dev);
	/*
	 * A packet of a configured endpoint other than 0: use usb_packet_put/get. An OUT packet
	 * that is answered USB_OK counts as moved whole.
	 */
	enum usb_status (*data)(struct usb_device *dev, struct usb_endpoint *ep,
				struct usb_packet *p);
	/* An USB_ASYNC packet is taken back; the device forgets it. Required if it ever returns
	 * USB_ASYNC. */
	void (*cancel)(struct usb_device *dev, struct usb_packet *p);
	/* SET_CONFIGURATION / SET_INTERFACE took effect. May be NULL. */
	void (*configured)(struct usb_device *dev);
	void (*interface_set)(struct usb_device *dev, uint8_t interface, uint8_t alternate);
	/* CLEAR_FEATURE(ENDPOINT_HALT) took effect. May be NULL. */
	void (*halt_cleared)(struct usb_device *dev, struct usb_endpoint *ep);
	/* The timer armed by usb_device_arm ran out. May be NULL. */
	void (*timer)(struct usb_device *dev);
	/*
	 * The model's own state (state.h), to save or to load it. Loading: it has just been plugged
	 * and is as new. NULL: the model cannot be saved.
	 */
	void (*saved)(struct usb_device *dev, struct state *st);
	/* Release the model's own state and the object itself. */
	void (*free)(struct usb_device *dev);
};

struct usb_endpoint {
	struct usb_device *dev;
	uint8_t address; /* bEndpointAddress */
	uint8_t type;    /* enum usb_ep_type */
	uint8_t interface;
	bool present, halted;
	uint16_t max_packet;             /* bytes */
	uint8_t interval;                /* bInterval */
	uint32_t max_streams;            /* 0 = none, else 2..65536 */
	bool pipeline;                   /* bulk: several packets may be with the device */
	struct usb_packet *first, *last; /* USB_ASYNC packets, oldest first */
	unsigned count;                  /* of them, ... */
	uint32_t bytes;                  /* ... and what they have room for */
};

#define USB_MAX_INTERFACES 32u

enum usb_control_stage {
	USB_STAGE_IDLE,
	USB_STAGE_DATA,
	USB_STAGE_STATUS
};

/* Embedded as the first member of every model. */
struct usb_device {
	const struct usb_device_ops *ops;
	struct usb_bus *bus;         /* NULL until it is plugged */
	struct usb_port *port;       /* NULL when not plugged */
	struct usb_port *downstream; /* a hub's ports, its own allocation; NULL = no hub */
	uint8_t downstream_count;
	struct usb_desc *desc; /* the descriptor set at the current speed; owned */
	uint8_t speed;         /* enum usb_speed */
	uint8_t state;         /* enum usb_device_state */
	uint8_t address;       /* 0..127 */
	uint8_t configuration; /* bConfigurationValue, 0 = none */
	uint8_t alternate[USB_MAX_INTERFACES];
	bool suspended; /* the bus is idle: it answers nothing */
	bool remote_wakeup, self_powered;
	bool pipeline;       /* of its bulk endpoints, from the next SET_CONFIGURATION on */
	int8_t model;        /* of whoever plugs it, kept for them */
	void *timer;         /* of whoever serves arm_timer, kept for them */
	uint16_t u_features; /* USB3: U1/U2/LTM enables */
	struct usb_endpoint ep0;
	struct usb_endpoint ep_out[16], ep_in[16]; /* index 0 unused */
	struct usb_endpoint stray;   /* holds USB_ASYNC packets of endpoints that do not exist */
	struct usb_packet *packets;  /* every packet made for it, whatever its state */
	struct usb_packet *handling; /* packets whose submit is on the stack, innermost first */
	unsigned in_handler;         /* usb_device_hold depth */
	bool gone;                   /* unplugged; freed when in_handler is back at 0 */
	struct {
		enum usb_control_stage stage;
		struct usb_setup setup;
		uint8_t *buf;    /* exactly setup.length bytes (own allocation), NULL if 0 */
		uint8_t *in_use; /* the buf a handler on the stack works with: not freed under it */
		uint32_t answer; /* bytes the device answered (IN), <= setup.length */
		uint32_t pos;    /* bytes moved in the data stage */
		int result;      /* 0, -enum usb_status, USB_CONTROL_ASYNC */
		bool ran;        /* the request was put to the device: result holds */
		int16_t new_address;        /* SET_ADDRESS waits for its status stage; -1 = none */
		uint32_t generation;        /* counts abandoned transfers */
		struct usb_packet *waiting; /* packet that waits for an asynchronous answer */
	} control;
};

/* Fill in a freshly allocated device. desc_bytes: descriptor set (see desc.c), copied. */
void usb_device_init(struct usb_device *dev, const struct usb_device_ops *ops,
		     const uint8_t *desc_bytes, size_t desc_len);
/* Release what usb_device_init and the core allocated (called by ops->free). */
void usb_device_fini(struct usb_device *dev);

/*
 * While held, an unplugged device is not freed. The core holds a device around every handler of
 * it; a model needs this only where it completes several packets in a row outside of one.
 */
void usb_device_hold(struct usb_device *dev);
void usb_device_release(struct usb_device *dev);

/*
 * Bus reset (USB2 9.1.1.3): live packets complete with USB_XACT, address 0, USB_DEFAULT. Before
 * the first reset a device answers nothing: USB_XACT.
 */
void usb_device_reset(struct usb_device *dev);
/* Through this setter pass all changes of the state; those of figure 9-1, or it is our mistake. */
void usb_device_set_state(struct usb_device *dev, enum usb_device_state state);
/*
 * For ports; dev may be NULL. The port has power now, or not any more: then the device has forgotten
 * everything (USB2 9.1.1.2).
 */
void usb_device_power(struct usb_device *dev, bool on);
/* The bus goes idle, or on (USB2 9.1.1.6). */
void usb_device_suspend(struct usb_device *dev, bool on);
void usb_device_timer(struct usb_device *dev);
void usb_device_arm(struct usb_device *dev, uint64_t delay_ns);

/* Tell the controller that ep may have something now. */
void usb_wakeup(struct usb_endpoint *ep);
/* Remote wake-up (USB2 7.1.7.7): told to the port only if the host has enabled it. */
void usb_device_resume(struct usb_device *dev);

/* ---- device_state.c: saved state ---------------------------------------------------------------- */

/* Its model can be saved, and the device is not in the middle of a request. */
bool usb_device_may_be_saved(const struct usb_device *dev);
/* No packet is with it. Loading: it has just been plugged, at the speed it had. */
void usb_device_walk(struct state *st, struct usb_device *dev);

/* ---- endpoint.c ---------------------------------------------------------------------------- */

/*
 * The endpoint of a number and direction, NULL if the device has none such now. Number 0 is
 * endpoint 0 for every pid; any other number has no SETUP; a number above 15 does not exist.
 */
struct usb_endpoint *usb_endpoint_get(struct usb_device *dev, enum usb_pid pid, unsigned number);

/*
 * Pipelining (bulk, no streams). An endpoint without it has one packet with the device at a time. With
 * it, packets may follow while others are under way, in the order of their submits, as far as these caps
 * go; a packet may stand for several transfers then, or parts of them, put together by the controller.
 */
#define USB_PIPELINE_PACKETS 16u
#define USB_PIPELINE_BYTES (1u << 20)   /* of all that are with the device */
#define USB_PIPELINE_COMBINE (1u << 18) /* of one */

/*
 * May a packet of len bytes be submitted behind what is with the device? Not behind one that is
 * short_not_ok: what comes next depends on how that one ends. A submit that may not is answered NAK, and
 * the device does not see it.
 */
bool usb_endpoint_takes(const struct usb_endpoint *ep, uint32_t len);
/* Rebuild the tables from the current configuration and alternate settings. Halts are kept. */
void usb_endpoint_setup(struct usb_device *dev);
/* Remove the endpoints of an interface (-1: all but endpoint 0); their packets get USB_XACT. */
void usb_endpoint_remove(struct usb_device *dev, int interface);
/* Complete what is with the device on ep with status. Needs usb_device_hold. */
void usb_endpoint_flush(struct usb_endpoint *ep, enum usb_status status);
/* The same for every endpoint of the device. */
void usb_device_flush(struct usb_device *dev, enum usb_status status);

#include "usb/packet.h"

/* ---- control.c, request.c: endpoint 0 (USB2 8.5.3, 9.4) ------------------------------------ */

/*
 * One token on endpoint 0. SETUP (8 bytes) starts a transfer and ends any other; a request with
 * an IN data stage runs then, all others run in their status stage. IN/OUT move the data stage;
 * a packet in the opposite direction (IN if there is no data) is the status stage. A refused
 * request and a token out of order STALL, after which only SETUP is understood.
 */
enum usb_status usb_control_token(struct usb_device *dev, struct usb_packet *p);
/* Abandon the transfer in progress; a packet that waits for an answer completes with USB_STALL.
 * Needs usb_device_hold. */
void usb_control_abort(struct usb_device *dev);
/* For devices: the answer of a request that returned USB_CONTROL_ASYNC: status and the count of
 * bytes in dev->control.buf (more than setup.length is cut). Ignored if none is awaited. */
void usb_control_complete(struct usb_device *dev, enum usb_status status, uint32_t len);
/* Standard requests; as ops->control, -USB_STALL if not known. */
int usb_standard_request(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
			 uint32_t len);

/* ---- desc.c: descriptor sets --------------------------------------------------------------- */

/*
 * A descriptor set is what Linux shows as sysfs `descriptors` (device descriptor, then every
 * configuration with its wTotalLength bytes), extended by further self-delimiting descriptors:
 * device qualifier, BOS, strings (type 3, the first is index 0), hub, in any order.
 */
struct usb_desc; /* the parsed tree: desc.h */

#endif
