// SPDX-License-Identifier: MIT
/*
 * desc_check_config.c -- well-formedness of a configuration, its interface associations and its
 * interfaces (USB2 9.6.3, 9.6.5, USB3 9.6.4).
 */
#include "usb/desc_check.h"

static void check_header(struct usb_desc_checker *c, const struct usb_desc_config *config)
{
	uint32_t sum = usb_desc_sum(&config->node, config->last);

	usb_desc_check_length(c, &config->node, 9);
	if (config->total_length != sum)
		usb_desc_report(c, USB_DESC_TOTAL_LENGTH, &config->node, config->total_length, sum);
	if (config->num_interfaces != config->interface_count)
		usb_desc_report(c, USB_DESC_NUM_INTERFACES, &config->node, config->num_interfaces,
				config->interface_count);
	if ((config->attributes & 0x9f) != 0x80)
		usb_desc_report(c, USB_DESC_CONFIG_ATTRIBUTES, &config->node, config->attributes,
				(config->attributes & 0x60) | 0x80);
}

static void check_iad(struct usb_desc_checker *c, const struct usb_desc_config *config,
		      const struct usb_desc_iad *iad, uint8_t taken[256])
{
	unsigned end = (unsigned)iad->first + iad->count;
	bool overlap = false, missing = end > 256;

	usb_desc_check_length(c, &iad->node, 8);
	if (!iad->count)
		usb_desc_report(c, USB_DESC_IAD_COUNT_0, &iad->node, 0, 0);
	for (unsigned i = iad->first; i < end && i < 256; i++) {
		missing |= !(taken[i] & 1);
		overlap |= taken[i] & 2;
		taken[i] |= 2;
	}
	if (missing)
		usb_desc_report(c, USB_DESC_IAD_RANGE, &iad->node, iad->first, iad->count);
	if (overlap)
		usb_desc_report(c, USB_DESC_IAD_OVERLAP, &iad->node, iad->first, iad->count);
	for (const struct usb_desc_interface *i = config->interfaces; i; i = i->next) {
		if (i->number < iad->first || i->number >= end ||
		    i->alternates->node.offset > iad->node.offset)
			continue;
		usb_desc_report(c, USB_DESC_IAD_LATE, &iad->node, i->number, 0);
		break;
	}
}

static void check_iads(struct usb_desc_checker *c, const struct usb_desc_config *config)
{
	uint8_t taken[256] = {0}; /* bit 0: the interface exists; bit 1: an association has it */

	for (const struct usb_desc_interface *i = config->interfaces; i; i = i->next)
		taken[i->number] = 1;
	for (const struct usb_desc_iad *iad = config->iads; iad; iad = iad->next)
		check_iad(c, config, iad, taken);
}

static void check_alternate(struct usb_desc_checker *c, const struct usb_desc_config *config,
			    const struct usb_desc_alternate *a)
{
	usb_desc_check_length(c, &a->node, 9);
	if (a->number >= config->num_interfaces)
		usb_desc_report(c, USB_DESC_INTERFACE_NUMBER, &a->node, a->number,
				config->num_interfaces);
	if (a->num_endpoints != a->endpoint_count)
		usb_desc_report(c, USB_DESC_NUM_ENDPOINTS, &a->node, a->num_endpoints,
				a->endpoint_count);
	if (!a->class && a->subclass)
		usb_desc_report(c, USB_DESC_INTERFACE_CLASS_0, &a->node, a->subclass, 0);
}

/*
 * Endpoint addresses: once in a setting, and in one interface only. owner[address] is 1 + the
 * interface that has it; 0 = nobody.
 */
static void check_endpoints(struct usb_desc_checker *c, const struct usb_desc_alternate *a,
			    uint16_t owner[32])
{
	uint32_t here = 0;

	for (const struct usb_desc_endpoint *e = a->endpoints; e; e = e->next) {
		unsigned index = (e->address & 0x0f) | (e->address & 0x80) >> 3;
		uint16_t mine = (uint16_t)(a->number + 1);

		usb_desc_check_endpoint(c, e);
		usb_desc_check_companion(c, e);
		if (!(e->address & 0x0f))
			continue;
		if (here & (1u << index))
			usb_desc_report(c, USB_DESC_ENDPOINT_TWICE, &e->node, e->address, 0);
		else if (owner[index] && owner[index] != mine)
			usb_desc_report(c, USB_DESC_ENDPOINT_SHARED, &e->node, e->address, 0);
		here |= 1u << index;
		owner[index] = mine;
	}
}

static void check_interface(struct usb_desc_checker *c, const struct usb_desc_interface *i)
{
	uint8_t seen[256] = {0};

	for (const struct usb_desc_alternate *a = i->alternates; a; a = a->next) {
		if (seen[a->setting])
			usb_desc_report(c, USB_DESC_INTERFACE_TWICE, &a->node, a->setting, 0);
		seen[a->setting] = 1;
	}
	if (!seen[0])
		usb_desc_report(c, USB_DESC_NO_ALTERNATE_0, &i->alternates->node,
				i->alternates->setting, 0);
}

void usb_desc_check_config(struct usb_desc_checker *c, const struct usb_desc_config *config)
{
	uint16_t owner[32] = {0};

	check_header(c, config);
	check_iads(c, config);
	for (const struct usb_desc_interface *i = config->interfaces; i; i = i->next)
		check_interface(c, i);
	for (const struct usb_desc_alternate *a = config->alternates; a; a = a->next_in_config) {
		check_alternate(c, config, a);
		check_endpoints(c, a, owner);
	}
}
