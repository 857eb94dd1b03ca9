// SPDX-License-Identifier: MIT
/*
 * hub.c -- a hub of any speed: its ports as state machines in virtual time, what hangs on them, and the
 * status change endpoint (USB2 11.5, 11.12, USB3 10.3, 10.13). Port indicators and test modes are only
 * remembered. Left out: split transactions (a device behind a transaction translator is reached at
 * once, its buffers are never busy), and a USB3 hub's USB2 half, which is a hub of its own.
 */
#include <errno.h>

#include "dev/hub.h"
#include "heap.h"

#define RESET_NS UINT64_C(10000000)  /* USB2 7.1.7.5: 10 to 20 ms */
#define RESUME_NS UINT64_C(20000000) /* USB2 7.1.7.7 */
#define DEFAULT_PORTS 4u

struct hub *hub_of(struct usb_device *dev)
{
	return container_of(dev, struct hub, usb);
}

bool hub_is_super(const struct hub *hub)
{
	return hub->usb.speed == USB_SPEED_SUPER;
}

/* ---- what the host is told ----------------------------------------------------------------- */

static bool has_change(const struct hub *hub)
{
	bool any = hub->hub_change;

	for (unsigned i = 0; i < hub->usb.downstream_count; i++)
		any |= hub->port[i].change;
	return any;
}

void hub_notify(struct hub *hub)
{
	if (hub->usb.ep_in[1].present && has_change(hub))
		usb_wakeup(&hub->usb.ep_in[1]);
}

static void change(struct hub *hub, unsigned index, uint16_t bits)
{
	hub->port[index].change |= bits;
	usb_device_resume(&hub->usb); /* a suspended hub wakes its host, if it may */
	hub_notify(hub);
}

/* What changed while the host was about to let it sleep nobody would ask for: it wakes at once (USB2 11.9). */
static void suspended(struct usb_device *dev)
{
	if (has_change(hub_of(dev)))
		usb_device_resume(dev);
}

static enum usb_status status_change(struct hub *hub, struct usb_packet *p)
{
	uint8_t map[2] = {hub->hub_change ? 1 : 0};

	if (!has_change(hub))
		return USB_NAK;
	for (unsigned i = 0; i < hub->usb.downstream_count; i++)
		if (hub->port[i].change)
			map[(i + 1) / 8] |= (uint8_t)(1u << ((i + 1) & 7));
	return usb_packet_put(p, map, hub->usb.ep_in[1].max_packet == 1 ? 1 : 2) ? USB_OK
										 : USB_BABBLE;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	return ep->address == 0x81 ? status_change(hub_of(dev), p) : USB_STALL;
}

/* ---- port states --------------------------------------------------------------------------- */

static void arm(struct hub *hub)
{
	uint64_t first = UINT64_MAX, now;

	for (unsigned i = 0; i < hub->usb.downstream_count; i++)
		if (hub->port[i].pending)
			first = min_u64(first, hub->port[i].due_ns);
	now = hub->usb.bus ? *hub->usb.bus->now_ns : 0;
	usb_device_arm(&hub->usb, first == UINT64_MAX ? first : max_u64(first, now) - now);
}

static void pend(struct hub *hub, unsigned index, enum hub_pending what, uint64_t ns)
{
	hub->port[index].pending = (uint8_t)what;
	hub->port[index].due_ns = *hub->usb.bus->now_ns + ns;
	arm(hub);
}

static void enable(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];
	struct usb_device *dev = hub->usb.downstream[index].dev;

	usb_device_reset(dev);
	p->status |= HUB_ENABLE;
	p->status &= (uint16_t) ~(HUB_RESET | HUB_SUSPEND | HUB_HIGH_SPEED);
	if (dev->speed == USB_SPEED_HIGH)
		p->status |= HUB_HIGH_SPEED;
	p->link = HUB_U0;
	hub->usb.downstream[index].open = true;
}

void hub_port_connect(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	p->status |= HUB_CONNECTION;
	usb_device_power(hub->usb.downstream[index].dev, true);
	if (hub->usb.downstream[index].dev->speed == USB_SPEED_LOW)
		p->status |= HUB_LOW_SPEED;
	if (hub_is_super(hub)) /* the link trains by itself: USB3 10.3.1.2 */
		enable(hub, index);
	change(hub, index, HUB_C_CONNECTION);
}

