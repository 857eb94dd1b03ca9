// SPDX-License-Identifier: MIT
/*
 * mtp_folder.c -- a folder of the host as a store. Every way is walked from the folder's own descriptor,
 * step by step, with O_NOFOLLOW: a link, or a name that somebody swaps for one meanwhile, leads nowhere.
 * Only ordinary files and folders are seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/mtp_store.h"
#include "heap.h"

#define STEP (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

struct folder {
	struct mtp_store store; /* first member */
	int fd;
};

/* The folder that holds o (o itself if inside): a descriptor to close, or -errno. */
static int open_way(struct mtp_store *s, const struct mtp_object *o, bool inside)
{
	struct folder *f = container_of(s, struct folder, store);
	const struct mtp_object *way[MTP_DEPTH_MAX];
	unsigned n = o ? mtp_store_way(s, o, way) : 0;
	int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0), next;

	if (fd < 0)
		return -errno;
	if (o && !n) {
		close(fd);
		return -ENOENT;
	}
	for (unsigned i = 0; i + !inside < n; i++) {
		next = openat(fd, way[i]->name, O_RDONLY | O_DIRECTORY | STEP);
		next = next < 0 ? -errno : next;
		close(fd);
		if (next < 0)
			return next;
		fd = next;
	}
	return fd;
}

static bool known(const struct mtp_store *s, uint32_t parent, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->object[i]->parent == parent && !strcmp(s->object[i]->name, name))
			return true;
	return false;
}

static void see(struct mtp_store *s, int fd, uint32_t parent, const char *name)
{
	struct mtp_object *o;
	struct stat st;

	if (!mtp_name_is_good(name) || known(s, parent, name) ||
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	o = mtp_store_add(s, parent, name, S_ISDIR(st.st_mode));
	if (o && !o->folder)
		o->bytes = (uint64_t)st.st_size;
}

static void folder_scan(struct mtp_store *s, struct mtp_object *o)
{
	uint32_t parent = o ? o->handle : 0;
	int fd = open_way(s, o, true);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while (s->count < MTP_OBJECTS_MAX && (entry = readdir(dir)))
		see(s, dirfd(dir), parent, entry->d_name);
	closedir(dir);
}

/* The file itself: a descriptor to close, or -errno. */
static int open_file(struct mtp_store *s, const struct mtp_object *o, int flags)
{
	int at = open_way(s, o, false), fd;
	struct stat st;

	if (at < 0)
		return at;
	fd = openat(at, o->name, flags | STEP, 0644);
	fd = fd < 0 ? -errno : fd;
	close(at);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static ssize_t folder_read(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			   uint8_t *to, size_t len)
{
	int fd = open_file(s, o, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, to, len, (off_t)offset);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static ssize_t folder_write(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			    const uint8_t *from, size_t len)
{
	int fd = open_file(s, o, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pwrite(fd, from, len, (off_t)offset);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

/* What is there already is not written over. */
static int folder_create(struct mtp_store *s, const struct mtp_object *o)
{
	int at, fd, err = 0;

	if (!o->folder) {
		fd = open_file(s, o, O_WRONLY | O_CREAT | O_EXCL);
		if (fd < 0)
			return fd;
		close(fd);
		return 0;
	}
	at = open_way(s, o, false);
	if (at < 0)
		return at;
	if (mkdirat(at, o->name, 0755))
		err = -errno;
	close(at);
	return err;
}

static int folder_remove(struct mtp_store *s, const struct mtp_object *o)
{
	int at = open_way(s, o, false), err = 0;

	if (at < 0)
		return at;
	if (unlinkat(at, o->name, o->folder ? AT_REMOVEDIR : 0))
		err = -errno;
	close(at);
	return err;
}

static void folder_free(struct mtp_store *s)
{
	struct folder *f = container_of(s, struct folder, store);

	close(f->fd);
	mtp_store_forget_all(s);
	heap_free(f);
}

static const struct mtp_store_ops ops = {
	.scan = folder_scan,
	.read = folder_read,
	.write = folder_write,
	.create = folder_create,
	.remove = folder_remove,
	.free = folder_free,
};

int mtp_folder_open(const char *path, bool read_only, struct mtp_store **ret)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct folder *f;

	if (fd < 0)
		return -errno;
	f = heap_zero(sizeof(*f));
	f->store.ops = &ops;
	f->store.read_only = read_only;
	f->fd = fd;
	*ret = &f->store;
	return 0;
}
