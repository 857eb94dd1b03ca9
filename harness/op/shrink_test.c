// SPDX-License-Identifier: MIT
/*
 * shrink_test.c -- what is left is minimal, holds, and was paid for within the budget.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/names.h"
#include "op/test_program.h"

struct judge {
	unsigned calls;
};

static const struct op *next_op(const struct op_program *p, unsigned *at, unsigned id)
{
	while (*at < p->count) {
		const struct op *op = &p->op[(*at)++];

		if (op->id == id)
			return op;
	}
	return NULL;
}

/* A link to itself on endpoint 0's ring, then a doorbell for target 9 or more, an odd blob later. */
static bool link_then_doorbell(const struct op_program *p, void *opaque)
{
	struct judge *j = opaque;
	const struct op *op;
	unsigned at = 0;

	j->calls++;
	for (;;) {
		op = next_op(p, &at, OP_TRB);
		if (!op)
			return false;
		if (op_get(op, "type") == TRB_LINK && op_get(op, "ring") == RING_EP0 &&
		    op->addr_kind == ADDR_SELF && op_get(op, "flags") & TRB_IOC)
			break;
	}
	do
		op = next_op(p, &at, OP_DOORBELL);
	while (op && op_get(op, "target") < 9);
	if (!op)
		return false;
	do
		op = next_op(p, &at, OP_ONDEMAND);
	while (op && !(op->blob_len >= 3 && op->blob[2] & 1));
	return op;
}

static bool anything_goes(const struct op_program *p, void *opaque)
{
	((struct judge *)opaque)->calls++;
	return p->count > 0;
}

static bool nothing_goes(const struct op_program *p, void *opaque)
{
	(void)p;
	((struct judge *)opaque)->calls++;
	return false;
}

static void must_parse(struct op_program *p, const char *text)
{
	struct op_error error;

	assert_int_equal(op_parse(p, text, strlen(text), &error), 0);
}

static void a_needle_in_a_haystack_is_all_that_is_left(void **state)
{
	struct op_program p, part;
	struct judge j = {0};
	struct op_random r = {1};
	unsigned i;
	char *text;

	(void)state;
	op_program_init(&p);
	op_program_init(&part);
	test_program_draw(&p, &r, 300);
	must_parse(
		&part,
		"trb slot=3 ring=ep0 type=link ptr=self+0x40 length=512 flags=ioc+ch+bei extra=9\n"
		"doorbell slot=7 target=200 stream=4\n"
		"ondemand data=1122334455667788\n");
	for (i = 0; i < part.count; i++)
		op_program_insert(&p, 80 * (i + 1), &part.op[i]);
	assert_true(link_then_doorbell(&p, &j));
	op_shrink(&p, link_then_doorbell, &j);
	assert_true(link_then_doorbell(&p, &j));
	text = op_print_program(&p);
	assert_string_equal(text,
			    "trb ring=ep0 type=link ptr=self flags=ioc\n"
			    "doorbell target=9\n"
			    "ondemand data=000001\n");
	assert_in_range(j.calls, 1, 4000);
	free(text);
	op_program_fini(&p);
	op_program_fini(&part);
}

static void one_polite_op_is_the_least(void **state)
{
	struct op_program p;
	struct judge j = {0};
	struct op_random r = {2};

	(void)state;
	op_program_init(&p);
	test_program_draw(&p, &r, 100);
	op_shrink(&p, anything_goes, &j);
	assert_int_equal(p.count, 1);
	assert_true(op_equal(&p.op[0], &(struct op){.id = p.op[0].id}));
	op_program_fini(&p);
}

static void what_nobody_wants_stays_as_it_was(void **state)
{
	struct op_program p, before;
	struct judge j = {0};
	struct op_random r = {3};

	(void)state;
	op_program_init(&p);
	op_program_init(&before);
	test_program_draw(&p, &r, 1000);
	op_program_copy(&before, &p);
	op_shrink(&p, nothing_goes, &j);
	assert_true(op_program_equal(&p, &before));
	assert_int_equal(j.calls, OP_SHRINK_CALLS);
	op_program_fini(&p);
	op_program_fini(&before);
}

/* Remembers the last program it liked. */
struct memory {
	struct op_program liked;
	struct op_random random;
};

static bool moody(const struct op_program *p, void *opaque)
{
	struct memory *m = opaque;

	if (!op_random_one_in(&m->random, 3))
		return false;
	op_program_copy(&m->liked, p);
	return true;
}

static void the_result_is_always_one_that_was_liked(void **state)
{
	struct op_program p;
	struct memory m = {.random = {4}};
	unsigned n;

	(void)state;
	op_program_init(&p);
	op_program_init(&m.liked);
	for (n = 0; n < 50; n++) {
		test_program_draw(&p, &m.random, 20);
		op_program_copy(&m.liked, &p);
		op_shrink(&p, moody, &m);
		assert_true(op_program_equal(&p, &m.liked));
	}
	op_program_fini(&p);
	op_program_fini(&m.liked);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_needle_in_a_haystack_is_all_that_is_left),
		cmocka_unit_test(one_polite_op_is_the_least),
		cmocka_unit_test(what_nobody_wants_stays_as_it_was),
		cmocka_unit_test(the_result_is_always_one_that_was_liked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
