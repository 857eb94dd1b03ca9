// SPDX-License-Identifier: MIT
/*
 * text_test.c -- text to ops to text loses nothing, and says clearly what is wrong.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>

#include "op/names.h"
#include "op/test_program.h"

static struct op_program *program_new(void)
{
	struct op_program *p = alloc_zero(sizeof(*p));

	op_program_init(p);
	return p;
}

static void program_free(struct op_program *p)
{
	op_program_fini(p);
	free(p);
}

static void must_parse(struct op_program *p, const char *text)
{
	struct op_error error;
	/* exact size: there is no NUL to rely on */
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	if (op_parse(p, copy, len, &error))
		fail_msg("%u:%u: %s in: %s", error.line, error.column, error.message, text);
	free(copy);
}

/* The one op of the text, as text again. */
static void assert_reads_as(const char *text, const char *expected)
{
	struct op_program *p = program_new();
	char out[256];

	must_parse(p, text);
	assert_int_equal(p->count, 1);
	op_print(&p->op[0], out, sizeof(out));
	assert_string_equal(out, expected);
	program_free(p);
}

static void assert_fails(const char *text, size_t len, unsigned line, unsigned column,
			 const char *message)
{
	struct op_program *p = program_new();
	struct op_error error = {0};
	char *copy = malloc(len);

	memcpy(copy, text, len);
	assert_int_equal(op_parse(p, copy, len, &error), -EINVAL);
	assert_string_equal(error.message, message);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
	free(copy);
	program_free(p);
}

#define FAILS(text, ...) assert_fails(text, sizeof(text) - 1, __VA_ARGS__)

static void the_example_of_the_manual_reads_well(void **state)
{
	struct op_program *p = program_new();

	(void)state;
	must_parse(p,
		   "# xHCI 4.9.2: a Link TRB may point at itself.\n"
		   "plug     port=1 model=keyboard\n"
		   "address  port=1\n"
		   "trb      ring=ep0 type=link ptr=self flags=cycle\n"
		   "doorbell slot=1 target=1\n"
		   "step     usec=125\n");
	assert_int_equal(p->count, 5);
	assert_int_equal(p->op[2].id, OP_TRB);
	assert_int_equal(op_get(&p->op[2], "type"), TRB_LINK);
	assert_int_equal(op_get(&p->op[2], "flags"), 0);
	assert_int_equal(p->op[2].addr_kind, ADDR_SELF);
	assert_int_equal(op_get(&p->op[4], "usec"), 125);
	program_free(p);
}

static void values_read_in_every_notation(void **state)
{
	(void)state;
	assert_reads_as("step usec=0x7d", "step usec=125");
	assert_reads_as("  step\tusec=125  # comment\r\n", "step usec=125");
	assert_reads_as("step usec=125#c", "step usec=125");
	assert_reads_as("plug speed=4", "plug speed=super");
	assert_reads_as("read reg=PORTSC index=2 size=4", "read reg=PORTSC index=2 size=4");
	assert_reads_as("trb type=63", "trb type=63");
	assert_reads_as("trb type=0 flags=ioc+ch", "trb type=reserved flags=ch+ioc");
	assert_reads_as("trb type=1 flags=3", "trb flags=cycle-wrong+stay");
	assert_reads_as("trb flags=toggle+bsr+cycle", "trb flags=tc+bei");
	assert_reads_as("trb ptr=buf+0x40", "trb ptr=buf+0x40");
	assert_reads_as("trb ptr=self-16", "trb ptr=self-0x10");
	assert_reads_as("trb ptr=4096", "trb ptr=0x1000");
	assert_reads_as("trb ptr=auto", "trb");
	assert_reads_as("control trb_length=3", "control trb-length=3");
	assert_reads_as("ondemand data=00_1aFF", "ondemand data=001aff");
	assert_reads_as("ondemand data=\"plain # text\"", "ondemand data=\"plain # text\"");
	assert_reads_as("ondemand data=\"\\n\\r\\t\\0\\\\\\\"\\xfe\"",
			"ondemand data=0a0d09005c22fe");
	assert_reads_as("ondemand data=\"\"", "ondemand");
	assert_reads_as("", "enumerate");
	assert_reads_as("# nothing here", "enumerate");
}

