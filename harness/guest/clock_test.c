// SPDX-License-Identifier: MIT
#include "guest/guest.h"
#include "heap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct log {
	struct clock clock;
	struct timer timer[4];
	struct alarm {
		struct log *log;
		unsigned id;
		uint64_t again_ns; /* re-arm this much later, 0 = not */
		int disarms;       /* index of a timer to disarm, -1 = none */
	} alarm[4];
	unsigned fired[16];
	uint64_t at_ns[16];
	unsigned count;
};

static void on_fire(void *opaque)
{
	struct alarm *a = opaque;
	struct log *log = a->log;

	if (log->count < ARRAY_SIZE(log->fired)) {
		log->fired[log->count] = a->id;
		log->at_ns[log->count] = log->clock.now_ns;
	}
	log->count++;
	assert_false(log->timer[a->id].armed);
	if (a->disarms >= 0)
		clock_disarm(&log->clock, &log->timer[a->disarms]);
	if (a->again_ns)
		clock_arm(&log->clock, &log->timer[a->id], log->clock.now_ns + a->again_ns - 1);
}

static int setup(void **state)
{
	struct log *log = heap_zero(sizeof(*log));

	for (unsigned i = 0; i < ARRAY_SIZE(log->timer); i++) {
		log->alarm[i] = (struct alarm){.log = log, .id = i, .disarms = -1};
		log->timer[i].fire = on_fire;
		log->timer[i].opaque = &log->alarm[i];
	}
	*state = log;
	return 0;
}

static int teardown(void **state)
{
	heap_free(*state);
	return 0;
}

static void timers_fire_in_order_of_their_deadlines_at_those_times(void **state)
{
	struct log *log = *state;

	clock_arm(&log->clock, &log->timer[0], 300);
	clock_arm(&log->clock, &log->timer[1], 100);
	clock_arm(&log->clock, &log->timer[2], 200);
	clock_arm(&log->clock, &log->timer[3], 301);
	assert_true(clock_step(&log->clock, 300));
	assert_int_equal(log->count, 3);
	assert_int_equal(log->fired[0], 1);
	assert_int_equal(log->at_ns[0], 100);
	assert_int_equal(log->fired[1], 2);
	assert_int_equal(log->at_ns[1], 200);
	assert_int_equal(log->fired[2], 0);
	assert_int_equal(log->clock.now_ns, 300);
	assert_true(log->timer[3].armed);
}

static void equal_deadlines_fire_in_arming_order(void **state)
{
	struct log *log = *state;

	clock_arm(&log->clock, &log->timer[2], 50);
	clock_arm(&log->clock, &log->timer[0], 50);
	clock_arm(&log->clock, &log->timer[1], 50);
	clock_arm(&log->clock, &log->timer[2], 50); /* again: now the last */
	clock_step(&log->clock, 50);
	assert_int_equal(log->count, 3);
	assert_int_equal(log->fired[0], 0);
	assert_int_equal(log->fired[1], 1);
	assert_int_equal(log->fired[2], 2);
}

static void rearming_moves_a_timer_and_disarming_removes_it(void **state)
{
	struct log *log = *state;

	clock_arm(&log->clock, &log->timer[0], 10);
	clock_arm(&log->clock, &log->timer[0], 500);
	clock_arm(&log->clock, &log->timer[1], 20);
	clock_disarm(&log->clock, &log->timer[1]);
	clock_disarm(&log->clock, &log->timer[1]);
	clock_step(&log->clock, 499);
	assert_int_equal(log->count, 0);
	clock_step(&log->clock, 1);
	assert_int_equal(log->count, 1);
	assert_false(log->timer[0].armed);
}

static void a_deadline_in_the_past_fires_at_the_next_step_without_turning_time_back(void **state)
{
	struct log *log = *state;

	clock_step(&log->clock, 1000);
	clock_arm(&log->clock, &log->timer[0], 10);
	assert_int_equal(log->count, 0);
	clock_step(&log->clock, 0);
	assert_int_equal(log->count, 1);
	assert_int_equal(log->at_ns[0], 1000);
}

static void a_timer_may_arm_itself_and_disarm_another_while_it_fires(void **state)
{
	struct log *log = *state;

	log->alarm[0].again_ns = 101;
	log->alarm[0].disarms = 1;
	clock_arm(&log->clock, &log->timer[0], 100);
	clock_arm(&log->clock, &log->timer[1], 100);
	assert_true(clock_step(&log->clock, 350));
	assert_int_equal(log->count, 3);
	assert_int_equal(log->at_ns[1], 200);
	assert_int_equal(log->at_ns[2], 300);
	assert_int_equal(log->timer[0].deadline_ns, 400);
}

static void a_timer_that_never_stops_is_stopped_and_goes_on_in_the_next_step(void **state)
{
	struct log *log = *state;

	log->alarm[0].again_ns = 1; /* at the same time */
	clock_arm(&log->clock, &log->timer[0], 7);
	assert_false(clock_step(&log->clock, 100));
	assert_int_equal(log->count, CLOCK_MAX_FIRES);
	assert_int_equal(log->clock.now_ns, 7);
	log->alarm[0].again_ns = 0;
	assert_true(clock_step(&log->clock, 100));
	assert_int_equal(log->count, CLOCK_MAX_FIRES + 1);
	assert_int_equal(log->clock.now_ns, 107);
}

static void as_many_fires_as_allowed_are_a_complete_step(void **state)
{
	struct log *log = *state;

	log->alarm[0].again_ns = 2; /* one nanosecond later */
	clock_arm(&log->clock, &log->timer[0], 1);
	assert_true(clock_step(&log->clock, CLOCK_MAX_FIRES));
	assert_int_equal(log->count, CLOCK_MAX_FIRES);
}

static void time_ends_at_its_last_nanosecond(void **state)
{
	struct log *log = *state;

	clock_arm(&log->clock, &log->timer[0], UINT64_MAX);
	clock_step(&log->clock, UINT64_MAX - 1);
	assert_int_equal(log->count, 0);
	assert_true(clock_step(&log->clock, UINT64_MAX));
	assert_int_equal(log->count, 1);
	assert_true(log->clock.now_ns == UINT64_MAX);
}

static void a_reset_clock_is_at_zero_with_nothing_armed(void **state)
{
	struct log *log = *state;

	clock_step(&log->clock, 5);
	clock_arm(&log->clock, &log->timer[0], 10);
	clock_arm(&log->clock, &log->timer[1], 20);
	clock_reset(&log->clock);
	assert_false(log->timer[0].armed || log->timer[1].armed);
	assert_int_equal(log->clock.now_ns, 0);
	clock_step(&log->clock, 100);
	assert_int_equal(log->count, 0);
}

#define clock_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		clock_test(timers_fire_in_order_of_their_deadlines_at_those_times),
		clock_test(equal_deadlines_fire_in_arming_order),
		clock_test(rearming_moves_a_timer_and_disarming_removes_it),
		clock_test(a_deadline_in_the_past_fires_at_the_next_step_without_turning_time_back),
		clock_test(a_timer_may_arm_itself_and_disarm_another_while_it_fires),
		clock_test(a_timer_that_never_stops_is_stopped_and_goes_on_in_the_next_step),
		clock_test(as_many_fires_as_allowed_are_a_complete_step),
		clock_test(time_ends_at_its_last_nanosecond),
		clock_test(a_reset_clock_is_at_zero_with_nothing_armed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
