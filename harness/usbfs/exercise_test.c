// SPDX-License-Identifier: MIT
/*
 * Tests of the user of libusb: it reads what it is given, nothing of an input outlives it, and its
 * mutants are inputs.
 */
#include "heap.h"
#include "usbfs/exercise.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
	int err;

	*state = exercise_new(&err);
	return *state ? 0 : err;
}

static int teardown(void **state)
{
	exercise_free(*state);
	return 0;
}

/* The built-in set, with these actions and one answer for whatever comes first. */
static uint64_t run(struct exercise *e, uint8_t actions, uint8_t status)
{
	const uint8_t input[EXERCISE_HEADER_BYTES + 4] = {0, 0, actions, 0, 0, 0, 0, 0x3f, status};

	exercise_run(e, input, sizeof(input));
	return e->sum;
}

static void what_a_device_says_is_read(void **state)
{
	struct exercise *e = *state;
	int files = e->files;
	uint64_t sum = run(e, 0, 0), with_strings = run(e, EXERCISE_STRINGS, 0);

	assert_true(sum != 0);
	assert_true(with_strings != sum);
	assert_true(run(e, 0, 0) == sum);
	assert_int_equal(e->files, files); /* as many to be watched as before */
}

static void each_action_makes_calls_and_leaves_nothing(void **state)
{
	uint64_t live = heap_live(), calls, most = 0;
	struct exercise *e = *state;

	for (unsigned actions = 0; actions < 256; actions++) {
		calls = e->counter;
		run(e, (uint8_t)actions, actions % USB_STATUSES);
		most = max_u64(most, e->counter - calls);
		assert_int_equal(heap_live(), live);
		assert_null(usbfs_find(e->usbfs.fd));
		assert_int_equal(e->usbfs.bus.live_packets, 0);
	}
	assert_true(most > 100);
}

static void any_bytes_are_an_input(void **state)
{
	struct exercise *e = *state;
	uint8_t bytes[200];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i * 3 + i);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		exercise_run(e, bytes + sizeof(bytes) - len, len);
	assert_true(e->counter >= sizeof(bytes));
}

static void the_kernel_refuses_the_ioctl_that_is_asked_for(void **state)
{
	struct exercise *e = *state;
	uint8_t input[EXERCISE_HEADER_BYTES] = {0, 0, 0, 1, 0};
	uint64_t requests;

	exercise_run(e, input, sizeof(input));
	requests = e->usbfs.requests; /* CONNECTINFO fails: that is the end of it */
	input[3] = 0;
	exercise_run(e, input, sizeof(input));
	assert_true(e->usbfs.requests > requests);
}

static void what_is_known_of_old_versions_is_passed_by_unless_strict(void **state)
{
	const struct libusb_version *v = libusb_get_version();
	struct exercise *e = *state;
	bool old = !v->minor && v->micro < 30;

	assert_int_equal(exercise_is_known(e, EXERCISE_NO_ENDPOINTS), old);
	assert_int_equal(e->known[EXERCISE_NO_ENDPOINTS], old);
	e->strict = true;
	assert_false(exercise_is_known(e, EXERCISE_NO_ENDPOINTS));
	assert_int_equal(e->known[EXERCISE_NO_ENDPOINTS], old);
}

static void mutants_are_inputs_with_every_action(void **state)
{
	uint8_t bytes[600], seen = 0;
	size_t len = 0;

	(void)state;
	for (unsigned seed = 0; seed < 5000; seed++) {
		size_t room = EXERCISE_HEADER_BYTES + seed % (sizeof(bytes) - 7);

		len = exercise_mutate(bytes, min_u64(len, room), room, seed);
		assert_true(len >= EXERCISE_HEADER_BYTES && len <= room);
		assert_true(get_le16(bytes + 5) <= len - EXERCISE_HEADER_BYTES);
		seen |= bytes[2];
	}
	assert_int_equal(seen, 0xff);
}

#define exercise_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		exercise_test(what_a_device_says_is_read),
		exercise_test(each_action_makes_calls_and_leaves_nothing),
		exercise_test(any_bytes_are_an_input),
		exercise_test(the_kernel_refuses_the_ioctl_that_is_asked_for),
		exercise_test(what_is_known_of_old_versions_is_passed_by_unless_strict),
		cmocka_unit_test(mutants_are_inputs_with_every_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
