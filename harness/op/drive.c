// SPDX-License-Identifier: MIT
/*
 * drive.c -- the driver as one object: its books, guest memory, symbolic addresses, dispatch.
 * Leaves out: streams, isochronous scheduling (an Isoch TRB is sent as soon as possible).
 */
#include "heap.h"
#include "op/drive_core.h"

struct drive *drive_new(struct backend *b)
{
	struct drive *d = heap_zero(sizeof(*d));

	d->b = b;
	drive_reset(d);
	return d;
}

void drive_free(struct drive *d)
{
	if (!d)
		return;
	drive_reset(d);
	heap_free(d);
}

void drive_reset(struct drive *d)
{
	for (unsigned i = 0; i < ARRAY_SIZE(d->slot); i++)
		heap_free(d->slot[i]);
	*d = (struct drive){
		.b = d->b,
		.fresh = true,
		.ack_mode = ACK_EACH_OP,
		.data_next = DRIVE_DATA,
	};
}

/* ---- books --------------------------------------------------------------------------------- */

struct drive_slot *drive_slot_get(struct drive *d, unsigned id)
{
	struct drive_slot *s;

	id &= 0xff;
	if (!d->slot[id])
		d->slot[id] = heap_zero(sizeof(*s));
	s = d->slot[id];
	if (!d->slot_used[id]) {
		memset(s, 0, sizeof(*s));
		s->id = (uint8_t)id;
		s->fresh = !d->slot_dirty[id];
		d->slot_dirty[id] = true;
		d->slot_used[id] = true;
		d->used[d->used_count++] = (uint8_t)id;
	}
	return s;
}

struct drive_slot *drive_slot_pick(struct drive *d, uint64_t field)
{
	unsigned id = field ? (unsigned)field : d->current;

	return drive_slot_get(d, id ? id : 1);
}

void drive_slot_forget(struct drive *d, unsigned id)
{
	for (unsigned i = 0; i < d->used_count; i++) {
		if (d->used[i] != id)
			continue;
		d->used[i] = d->used[--d->used_count];
		break;
	}
	for (unsigned i = 0; i <= DRIVE_MAX_CONNECTORS; i++) {
		if (d->connector_slot[i] == id)
			d->connector_slot[i] = 0;
	}
	for (unsigned i = 0; d->streams_next && i < DRIVE_STREAM_EPS; i++)
		if (d->streams[i].slot == id)
			d->streams[i].slot = 0;
	d->slot_used[id] = false;
	if (d->current == id)
		d->current = 0;
}

unsigned drive_current_slot(const struct drive *d)
{
	return d->current;
}

unsigned drive_last_completion(const struct drive *d, unsigned slot, unsigned dci)
{
	if (slot > 255 || dci > 31 || !d->slot_used[slot])
		return 0;
	return d->slot[slot]->ep[dci].last_cc;
}

/* ---- guest memory -------------------------------------------------------------------------- */

void drive_mem_write(struct drive *d, uint64_t addr, const void *buf, size_t len)
{
	(void)d->b->ops->mem_write(d->b, addr, buf, len);
}

void drive_mem_read(struct drive *d, uint64_t addr, void *buf, size_t len)
{
	if (d->b->ops->mem_read(d->b, addr, buf, len))
		memset(buf, 0, len);
}

void drive_mem_zero(struct drive *d, uint64_t addr, size_t len)
{
	static const uint8_t zeros[512];

	for (; len > sizeof(zeros); addr += sizeof(zeros), len -= sizeof(zeros))
		drive_mem_write(d, addr, zeros, sizeof(zeros));
	drive_mem_write(d, addr, zeros, len);
}

uint64_t drive_data_alloc(struct drive *d, uint32_t len)
{
	uint64_t addr = d->data_next;
	uint64_t room = (len + 63u) & ~63u;

	if ((addr & 0xffff) + len > 0x10000) /* one TRB's buffer may not cross (xHCI 6.4.1) */
		addr = (addr + 0xffff) & ~UINT64_C(0xffff);
	if (addr + room > DRIVE_DATA_END)
		addr = len > 0x4000 ? DRIVE_DATA + 0x10000 - (DRIVE_DATA & 0xffff) : DRIVE_DATA;
	d->data_next = addr + (room ? room : 64);
	return addr;
}

void drive_data_pattern(struct drive *d, uint64_t addr, uint32_t len)
{
	uint8_t chunk[512];

	for (uint32_t done = 0; done < len; done += (uint32_t)sizeof(chunk)) {
		for (unsigned i = 0; i < sizeof(chunk); i++)
			chunk[i] = (uint8_t)((done + i) * 7 + ((done + i) >> 8) + 1);
		drive_mem_write(d, addr + done, chunk, min_u64(sizeof(chunk), len - done));
	}
}

void drive_step(struct drive *d, uint64_t usec)
{
	d->b->ops->step(d->b, usec);
}

/* ---- symbolic addresses -------------------------------------------------------------------- */

static uint64_t resolve_ring(struct drive *d, const struct drive_slot *s, unsigned dci,
			     bool enqueue)
{
	const struct drive_ring *r = dci ? &s->ep[dci & 31].ring : &d->command;

	if (!dci)
		return enqueue && r->trbs ? r->enqueue : DRIVE_COMMAND;
	return enqueue && r->trbs ? r->enqueue : drive_ring_base(s, dci & 31);
}

