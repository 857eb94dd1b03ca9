// SPDX-License-Identifier: MIT
/*
 * machine.c -- wiring: device timers to the guest's clock, ports to models, and the loop that
 * lets the controller work while virtual time passes.
 */
#include <errno.h>

#include "backend/machine.h"
#include "heap.h"

/* ---- device timers ------------------------------------------------------------------------- */

static void timer_fired(void *opaque)
{
	struct machine_timer *t = opaque;
	struct usb_device *dev = t->dev;

	t->dev = NULL;
	usb_device_timer(dev);
}

static struct machine_timer *timer_of(struct machine *m, struct usb_device *dev)
{
	for (unsigned i = 0; i < MACHINE_DEVICE_TIMERS; i++)
		if (m->timer[i].dev == dev)
			return &m->timer[i];
	return NULL;
}

static void arm_timer(void *opaque, struct usb_device *dev, uint64_t delay_ns)
{
	struct machine *m = opaque;
	struct machine_timer *t = timer_of(m, dev);

	if (delay_ns == UINT64_MAX) {
		if (t) {
			clock_disarm(&m->guest.clock, &t->timer);
			t->dev = NULL;
		}
		return;
	}
	t = t ? t : timer_of(m, NULL);
	REQUIRE(t); /* one per connector */
	t->dev = dev;
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
	memset(m->model, -1, sizeof(m->model));
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
	memset(m->model, -1, sizeof(m->model));
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

void machine_step(struct machine *m, uint64_t usec)
{
	struct clock *c = &m->guest.clock;
	uint64_t end_ns = c->now_ns + min_u64(usec, UINT32_MAX) * 1000;
	struct trace_row row = {.kind = TRACE_STEP};
	unsigned pieces = MACHINE_WORK_PIECES;

	for (unsigned i = 0; i < MACHINE_STEP_PIECES && c->first && c->first->deadline_ns <= end_ns;
	     i++) {
		clock_step(c, max_u64(c->first->deadline_ns, c->now_ns) - c->now_ns);
		work(m, &pieces);
	}
	clock_step(c, end_ns - c->now_ns);
	row.value = c->now_ns;
	trace_append(m->trace, &row);
	work(m, &pieces);
}

/* ---- devices ------------------------------------------------------------------------------- */

unsigned machine_connector_count(const struct machine *m)
{
	return m->bus.port_count;
}

struct usb_device *machine_device(const struct machine *m, unsigned connector)
{
	if (!connector || connector > m->bus.port_count)
		return NULL;
	return m->bus.port[connector - 1]->dev;
}

int machine_model(const struct machine *m, unsigned connector)
{
	return machine_device(m, connector) ? m->model[connector - 1] : -1;
}

int machine_attach(struct machine *m, unsigned connector, unsigned model, struct usb_device *dev,
		   enum usb_speed speed)
{
	struct usb_port *port;
	uint8_t mask;
	int err;

	if (!connector || connector > m->bus.port_count || model >= DEV_MODELS)
		return -ENODEV;
	port = m->bus.port[connector - 1];
	if (port->dev)
		return -EBUSY;
	mask = port->speed_mask;
	m->model[connector - 1] = (int8_t)model;
	if (speed != USB_SPEED_NONE)
		port->speed_mask &= (uint8_t)(1u << speed);
	err = usb_plug(port, dev);
	port->speed_mask = mask;
	return err;
}

int machine_plug(struct machine *m, unsigned connector, unsigned model, enum usb_speed speed)
{
	struct dev_context context = {.disk = m->disk, .desc = m->desc, .desc_len = m->desc_len};
	struct usb_device *dev;
	int err;

	if (!connector || connector > m->bus.port_count || model >= DEV_MODELS)
		return -ENODEV;
	if (machine_device(m, connector))
		return -EBUSY;
	dev = dev_models[model].create(&context);
	err = machine_attach(m, connector, model, dev, speed);
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
