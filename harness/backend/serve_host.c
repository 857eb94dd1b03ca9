// SPDX-License-Identifier: MIT
/*
 * serve_host.c -- devices for a served VM that come through libusb: the host's own, or models of ours that
 * go the long way, model - usbfs - libusb - host device.
 */
#include <errno.h>

#include "backend/serve.h"
#include "dev/dev.h"
#include "dev/host.h"
#include "usbfs/usbfs.h"

int serve_host_parse(struct serve_device *d, char *rest, char *why, size_t room)
{
	char *word;

	d->model = DEV_SCRIPTED; /* it has no number of its own: no program can name it */
	while ((word = strsep(&rest, ","))) {
		if (!strncmp(word, "id=", 3) && word[3] && !d->id) {
			d->id = strdup(word + 3);
		} else if (strncmp(word, "port=", 5) || serve_path_parse(&d->path, word + 5)) {
			snprintf(why, room, "host: '%s' means nothing to it", word);
			return -EINVAL;
		}
	}
	if (d->id)
		return 0;
	snprintf(why, room, "host: which one? id=VVVV:PPPP or id=BUS.ADDRESS");
	return -EINVAL;
}

static void warn(void *opaque, const char *line)
{
	const struct serve_devices *s = opaque;

	if (s->say)
		s->say(s->say_opaque, line);
}

static void let_go(void *opaque)
{
	usbfs_close(opaque);
	free(opaque);
}

/* The long way; far is consumed. */
static int go_through(struct serve_devices *s, struct usb_device *far, enum usb_speed speed,
		      struct usb_device **ret)
{
	struct usbfs *f = alloc_zero(sizeof(*f));
	int err = usbfs_open(f, far, speed);

	if (!err) {
		err = host_open_file(f->fd, warn, s, ret);
		if (err)
			usbfs_close(f);
	}
	if (err)
		free(f);
	else
		host_on_end(*ret, let_go, f);
	return err;
}

int serve_host_open(struct serve_devices *s, const struct serve_device *d, struct usb_device *far,
		    struct usb_device **ret, char *why, size_t room)
{
	int err = d->id ? host_open(d->id, warn, s, ret) : go_through(s, far, d->speed, ret);

	if (err == -EINVAL && d->id)
		snprintf(why, room, "host: id=%s is neither VVVV:PPPP nor BUS.ADDRESS", d->id);
	else if (err == -EACCES)
		snprintf(why, room, "host: %s may not be opened by this user", d->id);
	else if (err == -ENODEV && d->id)
		snprintf(why, room, "host: there is no device %s", d->id);
	else if (err)
		snprintf(why, room, "libusb does not take it: %s", strerror(-err));
	return err;
}
