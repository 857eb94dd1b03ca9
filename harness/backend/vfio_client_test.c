// SPDX-License-Identifier: MIT
/*
 * Tests of the client that plays programs: it really does to the server what its records say, and it
 * notices when the server does wrong.
 */
#include "backend/vfio_client_core.h"
#include "import/import.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

static const char polite_text[] = "01 # a keyboard\n"
				  "00 01 00 00 00 07 00  00 00 00 00 7b 7d 00 # hello\n"
				  "00 04 00 00 00 10 00  10 00 00 00 00 00 00 00 # what are you\n"
				  "00 00 00 00 00 00 00 00";

/* DMA by message: the controller is made to fetch a command. */
static const char dma_text[] =
	"00 # nothing plugged\n"
	"00 01 00 00 00 07 00  00 00 00 00 7b 7d 00 # hello\n"
	"00 02 00 00 00 20 00  20 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 # memory, no file\n"
	"00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00\n"
	"00 0a 00 00 00 12 00  04 00 00 00 00 00 00 00 07 00 00 00 02 00 00 00 06 00 # command\n"
	"00 0a 00 00 00 18 00  58 00 00 00 00 00 00 00 00 00 00 00 08 00 00 00 # CRCR\n"
	"01 00 01 00 00 00 00 00\n"
	"00 0a 00 00 00 14 00  40 00 00 00 00 00 00 00 00 00 00 00 04 00 00 00 01 00 00 00 # run\n"
	"05 00 00 # answers: the mode is the second byte\n"
	"00 0a 00 00 00 14 00  00 20 00 00 00 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 # bell\n";
#define MODE_FROM_END 29u

struct bed {
	struct vfio_client *client;
	uint8_t *polite, *dma;
	size_t polite_len, dma_len;
};

static void read_text(const char *text, uint8_t **ret, size_t *ret_len)
{
	unsigned line, column;

	assert_int_equal(import_hex(text, strlen(text), ret, ret_len, &line, &column), 0);
}

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	bed->client = vfio_client_new();
	read_text(polite_text, &bed->polite, &bed->polite_len);
	read_text(dma_text, &bed->dma, &bed->dma_len);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	vfio_client_free(bed->client);
	free(bed->polite);
	free(bed->dma);
	free(bed);
	return 0;
}

static void a_polite_client_is_served_without_a_complaint(void **state)
{
	struct bed *bed = *state;
	struct vfio_client *c = bed->client;

	assert_null(vfio_client_play(c, bed->polite, bed->polite_len));
	assert_int_equal(c->said, 0);
	assert_int_equal(c->records, 2);
	assert_int_equal(c->connections, 2); /* and the next one */
}

static unsigned dma_rows;

static void count_dma(void *opaque, const struct trace_row *row)
{
	(void)opaque;
	dma_rows +=
		row->kind == TRACE_DMA && row->what == DMA_CMD_TRB && !(row->flags & TRACE_FAULT);
}

static unsigned commands_fetched(struct bed *bed, uint8_t mode)
{
	struct vfio_client *c = bed->client;
	uint8_t *at = bed->dma + bed->dma_len - MODE_FROM_END;

	assert_int_equal(at[-1], VFIO_CLIENT_ANSWER);
	*at = mode;
	dma_rows = 0;
	c->trace.sink = count_dma;
	assert_null(vfio_client_play(c, bed->dma, bed->dma_len));
	c->trace.sink = NULL;
	return dma_rows;
}

static void dma_messages_are_answered_as_the_program_says(void **state)
{
	struct bed *bed = *state;

	assert_true(commands_fetched(bed, VFIO_CLIENT_POLITE) > 0);
	assert_true(commands_fetched(bed, VFIO_CLIENT_TWICE) > 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_ERROR), 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_SHORT), 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_ID), 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_NONE), 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_HALF_HANGUP), 0);
	assert_int_equal(commands_fetched(bed, VFIO_CLIENT_HANG_UP), 0);
}

static void the_same_program_leaves_the_same_trace(void **state)
{
	struct bed *bed = *state;
	struct vfio_client *c = bed->client;
	uint64_t hash;

	vfio_client_play(c, bed->dma, bed->dma_len);
	hash = vfio_client_hash(c);
	vfio_client_play(c, bed->polite, bed->polite_len);
	assert_true(vfio_client_hash(c) != hash);
	assert_null(vfio_client_fuzz(c, bed->dma, bed->dma_len));
	assert_true(vfio_client_hash(c) == hash);
}

