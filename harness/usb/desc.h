// SPDX-License-Identifier: MIT
/*
 * desc.h -- a descriptor set as a tree (USB2 9.5, 9.6, USB3 9.6). What a set is: end of usb.h.
 *
 * The tree holds what could be understood; everything else is kept as a node of kind
 * USB_DESC_OTHER or, where not even a length could be believed, left out. Counts in the tree are
 * counts of what is there, never what a descriptor claims: a claim has a name of its own
 * (num_*, total_length).
 */
#ifndef USB_DESC_H
#define USB_DESC_H

#include "usb/usb.h"

#define USB_DESC_MAX_BYTES 65535u
#define USB_DESC_MAX_NODES 4096u

enum usb_desc_type { /* bDescriptorType: USB2 table 9-5, USB3 table 9-6 */
	USB_DT_DEVICE = 1,
	USB_DT_CONFIG = 2,
	USB_DT_STRING = 3,
	USB_DT_INTERFACE = 4,
	USB_DT_ENDPOINT = 5,
	USB_DT_QUALIFIER = 6,
	USB_DT_OTHER_SPEED = 7,
	USB_DT_OTG = 9,
	USB_DT_DEBUG = 10,
	USB_DT_IAD = 11,
	USB_DT_BOS = 15,
	USB_DT_CAPABILITY = 16,
	USB_DT_HID = 0x21,
	USB_DT_REPORT = 0x22,
	USB_DT_PIPE_USAGE = 0x24,
	USB_DT_CS_INTERFACE = 0x24,
	USB_DT_CS_ENDPOINT = 0x25,
	USB_DT_HUB = 0x29,
	USB_DT_SS_HUB = 0x2a,
	USB_DT_COMPANION = 0x30,
	USB_DT_SSP_COMPANION = 0x31,
};

enum usb_desc_kind { /* which struct a node is the first member of */
	USB_DESC_OTHER,
	USB_DESC_DEVICE,
	USB_DESC_CONFIG, /* also USB_DT_OTHER_SPEED */
	USB_DESC_IAD,
	USB_DESC_INTERFACE,
	USB_DESC_ENDPOINT,
	USB_DESC_COMPANION,
	USB_DESC_SSP_COMPANION,
	USB_DESC_BOS,
	USB_DESC_CAPABILITY,
	USB_DESC_STRING,
	USB_DESC_QUALIFIER,
};

struct usb_desc_node {
	struct usb_desc_node *next;    /* in the order of bytes, through the whole set */
	struct usb_desc_node *sibling; /* extra: next of the same owner; top level: next there */
	const uint8_t *bytes;          /* length bytes inside usb_desc.bytes */
	uint32_t offset;               /* of bytes in the set */
	uint8_t kind;                  /* enum usb_desc_kind */
	uint8_t type;                  /* bDescriptorType */
	uint8_t length;                /* 2..255: bytes that belong to it and exist */
	bool top;                      /* outside of any configuration or BOS */
};

struct usb_desc_device {
	struct usb_desc_node node;              /* length >= 18 */
	uint16_t usb, vendor, product, release; /* BCD, ids, BCD */
	uint8_t class, subclass, protocol, max_packet0;
	uint8_t str_manufacturer, str_product, str_serial, num_configs;
};

struct usb_desc_companion {
	struct usb_desc_node node; /* length >= 6 */
	uint8_t max_burst, attributes;
	uint16_t bytes_per_interval;
};

struct usb_desc_endpoint {
	struct usb_desc_node node; /* length >= 7 */
	struct usb_desc_endpoint *next;
	struct usb_desc_alternate *alternate; /* it belongs to */
	struct usb_desc_companion *companion; /* or NULL */
	struct usb_desc_node *ssp_companion;  /* 8 bytes or more, or NULL */
	struct usb_desc_node *extra, *extra_last;
	uint16_t max_packet; /* wMaxPacketSize as it is */
	uint8_t address, attributes, interval;
};

/* One interface descriptor: an alternate setting. */
struct usb_desc_alternate {
	struct usb_desc_node node;                 /* length >= 9 */
	struct usb_desc_alternate *next;           /* of the same interface */
	struct usb_desc_alternate *next_in_config; /* in the order of bytes */
	struct usb_desc_endpoint *endpoints, *endpoint_last;
	struct usb_desc_node *extra, *extra_last;
	uint16_t endpoint_count;
	uint8_t number, setting, num_endpoints, class, subclass, protocol, string;
};

/* All alternate settings with one bInterfaceNumber; at least one. */
struct usb_desc_interface {
	struct usb_desc_interface *next;
	struct usb_desc_alternate *alternates, *alternate_last;
	uint16_t alternate_count;
	uint8_t number;
};

struct usb_desc_iad {
	struct usb_desc_node node; /* length >= 8 */
	struct usb_desc_iad *next;
	uint8_t first, count, class, subclass, protocol, string;
};

