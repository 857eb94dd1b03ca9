// SPDX-License-Identifier: MIT
/*
 * record.c -- `gauntlet record`: what a real guest did on a served controller, as programs for the corpus.
 */
#include <errno.h>
#include <limits.h>

#include "tool/record.h"
#include "tool/verbs.h"

struct job {
	const struct recording *r;
	const char *source, *out;
	unsigned written, skipped, different;
};

/* "x.ops", then "x-2.ops", ... */
static int name_of(const struct job *j, char *to, size_t room)
{
	size_t len = strlen(j->out),
	       stem = len > 4 && !strcmp(j->out + len - 4, ".ops") ? len - 4 : len;
	int n;

	if (!j->written)
		n = snprintf(to, room, "%s", j->out);
	else
		n = snprintf(to, room, "%.*s-%u.ops", (int)stem, j->out, j->written + 1);
	return n < (int)room ? 0 : -ENAMETOOLONG;
}

static int write_life(struct job *j, const struct record_life *life,
		      const struct record_result *result, const char *path)
{
	char *program = op_print_program(&life->program), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	REQUIRE(out);
	fprintf(out,
		"# What a guest did to a served %s: `gauntlet record`. %u requests, %u events.\n%s",
		j->r->head.profile, result->requests, result->events, program);
	fclose(out);
	err = tool_file_write(path, text, len);
	free(text);
	free(program);
	return err;
}

/* With as little waiting as it takes to be the same; else as near as it gets. */
static void make(const struct record_cutter *c, struct record_life *life,
		 struct record_result *result)
{
	static const uint32_t slack_usec[] = {0, 1000, 8000, 40000};
	unsigned best = 0, most = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(slack_usec); i++) {
		record_life_make(c, life, slack_usec[i]);
		record_check(c->r, life, result);
		if (!*result->why)
			return;
		if (result->events + result->requests > most) {
			most = result->events + result->requests;
			best = i;
		}
	}
	record_life_make(c, life, slack_usec[best]);
	record_check(c->r, life, result);
}

static int take_life(struct job *j, struct record_cutter *c, struct record_life *life)
{
	struct record_result result = {0};
	char path[PATH_MAX];
	int err;

	if (life->rang)
		make(c, life, &result);
	record_life_pass(c, life);
	if (!life->rang || !life->new_shapes) {
		j->skipped++;
		return 0;
	}
	err = name_of(j, path, sizeof(path));
	if (err)
		return tool_refuse("%s: %s", j->out, strerror(-err));
	err = write_life(j, life, &result, path);
	if (err)
		return err;
	j->written++;
	printf("%s: %u ops (%u cut), %u requests and %u events as the guest had them\n", path,
	       life->program.count, life->ops_cut, result.requests, result.events);
	if (*result.why) {
		printf("%s: DIFFERENT when played: %s\n", path, result.why);
		j->different++;
	}
	return 0;
}

static int record(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	struct job j = {.source = operand[0], .out = tool_option_get(verb, value, "output")};
	struct record_cutter cutter;
	struct record_life life;
	struct recording r;
	unsigned ops_max = OP_MAX_OPS;
	int err;

	(void)count;
	if (tool_option_number(verb, value, "ops", 16, OP_MAX_OPS, &ops_max))
		return EXIT_BAD;
	if (!j.out)
		return tool_refuse("record: -o FILE.ops is missing");
	err = recording_read(j.source, &r);
	if (err == -EINVAL)
		return tool_refuse("%s: not a recording of 'gauntlet serve --record'", j.source);
	if (err)
		return tool_refuse("%s: %s", j.source, strerror(-err));
	j.r = &r;
	record_cutter_init(&cutter, &r, ops_max);
	while (!err && record_life_next(&cutter, &life)) {
		err = take_life(&j, &cutter, &life);
		record_life_free(&life);
	}
	record_cutter_fini(&cutter);
	recording_free(&r);
	if (j.skipped)
		printf("%u left out: nothing new happens in them\n", j.skipped);
	if (!err && !j.written)
		return tool_refuse("%s: no endpoint was used in it", j.source);
	return err ? EXIT_BAD : j.different ? EXIT_FINDING : EXIT_CLEAN;
}

const struct tool_verb verb_record = {
	.name = "record",
	.operands = "FILE",
	.help = "what a guest did ('gauntlet serve --record FILE') as programs",
	.min = 1,
	.max = 1,
	.option = {{"output", 'o', "OUT",
		    "where to; a second program goes to OUT-2.ops, and so on"},
		   {"ops", 'n', "N", "ops of a program at most (1024)"}},
	.run = record,
	.more = "A program for each life of the controller, from one reset to the next, without what comes\n"
		"after the last thing of a new kind. Each is played at once: devices have to get the same\n"
		"requests, the guest the same events. The status is 1 if they differ.",
};
