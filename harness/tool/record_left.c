// SPDX-License-Identifier: MIT
/*
 * record_left.c -- what the lives before have left behind when the controller is reset: its configuration
 * space and the devices that are plugged in. A program of a later life begins with that.
 */
#include "op/args.h"
#include "tool/record.h"

void record_cutter_init(struct record_cutter *c, const struct recording *r, unsigned ops_max)
{
	*c = (struct record_cutter){.r = r, .ops_max = ops_max};
}

void record_cutter_fini(struct record_cutter *c)
{
	record_shapes_free(&c->seen);
}

static void note_config(struct record_cutter *c, const struct trace_row *row)
{
	unsigned dword = (unsigned)(row->addr / 4) % 64, shift = row->addr % 4 * 8;
	uint32_t mask = row->len == 4 ? ~0u : (1u << row->len * 8) - 1;

	if (!(row->flags & TRACE_WRITE) || row->flags & TRACE_FAULT || row->addr > 252)
		return;
	c->config[dword] =
		(c->config[dword] & ~(mask << shift)) | ((uint32_t)row->value & mask) << shift;
	c->config_known[dword] = true;
}

/* Is what hangs at route behind what hangs at hub, or the same? A route has four bits per hub. */
static bool covers(uint64_t hub, uint64_t route)
{
	uint64_t mask = 0;

	while (hub & ~mask)
		mask = mask << 4 | 0xf;
	return (route & mask) == hub;
}

static void drop(struct record_cutter *c, uint64_t port, uint64_t route)
{
	unsigned left = 0;

	for (unsigned i = 0; i < c->plugged_count; i++) {
		const struct op *p = &c->plugged[i];

		if (ARG(p, PLUG, port) != port || !covers(route, ARG(p, PLUG, route)))
			c->plugged[left++] = *p;
	}
	c->plugged_count = left;
}

static void note_device(struct record_cutter *c, const char *text, size_t len)
{
	struct op_program one;
	struct op_error error;
	const struct op *op;

	op_program_init(&one);
	op = !op_parse(&one, text, len, &error) && one.count == 1 ? &one.op[0] : NULL;
	if (op && op->id == OP_UNPLUG)
		drop(c, ARG(op, UNPLUG, port), ARG(op, UNPLUG, route));
	else if (op && op->id == OP_PLUG && c->plugged_count < ARRAY_SIZE(c->plugged))
		c->plugged[c->plugged_count++] = *op;
	op_program_fini(&one);
}

void record_cutter_note(struct record_cutter *c, const struct trace_row *row, uint32_t kept)
{
	if (row->kind == TRACE_CONFIG)
		note_config(c, row);
	else if (row->kind == RECORD_NOTE && kept)
		note_device(c, (const char *)row->data, kept);
}

void record_cutter_begin(const struct record_cutter *c, struct record_list *l)
{
	char text[64];

	snprintf(text, sizeof(text), "profile name=%s", c->r->head.profile);
	record_list_append_text(l, text, strlen(text));
	record_list_append_text(l, "ack mode=never", 14);
	for (unsigned i = 0; i < c->plugged_count; i++)
		record_list_append(l, &c->plugged[i], true);
	for (unsigned i = 0; i < ARRAY_SIZE(c->config); i++) {
		struct op op = {.id = OP_CONFIG_WRITE};

		if (!c->config_known[i])
			continue;
		op.v[ARG_INDEX(CONFIG_WRITE, offset)] = i * 4;
		op.v[ARG_INDEX(CONFIG_WRITE, value)] = c->config[i];
		record_list_append(l, &op, true);
	}
}
