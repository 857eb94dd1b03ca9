// SPDX-License-Identifier: MIT
/*
 * explain.c -- the readable trace: a heading for each op, below it what happened, one row each with
 * the virtual time in microseconds.
 */
#include "tool/explain.h"

void explain_init(struct explain *e, FILE *out, const struct op_program *program,
		  unsigned long rows_max)
{
	memset(e, 0, sizeof(*e));
	e->out = out;
	e->program = program;
	e->rows_max = rows_max;
	/* QEMU's layout, until the guest has read where things are. */
	e->oper = 0x40;
	e->runtime = 0x1000;
	e->doorbell = 0x2000;
	e->ports = 255;
	e->interrupters = 126;
}

static void explain_op(struct explain *e, const struct trace_row *row)
{
	char text[400];

	fprintf(e->out, "op %llu: ", (unsigned long long)row->addr);
	if (e->program && row->addr < e->program->count) {
		op_print(&e->program->op[row->addr], text, sizeof(text));
		if (strlen(text) > 160)
			strcpy(text + 157, "...");
		fprintf(e->out, "%s\n", text);
	} else {
		fprintf(e->out, "%s\n", row->value < OP_COUNT ? op_table[row->value].name : "end");
	}
}

static void explain_irq(struct explain *e, const struct trace_row *row)
{
	static const char *const wire[IRQ_WHATS] = {[IRQ_PME] = "PME#",
						    [IRQ_SERR] = "SERR#",
						    [IRQ_SMI] = "SMI",
						    [IRQ_RESET] = "the function starts over"};

	if (row->what == IRQ_INTX)
		fprintf(e->out, "irq   INTx %s\n", row->value ? "asserted" : "deasserted");
	else if (row->what >= IRQ_PME)
		fprintf(e->out, "irq   %s\n", row->what < IRQ_WHATS ? wire[row->what] : "?");
	else
		fprintf(e->out, "irq   %s message 0x%llx to 0x%llx\n",
			row->what == IRQ_MSI ? "MSI" : "MSI-X", (unsigned long long)row->value,
			(unsigned long long)row->addr);
}

static void explain_plug(struct explain *e, const struct trace_row *row)
{
	char place[EXPLAIN_PLACE];

	fprintf(e->out, "USB   port %s: %s\n", explain_place(row->slot, row->addr, place),
		row->what ? "plugged" : "unplugged");
	if (row->slot <= EXPLAIN_PORTS)
		e->request[row->slot].open = false;
}

static uint64_t hash_data(const struct trace_row *row)
{
	uint64_t h = 0;

	for (uint32_t i = 0; row->data && i < row->len; i++)
		h = (h ^ row->data[i]) * UINT64_C(0x100000001b3) + 1;
	return h;
}

/* The same as the row before? */
static bool is_again(struct explain *e, const struct trace_row *row)
{
	const struct trace_row *l = &e->last;
	uint64_t was = e->last_hash;

	e->last_hash = hash_data(row);
	if (was != e->last_hash)
		return false;

	return row->kind == l->kind && row->flags == l->flags && row->what == l->what &&
		row->slot == l->slot && row->dci == l->dci && row->addr == l->addr &&
		row->len == l->len && row->value == l->value && row->op == l->op &&
		(row->kind == TRACE_MMIO || row->kind == TRACE_DMA);
}

static void explain_again(struct explain *e)
{
	if (e->again)
		fprintf(e->out, "                   ... %lu more of these\n", e->again);
	e->again = 0;
}

void explain_row(void *opaque, const struct trace_row *row)
{
	struct explain *e = opaque;

	if (is_again(e, row)) {
		e->again++;
		return;
	}
	e->last = *row;
	if (e->rows_max && ++e->rows > e->rows_max)
		return;
	explain_again(e);
	if (row->kind == TRACE_OP) {
		explain_op(e, row);
		return;
	}
	fprintf(e->out, "%11llu.%03u us  ", (unsigned long long)(row->time_ns / 1000),
		(unsigned)(row->time_ns % 1000));
	switch (row->kind) {
	case TRACE_MMIO:
		explain_mmio(e, row);
		break;
	case TRACE_CONFIG:
		explain_config(e, row);
		break;
	case TRACE_DMA:
		explain_dma(e, row);
		break;
	case TRACE_IRQ:
		explain_irq(e, row);
		break;
	case TRACE_PACKET:
		explain_packet(e, row);
		break;
	case TRACE_PLUG:
		explain_plug(e, row);
		break;
	case TRACE_STEP:
		fprintf(e->out, "time  moves to %llu.%03u us\n",
			(unsigned long long)(row->value / 1000), (unsigned)(row->value % 1000));
		break;
	case TRACE_STATE:
		fprintf(e->out, "state %s\n",
			row->what == STATE_WHOLE          ? "saved, and goes on as it was"
				: row->what == STATE_LIED ? "loaded, and not what was saved"
							  : "refused: power-on, nothing plugged");
		break;
	default:
		fprintf(e->out, "row of kind %u\n", row->kind);
	}
}

void explain_end(struct explain *e)
{
	explain_again(e);
	if (e->rows_max && e->rows > e->rows_max)
		fprintf(e->out, "... %lu more rows; --rows 0 prints all\n", e->rows - e->rows_max);
	fflush(e->out);
}