struct usb_desc_config {
	struct usb_desc_node node; /* length >= 9 */
	struct usb_desc_config *next;
	struct usb_desc_node *last; /* last node inside; node itself if it is empty */
	struct usb_desc_interface *interfaces, *interface_last;
	struct usb_desc_alternate *alternates, *alternate_last; /* in the order of bytes */
	struct usb_desc_iad *iads, *iad_last;
	struct usb_desc_node *extra, *extra_last; /* before the first interface */
	uint32_t length;                          /* bytes it covers: claimed, cut to the set */
	uint16_t total_length, interface_count;
	uint8_t num_interfaces, value, string, attributes, max_power;
};

struct usb_desc_capability {
	struct usb_desc_node node; /* length >= 3 */
	struct usb_desc_capability *next;
	uint8_t capability;
};

struct usb_desc_bos {
	struct usb_desc_node node; /* length >= 5 */
	struct usb_desc_node *last;
	struct usb_desc_capability *caps, *cap_last;
	struct usb_desc_node *extra, *extra_last;
	uint32_t length;
	uint16_t total_length, cap_count;
	uint8_t num_caps;
};

struct usb_desc_string {
	struct usb_desc_node node; /* length >= 2 */
	struct usb_desc_string *next;
};

enum usb_desc_problem {
#define USB_DESC_PROBLEM(name, clause, text) USB_DESC_##name,
#include "usb/desc_problem.def"
	USB_DESC_PROBLEMS
};

struct usb_desc_finding {
	enum usb_desc_problem problem;
	uint32_t offset; /* of the descriptor in the set */
	uint32_t value;  /* the number that is wrong */
	uint32_t want;   /* what it should be, where there is one such number, else 0 */
};

struct usb_desc_mishap { /* found while parsing */
	struct usb_desc_mishap *next;
	struct usb_desc_finding finding;
};

struct usb_desc {
	uint8_t *bytes; /* private copy of exactly len bytes */
	size_t len;
	struct usb_desc_node *nodes, *last; /* all of them, in the order of bytes */
	struct usb_desc_node *top, *top_last;
	struct usb_desc_device *device;  /* the first, or NULL */
	struct usb_desc_node *qualifier; /* the first, or NULL */
	struct usb_desc_config *configs, *config_last;
	struct usb_desc_config *other_speed, *other_speed_last;
	struct usb_desc_bos *bos;                      /* the first, or NULL */
	struct usb_desc_string *strings, *string_last; /* index 0, 1, ... */
	struct usb_desc_mishap *mishaps, *mishap_last;
	unsigned node_count, config_count, string_count, mishap_count;
	struct usb_desc_chunk *chunks; /* memory of the tree */
};

/*
 * Parse len bytes (NULL allowed if len is 0); they are copied, and cut at USB_DESC_MAX_BYTES.
 * Never fails: what cannot be understood is a finding of usb_desc_check.
 */
struct usb_desc *usb_desc_parse(const uint8_t *bytes, size_t len);
void usb_desc_free(struct usb_desc *d); /* NULL is fine */

/* The first one with this number, or NULL. A NULL d has none. */
const struct usb_desc_config *usb_desc_config_find(const struct usb_desc *d, uint8_t value);
const struct usb_desc_interface *usb_desc_interface_find(const struct usb_desc_config *c,
							 uint8_t number);
const struct usb_desc_alternate *usb_desc_alternate_find(const struct usb_desc_interface *i,
							 uint8_t setting);

/*
 * What GET_DESCRIPTOR(type, index) is answered with (USB2 9.4.3): bytes inside the set, exactly
 * as they came; a claimed length is cut to what exists. False: there is none.
 */
bool usb_desc_lookup(const struct usb_desc *d, uint8_t type, uint8_t index, const uint8_t **bytes,
		     size_t *len);

/* Sum of the lengths from first to last, last being behind first or first itself. */
uint32_t usb_desc_sum(const struct usb_desc_node *first, const struct usb_desc_node *last);

/* The speed the set was most probably made for; USB_SPEED_FULL if nothing tells. */
enum usb_speed usb_desc_speed(const struct usb_desc *d);

/*
 * Well-formedness at this speed. Writes up to max findings, in the order of discovery, and
 * returns how many there are.
 */
size_t usb_desc_check(const struct usb_desc *d, enum usb_speed speed,
		      struct usb_desc_finding *findings, size_t max);
/* The clause ("USB2 9.6.3") and the sentence for a finding. */
const char *usb_desc_problem_clause(enum usb_desc_problem problem);
const char *usb_desc_problem_text(enum usb_desc_problem problem);
/* "bNumInterfaces" and the like: the name of the enumerator, for tests and buckets. */
const char *usb_desc_problem_name(enum usb_desc_problem problem);

/*
 * Encode the tree again, lengths and counts computed from what is there; *len bytes, the caller
 * frees. The same bytes as were parsed if there are no findings; otherwise a set that parses to
 * this same tree.
 */
uint8_t *usb_desc_build(const struct usb_desc *d, size_t *len);

/* Follow every pointer and read every byte of the tree; the sum is a hash of it. */
uint64_t usb_desc_walk(const struct usb_desc *d);

/* For people, in the manner of lsusb -v; ends with what usb_desc_check finds. */
void usb_desc_print(const struct usb_desc *d, FILE *out);

#endif
