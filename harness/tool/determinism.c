// SPDX-License-Identifier: MIT
/*
 * determinism.c -- `gauntlet determinism`: the same case gives the same trace, in a machine of its
 * own and in one that has played any other case before; and where it is saved on the way (saves.c).
 */
#include "tool/verbs.h"

#define PAIRS_MAX 40000u /* runs of "after another case"; beyond that each n-th pair is tried */

struct seeds {
	uint64_t told_msec;
	struct tool_case *c;
	uint64_t *hash; /* of the first run */
	unsigned count;
};

static uint64_t play(struct harness *h, const struct tool_case *c)
{
	struct harness_result r;

	tool_case_play(h, c, &r);
	return r.hash;
}

/* Each in a new machine, and again in that machine: number of cases that differ. */
static unsigned alone(struct seeds *s, unsigned runs)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < s->count; i++) {
		unsigned differ = 0;

		tool_tell(&s->told_msec, "alone: %u of %u cases", i, s->count);
		for (unsigned run = 0; run < runs; run++) {
			struct harness *h = harness_new(NULL);
			uint64_t hash = play(h, &s->c[i]);

			if (!run)
				s->hash[i] = hash;
			differ += hash != s->hash[i];
			differ += run == 0 && play(h, &s->c[i]) != hash;
			harness_free(h);
		}
		if (differ)
			printf("%s: %u of %u runs differ from the first\n", s->c[i].path, differ,
			       runs);
		wrong += differ != 0;
	}
	return wrong;
}

static unsigned after_others(struct seeds *s, unsigned long *pairs)
{
	struct harness *h = harness_new(NULL);
	unsigned long all = (unsigned long)s->count * s->count, every = all / PAIRS_MAX + 1;
	unsigned wrong = 0;

	for (unsigned long n = 0; n < all; n += every) {
		unsigned i = (unsigned)(n / s->count), other = (unsigned)(n % s->count);

		tool_tell(&s->told_msec, "after another: %lu of %lu runs", n, all);
		play(h, &s->c[other]);
		if (play(h, &s->c[i]) != s->hash[i]) {
			printf("%s: another trace after %s\n", s->c[i].path, s->c[other].path);
			wrong++;
		}
		++*pairs;
	}
	harness_free(h);
	return wrong;
}

static int determinism(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	struct tool_saves saves = {.out = tool_option_get(verb, value, "output")};
	unsigned runs = 100, max_sec = 0, wrong = 0;
	struct tool_list list = {0};
	unsigned long pairs = 0;
	struct seeds s = {0};
	int err = tool_option_number(verb, value, "runs", 1, 1000000, &runs);

	err = err ? err : tool_option_number(verb, value, "saves", 0, 1000, &saves.places);
	err = err ? err : tool_option_number(verb, value, "max-total-time", 1, 86400, &max_sec);
	if (!err && !saves.places && (saves.out || max_sec))
		err = tool_refuse("--output and --max-total-time go with --saves");
	for (unsigned i = 0; i < count && !err; i++)
		err = tool_list_add(&list, operand[i]);
	s.c = alloc_zero(list.count * sizeof(*s.c));
	s.hash = alloc_zero(list.count * sizeof(*s.hash));
	for (; s.count < list.count && !err; s.count += !err)
		err = tool_case_read(&s.c[s.count], list.path[s.count],
				     tool_option_get(verb, value, "target"));
	if (!err && !s.count)
		err = tool_refuse("%s: there is no case in it", operand[0]);
	if (!err && saves.places) {
		saves.end_msec = max_sec ? tool_now_msec() + 1000ull * max_sec : 0;
		err = tool_saves(&saves, s.c, s.count);
		wrong = saves.wrong;
		printf("%u of %u cases, saved at %lu places: %u go on otherwise\n", saves.cases,
		       s.count, saves.saves, wrong);
	} else if (!err) {
		wrong = alone(&s, runs);
		wrong += after_others(&s, &pairs);
		tool_tell_end(&s.told_msec);
		printf("%u cases, each %u times alone, %lu times after another: %u differ\n",
		       s.count, runs, pairs, wrong);
	}
	for (unsigned i = 0; i < s.count; i++)
		tool_case_free(&s.c[i]);
	free(s.c);
	free(s.hash);
	tool_list_free(&list);
	return err ? EXIT_BAD : wrong ? EXIT_FINDING : EXIT_CLEAN;
}

const struct tool_verb verb_determinism = {
	.name = "determinism",
	.operands = "FILE|FOLDER...",
	.help = "play cases again and again: the trace's hash must not change",
	.min = 1,
	.max = ~0u,
	.option = {{"runs", 0, "N", "times alone, each in a new machine (100)"},
		   {"saves", 0, "N", "instead: save the machine at up to N places of each (0)"},
		   {"output", 'o', "FOLDER",
		    "programs that then go on otherwise are written there"},
		   {"max-total-time", 0, "SECS", "no more cases are saved after so long"},
		   {"target", 0, "NAME", "the target that raw bytes are for"}},
	.run = determinism,
};
