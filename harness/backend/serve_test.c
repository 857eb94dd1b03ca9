// SPDX-License-Identifier: MIT
/*
 * Tests of serving: devices from their text, the socket, and the loop in a process of its own.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "backend/serve.h"
#include "backend/vfio_testbed.h"

#include <sys/un.h>

/* ---- devices ------------------------------------------------------------------------------- */

static void a_device_is_made_of_its_model_and_settings(void **state)
{
	struct serve_device d;
	char why[200];

	(void)state;
	assert_int_equal(serve_device_parse(&d, "storage,port=3,ro,file=a=b,speed=high", why, 200),
			 0);
	assert_int_equal(d.model, DEV_STORAGE);
	assert_int_equal(d.path.connector, 3);
	assert_int_equal(d.speed, USB_SPEED_HIGH);
	assert_string_equal(d.file, "a=b");
	assert_true(d.read_only);
	serve_device_free(&d);
	assert_int_equal(serve_device_parse(&d, "keyboard", why, 200), 0);
	assert_int_equal(d.path.connector, 0);
	serve_device_free(&d);
}

static void settings_that_mean_nothing_are_named(void **state)
{
	static const char *const bad[] = {
		"",
		",",
		"trackball",
		"keyboard,ro",
		"keyboard,",
		"keyboard,port=0",
		"keyboard,port=",
		"keyboard,port=33",
		"storage,file=",
		"storage,file",
		"storage,ro=1",
		"storage,file=a,file=b",
		"tablet,speed=",
		"tablet,speed=x",
		"keyboard,file=a",
		"keyboard,port",
	};
	struct serve_device d;
	char why[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why[0] = '\0';
		assert_int_equal(serve_device_parse(&d, bad[i], why, sizeof(why)), -EINVAL);
		assert_int_not_equal(why[0], '\0');
		serve_device_free(&d);
	}
}

static void devices_take_the_next_free_port_or_the_one_they_name(void **state)
{
	struct bed *bed = *state;
	struct serve_devices s = {.m = &bed->m};
	struct serve_path path;
	char why[200];

	assert_int_equal(serve_device_add(&s, "tablet,port=2", &path, why, 200), 0);
	assert_int_equal(path.connector, 2);
	assert_int_equal(serve_device_add(&s, "keyboard", &path, why, 200), 0);
	assert_int_equal(path.connector, 1);
	assert_int_equal(serve_device_add(&s, "storage", &path, why, 200), 0);
	assert_int_equal(path.connector, 3);
	assert_non_null(serve_device_disk(&s, &path));
	assert_int_equal(serve_device_add(&s, "tablet,port=2", &path, why, 200), -EBUSY);
	assert_int_equal(serve_device_add(&s, "tablet,port=5", &path, why, 200), -ENODEV);
	assert_int_equal(serve_device_add(&s, "keyboard,speed=super", &path, why, 200), -EINVAL);
	assert_int_equal(serve_device_add(&s, "storage,file=/nonexistent/image", &path, why, 200),
			 -ENOENT);
	assert_int_equal(serve_device_add(&s, "storage,file=/", &path, why, 200), -EISDIR);
	assert_int_equal(serve_device_add(&s, "tablet", &path, why, 200), 0);
	assert_int_equal(path.connector, 4);
	assert_int_equal(serve_device_add(&s, "tablet", &path, why, 200), -ENODEV);
	assert_int_equal(serve_device_remove(&s, &(struct serve_path){3, 0}), 0);
	assert_null(serve_device_disk(&s, &(struct serve_path){3, 0}));
	assert_int_equal(serve_device_remove(&s, &(struct serve_path){3, 0}), -ENODEV);
	serve_device_remove_all(&s);
	assert_null(machine_device(&bed->m, 1));
}

/* ---- the socket ---------------------------------------------------------------------------- */

struct place {
	char folder[40], path[60];
};

