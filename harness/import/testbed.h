// SPDX-License-Identifier: MIT
/*
 * testbed.h -- a capture of a program that was played, in a folder of its own, for the tests of what reads it.
 */
#ifndef IMPORT_TESTBED_H
#define IMPORT_TESTBED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "harness.h"
#include "import/traffic.h"

struct import_bed {
	char folder[40], path[60], why[200];
	struct import_traffic traffic;
	uint8_t *bytes; /* what the test makes of it */
	size_t len;
	char *text;
};

static inline int import_bed_new(void **state)
{
	struct import_bed *p = alloc_zero(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/usb.pcap", p->folder);
	*state = p;
	return 0;
}

static inline int import_bed_free(void **state)
{
	struct import_bed *p = *state;

	import_traffic_free(&p->traffic);
	free(p->bytes);
	free(p->text);
	unlink(p->path);
	rmdir(p->folder);
	free(p);
	return 0;
}

/* Play, and capture. */
static inline void import_bed_capture(struct import_bed *p, const char *text)
{
	struct harness_options options = {.also = pcap_file_row};
	struct harness_result result;
	struct op_program program;
	struct op_error error;
	struct pcap_file *file;
	struct harness *h;

	op_program_init(&program);
	if (op_parse(&program, text, strlen(text), &error))
		fail_msg("line %u: %s", error.line, error.message);
	assert_int_equal(pcap_file_open(p->path, 0, &file), 0);
	options.also_opaque = file;
	h = harness_new(&options);
	harness_run(h, &program, &result);
	assert_null(result.finding.oracle);
	harness_free(h);
	assert_int_equal(pcap_file_close(file), 0);
	op_program_fini(&program);
}

#endif
