// SPDX-License-Identifier: MIT
/*
 * serve_testbed.h -- a desk at a served machine: its control socket, and what is written of what happens.
 */
#ifndef BACKEND_SERVE_TESTBED_H
#define BACKEND_SERVE_TESTBED_H

#include <jansson.h>

#include "backend/serve.h"
#include "backend/vfio_testbed.h"

struct desk {
	struct bed *bed;
	struct serve_tap tap;
	struct serve_devices devices;
	struct serve_control control;
	char folder[40], path[60], file[60], said[200];
	bool quit;
};

/* A printer that prints how many rows it saw. */
struct counted {
	FILE *out;
	unsigned rows, ports;
};

static inline void *open_counted(FILE *out, const struct serve_layout *layout)
{
	struct counted *c = alloc_zero(sizeof(*c));

	c->out = out;
	c->ports = layout->ports;
	return c;
}

static inline void count_row(void *opaque, const struct trace_row *row)
{
	(void)row;
	((struct counted *)opaque)->rows++;
}

static inline void close_counted(void *opaque)
{
	struct counted *c = opaque;

	fprintf(c->out, "%u rows\n", c->rows);
	free(c);
}

static const struct serve_printer count_printer = {open_counted, count_row, close_counted};

static inline void desk_say(void *opaque, const char *line)
{
	struct desk *d = opaque;

	snprintf(d->said, sizeof(d->said), "%s", line);
}

static inline int desk_setup(void **state)
{
	struct desk *d = alloc_zero(sizeof(*d));
	void *bed;

	bed_setup_greeted(&bed);
	d->bed = bed;
	d->devices.m = &d->bed->m;
	d->devices.tap = &d->tap;
	d->tap = (struct serve_tap){.printer = &count_printer, .say = desk_say, .say_opaque = d};
	d->bed->trace.sink = serve_tap_row;
	d->bed->trace.sink_opaque = &d->tap;
	snprintf(d->folder, sizeof(d->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(d->folder));
	snprintf(d->path, sizeof(d->path), "%s/control", d->folder);
	snprintf(d->file, sizeof(d->file), "%s/written", d->folder);
	assert_int_equal(serve_control_open(&d->control, d->path, &d->devices), 0);
	*state = d;
	return 0;
}

static inline int desk_teardown(void **state)
{
	struct desk *d = *state;
	void *bed = d->bed;

	serve_control_close(&d->control);
	unlink(d->file);
	assert_int_equal(rmdir(d->folder), 0); /* the socket is gone */
	serve_device_remove_all(&d->devices);
	serve_tap_close(&d->tap);
	bed_teardown(&bed);
	free(d);
	return 0;
}

/* True if text is answered by an error and nothing else. */
static inline bool is_refused(struct desk *d, const char *text)
{
	char *line = serve_command(&d->devices, text, strlen(text), &d->quit);
	json_t *got = json_loads(line, 0, NULL);
	bool refused = json_object_get(got, "error") && !json_object_get(got, "return");

	assert_null(strchr(line, '\n'));
	if (refused)
		assert_true(json_string_length(
				    json_object_get(json_object_get(got, "error"), "desc")) > 0);
	json_decref(got);
	free(line);
	return refused;
}

static inline void assert_says(struct desk *d, const char *text, const char *wanted)
{
	char *line = serve_command(&d->devices, text, strlen(text), &d->quit);

	if (!strstr(line, wanted))
		fail_msg("%s: no %s", line, wanted);
	free(line);
}

#define desk_test(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)

#endif