/* Back to where a powered port without a device is. */
static void idle(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	p->status &= HUB_POWER | HUB_INDICATOR;
	p->link = HUB_RX_DETECT;
	p->pending = HUB_NOTHING;
	arm(hub);
}

void hub_port_power(struct hub *hub, unsigned index, bool on)
{
	struct hub_port *p = &hub->port[index];

	if (on == !!(p->status & HUB_POWER) || (on && p->overloaded))
		return;
	idle(hub, index);
	p->status = on ? HUB_POWER : 0;
	p->change &= on ? 0xff : HUB_C_OVER_CURRENT;
	p->link = on ? HUB_RX_DETECT : HUB_DISABLED;
	usb_port_close(&hub->usb.downstream[index]);
	if (!on)
		usb_device_power(hub->usb.downstream[index].dev, false);
	if (on && hub->usb.downstream[index].dev)
		hub_port_connect(hub, index);
}

void hub_port_reset(struct hub *hub, unsigned index, bool warm)
{
	struct hub_port *p = &hub->port[index];

	if (!(p->status & HUB_CONNECTION) || p->status & HUB_RESET)
		return;
	p->status = (p->status & (uint16_t) ~(HUB_ENABLE | HUB_SUSPEND)) | HUB_RESET;
	pend(hub, index, warm ? HUB_WARM_RESETTING : HUB_RESETTING, RESET_NS);
	usb_port_close(&hub->usb.downstream[index]);
}

void hub_port_disable(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	p->status &= (uint16_t) ~(HUB_ENABLE | HUB_SUSPEND);
	if (p->pending == HUB_RESUMING)
		p->pending = HUB_NOTHING;
	usb_port_close(&hub->usb.downstream[index]);
}

void hub_port_suspend(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	if (!(p->status & HUB_ENABLE) || p->status & (HUB_SUSPEND | HUB_RESET))
		return;
	p->status |= HUB_SUSPEND;
	p->link = HUB_U3;
	usb_port_close(&hub->usb.downstream[index]);
	usb_device_suspend(hub->usb.downstream[index].dev, true);
}

void hub_port_resume(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	if (p->status & HUB_SUSPEND && !p->pending)
		pend(hub, index, HUB_RESUMING, RESUME_NS);
}

static void end_reset(struct hub *hub, unsigned index, bool warm)
{
	uint16_t bits = HUB_C_RESET;

	if (!hub->usb.downstream[index].dev)
		return;
	enable(hub, index);
	if (warm && hub_is_super(hub))
		bits |= HUB_C_BH_RESET;
	change(hub, index, bits);
}

static void end_resume(struct hub *hub, unsigned index)
{
	struct hub_port *p = &hub->port[index];

	p->status &= (uint16_t)~HUB_SUSPEND;
	p->link = HUB_U0;
	hub->usb.downstream[index].open = true;
	usb_device_suspend(hub->usb.downstream[index].dev, false);
	change(hub, index, hub_is_super(hub) ? HUB_C_LINK_STATE : HUB_C_SUSPEND);
}

static void timer(struct usb_device *dev)
{
	struct hub *hub = hub_of(dev);

	for (unsigned i = 0; i < dev->downstream_count && !dev->gone; i++) {
		struct hub_port *p = &hub->port[i];
		enum hub_pending what = (enum hub_pending)p->pending;

		if (!what || p->due_ns > *dev->bus->now_ns)
			continue;
		p->pending = HUB_NOTHING;
		if (what == HUB_RESUMING)
			end_resume(hub, i);
		else
			end_reset(hub, i, what == HUB_WARM_RESETTING);
	}
	if (!dev->gone)
		arm(hub);
}

/* ---- what usb-core tells of the ports ------------------------------------------------------- */

static void attached(struct usb_port *port)
{
	struct hub *hub = hub_of(port->hub);

	port->open = false;
	if (hub->port[port->number - 1].status & HUB_POWER)
		hub_port_connect(hub, port->number - 1u);
}

static void detached(struct usb_port *port)
{
	struct hub *hub = hub_of(port->hub);
	unsigned index = port->number - 1u;

	port->open = false;
	if (port->hub->gone || !(hub->port[index].status & HUB_CONNECTION))
		return;
	idle(hub, index);
	change(hub, index, HUB_C_CONNECTION);
}

