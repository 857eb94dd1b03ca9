// SPDX-License-Identifier: MIT
/*
 * machine.c -- wiring: device timers to the guest's clock, ports to models, and the loop that
 * lets the controller work while virtual time passes.
 */
#include <errno.h>

#include "backend/machine.h"
#include "heap.h"

#define CATCH_UP_PIECES 64u /* calls of xhci_work before a step of a machine that is late */

/* ---- device timers ------------------------------------------------------------------------- */

static void timer_fired(void *opaque)
{
	struct machine_timer *t = opaque;
	struct usb_device *dev = t->dev;

	t->dev = NULL;
	dev->timer = NULL;
	usb_device_timer(dev);
}

static struct machine_timer *free_timer(struct machine *m)
{
	for (unsigned i = 0; i < MACHINE_MAX_DEVICES; i++)
		if (!m->timer[i].dev)
			return &m->timer[i];
	return NULL;
}

static void arm_timer(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	struct machine *m = opaque;
	struct machine_timer *t = dev->timer;

	if (delay_ns == UINT64_MAX) {
		if (t) {
			clock_disarm(&m->guest.clock, &t->timer);
			t->dev = NULL;
			dev->timer = NULL;
		}
		return;
	}
	t = t ? t : free_timer(m);
	REQUIRE(t); /* one for each device */
	t->dev = dev;
	dev->timer = t;
	t->timer.fire = timer_fired;
	t->timer.opaque = t;
	clock_arm(&m->guest.clock, &t->timer,
		  m->guest.clock.now_ns + min_u64(delay_ns, UINT64_MAX / 4));
}

/* ---- life ---------------------------------------------------------------------------------- */

void machine_init(struct machine *m, struct trace *trace, const struct xhci_profile *profile)
{
	memset(m, 0, sizeof(*m));
	m->trace = trace;
	guest_init(&m->guest, trace, &profile->pci);
	usb_bus_init(&m->bus, trace, &m->guest.clock.now_ns);
	m->bus.arm_timer = arm_timer;
	m->bus.timer_opaque = m;
	m->xhci = xhci_new(&m->guest, &m->bus, profile);
	m->disk = disk_new_memory(MACHINE_DISK_BLOCKS, 512);
}

void machine_fini(struct machine *m)
{
	trace_sink *sink = m->trace->sink;

	m->trace->sink = NULL;
	usb_bus_reset(&m->bus);
	xhci_free(m->xhci);
	guest_fini(&m->guest);
	disk_free(m->disk);
	heap_free(m->desc);
	m->trace->sink = sink;
}

void machine_reset(struct machine *m)
{
	struct trace before = *m->trace; /* what the last input left is nobody's business */

	m->trace->sink = NULL;
	m->trace->now_ns = &m->guest.clock.now_ns;
	usb_bus_reset(&m->bus);
	guest_reset(&m->guest);
	xhci_power_on(m->xhci);
	disk_reset(m->disk);
	machine_set_descriptors(m, NULL, 0);
	m->lied = false;
	before.now_ns = m->trace->now_ns;
	*m->trace = before;
}

