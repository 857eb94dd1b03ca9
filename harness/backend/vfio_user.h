// SPDX-License-Identifier: MIT
/*
 * vfio_user.h -- our machine as a PCI device on a UNIX socket, one section per file: vfio_socket.c,
 * vfio_dma.c, vfio_irq.c, vfio_user.c. The client (QEMU's vfio-user-pci) is a peer that may be
 * wrong or hostile: whatever it sends is checked, bounded, and at worst ends its connection.
 */
#ifndef BACKEND_VFIO_USER_H
#define BACKEND_VFIO_USER_H

#include "backend/machine.h"
#include "backend/vfio_abi.h"

/* ---- vfio_socket.c: messages and the files that come with them ----------------------------- */

struct vfio_message {
	uint16_t id, command;
	uint32_t flags, error;
	uint8_t *body; /* own allocation of exactly len bytes; NULL if len is 0 */
	uint32_t len;
	int file[VFIO_MAX_FILES];
	unsigned file_count;
};

#define VFIO_AHEAD_BYTES 4096u

struct vfio_socket {
	int fd; /* non-blocking; -1 = none */
	/* What one system call brought and nobody has looked at yet, and the files that came with
	 * the last of its bytes. */
	uint8_t ahead[VFIO_AHEAD_BYTES];
	size_t ahead_at, ahead_len;
	int ahead_file[VFIO_MAX_FILES];
	unsigned ahead_file_count;
	uint8_t header[VFIO_HEADER_BYTES];
	size_t have;                /* bytes of the message that is coming in */
	struct vfio_message coming; /* body and files that are here already */
	const char *why;            /* VFIO_BROKEN: what was wrong */
	/* Wait for POLLIN or POLLOUT: false after msec. NULL: by poll(). It outlives connections. */
	bool (*wait)(void *opaque, short events, int msec);
	void *wait_opaque;
};

enum vfio_receive {
	VFIO_MESSAGE,
	VFIO_AGAIN,  /* nothing complete yet */
	VFIO_CLOSED, /* between two messages */
	VFIO_BROKEN, /* the stream cannot be trusted any more */
};

/* fd passes to the socket, which makes it non-blocking. *s: zeroed, or used before. */
void vfio_socket_open(struct vfio_socket *s, int fd);
void vfio_socket_close(struct vfio_socket *s);
/* VFIO_MESSAGE: *ret is the caller's, for vfio_message_free. Never blocks. */
enum vfio_receive vfio_socket_receive(struct vfio_socket *s, struct vfio_message *ret);
/* Bytes are here that poll() does not know of any more: receive before sleeping. */
bool vfio_socket_has_more(const struct vfio_socket *s);
/*
 * Header and body (may be NULL if len is 0). 0, or -errno when the connection is of no use any more
 * (-ETIMEDOUT: the client does not read).
 */
int vfio_socket_send(struct vfio_socket *s, const struct vfio_message *head, const void *body,
		     uint32_t len);
/* Wait until there may be something to read (POLLIN) or room to write (POLLOUT): false after msec. */
bool vfio_socket_wait(struct vfio_socket *s, short events, int msec);
/* The host's clock, by which patience with a client ends. */
uint64_t vfio_socket_now_msec(void);
/* Take the nth file out of a message: the caller's now; -1 if there is none. */
int vfio_message_take_file(struct vfio_message *m, unsigned nth);
/* Frees the body and closes the files that were not taken. */
void vfio_message_free(struct vfio_message *m);

/* ---- vfio_dma.c: guest memory -------------------------------------------------------------- */

struct vfio_map {
	uint64_t addr, size;
	bool readable, writable;
	int fd;          /* -1: accessed by messages */
	uint64_t offset; /* in the file */
	uint8_t *at;     /* mapped, or NULL: accessed by pread and pwrite */
};

struct vfio_dma {
	struct vfio_map *map; /* newest first: where they overlap the newest counts */
	unsigned count;
	/* One access by message: 0 or -errno. len <= VFIO_MAX_DATA. */
	int (*by_message)(void *opaque, bool write, uint64_t addr, void *buf, size_t len);
	void *opaque;
};

/*
 * fd -1: memory that only messages reach; else it passes to the map if this succeeds. flags:
 * VFIO_MAP_READ, _WRITE. 0; -EINVAL: empty, wraps, larger than the file; -ENOSPC: too many.
 */
int vfio_dma_map(struct vfio_dma *d, uint64_t addr, uint64_t size, uint32_t flags, int fd,
		 uint64_t offset);
/* Forget all maps inside this range. 0 or -ENOENT. */
int vfio_dma_unmap(struct vfio_dma *d, uint64_t addr, uint64_t size);
void vfio_dma_clear(struct vfio_dma *d);
/* All of it is mapped and allowed, or -EFAULT and nothing is touched; or a message's -errno. */
int vfio_dma_access(struct vfio_dma *d, bool write, uint64_t addr, void *buf, size_t len);

/* ---- vfio_irq.c: eventfds ------------------------------------------------------------------ */

