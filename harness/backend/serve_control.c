// SPDX-License-Identifier: MIT
/*
 * serve_control.c -- the control socket: a request per line, an answer per line, a few clients at a
 * time. A client that sends too long a line or does not read its answers is let go.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/serve.h"

int serve_control_open(struct serve_control *c, const char *path, struct serve_devices *devices)
{
	int fd = serve_socket_listen(path);

	*c = (struct serve_control){.devices = devices};
	if (fd < 0)
		return fd;
	c->path = path;
	c->listen_fd = fd;
	for (unsigned i = 0; i < SERVE_CONTROL_CLIENTS; i++)
		c->client[i].fd = -1;
	return 0;
}

static void let_go(struct serve_control_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->line);
	*client = (struct serve_control_client){.fd = -1};
}

void serve_control_close(struct serve_control *c)
{
	if (!c->path)
		return;
	for (unsigned i = 0; i < SERVE_CONTROL_CLIENTS; i++)
		let_go(&c->client[i]);
	close(c->listen_fd);
	unlink(c->path);
	c->path = NULL;
}

static struct serve_control_client *free_place(struct serve_control *c)
{
	for (unsigned i = 0; i < SERVE_CONTROL_CLIENTS; i++)
		if (c->client[i].fd < 0)
			return &c->client[i];
	return NULL;
}

unsigned serve_control_poll(const struct serve_control *c, struct pollfd *p)
{
	unsigned n = 0;

	for (unsigned i = 0; c->path && i < SERVE_CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			p[n++] = (struct pollfd){c->client[i].fd, POLLIN, 0};
	if (c->path && n < SERVE_CONTROL_CLIENTS)
		p[n++] = (struct pollfd){c->listen_fd, POLLIN, 0};
	return n;
}

/* False: the client does not read. */
static bool answer(struct serve_control *c, int fd, const char *text, size_t len)
{
	char *reply = serve_command(c->devices, text, len, &c->quit);
	size_t size = strlen(reply);
	ssize_t sent;

	reply[size] = '\n'; /* in place of the 0, which is not sent */
	sent = send(fd, reply, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(reply);
	return sent == (ssize_t)size + 1;
}

/* Whole lines that are here; false: the client is to go. */
static bool take_lines(struct serve_control *c, struct serve_control_client *client)
{
	char *end;

	while ((end = memchr(client->line, '\n', client->len))) {
		size_t used = (size_t)(end - client->line) + 1;

		if (used > 1 && !answer(c, client->fd, client->line, used - 1))
			return false;
		client->len -= used;
		memmove(client->line, end + 1, client->len);
	}
	return client->len < SERVE_CONTROL_LINE;
}

static void listen_to(struct serve_control *c, struct serve_control_client *client)
{
	ssize_t n = recv(client->fd, client->line + client->len, SERVE_CONTROL_LINE - client->len,
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		client->len += (size_t)n;
	if (n <= 0 || !take_lines(c, client))
		let_go(client);
}

void serve_control_work(struct serve_control *c)
{
	struct serve_control_client *place;

	for (unsigned i = 0; c->path && i < SERVE_CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			listen_to(c, &c->client[i]);
	place = c->path ? free_place(c) : NULL;
	if (!place)
		return;
	place->fd = serve_socket_accept(c->listen_fd);
	if (place->fd < 0)
		place->fd = -1;
	else
		place->line = alloc_zero(SERVE_CONTROL_LINE);
}
