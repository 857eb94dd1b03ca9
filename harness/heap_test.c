// SPDX-License-Identifier: MIT
/*
 * Tests of the arena. In a build without AddressSanitizer there is none, and they are skipped.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "library.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
static int __asan_address_is_poisoned(const volatile void *p)
{
	(void)p;
	return 0;
}
#endif

static bool open_arena(void)
{
	unsetenv("GAUNTLET_HEAP");
	return heap_arena_open();
}

#define NEED_ARENA()                                                                               \
	do {                                                                                       \
		if (!open_arena())                                                                 \
			skip();                                                                    \
	} while (0)

static void the_environment_can_ask_for_malloc(void **state)
{
	(void)state;
	setenv("GAUNTLET_HEAP", "malloc", 1);
	assert_false(heap_arena_open());
	assert_false(heap_has_arena());
	unsetenv("GAUNTLET_HEAP");
}

static void malloc_blocks_are_counted_too(void **state)
{
	uint64_t before = heap_live();
	uint8_t *p = heap_zero(0);

	(void)state;
	assert_int_equal(*p, 0);
	assert_int_equal(heap_live(), before + 1);
	heap_free(p);
	heap_free(NULL);
	assert_int_equal(heap_live(), before);
}

static void a_block_is_zero_and_ends_where_it_was_asked_to(void **state)
{
	(void)state;
	NEED_ARENA();
	for (size_t n = 1; n < 3000; n += n / 8 + 1) {
		uint8_t *p = heap_zero(n);

		for (size_t i = 0; i < n; i++) {
			assert_int_equal(p[i], 0);
			p[i] = 0x5a;
		}
		assert_true(__asan_address_is_poisoned(p - 1));
		assert_false(__asan_address_is_poisoned(p + n - 1));
		assert_true(__asan_address_is_poisoned(p + n));
		heap_free(p);
		assert_true(__asan_address_is_poisoned(p));
		assert_true(__asan_address_is_poisoned(p + n - 1));
	}
}

static void a_freed_block_comes_back_late_and_clean(void **state)
{
	uint8_t *first, *p = NULL;
	unsigned later = 0;

	(void)state;
	NEED_ARENA();
	first = heap_zero(100000);
	memset(first, 0xff, 100000);
	heap_free(first);
	do {
		if (p)
			heap_free(p);
		p = heap_zero(100000);
		assert_true(++later < 1000);
	} while (p != first);
	assert_true(later > 16);
	assert_int_equal(p[0] | p[99999], 0);
	heap_free(p);
}

static void an_image_brings_back_bytes_and_blocks(void **state)
{
	struct heap_image *image;
	uint64_t live;
	uint8_t *kept, *freed_later, *later;

	(void)state;
	NEED_ARENA();
	kept = heap_zero(40);
	freed_later = heap_zero(600);
	memset(kept, 1, 40);
	memset(freed_later, 2, 600);
	live = heap_live();
	image = heap_image_save(NULL, NULL);
	for (unsigned round = 0; round < 3; round++) {
		kept[7] = 9;
		heap_free(freed_later);
		later = heap_zero(777);
		later[776] = 1;
		heap_image_restore(image);
		assert_int_equal(heap_live(), live);
		assert_int_equal(kept[7], 1);
		assert_int_equal(freed_later[599], 2);
		assert_true(__asan_address_is_poisoned(later));
	}
	kept[7] = 3; /* an image's storage may be used again */
	image = heap_image_save(image, NULL);
	kept[7] = 4;
	heap_image_restore(image);
	assert_int_equal(kept[7], 3);
	heap_image_free(image);
	heap_free(kept);
	heap_free(freed_later);
}

static void an_image_of_differences_is_the_same(void **state)
{
	struct heap_image *base, *image[3] = {NULL};
	uint8_t *blocks[64], *more;

	(void)state;
	NEED_ARENA();
	for (unsigned i = 0; i < 64; i++)
		blocks[i] = heap_zero(300 + i);
	base = heap_image_save(NULL, NULL);
	for (unsigned round = 0; round < 3; round++) {
		heap_image_restore(base);
		for (unsigned i = round; i < 64; i += 7)
			memset(blocks[i], (int)(round + 1), 300);
		heap_free(blocks[20 + round]);
		more = heap_zero(5000);
		more[4999] = (uint8_t)round;
		image[round] = heap_image_save(image[round], base);
	}
	for (unsigned round = 0; round < 3; round++) {
		heap_image_restore(base);
		assert_int_equal(blocks[round][299], 0);
		heap_image_restore(image[round]);
		assert_true(__asan_address_is_poisoned(blocks[20 + round]));
		assert_false(__asan_address_is_poisoned(blocks[23]));
		for (unsigned i = 0; i < 64; i++) {
			if (i != 20 + round)
				assert_int_equal(blocks[i][299], i % 7 == round ? round + 1 : 0);
		}
		assert_int_equal(more[4999], round);
		assert_true(__asan_address_is_poisoned(more + 5000));
	}
	heap_image_restore(base);
	assert_true(__asan_address_is_poisoned(more));
	for (unsigned i = 0; i < 64; i++)
		heap_free(blocks[i]);
	for (unsigned round = 0; round < 3; round++)
		heap_image_free(image[round]);
	heap_image_free(base);
}

