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

#endif
