// SPDX-License-Identifier: MIT
/*
 * serve_info.c -- what a served machine looks like from outside, as text for people.
 */
#include "backend/machine.h"
#include "backend/serve.h"
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
	static const char *const state[] = {"attached", "default", "addressed", "configured"};
	const struct serve_path path = {connector, usb_port_route(port)};
	const struct usb_device *dev = port->dev;
	const struct disk *disk = serve_device_disk(s, &path);
	char place[SERVE_PATH_TEXT];

	fprintf(out, "port %s: %s, %s, %s, address %u", serve_path_print(&path, place),
		dev_models[dev->model].name, speed[dev->speed], state[dev->state], dev->address);
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
	fprintf(t.out, "BAR 0: %u-bit memory at 0x%llx, 0x%x bytes%s\n", id->bar0_64bit ? 64 : 32,
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

/* ---- xhci ---------------------------------------------------------------------------------- */

static const char *name_of(const char *const *name, unsigned count, unsigned i)
{
	return i < count && name[i] ? name[i] : "?";
}

static void put_ports(FILE *out, const struct xhci *x)
{
	static const char *const link[] = {
#define X(name, value) [value] = #name,
		PORT_LINK_STATES(X)
#undef X
	};

	for (unsigned i = 1; i <= x->port_count; i++) {
		const struct xhci_port *p = &x->port[i];
		unsigned state = (p->portsc & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT;

		fprintf(out, "port %u: USB%u, connector %u, PORTSC 0x%08x%s%s, link %s\n", i,
			p->protocol, p->connector->number, p->portsc,
			p->portsc & PORTSC_CCS ? ", connected" : "",
			p->portsc & PORTSC_PED ? ", enabled" : "",
			name_of(link, ARRAY_SIZE(link), state));
	}
}

static void put_slot(FILE *out, const struct slot *s, unsigned id)
{
	static const char *const slot_state[] = {"enabled", "default", "addressed", "configured"};
	static const char *const ep_state[] = {"disabled", "running", "halted", "stopped", "error"};
	static const char *const ep_type[] = {"?",       "isoch out", "bulk out", "interrupt out",
					      "control", "isoch in",  "bulk in",  "interrupt in"};

	fprintf(out, "slot %u: %s, port %u, address %u, context 0x%llx\n", id,
		name_of(slot_state, ARRAY_SIZE(slot_state), s->state), s->root_port, s->address,
		(unsigned long long)s->context);
	for (unsigned dci = 1; dci < 32; dci++) {
		const struct xhci_ep *ep = s->ep[dci];

		if (!ep)
			continue;
		fprintf(out, "  endpoint %u: %s, %s, packets of %u, ring 0x%llx cycle %u%s%s\n",
			dci, name_of(ep_type, ARRAY_SIZE(ep_type), ep->type),
			name_of(ep_state, ARRAY_SIZE(ep_state), ep->state), ep->max_packet,
			(unsigned long long)ep->ring.dequeue, ep->ring.cycle,
			ep->td.active ? ", in a TD" : "",
			ep->packet ? ", waits for the device" : "");
	}
}

static void put_interrupter(FILE *out, const struct interrupter *in, unsigned i)
{
	fprintf(out,
		"interrupter %u: IMAN 0x%x, IMOD 0x%x, %u TRBs in %u segments, enqueue %u, "
		"dequeue %u%s%s%s\n",
		i, in->iman, in->imod, in->total, in->segment_count, in->enqueue, in->dequeue,
		in->ehb ? ", busy" : "", in->full ? ", full" : "",
		in->pending_count ? ", events wait" : "");
}

char *serve_info_xhci(const struct serve_devices *s)
{
	const struct xhci *x = s->m->xhci;
	struct text t;

	begin(&t);
	fprintf(t.out, "%s: USBCMD 0x%x, USBSTS 0x%x, %s, %u slots enabled of %u\n",
		x->profile->name, x->usbcmd, x->usbsts, xhci_running(x) ? "running" : "halted",
		x->config & 0xff, x->profile->slots);
	fprintf(t.out, "command ring 0x%llx cycle %u%s, DCBAA 0x%llx\n",
		(unsigned long long)x->command_ring.dequeue, x->command_ring.cycle,
		x->command_running ? ", running" : "", (unsigned long long)x->dcbaap);
	put_ports(t.out, x);
	for (unsigned id = 1; id <= x->profile->slots; id++)
		if (x->slots[id].state != SLOT_DISABLED)
			put_slot(t.out, &x->slots[id], id);
	for (unsigned i = 0; i < x->profile->intrs; i++)
		if (x->intr[i].valid)
			put_interrupter(t.out, &x->intr[i], i);
	return end(&t);
}
