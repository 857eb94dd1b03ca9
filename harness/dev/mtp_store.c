// SPDX-License-Identifier: MIT
/*
 * mtp_store.c -- the table of objects, and the store in memory. The table is bounded; what is beyond is
 * not seen. Left out: moving and copying, several storages.
 */
#include <errno.h>

#include "dev/mtp_store.h"
#include "heap.h"

struct mtp_object *mtp_store_find(struct mtp_store *s, uint32_t handle)
{
	for (unsigned i = 0; handle && i < s->count; i++)
		if (s->object[i]->handle == handle)
			return s->object[i];
	return NULL;
}

bool mtp_name_is_good(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/') &&
		strlen(name) < MTP_NAME_MAX;
}

unsigned mtp_store_way(struct mtp_store *s, const struct mtp_object *o,
		       const struct mtp_object *way[MTP_DEPTH_MAX])
{
	unsigned n = 0;

	for (; o; o = mtp_store_find(s, o->parent)) {
		if (n == MTP_DEPTH_MAX)
			return 0;
		memmove(way + 1, way, n * sizeof(*way));
		way[0] = o;
		n++;
		if (!o->parent)
			return n;
	}
	return 0;
}

struct mtp_object *mtp_store_add(struct mtp_store *s, uint32_t parent, const char *name,
				 bool folder)
{
	const struct mtp_object *above = mtp_store_find(s, parent), *way[MTP_DEPTH_MAX];
	struct mtp_object *o;
	unsigned depth = above ? mtp_store_way(s, above, way) : 0;

	if (s->count == MTP_OBJECTS_MAX || !mtp_name_is_good(name) ||
	    (parent && (!above || !above->folder || !depth || depth + 1 >= MTP_DEPTH_MAX)))
		return NULL;
	o = heap_zero(sizeof(*o));
	o->handle = ++s->last_handle;
	o->parent = parent;
	o->folder = folder;
	strcpy(o->name, name);
	s->object[s->count++] = o;
	return o;
}

void mtp_store_drop(struct mtp_store *s, struct mtp_object *o)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->object[i] != o)
			continue;
		s->count--;
		memmove(&s->object[i], &s->object[i + 1], (s->count - i) * sizeof(s->object[0]));
		break;
	}
	heap_free(o);
}

bool mtp_store_open(struct mtp_store *s, uint32_t parent)
{
	struct mtp_object *o = mtp_store_find(s, parent);

	if (parent && (!o || !o->folder))
		return false;
	if (!(o ? o->scanned : s->scanned) && s->ops->scan)
		s->ops->scan(s, o);
	if (o)
		o->scanned = true;
	else
		s->scanned = true;
	return true;
}

int mtp_store_remove(struct mtp_store *s, struct mtp_object *o)
{
	int err;

	if (s->read_only)
		return -EROFS;
	if (o->folder)
		mtp_store_open(s, o->handle);
	for (unsigned i = 0; i < s->count; i++)
		if (s->object[i]->parent == o->handle)
			return -ENOTEMPTY;
	err = s->ops->remove(s, o);
	if (!err)
		mtp_store_drop(s, o);
	return err;
}

void mtp_store_forget_all(struct mtp_store *s)
{
	while (s->count)
		mtp_store_drop(s, s->object[s->count - 1]);
}

void mtp_store_free(struct mtp_store *s)
{
	if (s)
		s->ops->free(s);
}

/* ---- in memory ----------------------------------------------------------------------------- */

struct memory {
	struct mtp_store store; /* first member */
	struct {
		uint32_t handle; /* 0 = free */
		uint8_t *bytes;  /* own allocation of exactly len */
		size_t len;
	} file[MTP_MEMORY_OBJECTS];
};

static int find_file(const struct memory *m, uint32_t handle)
{
	for (unsigned i = 0; i < MTP_MEMORY_OBJECTS; i++)
		if (m->file[i].handle == handle)
			return (int)i;
	return -1;
}

static ssize_t memory_read(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			   uint8_t *to, size_t len)
{
	const struct memory *m = container_of(s, struct memory, store);
	int i = find_file(m, o->handle);
	size_t n;

	if (i < 0 || offset >= m->file[i].len)
		return 0;
	n = min_u64(len, m->file[i].len - offset);
	memcpy(to, m->file[i].bytes + offset, n);
	return (ssize_t)n;
}

static ssize_t memory_write(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			    const uint8_t *from, size_t len)
{
	struct memory *m = container_of(s, struct memory, store);
	int i = find_file(m, o->handle);
	uint8_t *bytes;

	if (i < 0 || offset + len > MTP_MEMORY_BYTES)
		return -ENOSPC;
	if (offset + len > m->file[i].len) {
		bytes = heap_zero(offset + len);
		if (m->file[i].len)
			memcpy(bytes, m->file[i].bytes, m->file[i].len);
		heap_free(m->file[i].bytes);
		m->file[i].bytes = bytes;
		m->file[i].len = offset + len;
	}
	memcpy(m->file[i].bytes + offset, from, len);
	return (ssize_t)len;
}

static int memory_create(struct mtp_store *s, const struct mtp_object *o)
{
	struct memory *m = container_of(s, struct memory, store);
	int i = find_file(m, 0);

	if (i < 0)
		return -ENOSPC;
	m->file[i].handle = o->handle;
	return 0;
}

static int memory_remove(struct mtp_store *s, const struct mtp_object *o)
{
	struct memory *m = container_of(s, struct memory, store);
	int i = find_file(m, o->handle);

	if (i < 0)
		return -ENOENT;
	heap_free(m->file[i].bytes);
	memset(&m->file[i], 0, sizeof(m->file[i]));
	return 0;
}

static void memory_free(struct mtp_store *s)
{
	struct memory *m = container_of(s, struct memory, store);

	for (unsigned i = 0; i < MTP_MEMORY_OBJECTS; i++)
		heap_free(m->file[i].bytes);
	mtp_store_forget_all(s);
	heap_free(m);
}

static const struct mtp_store_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.create = memory_create,
	.remove = memory_remove,
	.free = memory_free,
};

struct mtp_store *mtp_memory_new(void)
{
	static const char text[] = "what a camera would have taken\n";
	struct memory *m = heap_zero(sizeof(*m));
	struct mtp_object *folder, *file;

	m->store.ops = &memory_ops;
	folder = mtp_store_add(&m->store, 0, "DCIM", true);
	REQUIRE(folder); /* a new store has room for two */
	memory_create(&m->store, folder);
	file = mtp_store_add(&m->store, folder->handle, "note.txt", false);
	REQUIRE(file);
	memory_create(&m->store, file);
	memory_write(&m->store, file, 0, (const uint8_t *)text, sizeof(text) - 1);
	file->bytes = sizeof(text) - 1;
	return &m->store;
}
