// SPDX-License-Identifier: MIT
/*
 * serve_device.c -- devices for a served VM, from their command-line form.
 */
#include <errno.h>

#include "backend/machine.h"
#include "backend/serve.h"

static const char *const speed_name[] = {
	[USB_SPEED_FULL] = "full",
	[USB_SPEED_LOW] = "low",
	[USB_SPEED_HIGH] = "high",
	[USB_SPEED_SUPER] = "super",
};

static int parse_speed(struct serve_device *d, const char *name)
{
	for (unsigned i = USB_SPEED_FULL; i < ARRAY_SIZE(speed_name); i++)
		if (!strcmp(speed_name[i], name)) {
			d->speed = i;
			return 0;
		}
	return -EINVAL;
}

static int parse_port(struct serve_device *d, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || !n || n > USB_MAX_PORTS)
		return -EINVAL;
	d->connector = (unsigned)n;
	return 0;
}

/* One "name=value" or "name" after the model. */
static int parse_setting(struct serve_device *d, const char *name, const char *value)
{
	if (!strcmp(name, "port") && value)
		return parse_port(d, value);
	if (!strcmp(name, "speed") && value)
		return parse_speed(d, value);
	if (d->model != DEV_STORAGE)
		return -EINVAL;
	if (!strcmp(name, "ro") && !value) {
		d->read_only = true;
		return 0;
	}
	if (strcmp(name, "file") || !value || !*value || d->file)
		return -EINVAL;
	d->file = strdup(value);
	return d->file ? 0 : -ENOMEM;
}

int serve_device_parse(struct serve_device *d, const char *text, char *why, size_t room)
{
	char *copy = strdup(text), *rest = copy, *word;
	const struct dev_model *model;
	int err = copy ? 0 : -ENOMEM;

	*d = (struct serve_device){0};
	word = copy ? strsep(&rest, ",") : NULL;
	model = word ? dev_model_find(word) : NULL;
	if (!model) {
		snprintf(why, room, "there is no device '%s'", word ? word : "");
		free(copy);
		return -EINVAL;
	}
	d->model = (unsigned)(model - dev_models);
	while (!err && (word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		err = parse_setting(d, word, value);
		if (err)
			snprintf(why, room, "%s: '%s%s%s' means nothing to it", model->name, word,
				 value ? "=" : "", value ? value : "");
	}
	free(copy);
	return err;
}

void serve_device_free(struct serve_device *d)
{
	free(d->file);
	d->file = NULL;
}

static unsigned free_connector(const struct machine *m)
{
	for (unsigned i = 1; i <= machine_connector_count(m); i++)
		if (!machine_device(m, i))
			return i;
	return 0;
}

static int open_disk(const struct serve_device *d, struct disk **ret, char *why, size_t room)
{
	int err = 0;

	*ret = NULL;
	if (d->model != DEV_STORAGE)
		return 0;
	if (d->file)
		err = disk_open_file(d->file, d->read_only, ret);
	else
		*ret = disk_new_memory(MACHINE_DISK_BLOCKS, 512);
	if (err == -EINVAL)
		snprintf(why, room, "%s: not an ordinary file of at least 512 bytes", d->file);
	else if (err)
		snprintf(why, room, "%s: %s", d->file, strerror(-err));
	else
		disk_set_read_only(*ret, d->read_only);
	return err;
}

int serve_device_plug(struct serve_devices *s, const struct serve_device *d, char *why, size_t room)
{
	unsigned connector = d->connector ? d->connector : free_connector(s->m);
	struct dev_context context = {0};
	struct usb_device *dev;
	int err = open_disk(d, &context.disk, why, room);

	if (err)
		return err;
	dev = dev_models[d->model].create(&context);
	err = machine_attach(s->m, connector, d->model, dev, d->speed);
	if (!err) {
		s->disk[connector - 1] = context.disk;
		return (int)connector;
	}
	dev_free(dev);
	disk_free(context.disk);
	if (err == -EINVAL)
		snprintf(why, room, "%s does not run at that speed", dev_models[d->model].name);
	else if (!connector)
		snprintf(why, room, "all %u ports are taken", machine_connector_count(s->m));
	else
		snprintf(why, room, "port %u %s (there are %u)", connector,
			 err == -EBUSY ? "is taken" : "is not there",
			 machine_connector_count(s->m));
	return err;
}

int serve_device_add(struct serve_devices *s, const char *text, char *why, size_t room)
{
	struct serve_device d;
	int port = serve_device_parse(&d, text, why, room);

	if (!port)
		port = serve_device_plug(s, &d, why, room);
	serve_device_free(&d);
	return port;
}

int serve_device_remove(struct serve_devices *s, unsigned connector)
{
	int err = machine_unplug(s->m, connector);

	if (err)
		return err;
	disk_free(s->disk[connector - 1]);
	s->disk[connector - 1] = NULL;
	return 0;
}

void serve_device_remove_all(struct serve_devices *s)
{
	for (unsigned i = 1; i <= machine_connector_count(s->m); i++)
		serve_device_remove(s, i);
}