static void any_bytes_are_a_program(void **state)
{
	struct bed *bed = *state;
	uint8_t bytes[300];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 7 * i);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		assert_null(vfio_client_play(bed->client, bytes + sizeof(bytes) - len, len));
}

/* ---- it notices ---------------------------------------------------------------------------- */

static int leak_a_file = -1;

static void lose_a_file(void *opaque, const struct trace_row *row)
{
	(void)opaque, (void)row;
	if (leak_a_file < 0)
		leak_a_file = dup(0);
}

static void a_file_that_stays_open_is_noticed(void **state)
{
	struct bed *bed = *state;
	struct vfio_client *c = bed->client;

	c->trace.sink = lose_a_file;
	assert_string_equal(vfio_client_play(c, bed->polite, bed->polite_len),
			    "a file is left open");
	c->trace.sink = NULL;
	close(leak_a_file);
}

static void wrong_words_of_the_server_are_noticed(void **state)
{
	struct bed *bed = *state;
	struct vfio_client *c = bed->client;
	/* A question that is none, and an error without a number. */
	static const uint8_t question[16] = {9, 0, VFIO_GET_INFO, 0, 16};
	static const uint8_t error[16] = {9, 0, VFIO_GET_INFO, 0, 16, 0, 0, 0, 0x21};

	assert_null(vfio_client_play(c, bed->polite, bed->polite_len));
	for (unsigned i = 0; i < 2; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		vfio_socket_open(&c->end, pair[0]);
		assert_int_equal(write(pair[1], i ? error : question, 16), 16);
		c->wrong = NULL;
		vfio_client_listen(c);
		assert_string_equal(c->wrong,
				    i ? "an error answer has a body or no error"
				      : "the server asked something that is no DMA "
					"message");
		vfio_socket_close(&c->end);
		close(pair[1]);
	}
}

/* ---- the mutator ----------------------------------------------------------------------------- */

static void records_are_found_in_any_bytes(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(vfio_client_record_bytes(bed->polite, bed->polite_len, 1), 14);
	assert_int_equal(vfio_client_record_bytes(bed->polite, bed->polite_len, 15), 23);
	assert_int_equal(vfio_client_record_bytes(bed->polite, bed->polite_len, bed->polite_len),
			 0);
	assert_int_equal(vfio_client_record_bytes(bed->polite, 20, 15), 5); /* cut short */
}

static void mutants_stay_in_their_room_and_reach_every_command(void **state)
{
	uint8_t bytes[400], other[400];
	bool seen[16] = {false};
	struct bed *bed = *state;
	size_t len = 0;

	for (unsigned seed = 0; seed < 20000; seed++) {
		size_t room = 1 + seed % sizeof(bytes);

		if (len > room)
			len = 0;
		len = vfio_client_mutate(bytes, len, room, seed);
		assert_true(len <= room);
		for (size_t at = 1, n; (n = vfio_client_record_bytes(bytes, len, at)); at += n)
			if (n >= 7 && bytes[at] % VFIO_CLIENT_KINDS == 0 && bytes[at + 1] < 16)
				seen[bytes[at + 1]] = true;
		if (seed % 16 == 0) {
			size_t n = vfio_client_crossover(bytes, len, bed->dma, bed->dma_len, other,
							 room, seed);

			assert_true(n <= room);
			memcpy(bytes, other, n);
			len = n;
		}
	}
	for (unsigned i = VFIO_VERSION; i <= VFIO_DEVICE_RESET; i++)
		assert_true(seen[i] || i == 6);
}

#define client_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		client_test(a_polite_client_is_served_without_a_complaint),
		client_test(dma_messages_are_answered_as_the_program_says),
		client_test(the_same_program_leaves_the_same_trace),
		client_test(any_bytes_are_a_program),
		client_test(a_file_that_stays_open_is_noticed),
		client_test(wrong_words_of_the_server_are_noticed),
		client_test(records_are_found_in_any_bytes),
		client_test(mutants_stay_in_their_room_and_reach_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
