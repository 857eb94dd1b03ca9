// SPDX-License-Identifier: MIT
/*
 * backend.h -- who answers the ops: the built-in machine (emu.c), later any QEMU (qtest) or our
 * controller served to a real guest (vfio_user). The driver (op/drive.c) sees only this.
 */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include "base.h"
#include "trace.h"

struct op;
struct backend;

/* What is still alive after everything was unplugged and reset (design decision 10). */
struct backend_balance {
	unsigned live_packets, live_devices, armed_timers, live_endpoints;
};

struct backend_ops {
	const char *name;
	/* Back to power-on: nothing plugged, memory zero, virtual time 0, trace empty. */
	void (*reset)(struct backend *b);
	void (*close)(struct backend *b);
	uint64_t (*mmio_read)(struct backend *b, uint64_t offset, unsigned size);
	void (*mmio_write)(struct backend *b, uint64_t offset, uint64_t value, unsigned size);
	uint32_t (*config_read)(struct backend *b, unsigned offset, unsigned size);
	void (*config_write)(struct backend *b, unsigned offset, uint32_t value, unsigned size);
	/* The guest's own accesses to its memory: 0 or -EFAULT. */
	int (*mem_read)(struct backend *b, uint64_t addr, void *buf, size_t len);
	int (*mem_write)(struct backend *b, uint64_t addr, const void *buf, size_t len);
	/* Let virtual time pass, microseconds. */
	void (*step)(struct backend *b, uint64_t usec);
	/*
	 * An op of the device side or of the world (plug, unplug, answer, finish, key, pointer,
	 * descriptors, fault, flip, ondemand, profile). addr: the resolved ADDR field. 0, or
	 * -errno if it cannot be done (port taken, no such device, unsupported here).
	 */
	int (*world)(struct backend *b, const struct op *op, uint64_t addr);
	/* What is plugged into root port (1-based) or, by its route string, behind it: model index, or
	 * -1. Root port count if port = 0. */
	int (*port_model)(struct backend *b, unsigned port, uint32_t route);
	uint64_t (*bar0)(struct backend *b); /* guest-physical */
	/* End of input: unplug everything, reset the controller, count. -ENOSYS: cannot count. */
	int (*end)(struct backend *b, struct backend_balance *ret);
};

struct backend {
	const struct backend_ops *ops;
	struct trace *trace; /* NULL: this backend records nothing */
	bool gone; /* as a card pulled out, till reset: reads are all ones, the rest does nothing (emu only) */
};

/* The built-in machine; trace is borrowed. Never fails but on memory. */
struct backend *backend_open_emu(struct trace *trace);
/* What is behind it until the next reset: for who plugs in a device that no op can name. */
struct machine;
struct machine *backend_emu_machine(struct backend *b);

#endif
