// SPDX-License-Identifier: MIT
/*
 * record_make.c -- a life of the recording as a program. The driver's structures stay where the guest had
 * them; `memory` puts what the controller reads there, just before the access that makes it read: the
 * doorbell, unless something else was there in between.
 *
 * When the program is played, everything happens at once that a served machine does bit by bit, and time
 * moves only by `step`. So a `step` stands before each thing that happened by itself later on, and before each
 * doorbell. Long waits are cut; polls, and what comes after the last thing of a new kind, are left out.
 */
#include "op/args.h"
#include "op/names.h"
#include "tool/record.h"
#include "usb/desc.h"

#define WAIT_MAX_USEC 100000 /* longer ones are cut to that */
#define WORK_MAX 24u         /* TRBs that one op is trusted to work off */
#define READS_MAX 3u         /* of one register in a program */
#define WAIT_MIN_USEC 125    /* shorter ones do not matter */

struct maker {
	const struct record_cutter *c;
	struct record_life *life;
	uint32_t slack_usec;
	struct record_list list;
	struct record_memory *memory;
	struct record_shapes shapes; /* of this life */
	uint32_t doorbell[256][32];  /* action of the last one; [0][0]: commands */
	uint32_t erst;               /* action that wrote ERSTBA last */
	int64_t now_ns, offset_ns;   /* time of the program; of it, less that of the recording */
	uint8_t reads[65536];        /* how often each offset was read and kept */
	unsigned work;               /* TRBs fetched by the last action */
	unsigned useful;             /* ops up to the last thing of a new kind */
	bool fresh;                  /* ... and the last action is one */
};

/* ---- time ---------------------------------------------------------------------------------- */

static void step(struct maker *m, int64_t usec)
{
	struct op op = {.id = OP_STEP};

	m->now_ns += usec * 1000;
	op.v[ARG_INDEX(STEP, usec)] = (uint64_t)usec;
	record_list_append(&m->list, &op, true);
}