static void mistakes_are_named_with_line_and_column(void **state)
{
	(void)state;
	FAILS("\n  stpe usec=1", 2, 3, "unknown op 'stpe': did you mean 'step'?");
	FAILS("frobnicate", 1, 1, "unknown op 'frobnicate'");
	FAILS("step usecs=1", 1, 6, "'step' has no field 'usecs': did you mean 'usec'?");
	FAILS("step wibble=1", 1, 6, "'step' has no field 'wibble'");
	FAILS("step usec 1", 1, 10, "'=' is missing after 'usec'");
	FAILS("step usec= 1", 1, 11, "usec= lacks its value");
	FAILS("step usec=1 usec=2", 1, 13, "'usec' is given twice");
	FAILS("step usec=12x", 1, 13, "'12x' is not a number");
	FAILS("step usec=0x", 1, 12, "'0x' is not a number");
	FAILS("step usec=4294967296", 1, 11,
	      "4294967296 is out of range, at most 4294967295 (0xffffffff)");
	FAILS("plug port=256", 1, 11, "256 is out of range, at most 255 (0xff)");
	FAILS("write value=18446744073709551616", 1, 13,
	      "18446744073709551616 is out of range, at most 18446744073709551615 "
	      "(0xffffffffffffffff)");
	FAILS("plug model=keybord", 1, 12, "unknown name 'keybord': did you mean 'keyboard'?");
	FAILS("plug model=200", 1, 12, "model has no value 200");
	FAILS("trb flags=ioc+nope", 1, 15, "unknown name 'nope'");
	FAILS("trb flags=ioc+", 1, 15, "unknown name ''");
	FAILS("trb ptr=bufs", 1, 9, "unknown address 'bufs': did you mean 'buf'?");
	FAILS("trb ptr=auto+1", 1, 13, "'auto' takes no offset");
	FAILS("trb ptr=buf+", 1, 13, "a number is missing");
	FAILS("trb ptr=buf+0x80000000", 1, 13,
	      "0x80000000 is out of range, at most 2147483647 (0x7fffffff)");
	FAILS("ondemand data=0g", 1, 15, "half a byte: hex digits come in pairs");
	FAILS("ondemand data=00g0", 1, 17, "'g' is not a hex digit; text goes in \"quotes\"");
	FAILS("ondemand data=000", 1, 17, "half a byte: hex digits come in pairs");
	FAILS("ondemand data=\"abc", 1, 15, "the quote is not closed");
	FAILS("ondemand data=\"a\\q\"", 1, 17,
	      "unknown escape: use \\n \\r \\t \\0 \\\\ \\\" or \\xNN");
	FAILS("ondemand data=\"a\"b", 1, 18, "a blank is missing after the quote");
}

static void hostile_text_gets_a_clean_error(void **state)
{
	static char line[1 << 20];
	struct op_program *p = program_new();
	struct op_error error;
	unsigned i;

	(void)state;
	FAILS("step\n\0", 2, 1, "control character 0x00: this is not a text program");
	FAILS("# \033[2J", 1, 3, "control character 0x1b: this is not a text program");
	FAILS("step usec=\xc3\xa4", 1, 11, "'\x3f\x3f' is not a number");
	memset(line, 'a', sizeof(line));
	assert_fails(line, sizeof(line), 1, 1, "unknown op 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'");
	memcpy(line, "ondemand data=", 14);
	assert_fails(line, sizeof(line), 1, 15 + 2 * OP_MAX_BLOB, "more than 4096 bytes");
	memset(line, '\n', sizeof(line));
	assert_int_equal(op_parse(p, line, sizeof(line), &error), 0);
	assert_int_equal(p->count, 1);
	for (i = 0; i < sizeof(line); i += 8)
		memcpy(line + i, "step  \n", 8);
	for (i = 7; i < sizeof(line); i += 8)
		line[i] = '\n';
	assert_fails(line, sizeof(line), 2 * OP_MAX_OPS + 1, 1, "more than 1024 ops");
	program_free(p);
}