static void a_library_gets_blocks_of_the_arena_while_it_is_lent(void **state)
{
	uint64_t live;
	uint8_t *p;

	(void)state;
	NEED_ARENA();
	live = heap_live();
	p = library_malloc(40);
	assert_int_equal(heap_live(), live);
	heap_lend(true);
	library_free(p); /* is the C library's still */
	p = library_malloc(40);
	assert_int_equal(heap_live(), live + 1);
	assert_int_equal(p[39], 0xbe);
	assert_true(__asan_address_is_poisoned(p + 40));
	p[39] = 7;
	p = library_realloc(p, 5000);
	assert_int_equal(p[39], 7);
	assert_int_equal(p[40], 0xbe);
	p = library_realloc(p, 39);
	assert_true(__asan_address_is_poisoned(p + 39));
	library_free(p);
	p = library_calloc(10, 10);
	assert_int_equal(p[99], 0);
	library_free(p);
	library_free(NULL);
	heap_lend(false);
	assert_int_equal(heap_live(), live);
}

static void a_library_asks_for_too_much_in_vain(void **state)
{
	(void)state;
	NEED_ARENA();
	heap_lend(true);
	assert_null(library_malloc(LIBRARY_MAX_BYTES + 1));
	assert_null(library_calloc(SIZE_MAX / 2, 4));
	assert_null(library_realloc(NULL, SIZE_MAX));
	heap_lend(false);
}

__attribute__((format(printf, 3, 4))) static int says(char *to, size_t room, const char *format,
						      ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = library_vsnprintf(to, room, format, args);
	va_end(args);
	return n;
}

static void the_first_messages_of_a_library_are_whole(void **state)
{
	char text[8];

	(void)state;
	NEED_ARENA();
	heap_lend(true);
	library_begin();
	for (unsigned i = 0; i < LIBRARY_MESSAGES; i++) {
		assert_int_equal(says(text, sizeof(text), "<%u>", i), 3);
		assert_int_equal(text[1], '0' + i);
	}
	assert_int_equal(says(text, sizeof(text), "no more than %u", 8u), 15);
	assert_string_equal(text, "no more");
	assert_int_equal(says(NULL, 0, "%u", 8u), 2);
	library_begin();
	assert_int_equal(says(text, sizeof(text), "%u", 8u), 1);
	for (unsigned i = 0; i < LIBRARY_MESSAGES; i++)
		says(text, sizeof(text), "%u", i);
	heap_lend(false); /* nobody hurries */
	assert_int_equal(says(text, sizeof(text), "%u", 8u), 1);
	assert_string_equal(text, "8");
}

static bool count(void *opaque, uint32_t who)
{
	unsigned *n = opaque;

	n[who != 0]++;
	return n[0] + n[1] < 3;
}

static void who_asked_for_what_is_left_is_known(void **state)
{
	struct heap_image *image;
	unsigned n[2] = {0};
	void *before, *ours, *small, *large;

	(void)state;
	NEED_ARENA();
	before = heap_zero(1);
	image = heap_image_save(NULL, NULL);
	heap_lend(true);
	small = library_malloc(8);
	heap_free(heap_zero(3000));
	large = library_malloc(70000);
	ours = heap_zero(5);
	assert_false(heap_each_since(image, count, n)); /* the third ends it */
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 2);
	library_free(small);
	library_free(large);
	heap_lend(false);
	heap_free(ours);
	n[0] = n[1] = 0;
	assert_true(heap_each_since(image, count, n));
	assert_int_equal(n[0] + n[1], 0);
	heap_image_free(image);
	heap_free(before);
}

static void what_is_bypassed_is_given_back_where_it_came_from(void **state)
{
	uint64_t live;
	void *arena, *other;

	(void)state;
	NEED_ARENA();
	arena = heap_zero(8);
	live = heap_live();
	heap_bypass(true);
	other = heap_zero(8);
	heap_free(arena);
	heap_bypass(false);
	assert_int_equal(heap_live(), live - 1);
	heap_bypass(true);
	heap_free(other);
	heap_bypass(false);
}

static void dies(void (*wrong)(void))
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		close(1); /* what a dying test says is not of this one */
		close(2);
		wrong();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void free_twice(void)
{
	void *p = heap_zero(8);

	heap_free(p);
	heap_free(p);
}

static void free_a_stranger(void)
{
	heap_free((void *)(uintptr_t)&free_twice);
}

static void write_behind(void)
{
	uint8_t *volatile p = heap_zero(17);

	p[17] = 1;
}

static void wrong_use_is_fatal(void **state)
{
	(void)state;
	NEED_ARENA();
	dies(free_twice);
	dies(free_a_stranger);
	dies(write_behind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_can_ask_for_malloc),
		cmocka_unit_test(malloc_blocks_are_counted_too),
		cmocka_unit_test(a_block_is_zero_and_ends_where_it_was_asked_to),
		cmocka_unit_test(a_freed_block_comes_back_late_and_clean),
		cmocka_unit_test(an_image_brings_back_bytes_and_blocks),
		cmocka_unit_test(an_image_of_differences_is_the_same),
		cmocka_unit_test(a_library_gets_blocks_of_the_arena_while_it_is_lent),
		cmocka_unit_test(a_library_asks_for_too_much_in_vain),
		cmocka_unit_test(the_first_messages_of_a_library_are_whole),
		cmocka_unit_test(who_asked_for_what_is_left_is_known),
		cmocka_unit_test(what_is_bypassed_is_given_back_where_it_came_from),
		cmocka_unit_test(wrong_use_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
