// SPDX-License-Identifier: MIT
/*
 * serve_link.c -- see serve_link.h. Nothing blocks: what the other side does not take stays with the
 * device, what it sends is read when the device asks. A socket's other side may go and come again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "backend/serve.h"
#include "backend/serve_link.h"

#define HEAD 4u

struct serve_link {
	struct dev_link link; /* first member; link.fd is read and written */
	struct serve_links *all;
	struct serve_link *next;
	int listen_fd, slave_fd;
	char *path; /* to remove at the end, or NULL */
	bool frames;
	bool hungry; /* the device asked, and there was nothing */
	size_t in_len, out_len, out_pos;
	uint8_t in[HEAD + SERVE_LINK_FRAME], out[HEAD + SERVE_LINK_FRAME];
};

static void hang_up(struct serve_link *l)
{
	if (l->slave_fd >= 0 || l->link.fd < 0)
		return;
	close(l->link.fd);
	l->link.fd = -1;
	l->link.visits++;
	l->in_len = l->out_len = l->out_pos = 0;
}

/* ---- as the device has it ------------------------------------------------------------------- */

static size_t raw_write(struct serve_link *l, const uint8_t *bytes, size_t len)
{
	ssize_t n = l->link.fd < 0 ? -1 : write(l->link.fd, bytes, len);

	if (n < 0 && l->link.fd >= 0 && errno != EAGAIN && errno != EINTR)
		hang_up(l);
	if (l->link.fd < 0)
		return len; /* nobody is there: it is lost, as on a line without anybody */
	return n < 0 ? 0 : (size_t)n;
}

static bool flush(struct serve_link *l)
{
	if (l->out_pos < l->out_len)
		l->out_pos += raw_write(l, l->out + l->out_pos, l->out_len - l->out_pos);
	return l->out_pos >= l->out_len;
}

static size_t link_send(struct dev_link *link, const uint8_t *bytes, size_t len)
{
	struct serve_link *l = container_of(link, struct serve_link, link);

	if (!l->frames)
		return raw_write(l, bytes, len);
	if (len > SERVE_LINK_FRAME)
		return len;
	if (!flush(l))
		return 0;
	for (unsigned i = 0; i < HEAD; i++)
		l->out[i] = (uint8_t)(len >> (24 - 8 * i));
	memcpy(l->out + HEAD, bytes, len);
	l->out_len = HEAD + len;
	l->out_pos = 0;
	flush(l);
	return len;
}

/* Returns how many bytes of in may be taken: those of a whole frame, or whatever there is. */
static size_t whole(const struct serve_link *l)
{
	size_t len = 0;

	if (!l->frames)
		return l->in_len;
	for (unsigned i = 0; i < HEAD && l->in_len >= HEAD; i++)
		len = len << 8 | l->in[i];
	if (l->in_len < HEAD || len > SERVE_LINK_FRAME)
		return l->in_len < HEAD ? 0 : SIZE_MAX;
	return l->in_len >= HEAD + len ? HEAD + len : 0;
}

static void fill(struct serve_link *l)
{
	ssize_t n;

	if (l->link.fd < 0 || l->in_len == sizeof(l->in))
		return;
	n = read(l->link.fd, l->in + l->in_len, sizeof(l->in) - l->in_len);
	if (n > 0)
		l->in_len += (size_t)n;
	else if (!n || (errno != EAGAIN && errno != EINTR && errno != EIO))
		hang_up(l);
}

static size_t link_receive(struct dev_link *link, uint8_t *bytes, size_t room)
{
	struct serve_link *l = container_of(link, struct serve_link, link);
	size_t head = l->frames ? HEAD : 0, have = whole(l), n;

	if (!have) {
		fill(l);
		have = whole(l);
	}
	if (have == SIZE_MAX) { /* not what it should be: no way to find the next frame */
		hang_up(l);
		have = 0;
	}
	l->hungry = !have;
	if (!have)
		return 0;
	n = min_u64(have - head, room);
	memcpy(bytes, l->in + head, n);
	if (!l->frames)
		have = n;
	l->in_len -= have;
	memmove(l->in, l->in + have, l->in_len);
	return n;
}

