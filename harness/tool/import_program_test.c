// SPDX-License-Identifier: MIT
/*
 * Tests of recorded devices as programs: what a capture of a played device becomes is played and captured
 * again, and the device is the same.
 */
#include "import/testbed.h"
#include "tool/tool.h"

/* Play, capture, and read the capture. */
static void capture(struct import_bed *p, const char *text)
{
	import_bed_capture(p, text);
	import_traffic_free(&p->traffic);
	assert_int_equal(import_pcap(p->path, &p->traffic, p->why, sizeof(p->why)), 0);
}

static void make(struct import_bed *p)
{
	free(p->bytes);
	free(p->text);
	assert_int_equal(import_traffic_descriptors(&p->traffic, 0, &p->bytes, &p->len), 0);
	p->text = tool_import_program(&p->traffic, 0, p->bytes, p->len);
}

static void a_disk_is_the_same_after_a_capture_and_another(void **state)
{
	struct import_bed *p = *state;
	uint8_t *set;
	char *text;

	capture(p,
		"plug port=1 model=storage speed=high\nenumerate port=1\nread-sector lba=1 count=1\n"
		"scsi length=36 direction=in cdb=120000002400\ncontrol type=0xa1 request=254 length=1\n");
	make(p);
	assert_non_null(strstr(p->text, "speed=3\n"));
	assert_non_null(strstr(p->text, "\ntransfer ring=ep2out length=31 data=55534243"));
	assert_non_null(strstr(p->text, "\nanswer ep=1 pid=in data=55534253"));
	assert_non_null(strstr(p->text, "\nanswer data=00\ncontrol type=0xa1 request=254"));
	text = strdup(p->text);
	set = p->bytes;
	p->bytes = NULL;
	capture(p, text);
	make(p);
	assert_memory_equal(p->bytes, set, p->len);
	assert_string_equal(p->text, text);
	free(text);
	free(set);
}

static void a_refused_request_is_refused_again(void **state)
{
	struct import_bed *p = *state;

	capture(p,
		"plug port=1 model=keyboard speed=high\nenumerate port=1\n"
		"control type=0xc0 request=77 length=4\n");
	make(p);
	assert_non_null(strstr(p->text, "\nanswer status=stall\ncontrol type=0xc0 request=77"));
	capture(p, p->text);
	make(p);
	assert_non_null(strstr(p->text, "\nanswer status=stall\ncontrol type=0xc0 request=77"));
}

static void the_same_over_and_over_is_taken_a_few_times(void **state)
{
	struct import_bed *p = *state;
	char text[2000] = "plug port=1 model=keyboard speed=high\nenumerate port=1\n";
	unsigned count = 0;

	for (unsigned i = 0; i < 20; i++)
		strcat(text, "control type=0x80 request=6 value=0x100 length=18\n");
	capture(p, text);
	make(p);
	for (const char *at = p->text; (at = strstr(at, "value=0x0100 ")); at++)
		count++;
	assert_int_equal(count, 4);
}

static void a_set_alone_is_enumerated(void **state)
{
	static const uint8_t set[] = {18, 1, 0,  2, 0, 0, 0, 64,   1,  0, 2, 0, 0, 0, 0,   0, 0, 1,
				      9,  2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 255, 0, 0, 0};
	struct import_bed *p = *state;

	p->text = tool_import_program(NULL, 0, set, sizeof(set));
	capture(p, p->text);
	make(p);
	assert_int_equal(p->len, sizeof(set));
	assert_memory_equal(p->bytes, set, sizeof(set));
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, import_bed_new, import_bed_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(a_disk_is_the_same_after_a_capture_and_another),
		place_test(a_refused_request_is_refused_again),
		place_test(the_same_over_and_over_is_taken_a_few_times),
		place_test(a_set_alone_is_enumerated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
