// SPDX-License-Identifier: MIT
/*
 * Tests of captures: what libpcap reads back is what a keyboard and its host said to each other.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <pcap/usb.h>

#include "capture/capture.h"
#include "usb/usb.h"

struct place {
	char folder[40], path[60];
	struct pcap_file *file;
};

static int setup(void **state)
{
	struct place *p = alloc_zero(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "%s/gauntlet-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/usb.pcap", p->folder);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void packet(struct place *p, enum packet_what what, uint8_t dci, uint8_t pid, uint8_t status,
		   uint8_t type, uint64_t id, const void *data, uint32_t len)
{
	struct trace_row row = {.kind = TRACE_PACKET,
				.what = (uint8_t)what,
				.slot = 5,
				.port = 1,
				.dci = dci,
				.pid = pid,
				.status = status,
				.flags = type,
				.value = id,
				.data = data,
				.len = len,
				.time_ns = 3000000000 + id * 1000};

	pcap_file_row(p->file, &row);
}

struct reader {
	pcap_t *in;
	struct pcap_pkthdr *head;
	const u_char *bytes;
	pcap_usb_header_mmapped usb;
};

static void start_reading(struct place *p, struct reader *r)
{
	char why[PCAP_ERRBUF_SIZE];

	r->in = pcap_open_offline(p->path, why);
	assert_non_null(r->in);
	assert_int_equal(pcap_datalink(r->in), DLT_USB_LINUX_MMAPPED);
}

static void read_next(struct reader *r)
{
	assert_int_equal(pcap_next_ex(r->in, &r->head, &r->bytes), 1);
	assert_true(r->head->caplen >= sizeof(r->usb));
	memcpy(&r->usb, r->bytes, sizeof(r->usb));
	assert_int_equal(r->head->len, sizeof(r->usb) + r->usb.data_len);
	assert_int_equal(r->usb.bus_id, 1);
	assert_int_equal(r->usb.device_address, 5);
}

static void stop_reading(struct reader *r)
{
	assert_int_equal(pcap_next_ex(r->in, &r->head, &r->bytes), PCAP_ERROR_BREAK);
	pcap_close(r->in);
}

static void a_control_and_an_interrupt_transfer_are_read_back(void **state)
{
	static const uint8_t ask[] = {0x80, 6, 0, 1, 0, 0, 18, 0},
			     keys[] = {0, 0, 4, 0, 0, 0, 0, 0};
	struct place *p = *state;
	struct reader r;

	assert_int_equal(pcap_file_open(p->path, 0, &p->file), 0);
	packet(p, PACKET_SUBMIT, 0, USB_SETUP, 0, USB_EP_CONTROL, 7, ask, 8);
	packet(p, PACKET_COMPLETE, 0, USB_SETUP, USB_OK, USB_EP_CONTROL, 7, NULL, 8);
	packet(p, PACKET_SUBMIT, 0x80, USB_IN, 0, USB_EP_CONTROL, 8, NULL, 18);
	packet(p, PACKET_COMPLETE, 0x80, USB_IN, USB_OK, USB_EP_CONTROL, 8, "\x12\1\0\2", 4);
	packet(p, PACKET_SUBMIT, 0, USB_OUT, 0, USB_EP_CONTROL, 9, NULL, 0);
	packet(p, PACKET_COMPLETE, 0, USB_OUT, USB_OK, USB_EP_CONTROL, 9, NULL, 0);
	packet(p, PACKET_SUBMIT, 0x81, USB_IN, 0, USB_EP_INTERRUPT, 10, NULL, 8);
	packet(p, PACKET_COMPLETE, 0x81, USB_IN, USB_OK, USB_EP_INTERRUPT, 10, keys, 8);
	assert_int_equal(pcap_file_count(p->file), 4);
	assert_int_equal(pcap_file_close(p->file), 0);
	start_reading(p, &r);
	read_next(&r);
	assert_int_equal(r.usb.event_type, 'S');
	assert_int_equal(r.usb.transfer_type, URB_CONTROL);
	assert_int_equal(r.usb.endpoint_number, 0x80);
	assert_int_equal(r.usb.setup_flag, 0);
	assert_memory_equal(&r.usb.s.setup, ask, 8);
	assert_int_equal(r.usb.urb_len, 18);
	assert_int_equal(r.usb.data_flag, '<');
	assert_int_equal(r.usb.ts_sec, 3);
	assert_int_equal(r.usb.ts_usec, 7);
	assert_int_equal(r.head->ts.tv_usec, 7);
	read_next(&r);
	assert_int_equal(r.usb.event_type, 'C');
	assert_int_equal(r.usb.setup_flag, '-');
	assert_int_equal(r.usb.data_len, 4);
	assert_memory_equal(r.bytes + sizeof(r.usb), "\x12\1\0\2", 4);
	read_next(&r);
	assert_int_equal(r.usb.transfer_type, URB_INTERRUPT);
	read_next(&r);
	assert_int_equal(r.usb.id, 10);
	assert_int_equal(r.usb.data_flag, 0);
	assert_memory_equal(r.bytes + sizeof(r.usb), keys, 8);
	stop_reading(&r);
}

static void an_isochronous_packet_has_its_descriptor_before_the_data(void **state)
{
	struct place *p = *state;
	struct reader r;
	usb_isodesc d;

	assert_int_equal(pcap_file_open(p->path, 1000000000, &p->file), 0);
	packet(p, PACKET_SUBMIT, 0x83, USB_IN, 0, USB_EP_ISOCH, 1, NULL, 100);
	packet(p, PACKET_COMPLETE, 0x83, USB_IN, USB_XACT, USB_EP_ISOCH, 1, "abc", 3);
	assert_int_equal(pcap_file_close(p->file), 0);
	start_reading(p, &r);
	read_next(&r);
	assert_int_equal(r.usb.ts_sec, 4);
	assert_int_equal(r.usb.transfer_type, URB_ISOCHRONOUS);
	assert_int_equal(r.usb.ndesc, 1);
	assert_int_equal(r.usb.data_len, sizeof(d));
	read_next(&r);
	memcpy(&d, r.bytes + sizeof(r.usb), sizeof(d));
	assert_int_equal(d.len, 3);
	assert_int_equal(d.status, -EPROTO);
	assert_int_equal(r.usb.s.iso.error_count, 1);
	assert_memory_equal(r.bytes + sizeof(r.usb) + sizeof(d), "abc", 3);
	stop_reading(&r);
}

static void what_is_under_way_at_the_end_is_taken_back(void **state)
{
	struct place *p = *state;
	struct reader r;

	assert_int_equal(pcap_file_open(p->path, 0, &p->file), 0);
	packet(p, PACKET_SUBMIT, 0x01, USB_OUT, 0, USB_EP_BULK, 1, "abc", 3);
	assert_int_equal(pcap_file_close(p->file), 0);
	start_reading(p, &r);
	read_next(&r);
	assert_int_equal(r.usb.data_len, 3);
	read_next(&r);
	assert_int_equal(r.usb.status, -ENOENT);
	stop_reading(&r);
}

static void what_cannot_be_written_is_said(void **state)
{
	struct place *p = *state;
	static const uint8_t much[8192];

	assert_int_equal(pcap_file_open("/no/such/folder/usb.pcap", 0, &p->file), -ENOENT);
	assert_null(p->file);
	assert_int_equal(pcap_file_open("/dev/full", 0, &p->file), -ENOSPC);
	assert_null(p->file);
	assert_int_equal(pcap_file_open(p->path, 0, &p->file), 0);
	packet(p, PACKET_SUBMIT, 0x01, USB_OUT, 0, USB_EP_BULK, 1, much, sizeof(much));
	assert_int_equal(pcap_file_flush(p->file), 0);
	assert_int_equal(pcap_file_close(p->file), 0);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(a_control_and_an_interrupt_transfer_are_read_back),
		place_test(an_isochronous_packet_has_its_descriptor_before_the_data),
		place_test(what_is_under_way_at_the_end_is_taken_back),
		place_test(what_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
