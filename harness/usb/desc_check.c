// SPDX-License-Identifier: MIT
/*
 * desc_check.c -- is a descriptor set well formed? The set as a whole, device, qualifier and
 * strings (USB2 9.6.1, 9.6.2, 9.6.7); what desc.c stumbled over is reported first. Leaves out
 * class-specific descriptors and strings that are named but not in the set (recordings seldom
 * have them).
 */
#include "usb/desc_check.h"

static const struct {
	const char *name, *clause, *text;
} problems[] = {
#define USB_DESC_PROBLEM(name, clause, text) {#name, clause, text},
#include "usb/desc_problem.def"
};

const char *usb_desc_problem_clause(enum usb_desc_problem problem)
{
	return problem < USB_DESC_PROBLEMS ? problems[problem].clause : "";
}

const char *usb_desc_problem_text(enum usb_desc_problem problem)
{
	return problem < USB_DESC_PROBLEMS ? problems[problem].text : "unknown";
}

const char *usb_desc_problem_name(enum usb_desc_problem problem)
{
	return problem < USB_DESC_PROBLEMS ? problems[problem].name : "unknown";
}

static void add_finding(struct usb_desc_checker *c, const struct usb_desc_finding *finding)
{
	if (c->count < c->max)
		c->findings[c->count] = *finding;
	c->count++;
}

void usb_desc_report(struct usb_desc_checker *c, enum usb_desc_problem problem,
		     const struct usb_desc_node *node, uint32_t value, uint32_t want)
{
	struct usb_desc_finding finding = {
		.problem = problem,
		.offset = node ? node->offset : 0,
		.value = value,
		.want = want,
	};

	add_finding(c, &finding);
}

void usb_desc_check_length(struct usb_desc_checker *c, const struct usb_desc_node *node,
			   uint8_t want)
{
	if (node->bytes[0] != want && node->bytes[0] >= 2)
		usb_desc_report(c, USB_DESC_LENGTH, node, node->bytes[0], want);
}

static bool is_bcd(uint16_t v)
{
	for (; v; v >>= 4)
		if ((v & 0xf) > 9)
			return false;
	return true;
}

static bool max_packet0_fits(enum usb_speed speed, uint8_t size)
{
	switch (speed) {
	case USB_SPEED_LOW:
		return size == 8;
	case USB_SPEED_HIGH:
		return size == 64;
	case USB_SPEED_SUPER:
		return size == 9; /* an exponent: USB3 9.6.1 */
	default:
		return size == 8 || size == 16 || size == 32 || size == 64;
	}
}

static void check_device(struct usb_desc_checker *c)
{
	const struct usb_desc_device *dev = c->d->device;

	if (!dev) {
		usb_desc_report(c, USB_DESC_NO_DEVICE, NULL, 0, 0);
		return;
	}
	if (dev->node.offset)
		usb_desc_report(c, USB_DESC_DEVICE_NOT_FIRST, &dev->node, dev->node.offset, 0);
	usb_desc_check_length(c, &dev->node, 18);
	if (!is_bcd(dev->usb))
		usb_desc_report(c, USB_DESC_DEVICE_BCD, &dev->node, dev->usb, 0);
	if (!dev->class && dev->subclass)
		usb_desc_report(c, USB_DESC_DEVICE_CLASS, &dev->node, dev->subclass, 0);
	if (!max_packet0_fits(c->speed, dev->max_packet0))
		usb_desc_report(c, USB_DESC_DEVICE_MAX_PACKET, &dev->node, dev->max_packet0, 0);
	if (!dev->num_configs || dev->num_configs != c->d->config_count)
		usb_desc_report(c, USB_DESC_NUM_CONFIGS, &dev->node, dev->num_configs,
				c->d->config_count);
}

static void check_qualifier(struct usb_desc_checker *c)
{
	const struct usb_desc_node *q = c->d->qualifier;

	if (!q)
		return;
	usb_desc_check_length(c, q, 10);
	if (q->bytes[9])
		usb_desc_report(c, USB_DESC_QUALIFIER_RESERVED, q, q->bytes[9], 0);
}

static void check_strings(struct usb_desc_checker *c)
{
	for (const struct usb_desc_string *s = c->d->strings; s; s = s->next) {
		if (s->node.length & 1)
			usb_desc_report(c, USB_DESC_STRING_LENGTH, &s->node, s->node.length, 0);
		if (s == c->d->strings && s->node.length < 4)
			usb_desc_report(c, USB_DESC_STRING_NO_LANGUAGE, &s->node, s->node.length,
					4);
	}
}

static void check_configs(struct usb_desc_checker *c, const struct usb_desc_config *first)
{
	uint8_t seen[256] = {0};

	for (const struct usb_desc_config *config = first; config; config = config->next) {
		if (!config->value)
			usb_desc_report(c, USB_DESC_CONFIG_VALUE_0, &config->node, 0, 0);
		else if (seen[config->value])
			usb_desc_report(c, USB_DESC_CONFIG_VALUE_TWICE, &config->node,
					config->value, 0);
		seen[config->value] = 1;
		usb_desc_check_config(c, config);
	}
}

size_t usb_desc_check(const struct usb_desc *d, enum usb_speed speed,
		      struct usb_desc_finding *findings, size_t max)
{
	struct usb_desc_checker c = {
		.d = d,
		.speed = speed,
		.findings = findings,
		.max = max,
	};

	for (const struct usb_desc_mishap *m = d->mishaps; m; m = m->next)
		add_finding(&c, &m->finding);
	check_device(&c);
	check_qualifier(&c);
	check_configs(&c, d->configs);
	c.speed = speed == USB_SPEED_HIGH ? USB_SPEED_FULL : USB_SPEED_HIGH; /* USB2 9.6.4 */
	check_configs(&c, d->other_speed);
	c.speed = speed;
	if (d->bos)
		usb_desc_check_bos(&c, d->bos);
	check_strings(&c);
	return c.count;
}
