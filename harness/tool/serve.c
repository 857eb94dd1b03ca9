// SPDX-License-Identifier: MIT
/*
 * serve.c -- `gauntlet serve`: our controller for a virtual machine; the oracles watch.
 */
#include "backend/serve.h"
#include "oracle/oracle.h"
#include "tool/explain.h"
#include "tool/verbs.h"

#define MAX_DEVICES 32u

struct watch {
	struct oracle_set *oracles;
	bool told;
};

static void say(void *opaque, const char *line)
{
	(void)opaque;
	printf("serve: %s\n", line);
	fflush(stdout);
}

static void row_written(void *opaque, const struct trace_row *row)
{
	struct watch *w = opaque;
	const struct finding *f;

	if (w->told)
		return;
	oracle_set_row(w->oracles, row);
	f = oracle_set_finding(w->oracles);
	if (!f)
		return;
	w->told = true;
	printf("VIOLATED %s %s after %.6f s: %s\n", f->oracle->clause, f->oracle->name,
	       (double)row->time_ns / 1e9, f->detail);
	fflush(stdout);
}

/* ---- the readable trace -------------------------------------------------------------------- */

static void *open_printer(FILE *out, const struct serve_layout *layout)
{
	struct explain *e = alloc_zero(sizeof(*e));

	explain_init(e, out, NULL, 0);
	e->oper = layout->oper;
	e->runtime = layout->runtime;
	e->doorbell = layout->doorbell;
	e->extended = layout->extended;
	e->ports = layout->ports;
	e->interrupters = layout->interrupters;
	return e;
}

static void close_printer(void *printer)
{
	explain_end(printer);
	free(printer);
}

static const struct serve_printer printer = {open_printer, explain_row, close_printer};

/* A repeated option comes as one text, a line each. */
static unsigned split_lines(char *text, char **line, unsigned room)
{
	unsigned n = 0;

	for (char *rest = text; text && n < room && (line[n] = strsep(&rest, "\n"));)
		n++;
	return n;
}

static int serve(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *name = tool_option_get(verb, value, "profile");
	char *device[MAX_DEVICES], why[300] = "";
	struct watch watch = {0};
	struct serve_options o = {
		.path = tool_option_get(verb, value, "socket"),
		.control = tool_option_get(verb, value, "control"),
		.profile = serve_profile_find(name ? name : "qemu-xhci"),
		.device = device,
		.once = tool_option_get(verb, value, "once"),
		.unmoderated = tool_option_get(verb, value, "unmoderated"),
		.pcap = tool_option_get(verb, value, "pcap"),
		.record = tool_option_get(verb, value, "record"),
		.trace = tool_option_get(verb, value, "trace"),
		.printer = &printer,
		.say = say,
	};
	int err;

	(void)operand, (void)count;
	if (o.trace && !strcmp(o.trace, "-"))
		o.trace = "";
	if (!o.path)
		return tool_refuse("serve: --socket PATH is missing");
	if (!o.profile)
		return tool_refuse("serve: there is no profile '%s'", name);
	o.device_count = split_lines((char *)(uintptr_t)tool_option_get(verb, value, "device"),
				     device, MAX_DEVICES);
	if (!tool_option_get(verb, value, "blind")) {
		watch.oracles = oracle_set_new();
		o.sink = row_written;
		o.sink_opaque = &watch;
	}
	err = serve_run(&o, why, sizeof(why));
	oracle_set_free(watch.oracles);
	if (err)
		return tool_refuse("serve: %s", why);
	return watch.told ? EXIT_FINDING : EXIT_CLEAN;
}

const struct tool_verb verb_serve = {
	.name = "serve",
	.operands = "",
	.help = "our controller as a PCI device for QEMU, over a vfio-user socket",
	.option = {{"socket", 0, "PATH", "UNIX socket to listen on"},
		   {"control", 0, "PATH", "UNIX socket for 'gauntlet ctl'"},
		   {"profile", 0, "NAME", "qemu-xhci (default), nec-usb-xhci, conformant"},
		   {"device", 0, "DEVICE...", "plug this in; may be repeated"},
		   {"once", 0, NULL, "end when the first client leaves"},
		   {"pcap", 'w', "FILE", "capture all USB traffic, for Wireshark"},
		   {"record", 0, "FILE", "record what the guest does, for 'gauntlet record'"},
		   {"trace", 0, "FILE", "print everything that happens ('-': here)"},
		   {"unmoderated", 0, NULL, "interrupts do not wait for IMOD, as QEMU's do not"},
		   {"blind", 0, NULL, "without oracles"}},
	.run = serve,
	.more = "DEVICE is MODEL[,port=N][,speed=low|full|high|super], MODEL keyboard, tablet, mouse, storage,\n"
		"uas, cdrom, hub, super-hub, serial, network, ccid, mtp, audio, zero or scripted. For the disks also\n"
		"[,file=IMAGE][,ro], for mtp [,folder=PATH][,ro], for hubs [,ports=N][,tt=single], for serial\n"
		"[,pty=PATH], there and for network and audio also [,listen=PATH] or [,connect=PATH], for audio\n"
		"[,wav=FILE], to which it plays, and [,mic=FILE], a WAV file from which it records.\n"
		"Any of them with via=libusb goes the long way: through a usbfs of ours and the real libusb.\n"
		"host,id=VVVV:PPPP or host,id=BUS.ADDRESS is a device of this machine, passed through.\n"
		"redir,listen=PATH or redir,connect=PATH [,port=N][,ahead][,filter=RULES] waits there for devices over usbredir.\n"
		"port=1.2 is port 2 of the hub in port 1. QEMU 10.1 or newer takes it by\n"
		"  -device '{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"PATH\"}}'\n"
		"SIGINT or SIGTERM ends it; the status is 1 if an oracle saw a rule broken.",
};
