// SPDX-License-Identifier: MIT
/*
 * machine_state.c -- the order of things: time, then devices from the root ports outwards, each hub
 * after what hangs on it, then the controller, whose ports know what is plugged, then the PCI function.
 * Devices are made anew by their models and plugged without a trace of it.
 */
#include "backend/machine_state.h"
#include "heap.h"
#include "usb/desc.h"
#include "xhci/save.h"

#define MAX_SET 65535u /* bytes of a scripted device's descriptors */

/* ---- devices ---- */

/* The descriptors that a scripted device was made with; NULL: the built-in ones. */
static const struct usb_desc *own_set(struct usb_device *dev)
{
	size_t len;

	if (dev->model != DEV_SCRIPTED || dev->ops->describe(dev, dev->speed, &len))
		return NULL;
	return dev->desc;
}

struct plugged {
	unsigned model, speed, ports;
	uint32_t set_len;
	uint8_t *set;
};

static void plug(struct state *st, struct machine *m, struct usb_port *port,
		 const struct plugged *from)
{
	uint8_t *desc = m->desc;
	size_t desc_len = m->desc_len;
	int err;

	m->desc = from->set;
	m->desc_len = from->set_len;
	err = machine_plug(m, port, from->model, (enum usb_speed)from->speed);
	m->desc = desc;
	m->desc_len = desc_len;
	state_check(st, !err && port->dev->ops->saved, "a device that cannot be there");
	state_check(st, err || port->dev->downstream_count == from->ports,
		    "a hub of another number of ports");
}

static void walk_timer(struct state *st, struct machine *m, struct usb_device *dev)
{
	struct machine_timer *t = dev->timer;
	bool armed = state_number(st, "timer", t != NULL, 0, 1);

	if (st->loading) {
		usb_device_arm(dev, UINT64_MAX);
		if (!armed)
			return;
		usb_device_arm(dev, 0);
		t = dev->timer;
	}
	if (!armed)
		return;
	timer_state(st, &m->guest.clock, &t->timer);
	if (st->loading && !t->timer.armed)
		usb_device_arm(dev, UINT64_MAX);
}

static void walk_port(struct state *st, struct machine *m, struct usb_port *port);

static void walk_device(struct state *st, struct machine *m, struct usb_port *port)
{
	struct usb_device *dev = port->dev;
	const struct usb_desc *set = dev ? own_set(dev) : NULL;
	struct plugged p = {0};

	state_section(st, "plugged");
	if (!st->loading) {
		p = (struct plugged){(unsigned)dev->model, dev->speed, dev->downstream_count,
				     set ? (uint32_t)set->len : 0, set ? set->bytes : NULL};
		if (dev->model < 0 || !usb_device_may_be_saved(dev))
			state_refuse(st, dev->ops->model);
	}
	p.model = (unsigned)state_number(st, "model", p.model, 0, DEV_MODELS - 1);
	p.speed = (unsigned)state_number(st, "speed", p.speed, USB_SPEED_FULL, USB_SPEED_SUPER);
	p.ports = (unsigned)state_number(st, "ports", p.ports, 0, HUB_MAX_PORTS);
	p.set_len = (uint32_t)state_number(st, "descriptors", p.set_len, 0, MAX_SET);
	if (st->loading)
		p.set = p.set_len ? heap_zero(p.set_len) : NULL;
	if (p.set_len)
		state_bytes(st, "descriptors", p.set, p.set_len);
	if (st->loading) {
		if (!st->refused)
			plug(st, m, port, &p);
		heap_free(p.set);
		dev = port->dev;
	}
	if (st->refused || !dev)
		return;
	for (unsigned i = 0; i < dev->downstream_count && !st->refused; i++)
		walk_port(st, m, &dev->downstream[i]);
	usb_device_walk(st, dev);
	walk_timer(st, m, dev);
}

static void walk_port(struct state *st, struct machine *m, struct usb_port *port)
{
	if (state_number(st, "plugged", port->dev != NULL, 0, 1))
		walk_device(st, m, port);
}

static const struct state_field bus_fields[] = {
	STATE_ANY(usb_bus, next_packet_id),
};

static void walk(struct state *st, struct machine *m)
{
	uint64_t seq;

	state_section(st, m->xhci->profile->name);
	clock_state(st, &m->guest.clock);
	seq = m->guest.clock.seq;
	for (unsigned i = 0; i < m->bus.port_count && !st->refused; i++)
		walk_port(st, m, m->bus.port[i]);
	if (st->refused)
		return;
	state_section(st, "bus");
	state_walk(st, bus_fields, ARRAY_SIZE(bus_fields), &m->bus);
	xhci_state(st, m->xhci);
	pci_state(st, &m->guest);
	m->guest.clock.seq = seq; /* what plugging armed on the way does not count */
}

/* ---- the machine ---- */

bool machine_save(struct machine *m, struct state *st, struct state_lie *lie)
{
	state_save(st);
	st->lie = lie;
	if (!xhci_quiesce(m->xhci)) {
		state_refuse(st,
			     "packets are under way, and the controller may not move their data");
		return false;
	}
	walk(st, m);
	return !st->refused;
}

/* As machine_reset, but memory and disk stay: the bus goes first, and the controller halts, so that nobody tells of the rest. */
static void start_over(struct machine *m)
{
	pci_reset(&m->guest);
	xhci_power_on(m->xhci);
	usb_bus_reset(&m->bus);
	clock_reset(&m->guest.clock);
	xhci_power_on(m->xhci);
}

bool machine_load(struct machine *m, struct state *st, const void *bytes, size_t len)
{
	struct trace before = *m->trace; /* who loads a state has not lived through it */
	bool loaded;

	m->trace->sink = NULL;
	start_over(m);
	state_load(st, bytes, len);
	walk(st, m);
	loaded = state_loaded(st);
	if (!loaded)
		start_over(m);
	*m->trace = before;
	return loaded;
}

void machine_go_on(struct machine *m)
{
	xhci_resume_all(m->xhci);
}
