// SPDX-License-Identifier: MIT
/*
 * serve.c -- the loop of a served VM: requests are answered, virtual time follows the host's, the
 * controller works in between. Everything is done from here; nothing blocks but the disk.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "backend/machine.h"
#include "backend/serve.h"
#include "backend/vfio_user.h"

#define MESSAGES_PER_ROUND 64u
/*
 * A driver at work makes one access after the other, and to be woken for each costs more than all else.
 * For a while after a message the loop looks for the next one without sleeping: twice as long whenever
 * one came soon after it had gone to sleep, half as long when it had slept in vain.
 */
#define AWAKE_MIN_NS 50000u
#define AWAKE_MAX_NS 1000000u
#define OTHERS_NS 50000u /* meanwhile all but the client are looked at so often */

struct serve {
	const struct serve_options *o;
	struct trace trace;
	struct machine machine;
	struct vfio_user user;
	struct serve_tap tap;
	struct serve_devices devices;
	struct serve_control control;
	int listen_fd, signal_fd;
	sigset_t signals, signals_before;
	uint64_t start_ns;       /* of the host's clock */
	uint64_t messages;       /* of the client, when last looked at */
	uint64_t awake_ns;       /* how long a message keeps us awake */
	uint64_t awake_until_ns; /* of the host's clock, as these */
	uint64_t asleep_ns;      /* since when we slept for want of messages; 0: we do not */
	uint64_t others_ns;      /* when the others have their turn again */
	bool more;               /* work is left */
	bool stop;
};

static void say(struct serve *s, const char *line)
{
	if (s->o->say)
		s->o->say(s->o->sink_opaque, line);
}

static void device_says(void *opaque, const char *line)
{
	char text[200];

	snprintf(text, sizeof(text), "host device: %s", line);
	say(opaque, text);
}

static void client_wrong(void *opaque, const char *line)
{
	char text[200];

	snprintf(text, sizeof(text), "client: %s", line);
	say(opaque, text);
}

static uint64_t host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- one round ----------------------------------------------------------------------------- */

static void follow_time(struct serve *s)
{
	uint64_t now_ns = host_ns() - s->start_ns, virtual_ns = s->machine.guest.clock.now_ns;

	if (now_ns >= virtual_ns + 1000)
		machine_catch_up(&s->machine, (now_ns - virtual_ns) / 1000);
}

/*
 * One client at a time. Another one is told so by being let go, once it is sure that the first has not
 * just left: everything it said was read.
 */
static void meet_client(struct serve *s, bool all_read)
{
	int fd;

	if (vfio_user_is_connected(&s->user) && !all_read)
		return;
	fd = serve_socket_accept(s->listen_fd);
	if (fd < 0)
		return;
	if (vfio_user_is_connected(&s->user)) {
		close(fd);
		say(s, "another client was turned away: one at a time");
		return;
	}
	vfio_user_connect(&s->user, fd);
	say(s, "client connected");
}

/* A message came: the next one may be near. */
static void stay_awake(struct serve *s)
{
	uint64_t now = host_ns();

	if (s->asleep_ns && now - s->asleep_ns < AWAKE_MAX_NS)
		s->awake_ns = min_u64(s->awake_ns * 2, AWAKE_MAX_NS);
	else if (s->asleep_ns)
		s->awake_ns = max_u64(s->awake_ns / 2, AWAKE_MIN_NS);
	s->asleep_ns = 0;
	s->awake_until_ns = now + s->awake_ns;
}

/* True if nothing is left of what came in. */
static bool answer_client(struct serve *s)
{
	bool more;

	if (!vfio_user_is_connected(&s->user))
		return true;
	more = vfio_user_serve(&s->user, MESSAGES_PER_ROUND);
	s->more |= more;
	if (s->user.messages != s->messages)
		stay_awake(s);
	s->messages = s->user.messages;
	if (vfio_user_is_connected(&s->user))
		return !more;
	say(s, "client left");
	s->stop |= s->o->once;
	return true;
}

