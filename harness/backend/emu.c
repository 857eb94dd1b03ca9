// SPDX-License-Identifier: MIT
/*
 * emu.c -- the built-in machine as a backend: one machine per controller profile, made when first
 * asked for, and the ops of the device side and of the world played on it.
 *
 * A connector number beyond the last one wraps around; 0 is what the op's help says.
 */
#include <errno.h>

#include "backend/backend.h"
#include "backend/device_op.h"
#include "backend/machine.h"
#include "backend/snapshot_op.h"
#include "heap.h"
#include "op/args.h"
#include "op/names.h"

struct emu {
	struct backend backend; /* first member */
	struct machine *machine[XHCI_PROFILES];
	struct machine *now;
	unsigned current;       /* connector last plugged */
	uint32_t current_route; /* and the way behind it */
	bool played;            /* something happened: too late for `profile` */
};

static struct machine *playing(struct backend *b)
{
	struct emu *e = container_of(b, struct emu, backend);

	e->played = true;
	return e->now;
}

static void choose(struct emu *e, unsigned profile)
{
	struct machine **m = &e->machine[profile];

	if (!*m) {
		*m = heap_zero(sizeof(**m));
		machine_init(*m, e->backend.trace, &xhci_profiles[profile]);
	}
	e->now = *m;
	e->backend.trace->now_ns = &e->now->guest.clock.now_ns;
}

static void forget(struct emu *e, unsigned profile)
{
	if (!e->machine[profile])
		return;
	machine_fini(e->machine[profile]);
	heap_free(e->machine[profile]);
	e->machine[profile] = NULL;
}

/* The default machine stays; one that an input chose goes. */
static void emu_reset(struct backend *b)
{
	struct emu *e = container_of(b, struct emu, backend);

	choose(e, XHCI_PROFILE_QEMU);
	machine_reset(e->now);
	for (unsigned i = 0; i < XHCI_PROFILES; i++)
		if (i != XHCI_PROFILE_QEMU)
			forget(e, i);
	trace_reset(b->trace);
	e->current = e->current_route = 0;
	e->played = b->gone = false;
}

static void emu_close(struct backend *b)
{
	struct emu *e = container_of(b, struct emu, backend);

	for (unsigned i = 0; i < XHCI_PROFILES; i++)
		forget(e, i);
	heap_free(e);
}

/* ---- the guest's accesses ------------------------------------------------------------------ */

static uint64_t emu_mmio_read(struct backend *b, uint64_t offset, unsigned size)
{
	return b->gone ? UINT64_MAX >> (64 - 8 * size)
		       : mmio_read(&playing(b)->guest, offset, size);
}

static void emu_mmio_write(struct backend *b, uint64_t offset, uint64_t value, unsigned size)
{
	if (!b->gone)
		mmio_write(&playing(b)->guest, offset, value, size);
}

static uint32_t emu_config_read(struct backend *b, unsigned offset, unsigned size)
{
	return b->gone ? UINT32_MAX >> (32 - 8 * size)
		       : pci_config_read(&playing(b)->guest, offset, size);
}

static void emu_config_write(struct backend *b, unsigned offset, uint32_t value, unsigned size)
{
	if (!b->gone)
		pci_config_write(&playing(b)->guest, offset, value, size);
}

static int emu_mem_read(struct backend *b, uint64_t addr, void *buf, size_t len)
{
	return mem_read(playing(b)->guest.mem, addr, buf, len);
}

static int emu_mem_write(struct backend *b, uint64_t addr, const void *buf, size_t len)
{
	return mem_write(playing(b)->guest.mem, addr, buf, len);
}

static void emu_step(struct backend *b, uint64_t usec)
{
	if (!b->gone)
		machine_step(playing(b), usec);
}

static int emu_port_model(struct backend *b, unsigned port, uint32_t route)
{
	struct emu *e = container_of(b, struct emu, backend);
	const struct usb_port *at = port ? machine_port(e->now, port, route) : NULL;

	if (!port)
		return (int)machine_connector_count(e->now);
	return at && at->dev ? at->dev->model : -1;
}

