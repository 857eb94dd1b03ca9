// SPDX-License-Identifier: MIT
/*
 * serve_info.c -- what a served machine looks like from outside, as text for people.
 */
#include "backend/machine.h"
#include "backend/serve.h"
#include "capture/capture.h"
#include "usb/desc.h"

struct text {
	char *bytes;
	size_t len;
	FILE *out;
};

static void begin(struct text *t)
{
	t->out = open_memstream(&t->bytes, &t->len);
	REQUIRE(t->out);
}

static char *end(struct text *t)
{
	fclose(t->out);
	return t->bytes;
}

/* ---- usb ----------------------------------------------------------------------------------- */

/* With what is behind it, as deep as hubs are in a row: USB_MAX_HUBS. */
static void put_device(FILE *out, const struct serve_devices *s, const struct usb_port *port,
		       unsigned connector)
{
	static const char *const speed[] = {"none", "12 Mb/s", "1.5 Mb/s", "480 Mb/s", "5000 Mb/s"};
	static const char *const state[] = {"detached", "attached",  "powered",
					    "default",  "addressed", "configured"};
	const struct serve_path path = {connector, usb_port_route(port)};
	const struct usb_device *dev = port->dev;
	const struct disk *disk = serve_device_disk(s, &path);
	char place[SERVE_PATH_TEXT];

	fprintf(out, "port %s: %s, %s, %s%s, address %u", serve_path_print(&path, place),
		dev->ops->model, speed[dev->speed], state[dev->state],
		dev->suspended ? ", suspended" : "", dev->address);
	if (dev->desc && dev->desc->device)
		fprintf(out, ", id %04x:%04x", dev->desc->device->vendor,
			dev->desc->device->product);
	if (disk)
		fprintf(out, ", %llu blocks of %u%s", (unsigned long long)disk_block_count(disk),
			disk_block_bytes(disk), disk_is_read_only(disk) ? ", read-only" : "");
	fputc('\n', out);
	for (unsigned i = 0; i < dev->downstream_count; i++)
		if (dev->downstream[i].dev)
			put_device(out, s, &dev->downstream[i], connector);
}

char *serve_info_usb(const struct serve_devices *s)
{
	struct text t;

	begin(&t);
	for (unsigned i = 1; i <= machine_connector_count(s->m); i++) {
		if (machine_device(s->m, i))
			put_device(t.out, s, machine_port(s->m, i, 0), i);
		else
			fprintf(t.out, "port %u: nothing\n", i);
	}
	return end(&t);
}

/* ---- pci ----------------------------------------------------------------------------------- */

char *serve_info_pci(const struct serve_devices *s)
{
	const struct guest *g = &s->m->guest;
	const struct pci_identity *id = g->pci.id;
	struct text t;

	begin(&t);
	fprintf(t.out,
		"function %04x:%04x (subsystem %04x:%04x), revision %u, class %02x%02x%02x\n",
		id->vendor, id->device, id->subsystem_vendor, id->subsystem, id->revision,
		id->class_code, id->subclass, id->prog_if);
	fprintf(t.out, "BAR 0: %u-bit memory at 0x%llx, 0x%x bytes%s\n", id->bar0_64bit ? 64u : 32u,
		(unsigned long long)pci_bar0(g), id->bar0_size,
		pci_memory_enabled(g) ? "" : ", off");
	fprintf(t.out, "bus master %s, interrupts by %s, %llu messages sent\n",
		pci_master_enabled(g) ? "on" : "off",
		pci_msix_enabled(g)          ? "MSI-X"
			: pci_msi_enabled(g) ? "MSI"
					     : "INTx",
		(unsigned long long)g->pci.message_count);
	return end(&t);
}

/* ---- trace, version ------------------------------------------------------------------------ */

char *serve_info_trace(const struct serve_devices *s)
{
	const struct serve_tap *tap = s->tap;
	struct text t;

	begin(&t);
	fprintf(t.out, "trace: %s%s\n", tap->trace ? "on, to " : "off",
		!tap->trace                ? ""
			: *tap->trace_path ? tap->trace_path
					   : "stdout");
	if (tap->pcap)
		fprintf(t.out, "pcap: %llu events in %s\n",
			(unsigned long long)pcap_file_count(tap->pcap), tap->pcap_path);
	else
		fprintf(t.out, "pcap: off\n");
	fprintf(t.out, "oracles: %s\n", tap->watch ? "on" : "off");
	return end(&t);
}

char *serve_info_version(const struct serve_devices *s)
{
	struct text t;

	(void)s;
	begin(&t);
	fprintf(t.out, "usb-gauntlet %s\n", GAUNTLET_VERSION);
	return end(&t);
}
