// SPDX-License-Identifier: MIT
/*
 * serve_device.c -- devices for a served VM, from their command-line form.
 */
#include <errno.h>

#include "backend/machine.h"
#include "backend/serve.h"
#include "backend/serve_wav.h"
#include "dev/mtp_store.h"

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

static int parse_hub(struct serve_device *d, const char *name, const char *value)
{
	char *end;
	unsigned long n;

	if (!value)
		return -EINVAL;
	if (!strcmp(name, "tt")) {
		d->single_tt = !strcmp(value, "single");
		return d->single_tt || !strcmp(value, "multi") ? 0 : -EINVAL;
	}
	n = strtoul(value, &end, 10);
	if (strcmp(name, "ports") || end == value || *end || !n || n > HUB_MAX_PORTS)
		return -EINVAL;
	d->ports = (uint8_t)n;
	return 0;
}

static int parse_line(struct serve_device *d, const char *name, const char *value)
{
	static const char *const kind[] = {
		[SERVE_LINK_PTY] = "pty",
		[SERVE_LINK_LISTEN] = "listen",
		[SERVE_LINK_CONNECT] = "connect",
	};

	if (!value || !*value || d->line)
		return -EINVAL;
	for (unsigned i = d->model == DEV_SERIAL ? 0 : SERVE_LINK_LISTEN; i < ARRAY_SIZE(kind); i++)
		if (!strcmp(name, kind[i])) {
			d->line_kind = (uint8_t)i;
			d->line = strdup(value);
			return d->line ? 0 : -ENOMEM;
		}
	return -EINVAL;
}

/* The sound card's two files; with a line of another kind there are none. */
static int parse_sound(struct serve_device *d, const char *name, const char *value)
{
	char **file = !strcmp(name, "wav") ? &d->file : !strcmp(name, "mic") ? &d->mic : NULL;

	if (!file)
		return d->file || d->mic ? -EINVAL : parse_line(d, name, value);
	if (!value || !*value || *file || d->line)
		return -EINVAL;
	*file = strdup(value);
	return *file ? 0 : -ENOMEM;
}

static bool has_disk(unsigned model)
{
	return model == DEV_STORAGE || model == DEV_UAS || model == DEV_CDROM;
}

/* One "name=value" or "name" after the model. */
static int parse_setting(struct serve_device *d, const char *name, const char *value)
{
	if (!strcmp(name, "port") && value)
		return serve_path_parse(&d->path, value);
	if (!strcmp(name, "speed") && value)
		return parse_speed(d, value);
	if (!strcmp(name, "via") && value && !d->id) {
		d->via_libusb = true;
		return strcmp(value, "libusb") ? -EINVAL : 0;
	}
	if (d->model == DEV_HUB || d->model == DEV_SUPER_HUB)
		return parse_hub(d, name, value);
	if (d->model == DEV_MTP && !strcmp(name, "folder"))
		name = "file";
	else if (d->model == DEV_MTP && strcmp(name, "ro"))
		return -EINVAL;
	if (d->model == DEV_AUDIO)
		return parse_sound(d, name, value);
	if (d->model == DEV_SERIAL || d->model == DEV_NETWORK)
		return parse_line(d, name, value);
	if (!has_disk(d->model) && d->model != DEV_MTP)
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
	if (word && (!strcmp(word, "host") || !strcmp(word, "redir"))) {
		err = *word == 'h' ? serve_host_parse(d, rest, why, room)
				   : serve_redir_parse(d, rest, why, room);
		free(copy);
		return err;
	}
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
	free(d->line);
	free(d->id);
	free(d->mic);
	free(d->filter);
	d->file = d->line = d->id = d->mic = d->filter = NULL;
}

static unsigned free_connector(const struct serve_devices *s)
{
	for (unsigned i = 1; i <= machine_connector_count(s->m); i++)
		if (!machine_device(s->m, i) && !serve_redir_holds(s, &(struct serve_path){i, 0}))
			return i;
	return 0;
}

