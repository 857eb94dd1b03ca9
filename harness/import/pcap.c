// SPDX-License-Identifier: MIT
/*
 * pcap.c -- captures of USB traffic, by libpcap, which knows pcap and pcapng and both byte orders of their
 * own headers. The records of usbmon are in the byte order of the machine that captured; only little-endian ones
 * are read. Isochronous URBs are left out: of what is in them a device is not made.
 */
#include <errno.h>

#include <pcap/pcap.h>
#include <pcap/usb.h>

#include "import/traffic.h"

#ifndef DLT_USBPCAP
#define DLT_USBPCAP 249
#endif

#define USBMON_BYTES 48u /* of the head of link type 189 */
#define USBMON_MMAPPED_BYTES 64u
#define USBPCAP_BYTES 27u
#define USBD_STALL 0xc0000004u
#define USBD_HALTED 0xc0000030u

enum usbpcap_stage {
	STAGE_SETUP,
	STAGE_DATA,
	STAGE_STATUS,
	STAGE_COMPLETE,
};

/* Linux' usbmon (Documentation/usb/usbmon.rst, "Raw binary format and API"). */
static bool take_usbmon(const uint8_t *b, uint32_t len, uint32_t head, struct import_event *e)
{
	if (len < head || (b[8] != 'S' && b[8] != 'C' && b[8] != 'E'))
		return false;
	*e = (struct import_event){.id = get_le64(b),
				   .completes = b[8] != 'S',
				   .transfer = b[9] & 3,
				   .endpoint = b[10],
				   .device = b[11],
				   .bus = get_le16(b + 12),
				   .has_setup =
					   b[8] == 'S' && (b[9] & 3) == IMPORT_CONTROL && !b[14],
				   .status = (int)get_le32(b + 28),
				   .urb_len = get_le32(b + 32),
				   .data = b + head,
				   .len = (uint32_t)min_u64(get_le32(b + 36), len - head)};
	memcpy(e->setup, b + 40, sizeof(e->setup));
	return true;
}

/* USBPcap: a packed head whose own length comes first; for control transfers with a stage. */
static bool take_usbpcap(const uint8_t *b, uint32_t len, struct import_event *e)
{
	uint32_t head = len >= USBPCAP_BYTES ? get_le16(b) : 0, status;
	bool back;

	if (head < USBPCAP_BYTES || head > len)
		return false;
	back = b[16] & 1;
	status = get_le32(b + 10);
	*e = (struct import_event){.id = get_le64(b + 2),
				   .completes = back,
				   .transfer = b[22] & 3,
				   .endpoint = b[21],
				   .device = get_le16(b + 19),
				   .bus = get_le16(b + 17),
				   .status = !status ? 0
					   : status == USBD_STALL || status == USBD_HALTED
					   ? -EPIPE
					   : -EPROTO,
				   .data = b + head,
				   .len = (uint32_t)min_u64(get_le32(b + 23), len - head)};
	e->urb_len = e->len;
	if (e->transfer != IMPORT_CONTROL)
		return true;
	if (head <= USBPCAP_BYTES)
		return false;
	if (b[USBPCAP_BYTES] == STAGE_SETUP && !back) {
		if (e->len < 8)
			return false;
		memcpy(e->setup, e->data, 8);
		e->has_setup = true;
		e->endpoint = (uint8_t)((e->endpoint & 0x0f) | (e->setup[0] & 0x80));
		e->urb_len = get_le16(e->setup + 6);
		e->data += 8;
		e->len -= 8;
	}
	return e->has_setup || back;
}

/* A completion of a control transfer does not say its direction: ask the one that is under way. */
static void set_direction(const struct import_traffic *t, struct import_event *e)
{
	for (size_t i = t->count; i-- > t->open_from;) {
		const struct import_urb *u = &t->urb[i];

		if (u->complete || u->id != e->id || u->bus != e->bus)
			continue;
		e->endpoint = u->endpoint;
		return;
	}
}

static bool take_packet(struct import_traffic *t, int link, const uint8_t *b, uint32_t len)
{
	struct import_event e;

	if (link == DLT_USBPCAP) {
		if (!take_usbpcap(b, len, &e))
			return false;
		if (e.completes && e.transfer == IMPORT_CONTROL)
			set_direction(t, &e);
	} else if (!take_usbmon(b, len, link == DLT_USB_LINUX ? USBMON_BYTES : USBMON_MMAPPED_BYTES,
				&e)) {
		return false;
	}
	if (e.transfer != IMPORT_ISOCH)
		import_traffic_add(t, &e);
	return true;
}

int import_pcap(const char *path, struct import_traffic *ret, char *why, size_t room)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const u_char *bytes;
	int link, got;

	memset(ret, 0, sizeof(*ret));
	if (!in) {
		snprintf(why, room, "%s", error);
		return -EINVAL;
	}
	link = pcap_datalink(in);
	if (link != DLT_USB_LINUX && link != DLT_USB_LINUX_MMAPPED && link != DLT_USBPCAP) {
		snprintf(why, room, "it has no USB traffic but %s",
			 pcap_datalink_val_to_name(link) ? pcap_datalink_val_to_name(link)
							 : "something unknown");
		pcap_close(in);
		return -EINVAL;
	}
	while ((got = pcap_next_ex(in, &head, &bytes)) == 1)
		take_packet(ret, link, bytes, head->caplen);
	if (got == PCAP_ERROR && !ret->count) {
		snprintf(why, room, "%s", pcap_geterr(in));
		pcap_close(in);
		return -EINVAL;
	}
	pcap_close(in); /* what is before a broken packet is good */
	return 0;
}
