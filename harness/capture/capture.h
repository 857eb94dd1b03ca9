// SPDX-License-Identifier: MIT
/*
 * capture.h -- what happened, as files that other tools read. Sections follow the files.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "base.h"
#include "trace.h"

/* ---- pcap.c: USB traffic as Linux' usbmon shows it ------------------------------------------- */

struct pcap_file; /* a file being written */

/*
 * A new capture file; "-" is stdout. epoch_ns: the time of day, since 1970, that virtual time 0 stands
 * for (0: virtual time as it is, the same bytes for the same program). 0 or -errno.
 */
int pcap_file_open(const char *path, uint64_t epoch_ns, struct pcap_file **ret);
/* A trace_sink; opaque is the struct pcap_file. */
void pcap_file_row(void *opaque, const struct trace_row *row);
/* Bring to the file what waits. 0, or -errno if the file could not be written since it was opened. */
int pcap_file_flush(struct pcap_file *f);
/* Report what is still with a device as taken back, close, free. As pcap_file_flush; NULL is fine. */
int pcap_file_close(struct pcap_file *f);
/* Events written so far. */
uint64_t pcap_file_count(const struct pcap_file *f);

/* ---- record.c: what a guest does to a controller, to be played again ------------------------- */

#define RECORD_NOTE 0xffu /* kind of a row whose data is an op as text: what somebody else did */
#define RECORD_DATA_MAX 4096u /* bytes kept of a row */
#define RECORD_OUT_MAX 512u   /* bytes kept of a data buffer that is sent to a device */

struct record_head { /* the controller */
	char profile[32];
	uint32_t oper, runtime, doorbell; /* registers, bytes from BAR 0 */
};

struct record_file;

/* A new recording. 0 or -errno. */
int record_file_open(const char *path, const struct record_head *head, struct record_file **ret);
/*
 * A trace_sink; opaque is the struct record_file. Kept are accesses of the guest, memory that the
 * controller reads, events, requests, plugging; of data buffers only what commands have in them.
 */
void record_file_row(void *opaque, const struct trace_row *row);
/* Somebody plugged, pressed, moved: op as text. */
void record_file_note(struct record_file *f, uint64_t time_ns, const char *op);
/* As pcap_file_flush, pcap_file_close. */
int record_file_flush(struct record_file *f);
int record_file_close(struct record_file *f);
uint64_t record_file_count(const struct record_file *f);

/* ---- recording.c: and read again ------------------------------------------------------------- */

struct recording {
	struct record_head head;
	struct trace_row *row; /* data: RECORD_NOTE text is not terminated; see kept */
	uint32_t *kept; /* bytes of data that were kept; the row's len says how many there were */
	size_t count;
	uint8_t *bytes;
};

/* The rows of a file; what was cut off in the middle of a row is left out. 0 or -errno (-EINVAL: no
 * recording). */
int recording_read(const char *path, struct recording *ret);
void recording_free(struct recording *r);

#endif
