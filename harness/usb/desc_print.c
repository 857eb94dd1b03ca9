// SPDX-License-Identifier: MIT
/*
 * desc_print.c -- a descriptor tree for people, in the manner of lsusb -v: fields of the standard
 * descriptors by name, class descriptors as bytes with a name where one is known.
 */
#include "usb/desc.h"
#include "usb/desc_name.h"

static void field(FILE *out, int indent, const char *name, unsigned value)
{
	fprintf(out, "%*s%-20s %8u\n", indent, "", name, value);
}

static void field_named(FILE *out, int indent, const char *name, unsigned value, const char *text)
{
	fprintf(out, "%*s%-20s %8u%s%s\n", indent, "", name, value, *text ? " " : "", text);
}

static void field_hex(FILE *out, int indent, const char *name, unsigned value, int digits)
{
	fprintf(out, "%*s%-20s %*s0x%0*x\n", indent, "", name, 6 - digits, "", digits, value);
}

static void field_bcd(FILE *out, int indent, const char *name, uint16_t value)
{
	fprintf(out, "%*s%-20s %5x.%02x\n", indent, "", name, value >> 8, value & 0xffu);
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%02x", i ? " " : "", bytes[i]);
	fputc('\n', out);
}

/* UTF-16LE as ASCII; whatever is not printable becomes '?'. */
static void print_text(FILE *out, const struct usb_desc_node *string)
{
	for (unsigned i = 2; i + 1 < string->length; i += 2) {
		uint16_t c = get_le16(string->bytes + i);

		fputc(c >= 0x20 && c < 0x7f ? c : '?', out);
	}
	fputc('\n', out);
}

static void field_string(FILE *out, int indent, const char *name, const struct usb_desc *d,
			 uint8_t index)
{
	const struct usb_desc_string *s = d->strings;

	for (unsigned i = 0; s && i < index; i++)
		s = s->next;
	fprintf(out, "%*s%-20s %8u", indent, "", name, index);
	if (!index || !s) {
		fputc('\n', out);
		return;
	}
	fputc(' ', out);
	print_text(out, &s->node);
}

static void print_opaque(FILE *out, int indent, const struct usb_desc_node *n,
			 const struct usb_desc_alternate *a)
{
	const char *name = usb_desc_extra_name(n, a);

	fprintf(out, "%*s%s descriptor (type 0x%02x): ", indent, "", *name ? name : "Unknown",
		n->type);
	print_hex(out, n->bytes, n->length);
}

static void print_extra(FILE *out, int indent, const struct usb_desc_node *n,
			const struct usb_desc_alternate *a)
{
	for (; n; n = n->sibling)
		print_opaque(out, indent, n, a);
}

static void print_device(FILE *out, const struct usb_desc *d, const struct usb_desc_device *dev)
{
	fprintf(out, "Device Descriptor:\n");
	field(out, 2, "bLength", dev->node.bytes[0]);
	field_bcd(out, 2, "bcdUSB", dev->usb);
	field_named(out, 2, "bDeviceClass", dev->class, usb_desc_class_name(dev->class));
	field(out, 2, "bDeviceSubClass", dev->subclass);
	field(out, 2, "bDeviceProtocol", dev->protocol);
	field(out, 2, "bMaxPacketSize0", dev->max_packet0);
	field_hex(out, 2, "idVendor", dev->vendor, 4);
	field_hex(out, 2, "idProduct", dev->product, 4);
	field_bcd(out, 2, "bcdDevice", dev->release);
	field_string(out, 2, "iManufacturer", d, dev->str_manufacturer);
	field_string(out, 2, "iProduct", d, dev->str_product);
	field_string(out, 2, "iSerial", d, dev->str_serial);
	field(out, 2, "bNumConfigurations", dev->num_configs);
}

static void print_companion(FILE *out, const struct usb_desc_endpoint *e)
{
	const struct usb_desc_companion *c = e->companion;

	if (c) {
		fprintf(out, "        SuperSpeed Endpoint Companion:\n");
		field(out, 10, "bMaxBurst", c->max_burst);
		field_hex(out, 10, "bmAttributes", c->attributes, 2);
		if ((e->attributes & 3) == USB_EP_BULK && c->attributes & 0x1f)
			field(out, 12, "MaxStreams",
			      1u << ((c->attributes & 0x1f) > 16 ? 16 : c->attributes & 0x1f));
		field(out, 10, "wBytesPerInterval", c->bytes_per_interval);
	}
	if (e->ssp_companion)
		print_opaque(out, 8, e->ssp_companion, NULL);
}

static void print_endpoint(FILE *out, const struct usb_desc_endpoint *e)
{
	static const char *const sync[] = {"None", "Asynchronous", "Adaptive", "Synchronous"};
	unsigned size = e->max_packet & 0x7ff, times = (e->max_packet >> 11 & 3u) + 1;

	fprintf(out, "      Endpoint Descriptor:\n");
	fprintf(out, "        %-20s     0x%02x EP %u %s\n", "bEndpointAddress", e->address,
		e->address & 0x0fu, e->address & 0x80 ? "IN" : "OUT");
	field_named(out, 8, "bmAttributes", e->attributes, usb_desc_transfer_name(e->attributes));
	if ((e->attributes & 3) == USB_EP_ISOCH)
		fprintf(out, "          %-18s %8s\n", "Synch Type", sync[e->attributes >> 2 & 3]);
	fprintf(out, "        %-20s   0x%04x %ux %u bytes\n", "wMaxPacketSize", e->max_packet,
		times, size);
	field(out, 8, "bInterval", e->interval);
	print_companion(out, e);
	print_extra(out, 8, e->extra, e->alternate);
}

