// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include "backend/serve_wav.h"

#include <cmocka.h>

struct files {
	char folder[32], played[64], recorded[64];
};

static int setup(void **state)
{
	struct files *f = alloc_zero(sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->played, sizeof(f->played), "%s/played.wav", f->folder);
	snprintf(f->recorded, sizeof(f->recorded), "%s/recorded.wav", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct files *f = *state;

	unlink(f->played);
	unlink(f->recorded);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void put_file(const char *path, const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void what_was_played_can_be_recorded(void **state)
{
	uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, file[100], got[8];
	struct files *f = *state;
	struct dev_link *l;
	const char *path;
	int fd;

	assert_int_equal(serve_wav_open(f->played, NULL, &l, &path), 0);
	assert_int_equal(dev_link_send(l, bytes, 8), 8);
	assert_int_equal(dev_link_send(l, bytes + 4, 4), 4);
	assert_int_equal(dev_link_receive(l, got, 8), 0);
	dev_link_free(l);
	fd = open(f->played, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, file, sizeof(file)), 44 + 12);
	close(fd);
	assert_memory_equal(file, "RIFF", 4);
	assert_int_equal(get_le32(file + 4), 44 + 12 - 8);
	assert_int_equal(get_le32(file + 40), 12);
	assert_int_equal(serve_wav_open(NULL, f->played, &l, &path), 0);
	assert_int_equal(dev_link_send(l, bytes, 8), 8); /* to nobody */
	assert_int_equal(dev_link_receive(l, got, 3), 3);
	assert_int_equal(dev_link_receive(l, got + 3, 5), 5);
	assert_memory_equal(got, bytes, 8);
	assert_int_equal(dev_link_receive(l, got, 8), 4);
	assert_memory_equal(got, bytes + 4, 4);
	assert_int_equal(dev_link_receive(l, got, 8), 0);
	dev_link_free(l);
}

static void chunks_that_are_not_known_are_passed_by(void **state)
{
	static const uint8_t file[] = {
		'R',  'I', 'F', 'F', 99,   0,    0,    0,    'W', 'A', 'V', 'E', /* */
		'L',  'I', 'S', 'T', 3,    0,    0,    0,    'x', 'y', 'z', 0,   /* */
		'f',  'm', 't', ' ', 18,   0,    0,    0,    1,   0,   2,   0,   0x80,
		0xbb, 0,   0,   0,   0xee, 2,    0,    4,    0,   16,  0,   0,   0,
		'd',  'a', 't', 'a', 0xff, 0xff, 0xff, 0xff, 5,   6,   7,   8,
	};
	struct files *f = *state;
	struct dev_link *l;
	const char *path;
	uint8_t got[8];

	put_file(f->recorded, file, sizeof(file));
	assert_int_equal(serve_wav_open(NULL, f->recorded, &l, &path), 0);
	assert_int_equal(dev_link_receive(l, got, 8), 4);
	assert_int_equal(get_le32(got), 0x08070605);
	dev_link_free(l);
}

/* Each byte of a head in turn is another one, and the file ends anywhere. */
static void a_file_of_any_other_kind_is_refused(void **state)
{
	uint8_t file[56], broken[56];
	struct files *f = *state;
	struct dev_link *l;
	const char *path;
	int fd;

	assert_int_equal(serve_wav_open(f->played, NULL, &l, &path), 0);
	assert_int_equal(dev_link_send(l, (const uint8_t *)"0123456789ab", 12), 12);
	dev_link_free(l);
	fd = open(f->played, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, file, sizeof(file)), sizeof(file));
	close(fd);
	for (size_t len = 0; len < 44; len++) {
		put_file(f->recorded, file, len);
		assert_int_equal(serve_wav_open(NULL, f->recorded, &l, &path), -EINVAL);
		assert_ptr_equal(path, f->recorded);
	}
	for (size_t at = 0; at < 44; at++) {
		int err;

		memcpy(broken, file, sizeof(file));
		broken[at] ^= 0xff;
		put_file(f->recorded, broken, sizeof(broken));
		err = serve_wav_open(NULL, f->recorded, &l, &path);
		if (!err)
			dev_link_free(l);
		/* lengths of the whole, of the data, and what follows from others are not looked at */
		if (at < 4 || (at >= 8 && at < 28) || (at >= 34 && at < 40))
			assert_int_equal(err, -EINVAL);
	}
	assert_int_equal(serve_wav_open(NULL, f->folder, &l, &path), -EINVAL);
	unlink(f->recorded);
	assert_int_equal(serve_wav_open(NULL, f->recorded, &l, &path), -ENOENT);
	assert_int_equal(serve_wav_open(f->folder, NULL, &l, &path), -EISDIR);
	assert_ptr_equal(path, f->folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_played_can_be_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(chunks_that_are_not_known_are_passed_by, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_file_of_any_other_kind_is_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