void machine_end(struct machine *m, struct machine_balance *ret)
{
	memset(ret, 0, sizeof(*ret));
	usb_bus_reset(&m->bus);
	xhci_power_on(m->xhci);
	ret->live_packets = m->bus.live_packets;
	ret->live_devices = m->bus.live_devices;
	ret->live_endpoints = xhci_live_endpoints(m->xhci);
	for (struct timer *t = m->guest.clock.first; t; t = t->next)
		ret->armed_timers++;
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A ring that never ends uses up the pieces of a step, not the time of a fuzz input. */
static void work(struct machine *m, unsigned *pieces)
{
	while (*pieces && xhci_work(m->xhci))
		--*pieces;
}

static void pass(struct machine *m, uint64_t usec, unsigned *pieces)
{
	struct clock *c = &m->guest.clock;
	uint64_t end_ns = c->now_ns + min_u64(usec, UINT32_MAX) * 1000;
	struct trace_row row = {.kind = TRACE_STEP};

	for (unsigned i = 0; i < MACHINE_STEP_PIECES && c->first && c->first->deadline_ns <= end_ns;
	     i++) {
		clock_step(c, max_u64(c->first->deadline_ns, c->now_ns) - c->now_ns);
		work(m, pieces);
	}
	clock_step(c, end_ns - c->now_ns);
	row.value = c->now_ns;
	trace_append(m->trace, &row);
}

void machine_step(struct machine *m, uint64_t usec)
{
	unsigned pieces = MACHINE_WORK_PIECES;

	pass(m, usec, &pieces);
	work(m, &pieces);
}

void machine_pass(struct machine *m, uint64_t usec)
{
	unsigned pieces = 1;

	pass(m, usec, &pieces);
}

void machine_catch_up(struct machine *m, uint64_t usec)
{
	for (; usec > MACHINE_STEP_USEC; usec -= MACHINE_STEP_USEC) {
		unsigned pieces = CATCH_UP_PIECES;

		work(m, &pieces);
		machine_pass(m, MACHINE_STEP_USEC);
	}
	machine_pass(m, usec);
}

/* ---- devices ------------------------------------------------------------------------------- */

unsigned machine_connector_count(const struct machine *m)
{
	return m->bus.port_count;
}

struct usb_port *machine_port(const struct machine *m, unsigned connector, uint32_t route)
{
	if (!connector || connector > m->bus.port_count)
		return NULL;
	return usb_route_port(m->bus.port[connector - 1], route);
}

struct usb_port *machine_port_near(const struct machine *m, unsigned connector, uint32_t route)
{
	struct usb_port *port = machine_port(m, connector, 0);

	for (unsigned i = 0; port && i < USB_MAX_HUBS && route & 0xf; i++, route >>= 4) {
		const struct usb_device *hub = port->dev;

		if (!hub || hub->gone || !hub->downstream_count)
			break;
		port = &hub->downstream[((route & 0xf) - 1) % hub->downstream_count];
	}
	return port;
}

struct usb_device *machine_device(const struct machine *m, unsigned connector)
{
	const struct usb_port *port = machine_port(m, connector, 0);

	return port ? port->dev : NULL;
}

/* As deep as hubs are in a row: USB_MAX_HUBS. */
struct usb_device *machine_find(const struct usb_port *port, int model)
{
	struct usb_device *dev = port->dev, *found;

	if (!dev || model < 0 || dev->model == model)
		return dev;
	for (unsigned i = 0; i < dev->downstream_count; i++) {
		found = machine_find(&dev->downstream[i], model);
		if (found)
			return found;
	}
	return NULL;
}

int machine_model(const struct machine *m, unsigned connector)
{
	const struct usb_device *dev = machine_device(m, connector);

	return dev ? dev->model : -1;
}

int machine_attach(struct machine *m, struct usb_port *port, unsigned model, struct usb_device *dev,
		   enum usb_speed speed)
{
	uint8_t mask;
	int err;

	if (!port || model >= DEV_MODELS)
		return -ENODEV;
	if (port->dev)
		return -EBUSY;
	if (m->bus.live_devices >= MACHINE_MAX_DEVICES)
		return -ENOSPC;
	mask = port->speed_mask;
	dev->model = (int8_t)model;
	if (speed != USB_SPEED_NONE)
		port->speed_mask &= (uint8_t)(1u << speed);
	err = usb_plug(port, dev);
	port->speed_mask = mask;
	return err;
}

int machine_plug(struct machine *m, struct usb_port *port, unsigned model, enum usb_speed speed)
{
	struct dev_context context = {.disk = m->disk, .desc = m->desc, .desc_len = m->desc_len};
	struct usb_device *dev;
	int err;

	if (!port || model >= DEV_MODELS)
		return -ENODEV;
	if (port->dev)
		return -EBUSY;
	dev = dev_models[model].create(&context);
	err = machine_attach(m, port, model, dev, speed);
	if (err)
		dev_free(dev);
	return err;
}

int machine_unplug(struct machine *m, unsigned connector)
{
	if (!machine_device(m, connector))
		return -ENODEV;
	usb_unplug(m->bus.port[connector - 1]);
	return 0;
}

void machine_set_descriptors(struct machine *m, const uint8_t *bytes, size_t len)
{
	heap_free(m->desc);
	m->desc = NULL;
	m->desc_len = len;
	if (!len)
		return;
	m->desc = heap_zero(len);
	memcpy(m->desc, bytes, len);
}