static void any_text_is_read_or_refused_with_a_place_in_it(void **state)
{
	static const char *const word[] = {"trb", " ",    "ptr", "=",     "buf",  "+",
					   "0x",  "\n",   "#",   "\"",    "\\",   "step",
					   "-",   "usec", "ioc", "flags", "type", "255",
					   "_",   "data", "a0",  "\\x",   "self", "ondemand "};
	struct op_program *p = program_new();
	struct op_random r = {4};
	unsigned n, refused = 0;

	(void)state;
	for (n = 0; n < 50000; n++) {
		char text[512] = "", *copy;
		struct op_error error = {0};
		unsigned i = op_random_below(&r, 30);
		size_t len;

		while (i--)
			strcat(text, word[op_random_below(&r, ARRAY_SIZE(word))]);
		len = strlen(text);
		copy = malloc(len ? len : 1);
		memcpy(copy, text, len);
		if (op_parse(p, copy, len, &error)) {
			assert_true(error.line >= 1 && error.line <= len + 1);
			assert_true(error.column >= 1 && error.column <= len + 1);
			assert_true(*error.message);
			refused++;
		}
		free(copy);
	}
	assert_in_range(refused, 1, 49999);
	program_free(p);
}

static void text_bytes_text_bytes_lose_nothing(void **state)
{
	struct op_program *p = program_new(), *q = program_new();
	struct op_random r = {5};
	unsigned n;

	(void)state;
	for (n = 0; n < 3000; n++) {
		char *text, *again;
		uint8_t *raw;
		size_t size;

		test_program_draw(p, &r, 1 + op_random_below(&r, 16));
		text = op_print_program(p);
		must_parse(q, text);
		assert_true(op_program_equal(p, q));
		size = op_encode(q, NULL, 0);
		raw = malloc(size);
		op_encode(q, raw, size);
		op_decode(p, raw, size);
		again = op_print_program(p);
		assert_string_equal(text, again);
		free(raw);
		free(text);
		free(again);
	}
	program_free(p);
	program_free(q);
}

static void every_row_of_every_table_reads_back(void **state)
{
	struct op_program *p = program_new();
	unsigned id, i, row;

	(void)state;
	for (id = 0; id < OP_COUNT; id++) {
		for (i = 0; i < op_table[id].field_count; i++) {
			const struct op_field *f = &op_table[id].field[i];

			for (row = 0; f->names && row < f->names->count; row++) {
				struct op op = {.id = (uint8_t)id};
				char text[256];

				op.v[i] = f->type == FIELD_ENUM ? row : UINT64_C(1) << row;
				op_print(&op, text, sizeof(text));
				must_parse(p, text);
				assert_true(op_equal(&p->op[0], &op));
			}
		}
	}
	program_free(p);
}

static void printing_into_little_room_truncates(void **state)
{
	struct op_program *p = program_new();
	size_t room;

	(void)state;
	must_parse(p, "memory ptr=buf+0x40 data=00112233445566778899");
	for (room = 1; room < 64; room++) {
		char *out = malloc(room);

		assert_in_range(op_print(&p->op[0], out, room), 0, room - 1);
		assert_true(strlen(out) < room);
		assert_int_equal(
			strncmp(out, "memory ptr=buf+0x40 data=00112233445566778899", strlen(out)),
			0);
		free(out);
	}
	program_free(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_manual_reads_well),
		cmocka_unit_test(values_read_in_every_notation),
		cmocka_unit_test(mistakes_are_named_with_line_and_column),
		cmocka_unit_test(hostile_text_gets_a_clean_error),
		cmocka_unit_test(any_text_is_read_or_refused_with_a_place_in_it),
		cmocka_unit_test(text_bytes_text_bytes_lose_nothing),
		cmocka_unit_test(every_row_of_every_table_reads_back),
		cmocka_unit_test(printing_into_little_room_truncates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
