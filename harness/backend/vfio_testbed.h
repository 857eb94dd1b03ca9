// SPDX-License-Identifier: MIT
/*
 * vfio_testbed.h -- a served machine and its client, at the two ends of a socket pair in one process: the
 * client sends, the bed lets the device serve, the client looks at what came back.
 */
#ifndef BACKEND_VFIO_TESTBED_H
#define BACKEND_VFIO_TESTBED_H

#include "backend/vfio_user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct bed {
	struct trace trace;
	struct machine m;
	struct vfio_user user;
	struct vfio_socket client;
	unsigned complaints;
	char last[200];
};

static inline void bed_complain(void *opaque, const char *line)
{
	struct bed *bed = opaque;

	bed->complaints++;
	snprintf(bed->last, sizeof(bed->last), "%s", line);
}

static inline void bed_connect(struct bed *bed)
{
	int pair[2];

	vfio_socket_close(&bed->client);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	vfio_socket_open(&bed->client, pair[0]);
	vfio_user_connect(&bed->user, pair[1]);
}

/* Raw bytes, with files. */
static inline void bed_send_bytes(struct bed *bed, const void *bytes, size_t len, const int *fd,
				  unsigned files)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	if (files) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(files * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(files * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fd, files * sizeof(int));
	}
	assert_int_equal(sendmsg(bed->client.fd, &msg, MSG_NOSIGNAL), (int)len);
}

static inline void bed_send(struct bed *bed, unsigned command, uint32_t flags, const void *body,
			    uint32_t len, const int *fd, unsigned files)
{
	uint8_t *bytes = alloc_zero(VFIO_HEADER_BYTES + len);

	put_le16(bytes, 7);
	put_le16(bytes + 2, (uint16_t)command);
	put_le32(bytes + 4, VFIO_HEADER_BYTES + len);
	put_le32(bytes + 8, flags);
	if (len)
		memcpy(bytes + VFIO_HEADER_BYTES, body, len);
	bed_send_bytes(bed, bytes, VFIO_HEADER_BYTES + len, fd, files);
	free(bytes);
}

static inline void bed_serve(struct bed *bed)
{
	while (vfio_user_serve(&bed->user, 64))
		;
}

/*
 * A request and its answer: the errno of the answer. At most room bytes of its body in ret (may be
 * NULL); *ret_len, if not NULL, says how many it had.
 */
static inline int bed_ask_files(struct bed *bed, unsigned command, const void *body, uint32_t len,
				const int *fd, unsigned files, void *ret, size_t room,
				uint32_t *ret_len)
{
	struct vfio_message m;
	int err;

	bed_send(bed, command, 0, body, len, fd, files);
	bed_serve(bed);
	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_MESSAGE);
	assert_int_equal(m.id, 7);
	assert_int_equal(m.command, command);
	assert_int_equal(m.flags & VFIO_FLAG_TYPE_MASK, VFIO_FLAG_REPLY);
	err = m.flags & VFIO_FLAG_ERROR ? (int)m.error : 0;
	if (ret && m.len)
		memcpy(ret, m.body, min_u64(room, m.len));
	if (ret_len)
		*ret_len = m.len;
	vfio_message_free(&m);
	return err;
}

static inline int bed_ask(struct bed *bed, unsigned command, const void *body, uint32_t len)
{
	return bed_ask_files(bed, command, body, len, NULL, 0, NULL, 0, NULL);
}

static inline int bed_greet(struct bed *bed)
{
	return bed_ask(bed, VFIO_VERSION, "\0\0\0\0{}", 7);
}

/* A read of size bytes (<= 8). */
static inline uint64_t bed_read(struct bed *bed, uint32_t region, uint64_t offset, uint32_t size)
{
	uint8_t body[VFIO_ACCESS_BYTES + 8] = {0};

	put_le64(body, offset);
	put_le32(body + 8, region);
	put_le32(body + 12, size);
	assert_int_equal(bed_ask_files(bed, VFIO_REGION_READ, body, VFIO_ACCESS_BYTES, NULL, 0,
				       body, sizeof(body), NULL),
			 0);
	return get_le64(body + VFIO_ACCESS_BYTES);
}

static inline void bed_write(struct bed *bed, uint32_t region, uint64_t offset, uint64_t value,
			     uint32_t size)
{
	uint8_t body[VFIO_ACCESS_BYTES + 8];

	put_le64(body, offset);
	put_le32(body + 8, region);
	put_le32(body + 12, size);
	put_le64(body + VFIO_ACCESS_BYTES, value);
	assert_int_equal(bed_ask(bed, VFIO_REGION_WRITE, body, VFIO_ACCESS_BYTES + size), 0);
}

static inline int bed_map(struct bed *bed, uint64_t addr, uint64_t size, uint32_t flags, int fd,
			  uint64_t offset)
{
	uint8_t body[VFIO_MAP_BYTES];

	put_le32(body, sizeof(body));
	put_le32(body + 4, flags);
	put_le64(body + 8, offset);
	put_le64(body + 16, addr);
	put_le64(body + 24, size);
	return bed_ask_files(bed, VFIO_DMA_MAP, body, sizeof(body), &fd, fd >= 0, NULL, 0, NULL);
}

static inline int bed_unmap(struct bed *bed, uint64_t addr, uint64_t size)
{
	uint8_t body[VFIO_UNMAP_BYTES] = {sizeof(body)};

	put_le64(body + 8, addr);
	put_le64(body + 16, size);
	return bed_ask(bed, VFIO_DMA_UNMAP, body, sizeof(body));
}

static inline int bed_set_irqs(struct bed *bed, uint32_t flags, uint32_t index, uint32_t start,
			       uint32_t count, const int *fd, unsigned files)
{
	uint8_t body[VFIO_SET_IRQS_BYTES];

	put_le32(body, sizeof(body));
	put_le32(body + 4, flags);
	put_le32(body + 8, index);
	put_le32(body + 12, start);
	put_le32(body + 16, count);
	return bed_ask_files(bed, VFIO_SET_IRQS, body, sizeof(body), fd, files, NULL, 0, NULL);
}

/* How often an eventfd was fired since the last call. */
static inline unsigned bed_fired(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? (unsigned)count : 0;
}

static inline int bed_eventfd(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static inline int bed_memory(size_t size, bool sealed)
{
	int fd = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	if (sealed)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	return fd;
}

static inline int bed_setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	trace_reset(&bed->trace);
	machine_init(&bed->m, &bed->trace, &xhci_profiles[XHCI_PROFILE_NEC]);
	vfio_user_init(&bed->user, &bed->m);
	bed->user.complain = bed_complain;
	bed->user.opaque = bed;
	bed->client.fd = -1;
	bed_connect(bed);
	*state = bed;
	return 0;
}

static inline int bed_setup_greeted(void **state)
{
	bed_setup(state);
	return bed_greet(*state);
}

static inline int bed_teardown(void **state)
{
	struct bed *bed = *state;

	vfio_socket_close(&bed->client);
	vfio_user_fini(&bed->user);
	machine_fini(&bed->m);
	free(bed);
	return 0;
}

#define bed_test(name) cmocka_unit_test_setup_teardown(name, bed_setup_greeted, bed_teardown)

#endif
