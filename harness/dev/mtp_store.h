// SPDX-License-Identifier: MIT
/*
 * mtp_store.h -- the objects of the media device: a table of what is known, over a store in memory or
 * one folder of the host. Nothing outside of that folder is ever touched: names are checked, and each
 * step of a way is opened from the one before without following links.
 */
#ifndef DEV_MTP_STORE_H
#define DEV_MTP_STORE_H

#include <sys/types.h>

#include "base.h"

#define MTP_OBJECTS_MAX 1024u
#define MTP_NAME_MAX 255u /* bytes with the final zero */
#define MTP_DEPTH_MAX 16u /* folders in a row */

struct mtp_object {
	uint32_t handle; /* never 0 */
	uint32_t parent; /* 0 = the top */
	uint64_t bytes;
	bool folder;
	bool scanned; /* a folder whose children are known */
	char name[MTP_NAME_MAX];
};

struct mtp_store;

struct mtp_store_ops {
	/* Add the children of a folder (NULL = the top) that are not known. */
	void (*scan)(struct mtp_store *s, struct mtp_object *folder);
	/* Bytes moved, or -errno. */
	ssize_t (*read)(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			uint8_t *to, size_t len);
	ssize_t (*write)(struct mtp_store *s, const struct mtp_object *o, uint64_t offset,
			 const uint8_t *from, size_t len);
	/* 0 or -errno; it is in the table already, or still. */
	int (*create)(struct mtp_store *s, const struct mtp_object *o);
	int (*remove)(struct mtp_store *s, const struct mtp_object *o);
	void (*free)(struct mtp_store *s);
};

/* First member of every kind of store. */
struct mtp_store {
	const struct mtp_store_ops *ops;
	struct mtp_object *object[MTP_OBJECTS_MAX]; /* own allocations, in the order of handles */
	unsigned count;
	uint32_t last_handle;
	bool read_only, scanned;
};

/* NULL if there is none. */
struct mtp_object *mtp_store_find(struct mtp_store *s, uint32_t handle);
/* Children of parent (0 = the top) become known; false: it is no folder. */
bool mtp_store_open(struct mtp_store *s, uint32_t parent);
/* An object for the table; NULL if it is full, the name is none, or it is too deep. Not created yet. */
struct mtp_object *mtp_store_add(struct mtp_store *s, uint32_t parent, const char *name,
				 bool folder);
/* Out of the table again. */
void mtp_store_drop(struct mtp_store *s, struct mtp_object *o);
/* 0; -ENOTEMPTY: a folder with something in it; -EROFS; -errno of the store. */
int mtp_store_remove(struct mtp_store *s, struct mtp_object *o);
/* Neither empty, nor ".", "..", nor with a slash. */
bool mtp_name_is_good(const char *name);
/* The objects from the top down to o, at most MTP_DEPTH_MAX; how many, 0 if there is no such way. */
unsigned mtp_store_way(struct mtp_store *s, const struct mtp_object *o,
		       const struct mtp_object *way[MTP_DEPTH_MAX]);
void mtp_store_free(struct mtp_store *s); /* NULL is fine */
/* For a kind of store: the table's memory. */
void mtp_store_forget_all(struct mtp_store *s);

#define MTP_MEMORY_OBJECTS 32u
#define MTP_MEMORY_BYTES 65536u /* of one object */

/* In memory, with a folder and a text in it. */
struct mtp_store *mtp_memory_new(void);
/* A folder of the host. 0 or -errno. */
int mtp_folder_open(const char *path, bool read_only, struct mtp_store **ret);

#endif
