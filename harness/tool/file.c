// SPDX-License-Identifier: MIT
/*
 * file.c -- files in and out: read whole with a limit, written to a temporary name and renamed,
 * folders listed in a fixed order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/tool.h"

static int refuse_file(const char *path, int error)
{
	tool_refuse("%s: %s", path, strerror(error));
	return -error;
}

static int read_all(int fd, const char *path, uint8_t **ret, size_t *ret_len)
{
	size_t room = 4096, len = 0;
	uint8_t *bytes = alloc_zero(room + 1), *more;
	ssize_t n;

	while ((n = read(fd, bytes + len, room - len)) > 0) {
		len += (size_t)n;
		if (len > TOOL_FILE_MAX)
			break;
		if (len < room)
			continue;
		room *= 4;
		more = realloc(bytes, room + 1);
		if (!more) {
			free(bytes);
			return refuse_file(path, ENOMEM);
		}
		bytes = more;
	}
	if (n < 0 || len > TOOL_FILE_MAX) {
		int error = errno;

		free(bytes);
		if (n < 0)
			return refuse_file(path, error);
		tool_refuse("%s is too large: an input has at most %u bytes", path, TOOL_FILE_MAX);
		return -EFBIG;
	}
	bytes[len] = 0;
	*ret = bytes;
	*ret_len = len;
	return 0;
}

int tool_file_read(const char *path, uint8_t **ret, size_t *ret_len)
{
	struct stat st;
	int fd, err;

	if (stat(path, &st))
		return refuse_file(path, errno);
	if (S_ISDIR(st.st_mode)) {
		tool_refuse("%s is a folder: give one file in it", path);
		return -EISDIR;
	}
	if (S_ISREG(st.st_mode) && st.st_size > (off_t)TOOL_FILE_MAX) {
		tool_refuse("%s is too large (%lld bytes): an input has at most %u", path,
			    (long long)st.st_size, TOOL_FILE_MAX);
		return -EFBIG;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse_file(path, errno);
	err = read_all(fd, path, ret, ret_len);
	close(fd);
	return err;
}

int tool_file_write(const char *path, const void *bytes, size_t len)
{
	char temporary[4096];
	struct stat st;
	FILE *out;
	bool good;

	if (!strcmp(path, "-")) {
		fwrite(bytes, 1, len, stdout);
		return 0;
	}
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return refuse_file(path, EISDIR);
	if (snprintf(temporary, sizeof(temporary), "%s.new%ld", path, (long)getpid()) >=
	    (int)sizeof(temporary))
		return refuse_file(path, ENAMETOOLONG);
	/* A device or a pipe cannot be renamed over. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		strcpy(temporary, path);
	out = fopen(temporary, "wb");
	if (!out)
		return refuse_file(path, errno);
	good = fwrite(bytes, 1, len, out) == len;
	good = !fclose(out) && good;
	if (good && strcmp(temporary, path))
		good = !rename(temporary, path);
	if (!good) {
		int error = errno ? errno : EIO;

		unlink(temporary);
		return refuse_file(path, error);
	}
	return 0;
}

static void add(struct tool_list *list, const char *path)
{
	if (!(list->count & (list->count - 1))) {
		char **more = realloc(list->path,
				      (list->count ? 2 * list->count : 1) * sizeof(*list->path));

		REQUIRE(more);
		list->path = more;
	}
	list->path[list->count] = strdup(path);
	REQUIRE(list->path[list->count]);
	list->count++;
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	if (entry->d_name[0] == '.' || !strncmp(entry->d_name, "README", 6))
		return 0;
	return !dot || (strcmp(dot, ".md") && strcmp(dot, ".patch"));
}

static int add_folder(struct tool_list *list, const char *path, unsigned depth)
{
	struct dirent **entry;
	char below[4096];
	int n = scandir(path, &entry, is_case, alphasort), err = 0;
	struct stat st;

	if (n < 0)
		return refuse_file(path, errno);
	for (int i = 0; i < n; i++) {
		int length = snprintf(below, sizeof(below), "%s/%s", path, entry[i]->d_name);

		free(entry[i]);
		if (err || length >= (int)sizeof(below) || stat(below, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 8)
			err = add_folder(list, below, depth + 1);
		else if (S_ISREG(st.st_mode))
			add(list, below);
	}
	free(entry);
	return err;
}

int tool_list_add(struct tool_list *list, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return refuse_file(path, errno);
	if (S_ISDIR(st.st_mode))
		return add_folder(list, path, 0);
	add(list, path);
	return 0;
}

void tool_list_free(struct tool_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free(list->path[i]);
	free(list->path);
	memset(list, 0, sizeof(*list));
}
