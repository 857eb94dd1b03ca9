// SPDX-License-Identifier: MIT
/*
 * explain_usb.c -- packets between controller and device, control requests by name (USB2 9.4), and
 * the descriptors that devices answer with.
 */
#include "tool/explain.h"
#include "usb/desc.h"

static const char *const pid_name[] = {"OUT", "IN", "SETUP"};
static const char *const status_name[USB_STATUSES] = {
	"OK", "NAK", "STALL", "babble", "transaction error", "no device", "asynchronous"};
static const char *const request_name[] = {
	"GET_STATUS",        "CLEAR_FEATURE",     "request 2",      "SET_FEATURE",
	"request 4",         "SET_ADDRESS",       "GET_DESCRIPTOR", "SET_DESCRIPTOR",
	"GET_CONFIGURATION", "SET_CONFIGURATION", "GET_INTERFACE",  "SET_INTERFACE",
	"SYNCH_FRAME"};

static const char *descriptor_name(unsigned type)
{
	switch (type) {
	case USB_DT_DEVICE:
		return "device";
	case USB_DT_CONFIG:
		return "configuration";
	case USB_DT_STRING:
		return "string";
	case USB_DT_QUALIFIER:
		return "device qualifier";
	case USB_DT_OTHER_SPEED:
		return "other speed";
	case USB_DT_BOS:
		return "BOS";
	case USB_DT_HID:
		return "HID";
	case USB_DT_REPORT:
		return "HID report";
	case USB_DT_HUB:
		return "hub";
	case USB_DT_SS_HUB:
		return "SuperSpeed hub";
	default:
		return NULL;
	}
}

void explain_setup(struct explain *e, const uint8_t s[8])
{
	const char *name = NULL;

	fprintf(e->out, "bmRequestType=%02x ", s[0]);
	if ((s[0] & 0x60) == 0 && s[1] < ARRAY_SIZE(request_name))
		name = request_name[s[1]];
	if (name)
		fprintf(e->out, "%s", name);
	else
		fprintf(e->out, "%s request 0x%02x",
			(s[0] & 0x60) == 0x20           ? "class"
				: (s[0] & 0x60) == 0x40 ? "vendor"
							: "unknown",
			s[1]);
	if (name && (s[1] == 6 || s[1] == 7)) {
		const char *what = descriptor_name(s[3]);

		if (what)
			fprintf(e->out, "(%s", what);
		else
			fprintf(e->out, "(type 0x%02x", s[3]);
		fprintf(e->out, s[2] ? " %u)" : ")", s[2]);
	} else {
		fprintf(e->out, " wValue=0x%04x", get_le16(s + 2));
	}
	if (get_le16(s + 4))
		fprintf(e->out, " wIndex=0x%04x", get_le16(s + 4));
	fprintf(e->out, " wLength=%u", get_le16(s + 6));
}

void explain_descriptors(FILE *out, const uint8_t *bytes, size_t len, const char *indent,
			 bool partial)
{
	struct usb_desc *set = usb_desc_parse(bytes, len);
	char *text = NULL, *rest;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	if (memory) {
		usb_desc_print(set, memory);
		fclose(memory);
	}
	rest = text;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		if (partial && !strncmp(line, "Findings (", 10))
			break;
		if (*line)
			fprintf(out, "%s%s\n", indent, line);
	}
	free(text);
	usb_desc_free(set);
}

static void print_string(struct explain *e, const uint8_t *bytes, size_t len)
{
	fprintf(e->out, "                   | \"");
	for (size_t i = 2; i + 2 <= len; i += 2) {
		unsigned c = get_le16(bytes + i);

		fputc(c >= ' ' && c < 0x7f ? (int)c : '?', e->out);
	}
	fprintf(e->out, "\"\n");
}

/* What a device answered to a GET_DESCRIPTOR. */
static void print_answer(struct explain *e, const struct trace_row *row, const uint8_t *setup)
{
	if ((setup[0] & 0xe0) != 0x80 || setup[1] != 6 || !row->data || row->len < 2)
		return;
	if (setup[3] == USB_DT_STRING && setup[2])
		print_string(e, row->data, row->len);
	else if (setup[3] == USB_DT_DEVICE || setup[3] == USB_DT_CONFIG || setup[3] == USB_DT_BOS ||
		 setup[3] == USB_DT_QUALIFIER)
		explain_descriptors(e->out, row->data, row->len, "                   | ", true);
}

static void print_data(struct explain *e, const struct trace_row *row)
{
	if (row->pid == USB_SETUP && row->len == 8) {
		fputc(' ', e->out);
		explain_setup(e, row->data);
	} else if (row->len) {
		fputc(':', e->out);
		explain_bytes(e, row->data, row->len);
	}
}

const char *explain_place(unsigned port, uint64_t route, char out[EXPLAIN_PLACE])
{
	size_t n = (size_t)snprintf(out, EXPLAIN_PLACE, "%u", port);

	for (unsigned i = 0; i < USB_MAX_HUBS && route >> 4 * i; i++)
		n += (size_t)snprintf(out + n, EXPLAIN_PLACE - n, ".%u",
				      (unsigned)(route >> 4 * i & 0xf));
	return out;
}

void explain_packet(struct explain *e, const struct trace_row *row)
{
	struct explain_request *request =
		row->port <= EXPLAIN_PORTS ? &e->request[row->port] : NULL;
	bool control = !(row->dci & 0x0f);
	char place[EXPLAIN_PLACE];

	fprintf(e->out, "USB   %s port %s address %u ep %u #%llu ",
		row->pid < ARRAY_SIZE(pid_name) ? pid_name[row->pid] : "?",
		explain_place(row->port, row->addr, place), row->slot, row->dci & 0x0fu,
		(unsigned long long)row->value);
	if (row->what == PACKET_SUBMIT)
		fprintf(e->out, "sent, %u bytes", row->len);
	else if (row->what == PACKET_CANCEL)
		fprintf(e->out, "taken back");
	else
		fprintf(e->out, "%s, %u bytes",
			row->status < USB_STATUSES ? status_name[row->status] : "?", row->len);
	if (row->data)
		print_data(e, row);
	fputc('\n', e->out);
	if (!request || !control)
		return;
	if (row->pid == USB_SETUP && row->what == PACKET_SUBMIT && row->data && row->len == 8) {
		request->open = true;
		memcpy(request->setup, row->data, 8);
	} else if (row->pid == USB_IN && row->what == PACKET_COMPLETE && request->open &&
		   row->status == USB_OK) {
		print_answer(e, row, request->setup);
		request->open = false;
	}
}