static int make_place(void **state)
{
	struct place *p = alloc_zero(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/socket", p->folder);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void only_the_owner_may_use_the_socket(void **state)
{
	struct place *p = *state;
	struct stat st;
	int fd = serve_socket_listen(p->path);

	assert_true(fd >= 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(serve_socket_accept(fd), -EAGAIN);
	assert_int_equal(serve_socket_listen(p->path), -EADDRINUSE);
	close(fd);
	fd = serve_socket_listen(p->path); /* nobody listens there now */
	assert_true(fd >= 0);
	close(fd);
}

static void what_is_not_a_socket_is_left_alone(void **state)
{
	struct place *p = *state;
	struct stat st;
	char longer[200];

	close(open(p->path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(serve_socket_listen(p->path), -EADDRINUSE);
	assert_int_equal(stat(p->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(serve_socket_listen(longer), -ENAMETOOLONG);
	assert_int_equal(serve_socket_listen("/nonexistent/socket"), -ENOENT);
}

/* ---- the loop ------------------------------------------------------------------------------ */

struct child {
	pid_t pid;
	int said; /* what it says, a line each */
};

static void say(void *opaque, const char *line)
{
	int *fd = opaque;

	dprintf(*fd, "%s\n", line);
}

static struct child start(const char *path, bool once)
{
	struct child c;
	int pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	c.said = pair[0];
	c.pid = fork();
	if (!c.pid) {
		char *device[] = {"keyboard"}, why[200];
		struct serve_options o = {.path = path,
					  .profile = serve_profile_find("qemu-xhci"),
					  .device = device,
					  .device_count = 1,
					  .once = once,
					  .sink_opaque = &pair[1],
					  .say = say};

		_exit(serve_run(&o, why, sizeof(why)) ? 3 : 0);
	}
	close(pair[1]);
	return c;
}

/* Wait until the child has said this. */
static void hear(struct child *c, const char *wanted)
{
	char line[200];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		assert_int_equal(read(c->said, line + n, 1), 1);
		if (line[n] != '\n') {
			n++;
			continue;
		}
		line[n] = '\0';
		if (strstr(line, wanted))
			return;
		n = 0;
	}
	fail();
}

static int end(struct child *c)
{
	int status = -1;

	close(c->said);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int call(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(name.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static void greet(int fd)
{
	uint8_t version[VFIO_HEADER_BYTES + 7] = {1, 0, VFIO_VERSION, 0, sizeof(version)};
	uint8_t answer[400];

	assert_int_equal(write(fd, version, sizeof(version)), sizeof(version));
	assert_true(read(fd, answer, sizeof(answer)) > (ssize_t)VFIO_HEADER_BYTES);
	assert_int_equal(get_le32(answer + 8), VFIO_FLAG_REPLY);
}

static void it_ends_when_the_first_client_leaves_if_told_so(void **state)
{
	struct place *p = *state;
	struct child c = start(p->path, true);
	int fd;

	hear(&c, "ready on");
	fd = call(p->path);
	greet(fd);
	close(fd);
	hear(&c, "client left");
	assert_int_equal(end(&c), 0);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void after_a_client_that_broke_the_rules_comes_the_next_one(void **state)
{
	struct place *p = *state;
	struct child c = start(p->path, false);
	int fd;

	hear(&c, "ready on");
	for (unsigned i = 0; i < 3; i++) {
		fd = call(p->path);
		assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
		hear(&c, "given up");
		close(fd);
	}
	fd = call(p->path);
	greet(fd);
	kill(c.pid, SIGTERM);
	assert_int_equal(end(&c), 0);
	close(fd);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void a_second_client_is_turned_away_and_the_first_goes_on(void **state)
{
	struct place *p = *state;
	struct child c = start(p->path, false);
	int first, second;
	char byte;

	hear(&c, "ready on");
	first = call(p->path);
	greet(first);
	second = call(p->path);
	assert_int_equal(read(second, &byte, 1), 0);
	hear(&c, "turned away");
	close(second);
	close(first);
	second = call(p->path);
	greet(second);
	kill(c.pid, SIGTERM);
	assert_int_equal(end(&c), 0);
	close(second);
}

/* A message without a file beside it. */
static void send_simple(int fd, unsigned command, const uint8_t *body, uint32_t len)
{
	uint8_t bytes[VFIO_HEADER_BYTES + 64] = {7, 0};

	put_le16(bytes + 2, (uint16_t)command);
	put_le32(bytes + 4, VFIO_HEADER_BYTES + len);
	put_le32(bytes + 8, VFIO_FLAG_NO_REPLY);
	memcpy(bytes + VFIO_HEADER_BYTES, body, len);
	assert_int_equal(write(fd, bytes, VFIO_HEADER_BYTES + len), VFIO_HEADER_BYTES + len);
}

static void send_write(int fd, uint32_t region, uint64_t offset, uint64_t value, uint32_t size)
{
	uint8_t body[VFIO_ACCESS_BYTES + 8];

	put_le64(body, offset);
	put_le32(body + 8, region);
	put_le32(body + 12, size);
	put_le64(body + VFIO_ACCESS_BYTES, value);
	send_simple(fd, VFIO_REGION_WRITE, body, VFIO_ACCESS_BYTES + size);
}

/* Until the controller asks this client, in a process of its own or not, for its memory. */
static void make_it_ask(int fd)
{
	uint8_t map[VFIO_MAP_BYTES] = {VFIO_MAP_BYTES, 0, 0, 0, 3}, asked[64];

	greet(fd);
	put_le64(map + 16, 0x10000);
	put_le64(map + 24, 0x10000);
	send_simple(fd, VFIO_DMA_MAP, map, sizeof(map));
	send_write(fd, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_BME | PCI_COMMAND_MSE, 2);
	send_write(fd, VFIO_REGION_BAR0, 0x58, 0x10001, 8); /* CRCR */
	send_write(fd, VFIO_REGION_BAR0, 0x40, 1, 4);       /* run */
	send_write(fd, VFIO_REGION_BAR0, 0x2000, 0, 4);     /* doorbell */
	assert_true(read(fd, asked, sizeof(asked)) >= (ssize_t)VFIO_HEADER_BYTES);
	assert_int_equal(get_le16(asked + 2), VFIO_DMA_READ);
}

static void a_client_killed_in_mid_dma_is_no_trouble_for_the_next(void **state)
{
	struct place *p = *state;
	struct child c = start(p->path, false);
	pid_t client;
	int fd, status;

	hear(&c, "ready on");
	client = fork();
	if (!client) {
		make_it_ask(call(p->path));
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(client, &status, 0), client);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	hear(&c, "client left");
	fd = call(p->path);
	greet(fd);
	kill(c.pid, SIGTERM);
	assert_int_equal(end(&c), 0);
	close(fd);
}

static void it_ends_at_once_though_a_client_owes_an_answer(void **state)
{
	struct place *p = *state;
	struct child c = start(p->path, false);
	uint64_t before = vfio_socket_now_msec();
	int fd;

	hear(&c, "ready on");
	fd = call(p->path);
	make_it_ask(fd);
	kill(c.pid, SIGTERM);
	assert_int_equal(end(&c), 0);
	assert_true(vfio_socket_now_msec() - before < VFIO_REPLY_MSEC);
	close(fd);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_made_of_its_model_and_settings),
		cmocka_unit_test(settings_that_mean_nothing_are_named),
		bed_test(devices_take_the_next_free_port_or_the_one_they_name),
		place_test(only_the_owner_may_use_the_socket),
		place_test(what_is_not_a_socket_is_left_alone),
		place_test(it_ends_when_the_first_client_leaves_if_told_so),
		place_test(after_a_client_that_broke_the_rules_comes_the_next_one),
		place_test(a_second_client_is_turned_away_and_the_first_goes_on),
		place_test(a_client_killed_in_mid_dma_is_no_trouble_for_the_next),
		place_test(it_ends_at_once_though_a_client_owes_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
