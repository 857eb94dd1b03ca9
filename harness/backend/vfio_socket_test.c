// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/vfio_user.h"

struct ends {
	struct vfio_socket ours;
	int theirs;
};

static void open_ends(struct ends *e)
{
	int pair[2];

	*e = (struct ends){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	vfio_socket_open(&e->ours, pair[0]);
	e->theirs = pair[1];
}

/* A message with a body of len bytes, each its id, appended to bytes; returns the end. */
static size_t append(uint8_t *bytes, size_t at, uint16_t id, uint32_t len)
{
	uint8_t *head = bytes + at;

	memset(head, 0, VFIO_HEADER_BYTES);
	put_le16(head, id);
	put_le32(head + 4, VFIO_HEADER_BYTES + len);
	memset(head + VFIO_HEADER_BYTES, id, len);
	return at + VFIO_HEADER_BYTES + len;
}

static void send_with_file(int fd, const void *bytes, size_t len, int file)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

	if (file >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &file, sizeof(file));
	}
	assert_int_equal(sendmsg(fd, &msg, 0), len);
}

static void assert_next(struct ends *e, uint16_t id, uint32_t len, unsigned files)
{
	struct vfio_message m;

	assert_int_equal(vfio_socket_receive(&e->ours, &m), VFIO_MESSAGE);
	assert_int_equal(m.id, id);
	assert_int_equal(m.len, len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(m.body[i], (uint8_t)id);
	assert_int_equal(m.file_count, files);
	vfio_message_free(&m);
}

static void close_ends(struct ends *e)
{
	vfio_socket_close(&e->ours);
	close(e->theirs);
}

static void what_one_call_brought_is_taken_message_by_message(void **state)
{
	uint8_t bytes[9000];
	struct vfio_message m;
	struct ends e;
	size_t end = 0;

	(void)state;
	open_ends(&e);
	end = append(bytes, end, 1, 0);
	end = append(bytes, end, 2, 20);
	end = append(bytes, end, 3, 8000); /* more than is read ahead */
	end = append(bytes, end, 4, 4);
	send_with_file(e.theirs, bytes, end - 1, -1);
	assert_next(&e, 1, 0, 0);
	assert_true(vfio_socket_has_more(&e.ours)); /* a poll would not know of it */
	assert_next(&e, 2, 20, 0);
	assert_next(&e, 3, 8000, 0);
	assert_int_equal(vfio_socket_receive(&e.ours, &m), VFIO_AGAIN);
	send_with_file(e.theirs, bytes + end - 1, 1, -1);
	assert_next(&e, 4, 4, 0);
	assert_false(vfio_socket_has_more(&e.ours));
	close(e.theirs);
	assert_int_equal(vfio_socket_receive(&e.ours, &m), VFIO_CLOSED);
	vfio_socket_close(&e.ours);
}

static void a_file_goes_to_the_message_it_came_with(void **state)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	uint8_t bytes[9000];
	struct ends e;

	(void)state;
	assert_true(file >= 0);
	for (uint32_t len = 0; len < 8500; len += len < 60 ? 20 : 2800) {
		open_ends(&e);
		send_with_file(e.theirs, bytes, append(bytes, 0, 1, 20), -1);
		send_with_file(e.theirs, bytes, append(bytes, 0, 2, len), file);
		send_with_file(e.theirs, bytes, append(bytes, 0, 3, 20), -1);
		send_with_file(e.theirs, bytes, append(bytes, 0, 4, 0), file);
		assert_next(&e, 1, 20, 0);
		assert_next(&e, 2, len, 1);
		assert_next(&e, 3, 20, 0);
		assert_next(&e, 4, 0, 1);
		close_ends(&e);
	}
	close(file);
}

static void files_nobody_took_are_closed_with_the_socket(void **state)
{
	int pipe_fd[2];
	uint8_t bytes[64];
	struct vfio_message m;
	struct ends e;
	size_t end;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	open_ends(&e);
	end = append(bytes, 0, 1, 20);
	send_with_file(e.theirs, bytes, end - 1, pipe_fd[1]);
	close(pipe_fd[1]);
	assert_int_equal(vfio_socket_receive(&e.ours, &m), VFIO_AGAIN);
	close_ends(&e);
	assert_int_equal(read(pipe_fd[0], bytes, 1), 0); /* no writer is left */
	close(pipe_fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_call_brought_is_taken_message_by_message),
		cmocka_unit_test(a_file_goes_to_the_message_it_came_with),
		cmocka_unit_test(files_nobody_took_are_closed_with_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
