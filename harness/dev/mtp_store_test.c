// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/mtp_store.h"

#include <cmocka.h>

struct place { /* outside/ has a secret, inside/ is the store */
	char top[40], inside[64], secret[64];
	struct mtp_store *s;
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct place *p = alloc_zero(sizeof(*p));

	snprintf(p->top, sizeof(p->top), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->top));
	snprintf(p->inside, sizeof(p->inside), "%s/inside", p->top);
	snprintf(p->secret, sizeof(p->secret), "%s/secret", p->top);
	assert_int_equal(mkdir(p->inside, 0700), 0);
	write_file(p->secret, "secret");
	assert_int_equal(mtp_folder_open(p->inside, false, &p->s), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[80];

	mtp_store_free(p->s);
	snprintf(command, sizeof(command), "rm -rf %s", p->top);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static void names_that_lead_elsewhere_are_none(void **state)
{
	static const char *const bad[] = {"",    ".",         "..",          "/",
					  "a/b", "../secret", "/etc/passwd", "a/"};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(mtp_name_is_good(bad[i]));
		assert_null(mtp_store_add(p->s, 0, bad[i], false));
	}
	assert_true(mtp_name_is_good("..."));
	assert_true(mtp_name_is_good("..a"));
}

/* Catalogue C05: links, and links that take a folder's place after it was looked at. */
static void links_lead_nowhere(void **state)
{
	struct place *p = *state;
	struct mtp_object *folder, *file;
	char path[120], other[120];
	uint8_t byte[8];

	snprintf(path, sizeof(path), "%s/link", p->inside);
	assert_int_equal(symlink(p->secret, path), 0);
	snprintf(path, sizeof(path), "%s/up", p->inside);
	assert_int_equal(symlink("..", path), 0);
	snprintf(path, sizeof(path), "%s/folder", p->inside);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(mtp_store_open(p->s, 0));
	assert_int_equal(p->s->count, 1); /* the folder alone */
	folder = p->s->object[0];
	file = mtp_store_add(p->s, folder->handle, "secret", false);
	assert_int_equal(p->s->ops->create(p->s, file), 0);
	assert_int_equal(p->s->ops->write(p->s, file, 0, (const uint8_t *)"mine", 4), 4);
	/* somebody swaps the folder for a link to where the secret is */
	snprintf(other, sizeof(other), "%s/gone", p->inside);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(p->top, path), 0);
	assert_true(p->s->ops->read(p->s, file, 0, byte, 8) < 0);
	assert_true(p->s->ops->write(p->s, file, 0, byte, 1) < 0);
	assert_true(p->s->ops->remove(p->s, file) < 0);
	assert_true(p->s->ops->create(p->s, file) < 0);
	/* and the file for a link to the secret */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(other, path), 0);
	strcat(path, "/secret");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(p->secret, path), 0);
	assert_true(p->s->ops->read(p->s, file, 0, byte, 8) < 0);
	assert_int_equal(access(p->secret, R_OK), 0);
}

static void what_is_no_file_is_not_seen(void **state)
{
	struct place *p = *state;
	char path[120];

	snprintf(path, sizeof(path), "%s/pipe", p->inside);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(mtp_store_open(p->s, 0));
	assert_int_equal(p->s->count, 0);
}

static void files_are_made_written_read_and_removed(void **state)
{
	struct place *p = *state;
	struct mtp_object *folder = mtp_store_add(p->s, 0, "a folder", true);
	struct mtp_object *file;
	uint8_t bytes[16];

	assert_int_equal(p->s->ops->create(p->s, folder), 0);
	file = mtp_store_add(p->s, folder->handle, "file", false);
	assert_int_equal(p->s->ops->create(p->s, file), 0);
	assert_int_equal(p->s->ops->create(p->s, file), -EEXIST); /* nothing is written over */
	assert_int_equal(p->s->ops->write(p->s, file, 2, (const uint8_t *)"xyz", 3), 3);
	assert_int_equal(p->s->ops->read(p->s, file, 0, bytes, 16), 5);
	assert_memory_equal(bytes, "\0\0xyz", 5);
	assert_int_equal(mtp_store_remove(p->s, folder), -ENOTEMPTY);
	assert_int_equal(mtp_store_remove(p->s, file), 0);
	assert_int_equal(mtp_store_remove(p->s, folder), 0);
	assert_int_equal(p->s->count, 0);
}

static void ways_have_an_end(void **state)
{
	struct place *p = *state;
	uint32_t parent = 0;
	unsigned depth = 0;

	for (struct mtp_object *o; (o = mtp_store_add(p->s, parent, "d", true)); depth++)
		parent = o->handle;
	assert_in_range(depth, 4, MTP_DEPTH_MAX);
	/* a ring of parents, as no store makes it */
	p->s->object[0]->parent = p->s->object[depth - 1]->handle;
	assert_true(p->s->ops->create(p->s, p->s->object[0]) < 0);
}

static void a_store_that_is_read_only_stays_as_it_is(void **state)
{
	struct mtp_store *s = mtp_memory_new();
	uint8_t byte = 0;

	(void)state;
	s->read_only = true;
	assert_int_equal(mtp_store_remove(s, s->object[1]), -EROFS);
	s->read_only = false;
	assert_int_equal(s->ops->write(s, s->object[1], MTP_MEMORY_BYTES, &byte, 1), -ENOSPC);
	assert_int_equal(s->ops->write(s, s->object[1], MTP_MEMORY_BYTES - 1, &byte, 1), 1);
	assert_int_equal(mtp_store_remove(s, s->object[0]), -ENOTEMPTY);
	assert_int_equal(mtp_store_remove(s, s->object[1]), 0);
	mtp_store_free(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_that_lead_elsewhere_are_none),
		T(links_lead_nowhere),
		T(what_is_no_file_is_not_seen),
		T(files_are_made_written_read_and_removed),
		T(ways_have_an_end),
		cmocka_unit_test(a_store_that_is_read_only_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
