// SPDX-License-Identifier: MIT
/*
 * serve_qtree.c -- the tree of a served machine in the manner of QEMU's info qtree: the controller, its
 * bus, each device with its configuration, interfaces and endpoints.
 */
#include "backend/machine.h"
#include "backend/serve.h"
#include "usb/desc.h"

static void put_endpoints(FILE *out, const struct usb_desc_alternate *a)
{
	static const char *const type[] = {"control", "isoch", "bulk", "interrupt"};

	for (const struct usb_desc_endpoint *e = a->endpoints; e; e = e->next)
		fprintf(out, "          endpoint 0x%02x: %s, packets of %u, interval %u\n",
			e->address, type[e->attributes & 3], e->max_packet & 0x7ffu, e->interval);
}

static void put_interfaces(FILE *out, const struct usb_device *dev)
{
	const struct usb_desc_config *c = usb_desc_config_find(dev->desc, dev->configuration);

	for (const struct usb_desc_interface *i = c ? c->interfaces : NULL; i; i = i->next) {
		uint8_t setting = dev->alternate[i->number % USB_MAX_INTERFACES];
		const struct usb_desc_alternate *a = usb_desc_alternate_find(i, setting);

		fprintf(out, "        interface %u.%u", i->number, setting);
		if (a)
			fprintf(out, ": class %02x/%02x/%02x", a->class, a->subclass, a->protocol);
		fputc('\n', out);
		if (a)
			put_endpoints(out, a);
	}
}

/* String index as ASCII; what is not printable is left out. */
static void put_string(FILE *out, const struct usb_device *dev, const char *name, uint8_t index)
{
	const uint8_t *bytes;
	size_t len;

	if (!index || !usb_desc_lookup(dev->desc, USB_DT_STRING, index, &bytes, &len))
		return;
	fprintf(out, "        %s = \"", name);
	for (size_t i = 2; i + 1 < len; i += 2)
		if (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '"' && !bytes[i + 1])
			fputc(bytes[i], out);
	fputs("\"\n", out);
}

static void put_disk(FILE *out, const struct disk *disk)
{
	fprintf(out, "        drive = %llu blocks of %u bytes%s\n",
		(unsigned long long)disk_block_count(disk), disk_block_bytes(disk),
		disk_is_read_only(disk) ? ", read-only" : "");
}

/* With what is behind it, as deep as hubs are in a row: USB_MAX_HUBS. */
static void put_device(FILE *out, const struct serve_devices *s, const struct usb_port *port,
		       unsigned connector)
{
	static const char *const speed[] = {"none", "12", "1.5", "480", "5000"};
	const struct serve_path path = {connector, usb_port_route(port)};
	const struct usb_device *dev = port->dev;
	const struct usb_desc_device *d = dev->desc ? dev->desc->device : NULL;
	const struct disk *disk = serve_device_disk(s, &path);
	char place[SERVE_PATH_TEXT];

	fprintf(out, "      dev: %s\n        port = %s\n", dev_models[dev->model].name,
		serve_path_print(&path, place));
	fprintf(out, "        addr %u, speed %s Mb/s", dev->address, speed[dev->speed]);
	if (d)
		fprintf(out, ", id %04x:%04x, class %02x/%02x/%02x", d->vendor, d->product,
			d->class, d->subclass, d->protocol);
	fputc('\n', out);
	if (d) {
		put_string(out, dev, "manufacturer", d->str_manufacturer);
		put_string(out, dev, "product", d->str_product);
		put_string(out, dev, "serial", d->str_serial);
	}
	if (disk)
		put_disk(out, disk);
	fprintf(out, "        configuration = %u\n", dev->configuration);
	put_interfaces(out, dev);
	for (unsigned i = 0; i < dev->downstream_count; i++)
		if (dev->downstream[i].dev)
			put_device(out, s, &dev->downstream[i], connector);
}

char *serve_info_qtree(const struct serve_devices *s)
{
	const struct xhci_profile *p = s->m->xhci->profile;
	size_t len;
	char *bytes;
	FILE *out = open_memstream(&bytes, &len);

	REQUIRE(out);
	fprintf(out,
		"dev: %s\n  p2 = %u\n  p3 = %u\n  slots = %u\n  intrs = %u\n"
		"  class USB controller, pci id %04x:%04x (sub %04x:%04x)\n"
		"  bar 0: mem at 0x%llx, 0x%x bytes\n  bus: xhci.0\n    type usb-bus\n",
		p->name, xhci_profile_ports(p, 2), xhci_profile_ports(p, 3), p->slots, p->intrs,
		p->pci.vendor, p->pci.device, p->pci.subsystem_vendor, p->pci.subsystem,
		(unsigned long long)pci_bar0(&s->m->guest), p->pci.bar0_size);
	for (unsigned i = 1; i <= machine_connector_count(s->m); i++)
		if (machine_device(s->m, i))
			put_device(out, s, machine_port(s->m, i, 0), i);
	fclose(out);
	return bytes;
}