/* Let it be the time of the row, and slack later, if that is at least so much. */
static void follow_time(struct maker *m, const struct trace_row *row, int64_t min_usec,
			uint32_t slack_usec)
{
	int64_t usec = ((int64_t)row->time_ns + m->offset_ns - m->now_ns) / 1000;

	if (usec < min_usec)
		return;
	if (usec > WAIT_MAX_USEC) {
		m->offset_ns -= (usec - WAIT_MAX_USEC) * 1000;
		usec = WAIT_MAX_USEC;
	}
	m->offset_ns += slack_usec * 1000LL;
	step(m, usec + slack_usec);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* The action that made the controller read this. */
static uint32_t cause_of(const struct maker *m, const struct trace_row *row)
{
	uint32_t action = m->list.action;

	switch (row->what) {
	case DMA_XFER_TRB:
	case DMA_DATA:
	case DMA_STREAM_CTX:
		action = m->doorbell[row->slot][row->dci & 31];
		break;
	case DMA_ERST:
		action = m->erst;
		break;
	case DMA_DCBAA:
	case DMA_CMD_TRB:
	case DMA_INPUT_CTX:
		action = m->doorbell[0][0];
		break;
	default:
		break;
	}
	return action ? action : m->list.action;
}

static void memory_read(struct maker *m, const struct trace_row *row, uint32_t kept)
{
	uint32_t action = cause_of(m, row), used;

	if (!kept || kept < row->len) /* a part of it is as good as nothing */
		return;
	if (record_memory_differs(m->memory, row->addr, row->data, kept)) {
		used = record_memory_used(m->memory, row->addr, kept);
		if (used >= action)
			action = used + 1;
		if (action > m->list.action)
			step(m, 1); /* it was something else a moment ago */
		if (record_list_put_memory(&m->list, action, row->addr, row->data, kept) <
		    m->useful)
			m->useful++;
	}
	record_memory_set(m->memory, row->addr, row->data, kept, action);
}

static void dma(struct maker *m, const struct trace_row *row, uint32_t kept)
{
	if (row->flags & (TRACE_FAULT | TRACE_OWN_BAR | TRACE_BLOCKED))
		return;
	follow_time(m, row, WAIT_MIN_USEC, row->what == DMA_EVENT_TRB ? m->slack_usec : 0);
	if (row->what == DMA_XFER_TRB && ++m->work >= WORK_MAX)
		step(m, 1); /* the controller's budget */
	if (row->flags & TRACE_WRITE)
		record_memory_forget(m->memory, row->addr, row->len, cause_of(m, row));
	else
		memory_read(m, row, kept);
}

/* ---- accesses ------------------------------------------------------------------------------ */

static void mmio_write_row(struct maker *m, const struct trace_row *row)
{
	const struct record_head *where = &m->c->r->head;
	struct op *last = record_list_last(&m->list), op;

	record_reg_write(where, row, &op);
	if (last && record_reg_join(where, last, &op))
		return;
	if (record_reg_is_doorbell(where, row))
		follow_time(m, row, WAIT_MIN_USEC, 0);
	record_list_append(&m->list, &op, true);
	if (op.id != OP_WRITE)
		return;
	if (ARG(&op, WRITE, reg) == REG_ERSTBA)
		m->erst = m->list.action;
	if (ARG(&op, WRITE, reg) == REG_DOORBELL)
		m->doorbell[ARG(&op, WRITE, index) & 255][row->value & 31] = m->list.action;
}

/* Reading changes nothing: a few times are enough, and a register that is polled is one of them. */
static void mmio_read_row(struct maker *m, const struct trace_row *row)
{
	uint8_t *reads = &m->reads[row->addr & 0xffff];
	struct op op;

	record_reg_read(&m->c->r->head, row, &op);
	if (*reads == READS_MAX ||
	    (m->list.count && op_equal(&m->list.op[m->list.count - 1].op, &op)))
		return;
	++*reads;
	record_list_append(&m->list, &op, false);
}

static void config_row(struct maker *m, const struct trace_row *row)
{
	struct op op = {.id = OP_CONFIG_WRITE};

	if (!(row->flags & TRACE_WRITE) || row->flags & TRACE_FAULT)
		return;
	op.v[ARG_INDEX(CONFIG_WRITE, offset)] = row->addr;
	op.v[ARG_INDEX(CONFIG_WRITE, value)] = row->value;
	op.v[ARG_INDEX(CONFIG_WRITE, size)] =
		row->len == 4 ? 0 : (uint64_t)op_names_find_value(&names_access_size, row->len);
	record_list_append(&m->list, &op, true);
}

static void take_row(struct maker *m, const struct trace_row *row, uint32_t kept)
{
	switch (row->kind) {
	case TRACE_MMIO:
		if (row->flags & TRACE_FAULT)
			break;
		if (row->flags & TRACE_WRITE)
			mmio_write_row(m, row);
		else
			mmio_read_row(m, row);
		break;
	case TRACE_CONFIG:
		config_row(m, row);
		break;
	case TRACE_DMA:
		dma(m, row, kept);
		break;
	case TRACE_PACKET: /* which comes before its DMA */
		if (row->what == PACKET_COMPLETE && row->flags == USB_EP_INTERRUPT)
			follow_time(m, row, 1, m->slack_usec);
		break;
	case RECORD_NOTE:
		follow_time(m, row, WAIT_MIN_USEC, 0);
		record_list_append_text(&m->list, (const char *)row->data, kept);
		break;
	default:
		break;
	}
}

/* ---- a life -------------------------------------------------------------------------------- */

/* The last action is over before this row. */
static void end_action(struct maker *m, unsigned ops, size_t row)
{
	if (m->fresh && !m->list.dropped) {
		m->useful = ops;
		m->life->end_row = row;
	}
	m->fresh = false;
}

static void take(struct maker *m, size_t i)
{
	const struct recording *r = m->c->r;
	const struct trace_row *row = &r->row[i];
	uint64_t shape = record_shape_of(&r->head, row, r->kept[i]);
	uint32_t action = m->list.action;
	unsigned ops = m->list.count;

	take_row(m, row, r->kept[i]);
	if (m->list.action != action) {
		end_action(m, ops, i);
		m->work = 0;
	}
	if (m->list.dropped)
		return;
	m->fresh |= record_shapes_add(&m->shapes, shape);
}

static void finish(struct maker *m)
{
	end_action(m, m->list.count, m->life->next_row);
	m->life->ops_cut = m->list.count - m->useful + m->list.dropped;
	for (unsigned i = 0; i < m->useful; i++)
		op_program_append(&m->life->program, &m->list.op[i].op);
	record_list_fini(&m->list);
	record_memory_free(m->memory);
	record_shapes_free(&m->shapes);
}

void record_life_make(const struct record_cutter *c, struct record_life *life, uint32_t slack_usec)
{
	struct maker *m = alloc_zero(sizeof(*m));

	op_program_clear(&life->program);
	life->end_row = life->first_row;
	m->c = c;
	m->life = life;
	m->slack_usec = slack_usec;
	m->offset_ns = -(int64_t)c->r->row[life->first_row].time_ns;
	m->memory = record_memory_new();
	record_list_init(&m->list, c->ops_max);
	record_cutter_begin(c, &m->list);
	for (size_t i = life->first_row; i < life->next_row; i++)
		take(m, i);
	finish(m);
	free(m);
}

bool record_life_next(struct record_cutter *c, struct record_life *life)
{
	const struct recording *r = c->r;
	size_t i;

	memset(life, 0, sizeof(*life));
	op_program_init(&life->program);
	for (; c->next < r->count && r->row[c->next].kind != TRACE_MMIO; c->next++)
		record_cutter_note(c, &r->row[c->next], r->kept[c->next]);
	life->first_row = c->next;
	for (i = c->next; i < r->count; i++) {
		if (life->rang && record_reg_is_reset(&r->head, &r->row[i]))
			break;
		life->rang |= record_reg_is_doorbell(&r->head, &r->row[i]);
	}
	life->next_row = i;
	return life->next_row > life->first_row;
}

void record_life_pass(struct record_cutter *c, struct record_life *life)
{
	const struct recording *r = c->r;

	for (; c->next < life->next_row; c->next++) {
		uint64_t shape = record_shape_of(&r->head, &r->row[c->next], r->kept[c->next]);

		record_cutter_note(c, &r->row[c->next], r->kept[c->next]);
		if (c->next < life->end_row)
			life->new_shapes += record_shapes_add(&c->seen, shape);
	}
}

void record_life_free(struct record_life *life)
{
	op_program_fini(&life->program);
}
