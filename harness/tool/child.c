// SPDX-License-Identifier: MIT
/*
 * child.c -- a case is played in a forked child: its stderr comes back by a pipe, which op it was at
 * by a page of memory that both see, and a case that never ends is ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "op/names.h"
#include "tool/tool.h"

#define REPORT_MAX (1u << 20) /* bytes of stderr that are kept */
#define STATUS_LEAK 23
#define TIMEOUT_SEC 25u

/* In the sanitizer's runtime, where there is one. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* The page that parent and child share. */
struct shared {
	uint32_t op;
	bool done; /* played to the end; what follows is filled in */
	bool found;
	uint64_t hash;
	uint32_t ops, finding_op;
	char clause[80], name[80], detail[200];
};

static void note_op(void *opaque, unsigned index, const struct op *op)
{
	struct shared *s = opaque;

	(void)op;
	s->op = index;
}

static void copy_text(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "");
}

static void note_finding(struct shared *s, const char *clause, const char *name, const char *detail,
			 uint32_t op)
{
	s->found = true;
	s->finding_op = op;
	copy_text(s->clause, sizeof(s->clause), clause);
	copy_text(s->name, sizeof(s->name), name);
	copy_text(s->detail, sizeof(s->detail), detail);
}

void tool_case_play(struct harness *h, const struct tool_case *c, struct harness_result *ret)
{
	harness_run(h, &c->program, ret);
}

/* The child's whole life. */
static int play(const struct tool_play *p, const struct tool_case *c, struct shared *s)
{
	struct harness_options options = {.also = p->also,
					  .also_opaque = p->also_opaque,
					  .on_op = note_op,
					  .on_op_opaque = s};
	const struct tool_target_info *target = &tool_targets[c->target];
	struct harness_result result = {.ops = 0};
	struct harness *h;
	char why[sizeof(s->detail)];

	if (p->begin)
		p->begin(p->also_opaque, c);
	if (target->judge && !target->judge(c->bytes, c->len, why, sizeof(why)))
		note_finding(s, target->clause, target->rule, why, 0);
	h = harness_new(&options);
	tool_case_play(h, c, &result);
	if (p->end)
		p->end(p->also_opaque);
	harness_judge_saves(h, &c->program, &result);
	harness_free(h);
	s->hash = result.hash;
	s->ops = result.ops;
	if (result.finding.oracle && !s->found)
		note_finding(s, result.finding.oracle->clause, result.finding.oracle->name,
			     result.finding.detail, result.finding.op);
	s->done = true;
	fflush(stdout);
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		return STATUS_LEAK;
	return 0;
}

static _Noreturn void child(const struct tool_play *p, const struct tool_case *c, struct shared *s,
			    int err_fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGPIPE, SIG_IGN); /* `| head` must not look like a crash */
	dup2(err_fd, STDERR_FILENO);
	/* What was printed before a crash must not be lost with the buffer. */
	if (!p->quiet_child)
		setvbuf(stdout, NULL, _IOLBF, 0);
	_exit(play(p, c, s));
}

uint64_t tool_now_msec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Read stderr until the child closes it or its time is up: true in time. A report takes time to
 * symbolise, so one that has begun gets as much time again.
 */
static bool collect(int fd, char *report, unsigned timeout_sec)
{
	uint64_t end = tool_now_msec() + 1000ull * timeout_sec;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	char waste[4096];

	for (;;) {
		uint64_t now = tool_now_msec();
		ssize_t n;

		if (now >= end)
			return false;
		if (poll(&poll_fd, 1, (int)min_u64(end - now, 1000)) <= 0)
			continue;
		n = len < REPORT_MAX ? read(fd, report + len, REPORT_MAX - len)
				     : read(fd, waste, sizeof(waste));
		if (n == 0 || (n < 0 && errno != EINTR))
			return true;
		if (n > 0 && len < REPORT_MAX) {
			if (!len)
				end += 1000ull * timeout_sec;
			len += (size_t)n;
			report[len] = 0;
		}
	}
}

static void judge(struct tool_play *p, const struct shared *s, int status, bool in_time)
{
	struct tool_report report;
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	memset(&p->verdict, 0, sizeof(p->verdict));
	p->hash = s->hash;
	p->ops = s->ops;
	copy_text(p->detail, sizeof(p->detail), s->detail);
	if (s->done && s->found) {
		tool_verdict_violated(&p->verdict, s->clause, s->name, s->finding_op);
	} else if (!in_time) {
		tool_verdict_hang(&p->verdict, s->op);
	} else if (status) {
		tool_report_parse(&report, p->report);
		/* The leaks of a process that left by exit() are not what it is about. */
		if (report.leak && !s->done)
			memset(&report, 0, sizeof(report));
		tool_verdict_crash(&p->verdict, &report, signal, s->op);
	}
}

int tool_play(struct tool_play *p, const struct tool_case *c)
{
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, parent = getpid();
	int fd[2], status = 0;
	bool in_time;

	if (s == MAP_FAILED || pipe(fd)) {
		int error = errno;

		tool_refuse("%s: %s", c->path, strerror(error));
		return -error;
	}
	fflush(NULL);
	p->report = alloc_zero(REPORT_MAX + 1);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		child(p, c, s, fd[1], parent);
	}
	close(fd[1]);
	if (pid < 0) {
		int error = errno;

		close(fd[0]);
		munmap(s, sizeof(*s));
		tool_refuse("fork: %s", strerror(error));
		return -error;
	}
	in_time = collect(fd[0], p->report, p->timeout_sec ? p->timeout_sec : TIMEOUT_SEC);
	if (!in_time)
		kill(pid, SIGKILL);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	judge(p, s, status, in_time);
	munmap(s, sizeof(*s));
	return 0;
}

void tool_play_free(struct tool_play *p)
{
	free(p->report);
	p->report = NULL;
}
