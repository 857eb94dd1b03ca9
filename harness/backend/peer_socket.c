// SPDX-License-Identifier: MIT
/*
 * peer_socket.c -- sockets of a peer: UNIX ones by path, TCP ones by ADDRESS:PORT or [ADDRESS]:PORT.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/peer.h"
#include "backend/serve.h"

static int connect_path(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&name, sizeof(name)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Blocks until it is connected or refused; nothing else is to be done then. */
static int try_address(const struct addrinfo *a, bool listens)
{
	int on = 1, fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol), err;

	if (fd < 0)
		return -errno;
	if (listens) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		err = bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 4) ? -errno : 0;
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		err = connect(fd, a->ai_addr, a->ai_addrlen) ? -errno : 0;
	}
	if (!err && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_tcp(const char *address, bool listens)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = listens ? AI_PASSIVE : 0},
			*all;
	char *host = strdup(address), *port = host ? strrchr(host, ':') : NULL, *name = host;
	int fd = -EINVAL;

	if (port && port[1]) {
		*port++ = '\0';
		if (*name == '[' && port - name > 2 && port[-2] == ']') {
			port[-2] = '\0';
			name++;
		}
		if (!getaddrinfo(*name ? name : NULL, port, &hints, &all)) {
			for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
				fd = try_address(a, listens);
			freeaddrinfo(all);
		}
	}
	free(host);
	return fd;
}

int peer_socket_open(enum peer_way way, const char *address)
{
	switch (way) {
	case PEER_LISTEN:
		return serve_socket_listen(address);
	case PEER_CONNECT:
		return connect_path(address);
	default:
		return open_tcp(address, way == PEER_AS);
	}
}
