// SPDX-License-Identifier: MIT
/*
 * peer.c -- the loop of a peer: one connection at a time, virtual time follows the host's, each connection finds
 * the device as new. Who connects, leaves and comes again is told, a line each.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backend/peer.h"
#include "backend/serve.h"
#include "export/export.h"

#define READ_BYTES 65536u

struct peer {
	const struct peer_options *o;
	struct export export;
	struct peer_source *source;
	int listen_fd, fd, signal_fd;
	bool stop, stuck; /* the socket takes no more now */
	uint64_t start_ns;
	FILE *heard, *said;
	sigset_t signals, signals_before;
};

static void say(void *opaque, const char *line)
{
	struct peer *p = opaque;

	if (p->o->say)
		p->o->say(p->o->opaque, line);
}

static uint64_t now_ns(const struct peer *p)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec - p->start_ns;
}

static int write_bytes(void *opaque, const uint8_t *bytes, int count)
{
	struct peer *p = opaque;
	ssize_t n = send(p->fd, bytes, (size_t)count, MSG_NOSIGNAL);

	p->stuck = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n > 0 && p->said)
		fwrite(bytes, 1, (size_t)n, p->said);
	return p->stuck ? 0 : n < 0 ? -1 : (int)n;
}

/* ---- connections ----------------------------------------------------------------------------------- */

static void hang_up(struct peer *p, const char *why)
{
	say(p, why);
	export_hang_up(&p->export);
	close(p->fd);
	p->fd = -1;
	p->stop |= p->o->once || p->listen_fd < 0;
}

static int meet(struct peer *p, int fd, char *why, size_t room)
{
	int err;

	p->fd = fd;
	p->stuck = false;
	export_hang_up(&p->export);
	err = peer_source_start(p->source, &p->export, now_ns(p), why, room);
	if (err)
		return err;
	export_connect(&p->export);
	say(p, "connected");
	return 0;
}

static int accept_one(struct peer *p, char *why, size_t room)
{
	int fd = serve_socket_accept(p->listen_fd);

	if (fd < 0)
		return 0;
	if (p->fd < 0)
		return meet(p, fd, why, room);
	close(fd);
	say(p, "another one was turned away: one at a time");
	return 0;
}

static void hear(struct peer *p)
{
	uint8_t *bytes = alloc_zero(READ_BYTES);
	ssize_t n = recv(p->fd, bytes, READ_BYTES, 0);
	int err = 0;

	if (n > 0) {
		if (p->heard)
			fwrite(bytes, 1, (size_t)n, p->heard);
		err = export_receive(&p->export, bytes, (size_t)n);
	}
	free(bytes);
	if (err)
		hang_up(p, "disconnected: what comes is not usbredir");
	else if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up(p, "disconnected");
}

/* ---- the loop ---------------------------------------------------------------------------------------- */

static struct timespec time_left(const struct peer *p, bool *ret_none)
{
	uint64_t due_ns = peer_source_due_ns(p->source), now = now_ns(p),
		 left = export_wait_ns(&p->export);

	if (due_ns != UINT64_MAX && p->fd >= 0)
		left = min_u64(left, due_ns > now ? due_ns - now : 0);
	*ret_none = left == UINT64_MAX;
	if (left != UINT64_MAX && left < 100000) /* rather late than without a pause */
		left = 100000;
	return (struct timespec){(time_t)(left / 1000000000), (long)(left % 1000000000)};
}

static int round_of(struct peer *p, char *why, size_t room)
{
	bool open = p->fd >= 0, forever;
	short wanted = (short)((open && export_is_ready(&p->export) ? POLLIN : 0) |
			       (p->stuck ? POLLOUT : 0));
	struct pollfd f[] = {
		{p->signal_fd, POLLIN, 0}, {p->listen_fd, POLLIN, 0}, {p->fd, wanted, 0}};
	struct timespec left = time_left(p, &forever);

	if (ppoll(f, ARRAY_SIZE(f), forever ? NULL : &left, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	p->stop |= f[0].revents != 0;
	if (open && f[2].revents & (POLLIN | POLLHUP | POLLERR))
		hear(p);
	if (p->fd >= 0) {
		peer_source_work(p->source, &p->export, now_ns(p));
		if (export_work(&p->export, now_ns(p)))
			hang_up(p, "disconnected");
	}
	return f[1].revents && !p->stop ? accept_one(p, why, room) : 0;
}

static void catch_signals(struct peer *p)
{
	sigemptyset(&p->signals);
	sigaddset(&p->signals, SIGINT);
	sigaddset(&p->signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &p->signals, &p->signals_before);
	p->signal_fd = signalfd(-1, &p->signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_record(const char *path, const char *end, FILE **ret)
{
	char name[4096];

	if (snprintf(name, sizeof(name), "%s.%s", path, end) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	*ret = fopen(name, "we");
	return *ret ? 0 : -errno;
}

static int open_all(struct peer *p, char *why, size_t room)
{
	const char *what = p->o->record;
	bool listens = p->o->way == PEER_LISTEN || p->o->way == PEER_AS;
	int err = what ? open_record(what, "guest", &p->heard) : 0, fd;

	if (!err && what)
		err = open_record(what, "host", &p->said);
	if (!err) {
		what = p->o->address;
		fd = peer_socket_open(p->o->way, what);
		err = fd < 0 ? fd : 0;
		if (!err && !listens)
			return meet(p, fd, why, room);
		p->listen_fd = fd;
	}
	if (err)
		snprintf(why, room, "%s: %s", what, strerror(-err));
	else
		say(p, "ready");
	return err;
}

static void tear_down(struct peer *p)
{
	const struct timespec now = {0};

	export_hang_up(&p->export);
	if (p->source)
		peer_source_close(p->source, &p->export);
	if (p->fd >= 0)
		close(p->fd);
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	if (p->listen_fd >= 0 && p->o->way == PEER_LISTEN)
		unlink(p->o->address);
	if (p->heard)
		fclose(p->heard);
	if (p->said)
		fclose(p->said);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
	while (sigtimedwait(&p->signals, NULL, &now) > 0) /* they have had their effect */
		;
	sigprocmask(SIG_SETMASK, &p->signals_before, NULL);
}

int peer_run(const struct peer_options *o, char *why, size_t room)
{
	struct peer *p = alloc_zero(sizeof(*p));
	int err;

	p->o = o;
	p->fd = p->listen_fd = -1;
	p->start_ns = now_ns(p);
	p->export.write = write_bytes;
	p->export.say = say;
	p->export.opaque = p;
	catch_signals(p);
	p->source = peer_source_open(o, &err, why, room);
	if (p->source)
		err = open_all(p, why, room);
	while (!err && !p->stop) {
		err = round_of(p, why, room);
		if (err && !*why)
			snprintf(why, room, "poll: %s", strerror(-err));
	}
	tear_down(p);
	free(p);
	return err;
}