static void link_free(struct dev_link *link)
{
	struct serve_link *l = container_of(link, struct serve_link, link);
	struct serve_link **place = &l->all->first;

	while (*place != l)
		place = &(*place)->next;
	*place = l->next;
	l->all->count--;
	if (l->link.fd >= 0)
		close(l->link.fd);
	if (l->slave_fd >= 0)
		close(l->slave_fd);
	if (l->listen_fd >= 0)
		close(l->listen_fd);
	if (l->path)
		unlink(l->path);
	free(l->path);
	free(l);
}

static void link_hang_up(struct dev_link *link)
{
	hang_up(container_of(link, struct serve_link, link));
}

static const struct dev_link_ops ops = {link_send, link_receive, link_free, link_hang_up, NULL};

/* ---- opening -------------------------------------------------------------------------------- */

static int open_pty(struct serve_link *l, const char *path)
{
	struct termios raw;
	char name[64];

	l->link.fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (l->link.fd < 0 || grantpt(l->link.fd) || unlockpt(l->link.fd) ||
	    ptsname_r(l->link.fd, name, sizeof(name)))
		return -errno;
	/* open all the time, so that it does not hang up whenever its other side does */
	l->slave_fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (l->slave_fd < 0 || tcgetattr(l->slave_fd, &raw))
		return -errno;
	cfmakeraw(&raw);
	if (tcsetattr(l->slave_fd, TCSANOW, &raw) || symlink(name, path))
		return -errno;
	l->path = strdup(path);
	return l->path ? 0 : -ENOMEM;
}

static int open_listen(struct serve_link *l, const char *path)
{
	l->listen_fd = serve_socket_listen(path);
	if (l->listen_fd < 0)
		return l->listen_fd;
	l->path = strdup(path);
	return l->path ? 0 : -ENOMEM;
}

static int open_connect(struct serve_link *l, const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path));
	l->link.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->link.fd < 0 ||
	    connect(l->link.fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    fcntl(l->link.fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int serve_link_open(struct serve_links *all, enum serve_link_kind kind, const char *path,
		    bool frames, struct dev_link **ret)
{
	struct serve_link *l;
	int err;

	if (all->count == SERVE_MAX_LINKS)
		return -EMFILE;
	l = alloc_zero(sizeof(*l));
	l->link.ops = &ops;
	l->link.fd = l->listen_fd = l->slave_fd = -1;
	l->frames = frames;
	l->hungry = true;
	l->all = all;
	l->next = all->first;
	all->first = l;
	all->count++;
	err = kind == SERVE_LINK_PTY        ? open_pty(l, path)
		: kind == SERVE_LINK_LISTEN ? open_listen(l, path)
					    : open_connect(l, path);
	if (err) {
		link_free(&l->link);
		return err;
	}
	l->link.visits = l->link.fd >= 0;
	*ret = &l->link;
	return 0;
}

/* ---- polling -------------------------------------------------------------------------------- */

unsigned serve_link_poll(const struct serve_links *all, struct pollfd *p)
{
	unsigned n = 0;

	for (const struct serve_link *l = all->first; l; l = l->next) {
		bool out = l->link.wants_out || l->out_pos < l->out_len;

		p[n++] = (struct pollfd){
			.fd = l->link.fd >= 0 ? l->link.fd : l->listen_fd,
			.events = (short)((l->hungry || l->link.fd < 0 ? POLLIN : 0) |
					  (out && l->link.fd >= 0 ? POLLOUT : 0)),
		};
	}
	return n;
}

void serve_link_work(struct serve_links *all, const struct pollfd *p, unsigned count)
{
	struct serve_link *l = all->first;

	for (unsigned i = 0; i < count && l; i++, l = l->next) {
		if (!p[i].revents)
			continue;
		if (l->link.fd < 0 && l->listen_fd >= 0) {
			int fd = serve_socket_accept(l->listen_fd);

			if (fd < 0)
				continue;
			fcntl(fd, F_SETFL, O_NONBLOCK);
			l->link.fd = fd;
			l->link.visits++;
		} else if (p[i].revents & (POLLERR | POLLHUP) && !(p[i].revents & POLLIN)) {
			hang_up(l);
		}
		l->hungry = false; /* until the device asks again */
		flush(l);
		l->link.wants_out = false;
		dev_link_ready(&l->link);
	}
}