uint64_t drive_resolve_in(struct drive *d, const struct op *op, struct drive_slot *s, unsigned dci,
			  uint64_t automatic)
{
	const struct op_info *info = &op_table[op->id];
	uint64_t offset = 0;

	for (unsigned i = 0; i < info->field_count; i++) {
		if (info->field[i].type == FIELD_ADDR)
			offset = op->v[i];
	}
	switch ((enum addr_kind)(op->addr_kind % ADDR_KINDS)) {
	case ADDR_AUTO:
		return automatic + offset;
	case ADDR_SELF:
		return resolve_ring(d, s, dci, true) + offset;
	case ADDR_RING:
		return resolve_ring(d, s, dci, false) + offset;
	case ADDR_BUF:
		return DRIVE_DATA + offset;
	case ADDR_BAR:
		return d->b->ops->bar0(d->b) + offset;
	case ADDR_DCBAA:
		return DRIVE_DCBAA + offset;
	case ADDR_CTX:
		return drive_device_context(s) + offset;
	case ADDR_INPUT:
		return DRIVE_INPUT + offset;
	case ADDR_ERST:
		return DRIVE_ERST + offset;
	case ADDR_EVENT:
		return DRIVE_EVENT + offset;
	case ADDR_COMMAND:
		return DRIVE_COMMAND + offset;
	case ADDR_RAW:
	case ADDR_KINDS:
		break;
	}
	return offset;
}

uint64_t drive_resolve(struct drive *d, const struct op *op)
{
	struct drive_slot *s;
	unsigned dci = 0;

	switch (op->id) {
	case OP_TRB:
		s = drive_slot_pick(d, ARG(op, TRB, slot));
		dci = (unsigned)ARG(op, TRB, ring) & 31;
		break;
	case OP_COMMAND:
		s = drive_slot_pick(d, ARG(op, COMMAND, slot));
		dci = (unsigned)ARG(op, COMMAND, ring) & 31;
		dci = dci ? dci : 1;
		break;
	default:
		s = drive_slot_pick(d, 0);
	}
	return drive_resolve_in(d, op, s, dci, DRIVE_DATA);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

static void op_memory(struct drive *d, const struct op *op)
{
	switch (op->addr_kind) {
	case ADDR_RAW:
	case ADDR_AUTO:
	case ADDR_BUF:
		break;
	default: /* the driver's own structures: so that start does not undo it */
		drive_need(d);
	}
	drive_mem_write(d, drive_resolve(d, op), op->blob, op->blob_len);
}

static void op_world(struct drive *d, const struct op *op)
{
	if (op->id == OP_KEY || op->id == OP_POINTER)
		drive_listen_all(d);
	(void)d->b->ops->world(d->b, op, drive_resolve(d, op));
}

static void op_doorbell(struct drive *d, const struct op *op)
{
	unsigned slot = (unsigned)ARG(op, DOORBELL, slot),
		 target = (unsigned)ARG(op, DOORBELL, target);

	drive_need(d);
	if (!slot && target)
		slot = d->current;
	drive_doorbell(d, slot, target, (unsigned)ARG(op, DOORBELL, stream));
}

static bool dispatch_raw(struct drive *d, const struct op *op)
{
	switch (op->id) {
	case OP_WRITE:
		drive_op_write(d, op);
		return true;
	case OP_READ:
		drive_op_read(d, op);
		return true;
	case OP_POKE:
		drive_op_poke(d, op);
		return true;
	case OP_PEEK:
		drive_op_peek(d, op);
		return true;
	case OP_CONFIG_WRITE:
		drive_op_config_write(d, op);
		return true;
	case OP_CONFIG_READ:
		drive_op_config_read(d, op);
		return true;
	case OP_MEMORY:
		op_memory(d, op);
		return true;
	case OP_TWEAK:
		drive_op_tweak(d, op);
		return true;
	case OP_ERST:
		drive_op_erst(d, op);
		return true;
	case OP_ACK:
		drive_op_ack(d, op);
		return true;
	case OP_STEP:
		drive_step(d, ARG(op, STEP, usec));
		return true;
	default:
		return false;
	}
}

static bool dispatch_guest(struct drive *d, const struct op *op)
{
	switch (op->id) {
	case OP_ENUMERATE:
		drive_op_enumerate(d, op);
		return true;
	case OP_START:
		drive_start(d, (unsigned)ARG(op, START, driver), (unsigned)ARG(op, START, slots),
			    (unsigned)ARG(op, START, intrs));
		return true;
	case OP_CONTROLLER:
		drive_op_controller(d, op);
		return true;
	case OP_ADDRESS:
		drive_op_address(d, op);
		return true;
	case OP_CONFIGURE:
		drive_op_configure(d, op);
		return true;
	case OP_CONTROL:
		drive_op_control(d, op);
		return true;
	case OP_CONTROL_OUT:
		drive_op_control_out(d, op);
		return true;
	case OP_TRANSFER:
		drive_op_transfer(d, op);
		return true;
	case OP_READ_SECTOR:
	case OP_WRITE_SECTOR:
		drive_op_sector(d, op, op->id == OP_WRITE_SECTOR);
		return true;
	case OP_SCSI:
		drive_op_scsi(d, op);
		return true;
	case OP_STREAMS:
		drive_op_streams(d, op);
		return true;
	case OP_STREAM:
		drive_op_stream(d, op);
		return true;
	case OP_TRB:
		drive_op_trb(d, op);
		return true;
	case OP_DOORBELL:
		op_doorbell(d, op);
		return true;
	case OP_COMMAND:
		drive_op_command(d, op);
		return true;
	default:
		return false;
	}
}

void drive_op(struct drive *d, const struct op *op)
{
	if (op->id >= OP_COUNT)
		return;
	memset(&d->wait, 0, sizeof(d->wait));
	d->patience = DRIVE_PATIENCE;
	if (!dispatch_guest(d, op) && !dispatch_raw(d, op))
		op_world(d, op);
	if (d->started) {
		drive_poll(d);
		drive_ports_changed(d);
	}
}