static void print_alternate(FILE *out, const struct usb_desc *d, const struct usb_desc_alternate *a)
{
	fprintf(out, "    Interface Descriptor:\n");
	field(out, 6, "bInterfaceNumber", a->number);
	field(out, 6, "bAlternateSetting", a->setting);
	field(out, 6, "bNumEndpoints", a->num_endpoints);
	field_named(out, 6, "bInterfaceClass", a->class, usb_desc_class_name(a->class));
	field(out, 6, "bInterfaceSubClass", a->subclass);
	field(out, 6, "bInterfaceProtocol", a->protocol);
	field_string(out, 6, "iInterface", d, a->string);
	print_extra(out, 6, a->extra, a);
	for (const struct usb_desc_endpoint *e = a->endpoints; e; e = e->next)
		print_endpoint(out, e);
}

static void print_iad(FILE *out, const struct usb_desc *d, const struct usb_desc_iad *iad)
{
	fprintf(out, "    Interface Association:\n");
	field(out, 6, "bFirstInterface", iad->first);
	field(out, 6, "bInterfaceCount", iad->count);
	field_named(out, 6, "bFunctionClass", iad->class, usb_desc_class_name(iad->class));
	field(out, 6, "bFunctionSubClass", iad->subclass);
	field(out, 6, "bFunctionProtocol", iad->protocol);
	field_string(out, 6, "iFunction", d, iad->string);
}

static void print_config(FILE *out, const struct usb_desc *d, const struct usb_desc_config *c)
{
	bool super = usb_desc_speed(d) == USB_SPEED_SUPER;

	fprintf(out, "  %s Descriptor:\n", usb_desc_type_name(c->node.type));
	field_hex(out, 4, "wTotalLength", c->total_length, 4);
	field(out, 4, "bNumInterfaces", c->num_interfaces);
	field(out, 4, "bConfigurationValue", c->value);
	field_string(out, 4, "iConfiguration", d, c->string);
	field_hex(out, 4, "bmAttributes", c->attributes, 2);
	fprintf(out, "    %-20s %6umA\n", "MaxPower", c->max_power * (super ? 8u : 2u));
	print_extra(out, 4, c->extra, NULL);
	for (const struct usb_desc_node *n = &c->node; n != c->last; n = n->next) {
		const struct usb_desc_node *k = n->next;

		if (k->kind == USB_DESC_IAD)
			print_iad(out, d, (const struct usb_desc_iad *)k);
		else if (k->kind == USB_DESC_INTERFACE)
			print_alternate(out, d, (const struct usb_desc_alternate *)k);
	}
}

static void print_bos(FILE *out, const struct usb_desc_bos *bos)
{
	fprintf(out, "Binary Object Store Descriptor:\n");
	field_hex(out, 2, "wTotalLength", bos->total_length, 4);
	field(out, 2, "bNumDeviceCaps", bos->num_caps);
	for (const struct usb_desc_capability *c = bos->caps; c; c = c->next) {
		const char *name = usb_desc_capability_name(c->capability);

		fprintf(out, "  %s Capability (%u): ", *name ? name : "Unknown", c->capability);
		print_hex(out, c->node.bytes, c->node.length);
	}
	print_extra(out, 2, bos->extra, NULL);
}

static void print_top(FILE *out, const struct usb_desc *d, const struct usb_desc_node *n)
{
	switch ((enum usb_desc_kind)n->kind) {
	case USB_DESC_DEVICE:
		print_device(out, d, (const struct usb_desc_device *)n);
		break;
	case USB_DESC_CONFIG:
		print_config(out, d, (const struct usb_desc_config *)n);
		break;
	case USB_DESC_BOS:
		print_bos(out, (const struct usb_desc_bos *)n);
		break;
	case USB_DESC_STRING:
		fprintf(out, "String Descriptor: ");
		if (n == &d->strings->node)
			print_hex(out, n->bytes + 2, n->length - 2u);
		else
			print_text(out, n);
		break;
	default:
		print_opaque(out, 0, n, NULL);
	}
}

static void print_findings(FILE *out, const struct usb_desc *d)
{
	struct usb_desc_finding f[32];
	size_t n = usb_desc_check(d, usb_desc_speed(d), f, ARRAY_SIZE(f));

	if (!n)
		return;
	fprintf(out, "Findings (%zu):\n", n);
	for (size_t i = 0; i < n && i < ARRAY_SIZE(f); i++)
		fprintf(out, "  at byte %u: %s (value 0x%x): %s\n", f[i].offset,
			usb_desc_problem_text(f[i].problem), f[i].value,
			usb_desc_problem_clause(f[i].problem));
	if (n > ARRAY_SIZE(f))
		fprintf(out, "  and %zu more\n", n - ARRAY_SIZE(f));
}

void usb_desc_print(const struct usb_desc *d, FILE *out)
{
	for (const struct usb_desc_node *n = d->top; n; n = n->sibling)
		print_top(out, d, n);
	print_findings(out, d);
}
