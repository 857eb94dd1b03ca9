// SPDX-License-Identifier: MIT
/*
 * vacuity.c -- `gauntlet vacuity`: what the shipped corpus never reaches. A test that cannot fail is
 * no test, and neither is a corpus that never asks. What is expected: vacuity_expect.c.
 */
#include <errno.h>
#include <sys/mman.h>

#include "tool/vacuity.h"
#include "tool/verbs.h"

static void seen(uint8_t *flag)
{
	*flag = 1;
}

/* In the child: every row. */
static void note_row(void *opaque, const struct trace_row *row)
{
	struct reached *r = opaque;
	struct trb t;

	if (row->kind == TRACE_OP && row->value < OP_COUNT)
		seen(&r->op[row->value]);
	if (row->kind == TRACE_PACKET && row->what == PACKET_COMPLETE && row->status < 8)
		seen(&r->packet_status[row->status]);
	if (row->kind == TRACE_IRQ && row->what < IRQ_WHATS)
		seen(&r->irq[row->what]);
	if (row->kind != TRACE_DMA || !row->data)
		return;
	if (row->what < DMA_WHATS)
		seen(&r->dma[row->what]);
	if (row->len != TRB_SIZE)
		return;
	t = trb_decode(row->data);
	if (row->what == DMA_XFER_TRB)
		seen(&r->transfer[trb_type(&t)]);
	else if (row->what == DMA_CMD_TRB)
		seen(&r->command[trb_type(&t)]);
	else if (row->what == DMA_EVENT_TRB) {
		seen(&r->event[trb_type(&t)]);
		seen(&r->completion[trb_completion(&t)]);
	}
}

static void note_field(struct reached *r, const struct op_field *f, uint64_t v)
{
	struct reached_table *t = reached_table(r, f->names);

	if (!t)
		return;
	for (unsigned row = 0; row < f->names->count && row < REACHED_ROWS; row++)
		if (f->type == FIELD_BITS ? v >> row & 1 : v == row)
			seen(&t->row[row]);
}

/* In the child, before the case: the values that its ops name. */
static void note_program(void *opaque, const struct tool_case *c)
{
	struct reached *r = opaque;

	for (unsigned i = 0; i < c->program.count; i++) {
		const struct op *op = &c->program.op[i];
		const struct op_info *info = &op_table[op->id];

		for (unsigned f = 0; f < info->field_count; f++) {
			if (info->field[f].type == FIELD_ADDR && op->addr_kind < ADDR_KINDS)
				seen(&r->addr_kind[op->addr_kind]);
			else if (info->field[f].names)
				note_field(r, &info->field[f], op->v[f]);
		}
	}
	if (c->target == TARGET_DESCRIPTOR)
		reached_descriptors(r, c->bytes, c->len);
}

static int play_all(struct reached *r, const struct tool_list *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		struct tool_play p = {.also = note_row,
				      .also_opaque = r,
				      .begin = note_program,
				      .quiet_child = true};
		struct tool_case c;
		int err = tool_case_read(&c, list->path[i], NULL);

		if (err)
			return err;
		err = tool_play(&p, &c);
		if (!err && p.verdict.kind != VERDICT_CLEAN) {
			printf("%s: ", c.path);
			tool_verdict_print(&p.verdict, stdout);
			putchar('\n');
		}
		tool_play_free(&p);
		tool_case_free(&c);
		if (err)
			return err;
	}
	return 0;
}

static int vacuity(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	struct reached *r =
		mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tool_list list = {0};
	unsigned missing;
	int err = 0;

	(void)verb, (void)value;
	if (r == MAP_FAILED)
		return tool_refuse("%s", strerror(errno));
	for (unsigned i = 0; i < count && !err; i++)
		err = tool_list_add(&list, operand[i]);
	if (!err && !list.count)
		err = tool_refuse("%s: there is no case in it", operand[0]);
	if (!err)
		err = play_all(r, &list);
	if (!err) {
		missing = reached_compare(r, stdout);
		printf("%u cases reach %u of %u things\n", list.count, r->expected - missing,
		       r->expected);
		err = missing ? EXIT_FINDING : EXIT_CLEAN;
	} else {
		err = EXIT_BAD;
	}
	tool_list_free(&list);
	munmap(r, sizeof(*r));
	return err;
}

const struct tool_verb verb_vacuity = {
	.name = "vacuity",
	.operands = "FILE|FOLDER...",
	.help = "list what a corpus never reaches: ops, their values, TRBs, completion codes",
	.min = 1,
	.max = ~0u,
	.run = vacuity,
	.more = "Exit status 1 if something is missing, or if a trace shows something that the tables\n"
		"of what is expected do not know.",
};