/* While the client owes us an answer: who wants us to end need not wait for it. */
static bool wait_for_client(void *opaque, short events, int msec)
{
	struct serve *s = opaque;
	struct pollfd p[] = {{s->user.socket.fd, events, 0}, {s->signal_fd, POLLIN, 0}};

	return poll(p, ARRAY_SIZE(p), msec) != 0 && !p[1].revents;
}

/* Nanoseconds until something is due; false: nothing is. */
static bool time_left(const struct serve *s, uint64_t host, struct timespec *ret)
{
	const struct clock *c = &s->machine.guest.clock;
	uint64_t now_ns = host - s->start_ns, left_ns = 0;
	bool awake = s->more || host < s->awake_until_ns;

	if (!awake && !c->first)
		return false;
	if (!awake && c->first->deadline_ns > now_ns) /* whole microseconds are stepped */
		left_ns = c->first->deadline_ns - now_ns + 1000;
	*ret = (struct timespec){(time_t)(left_ns / 1000000000), (long)(left_ns % 1000000000)};
	return true;
}

/* Wait for the next thing to do, and do what is not the client's. */
static int look_around(struct serve *s, uint64_t host)
{
	struct pollfd p[3 + SERVE_CONTROL_CLIENTS + 1 + SERVE_MAX_LINKS] = {
		{s->signal_fd, POLLIN, 0},
		{s->listen_fd, POLLIN, 0},
		{s->user.socket.fd, POLLIN, 0}, /* -1, and ignored, if there is none */
	};
	unsigned controls = serve_control_poll(&s->control, p + 3);
	unsigned links = serve_link_poll(&s->devices.links, p + 3 + controls);
	struct timespec left;
	bool due = time_left(s, host, &left), all_read;

	if (!s->asleep_ns && !(s->more || host < s->awake_until_ns))
		s->asleep_ns = host;
	if (ppoll(p, 3 + controls + links, due ? &left : NULL, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	follow_time(s);
	if (p[0].revents)
		s->stop = true;
	serve_link_work(&s->devices.links, p + 3 + controls, links);
	all_read = !p[1].revents || answer_client(s);
	if (p[1].revents && !s->stop)
		meet_client(s, all_read);
	for (unsigned i = 0; i < controls; i++)
		if (p[3 + i].revents) {
			serve_control_work(&s->control);
			s->stop |= s->control.quit;
			break;
		}
	return 0;
}

static int serve_round(struct serve *s)
{
	uint64_t host = host_ns();

	if (host >= s->awake_until_ns || host >= s->others_ns) {
		int err = look_around(s, host);

		s->others_ns = host + OTHERS_NS;
		if (err)
			return err;
	} else {
		follow_time(s);
	}
	s->more = false;
	answer_client(s);
	/* A little at a time: the guest goes on meanwhile and may want to read a register. */
	s->more |= xhci_work(s->machine.xhci);
	s->more |= vfio_user_is_behind(&s->user);
	if (!s->more) {
		serve_tap_flush(&s->tap);
		sched_yield(); /* the client's threads may want the processor that we wait on */
	}
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

const struct xhci_profile *serve_profile_find(const char *name)
{
	for (unsigned i = 0; i < XHCI_PROFILES; i++)
		if (!strcmp(xhci_profiles[i].name, name))
			return &xhci_profiles[i];
	return NULL;
}

static int plug_all(struct serve *s, char *why, size_t room)
{
	for (unsigned i = 0; i < s->o->device_count; i++) {
		struct serve_path path;
		int err = serve_device_add(&s->devices, s->o->device[i], &path, why, room);

		if (err)
			return err;
	}
	return 0;
}

static void catch_signals(struct serve *s)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	s->signals = ends;
	sigaddset(&s->signals, SIGPIPE); /* our own output; a broken one is an error as any */
	sigprocmask(SIG_BLOCK, &s->signals, &s->signals_before);
	s->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Virtual time 0 is now. */
static void set_up_tap(struct serve *s)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	s->start_ns = host_ns();
	s->tap = (struct serve_tap){
		.watch = s->o->sink,
		.watch_opaque = s->o->sink_opaque,
		.printer = s->o->printer,
		.say = s->o->say,
		.say_opaque = s->o->sink_opaque,
		.now_ns = &s->machine.guest.clock.now_ns,
		.epoch_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec,
		.layout = {.oper = s->o->profile->cap_length,
			   .runtime = s->o->profile->rtsoff,
			   .doorbell = s->o->profile->dboff,
			   .extended = XHCI_XECP,
			   .ports = s->machine.xhci->port_count,
			   .interrupters = s->o->profile->intrs},
	};
}

static void set_up(struct serve *s)
{
	trace_reset(&s->trace);
	s->trace.unhashed = true;
	machine_init(&s->machine, &s->trace, s->o->profile);
	s->machine.xhci->unmoderated = s->o->unmoderated;
	set_up_tap(s);
	s->awake_ns = AWAKE_MIN_NS;
	s->devices.m = &s->machine;
	s->devices.tap = &s->tap;
	s->devices.say = device_says;
	s->devices.say_opaque = s;
	vfio_user_init(&s->user, &s->machine);
	s->user.complain = client_wrong;
	s->user.opaque = s;
	s->user.socket.wait = wait_for_client;
	s->user.socket.wait_opaque = s;
	s->trace.sink = serve_tap_row;
	s->trace.sink_opaque = &s->tap;
	s->listen_fd = -1;
	catch_signals(s);
}

static void tear_down(struct serve *s)
{
	const struct timespec now = {0};

	if (s->listen_fd >= 0) {
		close(s->listen_fd);
		unlink(s->o->path);
	}
	serve_control_close(&s->control);
	vfio_user_fini(&s->user);
	serve_device_remove_all(&s->devices);
	serve_tap_close(&s->tap);
	s->trace.sink = NULL;
	machine_fini(&s->machine);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	while (sigtimedwait(&s->signals, NULL, &now) > 0) /* they have had their effect */
		;
	sigprocmask(SIG_SETMASK, &s->signals_before, NULL);
}

static int open_taps(struct serve *s, char *why, size_t room)
{
	const char *path = s->o->pcap;
	int err = path ? serve_tap_pcap_start(&s->tap, path) : 0;

	if (!err && s->o->record) {
		path = s->o->record;
		err = serve_tap_record(&s->tap, path, s->o->profile->name);
	}
	if (!err && s->o->trace) {
		path = s->o->trace;
		err = serve_tap_trace_on(&s->tap, *path ? path : NULL);
	}
	if (err)
		snprintf(why, room, "%s: %s", path, strerror(-err));
	return err;
}

static int open_all(struct serve *s, char *why, size_t room)
{
	const char *path = s->o->path;
	int err = open_taps(s, why, room);

	if (!err)
		err = plug_all(s, why, room);
	if (err)
		return err;
	s->listen_fd = serve_socket_listen(path);
	err = s->listen_fd < 0 ? s->listen_fd : 0;
	if (!err && s->o->control) {
		path = s->o->control;
		err = serve_control_open(&s->control, path, &s->devices);
	}
	if (err)
		snprintf(why, room, "%s: %s", path, strerror(-err));
	return err;
}

int serve_run(const struct serve_options *o, char *why, size_t room)
{
	struct serve *s = alloc_zero(sizeof(*s));
	char line[200];
	int err;

	s->o = o;
	set_up(s);
	err = open_all(s, why, room);
	if (!err) {
		snprintf(line, sizeof(line), "%s ready on %s", o->profile->name, o->path);
		say(s, line);
	}
	while (!s->stop && !err) {
		err = serve_round(s);
		if (err)
			snprintf(why, room, "poll: %s", strerror(-err));
	}
	tear_down(s);
	free(s);
	return err;
}
