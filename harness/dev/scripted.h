// SPDX-License-Identifier: MIT
/*
 * scripted.h -- what the files of the scripted device share.
 */
#ifndef DEV_SCRIPTED_H
#define DEV_SCRIPTED_H

#include "dev/promise.h"

struct scripted {
	struct usb_device usb;
	struct usb_device_ops ops; /* own copy: the speeds differ from device to device */
	bool custom;               /* has its own descriptors */
	struct promise *queue;     /* answers, oldest first */
	unsigned queued;
	struct promise *pending; /* promises, oldest first */
	uint8_t counter;         /* makes successive patterns differ */
};

bool scripted_answer_valid(const struct scripted_answer *a);

/* scripted_saved.c: as usb_device_ops.saved. */
void scripted_saved(struct usb_device *dev, struct state *st);

#endif
