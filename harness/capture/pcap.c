// SPDX-License-Identifier: MIT
/*
 * pcap.c -- URBs as records of link type LINKTYPE_USB_LINUX_MMAPPED (220), by libpcap: what Linux' usbmon
 * gives through /dev/usbmonN, and what Wireshark opens. All devices are on bus 1.
 */
#include <errno.h>

#include <pcap/pcap.h>
#include <pcap/usb.h>

#include "capture/capture.h"
#include "capture/urb.h"
#include "usb/usb.h"

#define SNAP_BYTES 262144 /* of a record; longer ones are cut */

struct pcap_file {
	struct urb_table urbs;
	pcap_t *link;
	pcap_dumper_t *out;
	uint64_t epoch_ns, last_ns, count;
	int err; /* -errno of the first failure */
	uint8_t record[SNAP_BYTES];
};

_Static_assert(sizeof(pcap_usb_header_mmapped) == 64, "as usbmon's struct mon_bin_hdr");
_Static_assert(sizeof(usb_isodesc) == 16, "as usbmon's struct mon_bin_isodesc");

static uint8_t transfer_of(const struct urb_event *e)
{
	static const uint8_t type[] = {
		[USB_EP_CONTROL] = URB_CONTROL,
		[USB_EP_ISOCH] = URB_ISOCHRONOUS,
		[USB_EP_BULK] = URB_BULK,
		[USB_EP_INTERRUPT] = URB_INTERRUPT,
	};

	return type[e->transfer & 3];
}

/* '\0': it is there; otherwise why it is not, as usbmon says it. */
static char data_flag(const struct urb_event *e)
{
	if (e->len)
		return '\0';
	return e->endpoint & 0x80 ? '<' : '>';
}

/* An isochronous URB of ours is one packet: one descriptor before the data. */
static size_t put_isoch(struct pcap_file *f, const struct urb_event *e,
			pcap_usb_header_mmapped *head)
{
	usb_isodesc d = {.status = e->type == URB_EVENT_SUBMIT ? -EXDEV : e->status,
			 .len = e->urb_len};

	head->s.iso =
		(iso_rec){.error_count = e->type == URB_EVENT_COMPLETE && e->status, .numdesc = 1};
	head->ndesc = 1;
	head->interval = 1;
	head->data_len += sizeof(d);
	head->data_flag = '\0';
	memcpy(f->record + sizeof(*head), &d, sizeof(d));
	return sizeof(d);
}

static void write_event(void *opaque, const struct urb_event *e)
{
	struct pcap_file *f = opaque;
	uint64_t usec = (f->epoch_ns + e->time_ns) / 1000;
	pcap_usb_header_mmapped head = {
		.id = e->id,
		.event_type = e->type,
		.transfer_type = transfer_of(e),
		.endpoint_number = e->endpoint,
		.device_address = e->address,
		.bus_id = 1,
		.setup_flag = e->has_setup && e->type == URB_EVENT_SUBMIT ? '\0' : '-',
		.data_flag = data_flag(e),
		.ts_sec = (int64_t)(usec / 1000000),
		.ts_usec = (int32_t)(usec % 1000000),
		.status = e->status,
		.urb_len = e->urb_len,
		.data_len = e->len,
	};
	struct pcap_pkthdr packet = {.ts = {(time_t)head.ts_sec, head.ts_usec}};
	size_t at = sizeof(head), fits;

	if (!head.setup_flag)
		memcpy(&head.s.setup, e->setup, sizeof(e->setup));
	else if (head.transfer_type == URB_ISOCHRONOUS)
		at += put_isoch(f, e, &head);
	memcpy(f->record, &head, sizeof(head));
	fits = min_u64(e->len, SNAP_BYTES - at);
	if (fits)
		memcpy(f->record + at, e->data, fits);
	packet.caplen = (bpf_u_int32)(at + fits);
	packet.len = (bpf_u_int32)(sizeof(head) + head.data_len);
	pcap_dump((u_char *)f->out, &packet, f->record);
	f->count++;
}

int pcap_file_open(const char *path, uint64_t epoch_ns, struct pcap_file **ret)
{
	FILE *out = strcmp(path, "-") ? fopen(path, "we") : stdout;
	struct pcap_file *f;
	int err = -EIO;

	*ret = NULL;
	if (!out)
		return -errno;
	f = alloc_zero(sizeof(*f));
	f->epoch_ns = epoch_ns;
	f->urbs = (struct urb_table){.sink = write_event, .opaque = f};
	f->link = pcap_open_dead(DLT_USB_LINUX_MMAPPED, SNAP_BYTES);
	f->out = f->link ? pcap_dump_fopen(f->link, out) : NULL; /* closes out if it fails */
	if (f->out) {
		err = pcap_file_flush(f);
		if (!err)
			*ret = f;
		else
			pcap_file_close(f);
		return err;
	}
	if (f->link)
		pcap_close(f->link);
	else if (out != stdout)
		fclose(out);
	free(f);
	return err;
}

void pcap_file_row(void *opaque, const struct trace_row *row)
{
	struct pcap_file *f = opaque;

	f->last_ns = row->time_ns;
	urb_row(&f->urbs, row);
}

int pcap_file_flush(struct pcap_file *f)
{
	errno = EIO;
	if ((pcap_dump_flush(f->out) || ferror(pcap_dump_file(f->out))) && !f->err)
		f->err = -errno;
	return f->err;
}

int pcap_file_close(struct pcap_file *f)
{
	int err;

	if (!f)
		return 0;
	urb_end(&f->urbs, f->last_ns);
	err = pcap_file_flush(f);
	if (pcap_dump_file(f->out) != stdout)
		pcap_dump_close(f->out);
	pcap_close(f->link);
	free(f);
	return err;
}

uint64_t pcap_file_count(const struct pcap_file *f)
{
	return f->count;
}
