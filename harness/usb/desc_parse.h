// SPDX-License-Identifier: MIT
/*
 * desc_parse.h -- between desc_parse.c (the walk over the bytes), desc_node.c (making nodes) and
 * desc.c (their memory).
 */
#ifndef USB_DESC_PARSE_H
#define USB_DESC_PARSE_H

#include "usb/desc.h"

struct usb_desc_parser {
	struct usb_desc *d;
	size_t pos, end; /* end: of the container, or of the set */
	struct usb_desc_config *config;
	struct usb_desc_bos *bos;
	struct usb_desc_alternate *alternate;
	struct usb_desc_endpoint *endpoint;
};

/* n zeroed bytes (n <= 256), aligned for any of the structs of desc.h. Given back as a whole by
 * usb_desc_free. Never NULL. */
void *usb_desc_arena(struct usb_desc *d, size_t n);

/* Note a problem at the cursor. */
void usb_desc_note(struct usb_desc_parser *s, enum usb_desc_problem problem, uint32_t value,
		   uint32_t want);

/* Make a node of struct_size bytes for the n bytes at the cursor; does not move the cursor. */
void *usb_desc_add_node(struct usb_desc_parser *s, enum usb_desc_kind kind, size_t struct_size,
			size_t n);

/* Each takes n bytes at the cursor, at least as many as its type needs. */
void usb_desc_add_other(struct usb_desc_parser *s, size_t n);
void usb_desc_add_device(struct usb_desc_parser *s, size_t n);
void usb_desc_add_config(struct usb_desc_parser *s, size_t n); /* opens the container */
void usb_desc_add_bos(struct usb_desc_parser *s, size_t n);    /* opens the container */
void usb_desc_add_capability(struct usb_desc_parser *s, size_t n);
void usb_desc_add_string(struct usb_desc_parser *s, size_t n);
void usb_desc_add_iad(struct usb_desc_parser *s, size_t n);
void usb_desc_add_interface(struct usb_desc_parser *s, size_t n);
void usb_desc_add_endpoint(struct usb_desc_parser *s, size_t n);  /* needs an open interface */
void usb_desc_add_companion(struct usb_desc_parser *s, size_t n); /* needs an open endpoint */

#endif
