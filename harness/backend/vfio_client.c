// SPDX-License-Identifier: MIT
/*
 * vfio_client.c -- the client's side of the target `vfio-user`: its files, its program, its answers.
 * Nothing sleeps: where the server would wait for its client, the client's next move is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/vfio_client_core.h"

#define RECORDS_MAX 64u      /* of one program: each costs a dozen system calls */
#define CONNECTIONS_MAX 4u   /* of one program */
#define LOOSE_BYTES 0x10000u /* as long as nobody shrinks it */
#define PART_LOOKS 100u      /* of 10 ms */
#define WORK_MAX 16u         /* calls of xhci_work after a message */
#define WORK_TOTAL 64u       /* of one program: a TRB that is read by messages costs a dozen, too */
#define TWICE_EVERY 64u      /* programs */

/* ---- records ------------------------------------------------------------------------------- */

static void play_message(struct vfio_client *c, const uint8_t *r, size_t bytes)
{
	uint32_t len = bytes < 7 ? 0 : (uint32_t)(bytes - 7), size;
	struct vfio_message head = {.id = (uint16_t)(0x100 + c->records)};

	if (bytes < 7)
		return;
	head.command = r[1] == 255 ? 65535 : r[1];
	head.flags = r[2];
	head.error = r[2] & VFIO_FLAG_ERROR ? EIO : 0;
	size = VFIO_HEADER_BYTES + len + (uint32_t)(int8_t)r[4];
	vfio_client_send(c, &head, r[3], (int8_t)r[4] == -128 ? UINT32_MAX : size, r + 7, len);
}

static void play_memory(struct vfio_client *c, const uint8_t *r, size_t bytes)
{
	for (size_t i = 5; i < bytes; i++)
		c->ram[(get_le16(r + 1) + i - 5) % VFIO_CLIENT_RAM_BYTES] = r[i];
	c->ram_used = true;
}

static void greet(struct vfio_client *c)
{
	static const uint8_t version[] = {0, 0, 0, 0, '{', '}', 0};
	const struct vfio_message head = {.id = 1, .command = VFIO_VERSION};

	vfio_client_send(c, &head, 0, VFIO_HEADER_BYTES + sizeof(version), version,
			 sizeof(version));
}

static void meet(struct vfio_client *c)
{
	int pair[2];

	vfio_client_leave(c);
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	vfio_socket_open(&c->end, pair[0]);
	vfio_user_connect(&c->user, pair[1]);
	c->left = c->deaf = false;
	c->answer = VFIO_CLIENT_POLITE;
	c->answer_after = 0;
	c->said = 0;
	c->connections++;
	c->all_connections++;
}

/* A record that the server may be waiting for: it is not called from here. */
static uint8_t play_record(struct vfio_client *c)
{
	size_t bytes = vfio_client_record_bytes(c->data, c->len, c->at);
	const uint8_t *r = c->data + c->at;

	c->at += bytes;
	c->records++;
	switch (r[0] % VFIO_CLIENT_KINDS) {
	case VFIO_CLIENT_MESSAGE:
		play_message(c, r, bytes);
		break;
	case VFIO_CLIENT_BYTES:
		if (bytes > 4)
			vfio_client_send_bytes(c, r + 4, bytes - 4, r[1]);
		break;
	case VFIO_CLIENT_MEMORY:
		play_memory(c, r, bytes);
		break;
	case VFIO_CLIENT_CONNECT:
		vfio_client_leave(c);
		break;
	case VFIO_CLIENT_ANSWER:
		c->answer = bytes < 3 ? 0 : r[1] % VFIO_CLIENT_ANSWERS;
		c->answer_after = bytes < 3 ? 0 : r[2] % 8;
		break;
	case VFIO_CLIENT_SHRINK:
		c->loose_used |=
			!ftruncate(c->file[VFIO_CLIENT_LOOSE], bytes < 2 ? 0 : r[1] % 16 * 4096);
		break;
	case VFIO_CLIENT_DEAF:
		c->deaf = bytes > 1 && (r[1] & 1);
		break;
	default:
		break;
	}
	return r[0];
}

static bool is_over(const struct vfio_client *c)
{
	return c->wrong || c->records >= RECORDS_MAX || c->at >= c->len;
}

