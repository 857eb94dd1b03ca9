// SPDX-License-Identifier: MIT
/*
 * saves.c -- cases in which the machine is saved on the way: they must go on as they did. They are played
 * in a child, and after a crash in another one from the next case on.
 */
#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op/names.h"
#include "tool/tool.h"

/* What parent and child share. */
struct shared {
	struct tool_saves s;
	unsigned at; /* op before which the machine is saved */
	uint64_t told_msec;
	int err;
};

/* The case with the op `snapshot` before op number at. */
static void insert_save(struct op_program *p, const struct tool_case *c, unsigned at)
{
	op_program_copy(p, &c->program);
	op_program_insert(p, at, &(struct op){.id = OP_SNAPSHOT, .v = {SNAPSHOT_LOAD}});
}

static int keep(const struct shared *sh, const struct tool_case *c)
{
	const char *slash = strrchr(c->path, '/');
	struct op_program p;
	char path[PATH_MAX], *text;
	int err;

	if (!sh->s.out)
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s.saved-%u.ops", sh->s.out,
		     slash ? slash + 1 : c->path, sh->at) >= (int)sizeof(path)) {
		tool_refuse("%s: %s", sh->s.out, strerror(ENAMETOOLONG));
		return -ENAMETOOLONG;
	}
	op_program_init(&p);
	insert_save(&p, c, sh->at);
	text = op_print_program(&p);
	err = tool_file_write(path, text, strlen(text));
	free(text);
	op_program_fini(&p);
	return err;
}

static void one_case(struct shared *sh, struct harness *h, const struct tool_case *c)
{
	unsigned count = c->program.count, wrong = 0;
	unsigned step = (count + sh->s.places - 1) / sh->s.places;
	struct op_program p;

	op_program_init(&p);
	/* Another first place in each case, but the same whenever it is played. */
	for (sh->at = step ? sh->s.cases % step : 0; sh->at < count && !sh->err; sh->at += step) {
		struct harness_result r = {.ops = 0};

		sh->s.saves++;
		insert_save(&p, c, sh->at);
		harness_judge_saves(h, &p, &r);
		if (!r.finding.oracle)
			continue;
		printf("%s: saved before op %u it goes on otherwise in op %u\n", c->path, sh->at,
		       r.finding.op - (r.finding.op > sh->at));
		if (!wrong++)
			sh->err = keep(sh, c);
	}
	op_program_fini(&p);
	sh->s.wrong += wrong != 0;
}

static void play(struct shared *sh, const struct tool_case *c, unsigned count)
{
	struct harness *h = harness_new(NULL);

	for (; sh->s.cases < count && !sh->err; sh->s.cases++) {
		if (sh->s.end_msec && tool_now_msec() >= sh->s.end_msec)
			break;
		one_case(sh, h, &c[sh->s.cases]);
		tool_tell(&sh->told_msec, "%u of %u cases, saved at %lu places", sh->s.cases, count,
			  sh->s.saves);
	}
	harness_free(h);
}

static int no_child(void)
{
	int err = -errno;

	tool_refuse("no child to play in: %s", strerror(-err));
	return err;
}

/* A child plays on from where the last one ended: 1 if it crashed, 0, or -errno. */
static int play_in_child(struct shared *sh, const struct tool_case *c, unsigned count)
{
	pid_t parent = getpid(), pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return no_child();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		play(sh, c, count);
		fflush(stdout);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return no_child();
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

int tool_saves(struct tool_saves *s, const struct tool_case *c, unsigned count)
{
	struct shared *sh =
		mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int crashed, err;

	if (sh == MAP_FAILED)
		return no_child();
	sh->s = *s;
	while ((crashed = play_in_child(sh, c, count)) == 1) {
		sh->s.wrong++;
		if (sh->s.cases == count) {
			puts("it crashes after the last case");
			break;
		}
		printf("%s: saved before op %u it crashes\n", c[sh->s.cases].path, sh->at);
		sh->err = keep(sh, &c[sh->s.cases++]);
	}
	tool_tell_end(&sh->told_msec);
	err = crashed < 0 ? crashed : sh->err;
	*s = sh->s;
	munmap(sh, sizeof(*sh));
	return err;
}
