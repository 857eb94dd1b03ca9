// SPDX-License-Identifier: MIT
/*
 * drive_desc.c -- what the driver needs of a configuration (USB2 9.6.3 to 9.6.6, USB3 9.6.7): the
 * endpoints of each interface's first setting. The device may be lying: every step is bounded by
 * the bytes that came, and values are cut to what an endpoint context may hold.
 */
#include "op/drive_core.h"

/* Largest wMaxPacketSize (USB2 5.5 to 5.8, USB3 9.6.6) by speed id and transfer type. */
static unsigned max_packet_limit(unsigned speed, unsigned kind)
{
	static const uint16_t limit[5][4] = {
		{64, 1023, 64, 64},    {64, 1023, 64, 64},      {8, 8, 8, 8},
		{64, 1024, 512, 1024}, {512, 1024, 1024, 1024},
	};

	return limit[speed > 4 ? 4 : speed][kind];
}

#define AUDIO 1u /* class: its streams are in settings of their own */

static struct drive_ep *add_endpoint(struct drive_slot *s, const uint8_t *desc)
{
	unsigned kind = desc[3] & 3, number = desc[2] & 15, raw = get_le16(desc + 4);
	unsigned dci = xhci_dci(number, kind == 0 || desc[2] & 0x80);
	unsigned size = raw & 0x7ff;
	struct drive_ep *ep = &s->ep[dci];

	if (!number || !size || ep->known)
		return NULL;
	if (size > max_packet_limit(s->speed, kind))
		size = max_packet_limit(s->speed, kind);
	ep->known = true;
	ep->address = desc[2];
	ep->attributes = desc[3];
	ep->max_packet = (uint16_t)size;
	ep->interval = desc[6];
	ep->burst = ep->mult = 0;
	ep->esit_bytes = 0;
	if (s->speed == 3 && (kind == 1 || kind == 3)) /* transactions per microframe */
		ep->burst = (uint8_t)min_u64(raw >> 11 & 3, 2);
	return ep;
}

/* SuperSpeed Endpoint Companion (USB3 9.6.7). */
static void add_companion(struct drive_ep *ep, const uint8_t *desc)
{
	ep->burst = (uint8_t)min_u64(desc[2], 15);
	if ((ep->attributes & 3) == 1)
		ep->mult = (uint8_t)min_u64(desc[3] & 3, 2);
	ep->esit_bytes = get_le16(desc + 4);
}

void drive_desc_config(struct drive_slot *s, const uint8_t *bytes, size_t len)
{
	struct drive_ep *ep = NULL;
	bool seen_interface = false, first_setting = true;

	for (unsigned dci = 2; dci < 32; dci++)
		s->ep[dci].known = false;
	for (size_t at = 0; at + 2 <= len && bytes[at] >= 2 && at + bytes[at] <= len;
	     at += bytes[at]) {
		const uint8_t *desc = bytes + at;

		if (desc[1] == 2 && desc[0] >= 9 && !at) {
			s->config_value = desc[5];
		} else if (desc[1] == 4 && desc[0] >= 9) {
			first_setting = desc[3] == 0;
			ep = NULL;
			if (seen_interface)
				continue;
			seen_interface = true;
			s->interface = desc[2];
			s->class_code = desc[5];
			s->subclass = desc[6];
			s->protocol = desc[7];
		} else if (desc[1] == 5 && desc[0] >= 7 &&
			   (first_setting || s->class_code == AUDIO)) { /* none in setting 0 */
			ep = add_endpoint(s, desc);
		} else if (desc[1] == 0x30 && desc[0] >= 6 && ep && s->speed >= 4) {
			add_companion(ep, desc);
		}
	}
}
