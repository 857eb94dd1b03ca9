// SPDX-License-Identifier: MIT
/*
 * vfio_dma.c -- the client's memory: what it mapped for us, from files it passed or by messages.
 *
 * A file that its owner may still make shorter is never mapped, since touching what is gone would be
 * the end of us (SIGBUS): only those sealed against shrinking are, all others are read and written
 * by system calls. Left out: huge pages whose holes cannot be filled again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/vfio_user.h"

#define PAGE_BYTES 4096u

static bool is_lasting(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SHRINK);
}

static int attach(struct vfio_map *map)
{
	int prot = (map->readable ? PROT_READ : 0) | (map->writable ? PROT_WRITE : 0);
	struct stat st;
	void *at;

	if (fstat(map->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || map->offset > (uint64_t)st.st_size ||
	    map->size > (uint64_t)st.st_size - map->offset)
		return -EINVAL;
	if (!is_lasting(map->fd) || map->offset % PAGE_BYTES)
		return 0;
	at = mmap(NULL, map->size, prot, MAP_SHARED, map->fd, (off_t)map->offset);
	map->at = at == MAP_FAILED ? NULL : at;
	return 0;
}

static void detach(struct vfio_map *map)
{
	if (map->at)
		munmap(map->at, map->size);
	if (map->fd >= 0)
		close(map->fd);
}

int vfio_dma_map(struct vfio_dma *d, uint64_t addr, uint64_t size, uint32_t flags, int fd,
		 uint64_t offset)
{
	struct vfio_map map = {
		.addr = addr,
		.size = size,
		.readable = flags & VFIO_MAP_READ,
		.writable = flags & VFIO_MAP_WRITE,
		.fd = fd,
		.offset = offset,
	};
	int err;

	if (!size || addr + (size - 1) < addr)
		return -EINVAL;
	if (d->count == VFIO_MAX_MAPS)
		return -ENOSPC;
	err = fd >= 0 ? attach(&map) : 0;
	if (err)
		return err;
	if (!d->map)
		d->map = alloc_zero(VFIO_MAX_MAPS * sizeof(*d->map));
	memmove(d->map + 1, d->map, d->count++ * sizeof(*d->map));
	d->map[0] = map;
	return 0;
}

int vfio_dma_unmap(struct vfio_dma *d, uint64_t addr, uint64_t size)
{
	unsigned kept = 0, before = d->count;

	for (unsigned i = 0; i < before; i++) {
		struct vfio_map *map = &d->map[i];

		if (map->addr >= addr && map->addr - addr < size &&
		    map->size <= size - (map->addr - addr))
			detach(map);
		else
			d->map[kept++] = *map;
	}
	d->count = kept;
	return kept < before ? 0 : -ENOENT;
}

void vfio_dma_clear(struct vfio_dma *d)
{
	for (unsigned i = 0; i < d->count; i++)
		detach(&d->map[i]);
	free(d->map);
	d->map = NULL;
	d->count = 0;
}

/* ---- access -------------------------------------------------------------------------------- */

/* The map that answers at addr, and how many of len bytes it answers for; NULL: nobody. */
static const struct vfio_map *find(const struct vfio_dma *d, uint64_t addr, size_t *len)
{
	for (unsigned i = 0; i < d->count; i++) {
		const struct vfio_map *map = &d->map[i];
		uint64_t into = addr - map->addr;

		if (into < map->size) {
			*len = (size_t)min_u64(*len, map->size - into);
			return map;
		}
		if (map->addr > addr) /* a newer one that begins later ends it */
			*len = (size_t)min_u64(*len, map->addr - addr);
	}
	return NULL;
}

/*
 * Into mapped memory. A TRB's last quadword has its cycle bit and is stored last: the guest may look
 * at the same time (xHCI 4.9.2: software owns what it sees complete).
 */
static void store(uint8_t *to, const void *from, size_t len)
{
	uint64_t half[2];

	if (len != sizeof(half) || (uintptr_t)to % sizeof(half)) {
		memcpy(to, from, len);
		return;
	}
	memcpy(half, from, sizeof(half));
	__atomic_store_n((uint64_t *)(void *)to, half[0], __ATOMIC_RELAXED);
	__atomic_store_n((uint64_t *)(void *)(to + 8), half[1], __ATOMIC_RELEASE);
}

/* Out of mapped memory; a TRB's cycle bit is loaded first. */
static void load(void *to, const uint8_t *from, size_t len)
{
	uint64_t half[2];

	if (len != sizeof(half) || (uintptr_t)from % sizeof(half)) {
		memcpy(to, from, len);
		return;
	}
	half[1] = __atomic_load_n((const uint64_t *)(const void *)(from + 8), __ATOMIC_ACQUIRE);
	half[0] = __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_RELAXED);
	memcpy(to, half, sizeof(half));
}

static int by_file(const struct vfio_map *map, bool write, uint64_t into, void *buf, size_t len)
{
	off_t at = (off_t)(map->offset + into);
	ssize_t n;

	do
		n = write ? pwrite(map->fd, buf, len, at) : pread(map->fd, buf, len, at);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? 0 : -EFAULT;
}

static int access_piece(struct vfio_dma *d, const struct vfio_map *map, bool write, uint64_t addr,
			uint8_t *buf, size_t len)
{
	uint64_t into = addr - map->addr;
	int err = 0;

	if (map->fd >= 0 && !map->at)
		return by_file(map, write, into, buf, len);
	if (map->at && write)
		store(map->at + into, buf, len);
	else if (map->at)
		load(buf, map->at + into, len);
	if (map->at)
		return 0;
	/* The map may go away while we wait for an answer: it is not looked at again. */
	for (size_t done = 0, n; done < len && !err; done += n) {
		n = (size_t)min_u64(len - done, VFIO_MAX_DATA);
		err = d->by_message(d->opaque, write, addr + done, buf + done, n);
	}
	return err;
}

int vfio_dma_access(struct vfio_dma *d, bool write, uint64_t addr, void *buf, size_t len)
{
	const struct vfio_map *map;
	size_t n;

	if (addr + len < addr)
		return -EFAULT;
	for (size_t done = 0; done < len; done += n) {
		n = len - done;
		map = find(d, addr + done, &n);
		if (!map || !(write ? map->writable : map->readable))
			return -EFAULT;
	}
	for (size_t done = 0; done < len; done += n) {
		int err;

		n = len - done;
		map = find(d, addr + done, &n);
		err = map ? access_piece(d, map, write, addr + done, (uint8_t *)buf + done, n)
			  : -EFAULT;
		if (err)
			return err;
	}
	return 0;
}
