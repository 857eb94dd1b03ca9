// SPDX-License-Identifier: MIT
/*
 * args.c -- arguments of a verb: options by getopt_long from the verb's own table, `--help`, and
 * numbers with a range.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>

#include "tool/tool.h"

int tool_refuse(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("gauntlet: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_BAD;
}

void tool_stat_print(const struct harness *h)
{
	fprintf(stderr, "stat::ops_executed: %llu\n", (unsigned long long)harness_ops_played(h));
}

static unsigned option_count(const struct tool_verb *verb)
{
	unsigned n = 0;

	while (n < TOOL_OPTIONS && verb->option[n].name)
		n++;
	return n;
}

static char letter_of(const struct tool_option *o)
{
	return o->letter ? o->letter : o->name[0];
}

void tool_verb_help(const struct tool_verb *verb, FILE *out)
{
	fprintf(out, "usage: gauntlet %s", verb->name);
	if (option_count(verb))
		fprintf(out, " [options]");
	fprintf(out, "%s%s\n%s\n", *verb->operands ? " " : "", verb->operands, verb->help);
	if (verb->more)
		fprintf(out, "\n%s\n", verb->more);
	if (verb->print_more) {
		fputc('\n', out);
		verb->print_more(out);
	}
	fprintf(out, "\noptions:\n");
	for (unsigned i = 0; i < option_count(verb); i++) {
		const struct tool_option *o = &verb->option[i];
		char names[64];

		snprintf(names, sizeof(names), "-%c, --%s%s%s", letter_of(o), o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		fprintf(out, "  %-24s %s\n", names, o->help);
	}
	fprintf(out, "  %-24s %s\n", "-h, --help", "this text");
}

static int misused(const struct tool_verb *verb, const char *what)
{
	return tool_refuse("%s: %s; see 'gauntlet %s --help'", verb->name, what, verb->name);
}

static bool is_repeatable(const struct tool_option *o)
{
	size_t len = o->value ? strlen(o->value) : 0;

	return len > 3 && !strcmp(o->value + len - 3, "...");
}

/* The value just parsed, or all so far, a line each. */
static char *take_value(const struct tool_option *o, char *before)
{
	size_t len = before ? strlen(before) + 1 : 0;
	char *all;

	if (!o->value)
		return "";
	if (!is_repeatable(o))
		return optarg;
	all = alloc_zero(len + strlen(optarg) + 1);
	if (before) {
		memcpy(all, before, len);
		all[len - 1] = '\n';
		free(before);
	}
	strcpy(all + len, optarg);
	return all;
}

/* Options into value; true if the verb is to run, else *ret_status is what main returns. */
static bool parse(const struct tool_verb *verb, int argc, char **argv, char **value,
		  int *ret_status)
{
	struct option longs[TOOL_OPTIONS + 2] = {{"help", no_argument, NULL, 'h'}};
	char shorts[2 * TOOL_OPTIONS + 4] = ":h", what[160];
	unsigned n = option_count(verb), operands;
	int got;

	for (unsigned i = 0; i < n; i++) {
		const struct tool_option *o = &verb->option[i];
		size_t end = strlen(shorts);

		longs[i + 1] = (struct option){o->name, o->value ? required_argument : no_argument,
					       NULL, letter_of(o)};
		shorts[end] = letter_of(o);
		shorts[end + 1] = o->value ? ':' : '\0';
	}
	opterr = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (got == 'h') {
			tool_verb_help(verb, stdout);
			*ret_status = EXIT_CLEAN;
			return false;
		}
		if (got == '?' || got == ':') {
			snprintf(what, sizeof(what),
				 got == ':' ? "option '%s' lacks its value" : "unknown option '%s'",
				 argv[optind - 1]);
			*ret_status = misused(verb, what);
			return false;
		}
		for (unsigned i = 0; i < n; i++)
			if (letter_of(&verb->option[i]) == got)
				value[i] = take_value(&verb->option[i], value[i]);
	}
	operands = (unsigned)(argc - optind);
	if (operands >= verb->min && operands <= verb->max)
		return true;
	snprintf(what, sizeof(what), operands < verb->min ? "%s is missing" : "too much after %s",
		 verb->operands);
	*ret_status = misused(verb, what);
	return false;
}

int tool_verb_main(const struct tool_verb *verb, int argc, char **argv)
{
	char *value[TOOL_OPTIONS] = {NULL};
	int status = EXIT_CLEAN;

	if (parse(verb, argc, argv, value, &status))
		status = verb->run(verb, value, argv + optind, (unsigned)(argc - optind));
	for (unsigned i = 0; i < option_count(verb); i++)
		if (is_repeatable(&verb->option[i]))
			free(value[i]);
	return status;
}

const char *tool_option_get(const struct tool_verb *verb, char **value, const char *name)
{
	for (unsigned i = 0; i < option_count(verb); i++)
		if (!strcmp(verb->option[i].name, name))
			return value[i];
	REQUIRE(!"an option of this verb");
	return NULL;
}

int tool_option_number(const struct tool_verb *verb, char **value, const char *name, unsigned min,
		       unsigned max, unsigned *ret)
{
	const char *text = tool_option_get(verb, value, name);
	unsigned long got;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	got = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || got < min || got > max) {
		tool_refuse("%s: --%s wants a number from %u to %u, not '%s'", verb->name, name,
			    min, max, text);
		return -EINVAL;
	}
	*ret = (unsigned)got;
	return 0;
}