static uint64_t emu_bar0(struct backend *b)
{
	return pci_bar0(&container_of(b, struct emu, backend)->now->guest);
}

/* ---- ops of the device side ---------------------------------------------------------------- */

static unsigned wrapped(const struct emu *e, uint64_t port)
{
	return (unsigned)((port - 1) % machine_connector_count(e->now)) + 1;
}

/* The device an op means: at its port, else the first one of that model (-1: the current one). */
static struct usb_device *find(const struct emu *e, uint64_t port, uint64_t route, int model)
{
	const struct usb_port *at;

	if (port || model < 0) {
		at = port ? machine_port_near(e->now, wrapped(e, port), (uint32_t)route)
			  : machine_port(e->now, e->current, e->current_route);
		if (port || (at && at->dev))
			return at->dev;
	}
	for (unsigned c = 1; c <= machine_connector_count(e->now); c++) {
		struct usb_device *dev = machine_find(machine_port(e->now, c, 0), model);

		if (dev)
			return dev;
	}
	return NULL;
}

static int op_plug(struct emu *e, const struct op *op)
{
	uint64_t port = ARG(op, PLUG, port);
	uint32_t route = (uint32_t)ARG(op, PLUG, route);
	unsigned connector = port ? wrapped(e, port) : 1;
	struct usb_port *at;
	int err;

	while (!port && !route && connector < machine_connector_count(e->now) &&
	       machine_device(e->now, connector))
		connector++;
	at = machine_port_near(e->now, connector, route);
	err = machine_plug(e->now, at, (unsigned)ARG(op, PLUG, model),
			   (enum usb_speed)ARG(op, PLUG, speed));
	if (!err) {
		e->current = connector;
		e->current_route = usb_port_route(at);
	}
	return err;
}

static int op_unplug(struct emu *e, const struct op *op)
{
	struct usb_device *dev = find(e, ARG(op, UNPLUG, port), ARG(op, UNPLUG, route), -1);

	if (!dev)
		return -ENODEV;
	usb_unplug(dev->port);
	return 0;
}

static int op_overload(struct emu *e, const struct op *op)
{
	unsigned connector = (unsigned)max_u64(ARG(op, OVERLOAD, port), 1);
	struct usb_port *at = machine_port_near(e->now, wrapped(e, connector),
						(uint32_t)ARG(op, OVERLOAD, route));

	return at->hub ? hub_overload(at->hub, at->number, ARG(op, OVERLOAD, on)) : -ENODEV;
}

/* The device an op of the device side is for; route and port of all of them are found alike. */
static struct usb_device *device_of(const struct emu *e, const struct op *op)
{
	struct usb_device *dev;

	switch (op->id) {
	case OP_KEY:
		return find(e, ARG(op, KEY, port), ARG(op, KEY, route), DEV_KEYBOARD);
	case OP_POINTER:
		dev = find(e, ARG(op, POINTER, port), ARG(op, POINTER, route), DEV_TABLET);
		return dev ? dev : find(e, 0, 0, DEV_MOUSE);
	case OP_ANSWER:
		return find(e, ARG(op, ANSWER, port), ARG(op, ANSWER, route), DEV_SCRIPTED);
	default:
		return find(e, ARG(op, FINISH, port), ARG(op, FINISH, route), DEV_SCRIPTED);
	}
}

/* ---- ops of the world ---------------------------------------------------------------------- */

static int op_fault(struct emu *e, const struct op *op, uint64_t addr)
{
	static const uint8_t mask[] = {
		[ACCESS_READ] = MEM_READ,
		[ACCESS_WRITE] = MEM_WRITE,
		[ACCESS_BOTH] = MEM_READ | MEM_WRITE,
		[ACCESS_NONE] = 0,
	};

	mem_set_fault(e->now->guest.mem, addr, mask[ARG(op, FAULT, access) & 3]);
	return 0;
}

