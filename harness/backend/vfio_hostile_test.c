// SPDX-License-Identifier: MIT
/*
 * A client that sends anything: messages that are nearly right, in any order, cut and glued, with
 * files that fit and files that do not, and answers to questions nobody asked. The device must come
 * through, with every file closed. Deterministic: the bytes come from a generator.
 */
#include <dirent.h>

#include "backend/vfio_testbed.h"

#define MESSAGES 100000u
#define RAM 0x10000u

struct hostile {
	struct bed *bed;
	uint64_t random;
	int good, bad, event; /* files to send */
};

static uint32_t any(struct hostile *h)
{
	h->random = h->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(h->random >> 33);
}

/* A number of the kind that decides something. */
static uint64_t number(struct hostile *h)
{
	static const uint64_t edge[] = {
		0,     1,         2,          4,          7,          8,      0x24,
		0x21,  0x11,      16,         32,         0x40,       0x58,   4096,
		RAM,   0x2000,    0x4000,     RAM + 8192, 0x1000,     0x1020, 0x1038,
		65536, INT32_MAX, UINT32_MAX, INT64_MAX,  UINT64_MAX,
	};
	uint32_t r = any(h);

	return r & 1 ? edge[(r >> 1) % ARRAY_SIZE(edge)] : r >> (r % 31);
}

static uint32_t fill(struct hostile *h, unsigned command, uint8_t *body, uint32_t room)
{
	uint32_t len = any(h) % 8 ? 16 + 8 * (any(h) % 5) : any(h) % (room + 1);

	for (uint32_t i = 0; i + 4 <= len; i += 4)
		put_le32(body + i, (uint32_t)number(h));
	if (command == VFIO_DMA_MAP && len >= VFIO_MAP_BYTES) {
		put_le32(body + 4, any(h) % 4);
		put_le64(body + 8, 4096 * (any(h) % 3));
		put_le64(body + 16, RAM + 2048 * (any(h) % 8));
		put_le64(body + 24, any(h) % 9 ? 4096 * (any(h) % 3) : number(h));
	}
	if ((command == VFIO_REGION_READ || command == VFIO_REGION_WRITE) && len >= 16) {
		put_le64(body, any(h) % 4 ? 4 * (any(h) % 0x1000) : number(h));
		put_le32(body + 8, any(h) % 3 ? 0 : any(h) % 9);
		put_le32(body + 12, any(h) % 4 ? 4 : (uint32_t)number(h));
	}
	return len;
}

static void send_some(struct hostile *h)
{
	uint8_t bytes[VFIO_HEADER_BYTES + 600] = {0};
	unsigned command = any(h) % 20 ? 2 + any(h) % 14 : any(h) % 4 ? 10 : any(h) & 0xffff;
	uint32_t len = fill(h, command, bytes + VFIO_HEADER_BYTES, 600), size;
	int fd[3] = {h->good, h->bad, h->event};
	struct iovec part = {bytes, 0};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};

	size = VFIO_HEADER_BYTES + len;
	if (any(h) % 500 == 0) /* the stream goes out of step */
		size = any(h) % 3 ? size + any(h) % 40 : (uint32_t)number(h);
	put_le16(bytes, (uint16_t)any(h));
	put_le16(bytes + 2, (uint16_t)command);
	put_le32(bytes + 4, size);
	put_le32(bytes + 8, any(h) % 8 ? 0 : any(h) % 64);
	part.iov_len = any(h) % 500 ? VFIO_HEADER_BYTES + len : any(h) % 20 + 1;
	if (any(h) % 3 == 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd[any(h) % 3], sizeof(int));
	}
	/* The pipe may be full or closed: that is the client's own trouble. */
	(void)!sendmsg(h->bed->client.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void drain(struct hostile *h)
{
	uint8_t bytes[4096];

	while (recv(h->bed->client.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

/* Memory without a file would wait for answers that nobody gives. */
static void blunt(struct bed *bed)
{
	for (unsigned i = 0; i < bed->user.dma.count; i++) {
		struct vfio_map *map = &bed->user.dma.map[i];

		map->readable &= map->fd >= 0;
		map->writable &= map->fd >= 0;
	}
}

static unsigned open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void whatever_a_client_sends_the_next_one_is_served(void **state)
{
	struct hostile h = {.bed = *state, .random = 1};
	unsigned before = open_files(), connections = 0;

	h.good = bed_memory(8192, true);
	h.bad = bed_memory(10, false);
	h.event = bed_eventfd();
	machine_plug(&h.bed->m, machine_port(&h.bed->m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE);
	machine_plug(&h.bed->m, machine_port(&h.bed->m, 2, 0), DEV_STORAGE, USB_SPEED_NONE);
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (!vfio_user_is_connected(&h.bed->user)) {
			connections++;
			bed_connect(h.bed);
			assert_int_equal(bed_greet(h.bed), 0);
			bed_write(h.bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 6, 2);
		}
		send_some(&h);
		bed_serve(h.bed);
		blunt(h.bed);
		machine_step(&h.bed->m, 10);
		drain(&h);
	}
	assert_true(connections > 100);
	assert_true(h.bed->trace.row_count > MESSAGES + 5000); /* many got through */
	vfio_user_disconnect(&h.bed->user);
	vfio_socket_close(&h.bed->client);
	close(h.good);
	close(h.bad);
	close(h.event);
	assert_int_equal(open_files() + 2, before); /* the socket pair is closed as well */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(whatever_a_client_sends_the_next_one_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