/* In place of the server's poll: the client's move. False: nothing will come any more. */
static bool wait_for(void *opaque, short events, int msec)
{
	struct vfio_client *c = opaque;
	struct pollfd p = {c->user.socket.fd, events, 0};

	(void)msec;
	if (events & POLLIN)
		for (; c->playing && c->answer_after && !is_over(c); c->answer_after--)
			play_record(c);
	if (!c->deaf)
		vfio_client_listen(c);
	return poll(&p, 1, 0) == 1;
}

/* ---- the server's turn --------------------------------------------------------------------- */

static void complain(void *opaque, const char *line)
{
	struct vfio_client *c = opaque;

	c->said++;
	if (!*line)
		vfio_client_blame(c, "a complaint without words");
}

static void serve(struct vfio_client *c)
{
	do {
		while (vfio_user_serve(&c->user, 64))
			;
		for (unsigned i = 0; i < WORK_MAX && c->work_left && xhci_work(c->m.xhci); i++)
			c->work_left--;
	} while (vfio_user_is_behind(&c->user));
	if (!c->deaf)
		vfio_client_listen(c);
	if (!vfio_user_is_connected(&c->user) && !c->left && !c->said)
		vfio_client_blame(c, "a client was let go without a word");
	if (c->said > 8)
		vfio_client_blame(c, "there is no end to what is said about one client");
}

/* Leave, and let the server notice. */
static void part(struct vfio_client *c)
{
	vfio_client_leave(c);
	serve(c);
	/* Who looks at our open files at this very moment (lsof, say) keeps them open a little longer. */
	for (unsigned i = 0; i < PART_LOOKS && vfio_user_is_connected(&c->user); i++) {
		struct pollfd p = {c->user.socket.fd, POLLIN, 0};

		poll(&p, 1, 10);
		serve(c);
	}
	if (vfio_user_is_connected(&c->user))
		vfio_client_blame(c, "a client that left is not let go");
}

static void reconnect(struct vfio_client *c, bool politely)
{
	if (vfio_user_is_connected(&c->user))
		part(c);
	meet(c);
	if (politely)
		greet(c);
}

static void play_all(struct vfio_client *c)
{
	while (!is_over(c)) {
		size_t at = c->at;
		uint8_t kind;

		if (!vfio_user_is_connected(&c->user)) {
			if (c->connections == CONNECTIONS_MAX)
				return;
			reconnect(c, true);
		}
		kind = play_record(c);
		if (kind % VFIO_CLIENT_KINDS == VFIO_CLIENT_CONNECT)
			reconnect(c, at + 1 < c->len && (c->data[at + 1] & 1));
		if (kind % VFIO_CLIENT_KINDS == VFIO_CLIENT_STEP)
			machine_step(&c->m, at + 1 < c->len ? c->data[at + 1] * 10 : 0);
		if (!(kind & VFIO_CLIENT_HOLD))
			serve(c);
	}
}

/* ---- the next client ----------------------------------------------------------------------- */

static void next_client(struct vfio_client *c)
{
	const struct vfio_message head = {.id = 2, .command = VFIO_REGION_READ};
	uint8_t body[VFIO_ACCESS_BYTES] = {[8] = VFIO_REGION_CONFIG, [12] = 4};
	struct vfio_message m;

	c->answer = VFIO_CLIENT_POLITE;
	reconnect(c, true);
	serve(c);
	vfio_client_send(c, &head, 0, VFIO_HEADER_BYTES + sizeof(body), body, sizeof(body));
	c->deaf = true; /* the answer is taken here */
	serve(c);
	if (vfio_socket_receive(&c->end, &m) != VFIO_MESSAGE) {
		vfio_client_blame(c, "the next client gets no answer");
		return;
	}
	if (m.command != VFIO_REGION_READ || m.len != sizeof(body) + 4 ||
	    get_le16(m.body + VFIO_ACCESS_BYTES) != c->m.guest.pci.id->vendor)
		vfio_client_blame(c, "the next client finds another device");
	vfio_message_free(&m);
	part(c);
	if (c->user.dma.count)
		vfio_client_blame(c, "something of a client stays behind");
}

static void plug(struct vfio_client *c, uint8_t which)
{
	static const unsigned model[] = {DEV_KEYBOARD, DEV_TABLET, DEV_STORAGE};

	for (unsigned i = 0; i < ARRAY_SIZE(model); i++)
		if (which >> i & 1)
			machine_plug(&c->m, machine_port(&c->m, i + 1, 0), model[i],
				     USB_SPEED_NONE);
}