static int op_port_event(struct emu *e, const struct op *op)
{
	unsigned event = (unsigned)ARG(op, PORT_EVENT, event);
	uint64_t port = ARG(op, PORT_EVENT, port);
	struct usb_device *dev = find(e, port, ARG(op, PORT_EVENT, route), -1);
	struct usb_port *root = port ? e->now->bus.port[wrapped(e, port) - 1]
		: dev                ? usb_port_root(dev->port)
				     : NULL;

	if (event < PORT_FAULTS && root)
		xhci_port_fault(e->now->xhci, root, (enum xhci_port_fault)event);
	else if (dev)
		usb_device_resume(dev);
	else
		return -ENODEV;
	return 0;
}

static int op_profile(struct emu *e, const struct op *op)
{
	unsigned profile = (unsigned)ARG(op, PROFILE, name);

	if (e->played)
		return -EBUSY;
	if (profile >= XHCI_PROFILES)
		return -ENODEV;
	choose(e, profile);
	return 0;
}

static int world(struct emu *e, const struct op *op, uint64_t addr)
{
	switch (op->id) {
	case OP_PLUG:
		return op_plug(e, op);
	case OP_UNPLUG:
		return op_unplug(e, op);
	case OP_OVERLOAD:
		return op_overload(e, op);
	case OP_KEY:
	case OP_POINTER:
	case OP_ANSWER:
	case OP_FINISH:
		return device_op(device_of(e, op), op);
	case OP_DESCRIPTORS:
		machine_set_descriptors(e->now, op->blob, op->blob_len);
		return 0;
	case OP_FAULT:
		return op_fault(e, op, addr);
	case OP_FLIP:
		mem_add_flip(e->now->guest.mem, addr, (unsigned)ARG(op, FLIP, nth), op->blob,
			     op->blob_len);
		return 0;
	case OP_PORT_EVENT:
		return op_port_event(e, op);
	case OP_SNAPSHOT:
		return snapshot_op(e->now, op);
	case OP_ONDEMAND:
		mem_set_ondemand(e->now->guest.mem, op->blob, op->blob_len);
		return 0;
	default:
		return -ENOSYS;
	}
}

static int emu_world(struct backend *b, const struct op *op, uint64_t addr)
{
	struct emu *e = container_of(b, struct emu, backend);
	int err;

	if (b->gone)
		return -ENODEV;
	if (op->id == OP_PROFILE)
		return op_profile(e, op);
	err = world(e, op, addr);
	e->played = true;
	/* what the device just promised or undid may let the controller go on */
	for (unsigned i = 0; i < MACHINE_WORK_PIECES && xhci_work(e->now->xhci); i++)
		;
	return err;
}

static int emu_end(struct backend *b, struct backend_balance *ret)
{
	struct machine_balance balance;

	machine_end(playing(b), &balance);
	*ret = (struct backend_balance){balance.live_packets, balance.live_devices,
					balance.armed_timers, balance.live_endpoints};
	return 0;
}

static const struct backend_ops emu_ops = {
	.name = "emu",
	.reset = emu_reset,
	.close = emu_close,
	.mmio_read = emu_mmio_read,
	.mmio_write = emu_mmio_write,
	.config_read = emu_config_read,
	.config_write = emu_config_write,
	.mem_read = emu_mem_read,
	.mem_write = emu_mem_write,
	.step = emu_step,
	.world = emu_world,
	.port_model = emu_port_model,
	.bar0 = emu_bar0,
	.end = emu_end,
};

struct machine *backend_emu_machine(struct backend *b)
{
	return container_of(b, struct emu, backend)->now;
}

struct backend *backend_open_emu(struct trace *trace)
{
	struct emu *e = heap_zero(sizeof(*e));

	e->backend.ops = &emu_ops;
	e->backend.trace = trace;
	choose(e, XHCI_PROFILE_QEMU);
	return &e->backend;
}
