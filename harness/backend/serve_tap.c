// SPDX-License-Identifier: MIT
/*
 * serve_tap.c -- who is told what happens in a served machine: the oracles, a recording, a capture
 * of the USB traffic, a readable trace. The last two come and go while it runs.
 */
#include <errno.h>
#include <stdarg.h>

#include "backend/serve.h"
#include "capture/capture.h"

static void say_end(struct serve_tap *t, const char *what, const char *path, const char *why)
{
	char line[400];

	snprintf(line, sizeof(line), "the %s ends early: %s: %s", what, *path ? path : "stdout",
		 why);
	if (t->say)
		t->say(t->say_opaque, line);
}

void serve_tap_row(void *opaque, const struct trace_row *row)
{
	struct serve_tap *t = opaque;

	if (t->trace)
		t->printer->row(t->trace, row);
	if (t->pcap)
		pcap_file_row(t->pcap, row);
	if (t->record)
		record_file_row(t->record, row);
	if (t->watch)
		t->watch(t->watch_opaque, row);
}

/* ---- USB traffic --------------------------------------------------------------------------- */

int serve_tap_pcap_start(struct serve_tap *t, const char *path)
{
	int err = t->pcap ? -EBUSY : pcap_file_open(path, t->epoch_ns, &t->pcap);

	if (!err)
		snprintf(t->pcap_path, sizeof(t->pcap_path), "%s", path);
	return err;
}

int64_t serve_tap_pcap_stop(struct serve_tap *t)
{
	int64_t count;
	int err;

	if (!t->pcap)
		return -ENOENT;
	count = (int64_t)pcap_file_count(t->pcap);
	err = pcap_file_close(t->pcap);
	t->pcap = NULL;
	return err ? err : count;
}

/* ---- a recording --------------------------------------------------------------------------- */

int serve_tap_record(struct serve_tap *t, const char *path, const char *profile)
{
	struct record_head head = {.oper = t->layout.oper,
				   .runtime = t->layout.runtime,
				   .doorbell = t->layout.doorbell};

	snprintf(head.profile, sizeof(head.profile), "%s", profile);
	snprintf(t->record_path, sizeof(t->record_path), "%s", path);
	return record_file_open(path, &head, &t->record);
}

void serve_tap_note(struct serve_tap *t, const char *format, ...)
{
	char line[200];
	va_list args;

	if (!t || !t->record)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	record_file_note(t->record, *t->now_ns, line);
}

/* ---- the readable trace -------------------------------------------------------------------- */

int serve_tap_trace_on(struct serve_tap *t, const char *path)
{
	if (!t->printer)
		return -ENOSYS;
	if (t->trace)
		return -EBUSY;
	t->trace_out = path ? fopen(path, "we") : stdout;
	if (!t->trace_out)
		return -errno;
	snprintf(t->trace_path, sizeof(t->trace_path), "%s", path ? path : "");
	t->trace = t->printer->open(t->trace_out, &t->layout);
	return 0;
}

int serve_tap_trace_off(struct serve_tap *t)
{
	bool failed;

	if (!t->trace)
		return -ENOENT;
	t->printer->close(t->trace);
	t->trace = NULL;
	failed = fflush(t->trace_out) || ferror(t->trace_out);
	if (t->trace_out != stdout)
		failed |= fclose(t->trace_out) != 0;
	return failed ? -EIO : 0;
}

/* ---- all of them --------------------------------------------------------------------------- */

void serve_tap_flush(struct serve_tap *t)
{
	int err = t->pcap ? pcap_file_flush(t->pcap) : 0;

	if (err) {
		serve_tap_pcap_stop(t);
		say_end(t, "capture", t->pcap_path, strerror(-err));
	}
	err = t->record ? record_file_flush(t->record) : 0;
	if (err) {
		record_file_close(t->record);
		t->record = NULL;
		say_end(t, "recording", t->record_path, strerror(-err));
	}
	if (t->trace && (fflush(t->trace_out) || ferror(t->trace_out))) {
		serve_tap_trace_off(t);
		say_end(t, "trace", t->trace_path, "it cannot be written");
	}
}

void serve_tap_close(struct serve_tap *t)
{
	serve_tap_flush(t);
	serve_tap_pcap_stop(t);
	serve_tap_trace_off(t);
	record_file_close(t->record);
	t->record = NULL;
}