struct vfio_irq {
	unsigned count[VFIO_IRQS]; /* vectors of each index */
	int *fd[VFIO_IRQS];        /* count each; -1 = none */
	bool line, masked;         /* INTx */
};

void vfio_irq_init(struct vfio_irq *irq, const struct pci_identity *id);
void vfio_irq_fini(struct vfio_irq *irq);
/* Let go of all eventfds (the client left); the line stays as the device has it. */
void vfio_irq_clear(struct vfio_irq *irq);
/* A SET_IRQS message: 0 or -EINVAL. Takes the files it keeps. */
int vfio_irq_set(struct vfio_irq *irq, struct vfio_message *m);
/* The INTx line moved. It fires once, then waits for the client to unmask it. */
void vfio_irq_line(struct vfio_irq *irq, bool level);
/* MSI or MSI-X; vectors without eventfd are dropped. */
void vfio_irq_raise(struct vfio_irq *irq, enum vfio_irq_index index, unsigned vector);

/* ---- vfio_user.c: the device --------------------------------------------------------------- */

struct vfio_write {
	uint64_t offset, value;
	uint8_t region, size; /* bytes; 0: device reset */
};

/* To a device at a time: what a processor's cache holds, and 32 pieces of a page that a TD may have. */
#define VFIO_CHUNK 65536u

struct vfio_user {
	struct machine *m; /* borrowed */
	struct vfio_socket socket;
	struct vfio_dma dma;
	struct vfio_irq irq;
	bool greeted;             /* versions were agreed on */
	bool lost;                /* the connection is of no use; vfio_user_serve ends it */
	bool waiting;             /* for the answer to a DMA message */
	uint16_t next_id;         /* of our own messages */
	struct vfio_write *queue; /* VFIO_MAX_QUEUED, allocated; a ring */
	unsigned queue_first, queue_count;
	unsigned complaints; /* of this connection */
	uint64_t messages;   /* taken so far */
	/* One line about what the client did wrong; may be NULL. */
	void (*complain)(void *opaque, const char *line);
	void *opaque;
};

/* The machine works only when its owner lets it from now on, on the client's memory. */
void vfio_user_init(struct vfio_user *u, struct machine *m);
void vfio_user_fini(struct vfio_user *u);
bool vfio_user_is_connected(const struct vfio_user *u);
/* fd passes to u; what was connected before is let go. */
void vfio_user_connect(struct vfio_user *u, int fd);
/* Let go of the client: memory, interrupts; the device is as after power-on. */
void vfio_user_disconnect(struct vfio_user *u);
/* Something came while the controller worked that only vfio_user_serve will do. */
bool vfio_user_is_behind(const struct vfio_user *u);
/*
 * Answer what has come in, at most budget messages; never blocks but for DMA by message. Returns true
 * if there may be more. A client that broke the rules or left is let go.
 */
bool vfio_user_serve(struct vfio_user *u, unsigned budget);

/* ---- between the files of the device ------------------------------------------------------- */

/* One line about the client, for the first few of a connection. */
void vfio_user_complain(struct vfio_user *u, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Give the connection up at the next opportunity. */
void vfio_user_lose(struct vfio_user *u, const char *why);
/* Answer unless the client wants none. err: 0 or -errno, then without body. */
void vfio_user_reply(struct vfio_user *u, const struct vfio_message *m, int err, const void *body,
		     uint32_t len);
void vfio_user_refuse(struct vfio_user *u, const struct vfio_message *m, int err, const char *what);
/* The next message that is here, the caller's to free; also notes when the connection is lost. */
bool vfio_user_receive(struct vfio_user *u, struct vfio_message *ret);
void vfio_user_handle(struct vfio_user *u, struct vfio_message *m);

/* vfio_info.c */
void vfio_answer_version(struct vfio_user *u, const struct vfio_message *m);
void vfio_answer_info(struct vfio_user *u, const struct vfio_message *m);
void vfio_answer_region_info(struct vfio_user *u, const struct vfio_message *m);
void vfio_answer_irq_info(struct vfio_user *u, const struct vfio_message *m);
/* Bytes of a region; 0: there is none. */
uint64_t vfio_user_region_bytes(const struct vfio_user *u, uint32_t index);

/* vfio_memory.c */
void vfio_memory_init(struct vfio_user *u);
void vfio_memory_map(struct vfio_user *u, struct vfio_message *m);
void vfio_memory_unmap(struct vfio_user *u, const struct vfio_message *m);

/* vfio_access.c */
void vfio_access_read(struct vfio_user *u, const struct vfio_message *m);
void vfio_access_write(struct vfio_user *u, const struct vfio_message *m);
void vfio_access_write_multi(struct vfio_user *u, const struct vfio_message *m);
void vfio_access_reset(struct vfio_user *u, const struct vfio_message *m);
/* Do what waits, in order; during it more may come. Not while a DMA message is under way. */
void vfio_access_finish(struct vfio_user *u);

#endif
