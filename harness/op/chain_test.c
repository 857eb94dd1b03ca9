// SPDX-License-Identifier: MIT
/*
 * Tests of chains: what they have in common stays, what is not of the chain begins a new one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "op/chain.h"

#define CHAINS 300u
#define LINKS 6u

static const char text[] =
	"profile name=nec-usb-xhci\nplug model=storage\nenumerate\nread-sector\n"
	"write-sector\ncontrol\nstep usec=10\ntransfer ring=ep1in length=8\nunplug\n";

static size_t bytes_of(const char *program, uint8_t *out, size_t room)
{
	struct op_program p;
	struct op_error error;
	size_t size;

	op_program_init(&p);
	if (op_parse(&p, program, strlen(program), &error))
		fail_msg("%s", error.message);
	size = op_encode(&p, out, room);
	op_program_fini(&p);
	return size;
}

/* How many first ops two inputs have in common. */
static unsigned in_common(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	struct op_program pa, pb;
	unsigned n = 0;

	op_program_init(&pa);
	op_program_init(&pb);
	op_decode(&pa, a, a_size);
	op_decode(&pb, b, b_size);
	while (n < pa.count && n < pb.count && op_equal(&pa.op[n], &pb.op[n]))
		n++;
	op_program_fini(&pa);
	op_program_fini(&pb);
	return n;
}

static void the_inputs_of_a_chain_begin_alike(void **state)
{
	static struct op_chain c;
	uint8_t first[OP_CHAIN_MAX], data[OP_CHAIN_MAX], out[OP_CHAIN_MAX];
	size_t first_size = bytes_of(text, first, sizeof(first)), size;
	unsigned kept = 0, torn = 0, long_ones = 0;

	(void)state;
	memset(&c, 0, sizeof(c));
	for (unsigned i = 0; i < CHAINS; i++) {
		memcpy(data, first, first_size);
		size = first_size;
		for (unsigned k = 0; k < LINKS; k++) {
			unsigned seed = i * LINKS + k;

			if (seed % 2) {
				size = op_chain_crossover(&c, data, size, first, first_size, out,
							  sizeof(out), seed);
				memcpy(data, out, size);
			} else {
				size = op_chain_mutate(&c, data, size, sizeof(data), seed);
			}
			assert_in_range(size, 1, sizeof(data));
			assert_true(c.scope.keep < 9);
			if (in_common(first, first_size, data, size) < c.scope.keep)
				torn++; /* bytes were changed, not ops */
			else
				kept++;
		}
		long_ones += c.scope.keep >= 4;
	}
	assert_true(torn < kept / 8);
	assert_in_range(long_ones, CHAINS / 8, CHAINS);
}

static void an_input_from_elsewhere_begins_a_new_chain(void **state)
{
	static struct op_chain c;
	uint8_t data[OP_CHAIN_MAX], other[OP_CHAIN_MAX];
	size_t size = bytes_of(text, data, sizeof(data)),
	       other_size = bytes_of("unplug\n", other, 64);

	(void)state;
	memset(&c, 0, sizeof(c));
	op_chain_mutate(&c, data, size, sizeof(data), 1);
	assert_int_equal(c.size, size);
	op_chain_mutate(&c, other, other_size, sizeof(other), 2);
	assert_int_equal(c.size, other_size);
	assert_int_equal(c.scope.keep, 0);
}

static void a_chain_comes_back_to_its_first_input(void **state)
{
	static struct op_chain c, again;
	uint8_t data[OP_CHAIN_MAX], first[OP_CHAIN_MAX], same[OP_CHAIN_MAX];
	size_t first_size = bytes_of(text, first, sizeof(first)), size = first_size, same_size;
	unsigned back = 0;

	(void)state;
	memset(&c, 0, sizeof(c));
	memcpy(data, first, first_size);
	for (unsigned seed = 0; seed < 200; seed++) {
		size = op_chain_mutate(&c, data, size, sizeof(data), seed);
		/* what would come of the first input by the same seed? */
		again = c;
		memcpy(same, first, first_size);
		same_size = op_mutate(same, first_size, sizeof(same), seed, again.scope);
		back += seed && same_size == size && !memcmp(same, data, size);
	}
	assert_in_range(back, 20, 150);
}

static void what_was_not_played_is_not_kept(void **state)
{
	struct op_chain c = {.scope = {.keep = 12, .enough = 32}};

	(void)state;
	op_chain_cut(&c, 13);
	assert_int_equal(c.scope.keep, 12);
	op_chain_cut(&c, 12);
	assert_int_equal(c.scope.keep, 6);
}

static void a_polite_chain_makes_polite_programs(void **state)
{
	static struct op_chain c;
	uint8_t data[OP_CHAIN_MAX], same[OP_CHAIN_MAX];
	size_t size = bytes_of(text, data, sizeof(data)), same_size;

	(void)state;
	memset(&c, 0, sizeof(c));
	c.polite = true;
	for (unsigned seed = 0; seed < 200; seed++) {
		size = op_chain_mutate(&c, data, size, sizeof(data), seed);
		memcpy(same, data, size);
		same_size = op_make_polite(same, size, sizeof(same));
		assert_int_equal(same_size, size);
		assert_memory_equal(same, data, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_inputs_of_a_chain_begin_alike),
		cmocka_unit_test(an_input_from_elsewhere_begins_a_new_chain),
		cmocka_unit_test(a_chain_comes_back_to_its_first_input),
		cmocka_unit_test(what_was_not_played_is_not_kept),
		cmocka_unit_test(a_polite_chain_makes_polite_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
