// SPDX-License-Identifier: MIT
/*
 * record_list.c -- the ops of a life while it is put together: memory that the controller reads late goes in
 * front of the access that made it read.
 */
#include <limits.h>

#include "op/args.h"
#include "tool/record.h"

void record_list_init(struct record_list *l, unsigned max)
{
	*l = (struct record_list){.max = max};
	l->op = alloc_zero(max * sizeof(*l->op));
}

void record_list_fini(struct record_list *l)
{
	for (unsigned i = 0; i < l->count; i++)
		free((uint8_t *)(uintptr_t)l->op[i].op.blob);
	free(l->op);
	memset(l, 0, sizeof(*l));
}

static void set_blob(struct op *op, const uint8_t *first, uint32_t first_len, const uint8_t *rest,
		     uint32_t rest_len)
{
	size_t len = (size_t)first_len + rest_len;
	uint8_t *all = len ? alloc_zero(len) : NULL;

	if (first_len)
		memcpy(all, first, first_len);
	if (rest_len)
		memcpy(all + first_len, rest, rest_len);
	op->blob = all;
	op->blob_len = (uint16_t)len;
}

/* Room for one at a place, or NULL. */
static struct record_op *insert(struct record_list *l, unsigned at)
{
	if (l->count == l->max) {
		l->dropped++;
		return NULL;
	}
	memmove(l->op + at + 1, l->op + at, (l->count - at) * sizeof(*l->op));
	l->count++;
	memset(&l->op[at], 0, sizeof(l->op[at]));
	return &l->op[at];
}

void record_list_append(struct record_list *l, const struct op *op, bool acts)
{
	struct record_op *made = insert(l, l->count);

	if (acts)
		l->action++;
	if (!made)
		return;
	*made = (struct record_op){.op = *op, .action = l->action, .acts = acts};
	set_blob(&made->op, op->blob, op->blob_len, NULL, 0);
}

void record_list_append_text(struct record_list *l, const char *text, size_t len)
{
	struct op_program one;
	struct op_error error;

	op_program_init(&one);
	if (!op_parse(&one, text, len, &error) && one.count == 1)
		record_list_append(l, &one.op[0], true);
	op_program_fini(&one);
}

/* Where the op of an action is; behind the last one if it was dropped. */
static unsigned find(const struct record_list *l, uint32_t action)
{
	unsigned i = l->count;

	while (i && l->op[i - 1].action >= action) {
		i--;
		if (l->op[i].action == action && l->op[i].acts)
			return i;
	}
	return i;
}

unsigned record_list_put_memory(struct record_list *l, uint32_t action, uint64_t addr,
				const uint8_t *data, uint32_t len)
{
	unsigned at = find(l, action);
	struct op *before = at ? &l->op[at - 1].op : NULL;
	struct record_op *made;

	if (before && before->id == OP_MEMORY &&
	    before->v[ARG_INDEX(MEMORY, ptr)] + before->blob_len == addr &&
	    before->blob_len + len <= OP_MAX_BLOB) {
		uint8_t *was = (uint8_t *)(uintptr_t)before->blob;

		set_blob(before, was, before->blob_len, data, len);
		free(was);
		return UINT_MAX;
	}
	made = insert(l, at);
	if (!made)
		return UINT_MAX;
	made->action = action;
	made->op = (struct op){.id = OP_MEMORY, .addr_kind = ADDR_RAW};
	made->op.v[ARG_INDEX(MEMORY, ptr)] = addr;
	set_blob(&made->op, data, len, NULL, 0);
	return at;
}

struct op *record_list_last(struct record_list *l)
{
	struct record_op *last = l->count ? &l->op[l->count - 1] : NULL;

	return last && last->acts && last->action == l->action ? &last->op : NULL;
}
