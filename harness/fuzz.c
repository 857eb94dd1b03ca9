// SPDX-License-Identifier: MIT
/*
 * fuzz.c -- the front door for an engine: inputs become programs, which start warm where they can; some
 * are looked at more closely.
 */
#include "coverage.h"
#include "run.h"

#define TWICE_EVERY 64u /* inputs: how often one is played again to compare the hashes */
#define LEAKS_EVERY 32u /* inputs: how often all memory is counted after one */

static const struct oracle determinism = {"determinism", "design 6"};

_Noreturn void harness_report(const struct finding *finding)
{
	struct harness_result result = {.finding = *finding};

	harness_print_verdict(&result, stderr);
	abort();
}

/* As harness_run, but not all of it need be played. */
static void run_warm(struct harness *h, const struct op_program *p, struct harness_result *ret)
{
	unsigned first = warm_start(h->warm, p, h->chain.scope.keep, &h->trace);

	harness_play_from(h, p, first, h->warm, ret);
}

static void compare(struct harness *h, struct harness_result *first)
{
	struct harness_result again;

	harness_run(h, &h->program, &again);
	if (first->finding.oracle)
		return;
	if (again.finding.oracle) {
		*first = again;
		return;
	}
	if (again.hash == first->hash)
		return;
	first->finding.oracle = &determinism;
	first->finding.op = again.ops;
	snprintf(first->finding.detail, sizeof(first->finding.detail),
		 "two runs of one program have hashes %016llx and %016llx",
		 (unsigned long long)first->hash, (unsigned long long)again.hash);
}

/* What an input is judged by besides its one run; it must not count as the input's coverage. */
static void look_closer(struct harness *h, struct harness_result *result)
{
	if (h->inputs % LEAKS_EVERY)
		return;
	coverage_get(h->counted);
	if (h->inputs % TWICE_EVERY == 0) {
		compare(h, result);
		harness_judge_saves(h, &h->program, result);
	} else if (h->warm) {
		harness_count_memory(h, result);
	}
	coverage_set(h->counted);
}

void harness_fuzz_one(struct harness *h, const uint8_t *data, size_t len)
{
	struct harness_result result;

	h->fuzzing = true;
	op_program_clear(&h->program);
	op_decode(&h->program, data, len);
	if (h->options.polite)
		op_program_polite(&h->program);
	if (!h->options.lies)
		op_program_honest(&h->program);
	if (h->warm)
		run_warm(h, &h->program, &result);
	else
		harness_run(h, &h->program, &result);
	if (result.ops < h->program.count)
		op_chain_cut(&h->chain, result.ops);
	look_closer(h, &result);
	h->fuzzing = false;
	h->inputs++;
	if (result.finding.oracle)
		harness_report(&result.finding);
}

size_t harness_mutate(struct harness *h, uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return op_chain_mutate(&h->chain, data, size, max_size, seed);
}

size_t harness_crossover(struct harness *h, const uint8_t *a, size_t a_size, const uint8_t *b,
			 size_t b_size, uint8_t *out, size_t max_size, unsigned seed)
{
	return op_chain_crossover(&h->chain, a, a_size, b, b_size, out, max_size, seed);
}
