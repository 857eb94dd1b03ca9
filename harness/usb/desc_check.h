// SPDX-License-Identifier: MIT
/*
 * desc_check.h -- between the files of the well-formedness check, one per kind of descriptor.
 */
#ifndef USB_DESC_CHECK_H
#define USB_DESC_CHECK_H

#include "usb/desc.h"

struct usb_desc_checker {
	const struct usb_desc *d;
	enum usb_speed speed;
	struct usb_desc_finding *findings; /* max of them */
	size_t max, count;
};

/* Report problem at a descriptor (NULL: of the set as a whole). */
void usb_desc_report(struct usb_desc_checker *c, enum usb_desc_problem problem,
		     const struct usb_desc_node *node, uint32_t value, uint32_t want);

/* A descriptor whose bLength is not what its type has. */
void usb_desc_check_length(struct usb_desc_checker *c, const struct usb_desc_node *node,
			   uint8_t want);

void usb_desc_check_config(struct usb_desc_checker *c, const struct usb_desc_config *config);
void usb_desc_check_endpoint(struct usb_desc_checker *c, const struct usb_desc_endpoint *e);
void usb_desc_check_companion(struct usb_desc_checker *c, const struct usb_desc_endpoint *e);
void usb_desc_check_bos(struct usb_desc_checker *c, const struct usb_desc_bos *bos);

#endif
