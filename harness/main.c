// SPDX-License-Identifier: MIT
/*
 * main.c -- the `gauntlet` tool: finds the verb. What each does is in tool/.
 */
#include "tool/verbs.h"

const struct tool_verb *const tool_verbs[] = {
	&verb_explain,  &verb_repro,  &verb_run,    &verb_encode,  &verb_decode,
	&verb_minimize, &verb_import, &verb_dict,   &verb_vacuity, &verb_determinism,
	&verb_serve,    &verb_ctl,    &verb_record, &verb_reports, &verb_redir_peer,
	&verb_known,    NULL,
};

/* What the sanitizers do where their environment variables do not say: see toolchain/. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "handle_abort=1:detect_leaks=1:allocator_may_return_null=1:symbolize=1";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

static int help(FILE *out)
{
	fputs("usage: gauntlet <verb> [options] ...\n\n", out);
	for (unsigned i = 0; tool_verbs[i]; i++)
		fprintf(out, "  %-12s %s\n", tool_verbs[i]->name, tool_verbs[i]->help);
	fputs("  version      which version this is\n"
	      "\n'gauntlet <verb> --help' tells more.\n"
	      "exit status: 0 clean, 1 it reproduces or a check fails, 2 bad input or usage\n",
	      out);
	return out == stdout ? EXIT_CLEAN : EXIT_BAD;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int status;

	if (!*name)
		return help(stderr);
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return help(stdout);
	if (!strcmp(name, "version") || !strcmp(name, "--version")) {
		puts("usb-gauntlet " GAUNTLET_VERSION);
		return EXIT_CLEAN;
	}
	for (unsigned i = 0; tool_verbs[i]; i++) {
		if (strcmp(tool_verbs[i]->name, name))
			continue;
		status = tool_verb_main(tool_verbs[i], argc - 1, argv + 1);
		if (fflush(stdout) && status == EXIT_CLEAN)
			return tool_refuse("cannot write to standard output");
		return status;
	}
	return tool_refuse("there is no verb '%s'; see 'gauntlet --help'", name);
}