static void resume(struct usb_port *port)
{
	struct hub *hub = hub_of(port->hub);

	hub_port_resume(hub, port->number - 1u);
	usb_device_resume(port->hub);
}

static const struct usb_port_ops port_ops = {
	.attached = attached,
	.detached = detached,
	.resume = resume,
};

/* ---- life ---------------------------------------------------------------------------------- */

/* Not Configured: no power (USB2 11.5.1.1), whatever is plugged. */
static void all_off(struct hub *hub)
{
	for (unsigned i = 0; i < hub->usb.downstream_count; i++) {
		hub_port_power(hub, i, false);
		hub->port[i].change = 0;
		hub->port[i].u1 = hub->port[i].u2 = hub->port[i].wake = 0;
	}
	hub->hub_change = 0;
}

static void reset(struct usb_device *dev)
{
	struct hub *hub = hub_of(dev);

	if (!dev->port)
		return;
	hub->depth = 0;
	for (unsigned i = 0; i < dev->downstream_count; i++) {
		dev->downstream[i].bus = dev->bus;
		dev->downstream[i].speed_mask = hub_is_super(hub) ? 1 << USB_SPEED_SUPER
			: dev->speed == USB_SPEED_HIGH
			? 1 << USB_SPEED_HIGH | 1 << USB_SPEED_FULL | 1 << USB_SPEED_LOW
			: 1 << USB_SPEED_FULL | 1 << USB_SPEED_LOW;
	}
	all_off(hub);
}

static void configured(struct usb_device *dev)
{
	if (!dev->configuration)
		all_off(hub_of(dev));
}

static void hub_free(struct usb_device *dev)
{
	struct hub *hub = hub_of(dev);

	usb_device_fini(dev);
	heap_free(hub->port);
	heap_free(hub);
}

#define HUB_OPS(name, speeds)                                                                      \
	{                                                                                          \
		.model = name, .speed_mask = speeds, .describe = hub_describe, .plugged = reset,   \
		.reset = reset, .control = hub_control, .data = data, .configured = configured,    \
		.timer = timer, .suspended = suspended, .saved = hub_saved, .free = hub_free,      \
	}

static const struct usb_device_ops ops = HUB_OPS("hub", 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH);
static const struct usb_device_ops super_ops = HUB_OPS("super-hub", 1 << USB_SPEED_SUPER);

static struct hub *create(const struct usb_device_ops *with, unsigned ports)
{
	struct hub *hub = heap_zero(sizeof(*hub));
	uint8_t count = (uint8_t)(ports ? min_u64(ports, HUB_MAX_PORTS) : DEFAULT_PORTS);

	usb_device_init(&hub->usb, with, NULL, 0); /* see describe */
	hub->port = heap_zero(count * sizeof(*hub->port));
	hub->usb.self_powered = true;
	hub->usb.downstream = heap_zero(count * sizeof(*hub->usb.downstream));
	hub->usb.downstream_count = count;
	for (unsigned i = 0; i < count; i++)
		hub->usb.downstream[i] = (struct usb_port){
			.ops = &port_ops,
			.hub = &hub->usb,
			.number = (uint8_t)(i + 1),
		};
	return hub;
}

struct usb_device *hub_new(unsigned ports, bool multi_tt)
{
	struct hub *hub = create(&ops, ports);

	hub->multi_tt = multi_tt;
	return &hub->usb;
}

struct usb_device *hub_new_super(unsigned ports)
{
	return &create(&super_ops, ports)->usb;
}

int hub_overload(struct usb_device *dev, unsigned port, bool on)
{
	struct hub *hub;

	if (dev->ops != &ops && dev->ops != &super_ops)
		return -ENODEV;
	hub = hub_of(dev);
	if (!port || port > dev->downstream_count)
		return -ENOENT;
	if (hub->port[port - 1].overloaded == on)
		return 0;
	hub->port[port - 1].overloaded = on;
	if (on)
		hub_port_power(hub, port - 1, false); /* USB2 11.12.5 */
	change(hub, port - 1, HUB_C_OVER_CURRENT);
	return 0;
}
