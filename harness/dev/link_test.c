// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>

#include "dev/link.h"

#include <cmocka.h>

static void count_up(void *opaque)
{
	++*(unsigned *)opaque;
}

static void bytes_come_back_in_order_across_the_end(void **state)
{
	struct dev_link *l = link_loop_new(false);
	uint8_t out[1000], in[1000];
	unsigned ready = 0;
	size_t sent = 0, got = 0;

	(void)state;
	l->ready = count_up;
	l->opaque = &ready;
	for (unsigned round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (uint8_t)((sent + i) * 7);
		sent += dev_link_send(l, out, sizeof(out) - round * 3);
		while (got < sent) {
			size_t n = dev_link_receive(l, in, round + 1);

			assert_in_range(n, 1, round + 1);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(in[i], (uint8_t)((got + i) * 7));
			got += n;
		}
		assert_int_equal(dev_link_receive(l, in, 1), 0);
	}
	assert_int_equal(ready, 50);
	dev_link_free(l);
}

static void no_more_is_taken_than_fits(void **state)
{
	struct dev_link *l = link_loop_new(false);
	static const uint8_t out[LINK_LOOP_BYTES + 1];
	uint8_t in[10];

	(void)state;
	assert_int_equal(dev_link_send(l, out, sizeof(out)), LINK_LOOP_BYTES);
	assert_true(l->wants_out);
	assert_int_equal(dev_link_send(l, out, 1), 0);
	assert_int_equal(dev_link_receive(l, in, 10), 10);
	assert_int_equal(dev_link_send(l, out, 5), 5);
	assert_false(l->wants_out);
	dev_link_free(l);
}

static void frames_stay_whole(void **state)
{
	struct dev_link *l = link_loop_new(true);
	static const uint8_t out[LINK_LOOP_BYTES];
	uint8_t in[100];

	(void)state;
	assert_int_equal(dev_link_send(l, (const uint8_t *)"abc", 3), 3);
	assert_int_equal(dev_link_send(l, (const uint8_t *)"defgh", 5), 5);
	assert_int_equal(dev_link_send(l, out, sizeof(out)), sizeof(out)); /* lost */
	assert_int_equal(dev_link_send(l, out, LINK_LOOP_BYTES - 10), 0);
	assert_int_equal(dev_link_receive(l, in, sizeof(in)), 3);
	assert_memory_equal(in, "abc", 3);
	assert_int_equal(dev_link_receive(l, in, 2), 2);
	assert_memory_equal(in, "de", 2);
	assert_int_equal(dev_link_receive(l, in, sizeof(in)), 0); /* its rest is lost */
	dev_link_free(l);
}

static void no_line_swallows_everything(void **state)
{
	uint8_t byte = 0;

	(void)state;
	assert_int_equal(dev_link_send(NULL, &byte, 1), 1);
	assert_int_equal(dev_link_receive(NULL, &byte, 1), 0);
	dev_link_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back_in_order_across_the_end),
		cmocka_unit_test(no_more_is_taken_than_fits),
		cmocka_unit_test(frames_stay_whole),
		cmocka_unit_test(no_line_swallows_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
