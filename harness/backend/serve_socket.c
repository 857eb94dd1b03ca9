// SPDX-License-Identifier: MIT
/*
 * serve_socket.c -- a UNIX socket to listen on.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/serve.h"

/* Is it a socket that nobody listens on? Then it is in the way since its owner was killed. */
static bool is_stale(const struct sockaddr_un *name)
{
	struct stat st;
	bool refused;
	int fd;

	if (lstat(name->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return refused;
}

int serve_socket_listen(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const struct sockaddr *generic = (const struct sockaddr *)&name;
	mode_t mask;
	int fd, err;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind(fd, generic, sizeof(name)) ? -errno : 0;
	if (err == -EADDRINUSE && is_stale(&name) && !unlink(path))
		err = bind(fd, generic, sizeof(name)) ? -errno : 0;
	umask(mask);
	if (!err && listen(fd, 4))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int serve_socket_accept(int fd)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	return client < 0 ? -errno : client;
}