/* The lowest number a new file would get: a file that is left open changes it. */
static int next_file(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		close(fd);
	return fd;
}

static void reset(struct vfio_client *c)
{
	machine_reset(&c->m);
	trace_reset(&c->trace);
	if (c->ram_used)
		memset(c->ram, 0, VFIO_CLIENT_RAM_BYTES);
	if (c->loose_used)
		REQUIRE(!ftruncate(c->file[VFIO_CLIENT_LOOSE], LOOSE_BYTES));
	c->ram_used = c->loose_used = false;
	c->records = c->connections = 0;
	c->work_left = WORK_TOTAL;
	c->wrong = NULL;
}

const char *vfio_client_play(struct vfio_client *c, const uint8_t *data, size_t len)
{
	int before = next_file();

	reset(c);
	c->data = data;
	c->len = len;
	c->at = min_u64(len, 1);
	plug(c, len ? data[0] : 0);
	meet(c);
	c->playing = true;
	play_all(c);
	c->playing = false;
	next_client(c);
	if (next_file() != before)
		vfio_client_blame(c, "a file is left open");
	return c->wrong;
}

const char *vfio_client_fuzz(struct vfio_client *c, const uint8_t *data, size_t len)
{
	const char *wrong = vfio_client_play(c, data, len);
	uint64_t hash = c->trace.hash;

	if (wrong || c->programs++ % TWICE_EVERY)
		return wrong;
	wrong = vfio_client_play(c, data, len);
	return wrong || c->trace.hash == hash ? wrong : "played twice, two traces";
}

/* ---- life ---------------------------------------------------------------------------------- */

static int memory_file(size_t bytes, bool sealed)
{
	int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	REQUIRE(fd >= 0 && !ftruncate(fd, (off_t)bytes));
	REQUIRE(!sealed || !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	return fd;
}

static void open_files(struct vfio_client *c)
{
	char path[40];
	int pair[2];

	c->file[VFIO_CLIENT_RAM] = memory_file(VFIO_CLIENT_RAM_BYTES, true);
	c->ram = mmap(NULL, VFIO_CLIENT_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      c->file[VFIO_CLIENT_RAM], 0);
	REQUIRE(c->ram != MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", c->file[VFIO_CLIENT_RAM]);
	c->file[VFIO_CLIENT_FIXED] = open(path, O_RDONLY | O_CLOEXEC);
	c->file[VFIO_CLIENT_LOOSE] = memory_file(LOOSE_BYTES, false);
	c->file[VFIO_CLIENT_TINY] = memory_file(10, false);
	c->file[VFIO_CLIENT_EVENT] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	c->file[VFIO_CLIENT_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	REQUIRE(!pipe2(pair, O_CLOEXEC));
	c->file[VFIO_CLIENT_PIPE] = pair[0];
	c->pipe_in = pair[1];
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	c->file[VFIO_CLIENT_SOCKET] = pair[0];
	c->socket_in = pair[1];
}

struct vfio_client *vfio_client_new(void)
{
	struct vfio_client *c = alloc_zero(sizeof(*c));

	trace_reset(&c->trace);
	machine_init(&c->m, &c->trace, &xhci_profiles[XHCI_PROFILE_NEC]);
	vfio_user_init(&c->user, &c->m);
	c->user.complain = complain;
	c->user.opaque = c;
	c->user.socket.wait = wait_for;
	c->user.socket.wait_opaque = c;
	c->end.fd = -1;
	open_files(c);
	return c;
}

void vfio_client_free(struct vfio_client *c)
{
	if (!c)
		return;
	vfio_socket_close(&c->end);
	vfio_user_fini(&c->user);
	machine_fini(&c->m);
	munmap(c->ram, VFIO_CLIENT_RAM_BYTES);
	for (unsigned i = 0; i < VFIO_CLIENT_FILES; i++)
		close(c->file[i]);
	close(c->pipe_in);
	close(c->socket_in);
	free(c);
}

uint64_t vfio_client_hash(const struct vfio_client *c)
{
	return c->trace.hash;
}

void vfio_client_counts(const struct vfio_client *c, uint64_t *ret_messages,
			uint64_t *ret_connections)
{
	*ret_messages = c->messages;
	*ret_connections = c->all_connections;
}
