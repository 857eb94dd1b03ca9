// SPDX-License-Identifier: MIT
/*
 * peer_source.c -- what a peer exports: a model as `serve --device` names it, or the device side of a program. Of a
 * program only the ops of the device side count (descriptors, plug, enumerate, unplug, answer, finish, key, pointer),
 * and step, which is the time until the next of them; the guest is the other QEMU's. One device at a time.
 */
#include <errno.h>

#include "backend/device_op.h"
#include "backend/machine.h"
#include "backend/peer.h"
#include "backend/serve.h"
#include "export/export.h"
#include "op/args.h"
#include "op/op.h"

struct peer_source {
	const struct op_program *program;
	unsigned at;
	uint64_t due_ns;
	const uint8_t *desc; /* of the next scripted device */
	size_t desc_len;
	struct serve_device device;
	struct serve_devices devices; /* for its files and lines only */
	struct disk *disk;
	const struct peer_options *o;
};

static void device_says(void *opaque, const char *line)
{
	struct peer_source *s = opaque;

	if (s->o->say)
		s->o->say(s->o->opaque, line);
}

struct peer_source *peer_source_open(const struct peer_options *o, int *err, char *why, size_t room)
{
	struct peer_source *s = alloc_zero(sizeof(*s));

	s->o = o;
	s->program = o->program;
	s->due_ns = UINT64_MAX;
	s->devices.say = device_says;
	s->devices.say_opaque = s;
	*err = s->program ? 0 : serve_device_parse(&s->device, o->device, why, room);
	if (!*err && s->device.redir) {
		snprintf(why, room, "%s: what comes over usbredir is not sent on", o->device);
		*err = -EINVAL;
	}
	if (!*err)
		return s;
	serve_device_free(&s->device);
	free(s);
	return NULL;
}

static void pull_out(struct peer_source *s, struct export *e)
{
	export_unplug(e);
	disk_free(s->disk);
	s->disk = NULL;
}

void peer_source_close(struct peer_source *s, struct export *e)
{
	pull_out(s, e);
	serve_device_free(&s->device);
	free(s);
}

/* ---- a program ---------------------------------------------------------------------------------- */

static void plug(struct peer_source *s, struct export *e, unsigned model, enum usb_speed speed)
{
	struct dev_context context = {.desc = s->desc, .desc_len = s->desc_len};
	struct usb_device *dev;

	if (e->open || model >= DEV_MODELS)
		return;
	if (model == DEV_STORAGE || model == DEV_UAS || model == DEV_CDROM)
		s->disk = context.disk = disk_new_memory(MACHINE_DISK_BLOCKS, 512);
	dev = dev_models[model].create(&context);
	dev->model = (int8_t)model;
	if (export_plug(e, dev, speed)) {
		export_say(e, "%s cannot be plugged in at that speed", dev_models[model].name);
		disk_free(s->disk);
		s->disk = NULL;
	}
}

static void play(struct peer_source *s, struct export *e, const struct op *op)
{
	switch (op->id) {
	case OP_DESCRIPTORS:
		s->desc = op->blob;
		s->desc_len = op->blob_len;
		break;
	case OP_PLUG:
		plug(s, e, (unsigned)ARG(op, PLUG, model), (enum usb_speed)ARG(op, PLUG, speed));
		break;
	case OP_ENUMERATE:
		plug(s, e, (unsigned)ARG(op, ENUMERATE, model), USB_SPEED_NONE);
		break;
	case OP_UNPLUG:
		pull_out(s, e);
		break;
	case OP_STEP:
		s->due_ns += ARG(op, STEP, usec) * 1000;
		break;
	default:
		if (e->open)
			(void)device_op(e->usbfs.port.dev, op);
	}
}

void peer_source_work(struct peer_source *s, struct export *e, uint64_t now_ns)
{
	if (!s->program)
		return;
	while (s->at < s->program->count && s->due_ns <= now_ns)
		play(s, e, &s->program->op[s->at++]);
	if (s->at == s->program->count)
		s->due_ns = UINT64_MAX;
}

uint64_t peer_source_due_ns(const struct peer_source *s)
{
	return s->due_ns;
}

int peer_source_start(struct peer_source *s, struct export *e, uint64_t now_ns, char *why,
		      size_t room)
{
	struct usb_device *dev;
	int err;

	pull_out(s, e);
	if (s->program) {
		s->at = 0;
		s->desc = NULL;
		s->desc_len = 0;
		s->due_ns = now_ns;
		peer_source_work(s, e, now_ns);
		return 0;
	}
	err = serve_device_make(&s->devices, &s->device, &dev, &s->disk, why, room);
	if (err)
		return err;
	dev->model = (int8_t)s->device.model;
	err = export_plug(e, dev, s->device.speed);
	if (err)
		snprintf(why, room, "it cannot be plugged in: %s", strerror(-err));
	return err;
}