static int open_disk(const struct serve_device *d, struct disk **ret, char *why, size_t room)
{
	int err = 0;

	*ret = NULL;
	if (!has_disk(d->model))
		return 0;
	if (d->file)
		err = disk_open_file(d->file, d->read_only || d->model == DEV_CDROM, ret);
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

/* Where the disk of the device there is kept; path NULL: a free place. */
static struct serve_disk *find_disk(struct serve_devices *s, const struct serve_path *path)
{
	for (unsigned i = 0; i < SERVE_MAX_DISKS; i++) {
		struct serve_disk *k = &s->disk[i];

		if (path ? k->disk && k->path.connector == path->connector &&
				    k->path.route == path->route
			 : !k->disk)
			return k;
	}
	return NULL;
}

struct disk *serve_device_disk(const struct serve_devices *s, const struct serve_path *path)
{
	const struct serve_disk *k = find_disk((struct serve_devices *)(uintptr_t)s, path);

	return k ? k->disk : NULL;
}

static void say_why(const struct serve_devices *s, const struct serve_device *d,
		    const struct serve_path *path, int err, char *why, size_t room)
{
	char place[SERVE_PATH_TEXT];

	if (err == -EINVAL)
		snprintf(why, room, "%s does not run at that speed", dev_models[d->model].name);
	else if (err == -ELOOP)
		snprintf(why, room, "no more than %u hubs in a row", USB_MAX_HUBS);
	else if (err == -ENOSPC)
		snprintf(why, room, "no more than %u devices", MACHINE_MAX_DEVICES);
	else if (!path->connector)
		snprintf(why, room, "all %u ports are taken", machine_connector_count(s->m));
	else
		snprintf(why, room, "port %s %s (there are %u%s)", serve_path_print(path, place),
			 err == -EBUSY ? "is taken" : "is not there", machine_connector_count(s->m),
			 path->route ? ", and those of hubs" : "");
}

static int open_line(struct serve_devices *s, const struct serve_device *d, struct dev_link **ret,
		     char *why, size_t room)
{
	const char *path = d->line;
	int err = 0;

	if (d->model == DEV_AUDIO && (d->file || d->mic))
		err = serve_wav_open(d->file, d->mic, ret, &path);
	if (d->line)
		err = serve_link_open(&s->links, (enum serve_link_kind)d->line_kind, d->line,
				      d->model == DEV_NETWORK, ret);
	if (err)
		snprintf(why, room, "%s: %s", path,
			 d->mic && err == -EINVAL ? "not a WAV file of 48 kHz, 16 bits, stereo"
						  : strerror(-err));
	return err;
}

static int open_folder(const struct serve_device *d, struct mtp_store **ret, char *why, size_t room)
{
	int err = 0;

	if (d->model == DEV_MTP && d->file)
		err = mtp_folder_open(d->file, d->read_only, ret);
	if (err)
		snprintf(why, room, "%s: %s", d->file, strerror(-err));
	return err;
}

int serve_device_make(struct serve_devices *s, const struct serve_device *d,
		      struct usb_device **ret, struct disk **ret_disk, char *why, size_t room)
{
	struct dev_context context = {.ports = d->ports, .single_tt = d->single_tt};
	int err = open_disk(d, &context.disk, why, room);

	*ret = NULL;
	if (!err)
		err = open_line(s, d, &context.link, why, room);
	if (!err)
		err = open_folder(d, &context.store, why, room);
	if (!err && !d->id)
		*ret = dev_models[d->model].create(&context);
	if (!err && (d->id || d->via_libusb))
		err = serve_host_open(s, d, *ret, ret, why, room);
	if (err)
		disk_free(context.disk);
	else
		*ret_disk = context.disk;
	return err;
}

int serve_device_plug(struct serve_devices *s, const struct serve_device *d,
		      struct serve_path *ret_path, char *why, size_t room)
{
	struct serve_path path = d->path;
	struct serve_disk *place = find_disk(s, NULL);
	struct usb_device *dev;
	struct disk *disk;
	int err;

	if (!path.connector)
		path.connector = free_connector(s);
	if (d->redir) {
		*ret_path = path;
		return serve_redir_open(s, d, &path, why, room);
	}
	err = place ? serve_device_make(s, d, &dev, &disk, why, room) : -ENOSPC;
	if (err)
		return err;
	serve_tap_note(s->tap, "plug port=%u model=%s speed=%u route=%u", path.connector,
		       dev_models[d->model].name, d->speed, path.route);
	err = machine_attach(s->m, machine_port(s->m, path.connector, path.route), d->model, dev,
			     d->speed);
	if (!err) {
		*place = (struct serve_disk){disk, path};
		*ret_path = path;
		return 0;
	}
	dev_free(dev);
	disk_free(disk);
	say_why(s, d, &path, err, why, room);
	return err;
}

int serve_device_add(struct serve_devices *s, const char *text, struct serve_path *ret_path,
		     char *why, size_t room)
{
	struct serve_device d;
	int err = serve_device_parse(&d, text, why, room);

	if (!err)
		err = serve_device_plug(s, &d, ret_path, why, room);
	serve_device_free(&d);
	return err;
}

int serve_device_remove(struct serve_devices *s, const struct serve_path *path)
{
	struct usb_port *port = machine_port(s->m, path->connector, path->route);
	unsigned sessions = serve_redir_close(s, path);

	if (!port || !port->dev)
		return sessions ? 0 : -ENODEV;
	serve_tap_note(s->tap, "unplug port=%u route=%u", path->connector, path->route);
	usb_unplug(port);
	for (unsigned i = 0; i < SERVE_MAX_DISKS; i++) {
		struct serve_disk *k = &s->disk[i];

		if (!k->disk || !serve_path_covers(path, &k->path))
			continue;
		disk_free(k->disk);
		k->disk = NULL;
	}
	return 0;
}

void serve_device_remove_all(struct serve_devices *s)
{
	for (unsigned i = 1; i <= machine_connector_count(s->m); i++)
		serve_device_remove(s, &(struct serve_path){i, 0});
}
